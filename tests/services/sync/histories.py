"""What may happen to two sides that are kept in step, as data: people's edits, runs, and what befalls a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from hypothesis import strategies as st

from bridge.providers.memory.misbehaviour import Call, Moment
from tests.services.sync.playground import VARIANTS
from tests.services.sync.sides import Part, Shape


class Where(StrEnum):
    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Create:
    """Somebody adds a thing."""

    where: Where
    shape: Shape


@dataclass(frozen=True, slots=True)
class CreateTwins:
    """Somebody adds the same thing to both sides: as a program that copies it, or by hand."""

    same_uid: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody changes the thing that comes at this place in the alphabet."""

    where: Where
    pick: int
    part: Part


@dataclass(frozen=True, slots=True)
class Remove:
    """Somebody deletes a thing."""

    where: Where
    pick: int


@dataclass(frozen=True, slots=True)
class CopyThere:
    """Somebody duplicates a thing there, our stamp with it, and calls it otherwise."""

    pick: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Every token expires."""


@dataclass(frozen=True, slots=True)
class Killed:
    """The process dies at its n-th write there."""

    nth: int
    moment: Moment


@dataclass(frozen=True, slots=True)
class KilledAtCommit:
    """The process dies at its n-th own transaction."""

    nth: int
    moment: Moment


@dataclass(frozen=True, slots=True)
class Stalled:
    """The n-th call takes longer than the lease, and another process runs the connection meanwhile."""

    call: Call
    nth: int
    moment: Moment


@dataclass(frozen=True, slots=True)
class Fails:
    """The n-th write fails, before it is done or when its answer is on the way, or the quota is used up."""

    nth: int
    how: str


@dataclass(frozen=True, slots=True)
class Slow:
    """The n-th write takes long."""

    nth: int
    by: timedelta


@dataclass(frozen=True, slots=True)
class Doubled:
    """The n-th write is delivered twice."""

    nth: int


@dataclass(frozen=True, slots=True)
class Lags:
    """A listing or a fetch tells of earlier times."""

    call: Call
    writes: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """A listing breaks off, or makes no sense."""

    how: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """Nobody may sign in for a while."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Somebody works while the run does: at its n-th call."""

    act: Edit | Remove
    nth: int
    moment: Moment


Trouble = Killed | KilledAtCommit | Stalled | Fails | Slow | Doubled | Lags | Garbled | Revoked | Meanwhile


@dataclass(frozen=True, slots=True)
class Run:
    """A run, and what befalls it."""

    trouble: Trouble | None = None


Step = Create | CreateTwins | Edit | Remove | CopyThere | Forget | Run


@dataclass(frozen=True, slots=True)
class History:
    """Steps, on one kind of flow that begins empty or filled."""

    variant: str
    filled: bool
    steps: tuple[Step, ...]


_where = st.sampled_from(Where)
_pick = st.integers(0, 5)
_nth = st.integers(1, 4)
_moment = st.sampled_from(Moment)
_part = st.sampled_from(Part)
_edits = st.builds(Edit, _where, _pick, _part)
_removals = st.builds(Remove, _where, _pick)
_creations = st.builds(Create, _where, st.sampled_from(Shape))
_troubles: st.SearchStrategy[Trouble] = st.one_of(
    st.builds(Killed, _nth, _moment),
    st.builds(KilledAtCommit, st.integers(1, 16), _moment),
    st.builds(Stalled, st.sampled_from((Call.WRITE, Call.CHANGES, Call.FETCH)), _nth, _moment),
    st.builds(Fails, _nth, st.sampled_from(("unsent", "unheard", "quota"))),
    st.builds(Slow, _nth, st.sampled_from((timedelta(seconds=30), timedelta(minutes=3)))),
    st.builds(Doubled, _nth),
    st.builds(Lags, st.sampled_from((Call.CHANGES, Call.FETCH)), st.integers(1, 4)),
    st.builds(Garbled, st.sampled_from(("breaks off", "leaves out", "repeats"))),
    st.builds(Revoked),
    st.builds(Meanwhile, st.one_of(_edits, _removals), _nth, _moment),
)
_people: st.SearchStrategy[Step] = st.one_of(
    _edits, _edits, _edits, _creations, _creations, _removals, st.builds(CreateTwins, st.booleans()),
    st.builds(CopyThere, _pick), st.builds(Forget),
)  # fmt: skip
_runs: st.SearchStrategy[Step] = st.one_of(st.builds(Run, _troubles), st.builds(Run))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """People work, a run meets trouble, and so again, ten steps at most: the end of it is for the player."""
    variant = draw(st.sampled_from(sorted(VARIANTS)))
    filled = draw(st.booleans())
    steps = draw(st.lists(_people, min_size=1, max_size=4))
    steps += [draw(st.builds(Run, _troubles))]
    steps += draw(st.lists(st.one_of(_people, _people, _runs), max_size=5))
    return History(variant, filled, tuple(steps))
