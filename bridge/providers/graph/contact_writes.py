"""Writes to a folder of contacts in Microsoft 365: twenty at a time, one outcome for each.

Graph guards no writes of contacts, so what is there is read and compared before it is changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

from bridge.core.contact import Contact, Photo
from bridge.errors import BridgeError, Invalid, MappingError, NotFound, PreconditionFailed, Refused
from bridge.errors import TemporaryError as Temporary
from bridge.http import Answer
from bridge.ports import Create, Delete, Deleted, Outcome, RemoteId, Stored, Update, Version, Write
from bridge.providers.graph.client import BATCH, Ask, Client, portions, query, segment, told
from bridge.providers.graph.contact_read import has_picture, read_contact
from bridge.providers.graph.contact_write import edited_contact, new_contact
from bridge.providers.graph.event_read import text
from bridge.providers.graph.marks import filter_by_key
from bridge.providers.graph.pictures import Pictures
from bridge.providers.graph.series import version_of
from bridge.providers.one_by_one import concerns_one_object

Raw = Mapping[str, Any]
Holding = dict[RemoteId, Raw | BridgeError | None]

_NAME = "Microsoft 365 Contacts"
_AGAIN = "ErrorInvalidRequest"  # what a second deletion is told at times


class Reading(Protocol):
    """What writes have to know of the folder."""

    def there(self, ids: Sequence[RemoteId], *, must: bool = True) -> Holding:
        """See ``ContactsSide.there``."""
        ...

    def check(self) -> None:
        """See ``ContactsSide.check``."""
        ...


class ContactWrites:
    """Carries out writes. ``contacts`` is the path of the folder's contacts, ``expand`` brings our marks."""

    def __init__(self, client: Client, contacts: str, expand: str, reading: Reading, pictures: Pictures) -> None:
        self._client = client
        self._contacts = contacts
        self._expand = expand
        self._reading = reading
        self._pictures = pictures
        self._made: dict[str, RemoteId] | None = None

    def note(self, keys: Mapping[str, RemoteId]) -> None:
        """Remember what a complete listing tells about earlier creations."""
        self._made = dict(keys)

    def carry_out(self, writes: Sequence[Write[Contact]]) -> Iterator[Outcome[Contact]]:
        """One outcome for each, in their order; writes of one kind that follow each other share their requests."""
        for kind, run in groupby(writes, type):
            for portion in portions(list(run), BATCH):
                outcomes = list(self._portion(kind, portion))
                yield from outcomes
                waits = (each for each in outcomes if isinstance(each, Temporary) and each.retry_after is not None)
                if (wait := next(waits, None)) is not None and portion[-1] is not writes[-1]:
                    raise wait

    def _portion(self, kind: type, portion: Sequence[Write[Contact]]) -> Iterator[Outcome[Contact]]:
        if kind is Create:
            return self._create([each for each in portion if isinstance(each, Create)])
        if kind is Update:
            return self._update([each for each in portion if isinstance(each, Update)])
        return self._delete([each for each in portion if isinstance(each, Delete)])

    def _create(self, creates: Sequence[Create[Contact]]) -> Iterator[Outcome[Contact]]:
        there = self._made_before([each.key for each in creates])
        asks: dict[str, Ask] = {}
        outcomes: dict[str, Outcome[Contact]] = {}
        for each in creates:
            raw = there.get(each.key)
            try:
                if raw is None:
                    asks[each.key] = Ask("POST", self._contacts, new_contact(each.object, each.key))
                else:
                    outcomes[each.key] = raw if isinstance(raw, BridgeError) else self._stored(raw, existed=True)
            except (MappingError, Refused) as error:
                outcomes[each.key] = error
        wishes = {each.key: each.object for each in creates}
        for (key, ask), answer in zip(asks.items(), self._client.batch(list(asks.values())), strict=True):
            outcome = self._written(answer, next(wish for known, wish in wishes.items() if known == key), ask, {})
            outcomes[key] = outcome
            if isinstance(outcome, Stored) and self._made is not None:
                self._made[key] = outcome.id
            elif isinstance(outcome, BridgeError):
                self._made = None  # nobody knows whether it was made
        yield from (outcomes[each.key] for each in creates)

    def _update(self, updates: Sequence[Update[Contact]]) -> Iterator[Outcome[Contact]]:
        there = self._reading.there([each.id for each in updates])
        asks: dict[RemoteId, Ask] = {}
        outcomes: dict[RemoteId, Outcome[Contact]] = {}
        for each in updates:
            try:
                raw = _current(there[each.id], each.version)
                _read(raw)
                body = edited_contact(each.object, raw)
                if body:
                    asks[each.id] = Ask("PATCH", self._path(each.id), body)
            except (MappingError, Refused, PreconditionFailed, Temporary) as error:
                outcomes[each.id] = error
        answers = dict(zip(asks, self._client.batch(list(asks.values())), strict=True))
        for each in updates:
            known = there[each.id]
            if each.id not in outcomes and isinstance(known, Mapping):
                outcomes[each.id] = self._written(answers.get(each.id), each.object, asks.get(each.id), known)
            yield outcomes[each.id]

    def _written(
        self, answer: Answer | BridgeError | None, wanted: Contact, ask: Ask | None, before: Raw
    ) -> Outcome[Contact]:
        """What is there after a write, once the picture is what it should be too."""
        try:
            if isinstance(answer, BridgeError):
                raise answer
            if answer is not None and not answer.ok:
                raise self._refusal(answer)
            raw = before if answer is None else _with_marks(self._raw(answer), ask, before)
            id_ = RemoteId(text(raw, "id"))
            pictured = has_picture(before)
            photo = self._pictures.of([id_]).get(id_) if pictured else None
            if wanted.photo == photo:
                return self._stored(raw, photo=photo)
            self._pictures.set(id_, wanted.photo)
            return self._stored(_current(self._reading.there([id_])[id_], None))
        except BridgeError as error:
            return _own(error)

    def _delete(self, deletes: Sequence[Delete]) -> Iterator[Outcome[Contact]]:
        there = self._reading.there([each.id for each in deletes], must=False)
        asks: dict[RemoteId, Ask] = {}
        outcomes: dict[RemoteId, Outcome[Contact]] = {}
        for each in deletes:
            raw = there[each.id]
            outcomes[each.id] = Deleted(each.id)
            if isinstance(raw, BridgeError):
                outcomes[each.id] = raw
            elif raw is not None and each.version not in (None, version_of(raw)):
                outcomes[each.id] = PreconditionFailed("The contact changed since it was read.", remote=_NAME)
            elif raw is not None:
                asks[each.id] = Ask("DELETE", self._path(each.id))
        for id_, answer in zip(asks, self._client.batch(list(asks.values())), strict=True):
            outcomes[id_] = self._deleted(id_, answer)
        yield from (outcomes[each.id] for each in deletes)

    def _deleted(self, id_: RemoteId, answer: Answer | BridgeError) -> Outcome[Contact]:
        if isinstance(answer, BridgeError):
            return answer
        if answer.ok or self._client.is_gone(answer):
            return Deleted(id_)
        if told(answer)[0] == _AGAIN and self._reading.there([id_], must=False)[id_] is None:
            return Deleted(id_)
        return self._client.error(answer)

    def _made_before(self, keys: Sequence[str]) -> dict[str, Raw | BridgeError]:
        """What earlier tries with these keys have made: by the latest listing, or looked up."""
        if self._made is not None:
            known = {self._made[key]: key for key in keys if key in self._made}
            there = self._reading.there(list(known), must=False)
            return {known[id_]: raw for id_, raw in there.items() if raw is not None}
        asks = [
            Ask("GET", query(self._contacts, top=1, filter=filter_by_key(key), expand=self._expand)) for key in keys
        ]
        found: dict[str, Raw | BridgeError] = {}
        for key, answer in zip(keys, self._client.batch(asks), strict=True):
            if isinstance(answer, BridgeError):
                found[key] = answer
            elif not answer.ok:
                found[key] = self._refusal(answer)
            elif rows := self._client.rows(answer.json()):
                found[key] = rows[0]
        return found

    def _refusal(self, answer: Answer) -> BridgeError:
        if self._client.is_gone(answer):
            self._reading.check()
            return PreconditionFailed("The contact is gone.", remote=_NAME)
        error = self._client.error(answer)
        return PreconditionFailed(str(error), remote=_NAME) if isinstance(error, NotFound) else error

    def _raw(self, answer: Answer) -> Raw:
        raw = answer.json()
        if not text(raw, "id"):
            raise self._client.nonsense()
        return raw

    def _path(self, id_: str) -> str:
        return f"{self._contacts}/{segment(id_)}"

    def _stored(self, raw: Raw, *, photo: Photo | None = None, existed: bool = False) -> Stored[Contact]:
        id_ = RemoteId(text(raw, "id"))
        if photo is None and has_picture(raw):
            photo = self._pictures.of([id_]).get(id_)
        try:
            return Stored(id_, version_of(raw), replace(read_contact(raw), photo=photo), existed)
        except Invalid as error:
            raise Refused(f"Microsoft 365 has this contact, and it cannot be read: {error}") from error


