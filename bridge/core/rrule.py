"""Recurrence rules on plain wall-clock times (RFC 5545 3.3.10).

Unlike general libraries this starts near the window asked for, whatever the age of the series, and stops after a
bounded number of steps even for a rule that never matches; both matter when the rule comes from a stranger.
All times here are naive; zones are the caller's business.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from itertools import product

from bridge.core.event import Moment
from bridge.core.ical_values import read_moment
from bridge.errors import Invalid

MAX_COUNT = 10_000
MAX_PERIODS = 50_000

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)\Z")
_BOUNDS = {
    "BYMONTH": (1, 12),
    "BYWEEKNO": (-53, 53),
    "BYYEARDAY": (-366, 366),
    "BYMONTHDAY": (-31, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 60),
    "BYSETPOS": (-366, 366),
}


class Frequency(IntEnum):
    """FREQ, from rare to frequent."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


_SECONDS = {Frequency.HOURLY: 3600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE. ``by_day`` holds pairs of ordinal (0: every) and weekday (0: Monday)."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    week_start: int = 0
    by_month: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()

    @property
    def endless(self) -> bool:
        """Whether the rule has neither COUNT nor UNTIL."""
        return self.count is None and self.until is None


@lru_cache(maxsize=4096)
def parse_rule(value: str) -> Rule:
    """Read the value of RRULE. Raises ``Invalid`` with a sentence for what cannot be understood.

    Lenient about case, white space, empty and unknown parts, and about COUNT beside UNTIL.
    """
    parts = _parts(value)
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise Invalid(f"Recurrence rules in the {parts['RSCALE']} calendar are not supported.")
    frequency = parts.get("FREQ", "")
    if frequency not in Frequency.__members__:
        raise Invalid(f"The recurrence rule {value[:200]!r} has no usable FREQ.")
    week_start = parts.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise Invalid(f"{week_start!r} is no day of the week.")
    return Rule(
        frequency=Frequency[frequency],
        interval=_positive(parts, "INTERVAL") or 1,
        count=_positive(parts, "COUNT"),
        until=read_moment(parts["UNTIL"]) if parts.get("UNTIL") else None,
        week_start=_WEEKDAYS.index(week_start),
        by_month=_numbers(parts, "BYMONTH"),
        by_week=_numbers(parts, "BYWEEKNO"),
        by_year_day=_numbers(parts, "BYYEARDAY"),
        by_month_day=_numbers(parts, "BYMONTHDAY"),
        by_day=_days_of_week(parts.get("BYDAY", "")),
        by_hour=_numbers(parts, "BYHOUR"),
        by_minute=_numbers(parts, "BYMINUTE"),
        by_second=tuple(min(second, 59) for second in _numbers(parts, "BYSECOND")),
        by_position=_numbers(parts, "BYSETPOS"),
    )


def starts(rule: Rule, first: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the wall-clock times from ``after`` to ``before`` (both included) that the rule generates, in order.

    ``first`` is DTSTART; nothing before it is generated. COUNT is honoured, UNTIL is the caller's: it is part of
    ``before``, in the same wall clock. At most 50,000 years, months, … are looked at.
    """
    full = _completed(rule, first)
    begin = 0 if rule.count is not None else max(0, _periods_between(rule, first, after) - 1)
    produced = 0
    for index in range(begin, begin + MAX_PERIODS):
        found = _in_period(full, first, index)
        if found is None:
            return
        for moment in found:
            if moment < first:
                continue
            produced += 1
            if moment > before or (rule.count is not None and produced > rule.count):
                return
            if moment >= after:
                yield moment
        if not found and _period_start(rule, first, index, default=before) > before:
            return


def _parts(value: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in value.upper().split(";"))
    return {name.strip(): text.strip() for name, _, text in pairs}


def _positive(parts: dict[str, str], name: str) -> int | None:
    text = parts.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:12]) == 0:
        raise Invalid(f"{name}={text[:20]} of a recurrence rule is no positive number.")
    return int(text[:12])


def _numbers(parts: dict[str, str], name: str) -> tuple[int, ...]:
    low, high = _BOUNDS[name]
    numbers = set()
    for text in filter(None, (part.strip() for part in parts.get(name, "").split(","))):
        if not re.fullmatch(r"[+-]?[0-9]{1,3}", text) or not low <= int(text) <= high or (low < 0 and int(text) == 0):
            raise Invalid(f"{name}={text[:20]} of a recurrence rule is out of range.")
        numbers.add(int(text))
    return tuple(sorted(numbers))


def _days_of_week(value: str) -> tuple[tuple[int, int], ...]:
    days = []
    for text in filter(None, (part.strip() for part in value.split(","))):
        found = _BY_DAY.match(text)
        if not found:
            raise Invalid(f"BYDAY={text[:20]} of a recurrence rule is no day of the week.")
        days.append((int(found[1] or 0), _WEEKDAYS.index(found[2])))
    return tuple(sorted(set(days)))


def _completed(rule: Rule, first: datetime) -> Rule:
    """The rule with everything written out that it takes from DTSTART."""
    months, month_days, days = rule.by_month, rule.by_month_day, rule.by_day
    if not (rule.by_year_day or month_days or days):
        if rule.frequency is Frequency.WEEKLY or (rule.frequency is Frequency.YEARLY and rule.by_week):
            days = ((0, first.weekday()),)
        elif rule.frequency is Frequency.YEARLY:
            months, month_days = months or (first.month,), (first.day,)
        elif rule.frequency is Frequency.MONTHLY:
            month_days = (first.day,)
    return Rule(
        frequency=rule.frequency,
        interval=rule.interval,
        week_start=rule.week_start,
        by_month=months,
        by_week=rule.by_week,
        by_year_day=rule.by_year_day,
        by_month_day=month_days,
        by_day=days,
        by_hour=rule.by_hour or _if_coarser(rule, Frequency.HOURLY, first.hour),
        by_minute=rule.by_minute or _if_coarser(rule, Frequency.MINUTELY, first.minute),
        by_second=rule.by_second or _if_coarser(rule, Frequency.SECONDLY, first.second),
        by_position=rule.by_position,
    )


def _if_coarser(rule: Rule, frequency: Frequency, value: int) -> tuple[int, ...]:
    return (value,) if rule.frequency < frequency else ()


def _periods_between(rule: Rule, first: datetime, after: datetime) -> int:
    """How many whole steps of the rule lie between ``first`` and ``after``, rounded down."""
    if rule.frequency is Frequency.YEARLY:
        distance = after.year - first.year
    elif rule.frequency is Frequency.MONTHLY:
        distance = (after.year - first.year) * 12 + after.month - first.month
    elif rule.frequency is Frequency.WEEKLY:
        distance = (after - first).days // 7
    elif rule.frequency is Frequency.DAILY:
        distance = (after - first).days
    else:
        distance = (after - first) // timedelta(seconds=_SECONDS[rule.frequency])
    return distance // rule.interval


def _period_start(rule: Rule, first: datetime, index: int, default: datetime) -> datetime:
    """When the period begins; ``default`` at the edges of the calendar."""
    step = index * rule.interval
    try:
        if rule.frequency is Frequency.YEARLY:
            return datetime(first.year + step, 1, 1)  # noqa: DTZ001 - wall clock
        if rule.frequency is Frequency.MONTHLY:
            months = first.year * 12 + first.month - 1 + step
            return datetime(months // 12, months % 12 + 1, 1)  # noqa: DTZ001 - wall clock
        if rule.frequency is Frequency.WEEKLY:
            back = (first.weekday() - rule.week_start) % 7
            return datetime.combine(first, time()) + timedelta(days=7 * step - back)
        if rule.frequency is Frequency.DAILY:
            return datetime.combine(first, time()) + timedelta(days=step)
        return first + timedelta(seconds=_SECONDS[rule.frequency] * step)
    except (OverflowError, ValueError):
        return default


def _in_period(rule: Rule, first: datetime, index: int) -> list[datetime] | None:
    """All times of the period in order, or ``None`` beyond the year 9999."""
    step = index * rule.interval
    times: list[datetime]
    if rule.frequency >= Frequency.HOURLY:
        try:
            moment = first + timedelta(seconds=_SECONDS[rule.frequency] * step)
        except OverflowError:
            return None
        times = _within_day(rule, moment) if _day_fits(rule, moment.date()) else []
    else:
        days = _days_of_period(rule, first.date(), step)
        if days is None:
            return None
        clock = [time(*parts) for parts in product(rule.by_hour, rule.by_minute, rule.by_second)]
        times = [datetime.combine(day, at) for day in days if _day_fits(rule, day) for at in clock]
    return _at_positions(times, rule.by_position) if rule.by_position else times


def _days_of_period(rule: Rule, first: date, step: int) -> list[date] | None:
    if rule.frequency is Frequency.YEARLY:
        year = first.year + step
        months = rule.by_month or range(1, 13)
        return None if year > MAXYEAR else [day for month in months for day in _days_of_month(year, month)]
    if rule.frequency is Frequency.MONTHLY:
        year, month = divmod(first.year * 12 + first.month - 1 + step, 12)
        return None if year > MAXYEAR else _days_of_month(year, month + 1)
    begin = first.toordinal() + (step if rule.frequency is Frequency.DAILY else 7 * step)
    length = 1
    if rule.frequency is Frequency.WEEKLY:
        begin, length = begin - (first.weekday() - rule.week_start) % 7, 7
    last = date.max.toordinal()
    if begin > last:
        return None
    return [date.fromordinal(day) for day in range(max(begin, 1), min(begin + length, last + 1))]


def _days_of_month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _within_day(rule: Rule, moment: datetime) -> list[datetime]:
    """The times of an hour, a minute or a second, limited and expanded by BYHOUR, BYMINUTE and BYSECOND."""
    fixed = rule.frequency
    if rule.by_hour and moment.hour not in rule.by_hour:
        return []
    if fixed >= Frequency.MINUTELY and rule.by_minute and moment.minute not in rule.by_minute:
        return []
    if fixed is Frequency.SECONDLY and rule.by_second and moment.second not in rule.by_second:
        return []
    minutes = rule.by_minute if fixed is Frequency.HOURLY else (moment.minute,)
    seconds = rule.by_second if fixed is not Frequency.SECONDLY else (moment.second,)
    return [moment.replace(minute=minute, second=second) for minute, second in product(minutes, seconds)]


def _day_fits(rule: Rule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day:
        length = monthrange(day.year, day.month)[1]
        if day.day not in rule.by_month_day and day.day - length - 1 not in rule.by_month_day:
            return False
    if rule.by_day and not any(_weekday_fits(rule, day, ordinal, weekday) for ordinal, weekday in rule.by_day):
        return False
    if rule.by_year_day:
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        if number not in rule.by_year_day and number - length - 1 not in rule.by_year_day:
            return False
    return not rule.by_week or any(number in rule.by_week for number in _week_numbers(day, rule.week_start))


def _weekday_fits(rule: Rule, day: date, ordinal: int, weekday: int) -> bool:
    if day.weekday() != weekday:
        return False
    if not ordinal or rule.frequency > Frequency.MONTHLY:
        return True
    if rule.frequency is Frequency.MONTHLY or rule.by_month:
        number, length = day.day, monthrange(day.year, day.month)[1]
    else:
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    return ordinal in {(number - 1) // 7 + 1, -((length - number) // 7 + 1)}


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """The number of the week from the beginning and from the end of its year; week 1 has four days in the year."""
    begin = day.toordinal() - (day.weekday() - week_start) % 7
    year = date.fromordinal(min(max(begin + 3, 1), date.max.toordinal())).year
    first = _first_week(year, week_start)
    weeks = (_first_week(year + 1, week_start) - first) // 7 if year < MAXYEAR else 52
    number = (begin - first) // 7 + 1
    return number, number - weeks - 1


def _first_week(year: int, week_start: int) -> int:
    fourth = date(year, 1, 4)
    return fourth.toordinal() - (fourth.weekday() - week_start) % 7


def _at_positions(times: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    ordered = sorted(times)
    chosen = {position - 1 if position > 0 else len(ordered) + position for position in positions}
    return [ordered[index] for index in sorted(chosen) if 0 <= index < len(ordered)]
