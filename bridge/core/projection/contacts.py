"""Person, Organization <-> Contact: the same way as activities, through the fields that a card can express."""

from dataclasses import dataclass, replace

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.person import Label, Organization, Person


@dataclass(frozen=True, slots=True)
class ContactFields:
    """The part of a person or organization that address books see. ``organization`` is the text of ORG."""

    name: str = ""
    parts: Name = Name()
    organization: str = ""
    job_title: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    messaging: tuple[Labelled, ...] = ()
    birthday: Birthday | None = None
    note: str = ""
    labels: tuple[str, ...] = ()
    photo: Photo | None = None


def fields_of_contact(contact: Contact) -> ContactFields:
    """Read what a card says. Of a company's card ORG is the name."""
    company = contact.kind is ContactKind.ORGANIZATION
    return ContactFields(
        name=(contact.organization if company else "") or contact.formatted_name or contact.organization,
        parts=Name() if company else contact.name,
        organization="" if company else contact.organization,
        job_title=contact.title,
        emails=contact.emails,
        phones=contact.phones,
        addresses=contact.addresses,
        messaging=contact.messaging,
        birthday=contact.birthday,
        note=contact.note,
        labels=contact.categories,
        photo=contact.photo,
    )


def fields_of_person(person: Person, organization: str) -> ContactFields:
    """Read the same from a person; ``organization`` is the name of theirs, or ``""``."""
    return ContactFields(
        name=person.name,
        parts=person.parts if person.parts != Name() else _parts_of(person.name),
        organization=organization,
        job_title=person.job_title,
        emails=person.emails,
        phones=person.phones,
        addresses=person.addresses,
        messaging=person.messaging,
        birthday=person.birthday,
        note=person.note,
        labels=person.labels,
        photo=person.photo,
    )


def _parts_of(name: str) -> Name:
    """Split a name that the CRM knows as a whole: the last word is the family name."""
    given, _, family = name.strip().rpartition(" ")
    return Name(family=family, given=given) if given else Name(given=family)


def fields_of_organization(organization: Organization) -> ContactFields:
    """Read the same from an organization."""
    return ContactFields(
        name=organization.name,
        emails=organization.emails,
        phones=organization.phones,
        addresses=organization.addresses,
        note=organization.note,
        labels=organization.labels,
    )


def apply_to_person(person: Person, fields: ContactFields, organization_id: int | None) -> Person:
    """Write fields into a person. Which organization the text of ORG means is the caller's decision."""
    return replace(
        person,
        name=fields.name,
        parts=fields.parts,
        organization_id=organization_id,
        job_title=fields.job_title,
        emails=fields.emails,
        phones=fields.phones,
        addresses=fields.addresses,
        messaging=fields.messaging,
        birthday=fields.birthday,
        note=fields.note,
        labels=fields.labels,
        photo=fields.photo,
    )


def apply_to_organization(organization: Organization, fields: ContactFields) -> Organization:
    """Write fields into an organization."""
    return replace(
        organization,
        name=fields.name,
        emails=fields.emails,
        phones=fields.phones,
        addresses=fields.addresses,
        note=fields.note,
        labels=fields.labels,
    )


def contact_of_person(person: Person, organization: str, base_url: str, previous: Contact | None = None) -> Contact:
    """Show a person as a card, changing of ``previous`` only what the record says differently."""
    contact = _with_fields(previous or Contact(person.uid), fields_of_person(person, organization))
    return replace(
        contact,
        person_id=person.id,
        url=_page(contact.url, base_url, "persons", person.id),
        modified=person.updated_at if contact != previous else contact.modified,
    )


def contact_of_organization(organization: Organization, base_url: str, previous: Contact | None = None) -> Contact:
    """Show an organization as a company's card."""
    blank = Contact(organization.uid, kind=ContactKind.ORGANIZATION)
    contact = _with_fields(previous or blank, fields_of_organization(organization))
    return replace(
        contact,
        organization_id=organization.id,
        url=_page(contact.url, base_url, "organizations", organization.id),
        modified=organization.updated_at if contact != previous else contact.modified,
    )


def contact_of_label(label: Label, members: tuple[str, ...], previous: Contact | None = None) -> Contact:
    """Show a label as a group card with the UIDs of its members. The order of the client's card is kept."""
    contact = previous or Contact(label.uid, kind=ContactKind.GROUP)
    kept = tuple(uid for uid in contact.members if uid in members)
    added = tuple(uid for uid in members if uid not in kept)
    return replace(contact, kind=ContactKind.GROUP, formatted_name=label.name, members=kept + added)


def _with_fields(contact: Contact, fields: ContactFields) -> Contact:
    said = fields_of_contact(contact)
    if set(said.labels) == set(fields.labels):  # the client's own order, which means nothing
        fields = replace(fields, labels=said.labels)
    if said == fields:
        return contact
    company = contact.kind is ContactKind.ORGANIZATION
    renamed = said.name != fields.name
    return replace(
        contact,
        formatted_name=fields.name if renamed else contact.formatted_name,
        name=contact.name if company else fields.parts,
        organization=(fields.name if renamed else contact.organization) if company else fields.organization,
        title=fields.job_title if not company else contact.title,
        emails=fields.emails,
        phones=fields.phones,
        addresses=fields.addresses,
        messaging=contact.messaging if company else fields.messaging,
        birthday=contact.birthday if company else fields.birthday,
        note=fields.note,
        categories=fields.labels,
        photo=contact.photo if company else fields.photo,
    )


def _page(url: str, base_url: str, kind: str, record_id: int) -> str:
    if not base_url or (url and not url.startswith(base_url)):
        return url
    return f"{base_url}/{kind}/{record_id}"
