"""What a remote in memory can be told to do wrong, and when: data, without chance.

A fault befalls the n-th call of a kind, counted from the moment it was scheduled, or the n-th one that concerns a
certain object. Whoever wants to interrupt before or after every write tries ``nth=1``, ``nth=2`` and so on.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bridge.errors import TemporaryError


class Call(StrEnum):
    """What a remote is asked. ``WRITE`` stands for each creation, update and deletion, ``ANY`` for everything."""

    CHECK = "check"
    CALENDARS = "calendars"
    GROUPS = "groups"
    CHANGES = "changes"
    FETCH = "fetch"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    WRITE = "write"
    ANY = "any"

    def covers(self, call: "Call") -> bool:
        """Whether a call of this kind is meant."""
        return self in (call, Call.ANY) or (self is Call.WRITE and call in WRITES)


WRITES = frozenset({Call.CREATE, Call.UPDATE, Call.DELETE})


class Moment(StrEnum):
    """Before the remote does what it is asked, or after, when its answer is on the way."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Raises:
    """The call fails. ``AFTER``: it was carried out, and the answer is lost.

    A ``BridgeError`` is what the remote answers; anything else stands for our own end, such as a killed process.
    """

    error: BaseException
    moment: Moment = Moment.BEFORE


@dataclass(frozen=True, slots=True)
class Late:
    """The answer takes its time: the clock moves on."""

    by: timedelta
    moment: Moment = Moment.AFTER


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Somebody else acts. ``BEFORE`` a write that the remote does not guard is after our own comparison."""

    act: Callable[[], object]
    moment: Moment = Moment.BEFORE


@dataclass(frozen=True, slots=True)
class Twice:
    """The request is delivered twice, as by a proxy that tries again; the second answer is the one that arrives."""


@dataclass(frozen=True, slots=True)
class LagsBehind:
    """A listing or a fetch tells what was there so many writes ago, token and versions included."""

    writes: int = 1


@dataclass(frozen=True, slots=True)
class BreaksOff:
    """A listing or a fetch ends after so many objects."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class LeavesOut:
    """A listing lacks its last so many objects, though it counts them."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class Repeats:
    """A listing tells its first so many objects a second time."""

    count: int = 1


Effect = Raises | Late | Meanwhile | Twice | LagsBehind | BreaksOff | LeavesOut | Repeats


@dataclass(frozen=True, slots=True)
class Fault:
    """An effect, and the calls that it befalls: from the ``nth`` on, so many ``times`` (``None``: from then on).

    With a ``subject`` only calls that concern it count: the id of a calendar, a group or an object, the UID of an
    object, or the key of a creation.
    """

    call: Call
    effect: Effect
    nth: int = 1
    times: int | None = 1
    subject: str = ""


class Script:
    """The faults that are still to come, and what they have counted."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = [(fault, 0) for fault in faults]

    @property
    def is_over(self) -> bool:
        """Whether nothing is still to come."""
        return not self._faults

    def add(self, *faults: Fault) -> None:
        """Schedule more; they count from now."""
        self._faults += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        """Behave from now on."""
        self._faults = []

    def meet(self, call: Call, subjects: Collection[str] = ()) -> tuple[Effect, ...]:
        """Count a call, and tell what befalls it, in the order in which it was scheduled."""
        counted = [
            (fault, met + 1 if _concerns(fault, call, subjects) else met, _concerns(fault, call, subjects))
            for fault, met in self._faults
        ]
        self._faults = [(fault, met) for fault, met, _ in counted if not _is_over(fault, met)]
        return tuple(fault.effect for fault, met, now in counted if now and met >= fault.nth)


def lost_answer(call: Call = Call.WRITE, nth: int = 1) -> Fault:
    """The remote does what it is asked, and nobody hears of it."""
    return Fault(call, Raises(TemporaryError("The connection broke before the answer."), Moment.AFTER), nth)


def quota(retry_after: timedelta, call: Call = Call.ANY, nth: int = 1, times: int | None = 1) -> Fault:
    """Too many requests: wait so long."""
    return Fault(call, Raises(TemporaryError("Too many requests.", retry_after=retry_after)), nth, times)


def _concerns(fault: Fault, call: Call, subjects: Collection[str]) -> bool:
    return fault.call.covers(call) and (not fault.subject or fault.subject in subjects)


def _is_over(fault: Fault, met: int) -> bool:
    return fault.times is not None and met >= fault.nth + fault.times - 1
