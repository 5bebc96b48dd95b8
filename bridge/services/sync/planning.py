"""From what both sides show to what is to be done: no database, no remote, only a decision about each object.

The rules decide who travels at all, ``core.matching`` recognises what is the same on both sides, and the table of
``core.plan`` says what follows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.guard import Counts
from bridge.core.matching import pair
from bridge.core.plan import ActionKind, Decider, State
from bridge.core.reconcile import Agreed
from bridge.core.rules import LeaveOut, Verdict
from bridge.ports import Found, RemoteId, Version
from bridge.services.sync.kinds import Judge, Kind
from bridge.services.sync.looking import Look
from bridge.store.links import Link, LinkHead
from bridge.store.models.sync import LinkState

T = TypeVar("T", Event, Contact)

_DELETIONS = {ActionKind.DELETE_HERE: ActionKind.CREATE_THERE, ActionKind.DELETE_THERE: ActionKind.CREATE_HERE}


class Deletions(StrEnum):
    """What becomes of deletions that the guard (R22) would ask about."""

    ASK = "ask"
    ACCEPT = "accept"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One object and what is to be done about it. ``because`` is the rule that asks for a deletion or a release.

    ``ours`` and ``theirs`` are what each side holds now, ``None`` where it holds nothing. ``spare`` is a second row
    that remembered one of two objects which turn out to be the same.
    """

    action: ActionKind
    title: str
    link: Link | None = None
    ours: Found[T] | None = None
    theirs: Found[T] | None = None
    agreed: Agreed[T] | None = None
    because: LeaveOut | None = None
    spare: Link | None = None

    @property
    def local_id(self) -> int | None:
        """Our record, also where it is gone."""
        return int(self.ours.id) if self.ours else (self.link.local_id if self.link else None)

    @property
    def remote_id(self) -> str | None:
        """The remote object, also where it is gone."""
        return self.theirs.id if self.theirs else (self.link.remote_id if self.link else None)


@dataclass(frozen=True, slots=True)
class LeftOut(Generic[T]):
    """An object that does not travel, and why. ``link`` is the row that remembered it or tied it before, if any."""

    verdict: LeaveOut
    title: str
    link: Link | None = None
    ours: Found[T] | None = None
    theirs: Found[T] | None = None


@dataclass(frozen=True)
class Plan(Generic[T]):
    """Everything that a run of one flow would do.

    ``settled`` are links whose objects have new versions that say nothing new: only the versions are noted.
    ``linked`` is how many objects were tied before.
    """

    steps: list[Step[T]] = field(default_factory=list)
    left_out: list[LeftOut[T]] = field(default_factory=list)
    settled: list[Link] = field(default_factory=list)
    linked: int = 0
    ours_total: int = 0
    theirs_total: int = 0

    def counts(self) -> Counts:
        """What the mass-delete guard looks at (R22)."""
        return Counts(
            linked=self.linked,
            delete_here=sum(step.action is ActionKind.DELETE_HERE for step in self.steps),
            delete_there=sum(step.action is ActionKind.DELETE_THERE for step in self.steps),
            ours_total=self.ours_total,
            theirs_total=self.theirs_total,
        )

    def restored(self) -> "Plan[T]":
        """The plan with every deletion turned around: what is gone on one side is created again from the other."""
        steps = [_restoring(step) for step in self.steps]
        return Plan(steps, self.left_out, self.settled, self.linked, self.ours_total, self.theirs_total)


def _restoring(step: Step[T]) -> Step[T]:
    if step.action not in _DELETIONS or step.because is not None:
        return step
    return Step(_DELETIONS[step.action], step.title, step.link, step.ours, step.theirs)


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """One side of a tied object: its state, what it holds now, and the rule that leaves it out now."""

    state: State
    found: Found[T] | None
    because: LeaveOut | None = None


@dataclass(frozen=True, slots=True)
class _New(Generic[T]):
    """An object that is tied to nothing, and the row that remembers an earlier look at it."""

    found: Found[T]
    link: Link | None = None


