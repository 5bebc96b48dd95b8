"""Values of iCalendar properties: DATE, DATE-TIME, PERIOD and DURATION (RFC 5545 3.3).

Reading goes by the shape of a value and not by its VALUE parameter, which real files often lack.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.core.event import Moment
from bridge.errors import Invalid

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - instants are counted in whole seconds, so that no year overflows
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?)?(Z)?\Z", re.IGNORECASE)
_DURATION = re.compile(
    r"([+-])?P(?:([0-9]{1,6})W)?(?:([0-9]{1,7})D)?"
    r"(?:T(?:([0-9]{1,8})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,10})S)?)?\Z",
    re.IGNORECASE,
)


def read_moment(value: str, zone: tzinfo | None = None) -> Moment:
    """Read a DATE or DATE-TIME; a local time gets ``zone``, a floating one (``None``) stays naive.

    Raises ``Invalid`` for what is no date, including years outside of 1 to 9999. A leap second is taken back.
    """
    found = _MOMENT.match(value.strip())
    if not found:
        raise Invalid(f"{value[:40]!r} is no date or time.")
    year, month, day = (int(part) for part in found.group(1, 2, 3))
    try:
        if found[4] is None:
            return date(year, month, day)
        at = (int(found[4]), int(found[5]), min(int(found[6] or 0), 59))
        return datetime(year, month, day, *at, tzinfo=UTC if found[7] else zone)
    except ValueError as error:
        raise Invalid(f"{value[:40]!r} is no date or time.") from error


def format_moment(moment: Moment) -> str:
    """Write a moment in its own wall clock, with Z only for UTC itself."""
    text = f"{moment.year:04}{moment.month:02}{moment.day:02}"
    if not isinstance(moment, datetime):
        return text
    text += f"T{moment.hour:02}{moment.minute:02}{moment.second:02}"
    return text + "Z" if is_utc(moment.tzinfo) else text


def is_utc(zone: tzinfo | None) -> bool:
    """Whether the zone is UTC by name, not merely equal to it at some time."""
    return zone is UTC or (isinstance(zone, ZoneInfo) and zone.key in {"UTC", "Etc/UTC"})


def read_duration(value: str) -> timedelta:
    """Read a DURATION (RFC 5545 3.3.6). Raises ``Invalid``."""
    found = _DURATION.match(value.strip())
    if not found or not any(part is not None for part in found.groups()[1:]):
        raise Invalid(f"{value[:40]!r} is no duration.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -duration if found[1] == "-" else duration


def format_duration(duration: timedelta) -> str:
    """Write a DURATION; weeks are written as days, which every client reads."""
    total = duration // SECOND
    days, rest = divmod(abs(total), 86400)
    hours, minutes, seconds = rest // 3600, rest % 3600 // 60, rest % 60
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-" if total < 0 else "") + "P" + (text or "T0S")


def timestamp(moment: Moment, floating: tzinfo = UTC) -> int:
    """The instant in POSIX seconds; a date is its midnight, and dates and naive times are in ``floating``."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=floating)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=floating)
    wall = (moment.replace(tzinfo=None) - EPOCH) // SECOND
    return wall - (moment.utcoffset() or timedelta()) // SECOND


def from_timestamp(seconds: int, zone: tzinfo) -> datetime:
    """The aware time of an instant in ``zone``, held within the years 1 to 9999."""
    try:
        return (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=UTC).astimezone(zone)
    except (OverflowError, ValueError):
        return _edge(zone, late=seconds > 0)


def same_moment(one: Moment | None, other: Moment | None) -> bool:
    """Whether both are the same date, the same floating time or the same instant in whatever zones."""
    if one is None or other is None:
        return one is other
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one.tzinfo is None) is (other.tzinfo is None) and timestamp(one) == timestamp(other)
    return not isinstance(one, datetime) and not isinstance(other, datetime) and one == other


def identity(moment: Moment | None) -> object:
    """What tells instances apart: the instant, or the wall clock of a date or a floating time."""
    if moment is None:
        return None
    aware = isinstance(moment, datetime) and moment.tzinfo is not None
    return timestamp(moment) if aware else moment.isoformat()


def add(moment: Moment, duration: timedelta) -> Moment:
    """``moment`` later by a nominal duration, held within the years 1 to 9999.

    Days are added on the wall clock and the rest of the duration on the instant, as RFC 5545 3.3.6 wants it.
    """
    if not isinstance(moment, datetime):
        days = -(-duration // DAY)
        return date.fromordinal(min(max(moment.toordinal() + days, 1), date.max.toordinal()))
    days = duration // DAY if duration >= timedelta() else -(-duration // DAY)
    try:
        shifted = moment + timedelta(days=days)
        rest = duration - timedelta(days=days)
        if shifted.tzinfo is None or not rest:
            return shifted + rest
    except OverflowError:
        return _edge(moment.tzinfo, late=duration > timedelta())
    return from_timestamp(timestamp(shifted) + rest // SECOND, shifted.tzinfo)


def _edge(zone: tzinfo | None, *, late: bool) -> datetime:
    """The last or first second that a ``datetime`` can express."""
    if late:
        return datetime(9999, 12, 31, 23, 59, 59, tzinfo=zone)
    return datetime(1, 1, 1, tzinfo=zone)
