"""A run that does everything there is to do, cut short before and after each write of either side, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from bridge.providers.memory.misbehaviour import Call, Moment
from tests.services.sync.histories import (
    Create,
    CreateTwins,
    Edit,
    Fails,
    History,
    Killed,
    KilledAtCommit,
    Remove,
    Run,
    Stalled,
    Step,
    Trouble,
    Where,
)
from tests.services.sync.player import Player
from tests.services.sync.playground import Playground, playground
from tests.services.sync.sides import Part, Shape
from tests.system.chaos import amount

# The six things are, by the alphabet: o0, o1, o2 from here and t0, t1, t2 from there. What is new comes before them.
EVERYTHING: tuple[Step, ...] = (
    Edit(Where.OURS, 0, Part.OWN),
    Edit(Where.THEIRS, 0, Part.OWN),
    Edit(Where.OURS, 1, Part.TIME),
    Edit(Where.THEIRS, 3, Part.TITLE),
    Edit(Where.THEIRS, 5, Part.OWN),
    Remove(Where.OURS, 4),
    Remove(Where.THEIRS, 2),
    Create(Where.OURS, Shape.PLAIN),
    Create(Where.OURS, Shape.WHOLE_DAY),
    Create(Where.THEIRS, Shape.SERIES),
    CreateTwins(same_uid=True),
)
KINDS = ("events", "contacts, the least", "events, the least", "contacts")[: amount(quick=1, full=4)]

INTERRUPTIONS: dict[str, tuple[Callable[[int], Trouble], int]] = {
    "killed before a write there": (lambda nth: Killed(nth, Moment.BEFORE), 4),
    "killed after a write there": (lambda nth: Killed(nth, Moment.AFTER), 4),
    "killed before a commit": (lambda nth: KilledAtCommit(nth, Moment.BEFORE), 6),
    "killed after a commit": (lambda nth: KilledAtCommit(nth, Moment.AFTER), 6),
    "stalled before a write there": (lambda nth: Stalled(Call.WRITE, nth, Moment.BEFORE), 4),
    "stalled after a write there": (lambda nth: Stalled(Call.WRITE, nth, Moment.AFTER), 4),
    "a write fails": (lambda nth: Fails(nth, "unsent"), 4),
    "an answer is lost": (lambda nth: Fails(nth, "unheard"), 4),
    "the quota is used up": (lambda nth: Fails(nth, "quota"), 4),
}


@pytest.fixture(scope="module")
def ground(sqlite_template: Path) -> Iterator[Playground]:
    with playground(sqlite_template) as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_cut_short_at_every_write(ground: Playground, kind: str, interruption: str) -> None:
    make, least = INTERRUPTIONS[interruption]
    for nth in count(1):
        player = Player(ground, History(kind, filled=True, steps=(*EVERYTHING, Run(make(nth)))))
        player.play()
        player.calm_down()
        player.check()
        if not player.met:
            break
    assert nth > least  # that many writes there were to cut short
