"""CRM records of the contact side, in the vocabulary of the Pipedrive API v2."""

from dataclasses import dataclass
from datetime import datetime

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name, Photo


@dataclass(frozen=True, slots=True)
class Person:
    """A person. ``name`` is what the CRM shows; ``parts`` are its five parts. ``note`` is plain text.

    ``labels`` are the names of labels. ``id`` is 0 until stored.
    """

    uid: str
    owner_id: int
    name: str
    parts: Name = Name()
    organization_id: int | None = None
    job_title: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    messaging: tuple[Labelled, ...] = ()
    birthday: Birthday | None = None
    note: str = ""
    labels: tuple[str, ...] = ()
    photo: Photo | None = None
    visibility: Visibility = Visibility.EVERYONE
    deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization. ``note`` is plain text. ``id`` is 0 until stored."""

    uid: str
    owner_id: int
    name: str
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    note: str = ""
    labels: tuple[str, ...] = ()
    visibility: Visibility = Visibility.EVERYONE
    deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """A label on persons and organizations; shown as CATEGORIES and as a group card."""

    uid: str
    name: str
    id: int = 0