@dataclass(frozen=True)
class Planner(Generic[T]):
    """Decides about every object of a flow that either side calls new, changed or gone.

    ``links`` are those that an object of ``ours`` or ``theirs`` belongs to, in full; ``heads`` are all.
    """

    kind: Kind[T]
    decide: Decider
    heads: Sequence[LinkHead]
    links: Mapping[int, Link]
    ours: Look[T]
    theirs: Look[T]

    def plan(self) -> Plan[T]:
        """Go through everything once."""
        linked = sum(head.state is LinkState.LINKED for head in self.heads)
        plan: Plan[T] = Plan(
            linked=linked, ours_total=_total(self.ours, linked), theirs_total=_total(self.theirs, linked)
        )
        known_ours = {str(head.local_id) for head in self.heads}
        known_theirs = {head.remote_id for head in self.heads}
        new_ours = [_New(found) for id_, found in self.ours.found.items() if id_ not in known_ours]
        new_theirs = [_New(found) for id_, found in self.theirs.found.items() if id_ not in known_theirs]
        for link in self.links.values():
            match link.state:
                case LinkState.LINKED:
                    self._tied(link, plan)
                case LinkState.RELEASED:
                    plan.steps.extend(self._forgotten(link))
                case _:
                    new_ours += self._again(link, self.ours, str(link.local_id))
                    new_theirs += self._again(link, self.theirs, link.remote_id or "")
                    plan.steps.extend(self._forgotten(link))
        self._untied(new_ours, new_theirs, plan)
        return plan

    def _tied(self, link: Link, plan: Plan[T]) -> None:
        mine, other = self._ours(link), self._theirs(link)
        action = self.decide(linked=True, ours=mine.state, theirs=other.state)
        because = mine.because or other.because
        title = self._title(mine.found, other.found, link)
        if action is not ActionKind.NOTHING:
            agreed = self._agreed(link)
            plan.steps.append(Step(action, title, link, mine.found, other.found, agreed, because))
        elif because is not None:
            plan.left_out.append(LeftOut(because, title, link, mine.found, other.found))
        elif mine.state is State.SAME and other.state is State.SAME:
            plan.settled.append(_settled(link, mine.found, other.found))
        else:
            plan.settled.append(_let_be(link, mine.found, other.found))

    def _ours(self, link: Link) -> _Seen[T]:
        changed = self._differs(link.ours_base, self.kind.ours_changed)
        basis = self._as_agreed(str(link.local_id), link.ours_version, link.ours_base)
        return _seen(self.ours, basis, self.kind.going, changed)

    def _theirs(self, link: Link) -> _Seen[T]:
        changed = self._differs(link.theirs_base, self.kind.theirs_changed)
        basis = self._as_agreed(link.remote_id or "", link.theirs_version, link.theirs_base)
        return _seen(self.theirs, basis, self.kind.coming, changed)

    def _differs(self, base: Mapping[str, Any] | None, changed: Callable[[T, T], bool]) -> Callable[[T], bool]:
        return lambda present: base is None or changed(self.kind.load(base), present)

    def _as_agreed(self, id_: str, version: str, base: Mapping[str, Any] | None) -> Found[T]:
        """What a side holds that told of no change."""
        held = self.kind.load(base) if base is not None else None
        return Found(RemoteId(id_), Version(version), held)

    def _agreed(self, link: Link) -> Agreed[T] | None:
        if link.ours_base is None or link.theirs_base is None:
            return None
        return Agreed(self.kind.load(link.ours_base), self.kind.load(link.theirs_base))

    def _forgotten(self, link: Link) -> list[Step[T]]:
        """Rows of which nothing is left on either side."""
        mine = link.local_id is None or str(link.local_id) in self.ours.gone
        other = link.remote_id is None or link.remote_id in self.theirs.gone
        return [Step(ActionKind.FORGET, "", link)] if mine and other else []

    def _again(self, link: Link, look: Look[T], id_: str) -> list[_New[T]]:
        found = look.found.get(id_)
        return [_New(found, link)] if found is not None else []

    # What is tied to nothing

    def _untied(self, ours: Sequence[_New[T]], theirs: Sequence[_New[T]], plan: Plan[T]) -> None:
        readable_ours = {new.found.id: new for new in ours if new.found.object is not None}
        readable_theirs = {new.found.id: new for new in theirs if new.found.object is not None}
        matched = pair(
            [self.kind.candidate(new.found) for new in readable_ours.values()],
            [self.kind.candidate(new.found) for new in readable_theirs.values()],
        )
        for their_id, our_id in matched.items():
            self._matched(readable_ours[RemoteId(our_id)], readable_theirs[RemoteId(their_id)], plan)
        taken = set(matched.values())
        for new in ours:
            if new.found.id not in taken:
                self._alone(new, plan, ours=True)
        for new in theirs:
            if new.found.id not in matched:
                self._alone(new, plan, ours=False)

    def _matched(self, mine: _New[T], other: _New[T], plan: Plan[T]) -> None:
        """Tie what is the same on both sides; where a rule leaves one out, remember that they belong together.

        What lies in the past (R6) is tied as it is: nothing flows before one of the two is edited.
        """
        assert mine.found.object is not None  # noqa: S101 - only what was read is matched
        assert other.found.object is not None  # noqa: S101
        verdicts = (
            self.kind.going(mine.found.object, linked=False),
            self.kind.coming(other.found.object, linked=False),
        )
        because = next((verdict for verdict in verdicts if isinstance(verdict, LeaveOut)), None)
        title, link, spare = self._title(mine.found, other.found), mine.link or other.link, None
        if mine.link is not None and other.link is not None and mine.link.id != other.link.id:
            spare = other.link
        if because is not None and because.rule != "R6":
            plan.left_out.append(LeftOut(because, title, link, mine.found, other.found))
        else:
            plan.steps.append(Step(ActionKind.LINK, title, link, mine.found, other.found, None, because, spare))

    def _alone(self, new: _New[T], plan: Plan[T], *, ours: bool) -> None:
        mine, other = (new.found, None) if ours else (None, new.found)
        title = self._title(mine, other)
        verdict = self._verdict(new.found, ours=ours)
        if isinstance(verdict, LeaveOut):
            plan.left_out.append(LeftOut(verdict, title, new.link, mine, other))
            return
        states = (State.NEW, State.NONE) if ours else (State.NONE, State.NEW)
        action = self.decide(linked=False, ours=states[0], theirs=states[1])
        if action is ActionKind.NOTHING and self.kind.one_way is not None:
            plan.left_out.append(LeftOut(self.kind.one_way, title, new.link, mine, other))
        elif action is not ActionKind.NOTHING:
            plan.steps.append(Step(action, title, new.link, mine, other))

    def _verdict(self, found: Found[T], *, ours: bool) -> Verdict:
        if found.object is None:
            return unreadable(found.problem)
        judge = self.kind.going if ours else self.kind.coming
        return judge(found.object, linked=False)

    def _title(self, mine: Found[T] | None, other: Found[T] | None, link: Link | None = None) -> str:
        base = (link.ours_base or link.theirs_base) if link is not None else None
        shown = next((side.object for side in (mine, other) if side is not None and side.object is not None), None)
        if shown is None and base is not None:
            shown = self.kind.load(base)
        return self.kind.title(shown) if shown is not None else ""


