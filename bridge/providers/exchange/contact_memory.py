"""What Exchange has no place for in a contact, as one of our properties remembers it. Pure.

``said`` are values as they were meant, with their labels, for as long as they are there; ``hidden`` are those for which
there was no place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, TypeVar

from bridge.core.canonical_contact import address as normal_address
from bridge.core.canonical_contact import phone as normal_phone
from bridge.core.contact import Address, Labelled
from bridge.providers.exchange.more import read_json, write_json

V = TypeVar("V", Labelled, Address)

LISTS = ("emails", "phones", "messaging")
_ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Values:
    """Values of each list of a contact."""

    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    messaging: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered of a contact."""

    said: Values = field(default_factory=Values)
    hidden: Values = field(default_factory=Values)
    kind: str = ""
    person: int | None = None
    organization: int | None = None


def read_memory(text: str) -> Memory:
    """Read the property; nonsense remembers nothing."""
    found = read_json(text)
    return Memory(
        _values(found.get("said")),
        _values(found.get("hidden")),
        str(found.get("kind", "")),
        _number(found.get("person")),
        _number(found.get("organization")),
    )


def write_memory(memory: Memory) -> str:
    """Write the property; empty where there is nothing to remember."""
    found = {
        "said": _rows(memory.said),
        "hidden": _rows(memory.hidden),
        "kind": memory.kind,
        "person": memory.person,
        "organization": memory.organization,
    }
    return write_json({name: value for name, value in found.items() if value not in ({}, "", None)})


def with_labels(
    there: Sequence[V], meant: Sequence[V], hidden: Sequence[V], key: Callable[[V], object]
) -> tuple[V, ...]:
    """What is there as it was meant, and what found no place."""
    known: dict[object, V] = {key(each): each for each in meant}
    shown: list[V] = [known.get(key(each), each) for each in there]
    return tuple(shown) + tuple(hidden)


def email_key(one: Labelled) -> object:
    """What tells e-mail addresses apart."""
    return one.value.strip().lower()


def phone_key(one: Labelled) -> object:
    """What tells numbers apart, however they are spaced."""
    found = normal_phone(Labelled(one.value))
    return found.value if found is not None else ""


def account_key(one: Labelled) -> object:
    """What tells messaging accounts apart."""
    return one.value.strip()


def address_key(one: Address) -> object:
    """What tells postal addresses apart in Exchange, which has no post office boxes."""
    return normal_address(Address(one.street, one.locality, one.region, one.postal_code, one.country))


def _values(found: object) -> Values:
    rows = found if isinstance(found, Mapping) else {}
    lists = {name: tuple(Labelled(str(v), str(label), bool(p)) for v, label, p in _of(rows, name, 3)) for name in LISTS}
    return Values(**lists, addresses=tuple(Address(*map(str, row)) for row in _of(rows, _ADDRESSES, 8)))


def _of(rows: Mapping[str, Any], name: str, length: int) -> list[list[Any]]:
    found = rows.get(name)
    return [row for row in found if isinstance(row, list) and len(row) == length] if isinstance(found, list) else []


def _rows(values: Values) -> dict[str, list[list[object]]]:
    found = {name: [list(astuple(each)) for each in getattr(values, name)] for name in (*LISTS, _ADDRESSES)}
    return {name: rows for name, rows in found.items() if rows}


def _number(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None
