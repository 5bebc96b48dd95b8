"""From a step of the plan to the writes that carry it out, on either side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import uuid4

from bridge.core import breaker
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.merge import FieldConflict
from bridge.core.plan import ActionKind
from bridge.errors import Refused
from bridge.ports import Create, Delete, IdempotencyKey, RemoteId, Update, Write
from bridge.services.sync.kinds import Kind
from bridge.services.sync.planning import Step

T = TypeVar("T", Event, Contact)


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A step with its writes: ``there`` comes first, ``here`` in the transaction that notes the outcome.

    ``key`` names the attempt. ``open_conflict``: fields that both sides keep until somebody decides (R23).
    """

    step: Step[T]
    key: IdempotencyKey
    there: Write[T] | None = None
    here: Write[T] | None = None
    conflicts: tuple[FieldConflict, ...] = ()


@dataclass(frozen=True)
class Workshop(Generic[T]):
    """Makes works of steps.

    ``writes_here`` and ``writes_there`` say into which sides this flow goes at all (R7, R15).
    """

    kind: Kind[T]
    writes_here: bool
    writes_there: bool
    now: datetime

    def work(self, step: Step[T]) -> Work[T]:
        """Decide what is written. Raises ``Refused`` for an object that both sides keep changing (R24)."""
        key = IdempotencyKey(uuid4().hex)
        ours = step.ours.object if step.ours else None
        theirs = step.theirs.object if step.theirs else None
        match step.action:
            case ActionKind.CREATE_THERE if ours is not None:
                return Work(step, key, there=Create(key, self.kind.sent(ours)))
            case ActionKind.CREATE_HERE if theirs is not None:
                return Work(step, key, here=Create(key, self.kind.taken(theirs)))
            case ActionKind.DELETE_THERE if step.theirs is not None:
                return Work(step, key, there=Delete(step.theirs.id, step.theirs.version or None))
            case ActionKind.DELETE_HERE if step.ours is not None:
                return Work(step, key, here=Delete(step.ours.id, step.ours.version or None))
            case ActionKind.LINK | ActionKind.MERGE | ActionKind.UPDATE_HERE | ActionKind.UPDATE_THERE:
                return self._merged(step, key)
            case _:
                return Work(step, key)

    def _merged(self, step: Step[T], key: IdempotencyKey) -> Work[T]:
        ours, theirs = step.ours, step.theirs
        if ours is None or theirs is None or ours.object is None or theirs.object is None or step.because is not None:
            return Work(step, key)
        merged = self.kind.settle(step.agreed, ours.object, theirs.object)
        there = merged.theirs_changed and self.writes_there and step.action is not ActionKind.UPDATE_HERE
        here = merged.ours_changed and self.writes_here and step.action is not ActionKind.UPDATE_THERE
        if (there or here) and step.link is not None and breaker.flips(moments(step.link.writes), self.now):
            raise Refused(
                "Both sides keep changing it: it was written more than six times within an hour.",
                remedy="Look which other program changes it, then try it again.",
            )
        return Work(
            step,
            key,
            there=Update(RemoteId(theirs.id), merged.theirs, theirs.version or None) if there else None,
            here=Update(RemoteId(ours.id), merged.ours, ours.version or None) if here else None,
            conflicts=merged.conflicts,
        )


def moments(written: Sequence[str]) -> list[datetime]:
    """The moments of recent writes, as a link keeps them."""
    return [datetime.fromisoformat(each) for each in written]
