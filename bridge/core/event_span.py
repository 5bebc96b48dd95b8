"""When a neutral event is over (R6)."""

from collections.abc import Iterable
from datetime import tzinfo

from bridge.core import recurrence
from bridge.core.contentline import Component, ContentLine, read_line
from bridge.core.event import Event
from bridge.core.ical_times import end_name, implied_end, moment_line
from bridge.core.ical_values import timestamp
from bridge.errors import Invalid


def last_end(event: Event, floating: tzinfo) -> int | None:
    """Return the POSIX seconds at which the last occurrence ends; ``None`` for ever, or when nobody can tell.

    Dates and floating times are in ``floating``. What has no date at all never ends.
    """
    if event.recurrence or event.overrides:
        return _last_end_of_series(event, floating)
    end = implied_end(event.kind, event.start, event.end) or event.start
    return timestamp(end, floating) if end is not None else None


def _last_end_of_series(event: Event, floating: tzinfo) -> int | None:
    try:
        components = [_component(one) for one in (event, *event.overrides)]
        return recurrence.span(Component("VCALENDAR", tuple(components)), floating)[1]
    except Invalid:
        return None


def _component(event: Event) -> Component:
    return Component(event.kind, tuple(_lines(event)))


def _lines(event: Event) -> Iterable[ContentLine]:
    times = (("DTSTART", event.start), (end_name(event.kind), event.end), ("RECURRENCE-ID", event.recurrence_id))
    yield from (moment_line(name, moment) for name, moment in times if moment is not None)
    yield from (read_line(text) for text in event.recurrence)
