"""What the engine asks to be written there, and a place where it can be cut short."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.ports import (
    Account,
    Changes,
    Connector,
    Found,
    Outcome,
    Provider,
    RemoteCalendar,
    RemoteGroup,
    RemoteId,
    Side,
    SignIn,
    SyncToken,
    T,
    Traits,
    Write,
)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Watch:
    """A kind of service that remembers every write. ``cut_before`` or ``cut_after`` so many of them, it is over.

    ``meanwhile`` happens once, while the next write is on its way.
    """

    connector: Connector
    writes: list[Write[Any]] = field(default_factory=list)
    cut_before: int | None = None
    cut_after: int | None = None
    meanwhile: Callable[[], object] | None = None

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> Provider:
        return _Provider(self, self.connector.open(sign_in, keep))

    def before(self, write: Write[Any]) -> None:
        if self.cut_before is not None and len(self.writes) >= self.cut_before:
            raise Killed
        self.writes.append(write)
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()

    def after(self) -> None:
        if self.cut_after is not None and len(self.writes) >= self.cut_after:
            raise Killed

    def again(self) -> None:
        """Forget what was written, and cut nothing short."""
        self.writes.clear()
        self.cut_before = self.cut_after = None


@dataclass
class _Provider:
    watch: Watch
    provider: Provider

    def check(self) -> Account:
        return self.provider.check()

    def calendars(self) -> Sequence[RemoteCalendar]:
        return self.provider.calendars()

    def groups(self) -> Sequence[RemoteGroup]:
        return self.provider.groups()

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002
        return _Side(self.watch, self.provider.open_calendar(id))

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002
        return _Side(self.watch, self.provider.open_group(id))


@dataclass
class _Side(Generic[T]):
    watch: Watch
    side: Side[T]

    @property
    def traits(self) -> Traits:
        return self.side.traits

    def changes(self, since: SyncToken | None) -> Changes[T]:
        return self.side.changes(since)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        return self.side.fetch(ids)

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        outcomes = iter(self.side.write(writes))
        for write in writes:
            self.watch.before(write)
            outcome = next(outcomes)
            self.watch.after()
            yield outcome
