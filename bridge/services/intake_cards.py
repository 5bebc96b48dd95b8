"""Take a card that a DAV client writes into a person, an organization or a label (R14, R21, R23, D1, D4, D11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core import contentline, photo, rules, vcard
from bridge.core.clients import ClientTraits
from bridge.core.contact import Contact, ContactKind
from bridge.core.contentline import Component
from bridge.core.merge import FieldConflict, Version
from bridge.core.person import Label, Organization, Person
from bridge.core.projection.contacts import (
    ContactFields,
    apply_to_organization,
    apply_to_person,
    fields_of_contact,
    fields_of_organization,
    fields_of_person,
)
from bridge.core.user import User
from bridge.errors import Conflict, NotAllowed
from bridge.services.intake import Put, carry_over, check_uid, earlier_texts, merged_with
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.settings import Settings
from bridge.store import contacts, placements
from bridge.store.models.journal import RecordKind


def take_card(session: Session, put: Put, settings: Settings, *, now: datetime) -> list[Change]:
    """Decide what becomes of the record and of others with it. The change with ``written`` is the card's own.

    Raises ``Invalid``, ``NotAllowed`` or ``Conflict`` with a sentence.
    """
    card = _checked(session, put)
    theirs = vcard.contact(card)
    text = ClientText(put.collection.id, put.href, contentline.serialize(card), card)
    kind = _kind(put, theirs)
    if kind is ContactKind.GROUP:
        return take_group(session, put, theirs, text)
    if kind is ContactKind.ORGANIZATION:
        return [_organization(session, put, theirs, text)]
    return _person(session, put, theirs, text, settings, now)


def _checked(session: Session, put: Put) -> Component:
    """Read the body as vCard 3.0 (D1, D2) and make sure of its UID."""
    card = vcard.to_v3(vcard.read(put.body))
    uid = vcard.uid(card)
    if not uid:
        uid = put.existing.resource.uid if put.existing else put.href.rpartition(".")[0] or put.href
        card = vcard.with_uid(card, uid)
    check_uid(session, put, uid, "CR:no-uid-conflict")
    return card


def _kind(put: Put, theirs: Contact) -> ContactKind:
    """A record stays what it is, whatever a client calls its card later. Raises ``NotAllowed``."""
    if put.existing is None:
        return theirs.kind
    source = put.existing.source
    if (source.label_id is not None) is not (theirs.kind is ContactKind.GROUP):
        sentence = "A group cannot become a contact, and a contact cannot become a group."
        raise NotAllowed(sentence, condition="CR:valid-address-data")
    if source.label_id is not None:
        return ContactKind.GROUP
    return ContactKind.ORGANIZATION if source.organization_id is not None else ContactKind.PERSON


def said_by(client: ClientTraits, theirs: ContactFields, shown: ContactFields) -> ContactFields:
    """What a client really says: what it cannot show it does not clear by leaving it out (D11)."""
    if theirs.photo is None and not client.keeps_photo:
        theirs = replace(theirs, photo=shown.photo)
    if not theirs.labels and not client.keeps_categories:
        theirs = replace(theirs, labels=shown.labels)
    return theirs


def _merged(
    session: Session, put: Put, record: ContactFields, theirs: ContactFields, kind: RecordKind, record_id: int
) -> tuple[ContactFields, tuple[FieldConflict, ...]]:
    assert put.existing is not None  # noqa: S101 - the caller has looked
    ours = _version(put.existing.resource.text)
    texts: Sequence[str] = () if put.guarded else earlier_texts(session, kind, record_id)
    said = Version(put.body, said_by(put.client, theirs, ours.fields))
    merged, conflicts = merged_with(ours, [_version(text) for text in texts], said)
    return carry_over(record, ours.fields, merged), conflicts


def _version(text: str) -> Version[ContactFields]:
    return Version(text, fields_of_contact(vcard.contact(vcard.read(text))))


def _person(
    session: Session, put: Put, theirs: Contact, text: ClientText, settings: Settings, now: datetime
) -> list[Change]:
    before = _stored_person(session, put, theirs.uid)
    said = _with_readable_photo(fields_of_contact(theirs), before, settings)
    if before is None and not put.owner.may_add_people:
        raise NotAllowed(
            "You may not add people to the CRM.", remedy="Ask your administrator for the permission “add people”."
        )
    company = _company_name(session, before)
    conflicts: tuple[FieldConflict, ...] = ()
    if before is not None and put.existing is not None:
        record = fields_of_person(before, company)
        said, conflicts = _merged(session, put, record, said, RecordKind.PERSON, before.id)
    changes: list[Change] = []
    company_id = before.organization_id if before is not None else None
    if said.organization != company:
        company_id, changes = _employer(session, put.owner, said.organization, now)
    record_after = apply_to_person(before or _blank_person(theirs, put.owner), said, company_id)
    after = replace(record_after, deleted=False)
    return [*changes, Change(before, after, written=text, conflicts=conflicts)]


def _blank_person(theirs: Contact, owner: User) -> Person:
    return Person(theirs.uid, owner.id, theirs.formatted_name, visibility=owner.default_visibility)


def _with_readable_photo(said: ContactFields, before: Person | None, settings: Settings) -> ContactFields:
    """Keep photos as JPEG of a bounded size; what is no picture says nothing about the one that is stored."""
    if said.photo is None:
        return said
    known = before.photo if before is not None else None
    return replace(said, photo=photo.as_jpeg(said.photo, settings.photo_pixels) or known)


def _stored_person(session: Session, put: Put, uid: str) -> Person | None:
    if put.placed is None or put.placed.source.person_id is None:
        return None
    found = contacts.persons(session, [put.placed.source.person_id]).get(put.placed.source.person_id)
    if found is None or found.owner_id != put.owner.id or found.uid != uid:
        return None
    return found if put.existing is not None or found.deleted else None


def _company_name(session: Session, person: Person | None) -> str:
    if person is None or person.organization_id is None:
        return ""
    company = contacts.organizations(session, [person.organization_id])[person.organization_id]
    return "" if company.deleted else company.name


def _employer(session: Session, owner: User, name: str, now: datetime) -> tuple[int | None, list[Change]]:
    """The organization that a changed ORG means: an existing one of that name, else a new one. Never a rename.

    Without the permission to add organizations the person is linked to none; the card keeps its text.
    """
    if not name.strip():
        return None, []
    known = [found for found in contacts.organizations_by_name(session, name) if rules.visible_to(found, owner.id)]
    if known:
        return min(known, key=lambda found: (found.owner_id != owner.id, found.id)).id, []
    if not owner.may_add_organizations:
        return None, []
    new = Organization(str(uuid4()), owner.id, name.strip(), visibility=owner.default_visibility)
    saved = contacts.save_organization(session, replace(new, created_at=now, updated_at=now))
    return saved.id, [Change(None, saved)]


def _organization(session: Session, put: Put, theirs: Contact, text: ClientText) -> Change:
    said = fields_of_contact(theirs)
    before = _stored_organization(session, put, theirs.uid)
    if before is None and not put.owner.may_add_organizations:
        raise NotAllowed(
            "You may not add organizations to the CRM.",
            remedy="Ask your administrator for the permission “add organizations”.",
        )
    conflicts: tuple[FieldConflict, ...] = ()
    if before is not None and put.existing is not None:
        record = fields_of_organization(before)
        said, conflicts = _merged(session, put, record, said, RecordKind.ORGANIZATION, before.id)
    blank = Organization(theirs.uid, put.owner.id, said.name, visibility=put.owner.default_visibility)
    after = replace(apply_to_organization(before or blank, said), deleted=False)
    return Change(before, after, written=text, conflicts=conflicts)


def _stored_organization(session: Session, put: Put, uid: str) -> Organization | None:
    if put.placed is None or put.placed.source.organization_id is None:
        return None
    organization_id = put.placed.source.organization_id
    found = contacts.organizations(session, [organization_id]).get(organization_id)
    if found is None or found.owner_id != put.owner.id or found.uid != uid:
        return None
    return found if put.existing is not None or found.deleted else None


@dataclass(frozen=True, slots=True)
class _Members:
    """The owner's records that a group card names."""

    persons: dict[int, Person]
    organizations: dict[int, Organization]


