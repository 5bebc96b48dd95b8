"""Our ``Contact`` as a person of the People API. Pure.

An update names the fields of ``MASK``; what is in the others stays. Within those, values that say what they did keep
what Google holds beyond it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bridge.core.canonical_contact import repeats
from bridge.core.canonical_text import plain
from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name
from bridge.errors import MappingError
from bridge.providers.google.person_read import (
    ADDRESS_PARTS,
    KEY,
    NAME_PARTS,
    PROTOCOLS,
    UID,
    Raw,
    first,
    groups_of,
    phone_label,
    read_account,
    read_address,
    read_birthday,
    read_name,
    rows,
    text,
)

Row = dict[str, Any]

MASK = (
    *("names", "fileAses", "emailAddresses", "phoneNumbers", "addresses", "organizations", "birthdays"),
    *("biographies", "urls", "imClients", "clientData", "memberships"),
)

_NOT_TAKEN = frozenset(("metadata", "formattedType", "canonicalForm", "displayNameLastFirst", "formattedProtocol"))
_SCHEMES = {scheme: protocol for protocol, scheme in PROTOCOLS.items()}
_NEW_PHONES = {"fax": "workFax"}


def write_person(contact: Contact, raw: Raw, groups: Iterable[str]) -> Row:
    """All fields of ``MASK``, for a person who is there as ``raw`` or not yet (nothing). ``groups`` are hers.

    Raises ``MappingError``.
    """
    if contact.kind is ContactKind.GROUP:
        raise MappingError("kind", "A group cannot be stored among contacts.")
    member = [{"contactGroupMembership": {"contactGroupResourceName": name}} for name in dict.fromkeys(groups)]
    return {
        "names": _names(contact, raw),
        "fileAses": _filed(contact, raw),
        "emailAddresses": [_email(one, raw) for one in _chosen_first(contact.emails)],
        "phoneNumbers": [_phone(one, raw) for one in _chosen_first(contact.phones)],
        "addresses": [_address(one, raw) for one in contact.addresses],
        "organizations": _organizations(contact, raw),
        "birthdays": _birthdays(contact.birthday, raw),
        "biographies": [{"value": contact.note, "contentType": "TEXT_PLAIN"}] if contact.note else [],
        "urls": _urls(contact.url, raw),
        "imClients": [_account(one, raw) for one in _chosen_first(contact.messaging)],
        "clientData": [_kept(row) for row in rows(raw, "clientData")],
        "memberships": member,
    }


def with_marks(person: Row, key: str, uid: str) -> Row:
    """A new person with the key of the creation and the UID of our object."""
    marks = [{"key": KEY, "value": key}, {"key": UID, "value": uid}]
    return {name: value for name, value in person.items() if value} | {"clientData": marks}


def with_version(person: Row, raw: Raw) -> Row:
    """A person as an update wants it: with the version that it replaces."""
    sources = raw.get("metadata", {}).get("sources", [])
    told = {"resourceName": raw.get("resourceName"), "etag": raw.get("etag"), "metadata": {"sources": sources}}
    return person | told


def groups_for(contact: Contact, raw: Raw, own: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """The groups that somebody should be in: ``own``, those without a meaning for us, and one for each category.

    ``known`` are the names of the groups that count as categories, by their ids. Raises ``KeyError`` for a category
    that has no group yet.
    """
    by_name = {plain(name): id_ for id_, name in known.items()}
    kept = [id_ for id_ in groups_of(raw) if id_ not in known]
    return [*own, *kept, *(by_name[name] for name in map(plain, contact.categories) if name)]


def _names(contact: Contact, raw: Raw) -> list[Row]:
    there = first(raw, "names")
    if contact.name == read_name(raw) and contact.name != Name():
        return [_without(_kept(there), "displayName", "unstructuredName")]
    parts = {theirs: getattr(contact.name, part) for part, theirs in NAME_PARTS.items()}
    if any(parts.values()):
        phonetic = {name: value for name, value in there.items() if name.startswith("phonetic")}
        return [phonetic | {name: value for name, value in parts.items() if value}]
    whole = contact.formatted_name.strip()
    return [{"unstructuredName": whole}] if whole and contact.kind is ContactKind.PERSON else []


def _filed(contact: Contact, raw: Raw) -> list[Row]:
    """A display name that the parts do not make is what the contact is filed as."""
    wanted = contact.formatted_name.strip()
    there = [_kept(row) for row in rows(raw, "fileAses")]
    if not wanted or repeats(wanted, contact.name):
        return [row for row in there if repeats(text(row, "value"), contact.name)]
    alone = contact.name == Name() and (contact.kind is ContactKind.PERSON or wanted == contact.organization.strip())
    if alone or wanted == text(first(raw, "names"), "displayName"):
        return []
    return [{"value": wanted}]


def _email(one: Labelled, raw: Raw) -> Row:
    there = _like(rows(raw, "emailAddresses"), lambda row: text(row, "value").lower() == one.value.lower())
    return _marked(_without(there, "type") | {"value": one.value} | _type(one.label), one)


def _phone(one: Labelled, raw: Raw) -> Row:
    there = _like(rows(raw, "phoneNumbers"), lambda row: text(row, "value") == one.value)
    if there and phone_label(text(there, "type")) == one.label:
        return _marked(there, one)
    return _marked({"value": one.value} | _type(_NEW_PHONES.get(one.label, one.label)), one)


def _address(one: Address, raw: Raw) -> Row:
    there = _like(rows(raw, "addresses"), lambda row: read_address(row) == one)
    parts = {theirs: getattr(one, part) for part, theirs in ADDRESS_PARTS.items()}
    return there or {name: value for name, value in parts.items() if value} | _type(one.label)


def _account(one: Labelled, raw: Raw) -> Row:
    there = _like(rows(raw, "imClients"), lambda row: read_account(row).value == one.value)
    scheme, colon, name = one.value.partition(":")
    address = {"protocol": _SCHEMES.get(scheme, scheme), "username": name} if colon else {"username": one.value}
    return _marked(_without(there, "type") | address | _type(one.label), one)


def _organizations(contact: Contact, raw: Raw) -> list[Row]:
    """The first one is where somebody works now; others are the user's own business."""
    there = [_kept(row) for row in rows(raw, "organizations")]
    name = contact.organization
    if contact.kind is ContactKind.ORGANIZATION and contact.name == Name():
        name = name or contact.formatted_name
    said = {"name": name, "department": contact.department, "title": contact.title}
    present = {part: value for part, value in said.items() if value}
    rest = there[1:]
    return [_without(there[0] if there else {}, *said) | present, *rest] if present else rest


