"""Which component a time range covers: the tables of RFC 4791 9.9, on POSIX seconds."""

from datetime import timedelta, tzinfo

from bridge.core.contentline import Component
from bridge.core.event import Moment
from bridge.core.ical_values import SECOND, read_moment, timestamp
from bridge.errors import Invalid

Window = tuple[int, int]


def covers(component: Component, window: Window, start: int, end: int) -> bool:
    """Tell whether an instance from ``start`` to ``end`` of this component lies in the window."""
    if component.name == "VTODO":
        return _covers_task(component, window, start, end)
    if component.name == "VFREEBUSY":
        return window[0] <= end and window[1] > start
    if start >= end:
        return window[0] <= start < window[1]
    return start < window[1] and end > window[0]


def covers_period(window: Window, start: int, length: Moment | timedelta | None, floating: tzinfo) -> bool:
    """Tell whether a period of FREEBUSY lies in the window."""
    if length is None:
        return False
    end = start + length // SECOND if isinstance(length, timedelta) else timestamp(length, floating)
    return window[0] < end and window[1] > start


def covers_undated(component: Component, window: Window) -> bool:
    """Tell whether a task with neither DTSTART nor DUE lies in the window by COMPLETED and CREATED."""
    if component.name != "VTODO" or component.line("DTSTART") or component.line("DUE"):
        return False
    completed, created = _instant(component, "COMPLETED"), _instant(component, "CREATED")
    low, high = window
    if completed is not None and created is not None:
        return (low <= created or low <= completed) and (high >= created or high >= completed)
    if completed is not None:
        return low <= completed <= high
    return created is None or high > created


def _covers_task(component: Component, window: Window, start: int, end: int) -> bool:
    low, high = window
    if component.line("DTSTART") is None:
        return low < end <= high
    if component.line("DUE"):
        return (low < end or low <= start) and (high > start or high >= end)
    if component.line("DURATION"):
        return low <= end and (high > start or high >= end)
    return low <= start < high


def _instant(component: Component, name: str) -> int | None:
    try:
        return timestamp(read_moment(component.value(name))) if component.line(name) else None
    except Invalid:
        return None
