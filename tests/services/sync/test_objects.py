"""Events and contacts as JSON: whatever can be said comes back as it was."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from bridge.core import ical
from bridge.core.contact import Contact
from bridge.core.event import Event, Moment
from bridge.core.timezones import RuleZone
from bridge.services.sync.objects import contact_from_json, event_from_json, to_json
from tests.core.card_strategies import CONTACTS
from tests.core.strategies import events

RIGA = ZoneInfo("Europe/Riga")
ODD_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Our own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0330\r\n"
    "TZOFFSETTO:+0330\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """What a JSON column gives back."""
    found: dict[str, Any] = json.loads(json.dumps(values))
    return found


@given(events)
def test_every_event_comes_back(event: Event) -> None:
    assert event_from_json(stored(to_json(event))) == event


@given(CONTACTS)
def test_every_contact_comes_back(contact: Contact) -> None:
    assert contact_from_json(stored(to_json(contact))) == contact


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (date(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1, 10), "2026-12-01T10:00:00"),
        (datetime(2026, 12, 1, 10, tzinfo=UTC), "2026-12-01T10:00:00Z"),
        (datetime(2026, 12, 1, 10, tzinfo=RIGA), "2026-12-01T10:00:00+02:00[Europe/Riga]"),
        (datetime(2026, 10, 25, 3, 30, tzinfo=RIGA), "2026-10-25T03:30:00+03:00[Europe/Riga]"),
        (datetime(2026, 10, 25, 3, 30, tzinfo=RIGA, fold=1), "2026-10-25T03:30:00+02:00[Europe/Riga]"),
        (datetime(2026, 12, 1, 10, tzinfo=timezone(timedelta(hours=5.5))), "2026-12-01T10:00:00+05:30"),
    ],
)
def test_a_moment_is_written_as_rfc_9557_says(moment: Moment, text: str) -> None:
    event = Event("a", start=moment)
    assert to_json(event) == {"uid": "a", "start": text}
    back = event_from_json({"uid": "a", "start": text}).start
    assert (back, getattr(back, "fold", 0)) == (moment, getattr(moment, "fold", 0))
    assert not isinstance(moment, datetime) or str(back.tzinfo) == str(moment.tzinfo)  # type: ignore[union-attr]


def test_a_zone_that_only_a_calendar_describes_travels_with_its_rules() -> None:
    text = (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{ODD_ZONE}BEGIN:VEVENT\r\nUID:a\r\n"
        "DTSTART;TZID=Our own:20261201T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    event = ical.event(ical.read(text))
    back = event_from_json(stored(to_json(event)))
    assert isinstance(back.start, datetime)
    assert isinstance(back.start.tzinfo, RuleZone)
    assert back.start.isoformat() == "2026-12-01T10:00:00+03:30"


def test_a_zone_that_is_no_longer_known_leaves_the_instant() -> None:
    back = event_from_json({"uid": "a", "start": "2026-12-01T10:00:00+02:00[Mars/Olympus]"})
    assert back.start == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_exceptions_are_written_as_events() -> None:
    event = Event("a", start=date(2026, 12, 1), recurrence=("RRULE:FREQ=DAILY",))
    event = replace(event, overrides=(replace(event, recurrence=(), recurrence_id=date(2026, 12, 2)),))
    assert to_json(event)["overrides"] == [{"uid": "a", "start": "2026-12-01", "recurrence_id": "2026-12-02"}]
