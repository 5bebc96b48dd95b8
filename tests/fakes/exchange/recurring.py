"""When the occurrences of a series are, as Exchange counts them: from 1, whether or not they still take place."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count, islice
from typing import Any

from bridge.providers.exchange.xml import local, rows, text

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_INDEX = {"First": 0, "Second": 1, "Third": 2, "Fourth": 3, "Last": -1}
_GROUPS = {"Day": range(7), "Weekday": range(5), "WeekendDay": range(5, 7)}
_MOST = 5000


def starts(recurrence: Any, start: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The starts of all occurrences, as instants. ``start`` is that of the first one."""
    first = start.astimezone(zone)
    parts = {local(part): part for part in rows(recurrence)}
    days: Iterator[date] = (day for day in _days(parts, first.date()) if day >= first.date())
    if "NumberedRecurrence" in parts:
        days = islice(days, int(text(parts["NumberedRecurrence"], "NumberOfOccurrences")))
    last = (
        date.fromisoformat(text(parts["EndDateRecurrence"], "EndDate")[:10]) if "EndDateRecurrence" in parts else None
    )
    for day in islice(days, _MOST):
        if last is not None and day > last:
            return
        yield datetime.combine(day, first.time(), zone).astimezone(UTC)


def _days(parts: dict[str, Any], first: date) -> Iterator[date]:
    name = next(each for each in parts if each.split("Recurrence")[0] not in {"NoEnd", "EndDate", "Numbered"})
    part = parts[name]
    interval = int(text(part, "Interval") or 1)
    if name == "DailyRecurrence":
        yield from (first + timedelta(days=interval * each) for each in count())
    elif name == "WeeklyRecurrence":
        yield from _weekly(part, first, interval)
    else:
        months = 12 if name.endswith("YearlyRecurrence") else interval
        yield from (_in_month(part, month) for month in _months(part, first, months))


def _weekly(part: Any, first: date, interval: int) -> Iterator[date]:
    begins = DAYS.index(text(part, "FirstDayOfWeek") or "Sunday")
    wanted = {DAYS.index(day) for day in text(part, "DaysOfWeek").split()}
    week = first - timedelta(days=(first.weekday() - begins) % 7)
    for number in count():
        days = (week + timedelta(days=7 * interval * number + each) for each in range(7))
        yield from (day for day in days if day.weekday() in wanted)


def _months(part: Any, first: date, interval: int) -> Iterator[date]:
    named = text(part, "Month")
    month = list(calendar.month_name).index(named) if named else first.month
    year = first.year
    for number in count():
        total = year * 12 + month - 1 + interval * number
        yield date(total // 12, total % 12 + 1, 1)


def _in_month(part: Any, month: date) -> date:
    length = calendar.monthrange(month.year, month.month)[1]
    wanted = text(part, "DayOfMonth")
    if wanted:
        return month.replace(day=min(int(wanted), length))
    names = text(part, "DaysOfWeek")
    weekdays = _GROUPS.get(names) or (DAYS.index(names),)
    days = [day for day in (month.replace(day=each + 1) for each in range(length)) if day.weekday() in weekdays]
    return days[_INDEX[text(part, "DayOfWeekIndex")]]
