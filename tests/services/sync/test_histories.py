"""Generated histories: whatever people do, and whatever befalls a run, in the end both sides agree."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.services.sync.histories import History, histories
from tests.services.sync.player import Player
from tests.services.sync.playground import Playground, playground

SHARES = (100, 101, 102, 103, 104, 200, 201, 203)  # seeds; several, so that several processes may work at once
HISTORIES = int(os.environ.get("DAVBRIDGE_TEST_HISTORIES", "2000"))  # "make soak" plays many more, and others each time
SAME = "DAVBRIDGE_TEST_HISTORIES" not in os.environ
EACH = -(-HISTORIES // len(SHARES))


@pytest.fixture(scope="module")
def ground(sqlite_template: Path) -> Iterator[Playground]:
    with playground(sqlite_template) as opened:
        yield opened


@pytest.mark.parametrize("share", SHARES)
def test_whatever_happens_both_sides_agree_in_the_end(ground: Playground, share: int) -> None:
    played = 0

    @seed(share if SAME else random.getrandbits(64))
    @settings(max_examples=EACH, suppress_health_check=list(HealthCheck), database=None)
    @given(histories())
    def play(history: History) -> None:
        nonlocal played
        player = Player(ground, history)
        player.play()
        player.calm_down()
        player.check()
        played += 1

    play()
    assert played >= EACH
