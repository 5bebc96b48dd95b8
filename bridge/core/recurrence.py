"""When calendar objects take place: recurrence sets, time ranges and expansion (RFC 5545 3.8.5, RFC 4791 9.6, 9.9).

Windows are given as aware times and are half open. ``floating`` is the zone in which dates and floating times are
understood. Everything is bounded, whatever the rules of a stranger say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from heapq import merge
from itertools import islice

from bridge.core.contentline import Component, ContentLine
from bridge.core.event import Moment
from bridge.core.ical_times import end_name, end_of, moment_line, moment_of, moments_of
from bridge.core.ical_values import from_timestamp, same_moment, timestamp
from bridge.core.recurrence_set import RecurrenceSet, check_rule
from bridge.core.rrule import MAX_COUNT
from bridge.core.timerange import covers, covers_period, covers_undated
from bridge.core.timezones import Zones
from bridge.errors import Invalid

__all__ = ["Occurrence", "check", "expand", "limit_recurrence_set", "occurrences", "overlaps", "span"]

DAWN_OF_TIME = -62135596800  # year 1 in POSIX seconds
MAX_RULES = 10

_RECURRENCE = {"RRULE", "RDATE", "EXDATE", "EXRULE"}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One instance. ``component`` is the exception that describes it or else the master.

    ``recurrence_id`` is the start that the rules gave it; ``end`` is exclusive and equals ``start`` without length.
    """

    start: Moment
    end: Moment
    recurrence_id: Moment
    component: Component


def check(calendar: Component) -> None:
    """Refuse what would explode or cannot be understood, with ``Invalid``.

    That is rules of hours, minutes or seconds without an end, more than 10,000 or 100 a day, more than ten
    rules, more than 10,000 single dates, steps of nothing, and unreadable dates.
    """
    zones = Zones(calendar)
    for component in _objects(calendar):
        start = moment_of(component, "DTSTART", zones)
        rules = component.all("RRULE") + component.all("EXRULE")
        if len(rules) > MAX_RULES:
            raise Invalid(f"A series with more than {MAX_RULES} rules is not supported.")
        for line in rules:
            check_rule(line.value, start)
        for name in ("RDATE", "EXDATE"):
            dates = sum(1 for line in component.all(name) for _ in moments_of(line, zones))
            if dates > MAX_COUNT:
                raise Invalid(f"A series with more than {MAX_COUNT} single dates is not supported.")


def occurrences(
    calendar: Component, start: datetime, end: datetime, floating: tzinfo, limit: int = 10_000
) -> Iterator[Occurrence]:
    """Yield the instances that a time range from ``start`` to ``end`` covers, by their start, at most ``limit``.

    Exceptions replace the instance of their RECURRENCE-ID, also when they were moved into or out of the window;
    RANGE is ignored, as clients do. Objects without dates have no instances: see ``overlaps``.
    """
    zones, window = Zones(calendar), (timestamp(start), timestamp(end))
    exceptions = [found for component in _objects(calendar) if (found := _exception(component, zones))]
    replaced = [found.recurrence_id for found in exceptions]
    streams = [_instances(component, zones, floating, window, replaced) for component in _masters(calendar)]
    inside = (
        found
        for found in exceptions
        if covers(found.component, window, timestamp(found.start, floating), timestamp(found.end, floating))
    )
    streams.append(iter(sorted(inside, key=lambda found: timestamp(found.start, floating))))
    yield from islice(merge(*streams, key=lambda found: timestamp(found.start, floating)), limit)


def overlaps(calendar: Component, start: datetime, end: datetime, floating: tzinfo) -> bool:
    """Tell whether a CALDAV:time-range matches (RFC 4791 9.9), tasks without dates and free-busy included."""
    window = (timestamp(start), timestamp(end))
    if any(covers_undated(component, window) for component in _objects(calendar)):
        return True
    zones = Zones(calendar)
    periods = (
        (timestamp(begin, floating), length)
        for component in _objects(calendar)
        if component.name == "VFREEBUSY" and component.line("DTSTART") is None
        for line in component.all("FREEBUSY")
        for begin, length in moments_of(line, zones)
    )
    if any(covers_period(window, begin, length, floating) for begin, length in periods):
        return True
    return next(occurrences(calendar, start, end, floating, limit=1), None) is not None


def span(calendar: Component, floating: tzinfo) -> tuple[int, int | None]:
    """Return the POSIX seconds of the first start and the last end over all instances; ``None``: for ever.

    What is deleted by EXDATE still counts, so that the span may be too wide but never too narrow. A task without
    dates spans all time.
    """
    zones = Zones(calendar)
    firsts: list[int] = []
    lasts: list[int | None] = []
    for component in _objects(calendar):
        instances = _recurrence_set(component, zones, floating)
        if instances is not None:
            firsts.append(instances.first)
            lasts.append(None if component.line("RECURRENCE-ID") is None and instances.endless else instances.last)
    if not firsts:
        return DAWN_OF_TIME, None
    ends = [last for last in lasts if last is not None]
    return min(firsts), max(ends) if len(ends) == len(lasts) else None


