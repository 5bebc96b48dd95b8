"""Carry out a plan: portion by portion, so that a crash at any moment leaves little to look up.

What is written there is announced first (an intent, with the key of its creation), then done, then noted together with
the write on our side that belongs to it, in one transaction. An object that fails leaves the others alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.plan import ActionKind
from bridge.errors import BridgeError, Refused, RemoteError, TemporaryError
from bridge.ports import (
    Clock,
    Create,
    Delete,
    Deleted,
    Found,
    IdempotencyKey,
    Outcome,
    RemoteId,
    Side,
    Stored,
    Update,
    Version,
    Write,
)
from bridge.services.sync.kinds import Kind
from bridge.services.sync.lease import Lease
from bridge.services.sync.noting import Notes
from bridge.services.sync.planning import Plan, Step
from bridge.services.sync.working import Work, Workshop
from bridge.store import connections, links
from bridge.store.links import Intent
from bridge.store.models.sync import ResultOutcome
from bridge.store.runs import Result

T = TypeVar("T", Event, Contact)

_PORTION_HERE = 50
"""Writes on our side in one transaction: others write too."""

_FAILURES_IN_A_ROW = 3
"""So many temporary failures one after another are not the objects' fault: the run ends and waits."""

_ORDER = (
    ActionKind.FORGET,
    ActionKind.RELEASE,
    ActionKind.LINK,
    ActionKind.UPDATE_THERE,
    ActionKind.UPDATE_HERE,
    ActionKind.MERGE,
    ActionKind.CREATE_THERE,
    ActionKind.CREATE_HERE,
    ActionKind.DELETE_THERE,
    ActionKind.DELETE_HERE,
)


class OurSide(Side[T], Protocol[T]):
    """Our store as a side whose writes can join a transaction. Each raises what the port has as outcomes."""

    def create_all_in(self, session: Session, creations: Sequence[tuple[IdempotencyKey, T]]) -> list[Outcome[T]]:
        """Add objects; one outcome for each, in their order."""
        ...

    def update_in(self, session: Session, id: RemoteId, obj: T, version: Version | None) -> Stored[T]:  # noqa: A002
        """Replace an object."""
        ...

    def delete_in(self, session: Session, id: RemoteId, version: Version | None) -> Deleted:  # noqa: A002
        """Remove an object."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the result of the latest object, and how many of how many are done."""

    done: int
    total: int
    result: Result


Tell = Callable[[Progress], None]