def _birthdays(wanted: Birthday | None, raw: Raw) -> list[Row]:
    there = [_kept(row) for row in rows(raw, "birthdays")]
    if there and read_birthday(there[0]) == wanted:
        return there[:1]
    if wanted is None:
        return []
    year = {"year": wanted.year} if wanted.year else {}
    return [{"date": {"month": wanted.month, "day": wanted.day, **year}}]


def _urls(wanted: str, raw: Raw) -> list[Row]:
    there = [_kept(row) for row in rows(raw, "urls")]
    mine = there[0] if there else {}
    return [mine | {"value": wanted}, *there[1:]] if wanted else there[1:]


def _chosen_first(values: Sequence[Labelled]) -> list[Labelled]:
    return sorted(values, key=lambda one: not one.primary)


def _marked(row: Row, one: Labelled) -> Row:
    return row | {"metadata": {"sourcePrimary": True}} if one.primary else row


def _type(label: str) -> Row:
    return {"type": label} if label else {}


def _like(there: Sequence[Raw], fits: Callable[[Raw], bool]) -> Row:
    return next((_kept(row) for row in there if fits(row)), {})


def _kept(row: Raw) -> Row:
    """What of a value may be sent back."""
    return {name: value for name, value in row.items() if name not in _NOT_TAKEN}


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
