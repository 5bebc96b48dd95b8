"""Zones by their names in Windows, and our moments as Exchange writes them. Pure.

Several zones share a name in Windows. An event that we have made remembers which one was meant; for any other, it is
the zone of this installation, if it bears that name, and the usual one otherwise (Unicode CLDR, territory 001).
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bridge.core.event import EventKind, Moment
from bridge.core.ical_times import fit_end, implied_end
from bridge.core.ical_values import from_timestamp, timestamp
from bridge.errors import Invalid, MappingError
from bridge.providers import windows_names
from bridge.providers.windows_names import name_of

_HALF_A_DAY = timedelta(hours=12)


def zone_of(name: str, meant: str, home: tzinfo) -> tzinfo | None:
    """The zone that a name in Windows stands for; ``meant`` is the IANA name that an event remembers, if any.

    ``None`` for a name that nobody knows.
    """
    if not name:
        return home
    return home if not meant and name_of(home) == name else windows_names.zone_of(name, meant)


def read_instant(text: str) -> datetime:
    """An instant in UTC. Raises ``Invalid``."""
    try:
        found = datetime.fromisoformat(text.strip())
        return from_timestamp(timestamp(found.replace(tzinfo=found.tzinfo or UTC)), UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("The item has a time that cannot be read.") from error


def read_moment(text: str, zone: tzinfo, *, whole_day: bool) -> Moment:
    """A time in a zone, or the day that begins at it there, or nearest to it. Raises ``Invalid``."""
    instant = read_instant(text)
    try:
        local = instant.astimezone(zone)
        if not whole_day:
            return local
        return (local + _HALF_A_DAY).date() if local.time() != time() else local.date()
    except OverflowError as error:
        raise Invalid("The item has a time that cannot be read.") from error


def write_moment(moment: Moment, home: tzinfo) -> str:
    """A time with its offset; a day begins at midnight in the zone of this installation."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), home)
    return moment.replace(microsecond=0, tzinfo=moment.tzinfo or home).isoformat()


def zone_to_write(moment: Moment, home: tzinfo, *, recurs: bool) -> str:
    """The name in Windows of the zone of a moment. Raises ``MappingError`` where a series needs another one."""
    zone = moment.tzinfo or home if isinstance(moment, datetime) else home
    name = name_of(zone)
    if not name and recurs:
        raise MappingError("start", "Exchange knows no time zone like that of this series.")
    return name or windows_names.UTC_NAME


def span(start: Moment | None, end: Moment | None, *, recurs: bool) -> tuple[Moment, Moment]:
    """Start and end of an event; those of a series in the zone of its start. Raises ``MappingError``."""
    if start is None:
        raise MappingError("start", "An event without a start cannot be stored in Exchange.")
    last = fit_end(EventKind.EVENT, start, implied_end(EventKind.EVENT, start, end)) or start
    if recurs and isinstance(start, datetime) and isinstance(last, datetime) and start.tzinfo is not None:
        last = from_timestamp(timestamp(last), start.tzinfo)
    return start, last


def day_of(moment: Moment) -> date:
    """The day of a moment, where it is told."""
    return moment.date() if isinstance(moment, datetime) else moment