def _current(raw: Raw | BridgeError | None, version: Version | None) -> Raw:
    """What is there, if it is what the writer knows."""
    if isinstance(raw, BridgeError):
        raise raw
    if raw is None:
        raise PreconditionFailed("The contact is gone.", remote=_NAME)
    if version is not None and version != version_of(raw):
        raise PreconditionFailed("The contact changed since it was read.", remote=_NAME)
    return raw


def _read(raw: Raw) -> Contact:
    try:
        return read_contact(raw)
    except Invalid as error:
        raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error


def _with_marks(raw: Raw, ask: Ask | None, before: Raw) -> Raw:
    """The answer to a write, which leaves out our marks, with those that were there or have just been written."""
    rows = before.get("singleValueExtendedProperties")
    there = {str(row.get("id")): row for row in rows if isinstance(row, Mapping)} if isinstance(rows, list) else {}
    body = ask.body if ask is not None and isinstance(ask.body, Mapping) else {}
    there |= {row["id"]: row for row in body.get("singleValueExtendedProperties", ())}
    return {**raw, "singleValueExtendedProperties": list(there.values())}


def _own(error: BridgeError) -> BridgeError:
    """An error as the outcome of one write; what concerns the whole account is raised.

    One that asks to wait stays with its object here, since others of the same request may have been carried out.
    """
    if not concerns_one_object(error) and not isinstance(error, Temporary):
        raise error
    return error
