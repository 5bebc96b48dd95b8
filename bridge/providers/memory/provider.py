"""Accounts in memory behind the ports: ``Connector`` and ``Provider``."""

from collections.abc import Callable, Mapping, Sequence

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import NotFound
from bridge.ports import Account, RemoteCalendar, RemoteGroup, RemoteId, SignIn, T
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.line import Line
from bridge.providers.memory.misbehaviour import Call
from bridge.providers.memory.remote import Remote
from bridge.providers.memory.side import MemorySide


class MemoryConnector:
    """Opens accounts of one service in memory."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "MemoryProvider":
        """See ``Connector.open``. Accounts are known by their address; a user name may stand for it."""
        return MemoryProvider(self._remote, sign_in, keep)


class MemoryProvider:
    """One account."""

    def __init__(self, remote: Remote, sign_in: SignIn, keep: Callable[[str], None]) -> None:
        self._line = Line(remote, sign_in, keep)

    def check(self) -> Account:
        """See ``Provider.check``."""
        return self._line.call(Call.CHECK, lambda account, _: Account(account.address, account.name))

    def calendars(self) -> Sequence[RemoteCalendar]:
        """See ``Provider.calendars``."""
        return self._line.call(
            Call.CALENDARS,
            lambda account, _: [
                RemoteCalendar(each.id, each.name, each.color, each.traits.read_only, each.default)
                for each in _default_first(account.calendars)
            ],
        )

    def groups(self) -> Sequence[RemoteGroup]:
        """See ``Provider.groups``."""
        return self._line.call(
            Call.GROUPS,
            lambda account, _: [
                RemoteGroup(each.id, each.name, each.traits.read_only, each.default)
                for each in _default_first(account.groups)
            ],
        )

    def open_calendar(self, id: RemoteId) -> MemorySide[Event]:  # noqa: A002 - the field's term
        """See ``Provider.open_calendar``."""
        return MemorySide(self._line, id, lambda account: _the(account.calendars, id))

    def open_group(self, id: RemoteId) -> MemorySide[Contact]:  # noqa: A002 - the field's term
        """See ``Provider.open_group``."""
        return MemorySide(self._line, id, lambda account: _the(account.groups, id))


def _default_first(collections: Mapping[RemoteId, Collection[T]]) -> Sequence[Collection[T]]:
    return sorted(collections.values(), key=lambda each: not each.default)


def _the(collections: Mapping[RemoteId, Collection[T]], id: RemoteId) -> Collection[T]:  # noqa: A002
    if id not in collections:
        raise NotFound(f"There is no {id} here any more.", remedy="Choose another one.")
    return collections[id]
