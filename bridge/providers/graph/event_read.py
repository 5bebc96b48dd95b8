"""One event of Graph as our ``Event``. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from bridge.core.event import Attendee, Event, Moment, Privacy
from bridge.errors import Invalid, MappingError
from bridge.providers.graph.body import read_body
from bridge.providers.graph.marks import (
    CANCELLED,
    COLOR,
    DONE,
    MEETING,
    REMINDERS,
    RULE,
    START,
    TYPE,
    URL,
    ZONE,
    Memory,
    list_of,
    memory,
    text_of,
)
from bridge.providers.graph.pattern_read import read_rule, says
from bridge.providers.graph.pattern_write import write_recurrence
from bridge.providers.graph.times import read_instant, read_time
from bridge.providers.windows_names import zone_of

Raw = Mapping[str, Any]

# Nobody is mailed by us (R13), and there are no tasks among events.
EXPRESSES = frozenset(each.name for each in fields(Event)) - {"attendees", "kind"}

PRIVACY = {"private": Privacy.PRIVATE, "personal": Privacy.PRIVATE, "confidential": Privacy.CONFIDENTIAL}
FREE = frozenset(("free", "workingElsewhere"))
MASTER = "seriesMaster"

_STATUS = {
    "organizer": "ACCEPTED",
    "accepted": "ACCEPTED",
    "declined": "DECLINED",
    "tentativelyAccepted": "TENTATIVE",
}


def read_event(raw: Raw, known: Memory | None = None) -> Event:
    """Read one event, without the exceptions of a series. Raises ``Invalid``.

    ``known`` is what we remember of it, if it is not noted at the event itself.
    """
    found = memory(raw) if known is None else known
    zone = _zone(raw, found)
    whole = raw.get("isAllDay") is True
    start, end = (read_time(raw.get(name), whole_day=whole, zone=zone) for name in ("start", "end"))
    start, end, recurrence = _series(raw, found, start, end)
    return Event(
        uid=text(raw, "iCalUId") or text(raw, "id"),
        summary=text(raw, "subject"),
        start=start,
        end=end,
        description=read_body(raw.get("body"), meeting=is_meeting(raw)),
        location=place(raw),
        url=text_of(found, URL),
        conference_url=text_of(found, MEETING) or join_url(raw),
        categories=tuple(texts(raw, "categories")),
        color=text_of(found, COLOR),
        type_key=text_of(found, TYPE),
        done=found.get(DONE) is True,
        cancelled=found.get(CANCELLED) is True or raw.get("isCancelled") is True,
        busy=text(raw, "showAs") not in FREE,
        privacy=PRIVACY.get(text(raw, "sensitivity"), Privacy.PUBLIC),
        reminders=reminders(raw, found),
        attendees=_attendees(raw),
        recurrence=recurrence,
        created=read_instant(raw.get("createdDateTime")),
        modified=read_instant(raw.get("lastModifiedDateTime")),
    )


def text(raw: Raw, name: str) -> str:
    """A text, or nothing: unset ones come as null or as nothing."""
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def texts(raw: Raw, name: str) -> list[str]:
    """The texts of a list."""
    found = raw.get(name)
    return [each for each in found if isinstance(each, str) and each] if isinstance(found, list) else []


def place(raw: Raw) -> str:
    """The name of the place."""
    found = raw.get("location")
    return text(found, "displayName") if isinstance(found, Mapping) else ""


def is_meeting(raw: Raw) -> bool:
    """Whether people meet online, so that a part of the body is not its writer's."""
    return raw.get("isOnlineMeeting") is True


def join_url(raw: Raw) -> str:
    """Where people meet online."""
    found = raw.get("onlineMeeting")
    return (text(found, "joinUrl") if isinstance(found, Mapping) else "") or text(raw, "onlineMeetingUrl")


def reminders(raw: Raw, found: Memory) -> tuple[timedelta, ...]:
    """The reminder that Outlook knows, or all that we know as long as that one is among them."""
    minutes = raw.get("reminderMinutesBeforeStart")
    on = raw.get("isReminderOn") is True and isinstance(minutes, int)
    native = (timedelta(minutes=-minutes),) if on and isinstance(minutes, int) else ()
    kept = tuple(timedelta(seconds=each) for each in list_of(found, REMINDERS) if isinstance(each, int))
    return kept if kept and outlooks(kept) == native else native


