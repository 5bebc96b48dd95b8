"""What is no calendar, and what is no calendar object resource (RFC 4791 4.1)."""

import pytest

from bridge.core import ical
from bridge.errors import Invalid


@pytest.mark.parametrize(
    ("text", "condition", "sentence"),
    [
        ("", "C:valid-calendar-data", "no VCALENDAR"),
        ("BEGIN:VEVENT\nEND:VEVENT\n", "C:valid-calendar-data", "no VCALENDAR"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", "C:valid-calendar-data", "more than one"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCARD\nEND:VCARD\n", "C:valid-calendar-data", "more than a VCALENDAR"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "C:valid-calendar-object-resource", "no event"),
        ("BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n", "C:valid-calendar-object-resource", "METHOD"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n", "C:valid-calendar-data", "has no END"),
    ],
)
def test_what_is_no_calendar_is_refused(text: str, condition: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as caught:
        ical.read(text)
    assert caught.value.condition == condition


@pytest.mark.parametrize(
    ("objects", "condition", "sentence"),
    [
        (
            ["VEVENT\nUID:a\nDTSTART:20260101", "VEVENT\nUID:b\nDTSTART:20260101"],
            "C:valid-calendar-object-resource",
            "UIDs",
        ),
        (["VEVENT\nDTSTART:20260101", "VEVENT\nDTSTART:20260101"], "C:valid-calendar-object-resource", "UIDs"),
        (
            ["VEVENT\nUID:a\nDTSTART:20260101", "VEVENT\nUID:a\nDTSTART:20260101"],
            "C:valid-calendar-object-resource",
            "more than once",
        ),
        (["VEVENT\nUID:a\nDTSTART:20260101", "VTODO\nUID:a"], "C:valid-calendar-object-resource", "mixes"),
        (["VEVENT\nUID:a"], "C:valid-calendar-data", "without DTSTART"),
        (["VEVENT\nUID:a\nDTSTART:tomorrow"], "C:valid-calendar-data", "no date or time"),
        (["VEVENT\nUID:a\nDTSTART:00000101"], "C:valid-calendar-data", "no date or time"),
        (["VEVENT\nUID:a\nDTSTART:20260230"], "C:valid-calendar-data", "no date or time"),
        (["VEVENT\nUID:a\nDTSTART:20260101\nDTEND:x"], "C:valid-calendar-data", "no date or time"),
        (["VEVENT\nUID:a\nDTSTART:20260101\nDURATION:x"], "C:valid-calendar-data", "no duration"),
        (["VEVENT\nUID:a\nDTSTART:20260101\nRRULE:FREQ=SOMETIMES"], "C:valid-calendar-data", "no usable FREQ"),
        (["VEVENT\nUID:a\nDTSTART:20260101\nRRULE:FREQ=SECONDLY"], "C:valid-calendar-data", "needs an end"),
    ],
)
def test_what_is_no_resource_is_refused(objects: list[str], condition: str, sentence: str) -> None:
    inner = "".join(f"BEGIN:{text}\nEND:{text.splitlines()[0]}\n" for text in objects)
    with pytest.raises(Invalid, match=sentence) as caught:
        ical.read(f"BEGIN:VCALENDAR\n{inner}END:VCALENDAR\n")
    assert caught.value.condition == condition
