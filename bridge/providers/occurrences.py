"""Occurrences of a series, for remotes that keep exceptions apart from their master. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core.event import Event, Moment
from bridge.core.ical_values import from_timestamp, timestamp


def instance(series: Event, at: Moment) -> Event:
    """The occurrence of a series that starts at ``at``, as the series itself describes it."""
    return replace(series, recurrence=(), overrides=(), recurrence_id=at, start=at, end=_end(series, at))


def start_key(moment: Moment) -> object:
    """What tells occurrences apart."""
    return timestamp(moment) if isinstance(moment, datetime) else moment.isoformat()


def _end(series: Event, at: Moment) -> Moment:
    """The end of an occurrence: as long after its start as in the series."""
    start, end = series.start, series.end
    if isinstance(at, datetime) and isinstance(start, datetime) and isinstance(end, datetime):
        length = timestamp(end) - timestamp(start)
        return from_timestamp(timestamp(at) + length, at.tzinfo) if at.tzinfo else at + timedelta(seconds=length)
    if start is None or end is None:
        return at
    return at + (end - start)
