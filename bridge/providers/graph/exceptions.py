"""Writing the exceptions of a series. Each is an event of its own, which Outlook makes of an occurrence when asked.

Outlook forgets all exceptions when it is told the recurrence anew, which is the only way to bring back an occurrence
that was deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from bridge.core.contentline import read_line
from bridge.core.event import Event, Moment
from bridge.core.ical_times import moments_of
from bridge.core.timezones import Zones
from bridge.errors import BridgeError, Invalid, MappingError, PreconditionFailed
from bridge.providers.graph.client import Ask, Steps, query
from bridge.providers.graph.event_read import text
from bridge.providers.graph.event_write import edited_event
from bridge.providers.graph.events import Events
from bridge.providers.graph.series import Held, original_day
from bridge.providers.graph.times import in_zone
from bridge.providers.together import one

Raw = Mapping[str, Any]

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


def settled(events: Events, held: Held, series: Event, exceptions: Wanted, zone: tzinfo) -> Steps[bool]:
    """Write what ``held`` does not have yet; ``series`` is how it is read. Whether there was anything to write.

    One after another: they are all stored in the series. Raises what a write of it may.
    """
    cancelled = sorted(exceptions.cancelled - set(held.cancelled))
    there = yield from _there(events, held, series, [*exceptions.changed, *cancelled])
    if not exceptions.changed.keys() <= there.keys():
        raise MappingError("overrides", "An exception of this series belongs to none of its occurrences.")
    edits = ((there[day], edited_event(override, there[day], zone)) for day, override in exceptions.changed.items())
    asks = [Ask("PATCH", events.at(text(raw, "id")), body) for raw, body in edits if body]
    asks += [Ask("DELETE", events.at(text(there[day], "id"))) for day in cancelled if day in there]
    for ask in asks:
        answer = yield from one(ask)
        gone = events.client.is_gone(answer)
        if not answer.ok and not (gone and ask.method == "DELETE"):
            error: BridgeError = events.client.error(answer)
            raise PreconditionFailed(str(error)) if gone else error
    return bool(asks)


def _there(events: Events, held: Held, series: Event, days: Sequence[date]) -> Steps[dict[date, Raw]]:
    """The events that the occurrences of these days are, as far as the series has them."""
    found = {day: raw for day in days if (raw := held.exception_on(day, series)) is not None}
    unknown = [day for day in days if day not in found]
    answers = (yield [Ask("GET", _around(events, held, day)) for day in unknown]) if unknown else ()
    for day, answer in zip(unknown, answers, strict=True):
        rows = yield from events.rows(answer)
        found |= {original: raw for raw in rows if (original := original_day(raw, series, held.raw)) == day}
    return found


def _around(events: Events, held: Held, day: date) -> str:
    """Where the occurrences of a series near a day are listed."""
    noon = datetime.combine(day, time(12), UTC)
    begin, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (noon - _AROUND, noon + _AROUND))
    return query(f"{events.at(held.id)}/instances", startDateTime=begin, endDateTime=end, top=10)


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
