"""Recurrence: what Exchange calls a pattern and a range, and RRULE (RFC 5545 3.3.10). Pure.

Exchange knows six patterns. In one of them, the last days of a month stand for the last one there is (day 31 of every
month is the end of each), which for RRULE is ``BYMONTHDAY=-1``.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bridge.core.canonical_event import is_rule
from bridge.core.contentline import read_line
from bridge.core.event import Moment
from bridge.core.ical_values import format_moment, from_timestamp, is_utc, timestamp
from bridge.core.rrule import Frequency, Rule, parse_rule, starts
from bridge.errors import Invalid, MappingError
from bridge.providers.exchange.xml import Element, local, make, rows, text
from bridge.providers.exchange.zones import day_of
from bridge.providers.month_days import outlook_day, rule_parts

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ORDINALS = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", -1: "Last"}

_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_GROUPS = {"Day": frozenset(range(7)), "Weekday": frozenset(range(5)), "WeekendDay": frozenset((5, 6))}
_MOST = {"Daily": 999, "Weekly": 99, "Monthly": 99}
_MOST_COUNTED = 999
_LONG = timedelta(days=366 * 30)


@dataclass(frozen=True, slots=True)
class Pattern:
    """When a series recurs.

    ``kind`` is Daily, Weekly, Absolute or Relative, the latter two by months, or by years with a ``month``. ``days``
    are weekdays from Monday (0), ``ordinal`` tells which of them in a month (-1: the last), ``day`` is that of the
    month. ``count`` and ``until``, the last day on which it may take place, exclude each other.
    """

    kind: str
    interval: int = 1
    days: frozenset[int] = frozenset()
    ordinal: int = 0
    day: int = 0
    month: int = 0
    week_start: int = 0
    count: int | None = None
    until: date | None = None


def pattern_of(lines: Sequence[str], start: Moment) -> Pattern:
    """The pattern of a series that begins at ``start``. Raises ``MappingError`` for what Exchange does not know."""
    rules = [line.strip() for line in lines if is_rule(line)]
    if len(rules) != 1 or not rules[0].upper().startswith("RRULE"):
        raise _unknown()
    if any(line.strip()[:5].upper() == "RDATE" for line in lines):
        raise MappingError("recurrence", "Exchange knows no series with single additional dates.")
    try:
        rule = parse_rule(read_line(rules[0]).value)
    except Invalid as error:
        raise MappingError("recurrence", str(error)) from error
    if rule.by_week or rule.by_year_day or rule.by_hour or rule.by_minute or rule.by_second:
        raise _unknown()
    shape = _shape(rule, day_of(start))
    if rule.count is not None and rule.count > 1 and first_day(shape, day_of(start)) != day_of(start):
        rule = replace(rule, count=rule.count - 1)  # a start that does not fit its rule counts, and is not in Exchange
    return _checked(_ranged(shape, rule, start))


def first_day(pattern: Pattern, start: date) -> date:
    """The first day of a series from its start on: Exchange begins where the pattern does."""
    if pattern.kind == "Absolute":
        months = range(start.year * 12 + start.month - 1, start.year * 12 + start.month + 12)
        days = (_in_month(pattern, at // 12, at % 12 + 1) for at in months)
        return next((day for day in days if day is not None and day >= start), start)
    rule = parse_rule(rule_of(replace(pattern, count=None, until=None), start).partition(":")[2])
    first = datetime.combine(start, time())
    return next((each.date() for each in starts(rule, first, first, first + _LONG)), start)


def first_start(pattern: Pattern, start: Moment) -> Moment:
    """The same for a moment."""
    day = first_day(pattern, day_of(start))
    return start.replace(year=day.year, month=day.month, day=day.day) if day != day_of(start) else start


def rule_of(pattern: Pattern, start: Moment) -> str:
    """The RRULE line of a pattern; its UNTIL is the last moment at which the series may take place."""
    parts = [f"FREQ={_frequency(pattern)}"]
    if pattern.interval != 1:
        parts.append(f"INTERVAL={pattern.interval}")
    if pattern.kind == "Weekly":
        parts.append(f"BYDAY={_codes(pattern.days)}")
        parts += [f"WKST={_CODES[pattern.week_start]}"] if pattern.week_start else []
    elif pattern.kind == "Absolute":
        yearly = pattern.interval % 12 == 0
        parts += rule_parts(pattern.day, pattern.month or (day_of(start).month if yearly else None))
    elif pattern.kind == "Relative" and len(pattern.days) == 1:
        parts.append(f"BYDAY={pattern.ordinal}{_codes(pattern.days)}")
    elif pattern.kind == "Relative":
        parts += [f"BYDAY={_codes(pattern.days)}", f"BYSETPOS={pattern.ordinal}"]
    if pattern.month:
        parts.append(f"BYMONTH={pattern.month}")
    if pattern.count is not None:
        parts.append(f"COUNT={pattern.count}")
    elif pattern.until is not None:
        parts.append(f"UNTIL={format_moment(_last(pattern.until, start))}")
    return f"RRULE:{';'.join(parts)}"


def read_pattern(found: Element) -> Pattern:
    """Read ``t:Recurrence``. Raises ``Invalid``."""
    values = {local(part).removesuffix("Recurrence"): part for part in rows(found)}
    try:
        name = next(name for name in values if name not in {"NoEnd", "EndDate", "Numbered"})
        shape = _read_shape(name, values[name])
        if "Numbered" in values:
            return replace(shape, count=_number(text(values["Numbered"], "NumberOfOccurrences")))
        if "EndDate" in values:
            return replace(shape, until=date.fromisoformat(text(values["EndDate"], "EndDate")[:10]))
    except (ValueError, KeyError, StopIteration) as error:
        raise Invalid("The series recurs in a way that cannot be read.") from error
    return shape


def write_pattern(pattern: Pattern, start: Moment) -> Element:
    """Write ``t:Recurrence``."""
    first = make("t:StartDate", day_of(start).isoformat())
    if pattern.count is not None:
        span = make("t:NumberedRecurrence", first, make("t:NumberOfOccurrences", str(pattern.count)))
    elif pattern.until is not None:
        span = make("t:EndDateRecurrence", first, make("t:EndDate", pattern.until.isoformat()))
    else:
        span = make("t:NoEndRecurrence", first)
    return make("t:Recurrence", _written_shape(pattern), span)


def _shape(rule: Rule, first: date) -> Pattern:
    days = frozenset(day for _, day in rule.by_day)
    if rule.frequency is Frequency.DAILY and not (rule.by_month or rule.by_month_day or rule.by_position):
        if not days:
            return Pattern("Daily", rule.interval)
        if rule.interval == 1 and not any(ordinal for ordinal, _ in rule.by_day):
            return Pattern("Weekly", 1, days)
    if rule.frequency is Frequency.WEEKLY and not (rule.by_month or rule.by_month_day or rule.by_position):
        week_start = rule.week_start if rule.interval > 1 else 0
        return Pattern("Weekly", rule.interval, days or frozenset((first.weekday(),)), week_start=week_start)
    if rule.frequency is Frequency.MONTHLY and not rule.by_month:
        return _of_month(rule, first, rule.interval, 0)
    if rule.frequency is Frequency.YEARLY and len(rule.by_month) <= 1:
        month = rule.by_month[0] if rule.by_month else first.month
        if rule.by_day and not rule.by_month:
            raise _unknown()  # the ordinals would count weeks of the year
        return _of_month(rule, first, 12 * rule.interval, month)
    raise _unknown()


def _of_month(rule: Rule, first: date, months: int, month: int) -> Pattern:
    """A day of every so many months. Every year has a form of its own; several years are so many months."""
    month = month if months == 12 else 0
    interval = 1 if month else months
    if month == 0 and rule.by_month and rule.by_month[0] != first.month:
        raise _unknown()
    if not rule.by_day:
        yearly = months % 12 == 0 and rule.frequency is Frequency.YEARLY
        every = (rule.by_month[0] if rule.by_month else first.month) if yearly else None
        day = outlook_day(rule.by_month_day or (first.day,), rule.by_position, every)
        if not day:
            raise _unknown()
        return Pattern("Absolute", interval, day=day, month=month)
    ordinals = {ordinal for ordinal, _ in rule.by_day} - {0}
    ordinals |= set(rule.by_position)
    days = frozenset(day for _, day in rule.by_day)
    single = len(rule.by_day) == 1 or (rule.by_position and all(not each for each, _ in rule.by_day))
    known = len(days) == 1 or days in _GROUPS.values()
    if rule.by_month_day or len(ordinals) != 1 or not single or not known or not ordinals <= ORDINALS.keys():
        raise _unknown()
    return Pattern("Relative", interval, days, ordinal=ordinals.pop(), month=month)


def _in_month(pattern: Pattern, year: int, month: int) -> date | None:
    if pattern.month not in (0, month):
        return None
    return date(year, month, min(pattern.day, monthrange(year, month)[1]))


def _ranged(shape: Pattern, rule: Rule, start: Moment) -> Pattern:
    if rule.count is not None:
        return replace(shape, count=rule.count)
    if rule.until is None:
        return shape
    return replace(shape, until=_last_day(rule.until, start))


def _last_day(until: Moment, start: Moment) -> date:
    """The last day on which a series may take place at the time of its start."""
    if not isinstance(until, datetime) or not isinstance(start, datetime):
        return day_of(until)
    if until.tzinfo is not None and start.tzinfo is not None:
        until = from_timestamp(timestamp(until), start.tzinfo)
    day = until.date()
    return day if until.time() >= start.time() else date.fromordinal(max(1, day.toordinal() - 1))


def _last(until: date, start: Moment) -> Moment:
    if not isinstance(start, datetime):
        return until
    moment = datetime.combine(until, start.time().replace(fold=0), start.tzinfo)
    if start.tzinfo is None or is_utc(start.tzinfo):
        return moment
    return from_timestamp(timestamp(moment), UTC)


def _checked(pattern: Pattern) -> Pattern:
    kind = pattern.kind if pattern.kind in _MOST else "Monthly"
    if pattern.interval > _MOST[kind]:
        raise _unknown()
    if pattern.count is not None and pattern.count > _MOST_COUNTED:
        raise MappingError("recurrence", f"Exchange knows no series of more than {_MOST_COUNTED} events.")
    return pattern


def _frequency(pattern: Pattern) -> str:
    if pattern.month:
        return "YEARLY"
    return {"Daily": "DAILY", "Weekly": "WEEKLY"}.get(pattern.kind, "MONTHLY")


def _codes(days: frozenset[int]) -> str:
    return ",".join(_CODES[day] for day in sorted(days))


def _read_shape(name: str, part: Element) -> Pattern:
    interval = _number(text(part, "Interval") or "1")
    month = MONTHS.index(text(part, "Month")) + 1 if name.endswith("Yearly") else 0
    if name == "Daily":
        return Pattern("Daily", interval)
    if name == "Weekly":
        days = frozenset(DAYS.index(day) for day in text(part, "DaysOfWeek").split())
        first = text(part, "FirstDayOfWeek")
        week_start = DAYS.index(first) if first and interval > 1 else 0
        return Pattern("Weekly", interval, days, week_start=week_start)
    if name.startswith("Absolute"):
        return Pattern("Absolute", interval, day=_number(text(part, "DayOfMonth"), 31), month=month)
    ordinal = {said: number for number, said in ORDINALS.items()}[text(part, "DayOfWeekIndex")]
    which = text(part, "DaysOfWeek")
    days = _GROUPS.get(which) or frozenset((DAYS.index(which),))
    return Pattern("Relative", interval, days, ordinal=ordinal, month=month)


def _number(said: str, most: int = 9999) -> int:
    """A number that means something. Raises ``ValueError``."""
    found = int(said)
    if not 1 <= found <= most:
        raise ValueError("A number that is too small or too large.")
    return found


def _written_shape(pattern: Pattern) -> Element:
    interval = make("t:Interval", str(pattern.interval))
    month = make("t:Month", MONTHS[pattern.month - 1])
    if pattern.kind == "Daily":
        return make("t:DailyRecurrence", interval)
    if pattern.kind == "Weekly":
        days = make("t:DaysOfWeek", " ".join(DAYS[day] for day in sorted(pattern.days)))
        return make("t:WeeklyRecurrence", interval, days, make("t:FirstDayOfWeek", DAYS[pattern.week_start]))
    if pattern.kind == "Absolute":
        day = make("t:DayOfMonth", str(pattern.day))
        if pattern.month:
            return make("t:AbsoluteYearlyRecurrence", day, month)
        return make("t:AbsoluteMonthlyRecurrence", interval, day)
    groups = (name for name, days in _GROUPS.items() if days == pattern.days)
    which = make("t:DaysOfWeek", next(groups, "") or DAYS[min(pattern.days)])
    ordinal = make("t:DayOfWeekIndex", ORDINALS[pattern.ordinal])
    if pattern.month:
        return make("t:RelativeYearlyRecurrence", which, ordinal, month)
    return make("t:RelativeMonthlyRecurrence", interval, which, ordinal)


def _unknown() -> MappingError:
    return MappingError("recurrence", "Exchange knows no series that recurs like this one.")