@dataclass
class Acting(Generic[T]):
    """Carries out the works of one flow in one run. ``counts`` says what happened, by action and outcome."""

    kind: Kind[T]
    ours: OurSide[T]
    theirs: Side[T]
    flow_id: int
    run_id: str
    lease: Lease
    clock: Clock
    tell: Tell
    counts: Counter[str]
    total: int = 0
    done: int = 0
    _failures: int = 0

    def resume(self) -> None:
        """Finish what an earlier run announced and may or may not have done.

        A creation is tried again by its key, which makes nothing twice, and tied to its record; the next look at both
        finds what has changed since. Of everything else that has happened it is noted how it can be undone (R21).
        """
        with self.lease.database.read() as session:
            open_intents = links.intents(session, self.flow_id)
        changed = [RemoteId(each.remote_id) for each in open_intents if not _creates(each) and each.remote_id]
        present = {found.id: found for found in self.theirs.fetch(changed)} if changed else {}
        for intent in open_intents:
            if _creates(intent):
                self._create_again(intent)
            else:
                self._look_back(intent, present.get(RemoteId(intent.remote_id or "")))

    def _create_again(self, intent: Intent) -> None:
        key, wanted = IdempotencyKey(intent.key), self.kind.load(dict(intent.after or {}))
        ours = Found(RemoteId(str(intent.local_id)), Version(""), wanted)
        self.lease.keep()
        outcome = next(iter(self.theirs.write([Create(key, wanted)])))
        notes = self._notes()
        with self.lease.transaction() as session:
            links.delete_intents(session, [intent.id])
            if isinstance(outcome, Stored) and not links.links_to(session, [self.flow_id], outcome.id):
                known = links.links_of_record(session, [self.flow_id], intent.local_id or 0)
                step = Step(ActionKind.CREATE_THERE, intent.title, link=known[0] if known else None, ours=ours)
                work = Work(step, key, there=Create(key, wanted))
                held = Found(outcome.id, outcome.version, outcome.object)
                notes.tie(work, ours, held, again=True)
                notes.wrote_there(work, held)
            notes.store(session)
        self._tell(notes)

    def _look_back(self, intent: Intent, present: Found[T] | None) -> None:
        notes = self._notes()
        if intent.remote_id and self._has_happened(intent, present):
            notes.has_written(intent)
        with self.lease.transaction() as session:
            links.delete_intents(session, [intent.id])
            notes.store(session)

    def _has_happened(self, intent: Intent, present: Found[T] | None) -> bool:
        """Whether there is now what a write of an earlier run was to leave there."""
        if intent.after is None or present is None or present.object is None:
            return intent.after is None and present is None
        return not self.kind.theirs_changed(self.kind.load(dict(intent.after)), present.object)

    def carry_out(self, plan: Plan[T], shop: Workshop[T]) -> None:
        """Do everything. Raises what ends a run: an account or a service that does not answer, a lost lease."""
        steps = sorted(plan.steps, key=lambda step: _ORDER.index(step.action))
        self.total, self.done = len(steps), 0
        self._note_the_rest(plan)
        works = list(self._works(steps, shop))
        for portion in _portions([work for work in works if work.there is not None], self.theirs.traits.max_writes):
            self._there(portion)
        for portion in _portions([work for work in works if work.there is None], _PORTION_HERE):
            self._finish([(work, None) for work in portion], [])

    def _works(self, steps: Sequence[Step[T]], shop: Workshop[T]) -> Iterator[Work[T]]:
        for step in steps:
            try:
                yield shop.work(step)
            except Refused as error:
                self._finish([(Work(step, IdempotencyKey("")), error)], [])

    def _there(self, works: Sequence[Work[T]]) -> None:
        """Announce, write there, and note the outcomes, also of a portion that broke off."""
        notes = self._notes()
        with self.lease.transaction() as session:
            intents = notes.announce(session, works)
        outcomes: list[tuple[Work[T], Outcome[T] | None]] = []
        broken: BridgeError | None = None
        writing = iter(self.theirs.write([_write(work) for work in works]))
        try:
            for work in works:
                self.lease.keep()
                outcome = next(writing)
                outcomes.append((work, outcome))
                self._count_failures(outcome)
        except RemoteError as error:
            broken = error
        self._finish(outcomes, intents[: len(outcomes)])
        if broken is not None:
            raise broken

    def _count_failures(self, outcome: Outcome[T]) -> None:
        if not isinstance(outcome, TemporaryError):
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW or outcome.retry_after is not None:
            raise outcome

    def _finish(self, outcomes: Sequence[tuple[Work[T], Outcome[T] | None]], intents: Sequence[int]) -> None:
        """Store a portion: what happened there, what belongs to it here, and the notes about both."""
        if not outcomes:
            return
        notes = self._notes()
        with self.lease.transaction() as session:
            links.delete_intents(session, intents)
            made = self._made(session, [work for work, outcome in outcomes if not isinstance(outcome, BridgeError)])
            for work, outcome in outcomes:
                self._one(session, notes, work, outcome, made)
            notes.store(session)
            self.done += len(outcomes)
            connections.set_progress(session, self.flow_id, self.done, self.total)
        self._tell(notes)

    def _tell(self, notes: Notes[T]) -> None:
        for result in notes.results:
            self._count(result)
            self.tell(Progress(self.done, self.total, result))

    def _count(self, result: Result) -> None:
        finished = result.outcome in {ResultOutcome.DONE, ResultOutcome.CONFLICT}
        self.counts[result.action if finished else result.outcome.value] += 1

    def _made(self, session: Session, works: Sequence[Work[T]]) -> Mapping[IdempotencyKey, Outcome[T]]:
        """Add what is new on our side, all of a portion at once; the outcomes by the works' keys."""
        creations = [(work.here.key, work.here.object) for work in works if isinstance(work.here, Create)]
        if not creations:
            return {}
        outcomes = self.ours.create_all_in(session, creations)
        return {key: outcome for (key, _), outcome in zip(creations, outcomes, strict=True)}

    def _one(
        self,
        session: Session,
        notes: Notes[T],
        work: Work[T],
        outcome: Outcome[T] | None,
        made: Mapping[IdempotencyKey, Outcome[T]],
    ) -> None:
        if isinstance(outcome, BridgeError):
            notes.fail(work, outcome)
            return
        there = Found(outcome.id, outcome.version, outcome.object) if isinstance(outcome, Stored) else None
        if work.there is not None:
            notes.wrote_there(work, there)
        try:
            here = self._here(session, notes, work, made)
        except BridgeError as error:
            notes.fail(_half_done(work, there), error)
            return
        ours, theirs = here or work.step.ours, there or work.step.theirs
        loose = work.step.action in {ActionKind.FORGET, ActionKind.RELEASE} or isinstance(outcome, Deleted)
        if loose or isinstance(work.here, Delete) or ours is None or theirs is None:
            notes.loosen(work)
        else:
            existed = isinstance(outcome, Stored) and outcome.existed
            notes.tie(work, ours, theirs, again=existed)

    def _here(
        self, session: Session, notes: Notes[T], work: Work[T], made: Mapping[IdempotencyKey, Outcome[T]]
    ) -> Found[T] | None:
        """Write on our side; what we hold now, if anything. What is refused is raised, and leaves nothing behind."""
        if work.here is None:
            return None
        if isinstance(work.here, Create):
            stored = _stored(made[work.here.key])
            if not stored.existed:
                return Found(stored.id, stored.version, stored.object)
        with session.begin_nested():
            match work.here:
                case Create():
                    stored = self._adopted(session, notes, work, _stored(made[work.here.key]))
                case Update():
                    stored = self.ours.update_in(session, work.here.id, work.here.object, work.here.version)
                case Delete():
                    self.ours.delete_in(session, work.here.id, work.here.version)
                    return None
        return Found(stored.id, stored.version, stored.object)

    def _adopted(self, session: Session, notes: Notes[T], work: Work[T], present: Stored[T]) -> Stored[T]:
        """We have this object already, tied to nothing: take what theirs says beyond it (R3)."""
        known = [*links.links_of_record(session, [self.flow_id], int(present.id)), *notes.ties(int(present.id))]
        if any(link.remote_id is not None and link.remote_id != work.step.remote_id for link in known):
            raise Refused("Another object with the same UID is synced already.", remedy="Delete one of the two there.")
        assert isinstance(work.here, Create)  # noqa: S101 - the caller has looked
        merged = self.kind.settle(None, present.object, work.here.object)
        if not merged.ours_changed:
            return present
        return self.ours.update_in(session, present.id, merged.ours, present.version)

    def _note_the_rest(self, plan: Plan[T]) -> None:
        """Note what does not travel, and what has only another version."""
        for left in _portions(plan.left_out, 500):
            notes = self._notes()
            notes.leave_out(left)
            with self.lease.transaction() as session:
                notes.store(session)
            self.counts["left out"] += len(left)
        for settled in _portions(plan.settled, 500):
            notes = self._notes()
            notes.settle(settled)
            with self.lease.transaction() as session:
                notes.store(session)

    def _notes(self) -> Notes[T]:
        return Notes(self.kind, self.flow_id, self.run_id, self.lease.fence, self.clock.now())


def _creates(intent: Intent) -> bool:
    return intent.action == ActionKind.CREATE_THERE and intent.after is not None and intent.local_id is not None


def _write(work: Work[T]) -> Write[T]:
    assert work.there is not None  # noqa: S101 - the caller has chosen those that write there
    return work.there


def _stored(outcome: Outcome[T]) -> Stored[T]:
    if isinstance(outcome, BridgeError):
        raise outcome
    assert isinstance(outcome, Stored)  # noqa: S101 - nothing else comes of a creation
    return outcome


def _half_done(work: Work[T], there: Found[T] | None) -> Work[T]:
    """A work whose part here failed. Their base stays what it was, and their new version is looked at once more."""
    if there is None:
        return work
    return replace(work, step=replace(work.step, theirs=replace(there, version=Version(""))))


Item = TypeVar("Item")


def _portions(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion
