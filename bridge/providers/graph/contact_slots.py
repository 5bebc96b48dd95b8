"""The places that Outlook has for phones, e-mail addresses and postal addresses, and who goes where. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.core.contact import Address, Labelled
from bridge.providers.graph.marks import mark

Raw = Mapping[str, Any]

ADDRESSES = {"work": "businessAddress", "home": "homeAddress", "other": "otherAddress"}
PARTS = {
    "street": "street",
    "locality": "city",
    "region": "state",
    "postal_code": "postalCode",
    "country": "countryOrRegion",
}
# Graph shows three kinds of phones; Outlook has more, which are reached as properties (MS-OXPROPS 2.576, 2.830, 2.853).
PROPERTIES = {"fax": "String 0x3A24", "pager": "String 0x3A21", "other": "String 0x3A1F"}

_MOST_EMAILS = 3
_PHONES = {"work": 2, "home": 2, "mobile": 1, "fax": 1, "pager": 1, "other": 1}
_FIELDS = {"work": "businessPhones", "home": "homePhones"}


def native_emails(values: Iterable[Labelled]) -> list[str]:
    """The addresses that Outlook is to know, the primary one first."""
    return [one.value for one in _first(values)][:_MOST_EMAILS]


def native_messaging(values: Iterable[Labelled]) -> list[str]:
    """The messaging accounts."""
    return [one.value for one in _first(values)]


def native_phones(values: Iterable[Labelled]) -> dict[str, list[str]]:
    """The numbers that Outlook is to know, by our labels. A label of the user's own counts as other, none as work."""
    found: dict[str, list[str]] = {label: [] for label in _PHONES}
    for one in _first(values):
        label = one.label if one.label in _PHONES else "work" if not one.label else "other"
        if len(found[label]) < _PHONES[label]:
            found[label].append(one.value)
    return {label: numbers for label, numbers in found.items() if numbers}


def native_addresses(values: Sequence[Address]) -> dict[str, dict[str, str]]:
    """The postal addresses that Outlook is to know, by its names for them: one of each kind."""
    found: dict[str, dict[str, str]] = {}
    for one in values:
        slot = ADDRESSES.get(one.label, "otherAddress")
        parts = {theirs: getattr(one, ours) for ours, theirs in PARTS.items()}
        parts["street"] = "\n".join(part for part in (one.po_box, one.extended, one.street) if part)
        present = {name: value for name, value in parts.items() if value}
        if present and slot not in found:
            found[slot] = present
    return found


def slots_of(raw: Raw) -> dict[str, list[str]]:
    """The numbers that are there, by our labels."""
    mobile = raw.get("mobilePhone")
    found = {
        "work": _texts(raw.get("businessPhones")),
        "home": _texts(raw.get("homePhones")),
        "mobile": _texts([mobile]),
        **{label: _texts([mark(raw, name)]) for label, name in PROPERTIES.items()},
    }
    return {label: numbers for label, numbers in found.items() if numbers}


def phone_fields(slots: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of Graph for these numbers."""
    lists = {theirs: list(slots.get(label, ())) for label, theirs in _FIELDS.items()}
    return {**lists, "mobilePhone": next(iter(slots.get("mobile", ())), None)}


def encoded_values(values: Iterable[Labelled]) -> list[list[object]]:
    """Values as they are remembered."""
    return [[one.value, one.label, one.primary] for one in values]


def decoded_values(rows: Iterable[object]) -> tuple[Labelled, ...]:
    """What ``encoded_values`` has written; what it has not is passed over."""
    sound = (row for row in rows if isinstance(row, list) and len(row) == 3)
    return tuple(Labelled(str(row[0]), str(row[1]), row[2] is True) for row in sound)


def encoded_address(one: Address) -> list[str]:
    """A postal address as it is remembered."""
    parts = (one.street, one.locality, one.region, one.postal_code, one.country, one.po_box, one.extended, one.label)
    return list(parts)


def decoded_address(row: Sequence[object]) -> Address:
    """What ``encoded_address`` has written."""
    return Address(*(str(part) for part in row[:8]))


def _first(values: Iterable[Labelled]) -> list[Labelled]:
    return sorted(values, key=lambda one: not one.primary)


def _texts(found: object) -> list[str]:
    return [each for each in found if isinstance(each, str) and each] if isinstance(found, list) else []
