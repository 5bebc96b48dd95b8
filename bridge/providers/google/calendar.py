"""One calendar of Google Calendar as a ``Side``.

Listings are read with ``singleEvents=false``: masters and exceptions come as events of their own, in any order and, in
an incremental listing, without the rest of their series. So a series that is touched is read again as a whole. No
write makes Google mail anybody (``sendUpdates=none``, R13).
"""

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from itertools import groupby
from typing import Any
from urllib.parse import quote

from bridge.core.event import Event
from bridge.core.timezones import resolve
from bridge.errors import Invalid, MappingError, NotFound, PreconditionFailed, Refused, TemporaryError, TokenExpired
from bridge.http import Answer
from bridge.ports import (
    Changes,
    Create,
    Delete,
    Deleted,
    Found,
    IdempotencyKey,
    Outcome,
    RemoteId,
    Stored,
    SyncToken,
    Traits,
    Update,
    Write,
)
from bridge.providers.google import event_mapping, series
from bridge.providers.google.batch import MOST, Ask
from bridge.providers.google.client import Client
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.exceptions import Exceptions
from bridge.providers.google.people import portions
from bridge.providers.google.series import Held, Manner
from bridge.providers.one_by_one import one_by_one

_PAGE = 2500
_MOST_PAGES = 1000
_MANY = 8
"""More series than that are read by listing everything, which takes one request for 2,500 events."""
_TOKEN = "events-1 "  # noqa: S105 - how our tokens begin; another listing than this one needs another number
_LISTING = {"singleEvents": "false", "maxResults": _PAGE, "eventTypes": ("default", "fromGmail")}
_SILENT = {"sendUpdates": "none"}
_GONE = frozenset((404, 410))
_ID_OCTETS = 20

TRAITS = Traits(
    "Google Calendar",
    keeps_uid=False,
    max_fetch=1,
    max_writes=200,
    expresses=event_mapping.EXPRESSES,
    floating_times=False,
)


