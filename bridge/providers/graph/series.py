"""A series: its master with its exceptions, which are events of their own there, as one object. Pure.

An exception need not tell which occurrence it was (``originalStart`` is null at times); its ``occurrenceId`` and its
``iCalUId`` hold the day, and no pattern of Outlook has two occurrences on one day. What was cancelled is told by such
ids alone. The version of a master changes with each of its exceptions.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from bridge.core.digest import same
from bridge.core.event import Event, Moment
from bridge.core.ical_values import format_moment, is_utc
from bridge.core.timezones import zone_name
from bridge.errors import Invalid
from bridge.ports import Found, RemoteId, Version
from bridge.providers.graph.event_read import EXPRESSES, MASTER, on_day, read_event, text
from bridge.providers.graph.marks import DROPPED, UID, list_of, memory, text_of
from bridge.providers.graph.times import read_instant, read_time
from bridge.providers.occurrences import instance

Raw = Mapping[str, Any]

_OCCURRENCE = re.compile(r"\.(\d{4}-\d\d-\d\d)\Z")
_GLOBAL_ID = re.compile(r"040000008200E00074C5B7101A82E008([0-9A-F]{8})", re.IGNORECASE)  # MS-OXOCAL 2.2.1.27
OF_SERIES = frozenset(("occurrence", "exception"))
"""The types of events that belong to a master."""


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it is there: a single event, or a master with ``exceptionOccurrences`` and the cancelled ones."""

    raw: Raw

    @property
    def id(self) -> RemoteId:
        """The id of the object."""
        return RemoteId(text(self.raw, "id"))

    @property
    def etag(self) -> str:
        """The version for ``If-Match``."""
        return text(self.raw, "@odata.etag")

    @property
    def version(self) -> Version:
        """The version of the whole."""
        return version_of(self.raw)

    @property
    def is_series(self) -> bool:
        """Whether this is the master of a series."""
        return is_series(self.raw)

    def event(self) -> Event:
        """The whole object. Raises ``Invalid``."""
        event = self.series()
        if not self.is_series:
            return event
        changed = [each for raw in self.exceptions if (each := _override(event, raw, self.raw)) is not None]
        dropped = set(list_of(memory(self.raw), DROPPED))
        taken = {_day(each.recurrence_id) for each in changed if each.recurrence_id is not None}
        gone = [day for day in self.cancelled if day not in taken]
        silent = [replace(instance(event, on_day(day, event)), cancelled=True) for day in gone if str(day) in dropped]
        lines = tuple(_exdate(on_day(day, event)) for day in gone if str(day) not in dropped)
        return replace(event, recurrence=(*event.recurrence, *lines), overrides=(*changed, *silent))

    def series(self) -> Event:
        """The series itself, without its exceptions. Raises ``Invalid``."""
        return read_event(self.raw)

    def found(self) -> Found[Event]:
        """The object as a listing tells it."""
        stamp = text_of(memory(self.raw), UID)
        try:
            return Found(self.id, self.version, self.event(), stamp=stamp)
        except Invalid as error:
            return Found(self.id, self.version, problem=str(error), stamp=stamp)

    @property
    def exceptions(self) -> list[Raw]:
        """The occurrences that differ from the series."""
        rows = self.raw.get("exceptionOccurrences")
        return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []

    @property
    def cancelled(self) -> list[date]:
        """The days whose occurrence does not take place."""
        rows = self.raw.get("cancelledOccurrences")
        found = (_day_in(str(row)) for row in rows) if isinstance(rows, list) else ()
        return sorted(day for day in found if day is not None)

    def exception_on(self, day: date, series: Event) -> Raw | None:
        """What has become of the occurrence of a day, if it differs from the series."""
        return next((raw for raw in self.exceptions if original_day(raw, series, self.raw) == day), None)

    def changed_days(self, series: Event) -> set[date]:
        """The days whose occurrence differs. Those that nobody can tell are passed over."""
        days = (original_day(raw, series, self.raw) for raw in self.exceptions)
        return {day for day in days if day is not None}


def version_of(raw: Raw) -> Version:
    """The version of an object."""
    etag = text(raw, "@odata.etag") or text(raw, "changeKey")
    return Version(etag or hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest())


def is_series(raw: Raw) -> bool:
    """Whether an event is the master of a series."""
    return text(raw, "type") == MASTER or isinstance(raw.get("recurrence"), Mapping)


def series_of(raw: Raw) -> str:
    """The id of the master that an occurrence belongs to; nothing for any other event."""
    return text(raw, "seriesMasterId") if text(raw, "type") in OF_SERIES or not text(raw, "type") else ""


def _override(series: Event, raw: Raw, master: Raw) -> Event | None:
    """An exception as ours; nothing for one that says just what the series says. Raises ``Invalid``."""
    day = original_day(raw, series, master)
    if day is None:
        raise Invalid("The series has an exception that does not tell which occurrence it was.")
    at = on_day(day, series)
    known = {name: value for name, value in memory(master).items() if name != UID}
    read = replace(read_event(raw, known), uid=series.uid, recurrence=(), recurrence_id=at)
    return None if same(instance(series, at), read, EXPRESSES) else read


def original_day(raw: Raw, series: Event, master: Raw) -> date | None:
    """The day of the occurrence that an exception was, or that an unchanged occurrence is."""
    original = read_instant(raw.get("originalStart")) if raw.get("originalStart") else None
    if original is not None:
        return _day(original.astimezone(series.start.tzinfo) if isinstance(series.start, datetime) else original)
    told = _day_in(text(raw, "occurrenceId")) or _day_in_uid(text(raw, "iCalUId"), text(master, "iCalUId"))
    if told is not None or text(raw, "type") != "occurrence":
        return told
    zone = series.start.tzinfo if isinstance(series.start, datetime) else None
    return _day(read_time(raw.get("start"), whole_day=zone is None, zone=zone))


def _day_in(occurrence_id: str) -> date | None:
    found = _OCCURRENCE.search(occurrence_id)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _day_in_uid(uid: str, series_uid: str) -> date | None:
    """The day that a global object id names, which is all zeros for a master."""
    found = _GLOBAL_ID.match(uid)
    if not found or uid == series_uid:
        return None
    year, month, day = int(found[1][:4], 16), int(found[1][4:6], 16), int(found[1][6:], 16)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day(moment: Moment) -> date:
    return date(moment.year, moment.month, moment.day)


def _exdate(moment: Moment) -> str:
    """The EXDATE line of an occurrence that does not take place."""
    if not isinstance(moment, datetime):
        return f"EXDATE;VALUE=DATE:{format_moment(moment)}"
    if is_utc(moment.tzinfo) or moment.tzinfo is None:
        return f"EXDATE:{format_moment(moment)}"
    return f"EXDATE;TZID={zone_name(moment.tzinfo)}:{format_moment(moment)}"
