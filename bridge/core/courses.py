"""Which way a part of an object travels between two sides, given what each held when they last agreed (R23)."""

from dataclasses import dataclass
from enum import StrEnum


class Winner(StrEnum):
    """Who decides about a part that both sides changed; ``NEITHER`` leaves each as it is until a person decides."""

    OURS = "ours"
    THEIRS = "theirs"
    NEITHER = "neither"


class Way(StrEnum):
    """Where a value travels."""

    STAY = "stay"
    HERE = "here"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Said:
    """What the two sides said about a part, then and now, in a form that can be compared; ``""`` for nothing."""

    then_ours: str
    then_theirs: str
    ours: str
    theirs: str

    @property
    def ours_changed(self) -> bool:
        """Whether we say something else than when both sides agreed."""
        return self.ours != self.then_ours

    @property
    def theirs_changed(self) -> bool:
        """Whether they say something else."""
        return self.theirs != self.then_theirs


@dataclass(frozen=True, slots=True)
class Course:
    """The way of a part, and whether a conflict was decided, or left open, by it."""

    way: Way
    conflict: bool = False


_WINS = {Winner.OURS: Way.THERE, Winner.THEIRS: Way.HERE, Winner.NEITHER: Way.STAY}


def course(said: Said, winner: Winner) -> Course:
    """Let a part travel from the side that changed it. Only what both changed to different values is a conflict."""
    if said.ours == said.theirs:
        return Course(Way.STAY)
    if said.ours_changed and said.theirs_changed:
        return Course(_WINS[winner], conflict=True)
    if said.theirs_changed:
        return Course(Way.HERE)
    return Course(Way.THERE if said.ours_changed else Way.STAY)


def presence(said: Said) -> Way:
    """The way of an element that one side lacks: an edit and an addition beat a removal."""
    if said.ours:
        if said.ours_changed:
            return Way.THERE
        return Way.HERE if said.theirs_changed else Way.STAY
    if said.theirs_changed:
        return Way.HERE
    return Way.THERE if said.ours_changed else Way.STAY
