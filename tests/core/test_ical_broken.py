"""Whatever the text, the answer is a calendar or one of our own errors."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.core import ical, recurrence
from bridge.core.contentline import serialize
from bridge.errors import BridgeError, Invalid

T = TypeVar("T")

STAMP = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

LINES = [
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VTODO",
    "END:VTODO",
    "BEGIN:VALARM",
    "END:VALARM",
    "BEGIN:VTIMEZONE",
    "END:VTIMEZONE",
    "BEGIN:STANDARD",
    "END:STANDARD",
    "UID:u",
    "TZID:Own",
]
NAMES = ["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "TRIGGER", "COMPLETED"]
NAMES += [
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "SUMMARY",
    "CATEGORIES",
    "ATTENDEE",
    "ORGANIZER",
    "SEQUENCE",
    "X-CRM-DEAL",
    "CONFERENCE",
]
PARAMS = [
    "",
    ";VALUE=DATE",
    ";TZID=Own",
    ";TZID=Europe/Riga",
    ";TZID=",
    ';CN="',
    ";;",
    ";=",
    ";RELATED=END",
    ";VALUE=PERIOD",
]
VALUES = [
    "20261201",
    "20261201T100000",
    "20261201T100000Z",
    "00010101T000000",
    "99991231T235959Z",
    "20260230",
    "99999999",
]
VALUES += [
    "P1D",
    "-P99999W",
    "PT99999999H",
    "P",
    "+0200",
    "-9999",
    "+000000",
    "FREQ=DAILY",
    "FREQ=YEARLY;COUNT=3",
    "FREQ=SECONDLY",
]
VALUES += [
    "FREQ=DAILY;UNTIL=00010101",
    "FREQ=MONTHLY;BYDAY=5MO;UNTIL=99991231T235959Z",
    "20261201/P1D",
    "20261201T100000/x",
    "",
]
VALUES += ["-1", "999999999999999999999", "a,b;c\\", "mailto:", "²", ","]

properties = st.builds("{}{}:{}".format, st.sampled_from(NAMES), st.sampled_from(PARAMS), st.sampled_from(VALUES))
events = st.lists(properties, max_size=8).map(
    lambda body: "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", *body, "END:VEVENT", "END:VCALENDAR"])
)
ZONE = ["BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Own", "BEGIN:STANDARD"]
TASK = ["BEGIN:VTODO", "UID:u", "DTSTART;TZID=Own:20261201T100000", "END:VTODO", "END:VCALENDAR"]
zones = st.lists(properties, max_size=5).map(
    lambda body: "\n".join([*ZONE, *body, "END:STANDARD", "END:VTIMEZONE", *TASK])
)
shuffled = st.lists(st.sampled_from(LINES) | properties, max_size=15).map("\n".join)


def attempt(action: Callable[[], T]) -> tuple[T | None, BridgeError | None]:
    """What the action gives, or the error of ours that it ends in."""
    try:
        return action(), None
    except BridgeError as error:
        return None, error


@settings(deadline=None, max_examples=400)
@given(events | zones | shuffled | st.text(max_size=50))
@example("BEGIN:VCALENDAR\n" * 5000 + "END:VCALENDAR\n" * 5000)
def test_broken_text_ends_in_an_error_of_ours_and_everything_else_works(text: str) -> None:
    calendar, refusal = attempt(lambda: ical.read(text))
    if calendar is None:
        assert isinstance(refusal, Invalid)
        assert refusal.condition
        assert str(refusal).endswith(".")
        return
    recurrence.span(calendar, UTC)
    window = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    recurrence.overlaps(calendar, *window, UTC)
    recurrence.expand(calendar, *window, UTC)
    recurrence.limit_recurrence_set(calendar, *window, UTC)
    ical.for_colleague(calendar)
    event = ical.event(calendar)
    assert ical.patch(calendar, event, stamp=STAMP) == calendar
    rendered = ical.read(ical.render(event, stamp=STAMP))
    assert serialize(ical.patch(rendered, event, stamp=STAMP)) == serialize(rendered)


@settings(deadline=None)
@given(shuffled)
def test_a_broken_file_is_split_or_refused(text: str) -> None:
    parts, refusal = attempt(lambda: ical.split(text))
    assert str(refusal) if parts is None else ical.join(parts).endswith("END:VCALENDAR\r\n")
