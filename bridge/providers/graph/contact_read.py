"""One contact of Graph as our ``Contact``. Pure.

Outlook has three e-mail addresses without labels, two phones of each kind and one address of each. What we know beyond
that is remembered, and counts as long as what is there still is what we have written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name
from bridge.errors import Invalid
from bridge.providers.graph.contact_slots import (
    ADDRESSES,
    PARTS,
    decoded_address,
    decoded_values,
    native_addresses,
    native_emails,
    native_messaging,
    native_phones,
    slots_of,
)
from bridge.providers.graph.event_read import text, texts
from bridge.providers.graph.marks import HAS_PICTURE, Memory, list_of, mark, memory
from bridge.providers.graph.times import read_instant

Raw = Mapping[str, Any]

EXPRESSES = frozenset(each.name for each in fields(Contact)) - {"members"}

NAME_PARTS = {
    "family": "surname",
    "given": "givenName",
    "additional": "middleName",
    "prefixes": "title",
    "suffixes": "generation",
}
NO_YEAR = 1604
"""What stands for an unknown year, as Apple's and Microsoft's programs have it."""


def read_contact(raw: Raw) -> Contact:
    """Read a contact, without the picture. Raises ``Invalid``."""
    if not text(raw, "id"):
        raise Invalid("The contact has no id.")
    known = memory(raw)
    name = Name(**{part: text(raw, theirs) for part, theirs in NAME_PARTS.items()})
    company, shown = text(raw, "companyName"), text(raw, "displayName")
    nobody = name == Name() and bool(company) and shown in ("", company)
    return Contact(
        uid=text(raw, "id"),
        kind=ContactKind.ORGANIZATION if nobody else ContactKind.PERSON,
        formatted_name=shown or company,
        name=name,
        organization=company,
        department=text(raw, "department"),
        title=text(raw, "jobTitle"),
        emails=_emails(raw, known),
        phones=_phones(raw, known),
        addresses=_addresses(raw, known),
        messaging=_messaging(raw, known),
        birthday=read_birthday(raw.get("birthday")),
        note=text(raw, "personalNotes").replace("\r\n", "\n"),
        url=text(raw, "businessHomePage"),
        categories=tuple(texts(raw, "categories")),
        modified=read_instant(raw.get("lastModifiedDateTime")),
    )


def read_birthday(value: object) -> Birthday | None:
    """A birthday, which comes as a moment near noon; only its day counts. Raises ``Invalid``."""
    if not value:
        return None
    try:
        found = date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Invalid("The contact has a birthday on a day that does not exist.") from error
    return Birthday(found.month, found.day, found.year if found.year != NO_YEAR else None)


def has_picture(raw: Raw) -> bool:
    """Whether Exchange has noted that there is a picture."""
    return mark(raw, HAS_PICTURE).casefold() == "true"


def addresses_of(raw: Raw) -> list[str]:
    """The e-mail addresses."""
    found = raw.get("emailAddresses")
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    return [text(row, "address") for row in rows if text(row, "address")]


def _emails(raw: Raw, known: Memory) -> tuple[Labelled, ...]:
    kept, there = decoded_values(list_of(known, "emails")), addresses_of(raw)
    return kept if kept and native_emails(kept) == there else _labelled(there, kept)


def _messaging(raw: Raw, known: Memory) -> tuple[Labelled, ...]:
    kept, there = decoded_values(list_of(known, "messaging")), texts(raw, "imAddresses")
    return kept if kept and native_messaging(kept) == there else _labelled(there, kept)


def _labelled(values: Sequence[str], kept: Sequence[Labelled]) -> tuple[Labelled, ...]:
    """Values with the labels that we remember of those which are still there."""
    by_value = {one.value.casefold(): one for one in kept}
    none = Labelled("")
    labels = [(each, by_value.get(each.casefold(), none)) for each in values]
    return tuple(Labelled(each, one.label, one.primary) for each, one in labels)


def _phones(raw: Raw, known: Memory) -> tuple[Labelled, ...]:
    kept, there = decoded_values(list_of(known, "phones")), slots_of(raw)
    if kept and native_phones(kept) == there:
        return kept
    return tuple(Labelled(number, label) for label, numbers in there.items() for number in numbers)


def _addresses(raw: Raw, known: Memory) -> tuple[Address, ...]:
    kept = tuple(decoded_address(row) for row in list_of(known, "addresses") if isinstance(row, list))
    there = {slot: _parts(raw.get(slot)) for slot in ADDRESSES.values()}
    there = {slot: parts for slot, parts in there.items() if parts}
    if kept and native_addresses(kept) == there:
        return kept
    found = ((label, there.get(slot)) for label, slot in ADDRESSES.items())
    return tuple(_address(parts, label) for label, parts in found if parts)


def _address(parts: Mapping[str, str], label: str) -> Address:
    return Address(**{ours: parts.get(theirs, "") for ours, theirs in PARTS.items()}, label=label)


def _parts(found: object) -> dict[str, str]:
    rows = found.items() if isinstance(found, Mapping) else ()
    return {str(k): v.replace("\r\n", "\n") for k, v in rows if k in PARTS.values() and isinstance(v, str) and v}
