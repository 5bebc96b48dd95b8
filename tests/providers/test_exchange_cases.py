"""The sixty events that calendars at Microsoft have to keep, through Exchange Web Services; and what others made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bridge.core import ical, recurrence
from bridge.core.event import Event
from bridge.core.ical_values import identity
from bridge.ports import Create, IdempotencyKey, RemoteId, Stored
from tests.harness import NOW
from tests.providers.calendar_cases import CASES, difference
from tests.providers.exchange_world import CalendarWorld, calendar_world

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


@pytest.fixture(scope="module")
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture(scope="module")
def kept(world: CalendarWorld) -> Kept:
    """All of them, stored and read together."""
    made = dict(zip(CASES, world.open().write([Create(IdempotencyKey(k), v) for k, v in CASES.items()]), strict=True))
    stored = {name: outcome for name, outcome in made.items() if isinstance(outcome, Stored)}
    found = {each.id: each.object for each in world.open().fetch([outcome.id for outcome in stored.values()])}
    return {name: (outcome.id, outcome.object, found.get(outcome.id)) for name, outcome in stored.items()}


@pytest.fixture(scope="module")
def natives(world: CalendarWorld, kept: Kept) -> dict[str, Event | None]:
    """What is read where nothing is there but what Outlook itself can say: no memory of ours."""
    assert kept.keys() == CASES.keys()
    for item in world.folder.items.values():
        for each in (item, *item.exceptions.values()):
            each.props = {key: value for key, value in each.props.items() if key[0] != "extended"}
    ids = {name: id_ for name, (id_, _, _) in kept.items()}
    found = {each.id: each.object for each in world.open().fetch(ids.values())}
    return {name: found.get(id_) for name, id_ in ids.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_kept(kept: Kept, name: str) -> None:
    _, told, found = kept[name]
    assert difference(told, CASES[name]) == ""
    assert difference(found, CASES[name]) == ""


@pytest.mark.parametrize("name", CASES)
def test_what_outlook_made_takes_place_when_it_should(natives: dict[str, Event | None], name: str) -> None:
    found = natives[name]
    assert found is not None
    assert occurrences(found) == occurrences(CASES[name])
