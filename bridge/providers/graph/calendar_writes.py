"""Writes to a calendar of Microsoft 365: twenty at a time, one outcome for each."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import groupby
from typing import Any, Protocol

from bridge.core.event import Event
from bridge.core.timezones import resolve
from bridge.errors import (
    BridgeError,
    Invalid,
    MappingError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    TemporaryError,
)
from bridge.http import Answer
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Outcome, RemoteId, Stored, Update, Version, Write
from bridge.providers.graph.client import BATCH, Ask, Client, portions, query, segment, told
from bridge.providers.graph.event_read import has_guests, text
from bridge.providers.graph.event_write import SILENT, alone, changes_series, edited_event, new_event
from bridge.providers.graph.exceptions import Exceptions, Wanted, wanted
from bridge.providers.graph.marks import EXPAND, filter_by_key
from bridge.providers.graph.series import Held
from bridge.providers.one_by_one import concerns_one_object

Raw = Mapping[str, Any]
Holding = dict[RemoteId, Held | BridgeError | None]

_NAME = "Microsoft 365 Calendar"
_TWICE = "ErrorDuplicateTransactionId"
_AGAIN = "ErrorInvalidRequest"  # what a second deletion is told at times
_GUESTS = "Microsoft 365 would write to the guests of this event, so it is not {} from here."
_GUESTS_REMEDY = "Change it in Outlook, where its organizer decides who is told."


class Reading(Protocol):
    """What writes have to know of the calendar."""

    def held(self, ids: Sequence[RemoteId], *, must: bool = True) -> Holding:
        """See ``CalendarSide.held``."""
        ...

    def check(self) -> None:
        """See ``CalendarSide.check``."""
        ...


class CalendarWrites:
    """Carries out writes. ``events`` is the path of the calendar's events."""

    def __init__(self, client: Client, events: str, reading: Reading) -> None:
        self._client = client
        self._events = events
        self._reading = reading
        self._exceptions = Exceptions(client, events)
        self._made: dict[str, RemoteId] = {}
        self._known_zone: tzinfo | None = None

    def note(self, keys: Mapping[str, RemoteId]) -> None:
        """Remember what a listing tells about earlier creations."""
        self._made |= keys

    def carry_out(self, writes: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        """One outcome for each, in their order; writes of one kind that follow each other share their requests.

        Where Graph turned one of them away for a while, the others of its request are told first.
        """
        for kind, run in groupby(writes, type):
            for portion in portions(list(run), BATCH):
                outcomes = list(self._portion(kind, portion))
                yield from outcomes
                waits = (each for each in outcomes if isinstance(each, TemporaryError) and each.retry_after is not None)
                if (wait := next(waits, None)) is not None and portion[-1] is not writes[-1]:
                    raise wait

    def _portion(self, kind: type, portion: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        if kind is Create:
            return self._create([each for each in portion if isinstance(each, Create)])
        if kind is Update:
            return self._update([each for each in portion if isinstance(each, Update)])
        return self._delete([each for each in portion if isinstance(each, Delete)])

    def _create(self, creates: Sequence[Create[Event]]) -> Iterator[Outcome[Event]]:
        known = [self._made[each.key] for each in creates if each.key in self._made]
        there = self._reading.held(known, must=False) if known else {}
        bodies: dict[str, dict[str, Any]] = {}
        outcomes: dict[str, Outcome[Event]] = {}
        for each in creates:
            held = there.get(self._made.get(each.key, RemoteId("")))
            try:
                if held is None:
                    bodies[each.key] = self._new(each)
                else:
                    outcomes[each.key] = held if isinstance(held, BridgeError) else _stored(held, existed=True)
            except (MappingError, Refused) as error:
                outcomes[each.key] = error
        answers = self._client.attempt([Ask("POST", self._events, body) for body in bodies.values()])
        wishes = {each.key: each for each in creates}
        for (key, body), answer in zip(bodies.items(), answers, strict=True):
            outcomes[key] = self._attempt(wishes[IdempotencyKey(key)], body, answer)
        yield from (outcomes[each.key] for each in creates)

    def _new(self, create: Create[Event]) -> dict[str, Any]:
        event = alone(create.object)
        zone = self._zone(event)
        wanted(event, zone)  # what cannot be said of its exceptions shows before anything is made
        return new_event(event, create.key, zone) | {"transactionId": transaction_id(create.key)}

    def _attempt(self, create: Create[Event], body: Raw, answer: Answer | BridgeError) -> Outcome[Event]:
        try:
            return self._created(create, body, answer)
        except BridgeError as error:
            return own(error)

    def _created(self, create: Create[Event], body: Raw, answer: Answer | BridgeError) -> Stored[Event]:
        if isinstance(answer, BridgeError):
            raise answer
        if not answer.ok and told(answer)[0] == _TWICE:
            held = self._made_before(create, answer)
            if held is not None:
                return _stored(held, existed=True)
            again = {**body, "transactionId": str(uuid.uuid4())}  # what was made with the first one is gone
            answer = self._client.call(Ask("POST", self._events, again))
        if not answer.ok:
            raise self._refusal(answer)
        raw = self._read(answer)
        self._made[create.key] = RemoteId(text(raw, "id"))
        held = Held({**raw, "singleValueExtendedProperties": body["singleValueExtendedProperties"]})
        event = alone(create.object)
        try:
            return self._finished(held, event, wanted(event, self._zone(event)))
        except (MappingError, Refused):  # a half of it would come back as somebody else's event
            self._made.pop(create.key, None)
            self._client.call(Ask("DELETE", self._path(held.id)))
            raise

    def _made_before(self, create: Create[Event], answer: Answer) -> Held | None:
        """What an earlier try with the same key has made, as the answer names it or our own mark finds it."""
        error = (answer.read_json() or {}).get("error")
        named = text(error, "@event.existingEventId") if isinstance(error, Mapping) else ""
        if not named:
            path = query(self._events, top=1, filter=filter_by_key(create.key), expand=EXPAND)
            rows = [raw for page in self._client.pages(path) for raw in page["value"] if isinstance(raw, Mapping)]
            named = text(rows[0], "id") if rows else ""
        return self._held(RemoteId(named)) if named else None

    def _update(self, updates: Sequence[Update[Event]]) -> Iterator[Outcome[Event]]:
        there = self._reading.held([each.id for each in updates])
        asks: dict[RemoteId, Ask] = {}
        outcomes: dict[RemoteId, Outcome[Event]] = {}
        for each in updates:
            try:
                held = _current(there[each.id], each.version)
                if body := self._patch(held, each.object):
                    guard = {"If-Match": held.etag} if held.etag else {}
                    asks[each.id] = Ask("PATCH", self._path(each.id), body, guard)
            except BridgeError as error:
                outcomes[each.id] = own(error)
        answers = dict(zip(asks, self._client.attempt(list(asks.values())), strict=True))
        for each in updates:
            known = there[each.id]
            if each.id not in outcomes and isinstance(known, Held):
                outcomes[each.id] = self._updated(known, each.object, asks.get(each.id), answers.get(each.id))
            yield outcomes[each.id]

    def _patch(self, held: Held, event: Event) -> dict[str, Any]:
        """What has to be written. Raises ``Refused`` where guests would hear of it."""
        wish = alone(event)
        zone = self._zone(wish)
        exceptions = wanted(wish, zone)
        try:
            now = held.event()
        except Invalid as error:
            raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
        anew = held.is_series and exceptions.lacks(held, now)
        body = edited_event(wish, held.raw, zone, anew=anew)
        others = held.is_series and now.overrides != wish.overrides
        if has_guests(held.raw) and (body.keys() - SILENT or others):
            raise Refused(_GUESTS.format("changed"), remote=_NAME, remedy=_GUESTS_REMEDY)
        return body

    def _updated(
        self, held: Held, event: Event, ask: Ask | None, answer: Answer | BridgeError | None
    ) -> Outcome[Event]:
        try:
            if isinstance(answer, BridgeError):
                raise answer
            if answer is not None and not answer.ok:
                raise self._refusal(answer)
            wish = alone(event)
            exceptions = wanted(wish, self._zone(wish))
            if answer is None or ask is None or not isinstance(ask.body, Mapping):
                return self._finished(held, wish, exceptions)
            if held.is_series and (changes_series(ask.body) or held.exceptions or held.cancelled):
                held = self._held(held.id) or held
            else:
                marks = ask.body.get("singleValueExtendedProperties", held.raw.get("singleValueExtendedProperties"))
                held = Held({**self._read(answer), "singleValueExtendedProperties": marks})
            return self._finished(held, wish, exceptions)
        except BridgeError as error:
            return own(error)

    def _finished(self, held: Held, event: Event, exceptions: Wanted) -> Stored[Event]:
        """What is there once the exceptions of a series are what they should be."""
        if not held.is_series or not exceptions:
            return _stored(held)
        self._exceptions.settle(held, _series(held), exceptions, self._zone(event))
        return _stored(self._held(held.id) or held)

    def _delete(self, deletes: Sequence[Delete]) -> Iterator[Outcome[Event]]:
        there = self._reading.held([each.id for each in deletes], must=False)
        asks: dict[RemoteId, Ask] = {}
        outcomes: dict[RemoteId, Outcome[Event]] = {}
        for each in deletes:
            held = there[each.id]
            outcomes[each.id] = Deleted(each.id)
            if isinstance(held, BridgeError):
                outcomes[each.id] = held
            elif held is not None and each.version not in (None, held.version):
                outcomes[each.id] = PreconditionFailed("The event changed since it was read.", remote=_NAME)
            elif held is not None and has_guests(held.raw):
                outcomes[each.id] = Refused(_GUESTS.format("deleted"), remote=_NAME, remedy=_GUESTS_REMEDY)
            elif held is not None:
                guard = {"If-Match": held.etag} if each.version is not None and held.etag else {}
                asks[each.id] = Ask("DELETE", self._path(each.id), headers=guard)
        for id_, answer in zip(asks, self._client.attempt(list(asks.values())), strict=True):
            outcomes[id_] = self._deleted(id_, answer)
        yield from (outcomes[each.id] for each in deletes)

    def _deleted(self, id_: RemoteId, answer: Answer | BridgeError) -> Outcome[Event]:
        if isinstance(answer, BridgeError):
            return answer
        if answer.ok or self._client.is_gone(answer):
            return Deleted(id_)
        error = self._client.error(answer)
        doubtful = isinstance(error, PreconditionFailed) or told(answer)[0] == _AGAIN
        if doubtful and self._reading.held([id_], must=False)[id_] is None:
            return Deleted(id_)
        return error

    def _refusal(self, answer: Answer) -> BridgeError:
        """Why a write failed: because of this event, or because the calendar itself is gone."""
        if self._client.is_gone(answer):
            self._reading.check()
            return PreconditionFailed("The event is gone.", remote=_NAME)
        error = self._client.error(answer)
        return PreconditionFailed(str(error), remote=_NAME) if isinstance(error, NotFound) else error

    def _held(self, id_: RemoteId) -> Held | None:
        held = self._reading.held([id_], must=False)[id_]
        if isinstance(held, BridgeError):
            raise held
        return held

    def _read(self, answer: Answer) -> dict[str, Any]:
        raw = answer.json()
        if not text(raw, "id"):
            raise self._client.nonsense()
        return raw

    def _path(self, id_: str) -> str:
        return f"{self._events}/{segment(id_)}"

    def _zone(self, event: Event) -> tzinfo:
        """The zone of floating times: the user's own, as far as we may know it. Others need none."""
        if not _floats(event):
            return UTC
        if self._known_zone is None:
            try:
                found = self._client.get("/me/mailboxSettings/timeZone").get("value")
            except (PermissionMissing, NotFound, Refused):
                found = ""
            self._known_zone = resolve(str(found or "")) or UTC
        return self._known_zone


def transaction_id(key: IdempotencyKey) -> str:
    """What Graph knows a creation by: the same each time, and no longer than a GUID."""
    return str(uuid.UUID(bytes=hashlib.sha256(key.encode()).digest()[:16]))


def _current(held: Held | BridgeError | None, version: Version | None) -> Held:
    """What is there, if it is what the writer knows."""
    if isinstance(held, BridgeError):
        raise held
    if held is None:
        raise PreconditionFailed("The event is gone.", remote=_NAME)
    if version is not None and version != held.version:
        raise PreconditionFailed("The event changed since it was read.", remote=_NAME)
    return held


def own(error: BridgeError) -> BridgeError:
    """An error as the outcome of one write; what concerns the whole account is raised.

    One that asks to wait stays with its object here, since others of the same request may have been carried out.
    """
    if not concerns_one_object(error) and not isinstance(error, TemporaryError):
        raise error
    return error


def _series(held: Held) -> Event:
    try:
        return held.series()
    except Invalid as error:
        raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error


def _stored(held: Held, *, existed: bool = False) -> Stored[Event]:
    try:
        return Stored(held.id, held.version, held.event(), existed)
    except Invalid as error:
        raise Refused(f"Microsoft 365 has this event, and it cannot be read: {error}") from error


def _floats(event: Event) -> bool:
    moments = (event.start, event.end)
    return any(getattr(each, "tzinfo", UTC) is None for each in moments if hasattr(each, "hour"))
