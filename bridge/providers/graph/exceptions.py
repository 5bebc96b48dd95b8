"""Writing the exceptions of a series. Each is an event of its own, which Outlook makes of an occurrence when asked.

Outlook forgets all exceptions when it is told the recurrence anew, which is the only way to bring back an occurrence
that was deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from bridge.core.contentline import read_line
from bridge.core.event import Event, Moment
from bridge.core.ical_times import moments_of
from bridge.core.timezones import Zones
from bridge.errors import BridgeError, Invalid, MappingError, PreconditionFailed
from bridge.http import Answer
from bridge.providers.graph.client import Ask, Client, query, segment
from bridge.providers.graph.event_read import text
from bridge.providers.graph.event_write import edited_event
from bridge.providers.graph.series import Held, original_day
from bridge.providers.graph.times import in_zone

_AROUND = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exceptions that a series is to have, by the day of the occurrence in the zone of the series."""

    changed: Mapping[date, Event]
    cancelled: frozenset[date]

    def lacks(self, held: Held, series: Event) -> bool:
        """Whether there are exceptions that have to be taken back."""
        return bool((held.changed_days(series) | set(held.cancelled)) - self.changed.keys() - self.cancelled)

    def __bool__(self) -> bool:
        return bool(self.changed or self.cancelled)


def wanted(event: Event, zone: tzinfo) -> Wanted:
    """The exceptions of an event. ``zone`` is that of floating times. Raises ``MappingError``."""
    own = event.start.tzinfo or zone if isinstance(event.start, datetime) else None
    changed = {
        _day(each.recurrence_id, own, zone): each
        for each in event.overrides
        if each.recurrence_id is not None and not each.cancelled
    }
    silent = {
        _day(each.recurrence_id, own, zone)
        for each in event.overrides
        if each.recurrence_id is not None and each.cancelled
    }
    gone = {_day(moment, own, zone) for moment in _left_out(event)}
    return Wanted(changed, frozenset((silent | gone) - changed.keys()))


class Exceptions:
    """Makes the exceptions of a series what they should be. ``events`` is the path of events."""

    def __init__(self, client: Client, events: str) -> None:
        self._client = client
        self._events = events

    def settle(self, held: Held, series: Event, exceptions: Wanted, zone: tzinfo) -> None:
        """Write what ``held`` does not have yet; ``series`` is how it is read. Raises what a write of it may."""
        for day, override in exceptions.changed.items():
            raw = held.exception_on(day, series) or self._occurrence(held, day)
            if raw is None:
                raise MappingError("overrides", "An exception of this series belongs to none of its occurrences.")
            body = edited_event(override, raw, zone)
            if body:
                self._check(self._client.call(Ask("PATCH", self._path(raw), body)))
        for day in sorted(exceptions.cancelled - set(held.cancelled)):
            raw = held.exception_on(day, series) or self._occurrence(held, day)
            if raw is not None:
                answer = self._client.call(Ask("DELETE", self._path(raw)))
                if not self._client.is_gone(answer):
                    self._check(answer)

    def _occurrence(self, held: Held, day: date) -> Mapping[str, Any] | None:
        """The occurrence of a day; nothing where the series has none."""
        noon = datetime.combine(day, time(12), UTC)
        begin, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (noon - _AROUND, noon + _AROUND))
        path = query(f"{self._events}/{segment(held.id)}/instances", startDateTime=begin, endDateTime=end, top=10)
        series = held.series()
        for page in self._client.pages(path):
            for raw in page["value"]:
                if isinstance(raw, Mapping) and original_day(raw, series, held.raw) == day:
                    return raw
        return None

    def _path(self, raw: Mapping[str, Any]) -> str:
        return f"{self._events}/{segment(text(raw, 'id'))}"

    def _check(self, answer: Answer) -> None:
        if not answer.ok:
            error: BridgeError = self._client.error(answer)
            raise PreconditionFailed(str(error)) if self._client.is_gone(answer) else error


def _left_out(event: Event) -> list[Moment]:
    """The single dates that a series leaves out."""
    zones = Zones()
    found: list[Moment] = []
    for line in event.recurrence:
        if not line.upper().startswith("EXDATE"):
            continue
        try:
            found += [moment for moment, _ in moments_of(read_line(line.strip()), zones)]
        except Invalid as error:
            raise MappingError("recurrence", str(error)) from error
    return found


def _day(moment: Moment, own: tzinfo | None, zone: tzinfo) -> date:
    """The day of an occurrence, as the series itself tells it."""
    if not isinstance(moment, datetime):
        return moment
    return in_zone(moment, zone).astimezone(own).date() if own is not None else moment.date()
