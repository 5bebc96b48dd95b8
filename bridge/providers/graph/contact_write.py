"""Our ``Contact`` as one of Graph. Pure. What is there and says the same is not sent."""

from collections.abc import Mapping
from typing import Any

from bridge.core.canonical_text import paragraphs, plain
from bridge.core.contact import Birthday, Contact, ContactKind
from bridge.core.digest import same
from bridge.errors import Invalid, MappingError
from bridge.providers.graph.contact_read import NAME_PARTS, NO_YEAR, addresses_of, read_birthday, read_contact
from bridge.providers.graph.contact_slots import (
    ADDRESSES,
    PARTS,
    PROPERTIES,
    encoded_address,
    encoded_values,
    native_addresses,
    native_emails,
    native_messaging,
    native_phones,
    phone_fields,
)
from bridge.providers.graph.event_read import text, texts
from bridge.providers.graph.marks import UID, Memory, mark, memory, remembered, text_of

Raw = Mapping[str, Any]

_REMEMBERED = ("emails", "phones", "addresses", "messaging")
_NOON = "T11:59:00Z"


def new_contact(contact: Contact, key: str) -> dict[str, Any]:
    """The body that creates a contact. Raises ``MappingError``."""
    body, extra = _drawn(contact, {})
    found = _memory(contact, body | {"singleValueExtendedProperties": extra})
    rows = [row for row in extra if row["value"]]
    present = {name: value for name, value in body.items() if value not in (None, "", [], {})}
    marks = remembered(found | {UID: contact.uid}, key)
    return present | {"singleValueExtendedProperties": [*marks, *rows]}


def edited_contact(contact: Contact, raw: Raw) -> dict[str, Any]:
    """What of ``raw`` has to be patched so that it says what ``contact`` does. Raises ``MappingError``."""
    body, extra = _drawn(contact, raw)
    differing = {name: value for name, value in body.items() if _normal(name, value) != _normal(name, raw.get(name))}
    rows = [row for row in extra if row["value"] != mark(raw, row["id"])]
    there = memory(raw)
    found = _memory(contact, body | {"singleValueExtendedProperties": extra}) | {UID: text_of(there, UID)}
    kept = remembered(found)
    if kept[0]["value"] != remembered(there)[0]["value"]:
        rows += kept
    return differing | ({"singleValueExtendedProperties": rows} if rows else {})


def _drawn(contact: Contact, raw: Raw) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The fields, and the numbers for which Graph has none."""
    if contact.kind is ContactKind.GROUP:
        raise MappingError("kind", "A group cannot be stored among contacts.")
    slots = native_phones(contact.phones)
    places = native_addresses(contact.addresses)
    company = contact.organization
    if contact.kind is ContactKind.ORGANIZATION:
        company = company or contact.formatted_name
    body: dict[str, Any] = {
        **{theirs: getattr(contact.name, part) for part, theirs in NAME_PARTS.items()},
        "displayName": contact.formatted_name,
        "companyName": company,
        "department": contact.department,
        "jobTitle": contact.title,
        "emailAddresses": [_email(value, contact, raw) for value in native_emails(contact.emails)],
        **phone_fields(slots),
        **{slot: _place(places.get(slot, {}), raw.get(slot)) for slot in ADDRESSES.values()},
        "imAddresses": native_messaging(contact.messaging),
        "birthday": _birthday(contact.birthday),
        "personalNotes": contact.note,
        "businessHomePage": contact.url,
        "categories": list(contact.categories),
    }
    return body, [{"id": id_, "value": next(iter(slots.get(label, ())), "")} for label, id_ in PROPERTIES.items()]


def _memory(contact: Contact, body: Raw) -> Memory:
    """What Graph's fields alone would not say."""
    try:
        shown = read_contact({"id": "x", **body})
    except Invalid:
        return {}
    values = {
        "emails": encoded_values(contact.emails),
        "phones": encoded_values(contact.phones),
        "messaging": encoded_values(contact.messaging),
        "addresses": [encoded_address(one) for one in contact.addresses],
    }
    return {name: values[name] for name in _REMEMBERED if not same(shown, contact, frozenset({name}))}


def _email(value: str, contact: Contact, raw: Raw) -> dict[str, str]:
    """An address with the name that it has there."""
    found = raw.get("emailAddresses")
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    name = next((text(row, "name") for row in rows if text(row, "address").casefold() == value.casefold()), "")
    return {"address": value, "name": name or contact.formatted_name or value}


def _place(parts: Mapping[str, str], there: object) -> dict[str, str | None]:
    """A postal address; a part that is to go has to be named."""
    known = [name for name in there if name in PARTS.values()] if isinstance(there, Mapping) else []
    return {**dict.fromkeys(known), **parts}


def _birthday(wanted: Birthday | None) -> str | None:
    if wanted is None:
        return None
    return f"{wanted.year or NO_YEAR:04}-{wanted.month:02}-{wanted.day:02}{_NOON}"


def _normal(name: str, value: Any) -> object:
    """What counts of a field."""
    if name == "emailAddresses":
        return [address.casefold() for address in addresses_of({name: value})]
    if name in ADDRESSES.values():
        parts = value.items() if isinstance(value, Mapping) else ()
        return {k: paragraphs(v) for k, v in parts if k in PARTS.values() and isinstance(v, str) and v}
    if name == "birthday":
        return _day(value)
    if name == "categories":
        return sorted(texts({name: value}, name))
    if isinstance(value, list):
        return texts({name: value}, name)
    said = text({name: value}, name)
    return paragraphs(said) if name == "personalNotes" else plain(said)


def _day(value: object) -> object:
    try:
        return read_birthday(value)
    except Invalid:
        return value
