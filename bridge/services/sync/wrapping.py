"""Decorators of what reaches a remote: one counts its calls, the others keep them from coming too fast.

Providers know nothing of it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from bridge.core.bucket import Rate
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError
from bridge.ports import (
    Account,
    Changes,
    Channel,
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
    Traits,
    Watching,
    Write,
)
from bridge.services.sync.pacing import Buckets, Pace, Stop

T = TypeVar("T", Event, Contact)
U = TypeVar("U")


def idle() -> float:
    """Seconds that this thread did not compute, from wherever they are counted: what passes in them is waiting."""
    return time.monotonic() - time.thread_time()


class Counted(Generic[T]):
    """A side that counts. ``calls`` are listings, portions fetched and single writes; ``waited`` are seconds.

    ``idle`` counts the seconds of waiting: what the side itself computes is our own share of a run, not the remote's.
    """

    def __init__(self, side: Side[T], idle: Callable[[], float] = idle) -> None:
        self._side: Side[T] = side
        self._idle = idle
        self.calls = 0
        self.waited = 0.0

    @property
    def traits(self) -> Traits:
        """What the side can do."""
        return self._side.traits

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """List."""
        self.calls += 1
        with self._waiting():
            return self._side.changes(since)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """Bring objects."""
        self.calls += _portions(ids, self.traits)
        yield from self._timed(self._side.fetch(ids))

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """Write objects."""
        outcomes = self._timed(self._side.write(writes))
        for _ in writes:
            self.calls += 1
            yield next(outcomes)

    def _timed(self, answers: Iterator[U]) -> Iterator[U]:
        waiting = iter(answers)
        while True:
            with self._waiting():
                try:
                    answer = next(waiting)
                except StopIteration:
                    return
            yield answer

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        began = self._idle()
        try:
            yield
        finally:
            self.waited += max(0.0, self._idle() - began)


class Throttled(Generic[T]):
    """A side that is asked no faster than its pace allows, and not at all once the program stops.

    Beyond what the port says, every method raises ``Stopping`` then; what was written until then has its outcome.
    """

    def __init__(self, side: Side[T], pace: Pace) -> None:
        self._side: Side[T] = side
        self._pace = pace

    @property
    def traits(self) -> Traits:
        """What the side can do."""
        return self._side.traits

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """List, in turn."""
        with _obeying(self._pace):
            return self._side.changes(since)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """Bring objects, in turn."""
        with _obeying(self._pace, _portions(ids, self.traits)):
            yield from self._side.fetch(ids)

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """Write objects, each in its turn."""
        outcomes = iter(self._side.write(writes))
        for _ in writes:
            with _obeying(self._pace):
                outcome = next(outcomes, None)
            if outcome is None:
                return
            if isinstance(outcome, BridgeError):
                self._pace.heard(outcome)
            yield outcome


class ThrottledProvider:
    """An account that is asked no faster than its pace allows."""

    def __init__(self, provider: Provider, pace: Pace) -> None:
        self._provider = provider
        self._pace = pace

    def check(self) -> Account:
        """Sign in and tell who we are."""
        return self._asked(self._provider.check)

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the account."""
        return self._asked(self._provider.calendars)

    def groups(self) -> Sequence[RemoteGroup]:
        """The groups of contacts of the account."""
        return self._asked(self._provider.groups)

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the port's term
        """One calendar."""
        return Throttled(self._provider.open_calendar(id), self._pace)

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the port's term
        """One group of contacts."""
        return Throttled(self._provider.open_group(id), self._pace)

    def watch(self, kind: FlowKind, collection: RemoteId, address: str, token: str) -> Channel | None:
        """Have changes told, where the remote can."""
        account = self._provider
        if not isinstance(account, Watching):
            return None
        with _obeying(self._pace):
            return account.watch(kind, collection, address, token)

    def renew(self, channel: Channel) -> Channel | None:
        """Have a channel go on for longer, where the remote can."""
        account = self._provider
        if not isinstance(account, Watching):
            return None
        with _obeying(self._pace):
            return account.renew(channel)

    def unwatch(self, channel: Channel) -> None:
        """Have no more told."""
        account = self._provider
        if isinstance(account, Watching):
            with _obeying(self._pace):
                account.unwatch(channel)

    def _asked(self, ask: Callable[[], U]) -> U:
        with _obeying(self._pace):
            return ask()


@dataclass(frozen=True, slots=True)
class ThrottledConnector:
    """A kind of service whose accounts are asked no faster than ``account`` allows each, and ``together`` all of them.

    ``None`` is no limit. ``name`` is the kind's.
    """

    name: str
    connector: Connector
    buckets: Buckets
    stop: Stop
    account: Rate | None = None
    together: Rate | None = None

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> Provider:
        """Open an account."""
        whose = "\n".join((self.name, sign_in.url, sign_in.username or sign_in.address))
        rates = {whose: self.account, self.name: self.together}
        pace = Pace(self.buckets, {name: rate for name, rate in rates.items() if rate is not None}, self.stop)
        return ThrottledProvider(self.connector.open(sign_in, keep), pace)


@contextmanager
def _obeying(pace: Pace, calls: int = 1) -> Iterator[None]:
    """Wait for the turn, and listen to what the remote says about the next one."""
    pace.before(calls)
    try:
        yield
    except BridgeError as error:
        pace.heard(error)
        raise


def _portions(ids: Collection[RemoteId], traits: Traits) -> int:
    """How many requests it takes to bring so many objects."""
    return -(-len(ids) // max(traits.max_fetch, 1))
