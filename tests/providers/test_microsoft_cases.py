"""The sixty events that calendars at Microsoft have to keep, through Graph and through Exchange Web Services."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.core import ical, recurrence
from bridge.core.event import Event
from bridge.core.ical_values import identity
from bridge.ports import Create, IdempotencyKey, RemoteId, Side, Stored
from tests.harness import NOW
from tests.providers import exchange_world, graph_world
from tests.providers.calendar_cases import CASES, difference

World = graph_world.CalendarWorld | exchange_world.CalendarWorld
WORLDS: dict[str, Any] = {"graph": graph_world.calendar_world, "exchange": exchange_world.calendar_world}
Kept = dict[str, tuple[RemoteId, Event | None, Event | None]]
"""Where an event is, what a side says that it has stored, and what another one reads."""


def occurrences(event: Event) -> list[tuple[object, ...]]:
    """When an event takes place, and what it says then."""
    begin, end = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 6, 1, tzinfo=UTC)
    found = recurrence.occurrences(ical.draw(event, stamp=NOW), begin, end, UTC)
    return [
        (identity(each.start), identity(each.end), each.component.value("SUMMARY"), each.component.value("LOCATION"))
        for each in found
    ]


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with WORLDS[request.param]() as world:
        yield world


@pytest.fixture(scope="module")
def kept(world: World) -> Kept:
    """All of them, stored and read together."""
    made = dict(zip(CASES, world.open().write([Create(IdempotencyKey(k), v) for k, v in CASES.items()]), strict=True))
    stored = {name: outcome for name, outcome in made.items() if isinstance(outcome, Stored)}
    found = {each.id: each.object for each in world.open().fetch([outcome.id for outcome in stored.values()])}
    return {name: (outcome.id, outcome.object, found.get(outcome.id)) for name, outcome in stored.items()}


@pytest.fixture(scope="module")
def natives(world: World, kept: Kept) -> dict[str, Event | None]:
    """What is read where nothing is there but what Outlook itself can say: no memory of ours."""
    assert kept.keys() == CASES.keys()
    world.forget_marks()
    ids = {name: id_ for name, (id_, _, _) in kept.items()}
    found = {each.id: each.object for each in world.open().fetch(ids.values())}
    return {name: found.get(id_) for name, id_ in ids.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_kept(kept: Kept, name: str) -> None:
    _, stored, found = kept[name]
    assert difference(stored, CASES[name]) == ""
    assert difference(found, CASES[name]) == ""


@pytest.mark.parametrize("name", CASES)
def test_a_case_that_outlook_made_itself_means_the_same(natives: dict[str, Event | None], name: str) -> None:
    event = natives[name]
    assert event is not None
    assert occurrences(event) == occurrences(CASES[name])


def test_all_of_them_are_listed_together(world: World, kept: Kept) -> None:
    side: Side[Event] = world.open()
    listed = side.changes(None).found
    assert len(listed) == len(kept)
    assert not [each for each in listed if each.problem]
