"""Google's ``EventDateTime`` and our moments. Pure.

A date is a whole day; a time has an offset and, in most cases, the name of its zone, in which a series recurs.
"""

from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.event import EventKind, Moment
from bridge.core.ical_times import fit_end, implied_end
from bridge.core.ical_values import from_timestamp, is_utc, timestamp
from bridge.core.timezones import resolve, zone_name
from bridge.errors import Invalid, MappingError


def read_time(found: object, fallback: tzinfo | None = None) -> Moment:
    """Read an ``EventDateTime``. ``fallback`` is the zone of one that names none. Raises ``Invalid``."""
    if not isinstance(found, dict):
        raise Invalid("The event has no start or no end.")
    try:
        if found.get("date"):
            return date.fromisoformat(str(found["date"]))
        moment = datetime.fromisoformat(str(found.get("dateTime")))
        zone = resolve(str(found.get("timeZone") or "")) or fallback
        if moment.tzinfo is None:
            return moment.replace(tzinfo=zone)
        return moment.astimezone(zone or UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("The event has a time that cannot be read.") from error


def write_time(moment: Moment, zone: tzinfo, *, recurs: bool) -> dict[str, Any]:
    """Write an ``EventDateTime``. ``zone`` is that of floating times, which Google does not know.

    Raises ``MappingError`` for a series in a zone that has no IANA name.
    """
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat()}
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    name = _name(moment.tzinfo)
    if not name and recurs:
        raise MappingError("start", "Google knows no time zone like that of this series.")
    written = moment if name else from_timestamp(timestamp(moment), UTC)
    return {"dateTime": written.replace(microsecond=0).isoformat(), "timeZone": name or "UTC"}


def span(start: Moment | None, end: Moment | None, zone: tzinfo, *, recurs: bool) -> tuple[dict[str, Any], ...]:
    """Write start and end of an event. A series has both in the zone of its start. Raises ``MappingError``."""
    if start is None:
        raise MappingError("start", "An event without a start cannot be stored in Google Calendar.")
    last = fit_end(EventKind.EVENT, start, implied_end(EventKind.EVENT, start, end)) or start
    if recurs and isinstance(start, datetime) and isinstance(last, datetime) and start.tzinfo is not None:
        last = from_timestamp(timestamp(last), start.tzinfo)
    return write_time(start, zone, recurs=recurs), write_time(last, zone, recurs=recurs)


def _name(zone: tzinfo | None) -> str:
    if is_utc(zone):
        return "UTC"
    return zone_name(zone) if isinstance(zone, ZoneInfo) else ""
