"""Writing events of Microsoft 365, each with what belongs to it."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from bridge.core.event import Event
from bridge.errors import Invalid, MappingError, NotFound, PreconditionFailed, Refused
from bridge.http import Answer
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Stored, Update, Write
from bridge.providers.graph.client import Ask, Steps, query, told
from bridge.providers.graph.event_read import has_guests, text
from bridge.providers.graph.event_write import SILENT, alone, changes_series, edited_event, new_event
from bridge.providers.graph.events import Events
from bridge.providers.graph.exceptions import Wanted, settled, wanted
from bridge.providers.graph.marks import EXPAND, filter_by_key
from bridge.providers.graph.series import Held
from bridge.providers.together import one

Raw = Mapping[str, Any]

_NAME = "Microsoft 365 Calendar"
_TWICE = "ErrorDuplicateTransactionId"
_AGAIN = "ErrorInvalidRequest"  # what a second deletion is told at times
_MARKS = "singleValueExtendedProperties"
_GUESTS = "Microsoft 365 would write to the guests of this event, so it is not {} from here."
_GUESTS_REMEDY = "Change it in Outlook, where its organizer decides who is told."


def written(events: Events, write: Write[Event]) -> Steps[Stored[Event] | Deleted]:
    """Carry out a write. Raises what the outcome of one may be, and what concerns the whole account."""
    match write:
        case Create():
            return _created(events, write)
        case Update():
            return _updated(events, write)
        case Delete():
            return _deleted(events, write)


def takes_turns(write: Write[Event]) -> bool:
    """Whether other requests follow the first ones, as far as one can tell."""
    return not isinstance(write, Delete) and bool(write.object.overrides or len(write.object.recurrence) > 1)


def transaction_id(key: IdempotencyKey) -> str:
    """What Graph knows a creation by: the same each time, and no longer than a GUID."""
    return str(uuid.UUID(bytes=hashlib.sha256(key.encode()).digest()[:16]))


def _created(events: Events, create: Create[Event]) -> Steps[Stored[Event]]:
    event = alone(create.object)
    zone = events.zone(event)
    exceptions = wanted(event, zone)  # what cannot be said of its exceptions shows before anything is made
    there = (yield from events.held(events.made[create.key])) if create.key in events.made else None
    if there is not None:
        return _stored(there, existed=True)
    body = new_event(event, create.key, zone) | {"transactionId": transaction_id(create.key)}
    answer = yield from one(Ask("POST", events.path, body))
    if not answer.ok and told(answer)[0] == _TWICE:
        there = yield from _made_before(events, create.key, answer)
        if there is not None:
            return _stored(there, existed=True)
        body |= {"transactionId": str(uuid.uuid4())}  # what was made with the first one is gone
        answer = yield from one(Ask("POST", events.path, body))
    raw = yield from _taken(events, answer)
    held = Held({**raw, _MARKS: body[_MARKS]})
    events.made[create.key] = held.id
    try:
        return _stored((yield from _finished(events, held, exceptions, zone)))
    except (MappingError, Refused):  # a half of it would come back as somebody else's event
        events.made.pop(create.key, None)
        yield from one(Ask("DELETE", events.at(held.id)))
        raise


def _made_before(events: Events, key: IdempotencyKey, answer: Answer) -> Steps[Held | None]:
    """What an earlier try with the same key has made, as the answer names it or our own mark finds it."""
    error = (answer.read_json() or {}).get("error")
    named = text(error, "@event.existingEventId") if isinstance(error, Mapping) else ""
    if not named:
        path = query(events.path, top=1, filter=filter_by_key(key), expand=EXPAND)
        rows = yield from events.rows((yield from one(Ask("GET", path))))
        named = text(rows[0], "id") if rows else ""
    return (yield from events.held(RemoteId(named))) if named else None


def _updated(events: Events, update: Update[Event]) -> Steps[Stored[Event]]:
    held = yield from events.held(update.id)
    if held is None:
        yield from events.check()
        raise PreconditionFailed("The event is gone.", remote=_NAME)
    if update.version is not None and update.version != held.version:
        raise PreconditionFailed("The event changed since it was read.", remote=_NAME)
    event = alone(update.object)
    zone = events.zone(event)
    exceptions = wanted(event, zone)
    body = _patch(held, event, exceptions, zone)
    if body:
        guard = {"If-Match": held.etag} if held.etag else {}
        answer = yield from one(Ask("PATCH", events.at(update.id), body, guard))
        raw = yield from _taken(events, answer)
        if held.is_series and (changes_series(body) or held.exceptions or held.cancelled):
            held = (yield from events.held(held.id)) or held
        else:
            held = Held({**raw, _MARKS: body.get(_MARKS, held.raw.get(_MARKS))})
    return _stored((yield from _finished(events, held, exceptions, zone)))


def _patch(held: Held, event: Event, exceptions: Wanted, zone: tzinfo) -> dict[str, Any]:
    """What has to be written. Raises ``Refused`` where guests would hear of it."""
    try:
        now = held.event()
    except Invalid as error:
        raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
    anew = held.is_series and exceptions.lacks(held, now)
    body = edited_event(event, held.raw, zone, anew=anew)
    others = held.is_series and now.overrides != event.overrides
    if has_guests(held.raw) and (body.keys() - SILENT or others):
        raise Refused(_GUESTS.format("changed"), remote=_NAME, remedy=_GUESTS_REMEDY)
    return body


def _finished(events: Events, held: Held, exceptions: Wanted, zone: tzinfo) -> Steps[Held]:
    """What is there once the exceptions of a series are what they should be."""
    if not held.is_series or not exceptions:
        return held
    try:
        series = held.series()
    except Invalid as error:
        raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
    changed = yield from settled(events, held, series, exceptions, zone)
    return ((yield from events.whole(held.id)) or held) if changed else held


def _deleted(events: Events, delete: Delete) -> Steps[Deleted]:
    held = yield from events.held(delete.id)
    if held is None:
        return Deleted(delete.id)
    if delete.version not in (None, held.version):
        raise PreconditionFailed("The event changed since it was read.", remote=_NAME)
    if has_guests(held.raw):
        raise Refused(_GUESTS.format("deleted"), remote=_NAME, remedy=_GUESTS_REMEDY)
    guard = {"If-Match": held.etag} if delete.version is not None and held.etag else {}
    answer = yield from one(Ask("DELETE", events.at(delete.id), headers=guard))
    if answer.ok or events.client.is_gone(answer):
        return Deleted(delete.id)
    error = events.client.error(answer)
    doubtful = isinstance(error, PreconditionFailed) or told(answer)[0] == _AGAIN
    if doubtful and (yield from events.held(delete.id)) is None:
        return Deleted(delete.id)
    raise error


def _taken(events: Events, answer: Answer) -> Steps[dict[str, Any]]:
    """What is there after a write, or why it failed: because of this event, or because the calendar itself is gone."""
    if answer.ok:
        return events.read(answer)
    if events.client.is_gone(answer):
        yield from events.check()
        raise PreconditionFailed("The event is gone.", remote=_NAME)
    error = events.client.error(answer)
    raise PreconditionFailed(str(error), remote=_NAME) if isinstance(error, NotFound) else error


def _stored(held: Held, *, existed: bool = False) -> Stored[Event]:
    try:
        return Stored(held.id, held.version, held.event(), existed)
    except Invalid as error:
        raise Refused(f"Microsoft 365 has this event, and it cannot be read: {error}") from error