class CalendarSide:
    """A calendar. Ids are those of events; a series has that of its master."""

    def __init__(self, client: Client, id_: str) -> None:
        self._client = client
        self._events = f"/calendars/{quote(id_, safe='')}/events"
        self._known_manner: Manner | None = None
        self._exceptions = Exceptions(client, self._events)

    @property
    def traits(self) -> Traits:
        """What a calendar there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Event]:
        """See ``Side.changes``."""
        if since is None:
            items, token = self._items({})
            found = (held.found(self._manner) for held in series.assemble(items))
            return Changes(tuple(found), (), token)
        if not since.startswith(_TOKEN):
            raise TokenExpired("The sync token is not one of Google Calendar.", remote=TRAITS.name)
        items, token = self._items({"syncToken": since.removeprefix(_TOKEN)})
        held, gone = self._touched(items)
        return Changes(tuple(each.found(self._manner) for each in held.values()), gone, token, complete=False)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        """See ``Side.fetch``."""
        for id_ in dict.fromkeys(ids):
            held = self._held(id_)
            if held is not None:
                yield held.found(self._manner)

    def write(self, writes: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        """See ``Side.write``. Writes of one kind that follow each other share their requests."""
        for _, run in groupby(writes, type):
            for portion in portions(list(run), MOST):
                sent = self._together(portion) if len(portion) > 1 else {}
                for each in portion:
                    first = sent.get(_name(each))
                    yield from one_by_one(
                        [each],
                        lambda create, first=first: self._create(create, first),  # type: ignore[misc]
                        lambda update, first=first: self._update(update, first),  # type: ignore[misc]
                        lambda delete, first=first: self._delete(delete, first),  # type: ignore[misc]
                    )

    def _together(self, writes: Sequence[Write[Event]]) -> Mapping[str, Answer]:
        """The first request of each write, sent at once: the creation or deletion itself, or the look before an update.

        What is not in it is done alone: a creation that asks for a conference may need a second try, and the deletion
        of a series a look before it.
        """
        asks: dict[str, Ask] = {}
        for each in writes:
            with suppress(MappingError):
                if isinstance(each, Create):
                    body = self._drawn(each)
                    if "conferenceData" not in body:
                        asks[_name(each)] = Ask("POST", self._events, _SILENT, body)
                elif isinstance(each, Update):
                    asks[_name(each)] = Ask("GET", self._event(each.id))
                elif series.OF_SERIES not in (each.version or ""):
                    asks[_name(each)] = Ask("DELETE", self._event(each.id), _SILENT, headers=_guard(each.version))
        answers = self._client.batch(list(asks.values())) if len(asks) > 1 else None
        return dict(zip(asks, answers, strict=True)) if answers is not None else {}

    def _drawn(self, create: Create[Event]) -> dict[str, Any]:
        body = event_mapping.write_event(event_mapping.alone(create.object), {}, self._manner.zone)
        return body | {"id": event_id(create.key)}

    def _touched(self, items: Sequence[Raw]) -> tuple[dict[RemoteId, Held], tuple[RemoteId, ...]]:
        """What a listing of changes tells: objects by their ids, and the ids of those that are gone."""
        held: dict[RemoteId, Held] = {}
        gone: dict[RemoteId, None] = {}
        touched: dict[str, str] = {}
        for item in items:
            id_ = RemoteId(str(item.get("id", "")))
            if series.series_of(item) or (series.is_series(item) and not series.is_cancelled(item)):
                key = series.series_of(item) or id_
                touched[key] = touched.get(key) or _uid(item)
            elif series.is_cancelled(item):
                gone[id_] = None
            else:
                held[id_] = Held(item)
        every = self._every() if len(touched) > _MANY else None
        for master, uid in touched.items():
            known = self._whole(master, uid) if every is None and master not in gone else None
            whole = known if every is None or master in gone else every.get(RemoteId(master))
            strays = [each for each in items if series.series_of(each) == master] if whole is None else []
            held |= {each.id: each for each in map(Held, strays) if not series.is_cancelled(each.master)}
            held |= {whole.id: whole} if whole is not None else {}
            missing = [str(each.get("id", "")) for each in strays if series.is_cancelled(each)]
            gone |= dict.fromkeys(map(RemoteId, missing if whole is not None else [*missing, master]))
        return held, tuple(id_ for id_ in gone if id_ not in held)

    def _every(self) -> dict[RemoteId, Held]:
        """The whole calendar: fewer requests than one for each of many series, as after a first sync of our own."""
        return {each.id: each for each in series.assemble(self._items({})[0])}

    def _items(self, query: dict[str, str]) -> tuple[list[Raw], SyncToken | None]:
        """All events of a listing, each once in its latest form, and the token for the next one."""
        items: dict[str, Raw] = {}
        page: dict[str, Any] = {}
        for page in self._pages(_LISTING | query):
            items |= {str(item.get("id", "")): item for item in _rows(page)}
        token = page.get("nextSyncToken")
        if not isinstance(token, str) or not token:
            raise TemporaryError("Google Calendar's list breaks off.", remote=TRAITS.name)
        return list(items.values()), SyncToken(f"{_TOKEN}{token}")

    def _pages(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        following: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._client.call("GET", self._events, query | following)
            if "syncToken" in query and answer.status in {400, 410}:
                raise TokenExpired("The sync token is too old or unknown to Google Calendar.", remote=TRAITS.name)
            if not answer.ok:
                raise self._client.error(answer)
            page = answer.json()
            self._known_manner = _manner(page)
            yield page
            token = page.get("nextPageToken")
            if not isinstance(token, str) or not token:
                return
            following = {"pageToken": token}
        raise TemporaryError("Google Calendar's list has no end.", remote=TRAITS.name)

    @property
    def _manner(self) -> Manner:
        """The calendar's zone and reminders. Raises ``NotFound`` when it is gone."""
        if self._known_manner is None:
            self._known_manner = _manner(self._client.get(self._events, {"maxResults": 1}))
        return self._known_manner

    def _held(self, id_: RemoteId, told: Answer | None = None) -> Held | None:
        """One object with all that belongs to it, or ``None``. Raises ``NotFound`` when the calendar is gone.

        ``told`` is the answer to the look for it, where there was one.
        """
        answer = told or self._client.call("GET", self._event(id_))
        if answer.status in _GONE:
            self._client.get(self._events, {"maxResults": 1})
            return None
        raw = self._read(answer)
        if series.is_cancelled(raw):
            return None
        if series.series_of(raw):
            return Held(raw) if self._whole(series.series_of(raw), _uid(raw)) is None else None
        return self._whole(id_, _uid(raw)) if series.is_series(raw) else Held(raw)

    def _whole(self, master: str, uid: str) -> Held | None:
        """A series with its exceptions, found by the UID that they share; ``None`` without its master."""
        if not uid:
            answer = self._client.call("GET", self._event(master))
            if answer.status in _GONE:
                return None
            uid = _uid(self._read(answer))
        query = {"iCalUID": uid, "singleEvents": "false", "maxResults": _PAGE}
        items = [item for page in self._pages(query) for item in _rows(page)]
        return next((each for each in series.assemble(items) if each.id == master), None)

    def _create(self, create: Create[Event], told: Answer | None = None) -> Stored[Event]:
        event = event_mapping.alone(create.object)
        body, id_ = self._drawn(create), event_id(create.key)
        answer = told or self._send("POST", self._events, body, event, {})
        if answer.status == 409:
            there = self._held(id_)
            if there is not None:
                return self._stored(there, existed=True)
            answer = self._send("PUT", self._event(id_), {**body, "status": "confirmed"}, event, {})
        if not answer.ok:
            raise self._refusal(answer)
        return self._finished(Held(self._read(answer)), event)

    def _update(self, update: Update[Event], told: Answer | None = None) -> Stored[Event]:
        there = self._held(update.id, told)
        if there is None:
            raise PreconditionFailed("The event is gone.", remote=TRAITS.name)
        if update.version is not None and update.version != there.version:
            raise PreconditionFailed("The event changed since it was read.", remote=TRAITS.name)
        event = event_mapping.alone(update.object)
        manner = self._manner
        body = event_mapping.write_event(event, there.master, manner.zone, manner.reminders)
        if body == event_mapping.settable(there.master):
            return self._finished(there, event)
        answer = self._send("PUT", self._event(update.id), body, event, there.master)
        if not answer.ok:
            raise self._refusal(answer)
        raw = self._read(answer)
        timing = any(raw.get(name) != there.master.get(name) for name in ("start", "end", "recurrence"))
        if there.exceptions and timing:  # Google may have dropped those whose occurrence is no more
            return self._finished(self._whole(update.id, _uid(raw)) or Held(raw), event)
        return self._finished(Held(raw, there.exceptions), event)

    def _delete(self, delete: Delete, told: Answer | None = None) -> Deleted:
        if delete.version is not None and series.OF_SERIES in delete.version:
            there = self._held(delete.id)
            if there is None:
                return Deleted(delete.id)
            if there.version != delete.version:
                raise PreconditionFailed("The series changed since it was read.", remote=TRAITS.name)
        path, guard = self._event(delete.id), _guard(delete.version)
        answer = told or self._client.call("DELETE", path, _SILENT, headers=guard)
        if answer.ok or answer.status in _GONE:
            return Deleted(delete.id)
        if answer.status == 412 and self._held(delete.id) is None:
            return Deleted(delete.id)
        raise self._client.error(answer)

    def _finished(self, held: Held, event: Event) -> Stored[Event]:
        """Let the exceptions of a series follow its master, and tell what is there now."""
        if series.is_series(held.master) and self._exceptions.settle(held, event, self._manner):
            held = self._whole(held.id, _uid(held.master)) or held
        return self._stored(held)

    def _send(self, method: str, path: str, body: dict[str, Any], event: Event, raw: Raw) -> Answer:
        """Store an event. A conference of ours that Google does not take is kept in a property instead."""
        guard = {"If-Match": str(raw["etag"])} if raw.get("etag") else {}
        if body.get("conferenceData") == raw.get("conferenceData"):
            return self._client.call(method, path, _SILENT, body, guard)
        answer = self._client.call(method, path, {**_SILENT, "conferenceDataVersion": 1}, body, guard)
        if answer.status == 400 and "conferenceData" in body:
            plain = event_mapping.without_conference(body, event.conference_url)
            return self._client.call(method, path, _SILENT, plain, guard)
        return answer

    def _refusal(self, answer: Answer) -> Exception:
        """Why a write failed: because of this event, or because the calendar itself is gone."""
        if answer.status in _GONE:
            self._client.get(self._events, {"maxResults": 1})
            return PreconditionFailed("The event is gone.", remote=TRAITS.name)
        error = self._client.error(answer)
        return error if not isinstance(error, NotFound) else PreconditionFailed(str(error), remote=TRAITS.name)

    def _stored(self, held: Held, *, existed: bool = False) -> Stored[Event]:
        try:
            return Stored(held.id, held.version, held.event(self._manner), existed)
        except Invalid as error:
            raise Refused(f"Google Calendar has this event, and it cannot be read: {error}") from error

    def _read(self, answer: Answer) -> dict[str, Any]:
        """One event of an answer. Raises ``TemporaryError`` for nonsense."""
        if not answer.ok:
            raise self._client.error(answer)
        raw = answer.json()
        if not isinstance(raw.get("id"), str):
            raise TemporaryError("Google Calendar's answer holds no event.", remote=TRAITS.name)
        return raw

    def _event(self, id_: str) -> str:
        return f"{self._events}/{quote(id_, safe='')}"


def event_id(key: IdempotencyKey) -> RemoteId:
    """The id of an event that is created with this key: base32hex, as Google wants it, and the same each time."""
    digest = hashlib.sha256(key.encode()).digest()[:_ID_OCTETS]
    return RemoteId(base64.b32hexencode(digest).decode().lower())


def _name(write: Write[Event]) -> str:
    return write.key if isinstance(write, Create) else write.id


def _guard(version: str | None) -> dict[str, str]:
    return {"If-Match": version.partition(series.OF_SERIES)[0]} if version is not None else {}


def _manner(page: Raw) -> Manner:
    zone = resolve(str(page.get("timeZone") or "")) or UTC
    return Manner(zone, event_mapping.offsets(page.get("defaultReminders")))


def _rows(page: Raw) -> list[Raw]:
    found = page.get("items", [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise TemporaryError("Google Calendar's answer holds no events.", remote=TRAITS.name)
    return found


def _uid(raw: Raw) -> str:
    found = raw.get("iCalUID")
    return found if isinstance(found, str) else ""
