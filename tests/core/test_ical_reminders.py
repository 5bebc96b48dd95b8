"""Reminders written into calendar text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given

from bridge.core import contentline, ical
from bridge.core.event import Event
from bridge.core.ical_reminders import with_reminders
from tests.core.strategies import events
from tests.harness import ics

STAMP = datetime(2026, 11, 21, tzinfo=UTC)
START = "DTSTART:20261201T100000Z"


def alarm(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", *lines, "END:VALARM"))


def written(text: str, *minutes: int) -> str:
    """The text with reminders these minutes before the start."""
    calendar = ical.read(text)
    wanted = replace(ical.event(calendar), reminders=tuple(timedelta(minutes=-number) for number in minutes))
    return contentline.serialize(with_reminders(calendar, wanted))


def reminders(event: Event) -> list[list[timedelta]]:
    return [sorted(one.reminders) for one in (event, *event.overrides)]


@given(events, events)
def test_what_is_written_is_read_again(event: Event, other: Event) -> None:
    calendar = ical.draw(event, stamp=STAMP)
    wanted = replace(ical.event(calendar), reminders=other.reminders)
    changed = with_reminders(calendar, wanted)
    assert reminders(ical.event(changed)) == reminders(wanted)
    assert replace(ical.event(changed), reminders=()) == replace(wanted, reminders=())
    assert with_reminders(changed, wanted) == changed


def test_an_alarm_that_is_still_wanted_keeps_its_bytes() -> None:
    text = ics(START, alarm("TRIGGER:-PT15M", "X-OWN:yes"), alarm("TRIGGER:-PT30M"))
    assert written(text, 30, 15) == text
    changed = written(text, 15, 60)
    assert "TRIGGER:-PT15M\r\nX-OWN:yes" in changed
    assert ("PT30M" in changed, "TRIGGER:-PT1H" in changed) == (False, True)


def test_alarms_that_an_event_cannot_say_stay() -> None:
    odd = (alarm("TRIGGER;VALUE=DATE-TIME:20261201T080000Z"), alarm("TRIGGER;RELATED=END:-PT5M"), alarm("X-NO:TRIGGER"))
    text = ics(START, *odd, alarm("TRIGGER:-PT15M"))
    changed = written(text)
    assert changed == ics(START, *odd)


def test_each_exception_has_reminders_of_its_own() -> None:
    series = Event("a", start=STAMP, recurrence=("RRULE:FREQ=DAILY",), reminders=(timedelta(0),))
    one = Event("a", start=STAMP, recurrence_id=STAMP, reminders=(timedelta(hours=-1),))
    series = replace(series, overrides=(one,))
    calendar = ical.draw(series, stamp=STAMP)
    wanted = replace(series, overrides=(replace(one, reminders=(timedelta(hours=-2),)),))
    assert reminders(ical.event(with_reminders(calendar, wanted))) == [[timedelta(0)], [timedelta(hours=-2)]]