def outlooks(offsets: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    """The one of these reminders that Outlook is to know: the last one in whole minutes that is not after the start."""
    fitting = [each for each in offsets if each <= timedelta() and not each % timedelta(minutes=1)]
    return (max(fitting),) if fitting else ()


def has_guests(raw: Raw) -> bool:
    """Whether a change of the event makes Graph write to somebody: we are its organizer, and there are guests."""
    guests = raw.get("attendees")
    return raw.get("isOrganizer") is not False and isinstance(guests, list) and bool(guests)


def _zone(raw: Raw, found: Memory) -> tzinfo | None:
    """The zone in which an event was meant. Raises ``Invalid`` for a series in one that nobody knows."""
    recurrence = raw.get("recurrence")
    span = recurrence.get("range") if isinstance(recurrence, Mapping) else None
    name = (text(span, "recurrenceTimeZone") if isinstance(span, Mapping) else "") or text(raw, "originalStartTimeZone")
    zone = zone_of(name, text_of(found, ZONE)) or zone_of(text(raw, "originalStartTimeZone"), text_of(found, ZONE))
    if zone is None and isinstance(recurrence, Mapping) and raw.get("isAllDay") is not True:
        raise Invalid(f"The series is in a time zone that nobody knows ({name[:100] or 'it has no name'}).")
    return zone


def _series(raw: Raw, found: Memory, start: Moment, end: Moment) -> tuple[Moment, Moment, tuple[str, ...]]:
    """The first start, its end, and the rule: as they were given to us where that is what is there."""
    recurrence = raw.get("recurrence")
    if not isinstance(recurrence, Mapping):
        return start, end, ()
    rule = text_of(found, RULE)
    given = _given_start(text_of(found, START), start)
    if rule and _means(rule, given, recurrence, start):
        return given, given + _length(start, end), (rule,)
    return start, end, (read_rule(recurrence, start),)


def _length(start: Moment, end: Moment) -> timedelta:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end - start
    return date(end.year, end.month, end.day) - date(start.year, start.month, start.day)


def _given_start(told: str, start: Moment) -> Moment:
    try:
        wall = datetime.fromisoformat(told) if told else None
    except ValueError:
        wall = None
    if wall is None:
        return start
    return wall.replace(tzinfo=start.tzinfo) if isinstance(start, datetime) else wall.date()


def _means(rule: str, given: Moment, recurrence: Raw, start: Moment) -> bool:
    """Whether a rule that we remember is what the series there still follows."""
    try:
        written, first = write_recurrence(rule, given)
    except MappingError:
        return False
    return says(written) == says(recurrence) and first == start


def _attendees(raw: Raw) -> tuple[Attendee, ...]:
    """Guests, and who invited them. Nobody is one where there are no guests."""
    found = raw.get("attendees")
    guests = [_attendee(row) for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    if not guests:
        return ()
    host = raw.get("organizer")
    address = host.get("emailAddress") if isinstance(host, Mapping) else None
    if not isinstance(address, Mapping) or not text(address, "address"):
        return tuple(guests)
    organizer = Attendee(text(address, "address"), text(address, "name"), "ACCEPTED", organizer=True)
    return (organizer, *(each for each in guests if each.email.casefold() != organizer.email.casefold()))


def _attendee(row: Raw) -> Attendee:
    address, status = row.get("emailAddress"), row.get("status")
    answer = text(status, "response") if isinstance(status, Mapping) else ""
    who = address if isinstance(address, Mapping) else {}
    return Attendee(text(who, "address"), text(who, "name"), _STATUS.get(answer, "NEEDS-ACTION"))


def on_day(day: date, series: Event) -> Moment:
    """The occurrence of a series on a day: its patterns have one a day at most."""
    if not isinstance(series.start, datetime):
        return day
    return datetime.combine(day, time(series.start.hour, series.start.minute, series.start.second), series.start.tzinfo)
