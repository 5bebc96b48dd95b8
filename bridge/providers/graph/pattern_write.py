"""A rule of recurrence (RFC 5545 3.3.10) as Graph's ``patternedRecurrence``. Pure.

Outlook has six patterns, each with at most one occurrence a day. A day that a month does not have is its last day
there, while RFC 5545 leaves such months out: only what means the same is written.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from bridge.core.event import Moment
from bridge.core.ical_values import from_timestamp, timestamp
from bridge.core.rrule import Frequency, Rule, parse_rule, starts
from bridge.errors import Invalid, MappingError
from bridge.providers.graph.pattern_read import DAYS, INDEX
from bridge.providers.graph.times import wall
from bridge.providers.month_days import outlook_day
from bridge.providers.windows_names import UTC_NAME, name_of

_FAR = timedelta(days=366 * 10)


def write_recurrence(rule_line: str, start: Moment) -> tuple[dict[str, Any], Moment]:
    """The recurrence that a rule means for a series from ``start``, and the first start that follows the rule.

    A start that does not follow it is an occurrence of its own in RFC 5545, which Outlook cannot have beside a pattern:
    it is counted, and the caller remembers it. Raises ``MappingError``.
    """
    rule = _parsed(rule_line)
    first = _first(rule, start)
    if first != start and rule.count is not None:
        rule = replace(rule, count=rule.count - 1)
    if rule.count == 0:
        raise _not_like(rule_line)
    pattern = _pattern(rule, first)
    if pattern is None:
        raise _not_like(rule_line)
    return {"pattern": {"interval": rule.interval, **pattern}, "range": _range(rule, first)}, first


def _parsed(line: str) -> Rule:
    name, _, value = line.partition(":")
    if name.strip().upper() != "RRULE":
        raise _not_like(line)
    try:
        return parse_rule(value)
    except Invalid as error:
        raise MappingError("recurrence", str(error)) from error


def _first(rule: Rule, start: Moment) -> Moment:
    at = wall(start)
    first = next(starts(rule, at, at, at + _FAR), None)
    if first is None:
        raise MappingError("recurrence", "This series never takes place.")
    if not isinstance(start, datetime):
        return first.date()
    return start if first == at else first.replace(tzinfo=start.tzinfo)


def _pattern(rule: Rule, first: Moment) -> dict[str, Any] | None:
    """The pattern of a rule; nothing where Outlook has none like it."""
    at = wall(first)
    odd = rule.by_week or rule.by_year_day or rule.frequency > Frequency.DAILY
    clock = ((rule.by_hour, at.hour), (rule.by_minute, at.minute), (rule.by_second, at.second))
    if odd or any(wanted and wanted != (own,) for wanted, own in clock):
        return None
    if rule.frequency is Frequency.YEARLY:
        return _yearly(rule, at)
    if rule.by_month:
        return None
    return _in_month(rule, at, "Monthly", month=None) if rule.frequency is Frequency.MONTHLY else _of_days(rule, at)


def _of_days(rule: Rule, at: datetime) -> dict[str, Any] | None:
    daily = rule.frequency is Frequency.DAILY
    if daily and not (rule.by_day or rule.by_month_day or rule.by_position):
        return {"type": "daily"}
    odd = rule.by_month_day or rule.by_position or any(ordinal for ordinal, _ in rule.by_day)
    if odd or (daily and rule.interval > 1):
        return None
    days = sorted(day for _, day in rule.by_day) or [at.weekday()]
    return {"type": "weekly", "daysOfWeek": [DAYS[day] for day in days], "firstDayOfWeek": DAYS[rule.week_start]}


def _yearly(rule: Rule, at: datetime) -> dict[str, Any] | None:
    if len(rule.by_month) > 1 or ((rule.by_day or rule.by_month_day) and not rule.by_month):
        return None
    month = rule.by_month[0] if rule.by_month else at.month
    found = _in_month(rule, at, "Yearly", month=month)
    return {**found, "month": month} if found else None


def _in_month(rule: Rule, at: datetime, unit: str, *, month: int | None) -> dict[str, Any] | None:
    if rule.by_day:
        return None if rule.by_month_day else _relative(rule, unit)
    day = outlook_day(rule.by_month_day or (at.day,), rule.by_position, month)
    return {"type": f"absolute{unit}", "dayOfMonth": day} if day else None


def _relative(rule: Rule, unit: str) -> dict[str, Any] | None:
    ordinals = {ordinal for ordinal, _ in rule.by_day}
    if len(rule.by_day) == 1 and not rule.by_position:
        (ordinal,) = ordinals
    elif ordinals == {0} and len(rule.by_position) == 1:
        (ordinal,) = rule.by_position
    else:
        return None
    if ordinal not in INDEX:
        return None
    days = [DAYS[day] for _, day in rule.by_day]
    return {"type": f"relative{unit}", "daysOfWeek": days, "index": INDEX[ordinal]}


def _range(rule: Rule, first: Moment) -> dict[str, Any]:
    zone = first.tzinfo if isinstance(first, datetime) else None
    begin = {"startDate": wall(first).date().isoformat(), "recurrenceTimeZone": name_of(zone) or UTC_NAME}
    if rule.count is not None:
        return {"type": "numbered", "numberOfOccurrences": rule.count, **begin}
    if rule.until is not None:
        last = _last_day(rule.until, first, zone)
        return {"type": "endDate", "endDate": last.isoformat(), **begin}
    return {"type": "noEnd", **begin}


def _last_day(until: Moment, first: Moment, zone: tzinfo | None) -> date:
    """The last day on which a series that ends then may take place."""
    if not isinstance(until, datetime):
        return until
    if until.tzinfo is not None and zone is not None:
        until = from_timestamp(timestamp(until), zone)
    earlier = until.replace(tzinfo=None).time() < wall(first).time()
    return until.date() - timedelta(days=1) if earlier else until.date()


def _not_like(line: str) -> MappingError:
    text = f"Outlook has no pattern like the rule of this series ({line[:200]})."
    return MappingError("recurrence", text)
