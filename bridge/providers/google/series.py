"""A series: its master and its exceptions, which are events of their own at Google, as one object. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from bridge.core.digest import same
from bridge.core.event import Event, Moment
from bridge.errors import Invalid
from bridge.ports import Found, RemoteId, Version
from bridge.providers.google.event_mapping import EXPRESSES, UID, Raw, private, read_event, recurrence_of
from bridge.providers.google.times import read_time
from bridge.providers.occurrences import instance, start_key

OF_SERIES = " with "
"""Stands between the two parts of a series' version."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What of a calendar its events refer to: its zone and its reminders."""

    zone: tzinfo
    reminders: tuple[timedelta, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it is there: a single event, or a master with its exceptions, cancelled instances included."""

    master: Raw
    exceptions: tuple[Raw, ...] = field(default=())

    @property
    def id(self) -> RemoteId:
        """The id of the object."""
        return RemoteId(str(self.master.get("id", "")))

    @property
    def etag(self) -> str:
        """The version of the master alone, for ``If-Match``."""
        return str(self.master.get("etag", ""))

    @property
    def version(self) -> Version:
        """The version of the whole: a series changes with each of its exceptions, although the master does not.

        Of a cancelled instance, nothing but its id is certain to be told.
        """
        etag = self.etag or hashlib.sha256(json.dumps(self.master, sort_keys=True).encode()).hexdigest()
        if not is_series(self.master):
            return Version(etag)
        parts = sorted(f"{each.get('id')} {'' if is_cancelled(each) else each.get('etag')}" for each in self.exceptions)
        return Version(f"{etag}{OF_SERIES}{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}")

    def event(self, manner: Manner) -> Event:
        """The whole object. Raises ``Invalid``."""
        event = read_event(self.master, manner.reminders, manner.zone)
        if not is_series(self.master):
            return event
        overrides = (_override(event, each, manner) for each in self.exceptions)
        return replace(event, overrides=tuple(each for each in overrides if each is not None))

    def found(self, manner: Manner) -> Found[Event]:
        """The object as a listing tells it."""
        try:
            return Found(self.id, self.version, self.event(manner), stamp=private(self.master).get(UID, ""))
        except Invalid as error:
            return Found(self.id, self.version, problem=str(error), stamp=private(self.master).get(UID, ""))


def is_series(raw: Raw) -> bool:
    """Whether an event is the master of a series."""
    return bool(recurrence_of(raw))


def is_cancelled(raw: Raw) -> bool:
    """Whether an event was deleted, or is an instance that does not take place."""
    return raw.get("status") == "cancelled"


def series_of(raw: Raw) -> str:
    """The id of the master that an exception belongs to; nothing for any other event."""
    found = raw.get("recurringEventId")
    return found if isinstance(found, str) else ""


def assemble(items: Iterable[Raw]) -> list[Held]:
    """Whole objects from a complete listing, in whatever order it is. Exceptions without a master stand alone."""
    masters: dict[str, Raw] = {}
    exceptions: dict[str, list[Raw]] = {}
    for item in items:
        if series_of(item):
            exceptions.setdefault(series_of(item), []).append(item)
        elif not is_cancelled(item):
            masters[str(item.get("id", ""))] = item
    whole = [Held(master, tuple(exceptions.pop(id_, ()))) for id_, master in masters.items()]
    strays = (item for rest in exceptions.values() for item in rest if not is_cancelled(item))
    return [*whole, *(Held(item) for item in strays)]


def original_start(raw: Raw, manner: Manner, series: Event) -> Moment:
    """Which occurrence an exception stands for, in the zone of the series. Raises ``Invalid``."""
    moment = read_time(raw.get("originalStartTime"), manner.zone)
    own = series.start.tzinfo if isinstance(series.start, datetime) else None
    return moment.astimezone(own) if isinstance(moment, datetime) and own is not None else moment


def says_nothing(series: Event, override: Event) -> bool:
    """Whether an exception is just what the series itself says: Google cannot forget one."""
    assert override.recurrence_id is not None  # noqa: S101 - an exception has one
    return same(instance(series, override.recurrence_id), override, EXPRESSES)


def _override(series: Event, raw: Raw, manner: Manner) -> Event | None:
    at = original_start(raw, manner, series)
    if is_cancelled(raw):
        return replace(instance(series, at), cancelled=True)
    read = replace(read_event(raw, manner.reminders, manner.zone), uid=series.uid, recurrence=(), recurrence_id=at)
    return None if says_nothing(series, read) else read


def by_start(exceptions: Sequence[Raw], series: Event, manner: Manner) -> Mapping[object, Raw]:
    """Exceptions by the occurrence that each stands for. What cannot be read is passed over."""
    found: dict[object, Raw] = {}
    for raw in exceptions:
        try:
            found[start_key(original_start(raw, manner, series))] = raw
        except Invalid:
            continue
    return found
