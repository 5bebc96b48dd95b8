"""One calendar item as our ``Event``, without the exceptions of a series. Pure."""

from dataclasses import fields
from datetime import datetime, timedelta, tzinfo

from bridge.core import richtext
from bridge.core.canonical_event import instant
from bridge.core.event import Attendee, Event, Moment, Privacy
from bridge.core.ical_values import format_moment, from_timestamp, timestamp
from bridge.errors import Invalid
from bridge.providers.exchange.fields import MORE, read_own
from bridge.providers.exchange.more import More, read_more
from bridge.providers.exchange.xml import Element, child, flag, rows, text
from bridge.providers.exchange.zones import read_instant, read_moment, zone_of

# Exchange knows no tasks in a calendar, and we write to no attendees (R13).
EXPRESSES = frozenset(each.name for each in fields(Event)) - {"attendees", "kind"}

PROPERTIES = (
    *("item:Subject", "item:Sensitivity", "item:Body", "item:Categories", "item:DateTimeCreated"),
    *("item:ReminderIsSet", "item:ReminderMinutesBeforeStart", "item:LastModifiedTime"),
    *("calendar:UID", "calendar:Start", "calendar:End", "calendar:OriginalStart", "calendar:IsAllDayEvent"),
    *("calendar:LegacyFreeBusyStatus", "calendar:Location", "calendar:IsCancelled", "calendar:CalendarItemType"),
    *("calendar:Organizer", "calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:Recurrence"),
    *("calendar:ModifiedOccurrences", "calendar:DeletedOccurrences", "calendar:StartTimeZone", "calendar:EndTimeZone"),
    "calendar:JoinOnlineMeetingUrl",
)

_PRIVACY = {"Personal": Privacy.PRIVATE, "Private": Privacy.PRIVATE, "Confidential": Privacy.CONFIDENTIAL}
_STATUS = {"Accept": "ACCEPTED", "Decline": "DECLINED", "Tentative": "TENTATIVE", "Organizer": "ACCEPTED"}
_FREE = frozenset(("Free", "WorkingElsewhere"))


def read_event(raw: Element, home: tzinfo) -> Event:
    """Read an item. ``home`` is the zone that is meant where none is told. Raises ``Invalid``."""
    more = read_more(read_own(raw, MORE))
    start, end = read_span(raw, more, home)
    return Event(
        uid=text(raw, "UID") or raw_id(raw),
        summary=text(raw, "Subject"),
        start=start,
        end=end,
        description=read_body(raw),
        location=text(raw, "Location"),
        url=more.url,
        conference_url=more.conference or text(raw, "JoinOnlineMeetingUrl"),
        categories=tuple(each.text or "" for each in rows(raw, "Categories")),
        color=more.color,
        type_key=more.type_key,
        links=more.linked,
        done=more.done,
        cancelled=more.cancelled or flag(raw, "IsCancelled"),
        busy=text(raw, "LegacyFreeBusyStatus") not in _FREE,
        privacy=_PRIVACY.get(text(raw, "Sensitivity"), Privacy.PUBLIC),
        reminders=_reminders(raw, more),
        attendees=tuple(_attendees(raw)),
        created=_instant(raw, "DateTimeCreated"),
        modified=_instant(raw, "LastModifiedTime"),
    )


def raw_id(raw: Element) -> str:
    """The id of an item."""
    found = child(raw, "ItemId")
    return "" if found is None else found.get("Id", "")


def change_key(raw: Element) -> str:
    """The version of an item."""
    found = child(raw, "ItemId")
    return "" if found is None else found.get("ChangeKey", "")


def read_body(raw: Element) -> str:
    """The plain text of the body, without the line end that Exchange adds to a text."""
    body = child(raw, "Body")
    if body is None:
        return ""
    said = text(body).replace("\r\n", "\n")
    return richtext.to_text(said).strip("\n") if body.get("BodyType") == "HTML" else said.rstrip("\n")


def read_zone(raw: Element, name: str, meant: str, home: tzinfo) -> tzinfo | None:
    """The zone of a start or an end."""
    found = child(raw, name)
    return zone_of("" if found is None else found.get("Id", ""), meant, home)


def read_span(raw: Element, more: More, home: tzinfo) -> tuple[Moment, Moment]:
    """Start and end. A single event in a zone that nobody knows is told in UTC; a series cannot be."""
    zone = read_zone(raw, "StartTimeZone", more.zone, home)
    if zone is None and child(raw, "Recurrence") is not None:
        raise Invalid("The series recurs in a time zone that nobody knows.")
    whole_day = flag(raw, "IsAllDayEvent")
    zone = zone or home
    start = read_moment(text(raw, "Start"), zone, whole_day=whole_day)
    other = zone if whole_day else read_zone(raw, "EndTimeZone", more.zone, home) or zone
    end = read_moment(text(raw, "End"), other, whole_day=whole_day)
    if isinstance(end, datetime) and timestamp(end) < timestamp(start):
        raise Invalid("The event ends before it starts.")
    if not isinstance(end, datetime) and end <= start:
        end = start + timedelta(days=1)
    return start, end


def minutes_before(offset: timedelta) -> int | None:
    """The reminder that Exchange can set for an offset from the start."""
    return -(offset // timedelta(minutes=1)) if offset <= timedelta() else None


def the_one(reminders: tuple[timedelta, ...]) -> int | None:
    """Of several reminders, the one that Exchange gets: the last before the start, in minutes before it."""
    return min((each for each in map(minutes_before, reminders) if each is not None), default=None)


def moment_name(moment: Moment) -> str:
    """How an occurrence is remembered: its start, as an instant or a day."""
    return format_moment(instant(moment) or moment)


def in_zone(moment: datetime, like: Moment | None) -> datetime:
    """An instant in the zone of another time."""
    zone = like.tzinfo if isinstance(like, datetime) else None
    return moment if zone is None else from_timestamp(timestamp(moment), zone)


def _reminders(raw: Element, more: More) -> tuple[timedelta, ...]:
    """What is set, and what is remembered besides as long as it fits."""
    try:
        minutes = int(text(raw, "ReminderMinutesBeforeStart") or 0) if flag(raw, "ReminderIsSet") else None
        remembered = tuple(timedelta(seconds=each or 0) for each in more.reminders)
    except (ValueError, OverflowError) as error:
        raise Invalid("The event has a reminder that cannot be read.") from error
    if remembered and the_one(remembered) == minutes:
        return remembered
    return () if minutes is None else (timedelta(minutes=-minutes),)


def _attendees(raw: Element) -> list[Attendee]:
    found = []
    organizer = child(raw, "Organizer", "Mailbox")
    others = [each for name in ("RequiredAttendees", "OptionalAttendees") for each in rows(raw, name)]
    if organizer is not None and others:
        found.append(Attendee(text(organizer, "EmailAddress"), text(organizer, "Name"), "ACCEPTED", organizer=True))
    for each in others:
        status = _STATUS.get(text(each, "ResponseType"), "NEEDS-ACTION")
        found.append(Attendee(text(each, "Mailbox", "EmailAddress"), text(each, "Mailbox", "Name"), status))
    return found


def _instant(raw: Element, name: str) -> datetime | None:
    try:
        return read_instant(text(raw, name))
    except Invalid:
        return None
