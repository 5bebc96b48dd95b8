"""What has to be set so that a contact item says what a ``Contact`` does. Pure.

Values keep their places; what is new gets the place of its kind, then another one, and is only remembered if all are
taken. Only what differs is set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from bridge.core.canonical_contact import display_name
from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name
from bridge.errors import MappingError
from bridge.providers.exchange.contact_memory import (
    Memory,
    Values,
    account_key,
    address_key,
    email_key,
    phone_key,
    read_memory,
    write_memory,
)
from bridge.providers.exchange.contact_read import (
    ACCOUNTS,
    EMAILS,
    NO_YEAR,
    ORGANIZATION,
    PARTS,
    PHONES,
    PLACES,
    entries,
    read_accounts,
    read_addresses,
    read_emails,
    read_name,
    read_phones,
)
from bridge.providers.exchange.fields import (
    KEY,
    MORE,
    PREFIX,
    UID,
    Field,
    extended,
    indexed,
    own,
    plain,
    read_own,
    said,
)
from bridge.providers.exchange.xml import Element, make

V = TypeVar("V", Labelled, Address)

ITEM = "Contact"

_SPARE_PHONES = ("OtherTelephone", "PrimaryPhone", "Callback")


@dataclass(frozen=True, slots=True)
class Placed:
    """Which place gets which value, and what found none."""

    emails: Mapping[str, Labelled] = field(default_factory=dict)
    phones: Mapping[str, Labelled] = field(default_factory=dict)
    messaging: Mapping[str, Labelled] = field(default_factory=dict)
    addresses: Mapping[str, Address] = field(default_factory=dict)
    hidden: Values = field(default_factory=Values)


def new_contact(contact: Contact, key: str) -> list[Field]:
    """All properties of a new item. Raises ``MappingError``."""
    nothing = make("t:Contact")
    fields = [each for each in _all(contact, nothing, None) if each.content is not None]
    named = contact.name.family and contact.name.given
    filed = said("contacts:FileAsMapping", "LastCommaFirst") if named else said("contacts:FileAs", _shown(contact))
    return [*fields, filed, extended(own(KEY), key), extended(own(UID), contact.uid)]


def changes(contact: Contact, raw: Element, there: Contact) -> list[Field]:
    """What differs from an item that is there. Raises ``MappingError``."""
    return list(_all(contact, raw, there))


def _all(contact: Contact, raw: Element, there: Contact | None) -> Iterator[Field]:
    if contact.kind is ContactKind.GROUP:
        raise MappingError("kind", "A group cannot be stored as a contact of Exchange.")
    placed = _placed(contact, raw)
    yield from _names(contact, raw, there)
    yield from _texts(contact, there)
    yield from _lists(placed, raw)
    remembered = write_memory(_remember(contact, placed))
    if remembered != write_memory(read_memory(read_own(raw, MORE))):
        yield extended(own(MORE), remembered)


def _names(contact: Contact, raw: Element, there: Contact | None) -> Iterator[Field]:
    before = read_name(raw)
    parts = {
        "contacts:GivenName": "given",
        "contacts:MiddleName": "additional",
        "contacts:Surname": "family",
        "contacts:Generation": "suffixes",
    }
    for uri, part in parts.items():
        if getattr(contact.name, part) != getattr(before, part):
            yield said(uri, getattr(contact.name, part))
    if contact.name.prefixes != before.prefixes:
        yield extended(PREFIX, contact.name.prefixes)
    if there is None or _shown(contact) != _shown(there):
        yield said("contacts:DisplayName", _shown(contact))


def _texts(contact: Contact, there: Contact | None) -> Iterator[Field]:
    pairs = {
        "contacts:CompanyName": "organization",
        "contacts:Department": "department",
        "contacts:JobTitle": "title",
        "contacts:BusinessHomePage": "url",
    }
    for uri, name in pairs.items():
        if there is None or getattr(contact, name) != getattr(there, name):
            yield said(uri, _company(contact) if name == "organization" else getattr(contact, name))
    if there is None or contact.birthday != there.birthday:
        yield said("contacts:Birthday", _birthday(contact.birthday))
    if there is None or contact.note.strip() != there.note.strip():
        yield Field(plain("item:Body"), make("t:Body", contact.note, BodyType="Text"))
    if there is None or set(contact.categories) != set(there.categories):
        names = [make("t:String", each) for each in dict.fromkeys(contact.categories) if each]
        yield Field(plain("item:Categories"), make("t:Categories", *names) if names else None)


def _lists(placed: Placed, raw: Element) -> Iterator[Field]:
    for name, uri, key_of in (
        ("EmailAddresses", "contacts:EmailAddress", email_key),
        ("PhoneNumbers", "contacts:PhoneNumber", lambda one: one.value),
        ("ImAddresses", "contacts:ImAddress", account_key),
    ):
        wanted, read, places = {
            "EmailAddresses": (placed.emails, read_emails(raw), EMAILS),
            "PhoneNumbers": (placed.phones, read_phones(raw), tuple(PHONES)),
            "ImAddresses": (placed.messaging, read_accounts(raw), ACCOUNTS),
        }[name]
        for place in places:
            value, before = wanted.get(place), read.get(place)
            if value is not None and (before is None or key_of(value) != key_of(before)):
                yield Field(indexed(uri, place), make(f"t:{name}", make("t:Entry", value.value, Key=place)))
            elif value is None and before is not None:
                yield Field(indexed(uri, place), None)
    yield from _places(placed.addresses, read_addresses(raw))


def _places(wanted: Mapping[str, Address], there: Mapping[str, Address]) -> Iterator[Field]:
    for place in PLACES:
        new, before = wanted.get(place, Address()), there.get(place, Address())
        for part, name in PARTS.items():
            value = getattr(new, name).strip()
            if value == getattr(before, name).strip():
                continue
            entry = make("t:Entry", make(f"t:{part}", value), Key=place)
            content = make("t:PhysicalAddresses", entry) if value else None
            yield Field(indexed(f"contacts:PhysicalAddress:{part}", place), content)


def _placed(contact: Contact, raw: Element) -> Placed:
    taken = {key for key, value in entries(raw, "EmailAddresses").items() if value and "@" not in value}
    free = [place for place in EMAILS if place not in taken]
    emails, no_email = _place(contact.emails, read_emails(raw), email_key, lambda _: free)
    phones, no_phone = _place(contact.phones, read_phones(raw), phone_key, lambda one: _phone_places(one.label))
    accounts, no_account = _place(contact.messaging, read_accounts(raw), account_key, lambda _: list(ACCOUNTS))
    addresses, nowhere = _place(
        contact.addresses, read_addresses(raw), address_key, lambda one: _address_places(one.label)
    )
    return Placed(emails, phones, accounts, addresses, Values(no_email, no_phone, no_account, nowhere))


def _place(
    wanted: Sequence[V],
    there: Mapping[str, V],
    key: Callable[[V], object],
    places: Callable[[V], Sequence[str]],
) -> tuple[dict[str, V], tuple[V, ...]]:
    """Give each value a place: the one where it is, if its kind is still the same, or a free one."""
    found: dict[str, V] = {}
    rest: list[V] = []
    for one in wanted:
        at = next((p for p, value in there.items() if key(value) == key(one) and p not in found), "")
        if at and (at in places(one) or value_label(there[at]) == value_label(one)):
            found[at] = one
        else:
            rest.append(one)
    hidden: list[V] = []
    for one in rest:
        at = next((place for place in places(one) if place not in found), "")
        if at and key(one):
            found[at] = one
        else:
            hidden.append(one)
    return found, tuple(hidden)


def value_label(one: Labelled | Address) -> str:
    """The label of a value."""
    return one.label


def _phone_places(label: str) -> list[str]:
    usual = [place for place, meant in PHONES.items() if meant == label]
    return [*usual, *(place for place in _SPARE_PHONES if place not in usual)]


def _address_places(label: str) -> list[str]:
    usual = [place for place, meant in PLACES.items() if meant == label]
    return [*usual, *(place for place in ("Other", "Business", "Home") if place not in usual)]


def _remember(contact: Contact, placed: Placed) -> Memory:
    """What would be lost otherwise."""
    meant = Values(
        tuple(one for one in placed.emails.values() if one.primary or one.label),
        tuple(one for place, one in placed.phones.items() if one.primary or one.label != PHONES[place]),
        tuple(one for one in placed.messaging.values() if one.primary or one.label),
        tuple(each for place, each in placed.addresses.items() if _says_more(each, PLACES[place])),
    )
    organization = contact.kind is ContactKind.ORGANIZATION
    return Memory(
        meant, placed.hidden, ORGANIZATION if organization else "", contact.person_id, contact.organization_id
    )


def _says_more(one: Address, usual: str) -> bool:
    return bool(one.po_box or one.extended) or one.label != usual


def _shown(contact: Contact) -> str:
    """What a contact is called. Exchange wants a name of everybody."""
    return (contact.formatted_name or display_name(contact.name) or contact.organization).strip()


def _company(contact: Contact) -> str:
    alone = contact.kind is ContactKind.ORGANIZATION and contact.name == Name()
    return contact.organization or (contact.formatted_name if alone else "")


def _birthday(birthday: Birthday | None) -> str:
    if birthday is None:
        return ""
    try:
        day = date(birthday.year or NO_YEAR, birthday.month, birthday.day)
    except ValueError as error:
        raise MappingError("birthday", "This birthday is on no day of the calendar.") from error
    return f"{day.isoformat()}T11:59:00Z"