def take_group(session: Session, put: Put, theirs: Contact, text: ClientText) -> list[Change]:
    """A group card gives its members the label of its name, and takes it from those who are no longer in it.

    Groups never become persons; members that are not the owner's contacts stay in the text. A renamed group gives
    its members another label: labels are shared, and one user's group does not rename them for everybody. A new group
    takes a label from nobody: the client did not know who bears it. Raises ``Conflict`` for a second group of a name.
    """
    present = _present_label(session, put)
    said, conflicts = _merged_group(session, put, present, theirs)
    name = said.name
    known = contacts.labels_by_name(session, [name]).get(name)
    _check_only_group(session, put, known)
    label = known or contacts.save_label(session, Label(uid=contacts.label_uid(name), name=name))
    old = present or label
    wanted = _by_uid(session, said.members, put.owner.id)
    bearing = _bearers(session, old.id, put.owner.id) if present is not None else _Members({}, {})
    changes = [Change(known, label, written=text, conflicts=conflicts)]
    people: dict[int, Person | Organization] = {**bearing.persons, **wanted.persons}
    changes += _relabelled(people, set(wanted.persons), old.name, name)
    companies: dict[int, Person | Organization] = {**bearing.organizations, **wanted.organizations}
    return changes + _relabelled(companies, set(wanted.organizations), old.name, name)


