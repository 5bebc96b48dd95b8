"""Whether a component overlaps a time range: the tables of RFC 4791 9.9 on POSIX seconds.

Every function takes the range last; an open end of it is ``None`` and always satisfied.
"""

import math
from dataclasses import dataclass

from bridge.core.query.filters import TimeRange


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """The times of a task that decide; ``due`` is DUE, or DTSTART and DURATION together (then ``by_duration``)."""

    start: int | None = None
    due: int | None = None
    completed: int | None = None
    created: int | None = None
    by_duration: bool = False


def moment_in(moment: int, wanted: TimeRange) -> bool:
    """Say whether an instant lies in the range: alarms, journals, properties, events without length."""
    start, end = _bounds(wanted)
    return start <= moment < end


def span_in(first: int, last: int, wanted: TimeRange) -> bool:
    """Say whether a span with a length overlaps; one without is an instant (events, periods of free-busy)."""
    start, end = _bounds(wanted)
    return (start < last and end > first) if last > first else start <= first < end


def free_busy_in(first: int, last: int, wanted: TimeRange) -> bool:
    """Say whether a VFREEBUSY with DTSTART and DTEND overlaps."""
    start, end = _bounds(wanted)
    return start <= last and end > first


def task_in(task: TaskTimes, wanted: TimeRange) -> bool:
    """Say whether a task overlaps: the table for VTODO, line by line."""
    start, end = _bounds(wanted)
    if task.start is not None and task.due is not None:
        begun = end > task.start or end >= task.due
        if task.by_duration:
            return start <= task.due and begun
        return (start < task.due or start <= task.start) and begun
    if task.start is not None:
        return start <= task.start < end
    if task.due is not None:
        return start < task.due <= end
    known = [moment for moment in (task.completed, task.created) if moment is not None]
    if task.completed is not None:
        return start <= max(known) and end >= min(known)
    return task.created is None or end > task.created


def _bounds(wanted: TimeRange) -> tuple[float, float]:
    return (
        -math.inf if wanted.start is None else wanted.start,
        math.inf if wanted.end is None else wanted.end,
    )
