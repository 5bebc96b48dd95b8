"""Lets a history happen, then lets everything calm down, and looks what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bridge.core.digest import same
from bridge.core.scope import FlowKind
from bridge.errors import Conflict, TemporaryError
from bridge.ports import RemoteId
from bridge.providers.memory.misbehaviour import (
    BreaksOff,
    Call,
    Effect,
    Fault,
    LagsBehind,
    Late,
    LeavesOut,
    Moment,
    Raises,
    Repeats,
    Twice,
)
from bridge.providers.memory.misbehaviour import Meanwhile as Befalls
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import RunReport
from bridge.store import links
from bridge.store.models.sync import LinkState, RunOutcome
from tests.services.sync.histories import (
    CopyThere,
    Create,
    CreateTwins,
    Doubled,
    Edit,
    Fails,
    Forget,
    Garbled,
    History,
    Killed,
    KilledAtCommit,
    Lags,
    Meanwhile,
    Remove,
    Revoked,
    Run,
    Slow,
    Stalled,
    Step,
    Trouble,
    Where,
)
from tests.services.sync.mortal import Killed as Death
from tests.services.sync.playground import VARIANTS, Playground, Variant
from tests.services.sync.sides import Part, Shape, Sides, held

A_WHILE = timedelta(minutes=10)  # more than the margin of the clock, and than the lease
MOST_FAILURES = 2  # of a history: an object that fails three times is parked, and stays different
MOST_RUNS = 5  # until nothing is left to do
_FAILURES: dict[str, Raises] = {
    "unsent": Raises(TemporaryError("The service is busy.")),
    "unheard": Raises(TemporaryError("The connection broke before the answer."), Moment.AFTER),
    "quota": Raises(TemporaryError("Too many requests.", retry_after=timedelta(minutes=2))),
}
_GARBLED: dict[str, Effect] = {"breaks off": BreaksOff(1), "leaves out": LeavesOut(), "repeats": Repeats()}


@dataclass
class Life:
    """What people did to one thing: where it was made, and what only one side says of it, as they wrote it last.

    ``recognised``: nobody can take it for two different things, even if it is changed before a run has seen it.
    ``unheard``: it was deleted there before a run could hear that it had created it, which looks as if it had not.
    """

    born: frozenset[Where]
    edited: bool = False
    removed: bool = False
    copied: bool = False
    recognised: bool = True
    unheard: bool = False
    own: dict[Where, int] = field(default_factory=dict)


@dataclass
class Player:
    """Plays one history. ``met``: the last run met its trouble."""

    ground: Playground
    history: History
    lives: dict[str, Life] = field(default_factory=dict)
    failures: int = 0
    distorted: bool = False
    met: bool = False
    _number: int = 30

    def __post_init__(self) -> None:
        self.variant: Variant = VARIANTS[self.history.variant]
        self.sides: Sides = self.ground.put(self.variant, filled=self.history.filled)
        self.world = self.ground.world
        if self.history.filled:
            for number in range(len(Shape)):
                self.lives[f"o{number}"] = Life(frozenset({Where.OURS}))
                self.lives[f"t{number}"] = Life(frozenset({Where.THEIRS}))

    def play(self) -> None:
        for step in self.history.steps:
            self.world.office.clock.advance(A_WHILE)
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Create(where, shape):
                self._create(where, shape)
            case CreateTwins(same_uid):
                self._create_twins(same_uid=same_uid)
            case Edit() | Remove():
                self._work(step)
            case CopyThere(pick):
                self._copy(pick)
            case Forget():
                self._collection().forget_history()
            case Run(trouble):
                self._troubled_run(trouble)

    # People

    def _next(self) -> tuple[str, int]:
        self._number += 1
        return f"n{self._number}", self._number

    def _create(self, where: Where, shape: Shape) -> None:
        name, value = self._next()
        if where is Where.OURS:
            self.sides.create_ours(name, value, shape)
        else:
            self.sides.create_theirs(name, value, shape)
        self.lives[name] = Life(frozenset({where}))

    def _create_twins(self, *, same_uid: bool) -> None:
        """The same on both sides, as a first sync after another program's finds it (R3)."""
        name, value = self._next()
        self.sides.create_ours(name, value, Shape.WHOLE_DAY)
        uid = self._uid(name) if same_uid else ""
        self.sides.create_theirs(name, value, Shape.WHOLE_DAY, uid)
        self.lives[name] = Life(frozenset(Where), recognised=same_uid and self.variant.traits.keeps_uid)

    def _uid(self, name: str) -> str:
        world = self.world
        if self.sides.kind is FlowKind.CONTACTS:
            return next(each.uid for each in world.persons() if each.name.startswith(f"{name} "))
        return next(each.uid for each in world.activities() if each.subject.startswith(f"{name} "))

    def _work(self, act: Edit | Remove) -> None:
        if act.where is Where.OURS:
            self._work_here(act)
        else:
            self._work_there(act)

    def _work_here(self, act: Edit | Remove) -> None:
        picked = _picked(self.sides.ours(), act.pick)
        if picked is None:
            return
        id_, name = picked
        if isinstance(act, Remove):
            self.sides.delete_ours(id_)
            self.lives[name].removed = True
        elif self.sides.edit_ours(id_, act.part, value := self._next()[1]):
            self._edited(name, act, value)

    def _work_there(self, act: Edit | Remove) -> None:
        picked = _picked(self.sides.theirs(), act.pick)
        if picked is None:
            return
        id_, name = picked
        if isinstance(act, Remove):
            self._collection().remove(id_)
            life = self.lives[name]
            life.removed = True
            life.unheard = Where.THEIRS not in life.born and not self._is_tied(id_)
        else:
            value = self._next()[1]
            self.sides.edit_theirs(id_, act.part, value)
            self._edited(name, act, value)

    def _is_tied(self, id_: str) -> bool:
        return any(link.remote_id == id_ for link in self.world.links(self.sides.kind))

    def _edited(self, name: str, act: Edit, value: int) -> None:
        life = self.lives[name]
        life.edited = life.edited or act.part is not Part.NOTHING
        if act.part is Part.OWN:
            life.own[act.where] = value

    def _copy(self, pick: int) -> None:
        picked = _picked(self.sides.theirs(), pick)
        if picked is not None:
            name, _ = self._next()
            self.sides.copy_theirs(picked[0], name)
            self.lives[name] = Life(frozenset({Where.THEIRS}), copied=True)

    def _collection(self) -> Any:
        return self.world.group if self.sides.kind is FlowKind.CONTACTS else self.world.calendar

    # Runs

    def run(self, deletions: Deletions = Deletions.ASK) -> RunReport | None:
        """One run, however it ends; ``None`` if it did not end by itself."""
        try:
            return self.world.run(deletions)
        except (Death, Conflict):
            return None
        finally:
            self.ground.database.revive()

    def _troubled_run(self, trouble: Trouble | None) -> None:
        with self._arranged(trouble):
            deaths = self.ground.database.deaths
            awaited = not self.world.remote.script.is_over
            self.run()
            self.met = (awaited and self.world.remote.script.is_over) or self.ground.database.deaths > deaths
        self.world.remote.script.clear()

    @contextmanager
    def _arranged(self, trouble: Trouble | None) -> Iterator[None]:
        """Something is about to happen to a run."""
        if isinstance(trouble, Revoked):
            self.world.account.revoked = True
        elif isinstance(trouble, KilledAtCommit):
            self.ground.database.doom(trouble.nth, trouble.moment)
        elif trouble is not None:
            fault = self._fault(trouble)
            self.world.remote.misbehave(*([fault] if fault else []))
        yield
        self.world.account.revoked = False

    def _fault(self, trouble: Trouble) -> Fault | None:
        guarded = self.variant.traits.guards_writes
        self.distorted |= isinstance(trouble, Lags) or (isinstance(trouble, Stalled | Meanwhile) and not guarded)
        self.failures += isinstance(trouble, Fails)
        if isinstance(trouble, Fails) and self.failures > MOST_FAILURES:
            return None
        call, effect, nth = self._befalls(trouble)
        return Fault(call, effect, nth)

    def _befalls(self, trouble: Trouble) -> tuple[Call, Effect, int]:
        found: tuple[Call, Effect, int] | None = None
        match trouble:
            case Killed(nth, moment):
                found = Call.WRITE, Befalls(self.ground.database.die, moment), nth
            case Stalled(call, nth, moment):
                found = call, Befalls(self._somebody_else_runs, moment), nth
            case Fails(nth, how):
                found = Call.ANY if how == "quota" else Call.WRITE, _FAILURES[how], nth
            case Slow(nth, by):
                found = Call.WRITE, Late(by), nth
            case Doubled(nth):
                found = Call.WRITE, Twice(), nth
            case Lags(call, writes):
                found = call, LagsBehind(writes), 1
            case Garbled(how):
                found = Call.CHANGES, _GARBLED[how], 1
            case Meanwhile(act, nth, moment):
                found = Call.ANY, Befalls(lambda: self._work(act), moment), nth
        assert found is not None, trouble
        return found

    def _somebody_else_runs(self) -> None:
        """The lease is over, and another worker takes the connection."""
        self.world.office.clock.advance(A_WHILE)
        self.world.sync.run(self.world.connection.id)

    # The end

    def calm_down(self) -> None:
        """Run until nothing is left to do. That takes few runs, and the last one asks for nothing but changes."""
        for _ in range(MOST_RUNS):
            self.world.office.clock.advance(timedelta(hours=1))
            before = self._writes()
            report = self.run()
            if report is not None and report.outcome is RunOutcome.DECISION:
                report = self.run(Deletions.ACCEPT)
            assert report is not None
            assert report.outcome in {RunOutcome.DONE, RunOutcome.PARTLY}, report.message
            if not report.counts and report.outcome is RunOutcome.DONE:
                assert self.world.results == []
                assert self._writes() == before
                return
        raise AssertionError(f"After {MOST_RUNS} runs there is still something to do: {self.world.results}")

    def _writes(self) -> int:
        return sum(self.world.remote.calls[call] for call in (Call.CREATE, Call.UPDATE, Call.DELETE))

    def check(self) -> None:
        """Both sides agree, nothing is lost, nothing is there twice, and no write is left open."""
        here, there = Counter(self.sides.ours().values()), Counter(self.sides.theirs().values())
        self._check_names(here, Where.OURS)
        self._check_names(there, Where.THEIRS)
        if self.variant.both_ways:
            assert self._certain(here) == self._certain(there)
        with self.ground.database.read() as session:
            assert links.intents(session, self._flow_id()) == []
        self._check_objects()

    def _check_names(self, present: Counter[str], where: Where) -> None:
        twice = [name for name, times in present.items() if times > 1]
        assert [name for name in twice if not self._may_be_two(self.lives[name])] == []
        for name, life in self.lives.items():
            if self._stays(life, where):
                assert name in present, f"{name} is lost on {where}: {life}"
            elif self._goes(life):
                assert name not in present, f"{name} came back on {where}: {life}"

    def _certain(self, present: Counter[str]) -> dict[str, int]:
        return {name: times for name, times in present.items() if not self._may_be_two(self.lives[name])}

    def _may_be_two(self, life: Life) -> bool:
        """Twins that a run could not know for the same: they differed when it saw them, or it did not see one."""
        return len(life.born) > 1 and (self.distorted or (life.edited and not life.recognised))

    def _stays(self, life: Life, where: Where) -> bool:
        if life.removed:
            return False
        return where in life.born or self.variant.both_ways or self._source in life.born

    def _goes(self, life: Life) -> bool:
        """What was deleted and never touched otherwise is gone from both sides."""
        twins = len(life.born) > 1
        uncertain = life.edited or life.unheard or twins or self.distorted
        return life.removed and not uncertain and self.variant.both_ways

    @property
    def _source(self) -> Where:
        return Where.OURS if self.variant.kind is FlowKind.CALENDAR else Where.THEIRS

    def _flow_id(self) -> int:
        return self.world.flow(self.variant.kind).id

    def _check_objects(self) -> None:
        opened = self.sides.open(self.world.connection.id)
        tied = [link for link in self.world.links(self.variant.kind) if link.state is LinkState.LINKED]
        ours = {found.id: held(found) for found in opened.ours.fetch([RemoteId(str(each.local_id)) for each in tied])}
        theirs = self._collection().resources
        names = self.sides.ours()
        said = (opened.ours.traits.expresses or frozenset()) & (
            self.variant.traits.expresses or opened.ours.traits.expresses
        )
        for link in tied:
            assert link.local_id is not None
            mine, other = ours[RemoteId(str(link.local_id))], theirs[RemoteId(link.remote_id or "")].object
            life = self.lives[names[link.local_id]]
            if self._agrees:
                assert same(mine, other, said), f"{mine}\n{other}"
            if life.recognised and not (life.removed or life.copied or self.distorted):
                self._check_own(life, mine, other)

    @property
    def _agrees(self) -> bool:
        """Whether whatever either side says reaches the other."""
        return self.variant.both_ways or (self.variant.kind is FlowKind.CALENDAR and self.variant.edits_come_back)

    def _check_own(self, life: Life, mine: Any, other: Any) -> None:
        """What only one side writes is, on that side and on the other, as it was written last."""

        def expressed(name: str) -> bool:
            return name in (self.variant.traits.expresses or {name})

        ours, theirs = life.own.get(Where.OURS), life.own.get(Where.THEIRS)
        assert self.sides.own_of_ours(mine) == ours, f"{mine}\n{life}"
        if expressed(self.sides.ours_own) and (self.variant.both_ways or self._source is Where.OURS):
            assert self.sides.own_of_ours(other) == ours, f"{other}\n{life}"
        if expressed(self.sides.theirs_own):
            assert self.sides.own_of_theirs(other) == theirs, f"{other}\n{life}"
            if self._agrees or self._source is Where.THEIRS:
                assert self.sides.own_of_theirs(mine) == theirs, f"{mine}\n{life}"


def _picked(present: dict[Any, str], pick: int) -> tuple[Any, str] | None:
    """One of those that are there, by the alphabet."""
    ordered = sorted(present.items(), key=lambda each: (each[1], each[0]))
    return ordered[pick % len(ordered)] if ordered else None
