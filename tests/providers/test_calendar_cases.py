"""The cases themselves: all different, all sound, and all told apart by ``difference``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.core import ical, recurrence
from bridge.core.ical_values import same_moment
from tests.harness import NOW
from tests.providers.calendar_cases import CASES, difference


def test_there_are_sixty_at_least_and_all_differ() -> None:
    assert len(CASES) >= 60
    assert len({repr(event) for event in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_a_sound_event_that_begins_as_it_says(name: str) -> None:
    event = CASES[name]
    assert difference(event, event) == ""
    assert difference(None, event)
    calendar = ical.draw(event, stamp=NOW)
    recurrence.check(calendar)
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    first = next(recurrence.occurrences(calendar, begin, end, UTC))
    assert same_moment(first.start, event.start)
