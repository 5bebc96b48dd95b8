"""A user's persons as a group of contacts: one side of every sync of contacts (R14, R15).

A person's card in the user's address book says everything that a connection shows, and every live person has one. So
the book's revisions tell what happened, and a card's entity tag is its version.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace

from sqlalchemy.orm import Session

from bridge.core import contentline, vcard
from bridge.core.clients import ClientTraits
from bridge.core.contact import Contact, ContactKind
from bridge.core.person import Person
from bridge.core.scope import ContactScope
from bridge.core.user import User
from bridge.errors import BridgeError, NotFound, Refused
from bridge.ports import Changes, Clock, Deleted, Found, IdempotencyKey, RemoteId, Stored, SyncToken, Version
from bridge.services import records
from bridge.services.actor import Actor
from bridge.services.intake import Put
from bridge.services.intake_cards import take_card
from bridge.services.records import Change
from bridge.services.rendering import in_batches
from bridge.services.settings import Settings
from bridge.services.sync.local import (
    NAME,
    LocalSide,
    Mark,
    check_size,
    check_version,
    gone,
    one_object,
    record_id,
    revisions_of,
    uid_for,
)
from bridge.store import accounts, changed, collections, contacts, placements
from bridge.store.database import Database
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import Placed
from bridge.store.views import Collection as Place

_SYNC = ClientTraits("davbridge sync", keeps_photo=True, keeps_categories=True)


@dataclass(frozen=True, slots=True)
class _Book:
    """The user's address book. New persons and organizations get the visibility that the connection wants."""

    owner: User
    place: Place


