"""What of the activities a list shows: whose, of which type and status, and of which days."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.store.activity_list import Window

EVERYONE = "everyone"
"""The owner filter that shows everything one may see; otherwise it is a login."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""Days that an activity may be due on: far enough from the ends of the calendar for every time zone."""

_DAY = timedelta(days=1)


class Progress(StrEnum):
    """Which activities by what became of them."""

    ALL = "all"
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"


class Span(StrEnum):
    """Which activities by when they are due, seen from the viewer's time zone. Weeks begin on Monday."""

    ANY = "any"
    TODAY = "today"
    TOMORROW = "tomorrow"
    THIS_WEEK = "this-week"
    NEXT_WEEK = "next-week"
    THIS_MONTH = "this-month"
    PERIOD = "period"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. An empty ``owner`` is the viewer; ``first`` and ``last`` belong to the period."""

    owner: str = ""
    type_key: str = ""
    progress: Progress = Progress.OPEN
    span: Span = Span.ANY
    first: date | None = None
    last: date | None = None
    text: str = ""


def days_of(filters: Filters, today: date) -> tuple[date, date] | None:
    """The first and the last day that are asked for, if any are."""
    monday = today - _DAY * today.weekday()
    if filters.span is Span.PERIOD:
        return _bounded(filters.first or FIRST_DAY), _bounded(filters.last or LAST_DAY)
    following = (today.replace(day=28) + _DAY * 4).replace(day=1)
    days = {
        Span.TODAY: (today, today),
        Span.TOMORROW: (today + _DAY, today + _DAY),
        Span.THIS_WEEK: (monday, monday + _DAY * 6),
        Span.NEXT_WEEK: (monday + _DAY * 7, monday + _DAY * 13),
        Span.THIS_MONTH: (today.replace(day=1), following - _DAY),
    }
    return days.get(filters.span)


def window_of(filters: Filters, now: datetime, zone: ZoneInfo) -> Window | None:
    """The days that are asked for, and from which moment to which they last in a zone."""
    days = days_of(filters, now.astimezone(zone).date())
    if days is None:
        return None
    first, last = days
    return Window(first, last, midnight(first, zone), midnight(last + _DAY, zone))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a zone, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(ZoneInfo("UTC"))


def _bounded(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)
