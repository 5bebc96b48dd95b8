"""Keep address books in step with CRM rows: every change of a person, organization or label ends here."""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.core import contentline, photo, rules, vcard
from bridge.core.contact import Contact
from bridge.core.person import Label, Organization, Person
from bridge.core.projection.contacts import contact_of_label, contact_of_organization, contact_of_person
from bridge.core.rules import Include
from bridge.core.user import User
from bridge.services.placement import Wanted, kept_text, place, present_resources
from bridge.services.rendering import ClientText, in_batches
from bridge.services.settings import Settings
from bridge.store import accounts, collections, contacts
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import Index, Placed, Source
from bridge.store.views import Collection

CARD = "VCARD"
Written = Mapping[int, ClientText]


def refresh_persons(session: Session, ids: Some[int], settings: Settings, *, now: datetime) -> int:
    """Bring the cards of these persons up to date. How many resources changed."""
    changed = 0
    for batch in in_batches(sorted(set(ids))):
        books = _books(session, contacts.owners_of_persons(session, batch))
        found = contacts.persons(session, batch).values()
        changed += _refresh_persons(session, list(found), books, settings, {}, now)
    return changed


def refresh_person(
    session: Session, person: Person, settings: Settings, *, now: datetime, written: ClientText | None = None
) -> int:
    """Bring the card of a person up to date whom this transaction has just saved, maybe from what a client wrote."""
    texts = {person.id: written} if written is not None else {}
    return refresh_saved_persons(session, [person], settings, texts, now=now)


def refresh_saved_persons(
    session: Session, found: Sequence[Person], settings: Settings, written: Written, *, now: datetime
) -> int:
    """The same for several persons, with the texts of clients by the persons' ids."""
    books = _books(session, {person.owner_id for person in found})
    return _refresh_persons(session, found, books, settings, written, now)


def _refresh_persons(
    session: Session,
    found: Sequence[Person],
    books: Mapping[int, Collection],
    settings: Settings,
    written: Written,
    now: datetime,
) -> int:
    companies = contacts.organizations(session, {p.organization_id for p in found if p.organization_id})
    names = {company.id: company.name for company in companies.values() if not company.deleted}
    present = present_resources(session, [Source(person_id=person.id) for person in found])
    wanted = {}
    for person in found:
        source = Source(person_id=person.id)
        book = books.get(person.owner_id)
        chosen = written.get(person.id)
        previous = _previous(present[source], book, chosen)
        name = names.get(person.organization_id or 0, "")
        card = vcard.contact(previous) if previous else None
        contact = contact_of_person(_with_odd_photo(person, card), name, settings.base_url, card)
        wanted[source] = _in_book(person, book, previous, contact, chosen, now)
    return place(session, wanted, present, now=now)


def _with_odd_photo(person: Person, card: Contact | None) -> Person:
    """Leave a picture that cannot be read in the card as the client wrote it: the record has none."""
    if person.photo is not None or card is None or card.photo is None or photo.as_jpeg(card.photo) is not None:
        return person
    return replace(person, photo=card.photo)


def refresh_organizations(
    session: Session, ids: Some[int], settings: Settings, *, now: datetime, written: Written | None = None
) -> int:
    """Bring the cards of these organizations up to date. How many resources changed."""
    return sum(
        _refresh_organizations(session, batch, settings, written or {}, now) for batch in in_batches(sorted(set(ids)))
    )


def _refresh_organizations(
    session: Session, ids: Sequence[int], settings: Settings, written: Written, now: datetime
) -> int:
    found = contacts.organizations(session, ids)
    books = _books(session, {organization.owner_id for organization in found.values()})
    present = present_resources(session, [Source(organization_id=i) for i in found])
    wanted = {}
    for organization in found.values():
        source = Source(organization_id=organization.id)
        book = books.get(organization.owner_id)
        chosen = written.get(organization.id)
        previous = _previous(present[source], book, chosen)
        contact = contact_of_organization(
            organization, settings.base_url, vcard.contact(previous) if previous else None
        )
        wanted[source] = _in_book(organization, book, previous, contact, chosen, now)
    return place(session, wanted, present, now=now)


def refresh_labels(
    session: Session, label_ids: Some[int], *, now: datetime, written: Mapping[int, ClientText] | None = None
) -> int:
    """Bring group cards up to date: a user has one where a client has made it, or for each label in use if wanted."""
    labels = contacts.labels(session, label_ids)
    present = present_resources(session, [Source(label_id=i) for i in labels])
    users = accounts.users(session)
    books = _books(session, users)
    wanted = {}
    for label in labels.values():
        source = Source(label_id=label.id)
        drawn = (
            _group_card(session, label, users[owner], book, present[source], (written or {}).get(label.id), now)
            for owner, book in books.items()
        )
        wanted[source] = [card for card in drawn if card is not None]
    return place(session, wanted, present, now=now)


def _group_card(
    session: Session,
    label: Label,
    owner: User,
    book: Collection,
    present: Sequence[Placed],
    chosen: ClientText | None,
    now: datetime,
) -> Wanted | None:
    if chosen is not None and chosen.collection_id != book.id:
        chosen = None
    own = [p for p in present if p.collection_id == book.id and not p.resource.deleted]
    previous = _previous(own, book, chosen)
    members = contacts.label_members(session, label.id, owner.id)
    if previous is None and not (owner.group_cards and members):
        return None
    contact = contact_of_label(label, tuple(members), vcard.contact(previous) if previous else None)
    return _wanted(book, contact.uid, previous, contact, chosen, now)


def _books(session: Session, owner_ids: Some[int]) -> dict[int, Collection]:
    collections.lock_collections(session, owner_ids)
    shown = collections.collections_showing(session, owner_ids)
    return {c.owner_id: c for c in shown if c.kind is CollectionKind.ADDRESS_BOOK}


def _previous(
    present: Sequence[Placed], book: Collection | None, chosen: ClientText | None
) -> contentline.Component | None:
    """The card to patch: what a client has just written, what stands in the book, or in the previous owner's."""
    if chosen is not None:
        return chosen.content or vcard.read(chosen.text)
    text, _ = kept_text(present, {book.id} if book is not None else set())
    return vcard.read(text) if text else None


def _in_book(
    record: Person | Organization,
    book: Collection | None,
    previous: contentline.Component | None,
    contact: Contact,
    chosen: ClientText | None,
    now: datetime,
) -> list[Wanted]:
    if book is None or not isinstance(rules.in_address_book(record, user_id=book.owner_id), Include):
        return []
    return [_wanted(book, record.uid, previous, contact, chosen, now)]


def _wanted(
    book: Collection,
    uid: str,
    previous: contentline.Component | None,
    contact: Contact,
    chosen: ClientText | None,
    now: datetime,
) -> Wanted:
    stamp = contact.modified or now
    if previous is None:
        text = vcard.render(contact, stamp=stamp)
    else:
        text = contentline.serialize(vcard.patch(previous, contact, stamp=stamp))
    index = Index(search=vcard.search_text(text))
    return Wanted(book.id, uid, CARD, text, href=chosen.href if chosen else "", index=index)
