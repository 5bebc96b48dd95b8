"""Files of many objects are taken apart and put together."""

from bridge.core import ical
from bridge.core.contentline import parse

FILE = """BEGIN:VCALENDAR
PRODID:x
METHOD:PUBLISH
X-WR-CALNAME:Name
BEGIN:VEVENT
UID:a
DTSTART;TZID=Europe/Riga:20260101T100000
RRULE:FREQ=DAILY
END:VEVENT
BEGIN:VTIMEZONE
TZID:Europe/Riga
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0200
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
BEGIN:VTODO
UID:b
END:VTODO
BEGIN:VEVENT
UID:a
RECURRENCE-ID;TZID=Europe/Riga:20260102T100000
DTSTART;TZID=Europe/Riga:20260102T110000
END:VEVENT
BEGIN:VEVENT
DTSTART:20260101
END:VEVENT
BEGIN:VEVENT
DTSTART:20260102
END:VEVENT
END:VCALENDAR
"""


def test_a_file_is_taken_apart_and_put_together_again() -> None:
    parts = ical.split(FILE)
    found = [ical.read(part) for part in parts]
    assert [ical.uid(part) for part in found] == ["a", "b", "", ""]
    assert [len(part.components) for part in found] == [3, 1, 1, 1]
    assert all(part.line("METHOD") is None and part.value("X-WR-CALNAME") == "Name" for part in found)
    (joined,) = parse(ical.join(parts))
    assert [component.name for component in joined.components] == [
        "VTIMEZONE",
        "VEVENT",
        "VEVENT",
        "VTODO",
        "VEVENT",
        "VEVENT",
    ]
    again = ical.split(ical.join(parts))
    assert [ical.event(ical.read(part)) for part in again] == [ical.event(part) for part in found]


def test_bare_components_are_a_file_too() -> None:
    (part,) = ical.split("BEGIN:VEVENT\nUID:a\nDTSTART:20260101\nEND:VEVENT\n")
    assert ical.uid(ical.read(part)) == "a"
