"""Graph's ``patternedRecurrence`` as a rule of recurrence (RFC 5545 3.3.10). Pure.

A day that a month does not have is its last day there, while RFC 5545 leaves such months out; the rule says so.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bridge.core.event import Moment
from bridge.core.ical_values import format_moment, from_timestamp, timestamp
from bridge.errors import Invalid
from bridge.providers.month_days import rule_parts

Raw = Mapping[str, Any]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEX = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}

_MOST = 9999  # a rule with larger numbers means nothing
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ORDINALS = {name: number for number, name in INDEX.items()}
_USED = {  # what of a pattern counts, by its type
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek", "index"),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "index", "month"),
}


def read_rule(recurrence: Raw, start: Moment) -> str:
    """The RRULE line of a recurrence. Raises ``Invalid`` for one that nobody knows."""
    pattern, span = _mapping(recurrence, "pattern"), _mapping(recurrence, "range")
    parts = [*_by_type(pattern), *_ending(span, start)]
    interval = pattern.get("interval")
    if _is_number(interval) and interval != 1:
        parts.insert(1, f"INTERVAL={interval}")
    return f"RRULE:{';'.join(parts)}"


def says(recurrence: Raw) -> dict[str, Any]:
    """What counts of a recurrence, to compare two of them."""
    pattern, span = _mapping(recurrence, "pattern"), _mapping(recurrence, "range")
    kind = str(pattern.get("type"))
    used = {name: _sorted(pattern.get(name)) for name in _USED.get(kind, ())}
    if kind == "weekly" and pattern.get("interval") != 1 and len(used["daysOfWeek"]) > 1:
        used["firstDayOfWeek"] = pattern.get("firstDayOfWeek")
    end = {"numbered": "numberOfOccurrences", "endDate": "endDate"}.get(str(span.get("type")))
    return {
        "type": kind,
        "interval": pattern.get("interval"),
        **used,
        "from": span.get("startDate"),
        "until": (span.get("type"), span.get(end) if end else None),
    }


def _by_type(pattern: Raw) -> list[str]:
    kind = str(pattern.get("type"))
    days = [_CODES[DAYS.index(day)] for day in _sorted(pattern.get("daysOfWeek")) if day in DAYS]
    unit = "FREQ=YEARLY" if kind.endswith("Yearly") else "FREQ=MONTHLY"
    month = pattern.get("month")
    in_month = [f"BYMONTH={month}"] if kind.endswith("Yearly") else []
    if kind == "daily":
        return ["FREQ=DAILY"]
    if kind == "weekly" and days:
        first = str(pattern.get("firstDayOfWeek"))
        weeks = [f"WKST={_CODES[DAYS.index(first) if first in DAYS else -1]}"] if pattern.get("interval") != 1 else []
        return ["FREQ=WEEKLY", f"BYDAY={','.join(days)}", *weeks]
    if in_month and not _is_number(month, 12):
        raise Invalid("The event repeats in a month that does not exist.")
    if kind in {"absoluteMonthly", "absoluteYearly"} and _is_number(pattern.get("dayOfMonth"), 31):
        return [unit, *in_month, *rule_parts(pattern["dayOfMonth"], month if in_month else None)]
    ordinal = _ORDINALS.get(str(pattern.get("index")))
    if kind in {"relativeMonthly", "relativeYearly"} and days and ordinal:
        one = [f"BYDAY={ordinal}{days[0]}"]
        return [unit, *in_month, *(one if len(days) == 1 else [f"BYDAY={','.join(days)}", f"BYSETPOS={ordinal}"])]
    raise Invalid("The event repeats in a way that is not known here.")


def _ending(span: Raw, start: Moment) -> list[str]:
    kind = span.get("type")
    if kind == "numbered" and _is_number(span.get("numberOfOccurrences")):
        return [f"COUNT={span['numberOfOccurrences']}"]
    if kind != "endDate":
        return []
    try:
        last = date.fromisoformat(str(span.get("endDate")))
    except ValueError as error:
        raise Invalid("The event repeats until a day that cannot be read.") from error
    if not isinstance(start, datetime):
        return [f"UNTIL={format_moment(last)}"]
    moment = datetime.combine(last, start.time(), start.tzinfo)
    return [f"UNTIL={format_moment(from_timestamp(timestamp(moment), UTC))}"]


def _is_number(found: object, most: int = _MOST) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= most


def _mapping(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _sorted(found: object) -> Any:
    """Days in the order of the week, anything else as it is."""
    if not isinstance(found, list):
        return found if isinstance(found, str | int) else []
    return sorted((str(day) for day in found), key=lambda day: DAYS.index(day) if day in DAYS else 7)
