"""One event of Google Calendar and our ``Event``. Pure.

What Google has no field for travels in private extended properties, which belong to one copy of an event. They are
copied when somebody splits a series, so that nothing is proved by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlsplit

from bridge.core.event import Attendee, Event, EventKind, Privacy
from bridge.errors import Invalid, MappingError
from bridge.providers.google.colors import color_id, color_name
from bridge.providers.google.event_text import read_text, write_text
from bridge.providers.google.times import read_time, span

Raw = Mapping[str, Any]

# Google has no categories, writes to no attendees for us (R13), and knows no tasks here.
EXPRESSES = frozenset(each.name for each in fields(Event)) - {"attendees", "categories", "kind"}

UID, TYPE, DONE, CANCELLED = "davbridgeUid", "davbridgeType", "davbridgeDone", "davbridgeCancelled"
COLOR, URL, CONFERENCE = "davbridgeColor", "davbridgeUrl", "davbridgeConference"

_PRIVACY = {"private": Privacy.PRIVATE, "confidential": Privacy.CONFIDENTIAL}
_STATUS = {"accepted": "ACCEPTED", "declined": "DECLINED", "tentative": "TENTATIVE"}
_MADE_THERE = frozenset(
    (
        *("kind", "etag", "id", "htmlLink", "created", "updated", "creator", "organizer", "iCalUID", "hangoutLink"),
        *("sequence", "locked"),
    )
)
_USUAL = {"transparency": "opaque", "visibility": "default"}  # what Google takes absent ones for
_LONGEST_VALUE = 1024  # characters of an extended property
_LONGEST_CONFERENCE = 1300
_LAST_REMINDER = 40320  # minutes
_MOST_REMINDERS = 5


def read_event(raw: Raw, defaults: Sequence[timedelta] = (), zone: tzinfo | None = None) -> Event:
    """Read one event, without the exceptions of a series. Raises ``Invalid``.

    ``defaults`` are the reminders of the calendar, ``zone`` is its zone, for times that name none.
    """
    own = private(raw)
    start, end = read_time(raw.get("start"), zone), read_time(raw.get("end"), zone)
    if isinstance(start, datetime) is not isinstance(end, datetime):
        raise Invalid("The event begins with a time and ends with a day, or the other way round.")
    return Event(
        uid=text(raw, "iCalUID") or f"{text(raw, 'id')}@google.com",
        summary=text(raw, "summary"),
        start=start,
        end=end,
        description=read_text(text(raw, "description")),
        location=text(raw, "location"),
        url=_url(raw),
        conference_url=conference(raw),
        color=_color(raw),
        type_key=own.get(TYPE, ""),
        done=own.get(DONE) == "1",
        cancelled=own.get(CANCELLED) == "1",
        busy=raw.get("transparency") != "transparent",
        privacy=_PRIVACY.get(text(raw, "visibility"), Privacy.PUBLIC),
        reminders=_reminders(raw, defaults),
        attendees=tuple(_attendee(row) for row in _rows(raw, "attendees")),
        recurrence=recurrence_of(raw),
        created=_instant(raw, "created"),
        modified=_instant(raw, "updated"),
    )


def write_event(event: Event, raw: Raw, zone: tzinfo, defaults: Sequence[timedelta] = ()) -> dict[str, Any]:
    """The body that makes ``raw``, what is there (or nothing), say what ``event`` does.

    Everything else that is there stays, attendees included. Raises ``MappingError``.
    """
    if event.kind is not EventKind.EVENT:
        raise MappingError("kind", "A task cannot be stored in Google Calendar.")
    body = settable(raw)
    start, end = span(event.start, event.end, zone, recurs=bool(event.recurrence))
    body |= {
        "summary": event.summary,
        "location": event.location,
        "description": write_text(event.description, text(raw, "description")),
        "transparency": "opaque" if event.busy else "transparent",
        "visibility": _visibility(event, raw),
        "recurrence": list(event.recurrence),
        "colorId": color_id(event.color),
    }
    body |= _kept_times(raw, {"start": start, "end": end}, zone)
    own = private(raw) | {
        TYPE: event.type_key,
        DONE: "1" if event.done else "",
        CANCELLED: "1" if event.cancelled else "",
        COLOR: f"{event.color}:{body['colorId']}" if color_name(body["colorId"]) != event.color else "",
    }
    if not raw:
        own[UID] = event.uid
    _write_url(body, own, event, raw)
    _write_conference(body, own, event, raw)
    body["extendedProperties"] = _extended(raw, own)
    if not raw or set(_reminders(raw, defaults)) != set(event.reminders):
        body["reminders"] = _write_reminders(event, raw)
    return {name: value for name, value in body.items() if value and (name in raw or _USUAL.get(name) != value)}


def settable(raw: Raw) -> dict[str, Any]:
    """What of an event may be sent back."""
    return {name: value for name, value in raw.items() if name not in _MADE_THERE}


def private(raw: Raw) -> dict[str, str]:
    """The private extended properties of an event."""
    found = raw.get("extendedProperties")
    own = found.get("private") if isinstance(found, Mapping) else None
    return {str(name): str(value) for name, value in own.items()} if isinstance(own, Mapping) else {}


def text(raw: Raw, name: str) -> str:
    """A text, or nothing."""
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def recurrence_of(raw: Raw) -> tuple[str, ...]:
    """The lines of a series' rule; nothing for any other event."""
    found = raw.get("recurrence")
    return tuple(line for line in found if isinstance(line, str)) if isinstance(found, list) else ()


