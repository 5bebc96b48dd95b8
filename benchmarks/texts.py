"""Calendar texts as a client writes them: the events that do not come from the CRM, and those written meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.corpus import WEEK, Appointment, Kind

_BERLIN = """\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
_STAMP = "DTSTAMP:20261101T080000Z"


def calendar(found: Appointment) -> str:
    """Write an appointment as an iCalendar object with CRLF line ends."""
    zone = _BERLIN.splitlines() if _zoned(found) else ()
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//davbridge//benchmark//EN", *zone, *_events(found))
    return "\r\n".join(folded for line in (*lines, "END:VCALENDAR") for folded in _folded(line)) + "\r\n"


def _events(found: Appointment) -> Iterator[str]:
    yield from _event(found, found.start, found.subject, *_rules(found))
    if found.moved is not None:
        original = found.start + found.moved * WEEK
        named = _time("RECURRENCE-ID", original, found)
        yield from _event(found, original + found.move, f"{found.subject} (moved)", named)


def _event(found: Appointment, start: datetime, subject: str, *more: str) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{found.uid}", _STAMP)
    yield from (_time("DTSTART", start, found), _time("DTEND", start + found.duration, found), f"SUMMARY:{subject}")
    if found.location:
        yield f"LOCATION:{_escaped(found.location)}"
    yield f"DESCRIPTION:{_escaped(found.description)}"
    yield from (*more, "END:VEVENT")


def _rules(found: Appointment) -> Iterator[str]:
    match found.kind:
        case Kind.WEEKLY:
            yield "RRULE:FREQ=WEEKLY;COUNT=10"
            if found.left_out is not None:
                yield _time("EXDATE", found.start + found.left_out * WEEK, found)
        case Kind.MONTHLY:
            until = found.start + timedelta(days=350)  # after the twelfth instance, before the thirteenth
            yield f"RRULE:FREQ=MONTHLY;UNTIL={until:%Y%m%dT%H%M%SZ}"
        case Kind.ENDLESS:
            yield "RRULE:FREQ=WEEKLY"


def _time(name: str, moment: datetime, found: Appointment) -> str:
    if found.kind is Kind.ALL_DAY:
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    if _zoned(found):
        return f"{name};TZID=Europe/Berlin:{moment:%Y%m%dT%H%M%S}"
    return f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _zoned(found: Appointment) -> bool:
    return found.kind in {Kind.ZONED, Kind.WEEKLY, Kind.ENDLESS}


def _escaped(text: str) -> str:
    return text.strip().replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """At most 75 octets in a line, no character cut (RFC 5545 3.1)."""
    rest, room = line, 75
    while len(rest.encode()) > room:
        cut = len(rest.encode()[:room].decode(errors="ignore"))
        yield rest[:cut] if room == 75 else f" {rest[:cut]}"
        rest, room = rest[cut:], 74
    yield rest if room == 75 else f" {rest}"