def expand(calendar: Component, start: datetime, end: datetime, floating: tzinfo) -> Component:
    """Return each instance of the window as a component of its own (RFC 4791 9.6.5).

    Times with a zone become UTC, dates and floating times stay; there are no rules and no VTIMEZONE. Lines that
    do not speak of time are kept as they are. An object without dates is kept whole.
    """
    series = _is_series(calendar)
    zones = Zones(calendar)
    instances = [_expanded(found, zones, series=series) for found in occurrences(calendar, start, end, floating)]
    window = (timestamp(start), timestamp(end))
    undated = [component for component in _objects(calendar) if covers_undated(component, window)]
    return Component(calendar.name, (*calendar.lines, *instances, *undated))


def limit_recurrence_set(calendar: Component, start: datetime, end: datetime, floating: tzinfo) -> Component:
    """Return the calendar without the exceptions that do not touch the window (RFC 4791 9.6.6).

    An exception stays if it or the instance that it replaces lies in the window.
    """
    zones, window = Zones(calendar), (timestamp(start), timestamp(end))

    def touches(component: Component) -> bool:
        found = _exception(component, zones)
        if found is None:
            return True
        begin, finish = timestamp(found.start, floating), timestamp(found.end, floating)
        original = timestamp(found.recurrence_id, floating)
        length = max([finish - begin, *lengths])
        return covers(component, window, begin, finish) or covers(component, window, original, original + length)

    sets = (_recurrence_set(component, zones, floating) for component in _masters(calendar))
    lengths = [found.length for found in sets if found is not None]
    kept = (child for child in calendar.children if isinstance(child, ContentLine) or touches(child))
    return Component(calendar.name, tuple(kept))


def _objects(calendar: Component) -> Iterator[Component]:
    return (component for component in calendar.components if component.name != "VTIMEZONE")


def _masters(calendar: Component) -> Iterator[Component]:
    return (component for component in _objects(calendar) if component.line("RECURRENCE-ID") is None)


def _is_series(calendar: Component) -> bool:
    return any(
        child.name in _RECURRENCE or child.name == "RECURRENCE-ID"
        for component in _objects(calendar)
        for child in component.lines
    )


def _exception(component: Component, zones: Zones) -> Occurrence | None:
    identity = moment_of(component, "RECURRENCE-ID", zones)
    if identity is None:
        return None
    start = moment_of(component, "DTSTART", zones) or moment_of(component, "DUE", zones) or identity
    return Occurrence(start, end_of(component, zones) or start, identity, component)


def _recurrence_set(component: Component, zones: Zones, floating: tzinfo) -> RecurrenceSet | None:
    anchor = moment_of(component, "DTSTART", zones) or moment_of(component, "DUE", zones)
    return RecurrenceSet(component, anchor, zones, floating) if anchor is not None else None


def _instances(
    component: Component, zones: Zones, floating: tzinfo, window: tuple[int, int], replaced: list[Moment]
) -> Iterator[Occurrence]:
    """The instances of a master in the window that no exception replaces."""
    found = _recurrence_set(component, zones, floating)
    if found is None:
        return
    for start, end in found.between(*window, without=replaced):
        if covers(component, window, timestamp(start, floating), timestamp(end, floating)):
            yield Occurrence(start, end, start, component)


def _expanded(found: Occurrence, zones: Zones, *, series: bool) -> Component:
    """The component of one instance, with its own times in UTC."""
    component = found.component
    ends = end_name(component.name)
    own_end = moment_of(component, ends, zones)
    times = {"DTSTART": found.start} if component.line("DTSTART") else {}
    if own_end is not None or not same_moment(found.end, found.start):
        times[ends] = found.end
    children: list[ContentLine | Component] = []
    for child in component.children:
        if child.name in times:
            children.append(_in_utc(child.name, times.pop(child.name)))
        elif child.name not in _RECURRENCE | {"RECURRENCE-ID", "DURATION"}:
            children.append(child)
    added = [_in_utc(name, moment) for name, moment in times.items()]
    if series:
        added.append(_in_utc("RECURRENCE-ID", found.recurrence_id))
    return Component(component.name, (*added, *children))


def _in_utc(name: str, moment: Moment) -> ContentLine:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = from_timestamp(timestamp(moment), UTC)
    return moment_line(name, moment)
