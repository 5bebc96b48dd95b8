"""Resources as text and the neutral objects, for both kinds of collections. Pure."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Generic

from bridge.core import ical, vcard
from bridge.core.contact import Contact, ContactKind
from bridge.core.contentline import Component, serialize
from bridge.core.event import Attendee, Event, EventKind
from bridge.core.ical_event import attendees
from bridge.core.ical_object import objects
from bridge.errors import Invalid, MappingError
from bridge.ports import T
from bridge.providers.caldav import xml
from bridge.providers.caldav.alarms import with_reminders

HASHED = "sha256:"
"""How versions begin that are made from a text, because the server names none."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")


@dataclass(frozen=True, slots=True)
class Dialect(Generic[T]):
    """What differs between calendars and address books.

    ``read`` raises ``Invalid``, ``draw`` and ``patch`` raise ``MappingError``; ``stamp`` is an aware time. ``patch``
    keeps what a text holds beyond the object. ``guests`` tells whom a server might write to when the text changes.
    """

    suffix: str
    media_type: str
    report: str
    data: str
    by_uid: Callable[[str], str]
    read: Callable[[str], T]
    draw: Callable[[T, str, datetime], str]
    patch: Callable[[str, T, datetime], str]
    guests: Callable[[str], tuple[Attendee, ...]] | None = None
    expresses: frozenset[str] | None = None


def read_event(text: str) -> Event:
    """Read an event. Raises ``Invalid``, for tasks and journals too."""
    calendar = ical.read(text)
    kind = ical.component_kind(calendar)
    if kind != EventKind.EVENT:
        what = {"VTODO": "a task", "VJOURNAL": "a journal"}.get(kind, f"a {kind or 'calendar without anything'}")
        raise Invalid(f"This is {what}, not an event.", condition="C:supported-calendar-component")
    return ical.event(calendar)


def draw_event(event: Event, uid: str, stamp: datetime) -> str:
    """Write a new event without its attendees, so that no server mails them (R13)."""
    if event.kind is not EventKind.EVENT:
        raise MappingError("kind", "A task cannot be stored among events.")
    overrides = tuple(replace(one, uid=uid, attendees=()) for one in event.overrides)
    return ical.render(replace(event, uid=uid, attendees=(), overrides=overrides), stamp=stamp)


def patch_event(text: str, event: Event, stamp: datetime) -> str:
    """Write an event into the text that is there. Its attendees stay as they are there (R13)."""
    if event.kind is not EventKind.EVENT:
        raise MappingError("kind", "A task cannot be stored among events.")
    calendar = ical.read(text)
    patched = ical.patch(calendar, _with_attendees_of(calendar, event), stamp=stamp)
    return serialize(with_reminders(patched, event, stamp))


def guests_of_event(text: str) -> tuple[Attendee, ...]:
    """The organizer and the attendees of an event and its exceptions; nobody where only one of them is named."""
    try:
        found = [each for component in objects(ical.read(text)) for each in attendees(component)]
    except Invalid:
        return ()
    return tuple(found) if len({each.email.lower() for each in found}) > 1 else ()


def read_contact(text: str) -> Contact:
    """Read a card of any version. Raises ``Invalid``."""
    return vcard.contact(vcard.to_v3(vcard.read(text)))


def draw_contact(contact: Contact, uid: str, stamp: datetime) -> str:
    """Write a new card. A group is none: its members would have to be there as well."""
    if contact.kind is ContactKind.GROUP:
        raise MappingError("kind", "A group cannot be stored among contacts.")
    return vcard.render(replace(contact, uid=uid), stamp=stamp)


def patch_contact(text: str, contact: Contact, stamp: datetime) -> str:
    """Write a contact into the card that is there, which becomes one of version 3.0 and keeps its UID."""
    return serialize(vcard.patch(vcard.read(text), replace(contact, uid=""), stamp=stamp))


def resource_name(uid: str, suffix: str) -> str:
    """The name of a new resource: the UID where that makes a harmless one, or else a hash of it."""
    plain = uid if _PLAIN_NAME.fullmatch(uid) else hashlib.sha256(uid.encode()).hexdigest()[:40]
    return f"{plain}{suffix}"


def version_of_text(text: str) -> str:
    """A version for servers that name none."""
    return f"{HASHED}{hashlib.sha256(text.encode()).hexdigest()}"


def _with_attendees_of(calendar: Component, event: Event) -> Event:
    there = ical.event(calendar)
    known = {one.recurrence_id: one.attendees for one in (there, *there.overrides)}
    overrides = tuple(replace(one, attendees=known.get(one.recurrence_id, there.attendees)) for one in event.overrides)
    return replace(event, attendees=known.get(event.recurrence_id, ()), overrides=overrides)


EVENTS = Dialect(
    suffix=".ics",
    media_type="text/calendar; charset=utf-8",
    report=f"{xml.CAL}calendar-multiget",
    data=f"{xml.CAL}calendar-data",
    by_uid=xml.calendar_by_uid,
    read=read_event,
    draw=draw_event,
    patch=patch_event,
    guests=guests_of_event,
    expresses=frozenset(each.name for each in fields(Event)) - {"attendees", "kind"},
)

CONTACTS = Dialect(
    suffix=".vcf",
    media_type="text/vcard; charset=utf-8",
    report=f"{xml.CARD}addressbook-multiget",
    data=f"{xml.CARD}address-data",
    by_uid=xml.book_by_uid,
    read=read_contact,
    draw=draw_contact,
    patch=patch_contact,
)