class LocalContacts(LocalSide[Contact]):
    """The persons of one user. Organizations and groups are not synced (R15).

    The record has its say about what is not in ``expresses``: its page, and how large a picture is.
    """

    expresses = frozenset(one.name for one in fields(Contact)) - {"kind", "members", "url", "photo"}

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        user_id: int,
        scope: ContactScope,
        actor: Actor,
    ) -> None:
        super().__init__(database, clock, settings, user_id, actor)
        self._scope = replace(scope, user_id=user_id)

    def changes(self, since: SyncToken | None) -> Changes[Contact]:
        """List every live person of the user, or those whose cards changed."""
        now = self._clock.now()
        with self._database.read() as session:
            place = self._book(session).place
            revision = Mark.read(since).revision_of(place) if since is not None else 0
            cards = changed.persons_drawn_since(session, place, revision)
        found: tuple[Found[Contact], ...] = tuple(
            Found(_id(card.person_id), Version(card.etag)) for card in cards if not card.deleted
        )
        live = {one.id for one in found}
        lost = {_id(card.person_id) for card in cards} - live if since is not None else set()
        token = Mark(revisions_of([place]), now).token()
        return Changes(found, tuple(sorted(lost)), token, complete=since is None)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Contact]]:
        """Bring persons as contacts, in batches. One that cannot be read has a problem."""
        for batch in in_batches(list(dict.fromkeys(ids))):
            with self._database.read() as session:
                place = self._book(session).place
                placed = _placed(session, place, [record_id(one) for one in batch])
            for one in placed:
                if not one.resource.deleted:
                    yield _found(one)

    def create_in(self, session: Session, key: IdempotencyKey, obj: Contact) -> Stored[Contact]:
        """Add a person, or bring back one with this UID who was deleted; see ``LocalSide``."""
        book = self._book_to_write(session)
        with one_object():
            if obj.kind is not ContactKind.PERSON:
                raise Refused("Only people are synced, no organizations and groups.", remote=NAME)
            contact = replace(obj, uid=uid_for(key, obj.uid))
            known = [one for one in contacts.persons_by_uid(session, contact.uid) if one.owner_id == self._user_id]
            live = next((one for one in known if not one.deleted), None)
            if live is not None:
                return replace(self._stored(session, book, live.id), existed=True)
            before = max(known, key=lambda one: one.id, default=None)
            tombstone = next(iter(_placed(session, book.place, [before.id])), None) if before is not None else None
            text = vcard.render(contact, stamp=self._clock.now())
            return self._put(session, book, text, tombstone)

    def known_uids(self, session: Session, uids: Collection[str]) -> set[str]:
        """See ``LocalSide``."""
        book = self._book_to_write(session)
        return contacts.uids_of_persons(session, uids, self._user_id) | placements.uids_in(session, book.place.id, uids)

    def create_new_in(self, session: Session, new: Sequence[tuple[IdempotencyKey, Contact]]) -> list[Stored[Contact]]:
        """Add persons; see ``LocalSide``."""
        book, now = self._book_to_write(session), self._clock.now()
        changes: list[Change] = []
        with one_object():
            for key, contact in new:
                if contact.kind is not ContactKind.PERSON:
                    raise Refused("Only people are synced, no organizations and groups.", remote=NAME)
                text = vcard.render(replace(contact, uid=uid_for(key, contact.uid)), stamp=now)
                check_size(text, self._settings)
                put = Put(self._actor, _SYNC, book.owner, book.place, "", text, None, guarded=True, uid_is_free=True)
                changes += take_card(session, put, self._settings, now=now)
            written = records.write(session, self._actor, self._settings, changes, now=now)
        ids = [one.record.id for one in written if isinstance(one.record, Person)]
        placed = {one.source.person_id: one for one in _placed(session, book.place, ids) if not one.resource.deleted}
        return [_stored(placed.get(person_id)) for person_id in ids]

    def update_in(self, session: Session, id: RemoteId, obj: Contact, version: Version | None) -> Stored[Contact]:  # noqa: A002
        """Let a person's card say what ``obj`` says; see ``LocalSide``."""
        book = self._book_to_write(session)
        with one_object():
            placed = self._present(session, book, record_id(id))
            if placed is None:
                raise gone()
            check_version(version, Version(placed.resource.etag))
            card = vcard.read(placed.resource.text)
            text = contentline.serialize(vcard.patch(card, _as_ours(obj, card), stamp=self._clock.now()))
            if text == placed.resource.text:
                return self._stored(session, book, record_id(id))
            return self._put(session, book, text, placed)

    def delete_in(self, session: Session, id: RemoteId, version: Version | None) -> Deleted:  # noqa: A002
        """Delete a person, softly; see ``LocalSide``."""
        book = self._book_to_write(session)
        placed = self._present(session, book, record_id(id))
        if placed is not None:
            check_version(version, Version(placed.resource.etag))
            person = contacts.persons(session, [record_id(id)])[record_id(id)]
            change = Change(person, replace(person, deleted=True))
            records.write(session, self._actor, self._settings, [change], now=self._clock.now())
        return Deleted(id)

    def _put(self, session: Session, book: _Book, text: str, placed: Placed | None) -> Stored[Contact]:
        """Take a card as if a client had written it that knows the present one."""
        check_size(text, self._settings)
        href = placed.resource.href if placed is not None else ""
        put = Put(self._actor, _SYNC, book.owner, book.place, href, text, placed, guarded=True)
        now = self._clock.now()
        changes = take_card(session, put, self._settings, now=now)
        written = records.write(session, self._actor, self._settings, changes, now=now)
        persons = [one.record.id for one in written if isinstance(one.record, Person)]
        return self._stored(session, book, persons[-1])

    def _stored(self, session: Session, book: _Book, person_id: int) -> Stored[Contact]:
        return _stored(self._present(session, book, person_id))

    def _present(self, session: Session, book: _Book, person_id: int) -> Placed | None:
        placed = _placed(session, book.place, [person_id])
        return next((one for one in placed if not one.resource.deleted), None)

    def _book(self, session: Session) -> _Book:
        owner = accounts.users(session, [self._user_id]).get(self._user_id)
        if owner is None:
            raise NotFound("The user of this connection is gone.")
        home = collections.collections_in_home(session, owner.login)
        place = next(one for one in home if one.kind is CollectionKind.ADDRESS_BOOK)
        return _Book(replace(owner, default_visibility=self._scope.visibility), place)

    def _book_to_write(self, session: Session) -> _Book:
        collections.lock_collections(session, [self._user_id])
        return self._book(session)


def _placed(session: Session, place: Place, person_ids: Collection[int]) -> list[Placed]:
    """The cards and tombstones of these persons in a book."""
    return [one for one in placements.showing(session, "person_id", person_ids) if one.collection_id == place.id]


def _found(placed: Placed) -> Found[Contact]:
    person_id, version = placed.source.person_id or 0, Version(placed.resource.etag)
    try:
        contact = vcard.contact(vcard.read(placed.resource.text))
    except BridgeError as error:
        return Found(_id(person_id), version, problem=str(error))
    contact = replace(contact, person_id=person_id, modified=placed.resource.modified_at)
    return Found(_id(person_id), version, contact)


def _stored(placed: Placed | None) -> Stored[Contact]:
    found = _found(placed) if placed is not None else None
    if found is None or found.object is None:
        raise gone()
    return Stored(found.id, found.version, found.object)


def _as_ours(wanted: Contact, card: contentline.Component) -> Contact:
    """What is wanted, with what a card says about our own record: that is not for others to change."""
    own = vcard.contact(card)
    return replace(
        wanted,
        uid=own.uid,
        kind=own.kind,
        url=own.url,
        members=own.members,
        person_id=own.person_id,
        organization_id=own.organization_id,
    )


def _id(person_id: int) -> RemoteId:
    return RemoteId(str(person_id))
