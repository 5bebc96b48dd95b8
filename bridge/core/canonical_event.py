"""Events in the one form in which they are compared (R24).

What does not count: who numbers and dates the object (UID, SEQUENCE, CREATED, LAST-MODIFIED, COMPLETED), the ids of
CRM records, the CRM's block in the description, order where order means nothing, and the zone in which a single
event is told. The wall clock and the zone of a series do count: its occurrences follow them (RFC 5545 3.8.5.3).
"""

from datetime import UTC, datetime
from itertools import chain

from bridge.core.canonical_text import description, plain, unordered
from bridge.core.contentline import read_line
from bridge.core.event import Attendee, Event, Moment
from bridge.core.ical_times import implied_end
from bridge.core.ical_values import format_moment, from_timestamp, is_utc, read_moment, timestamp
from bridge.core.timezones import resolve, zone_name
from bridge.errors import Invalid

_SILENT_PARTS = {"INTERVAL=1", "WKST=MO"}  # what a rule means without saying it


def canonical_event(event: Event) -> Event:
    """Return the event as it is compared. An absent end is told (RFC 5545 3.6.1); nothing changes a second time."""
    start, end = _times(event)
    return Event(
        uid="",
        kind=event.kind,
        summary=plain(event.summary),
        start=start,
        end=end,
        description=description(event.description),
        location=plain(event.location),
        url=plain(event.url),
        conference_url=plain(event.conference_url),
        categories=unordered(category, event.categories) if event.categories else (),
        color=event.color.strip().lower(),
        type_key=event.type_key,
        done=event.done,
        cancelled=event.cancelled,
        busy=event.busy,
        privacy=event.privacy,
        reminders=tuple(sorted(set(event.reminders))),
        attendees=unordered(attendee, event.attendees) if event.attendees else (),
        recurrence=recurrence_lines(event) if event.recurrence else (),
        recurrence_id=instant(event.recurrence_id),
        overrides=_overrides(event) if event.overrides else (),
    )


def category(text: str) -> str | None:
    """The normal form of a category."""
    return plain(text) or None


def attendee(one: Attendee) -> Attendee | None:
    """The normal form of an attendee, ``None`` without an address."""
    email = one.email.strip().lower().removeprefix("mailto:")
    return Attendee(email, plain(one.name), one.status.strip().upper(), one.organizer) if email else None


def instant(moment: Moment | None) -> Moment | None:
    """A time with a zone in UTC and whole seconds; dates and floating times have no instant and stay."""
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        return moment.replace(microsecond=0, fold=0)
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return from_timestamp(timestamp(moment), UTC)


def recurrence_lines(event: Event) -> tuple[str, ...]:
    """The normal forms of the rules and, one a line, of the single dates of a series."""
    return tuple(sorted(set(chain.from_iterable(split_line(line, event) for line in event.recurrence))))


def split_line(text: str, event: Event) -> tuple[str, ...]:
    """The normal forms of a line of ``event.recurrence``: of RDATE and EXDATE one for each date, as instants."""
    try:
        line = read_line(text.strip())
    except Invalid:
        return (text.strip(),)
    if line.name in {"RRULE", "EXRULE"}:
        return (f"{line.name}:{_rule(line.value)}",)
    tzid = line.param("TZID")
    return tuple(
        _single_date(line.name, value.strip(), tzid, event.start) for value in line.value.split(",") if value.strip()
    )


def excluded(moment: Moment) -> str:
    """The normal form of the EXDATE that takes an occurrence out of its series."""
    return f"EXDATE:{format_moment(instant(moment) or moment)}"


def is_rule(line: str) -> bool:
    """Whether a line of a recurrence is a rule, and not single dates."""
    return line.lstrip()[:6].upper() in {"RRULE:", "RRULE;", "EXRULE"}


def _times(event: Event) -> tuple[Moment | None, Moment | None]:
    end = implied_end(event.kind, event.start, event.end)
    if not event.recurrence:
        return instant(event.start), instant(end)
    return _local(event.start), _beside(event.start, end)


def _local(moment: Moment | None) -> Moment | None:
    if not isinstance(moment, datetime):
        return moment
    zone = UTC if is_utc(moment.tzinfo) else moment.tzinfo
    return moment.replace(microsecond=0, tzinfo=zone)


def _beside(start: Moment | None, end: Moment | None) -> Moment | None:
    """The end of a series in the zone of its start: only the length counts."""
    zone = start.tzinfo if isinstance(start, datetime) else None
    if not isinstance(end, datetime) or end.tzinfo is None or zone is None or end.tzinfo is zone:
        return _local(end)
    return _local(from_timestamp(timestamp(end), zone))


def _rule(value: str) -> str:
    parts = (part.partition("=") for part in value.strip().upper().split(";") if part)
    lists = {f"{name}={','.join(sorted(text.split(',')))}" for name, _, text in parts}
    return ";".join(sorted(lists - _SILENT_PARTS))


def _single_date(name: str, value: str, tzid: str, start: Moment | None) -> str:
    """One value of RDATE or EXDATE; what is no plain date, such as a PERIOD, stays as it is."""
    own = start.tzinfo if isinstance(start, datetime) else None
    zone = own if tzid and tzid == zone_name(own) else resolve(tzid) if tzid else None
    try:
        moment = read_moment(value, zone) if zone or not tzid else None
    except Invalid:
        moment = None
    if moment is None:
        return f'{name};TZID="{tzid}":{value.upper()}' if tzid else f"{name}:{value.upper()}"
    return f"{name}:{format_moment(instant(moment) or moment)}"


def _overrides(event: Event) -> tuple[Event, ...]:
    return tuple(sorted(map(canonical_event, event.overrides), key=lambda override: _order(override.recurrence_id)))


def _order(moment: Moment | None) -> str:
    return moment.isoformat() if moment is not None else ""
