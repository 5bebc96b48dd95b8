"""Persons and organizations as their users see and change them on the page (R12, R14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core import rules
from bridge.core.activity import Visibility
from bridge.core.collation import sort_key
from bridge.core.contact import Birthday, Labelled, Name, Photo
from bridge.core.person import Organization, Person
from bridge.core.photo import as_jpeg
from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound
from bridge.services.activity_filters import EVERYONE
from bridge.services.actor import Actor
from bridge.services.contacts import Contacts
from bridge.services.settings import Settings
from bridge.store import accounts, contacts
from bridge.store.contact_list import ContactQuery, contact_names, label_names
from bridge.store.database import Database
from bridge.store.models.journal import RecordKind, Source
from bridge.store.record_search import named

PAGE = 50
LARGEST_PHOTO = 8_000_000  # octets of an upload
Record = Person | Organization
Owned = TypeVar("Owned", Person, Organization)


@dataclass(frozen=True, slots=True)
class ContactFilters:
    """What is asked for. ``owner`` is a login, ``everyone``, or empty for the viewer."""

    owner: str = ""
    label: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A person or organization as a viewer sees it. ``organization`` is the name of a person's, if it may be seen."""

    record: Record
    owner: User | None
    own: bool
    organization: str = ""


@dataclass(frozen=True, slots=True)
class ContactPage:
    """A part of the list: the ``number``-th of ``pages``, the first is 1. ``total`` counts all that fit."""

    cards: tuple[Card, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A contact as a form gives it. ``photo`` is an upload; ``keep_photo`` keeps what is there.

    What only persons have is left alone for organizations.
    """

    name: str
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    labels: tuple[str, ...] = ()
    note: str = ""
    visibility: Visibility = Visibility.EVERYONE
    organization_id: int | None = None
    job_title: str = ""
    birthday: Birthday | None = None
    photo: bytes | None = None
    keep_photo: bool = True


class ContactDesk:
    """What one user does with contacts. ``kind`` is person or organization."""

    def __init__(self, database: Database, settings: Settings, records: Contacts) -> None:
        self._database = database
        self._settings = settings
        self._records = records

    def page(self, viewer: User, kind: RecordKind, filters: ContactFilters, number: int = 1) -> ContactPage:
        """One page of what a viewer may see, by name in the order of their language. Raises ``NotFound``."""
        with self._database.read() as session:
            query = ContactQuery(
                viewer.id, kind, _owner_id(session, viewer, filters.owner), filters.label, filters.text.strip()
            )
            found = contact_names(session, query)
            found.sort(key=lambda each: (sort_key(each.name, viewer.language), each.id))
            pages = max(1, -(-len(found) // PAGE))
            present = min(max(number, 1), pages)
            ids = [each.id for each in found[(present - 1) * PAGE : present * PAGE]]
            return ContactPage(tuple(self._cards(session, viewer, kind, ids)), present, pages, len(found))

    def _cards(self, session: Session, viewer: User, kind: RecordKind, ids: Sequence[int]) -> list[Card]:
        records: Mapping[int, Record]
        if kind is RecordKind.PERSON:
            people = contacts.persons(session, ids, photos=False)
            firms = {person.organization_id for person in people.values() if person.organization_id}
            names, records = named(session, viewer.id, RecordKind.ORGANIZATION, firms), people
        else:
            names, records = {}, contacts.organizations(session, ids)
        users = accounts.users(session)
        return [_card(records[each], viewer, users, names) for each in ids if each in records]

    def labels(self) -> list[str]:
        """All labels."""
        with self._database.read() as session:
            return label_names(session)

    def show(self, viewer: User, kind: RecordKind, record_id: int) -> Card:
        """One contact, with its photo. Raises ``NotFound`` for what the viewer may not see, and for what is gone."""
        with self._database.read() as session:
            load = contacts.persons if kind is RecordKind.PERSON else contacts.organizations
            record = load(session, [record_id]).get(record_id)
            if record is None or not rules.visible_to(record, viewer.id):
                raise NotFound(f"There is no {kind.value} {record_id}.")
            firm = record.organization_id if isinstance(record, Person) else None
            names = named(session, viewer.id, RecordKind.ORGANIZATION, [firm]) if firm else {}
            return _card(record, viewer, accounts.users(session), names)

    def photo(self, viewer: User, person_id: int) -> Photo:
        """A person's picture as a JPEG. Raises ``NotFound``."""
        record = self.show(viewer, RecordKind.PERSON, person_id).record
        photo = record.photo if isinstance(record, Person) else None
        found = as_jpeg(photo, self._settings.photo_pixels) if photo else None
        if found is None:
            raise NotFound("There is no picture.")
        return found

    def add(self, viewer: User, kind: RecordKind, draft: ContactDraft) -> str:
        """Add a contact of one's own. Returns the run that takes it back. Raises ``NotAllowed`` and ``Invalid``."""
        permitted = viewer.may_add_people if kind is RecordKind.PERSON else viewer.may_add_organizations
        if not permitted:
            what = "people" if kind is RecordKind.PERSON else "organizations"
            raise NotAllowed(
                f"You may not add {what}.", remedy=f"Ask an administrator for the permission “add {what}”."
            )
        self._check(viewer, draft, None)
        actor = _actor(viewer)
        if kind is RecordKind.PERSON:
            self._records.create_person(actor, self._person(Person("", viewer.id, draft.name), draft))
        else:
            self._records.create_organization(actor, _organization(Organization("", viewer.id, draft.name), draft))
        return actor.run or ""

    def change(self, viewer: User, kind: RecordKind, record_id: int, draft: ContactDraft) -> str:
        """Change one's own contact. Returns the run that takes it back. Raises ``NotFound`` and ``Invalid``."""
        present = self._own(viewer, kind, record_id)
        self._check(viewer, draft, present)
        actor = _actor(viewer)
        if kind is RecordKind.PERSON:
            self._records.change_person(actor, record_id, lambda before: self._person(_still(viewer, before), draft))
        else:
            self._records.change_organization(
                actor, record_id, lambda before: _organization(_still(viewer, before), draft)
            )
        return actor.run or ""

    def delete(self, viewer: User, kind: RecordKind, record_id: int) -> str:
        """Delete one's own contact, softly. Returns the run that takes it back. Raises ``NotFound``."""
        self._own(viewer, kind, record_id)
        actor = _actor(viewer)
        delete = self._records.delete_person if kind is RecordKind.PERSON else self._records.delete_organization
        delete(actor, record_id)
        return actor.run or ""

    def _own(self, viewer: User, kind: RecordKind, record_id: int) -> Record:
        record = self.show(viewer, kind, record_id).record
        if record.owner_id != viewer.id:
            raise NotFound("It is not yours.")
        return record

    def _check(self, viewer: User, draft: ContactDraft, before: Record | None) -> None:
        known = before.organization_id if isinstance(before, Person) else None
        if draft.organization_id is not None and draft.organization_id != known:
            self.show(viewer, RecordKind.ORGANIZATION, draft.organization_id)
        if draft.photo is not None:
            self._picture(draft.photo)

    def _picture(self, upload: bytes) -> Photo:
        if len(upload) > LARGEST_PHOTO:
            raise Invalid("The picture is too large.")
        photo = as_jpeg(Photo(upload, ""), self._settings.photo_pixels)
        if photo is None:
            raise Invalid("This file is no picture.", remedy="Send a JPEG, PNG, GIF or WebP file.")
        return photo

    def _person(self, before: Person, draft: ContactDraft) -> Person:
        photo = before.photo if draft.keep_photo else None
        return replace(
            before,
            name=draft.name,
            parts=before.parts if draft.name == before.name else Name(),
            organization_id=draft.organization_id,
            job_title=draft.job_title,
            emails=draft.emails,
            phones=draft.phones,
            birthday=draft.birthday,
            note=draft.note,
            labels=draft.labels,
            visibility=draft.visibility,
            photo=self._picture(draft.photo) if draft.photo is not None else photo,
        )


def _organization(before: Organization, draft: ContactDraft) -> Organization:
    return replace(
        before,
        name=draft.name,
        emails=draft.emails,
        phones=draft.phones,
        note=draft.note,
        labels=draft.labels,
        visibility=draft.visibility,
    )


def _card(record: Record, viewer: User, users: Mapping[int, User], names: Mapping[int, str]) -> Card:
    firm = names.get(record.organization_id or 0, "") if isinstance(record, Person) else ""
    return Card(record, users.get(record.owner_id), record.owner_id == viewer.id, firm)


def _still(viewer: User, record: Owned) -> Owned:
    if record.deleted or record.owner_id != viewer.id:
        raise NotFound("It is not yours.")
    return record


def _owner_id(session: Session, viewer: User, owner: str) -> int | None:
    if owner == EVERYONE:
        return None
    found = accounts.user_by_login(session, owner) if owner else viewer
    if found is None:
        raise NotFound(f"There is no user “{owner}”.")
    return found.id


def _actor(viewer: User) -> Actor:
    return Actor(viewer.id, Source.CRM, client="page", run=uuid4().hex)
