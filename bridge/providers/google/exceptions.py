"""Writing the exceptions of a series. Each is an event of its own, which Google makes of an occurrence when asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.core.event import Event, Moment
from bridge.errors import Invalid, MappingError, PreconditionFailed, Refused
from bridge.http import Answer
from bridge.providers.google import event_mapping
from bridge.providers.google.batch import Ask, Steps
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.events import GONE, Events, uid_of
from bridge.providers.google.series import Held, Manner, by_start, is_cancelled, is_series, original_start, series_of
from bridge.providers.google.times import write_time
from bridge.providers.occurrences import instance, start_key

_SILENT = {"sendUpdates": "none"}
_KEPT = ("id", "recurringEventId", "originalStartTime")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An exception as it is there, and what it should say. ``ours``: somebody made it; otherwise its series says it."""

    raw: Raw
    override: Event
    ours: bool = True


def settled(events: Events, held: Held, wanted: Event) -> Steps[Held]:
    """Write the overrides of ``wanted``, and make other exceptions say what the series does; what is there then.

    Google cannot forget an exception, and one that is left behind keeps what the series said before. Raises what a
    write of the series may.
    """
    if not is_series(held.master) or not (wanted.overrides or held.exceptions):
        return held
    manner = events.manner
    try:
        master = event_mapping.read_event(held.master, manner.reminders, manner.zone)
    except Invalid as error:
        raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
    there = dict(by_start(held.exceptions, master, manner))
    overrides = {
        start_key(_aware(each.recurrence_id, manner)): each
        for each in wanted.overrides
        if each.recurrence_id is not None
    }
    there |= yield from _occurrences(events, held, {at: each for at, each in overrides.items() if at not in there})
    every = [
        _Wanted(raw, overrides.get(at) or instance(master, original_start(raw, manner, master)), at in overrides)
        for at, raw in there.items()
    ]
    return (yield from _written(events, held, every))


def _written(events: Events, held: Held, every: Sequence[_Wanted]) -> Steps[Held]:
    """Send what differs. The answers tell what is there; where one that we gave up fails, it is looked up."""
    asks = [(each, ask) for each in every if (ask := _ask(events, each)) is not None]
    answers = (yield [ask for _, ask in asks]) if asks else ()
    there = [*held.exceptions, *(each.raw for each in every if is_cancelled(each.raw))]
    known = {str(each.get("id", "")): each for each in there}
    failed = False
    for (each, _), answer in zip(asks, answers, strict=True):
        if answer.ok or each.ours:
            known[str(each.raw["id"])] = _after(events, each, answer)
        else:
            failed = True  # its occurrence may be no more
    if failed:
        return (yield from events.whole(held.id, uid_of(held.master))) or held
    return Held(held.master, tuple(known.values()))


def _after(events: Events, each: _Wanted, answer: Answer) -> Raw:
    """An exception after a write."""
    _check(events, answer)
    if each.override.cancelled:
        return {name: each.raw[name] for name in _KEPT if name in each.raw} | {"status": "cancelled"}
    return events.read(answer, str(each.raw["id"]))


def _ask(events: Events, each: _Wanted) -> Ask | None:
    """What makes an exception say what it should; nothing where it does."""
    raw, override, manner = each.raw, each.override, events.manner
    path, guard = events.at(str(raw.get("id", ""))), {"If-Match": str(raw["etag"])} if raw.get("etag") else {}
    if override.cancelled:
        return None if is_cancelled(raw) else Ask("DELETE", path, _SILENT, headers=guard)
    there = {name: value for name, value in raw.items() if name != "status"} if is_cancelled(raw) else raw
    body = event_mapping.write_event(override, there, manner.zone, manner.reminders)
    body |= {"status": "confirmed"} if is_cancelled(raw) else {}
    return Ask("PUT", path, _query(body, raw), body, guard) if body != event_mapping.settable(raw) else None


def _occurrences(events: Events, held: Held, missing: dict[object, Event]) -> Steps[dict[object, Raw]]:
    """The events that occurrences are, by the starts that the series gives them. Raises ``MappingError``."""
    if not missing:
        return {}
    path = f"{events.at(held.id)}/instances"
    starts = [write_time(_start(each), events.manner.zone, recurs=False) for each in missing.values()]
    queries = [{"originalStart": each.get("dateTime") or each["date"], "showDeleted": "true"} for each in starts]
    answers = yield [Ask("GET", path, {**query, "maxResults": 1}) for query in queries]
    return {at: _occurrence(events, held, answer) for at, answer in zip(missing, answers, strict=True)}


def _occurrence(events: Events, held: Held, answer: Answer) -> Raw:
    _check(events, answer)
    items = answer.json().get("items")
    found = items[0] if isinstance(items, list) and items else None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str) or series_of(found) != held.id:
        raise MappingError("overrides", "An exception of this series belongs to none of its occurrences.")
    return found


def _check(events: Events, answer: Answer) -> None:
    """Raise why a request failed. What is gone is this series, not the calendar."""
    if answer.status in GONE:
        raise PreconditionFailed("The event is gone.", remote=events.client.service.name)
    if not answer.ok:
        raise events.client.error(answer)


def _start(override: Event) -> Moment:
    assert override.recurrence_id is not None  # noqa: S101 - the caller has looked
    return override.recurrence_id


def _query(body: dict[str, Any], raw: Raw) -> dict[str, str | int]:
    same = body.get("conferenceData") == raw.get("conferenceData")
    return {**_SILENT} if same else {**_SILENT, "conferenceDataVersion": 1}


def _aware(moment: Moment, manner: Manner) -> Moment:
    """A floating start in the zone in which it was written."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=manner.zone)
    return moment
