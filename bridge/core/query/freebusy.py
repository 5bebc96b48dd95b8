"""When a calendar is busy (RFC 4791 7.10, RFC 5545 3.6.4)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from bridge.core.contentline import Component, make_line, serialize
from bridge.core.ical_values import format_moment, from_timestamp
from bridge.core.query.filters import TimeRange
from bridge.core.query.instances import Instances
from bridge.core.query.times import Times
from bridge.core.timezones import Zones

Period = tuple[int, int]


class Busy(StrEnum):
    """FBTYPE (RFC 5545 3.2.9) of a time that is not free."""

    BUSY = "BUSY"
    TENTATIVE = "BUSY-TENTATIVE"
    UNAVAILABLE = "BUSY-UNAVAILABLE"


def free_busy(calendars: Iterable[Component], span: Period, floating: tzinfo, stamp: datetime) -> str:
    """Return a calendar with one VFREEBUSY for the span (POSIX seconds).

    Counted are events that are neither transparent nor cancelled, and VFREEBUSY components. Periods are in UTC, cut
    to the span and merged; where a tentative one meets a certain one, the certain one counts.
    """
    found: dict[Busy, list[Period]] = {kind: [] for kind in Busy}
    for calendar in calendars:
        for kind, period in _periods(calendar, span, floating):
            found[kind].append(period)
    certain = merge(found[Busy.BUSY])
    lines = [
        make_line("FREEBUSY", _format(period), (("FBTYPE", (kind.value,)),))
        for kind in Busy
        for period in (certain if kind is Busy.BUSY else subtract(merge(found[kind]), certain))
    ]
    start, end = (format_moment(from_timestamp(moment, UTC)) for moment in span)
    head = (make_line("DTSTAMP", format_moment(stamp.astimezone(UTC))), make_line("UID", f"free-busy-{start}-{end}"))
    body = Component("VFREEBUSY", (*head, make_line("DTSTART", start), make_line("DTEND", end), *lines))
    about = (make_line("VERSION", "2.0"), make_line("PRODID", "-//davbridge//davbridge//EN"))
    return serialize(Component("VCALENDAR", (*about, body)))


def _format(period: Period) -> str:
    return "/".join(format_moment(from_timestamp(moment, UTC)) for moment in period)


def merge(periods: Iterable[Period]) -> list[Period]:
    """Return the same time as periods that neither overlap nor touch, in order."""
    merged: list[Period] = []
    for start, end in sorted(periods):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(periods: Sequence[Period], others: Sequence[Period]) -> list[Period]:
    """Return what of the periods lies in none of the others; both are merged."""
    left: list[Period] = []
    for period_start, end in periods:
        start = period_start
        for other_start, other_end in others:
            if other_end <= start or other_start >= end:
                continue
            if other_start > start:
                left.append((start, other_start))
            start = other_end
        if start < end:
            left.append((start, end))
    return left


def _periods(calendar: Component, span: Period, floating: tzinfo) -> Iterator[tuple[Busy, Period]]:
    times = Times(Zones(calendar), floating)
    instances = Instances(calendar, times)
    for component in calendar.components:
        if component.name == "VEVENT":
            kind = _kind(component)
            found = instances.spans(component, TimeRange(*span)) if kind else ()
        elif component.name == "VFREEBUSY":
            yield from _published(component, span, times)
            continue
        else:
            continue
        for start, end in found:
            start, end = max(start, span[0]), min(end, span[1])  # noqa: PLW2901 - cut to the span
            if kind and start < end:
                yield kind, (start, end)


def _published(component: Component, span: Period, times: Times) -> Iterator[tuple[Busy, Period]]:
    for line in component.all("FREEBUSY"):
        kind = line.param("FBTYPE").upper() or Busy.BUSY
        if kind != "FREE":
            for start, end in times.periods(line):
                start, end = max(start, span[0]), min(end, span[1])  # noqa: PLW2901 - cut to the span
                if start < end:
                    yield Busy(kind) if kind in list(Busy) else Busy.BUSY, (start, end)


def _kind(event: Component) -> Busy | None:
    """What the time of an event counts as, ``None`` for nothing (RFC 4791 7.10)."""
    status = event.value("STATUS").upper()
    if event.value("TRANSP").upper() == "TRANSPARENT" or status == "CANCELLED":
        return None
    return Busy.TENTATIVE if status == "TENTATIVE" else Busy.BUSY
