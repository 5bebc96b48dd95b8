"""Whether instants and spans overlap a time range (RFC 4791 9.9), in POSIX seconds."""

import math

from bridge.core.query.filters import TimeRange


def moment_in(moment: int, wanted: TimeRange) -> bool:
    """Say whether an instant lies in the range."""
    start, end = _bounds(wanted)
    return start <= moment < end


def span_in(first: int, last: float, wanted: TimeRange) -> bool:
    """Say whether a span overlaps the range; one without length is an instant."""
    start, end = _bounds(wanted)
    return (start < last and end > first) if last > first else start <= first < end


def _bounds(wanted: TimeRange) -> tuple[float, float]:
    return (
        -math.inf if wanted.start is None else wanted.start,
        math.inf if wanted.end is None else wanted.end,
    )
