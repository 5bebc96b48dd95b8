"""When a series of Outlook takes place: its six patterns, day by day, as its dialog explains them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

Raw = dict[str, Any]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEX = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_PATTERN = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"}
_NEEDED = {
    "daily": (),
    "weekly": ("daysOfWeek", "firstDayOfWeek"),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek", "index"),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "index", "month"),
}
_ENDS = {"noEnd": (), "numbered": ("numberOfOccurrences",), "endDate": ("endDate",)}


def completed(recurrence: Raw) -> Raw:
    """A recurrence as Graph tells it: with every field. Raises ``KeyError`` where one is missing that is needed."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    for name in (*_NEEDED[pattern["type"]], "interval"):
        pattern[name]
    for name in (*_ENDS[span["type"]], "startDate"):
        span[name]
    told = {"type": pattern["type"], "interval": pattern["interval"], **_PATTERN, **pattern}
    ending = {"endDate": "0001-01-01", "numberOfOccurrences": 0, "recurrenceTimeZone": "UTC", **span}
    return {"pattern": told, "range": ending}


def days(recurrence: Raw, until: date) -> Iterator[date]:
    """The days on which a series takes place, until before one."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    begin = date.fromisoformat(span["startDate"])
    last = date.fromisoformat(span["endDate"]) if span["type"] == "endDate" else date.max
    most = span["numberOfOccurrences"] if span["type"] == "numbered" else None
    found = 0
    day = begin
    while day < until and day <= last and (most is None or found < most):
        if takes_place(pattern, begin, day):
            found += 1
            yield day
        day += timedelta(days=1)


def takes_place(pattern: Raw, begin: date, day: date) -> bool:
    """Whether a pattern has an occurrence on a day."""
    every, kind = pattern["interval"], pattern["type"]
    if kind == "daily":
        return bool((day - begin).days % every == 0)
    if kind == "weekly":
        first = DAYS.index(pattern["firstDayOfWeek"])
        weeks = (_week(day, first) - _week(begin, first)).days // 7
        return DAYS[day.weekday()] in pattern["daysOfWeek"] and weeks % every == 0
    if kind.endswith("Yearly") and (day.month != pattern["month"] or (day.year - begin.year) % every):
        return False
    months = (day.year - begin.year) * 12 + day.month - begin.month
    if kind.endswith("Monthly") and months % every:
        return False
    last = monthrange(day.year, day.month)[1]
    if kind.startswith("absolute"):
        return bool(day.day == min(pattern["dayOfMonth"], last))
    fitting = [each for each in range(1, last + 1) if DAYS[day.replace(day=each).weekday()] in pattern["daysOfWeek"]]
    return day.day == fitting[_INDEX[pattern["index"]]]


def _week(day: date, first: int) -> date:
    return day - timedelta(days=(day.weekday() - first) % 7)
