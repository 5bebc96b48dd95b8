"""What has to be set so that a calendar item says what an ``Event`` does. Pure.

Only what differs is set: everything else that is there stays, attendees included.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo

from bridge.core.digest import same
from bridge.core.event import Event, EventKind, Moment, Privacy
from bridge.core.timezones import zone_name
from bridge.errors import MappingError
from bridge.providers.exchange.event_read import moment_name, the_one
from bridge.providers.exchange.fields import KEY, MORE, UID, Field, extended, own, plain, read_own, said
from bridge.providers.exchange.more import More, read_more, write_more
from bridge.providers.exchange.patterns import first_start, pattern_of, write_pattern
from bridge.providers.exchange.xml import Element, make
from bridge.providers.exchange.zones import day_of, span, write_moment, zone_to_write

ITEM = "CalendarItem"

_SENSITIVITY = {Privacy.PUBLIC: "Normal", Privacy.PRIVATE: "Private", Privacy.CONFIDENTIAL: "Confidential"}
_TIMES = frozenset({"start", "end"})


def new_event(event: Event, key: str, home: tzinfo) -> list[Field]:
    """All properties of a new item. Raises ``MappingError``."""
    check_kind(event)
    fields = [*_texts(event, None), *times(event, home), *_reminder(event), *_state(event, None)]
    remembered = write_more(remember(event, home))
    return [*fields, extended(own(KEY), key), extended(own(UID), event.uid), extended(own(MORE), remembered)]


def changes(event: Event, there: Event, home: tzinfo, *, memory: str, anew: bool = False) -> list[Field]:
    """What differs from what is there.

    ``memory`` is what our property says there, in normal form; ``anew``: times and recurrence are set in any case.
    Raises ``MappingError``.
    """
    check_kind(event)
    fields = [*_texts(event, there), *_state(event, there)]
    if anew or timing_differs(event, there, home):
        fields += times(event, home)
        if there.recurrence and not event.recurrence:
            fields.append(Field(plain("calendar:Recurrence"), None))
    if the_one(event.reminders) != the_one(there.reminders):
        fields += _reminder(event)
    remembered = write_more(remember(event, home))
    if remembered != memory:
        fields.append(extended(own(MORE), remembered or "{}"))  # nothing at all would be that of the series
    return fields


def memory_of(raw: Element) -> str:
    """What our property says in an item, in normal form."""
    return write_more(read_more(read_own(raw, MORE)))


def alone(event: Event) -> Event:
    """A detached instance as the single event that Exchange takes it for."""
    return replace(event, recurrence_id=None, overrides=()) if event.recurrence_id is not None else event


def check_kind(event: Event) -> None:
    """Raise ``MappingError`` for a task."""
    if event.kind is not EventKind.EVENT:
        raise MappingError("kind", "A task cannot be stored in a calendar of Exchange.")


def timing_differs(event: Event, there: Event, home: tzinfo) -> bool:
    """Whether an event takes place at another time than it does there, or recurs otherwise."""
    if bool(event.recurrence) is not bool(there.recurrence) or not same(event, there, _TIMES):
        return True
    if not event.recurrence or event.start is None or there.start is None:
        return False
    rules = pattern_of(event.recurrence, event.start), pattern_of(there.recurrence, there.start)
    return rules[0] != rules[1] or _zone(event.start, home) != _zone(there.start, home)


def remember(event: Event, home: tzinfo) -> More:
    """What is kept in a property of ours."""
    links = (event.links.deal_id, event.links.person_id, event.links.organization_id)
    several = tuple(int(each.total_seconds()) for each in event.reminders)
    alone = (the_one(event.reminders) or 0) * -60
    return More(
        type_key=event.type_key,
        done=event.done,
        cancelled=event.cancelled,
        color=event.color,
        url=event.url,
        conference=event.conference_url,
        links=links if any(each is not None for each in links) else (),
        reminders=several if several not in ((), (alone,)) else (),
        zone=_zone(event.start, home) if event.recurrence else "",
        rule=event.recurrence,
        first=_unfitting(event),
        dropped=tuple(moment_name(at) for each in event.overrides if each.cancelled and (at := each.recurrence_id)),
    )


def times(event: Event, home: tzinfo) -> Iterator[Field]:
    """When an event takes place. Raises ``MappingError``."""
    start, end = span(event.start, event.end, recurs=bool(event.recurrence))
    pattern = pattern_of(event.recurrence, start) if event.recurrence else None
    if pattern is not None:
        start, end = _moved(start, end, first_start(pattern, start))
    whole_day = not isinstance(start, datetime)
    yield said("calendar:Start", write_moment(start, home))
    yield said("calendar:End", write_moment(end, home))
    yield said("calendar:IsAllDayEvent", "true" if whole_day else "false")
    if pattern is not None:
        yield Field(plain("calendar:Recurrence"), write_pattern(pattern, start))
    for name, moment in (("StartTimeZone", start), ("EndTimeZone", end)):
        zone = zone_to_write(moment, home, recurs=bool(event.recurrence))
        yield Field(plain(f"calendar:{name}"), make(f"t:{name}", Id=zone))


def _texts(event: Event, there: Event | None) -> Iterator[Field]:
    if there is None or event.summary != there.summary:
        yield said("item:Subject", event.summary)
    if there is None or _plain(event.description) != _plain(there.description):
        yield Field(plain("item:Body"), make("t:Body", event.description, BodyType="Text"))
    if there is None or event.location != there.location:
        yield said("calendar:Location", event.location)


def _state(event: Event, there: Event | None) -> Iterator[Field]:
    if there is None or event.privacy is not there.privacy:
        yield said("item:Sensitivity", _SENSITIVITY[event.privacy])
    if there is None or event.busy is not there.busy:
        yield said("calendar:LegacyFreeBusyStatus", "Busy" if event.busy else "Free")
    if there is None or not same(event, there, frozenset({"categories"})):
        names = [make("t:String", each) for each in dict.fromkeys(event.categories) if each]
        yield Field(plain("item:Categories"), make("t:Categories", *names) if names else None)


def _reminder(event: Event) -> Iterator[Field]:
    minutes = the_one(event.reminders)
    yield said("item:ReminderIsSet", "false" if minutes is None else "true")
    if minutes is not None:
        yield said("item:ReminderMinutesBeforeStart", str(minutes))


def _unfitting(event: Event) -> str:
    """The start of a series that its rule leaves out, by the wall clock."""
    if not event.recurrence or event.start is None:
        return ""
    start = event.start
    first = first_start(pattern_of(event.recurrence, start), start)
    wall = start.replace(tzinfo=None, microsecond=0) if isinstance(start, datetime) else start
    return wall.isoformat() if first != start else ""


def _moved(start: Moment, end: Moment, first: Moment) -> tuple[Moment, Moment]:
    """Start and end of the first occurrence, by the wall clock."""
    days = day_of(first) - day_of(start)
    return first, end + days


def _zone(moment: Moment | None, home: tzinfo) -> str:
    """The IANA name of the zone that a series follows: several share a name in Windows."""
    return zone_name(moment.tzinfo or home) if isinstance(moment, datetime) else ""


def _plain(said: str) -> str:
    return said.replace("\r\n", "\n").strip()
