"""Texts of calendar objects, and what two of them have in common."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bridge.core import ical
from bridge.core.contentline import Component, serialize

RIGA = ZoneInfo("Europe/Riga")
STAMP = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=RIGA)
TEN = datetime(2026, 12, 1, 10, 0, tzinfo=RIGA)
DAY = date(2026, 12, 1)

MEETING = """\
UID:abc
DTSTAMP:20260101T000000Z
DTSTART;X-VOBJ=1;TZID=Europe/Riga:20261201T090000
DTEND;TZID=Europe/Riga:20261201T100000
SUMMARY;LANGUAGE=lv:Sapulce ar ļoti garu nosaukumu\\, kas ir salocīts pa
  vidu
DESCRIPTION;ALTREP="cid:1":Text
X-ALT-DESC;FMTTYPE=text/html:<b>Text</b>
X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Rīga;1,a":geo:56.9,24.1
x-odd;P=A^'b:a,b;c\\;d
X-JUNK WITHOUT COLON
SEQUENCE:3
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER;X-MOZ=1:-PT15M
X-MOZ-LASTACK:20260101T000000Z
END:VALARM
BEGIN:X-INNER
SUMMARY:not ours
END:X-INNER
"""


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def calendar(body: str, kind: str = "VEVENT") -> Component:
    return ical.read(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:{kind}\r\n{lines(body)}END:{kind}\r\nEND:VCALENDAR\r\n")


def body_of(text: str, kind: str = "VEVENT") -> list[str]:
    _, _, rest = text.partition(f"BEGIN:{kind}\r\n")
    return rest.partition(f"END:{kind}\r\n")[0].split("\r\n")[:-1]


def changes(before: Component, after: Component) -> tuple[list[str], list[str]]:
    """The lines of the object that went, and those that came, without the stamps."""
    kind = ical.component_kind(after)
    old = body_of(serialize(before), ical.component_kind(before))
    new = [line for line in body_of(serialize(after), kind) if not line.startswith(("DTSTAMP:", "LAST-MODIFIED:"))]
    return [line for line in old if line not in new and not line.startswith("DTSTAMP:")], [
        x for x in new if x not in old
    ]
