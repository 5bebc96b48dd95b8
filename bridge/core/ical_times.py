"""The times of a calendar component: DTSTART, DTEND, DUE, DURATION, and lines that hold moments."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from bridge.core.contentline import Component, ContentLine, Params, make_line
from bridge.core.event import Moment
from bridge.core.ical_values import (
    DAY,
    add,
    format_moment,
    from_timestamp,
    is_utc,
    read_duration,
    read_moment,
    timestamp,
)
from bridge.core.timezones import Zones, zone_name


def moment_of(component: Component, name: str, zones: Zones) -> Moment | None:
    """Return the moment of a property, or ``None`` if it is missing. Raises ``Invalid`` if it is unreadable."""
    line = component.line(name)
    return read_moment(line.value, zones.get(line.param("TZID"))) if line else None


def moments_of(line: ContentLine, zones: Zones) -> Iterator[tuple[Moment, Moment | timedelta | None]]:
    """Yield the moments of RDATE or EXDATE, each with the end or length that a PERIOD gives it.

    Empty values are passed over. Raises ``Invalid``.
    """
    zone = zones.get(line.param("TZID"))
    for value in filter(None, (part.strip() for part in line.value.split(","))):
        begin, _, end = value.partition("/")
        length: Moment | timedelta | None = None
        if end:
            length = read_duration(end) if end.upper().lstrip("+-").startswith("P") else read_moment(end, zone)
        yield read_moment(begin, zone), length


def end_of(component: Component, zones: Zones) -> Moment | None:
    """Return DTEND or DUE, or DTSTART plus DURATION, or ``None`` if none is given.

    Real files are read leniently: an end before the start is the start, and an end that is a date where the start
    is a time, or the other way round, becomes of the start's kind. Raises ``Invalid`` if a value is unreadable.
    """
    start = moment_of(component, "DTSTART", zones)
    end = moment_of(component, end_name(component.name), zones)
    if end is not None:
        return fit_end(component.name, start, end)
    line = component.line("DURATION")
    if line is None or start is None:
        return None
    return add(start, max(read_duration(line.value), timedelta()))


def end_name(kind: str) -> str:
    """Return the name of the property that ends a component of that kind."""
    return "DUE" if kind == "VTODO" else "DTEND"


def implied_end(kind: str, start: Moment | None, end: Moment | None) -> Moment | None:
    """Return the end, or what its absence means for an event: a whole day, or no length (RFC 5545 3.6.1)."""
    if end is not None or start is None or kind == "VTODO":
        return end
    return start if isinstance(start, datetime) else add(start, DAY)


def moment_line(name: str, moment: Moment, like: ContentLine | None = None) -> ContentLine:
    """Write a moment. The TZID of ``like`` is the caller's own promise that it means the zone of ``moment``."""
    if not isinstance(moment, datetime):
        return make_line(name, format_moment(moment), (("VALUE", ("DATE",)),))
    moment = expressible(moment)
    if moment.tzinfo is None or is_utc(moment.tzinfo):
        return make_line(name, format_moment(moment))
    params: Params = (("TZID", (zone_name(moment.tzinfo),)),)
    if like is not None:
        params = tuple(param for param in like.params if param[0] != "VALUE")
    return make_line(name, format_moment(moment), params)


def expressible(moment: datetime) -> datetime:
    """Return the moment in a zone that a TZID can name and in whole seconds; the same instant in UTC if need be.

    The second pass through an hour that the clocks repeat has no local form either (RFC 5545 3.3.5).
    """
    moment = moment.replace(microsecond=0)
    if moment.tzinfo is None or is_utc(moment.tzinfo):
        return moment
    first_pass = moment.replace(fold=0)
    if zone_name(moment.tzinfo) and timestamp(first_pass) == timestamp(moment):
        return first_pass
    return from_timestamp(timestamp(moment), UTC)


def fit_end(kind: str, start: Moment | None, end: Moment | None) -> Moment | None:
    """Return the end made to fit the start: of its kind and not before it. A task may be due the day it starts."""
    if start is None or end is None:
        return end
    if not isinstance(start, datetime):
        if isinstance(end, datetime):
            end = end.date() if end.time() == time() else add(end.date(), DAY)
        shortest = start if kind == "VTODO" else add(start, DAY)
        return max(end, shortest)
    if not isinstance(end, datetime):
        end = datetime.combine(end, time(), start.tzinfo)
    elif (end.tzinfo is None) is not (start.tzinfo is None):
        end = end.replace(tzinfo=start.tzinfo)
    return end if timestamp(end) > timestamp(start) else start
