"""A service in memory: its accounts with their calendars and groups, and what it was told to do wrong."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from threading import Lock

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import PermissionMissing, SignInNeeded
from bridge.ports import Clock, RemoteId, Traits
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.misbehaviour import Call, Effect, Fault, Late, Meanwhile, Moment, Raises, Script

TRAITS = Traits("Memory", max_fetch=500)


class MemoryAccount:
    """An account of the service. Its attributes may be changed at any time, as its owner or administrator would.

    ``revoked``: nobody may sign in. ``lacks`` names a consent that was not given. ``renewed`` is the secret that
    takes the place of the present one at its next use.
    """

    def __init__(self, address: str, secret: str, clock: Clock, name: str = "") -> None:
        self.address = address
        self.secret = secret
        self.name = name
        self.revoked = False
        self.lacks = ""
        self.renewed = ""
        self.calendars: dict[RemoteId, Collection[Event]] = {}
        self.groups: dict[RemoteId, Collection[Contact]] = {}
        self._clock = clock

    def add_calendar(
        self,
        id: str,  # noqa: A002 - the field's term
        name: str = "",
        *,
        traits: Traits = TRAITS,
        color: str = "",
        lists_objects: bool = True,
    ) -> Collection[Event]:
        """Add a calendar; the first one is the default. ``lists_objects``: a listing brings them along."""
        default = not self.calendars
        calendar: Collection[Event] = Collection(
            RemoteId(id), name or id, traits, self._clock, default=default, color=color, lists_objects=lists_objects
        )
        self.calendars[calendar.id] = calendar
        return calendar

    def add_group(
        self,
        id: str,  # noqa: A002 - the field's term
        name: str = "",
        *,
        traits: Traits = TRAITS,
        lists_objects: bool = True,
    ) -> Collection[Contact]:
        """Add a group of contacts; the first one is the default. ``lists_objects``: a listing brings them along."""
        default = not self.groups
        group: Collection[Contact] = Collection(
            RemoteId(id), name or id, traits, self._clock, default=default, lists_objects=lists_objects
        )
        self.groups[group.id] = group
        return group


class Remote:
    """The service. ``wait`` lets time pass when an answer is late; a test gives the step to its clock.

    ``calls`` counts what it was asked, by kind, and ``requests`` everything that went over the line.
    """

    def __init__(
        self,
        clock: Clock,
        wait: Callable[[timedelta], object] = lambda _by: None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self.accounts: dict[str, MemoryAccount] = {}
        self.script = Script(faults)
        self.calls: Counter[Call] = Counter()
        self._clock = clock
        self._wait = wait
        self._lock = Lock()

    @property
    def requests(self) -> int:
        """How many calls there were, failed ones included."""
        return self.calls.total()

    def add_account(self, address: str, secret: str = "", name: str = "") -> MemoryAccount:
        """Let somebody sign up."""
        account = self.accounts[address] = MemoryAccount(address, secret, self._clock, name)
        return account

    def meet(self, call: Call, subjects: Sequence[str]) -> tuple[Effect, ...]:
        """Count a call, and tell what befalls it."""
        with self._lock:
            self.calls[call] += 1
            return self.script.meet(call, subjects)

    def misbehave(self, *faults: Fault) -> None:
        """Schedule faults; they count from now."""
        with self._lock:
            self.script.add(*faults)

    def sign_in(self, address: str, secret: str) -> MemoryAccount:
        """Raises ``SignInNeeded`` or ``PermissionMissing``."""
        account = self.accounts.get(address)
        if account is None or account.revoked or account.secret != secret:
            raise SignInNeeded("The service does not accept this sign-in.", remote=TRAITS.name)
        if account.lacks:
            raise PermissionMissing(account.lacks, remote=TRAITS.name)
        return account

    def suffer(self, effects: Iterable[Effect], moment: Moment) -> None:
        """Let happen what befalls a call before or after it is carried out."""
        for effect in effects:
            match effect:
                case Raises(error, at) if at is moment:
                    raise error.with_traceback(None)
                case Late(by, at) if at is moment:
                    self._wait(by)
                case Meanwhile(act, at) if at is moment:
                    act()
                case _:
                    pass
