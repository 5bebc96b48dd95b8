"""Writing events, each with what belongs to it. No write makes Google mail anybody (``sendUpdates=none``, R13)."""

import base64
import hashlib
from typing import Any

from bridge.core.event import Event
from bridge.errors import Invalid, NotFound, PreconditionFailed, Refused
from bridge.http import Answer
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Stored, Update, Write
from bridge.providers.google import event_mapping, series
from bridge.providers.google.batch import Ask, Steps
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.events import GONE, Events, uid_of
from bridge.providers.google.exceptions import settled
from bridge.providers.google.series import Held
from bridge.providers.together import one

SILENT = {"sendUpdates": "none"}
_ID_OCTETS = 20


def written(events: Events, write: Write[Event]) -> Steps[Stored[Event] | Deleted]:
    """Carry out a write. Raises what the outcome of one may be, and what concerns the whole account."""
    match write:
        case Create():
            return _created(events, write)
        case Update():
            return _updated(events, write)
        case Delete():
            return _deleted(events, write)


def event_id(key: IdempotencyKey) -> RemoteId:
    """The id of an event that is created with this key: base32hex, as Google wants it, and the same each time."""
    digest = hashlib.sha256(key.encode()).digest()[:_ID_OCTETS]
    return RemoteId(base64.b32hexencode(digest).decode().lower())


def _created(events: Events, create: Create[Event]) -> Steps[Stored[Event]]:
    event, id_ = event_mapping.alone(create.object), event_id(create.key)
    body = event_mapping.write_event(event, {}, events.manner.zone) | {"id": id_}
    answer = yield from _sent("POST", events.path, body, event, {})
    if answer.status == 409:
        there = yield from events.held(id_)
        if there is not None:
            return _stored(events, there, existed=True)
        answer = yield from _sent("PUT", events.at(id_), {**body, "status": "confirmed"}, event, {})
    raw = yield from _taken(events, answer, id_)
    return _stored(events, (yield from settled(events, Held(raw), event)))


def _updated(events: Events, update: Update[Event]) -> Steps[Stored[Event]]:
    there = yield from events.held(update.id)
    if there is None:
        raise PreconditionFailed("The event is gone.", remote=events.client.service.name)
    if update.version is not None and update.version != there.version:
        raise PreconditionFailed("The event changed since it was read.", remote=events.client.service.name)
    event, manner = event_mapping.alone(update.object), events.manner
    body = event_mapping.write_event(event, there.master, manner.zone, manner.reminders)
    if body != event_mapping.settable(there.master):
        answer = yield from _sent("PUT", events.at(update.id), body, event, there.master)
        raw = yield from _taken(events, answer, update.id)
        timing = any(raw.get(name) != there.master.get(name) for name in ("start", "end", "recurrence"))
        if there.exceptions and timing:  # Google may have dropped those whose occurrence is no more
            there = (yield from events.whole(update.id, uid_of(raw))) or Held(raw)
        else:
            there = Held(raw, there.exceptions)
    return _stored(events, (yield from settled(events, there, event)))


def _deleted(events: Events, delete: Delete) -> Steps[Deleted]:
    if delete.version is not None and series.OF_SERIES in delete.version:
        there = yield from events.held(delete.id)
        if there is None:
            return Deleted(delete.id)
        if there.version != delete.version:
            text = "The series changed since it was read."
            raise PreconditionFailed(text, remote=events.client.service.name)
    answer = yield from one(Ask("DELETE", events.at(delete.id), SILENT, headers=_guard(delete.version)))
    if answer.ok or answer.status in GONE:
        return Deleted(delete.id)
    if answer.status == 412 and (yield from events.held(delete.id)) is None:
        return Deleted(delete.id)
    raise events.client.error(answer)


def _sent(method: str, path: str, body: dict[str, Any], event: Event, raw: Raw) -> Steps[Answer]:
    """Store an event. A conference of ours that Google does not take is kept in a property instead."""
    guard = {"If-Match": str(raw["etag"])} if raw.get("etag") else {}
    if body.get("conferenceData") == raw.get("conferenceData"):
        return (yield from one(Ask(method, path, SILENT, body, guard)))
    answer = yield from one(Ask(method, path, {**SILENT, "conferenceDataVersion": 1}, body, guard))
    if answer.status == 400 and "conferenceData" in body:
        plain = event_mapping.without_conference(body, event.conference_url)
        return (yield from one(Ask(method, path, SILENT, plain, guard)))
    return answer


def _taken(events: Events, answer: Answer, id_: RemoteId) -> Steps[dict[str, Any]]:
    """What is there after a write, or why it failed: because of this event, or because the calendar itself is gone."""
    if answer.ok:
        return events.read(answer, id_)
    if answer.status in GONE:
        yield from events.check()
        raise PreconditionFailed("The event is gone.", remote=events.client.service.name)
    error = events.client.error(answer)
    raise error if not isinstance(error, NotFound) else PreconditionFailed(str(error))


def _stored(events: Events, held: Held, *, existed: bool = False) -> Stored[Event]:
    try:
        return Stored(held.id, held.version, held.event(events.manner), existed)
    except Invalid as error:
        raise Refused(f"Google Calendar has this event, and it cannot be read: {error}") from error


def _guard(version: str | None) -> dict[str, str]:
    return {"If-Match": version.partition(series.OF_SERIES)[0]} if version is not None else {}
