"""The neutral contact: what every address book, device or provider can express."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ContactKind(StrEnum):
    """What a card stands for."""

    PERSON = "person"
    ORGANIZATION = "organization"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Name:
    """The five parts of N (RFC 2426 3.1.2), each plain text; several values of one part joined by a space."""

    family: str = ""
    given: str = ""
    additional: str = ""
    prefixes: str = ""
    suffixes: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An e-mail address, phone number or messaging account with its label.

    ``label`` is ``work``, ``home``, ``mobile``, ``fax``, ``pager``, ``other``, ``""`` (none given) or a custom
    text as the user typed it.
    """

    value: str
    label: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """The seven parts of ADR (RFC 2426 3.2.1) and its label (see ``Labelled``)."""

    street: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    po_box: str = ""
    extended: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday; the year may be unknown."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as it travels: the encoded bytes and their media type, for instance ``image/jpeg``."""

    data: bytes
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Contact:
    """One address book object: a person, an organization or a group.

    ``formatted_name`` is never empty in a rendered card. ``members`` are the UIDs of a group's members, without
    ``urn:uuid:``. ``person_id`` and ``organization_id`` are the CRM's ids where the card carries them.
    """

    uid: str
    kind: ContactKind = ContactKind.PERSON
    formatted_name: str = ""
    name: Name = Name()
    organization: str = ""
    department: str = ""
    title: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    messaging: tuple[Labelled, ...] = ()
    birthday: Birthday | None = None
    note: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    photo: Photo | None = None
    members: tuple[str, ...] = ()
    person_id: int | None = None
    organization_id: int | None = None
    modified: datetime | None = None