@dataclass(frozen=True, slots=True)
class _Group:
    """What a group card says: a name, and the UIDs of members."""

    name: str
    members: tuple[str, ...]


def _group(contact: Contact) -> _Group:
    return _Group(contact.formatted_name.strip(), tuple(contact.members))


def _merged_group(
    session: Session, put: Put, label: Label | None, theirs: Contact
) -> tuple[_Group, tuple[FieldConflict, ...]]:
    """What becomes of name and members: a client that has not seen the present card takes nobody out of it (D4)."""

    def version(text: str) -> Version[_Group]:
        return Version(text, _group(vcard.contact(vcard.read(text))))

    if put.existing is None or label is None or put.guarded:
        return _group(theirs), ()
    earlier = earlier_texts(session, RecordKind.LABEL, label.id, put.collection.id)
    ours = version(put.existing.resource.text)
    return merged_with(ours, [version(text) for text in earlier], Version(put.body, _group(theirs)))


def _check_only_group(session: Session, put: Put, label: Label | None) -> None:
    """Refuse a second card for one label: the first one would vanish, with all that is in it (R21)."""
    shown = placements.showing(session, "label_id", [label.id]) if label is not None else []
    here = (placed.resource for placed in shown if placed.collection_id == put.collection.id)
    others = [resource.href for resource in here if not resource.deleted and resource.href != put.href]
    if others:
        raise Conflict("There is already a group of this name.", condition="CR:no-uid-conflict", href=others[0])


def _present_label(session: Session, put: Put) -> Label | None:
    if put.existing is None or put.existing.source.label_id is None:
        return None
    return contacts.labels(session, [put.existing.source.label_id])[put.existing.source.label_id]


def _relabelled(records: Mapping[int, Person | Organization], members: set[int], old: str, new: str) -> list[Change]:
    changes = []
    for record_id, record in records.items():
        others = tuple(name for name in record.labels if name not in {old, new})
        labels = tuple(sorted((*others, new))) if record_id in members else others
        if labels != record.labels:
            changes.append(Change(record, replace(record, labels=labels)))
    return changes


def _bearers(session: Session, label_id: int, owner_id: int) -> _Members:
    people = contacts.person_ids(session, owner_id=owner_id, label_id=label_id)
    companies = contacts.organization_ids(session, owner_id=owner_id, label_id=label_id)
    return _Members(contacts.persons(session, people), contacts.organizations(session, companies))


def _by_uid(session: Session, uids: Sequence[str], owner_id: int) -> _Members:
    persons = {p.id: p for p in contacts.persons_with_uids(session, uids, owner_id)}
    companies = {o.id: o for o in contacts.organizations_with_uids(session, uids, owner_id)}
    return _Members(persons, companies)
