"""Graph's ``dateTimeTimeZone`` and our moments. Pure.

We ask for times in UTC, and ``originalStartTimeZone`` tells in which zone they were meant. A whole day is midnight.
"""

from datetime import UTC, date, datetime, tzinfo
from typing import Any

from bridge.core.event import EventKind, Moment
from bridge.core.ical_times import fit_end, implied_end
from bridge.core.ical_values import from_timestamp, timestamp
from bridge.core.timezones import resolve, zone_name
from bridge.errors import Invalid, MappingError
from bridge.providers.windows_names import UTC_NAME, name_of


def read_time(found: object, *, whole_day: bool, zone: tzinfo | None = None) -> Moment:
    """Read a time, and tell it in ``zone``. Raises ``Invalid``."""
    if not isinstance(found, dict):
        raise Invalid("The event has no start or no end.")
    moment = _aware(found)
    if not whole_day:
        return moment.astimezone(zone or UTC)
    if (moment.hour, moment.minute) == (0, 0):
        return moment.date()
    return moment.astimezone(zone or UTC).date()


def read_instant(value: object) -> datetime | None:
    """Read a timestamp such as ``2026-07-18T07:43:58.1037402Z``; nothing for anything else."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def span(start: Moment | None, end: Moment | None, zone: tzinfo, *, recurs: bool) -> dict[str, Any]:
    """Write the times of an event: ``start``, ``end`` and ``isAllDay``. ``zone`` is that of floating times.

    A series has both in the zone of its start. Raises ``MappingError``.
    """
    if start is None:
        raise MappingError("start", "An event without a start cannot be stored in Microsoft 365.")
    last = fit_end(EventKind.EVENT, start, implied_end(EventKind.EVENT, start, end)) or start
    if recurs and isinstance(start, datetime) and isinstance(last, datetime) and start.tzinfo is not None:
        last = from_timestamp(timestamp(last), start.tzinfo)
    whole = not isinstance(start, datetime)
    written = {name: write_time(moment, zone, recurs=recurs) for name, moment in (("start", start), ("end", last))}
    return {**written, "isAllDay": whole}


def write_time(moment: Moment, zone: tzinfo, *, recurs: bool) -> dict[str, str]:
    """Write a time. ``zone`` is that of floating ones, which Graph does not know.

    Raises ``MappingError`` for a series in a zone that Windows does not know.
    """
    if not isinstance(moment, datetime):
        return {"dateTime": f"{moment.isoformat()}T00:00:00", "timeZone": UTC_NAME}
    moment = in_zone(moment, zone)
    name = name_of(moment.tzinfo)
    if not name and recurs:
        raise MappingError("start", "Microsoft 365 knows no time zone like that of this series.")
    if not name or _is_ambiguous(moment):
        moment, name = from_timestamp(timestamp(moment), UTC), UTC_NAME
    return {"dateTime": moment.replace(tzinfo=None, microsecond=0).isoformat(), "timeZone": name}


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A floating time in the zone that it is written in."""
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def wall(moment: Moment) -> datetime:
    """The wall clock of a moment, which is midnight of a day."""
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None, microsecond=0)
    return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - a wall clock


def iana(moment: Moment | None) -> str:
    """The IANA name of a moment's zone."""
    return zone_name(moment.tzinfo) if isinstance(moment, datetime) else ""


def _aware(found: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(found.get("dateTime")))
        if moment.tzinfo is not None:
            return moment
        return moment.replace(tzinfo=resolve(str(found.get("timeZone") or UTC_NAME)) or UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("The event has a time that cannot be read.") from error


def _is_ambiguous(moment: datetime) -> bool:
    """Whether the clock shows this time twice: its name does not tell which of both is meant."""
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def same_day(one: Moment, other: Moment) -> bool:
    """Whether two moments lie on the same day of the calendar."""
    return date(one.year, one.month, one.day) == date(other.year, other.month, other.day)