def unreadable(problem: str) -> LeaveOut:
    """The verdict on an object that a side cannot make sense of."""
    return LeaveOut("R22", problem, "Mend the object where it lies; it is looked at again when it changes.")


def _seen(look: Look[T], agreed: Found[T], allowed: Judge[T], changed: Callable[[T], bool]) -> _Seen[T]:
    """The state of one side of a link. What told of no change holds what was agreed."""
    if agreed.id in look.gone:
        return _Seen(State.GONE, None)
    found = look.found.get(agreed.id)
    if found is None:
        return _Seen(State.SAME, agreed)
    if found.object is None:
        return _Seen(State.AWAY, found, unreadable(found.problem))
    verdict = allowed(found.object, linked=True)
    if isinstance(verdict, LeaveOut):
        return _Seen(State.OUT, found, verdict)
    return _Seen(State.CHANGED if changed(found.object) else State.SAME, found)


def _settled(link: Link, mine: Found[T] | None, other: Found[T] | None) -> Link:
    """The link with the versions of objects that say what they said before."""
    return replace(
        link,
        ours_version=mine.version if mine else link.ours_version,
        theirs_version=other.version if other else link.theirs_version,
        seen_ours="",
        seen_theirs="",
        tries=0,
        retry_at=None,
        parked=False,
        problem="",
    )


def _let_be(link: Link, mine: Found[T] | None, other: Found[T] | None) -> Link:
    """The link with the versions of objects that differ from what was agreed and stay so, by the direction (R7, R15).

    Whoever writes one of them later has to know what it holds.
    """
    return replace(
        link,
        seen_ours=mine.version if mine and mine.version != link.ours_version else "",
        seen_theirs=other.version if other and other.version != link.theirs_version else "",
        tries=0,
        retry_at=None,
        parked=False,
        problem="",
    )


def _total(look: Look[T], linked: int) -> int:
    """How many objects a side has; where only changes were listed, as far as we know."""
    return look.total if look.total is not None else max(0, linked - len(look.gone)) + len(look.found)