def conference(raw: Raw) -> str:
    """Where people meet online."""
    data = raw.get("conferenceData")
    points = _rows(data, "entryPoints") if isinstance(data, Mapping) else []
    video = (text(point, "uri") for point in points if point.get("entryPointType") == "video")
    return private(raw).get(CONFERENCE) or next(video, "") or text(raw, "hangoutLink")


def without_conference(body: dict[str, Any], url: str) -> dict[str, Any]:
    """The same event for a Google that takes no conference from us: its address is kept in a property of our own."""
    plain = {name: value for name, value in body.items() if name != "conferenceData"}
    return plain | {"extendedProperties": _extended(body, private(body) | {CONFERENCE: url})}


def _url(raw: Raw) -> str:
    source = raw.get("source")
    return private(raw).get(URL) or (text(source, "url") if isinstance(source, Mapping) else "")


def _write_url(body: dict[str, Any], own: dict[str, str], event: Event, raw: Raw) -> None:
    """Google links to a source for who made an event; for anybody else's, the address is kept in a property."""
    if event.url == _url(raw):
        return
    creator = raw.get("creator")
    made_here = not raw or (isinstance(creator, Mapping) and creator.get("self") is True)
    linkable = made_here and (not event.url or urlsplit(event.url).scheme in {"http", "https"})
    own[URL] = "" if linkable else event.url
    if linkable:
        body["source"] = {"url": event.url, "title": event.summary or event.url} if event.url else {}


def _write_conference(body: dict[str, Any], own: dict[str, str], event: Event, raw: Raw) -> None:
    wanted = event.conference_url
    if wanted == conference(raw):
        return
    plain = urlsplit(wanted).scheme in {"http", "https"} and len(wanted) <= _LONGEST_CONFERENCE
    own[CONFERENCE] = "" if plain else wanted
    name = urlsplit(wanted).hostname or "Online"
    entry = {"entryPointType": "video", "uri": wanted}
    data = {"conferenceSolution": {"key": {"type": "addOn"}, "name": name}, "entryPoints": [entry]}
    body["conferenceData"] = data if plain else {}


def _extended(raw: Raw, own: Mapping[str, str]) -> dict[str, Any]:
    """All extended properties, without ours that say nothing. Raises ``MappingError`` for what is too long."""
    if any(len(value) > _LONGEST_VALUE for value in own.values()):
        raise MappingError("url", "An address of this event is too long for Google Calendar.")
    found = raw.get("extendedProperties")
    others = dict(found) if isinstance(found, Mapping) else {}
    kept = {name: value for name, value in own.items() if value or not name.startswith("davbridge")}
    return {name: value for name, value in {**others, "private": kept}.items() if value}


def _visibility(event: Event, raw: Raw) -> str:
    there = text(raw, "visibility")
    if there and _PRIVACY.get(there, Privacy.PUBLIC) is event.privacy:
        return there
    return {Privacy.PRIVATE: "private", Privacy.CONFIDENTIAL: "confidential"}.get(event.privacy, "default")


def _kept_times(raw: Raw, written: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Start and end as they are there where they say the same: another spelling would be an edit."""

    def same(name: str) -> bool:
        there = raw.get(name)
        if not isinstance(there, Mapping) or there.get("timeZone", "") != written[name].get("timeZone", ""):
            return False
        try:
            return read_time(there, zone) == read_time(written[name], zone)
        except Invalid:
            return False

    return {name: raw[name] if same(name) else written[name] for name in written}


def _color(raw: Raw) -> str:
    present = text(raw, "colorId")
    name, _, number = private(raw).get(COLOR, "").rpartition(":")
    return name if name and number == present else color_name(present)


def _reminders(raw: Raw, defaults: Sequence[timedelta]) -> tuple[timedelta, ...]:
    found = raw.get("reminders")
    if not isinstance(found, Mapping):
        return ()
    if found.get("useDefault"):
        return tuple(defaults)
    return offsets(found.get("overrides"))


def offsets(rows: object) -> tuple[timedelta, ...]:
    """Google's reminders as offsets from the start; each once, whether they come as mail or on a screen."""
    found = [row.get("minutes") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return tuple(dict.fromkeys(timedelta(minutes=-each) for each in found if isinstance(each, int)))


def _write_reminders(event: Event, raw: Raw) -> dict[str, Any]:
    """Reminders before the start, as far as Google goes. Those that are there stay what they are, such as mail."""
    there = raw.get("reminders")
    rows = _rows(there, "overrides") if isinstance(there, Mapping) else []
    wanted = sorted({-(offset // timedelta(minutes=1)) for offset in event.reminders})
    minutes = [each for each in wanted if 0 <= each <= _LAST_REMINDER]
    kept = [dict(row) for row in rows if row.get("minutes") in minutes]
    known = {row.get("minutes") for row in kept}
    fresh = [{"method": "popup", "minutes": each} for each in minutes if each not in known]
    return {"useDefault": False, "overrides": [*kept, *fresh][:_MOST_REMINDERS]}


def _attendee(row: Raw) -> Attendee:
    status = _STATUS.get(text(row, "responseStatus"), "NEEDS-ACTION")
    return Attendee(text(row, "email"), text(row, "displayName"), status, organizer=row.get("organizer") is True)


def _instant(raw: Raw, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text(raw, name))
    except ValueError:
        return None


def _rows(raw: Raw, name: str) -> list[Raw]:
    found = raw.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def alone(event: Event) -> Event:
    """A detached instance as the single event that Google takes it for."""
    return replace(event, recurrence_id=None, overrides=()) if event.recurrence_id is not None else event
