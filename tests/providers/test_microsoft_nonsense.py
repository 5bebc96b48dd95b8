"""Answers of Microsoft 365 and Exchange that make no sense: an outcome or an error of the port, and never a loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.providers import exchange_world, graph_world
from tests.providers.fault_course import book_objects, calendar_objects
from tests.providers.nonsense import Ordeal, Spoiler
from tests.system.chaos import amount

WORLDS: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar of Microsoft 365": (graph_world.calendar_world, calendar_objects),
    "contacts of Microsoft 365": (graph_world.book_world, partial(book_objects, "several phones")),
    "calendar of Exchange": (exchange_world.calendar_world, calendar_objects),
    "contacts of Exchange": (exchange_world.book_world, partial(book_objects, "several phones")),
}


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(amount(quick=3, full=100)))
def test_nonsense_is_told_and_nothing_is_lost(kind: str, seed: int) -> None:
    opened, objects = WORLDS[kind]
    with opened() as world:
        spoiler = Spoiler(Random(seed))
        Ordeal(world, objects(), spoiler).pass_through()
        assert spoiler.done
