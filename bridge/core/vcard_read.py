"""vCard -> Contact: what each property of a card says.

Each list of a contact is read as entries that know which lines they came from, so that a change touches only those.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from bridge.core import vcard_line as line_of
from bridge.core.contact import Address, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.contentline import Component, ContentLine, split_structured, split_text_list, unescape_text

T = TypeVar("T")

KIND = "X-ADDRESSBOOKSERVER-KIND"
MEMBER = "X-ADDRESSBOOKSERVER-MEMBER"
SHOW_AS = "X-ABSHOWAS"
AB_LABEL = "X-ABLABEL"
CRM_PERSON = "X-CRM-PERSON"
CRM_ORGANIZATION = "X-CRM-ORG"
CRM_LABEL = "CRM"

SCHEME_OF_MESSENGER = {
    "X-AIM": "aim",
    "X-GADUGADU": "gg",
    "X-GOOGLE-TALK": "xmpp",
    "X-GROUPWISE": "groupwise",
    "X-GTALK": "xmpp",
    "X-ICQ": "icq",
    "X-JABBER": "xmpp",
    "X-MS-IMADDRESS": "im",
    "X-MSN": "msnim",
    "X-QQ": "qq",
    "X-SIP": "sip",
    "X-SKYPE": "skype",
    "X-SKYPE-USERNAME": "skype",
    "X-YAHOO": "ymsgr",
}
"""Properties from before IMPP (RFC 4770) and the URI scheme that says the same."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One value of a list, and the positions of its lines among the children of the card."""

    value: T
    at: tuple[int, ...]


@lru_cache(maxsize=8)  # whoever takes a card reads it, looks what its record says of it, and patches it
def contact(card: Component) -> Contact:
    """Read a card of version 3.0 (see ``to_v3``)."""
    kind = kind_of(card)
    units = _first(card, "ORG", units_of, None) or ("", "")
    return Contact(
        uid=uid(card),
        kind=kind,
        formatted_name=_first(card, "FN", line_of.words, ""),
        name=Name() if kind is ContactKind.GROUP else _first(card, "N", name_of, Name()),
        organization=units[0],
        department=units[1],
        title=_first(card, "TITLE", line_of.words, ""),
        emails=_values(emails(card)),
        phones=_values(phones(card)),
        addresses=_values(addresses(card)),
        messaging=_values(messaging(card)),
        birthday=_first(card, "BDAY", line_of.birthday, None),
        note="\n\n".join(note for line in card.all("NOTE") if (note := line_of.text(line))),
        url=next((line_of.words(line) for _, line in crm_links(card)), ""),
        categories=tuple(name for line in card.all("CATEGORIES") for name in categories_of(line)),
        photo=photo_of(card),
        members=_values(members(card)),
        person_id=_first(card, CRM_PERSON, line_of.number, None),
        organization_id=_first(card, CRM_ORGANIZATION, line_of.number, None),
        modified=_first(card, "REV", line_of.moment, None),
    )


def uid(card: Component) -> str:
    """Return the UID without ``urn:uuid:``, or ``""``."""
    return _first(card, "UID", bare_uid, "")


def bare_uid(line: ContentLine) -> str:
    """Return the UID that a UID or MEMBER line names, without ``urn:uuid:``."""
    value = line_of.words(line)
    return value[9:] if value[:9].lower() == "urn:uuid:" else value


def kind_of(card: Component) -> ContactKind:
    """Return what the card stands for, by Apple's properties or by KIND (RFC 6350 6.1.4)."""
    kinds = {line_of.words(line).lower() for line in (*card.all(KIND), *card.all("KIND"))}
    if "group" in kinds:
        return ContactKind.GROUP
    if kinds & {"org", "organization"} or any(shows_company(line) for line in card.all(SHOW_AS)):
        return ContactKind.ORGANIZATION
    return ContactKind.PERSON


def shows_company(line: ContentLine) -> bool:
    """Whether an X-ABShowAs line says that the card is an organization."""
    return line_of.words(line).upper() == "COMPANY"


def name_of(line: ContentLine) -> Name:
    """Read the five parts of N."""
    return Name(*(" ".join(value for value in split_text_list(part) if value) for part in parts(line, 5)[:5]))


def units_of(line: ContentLine) -> tuple[str, str] | None:
    """Read organization and department of ORG; ``None`` when it names neither."""
    name, department = (unescape_text(part) for part in parts(line, 2)[:2])
    return (name, department) if name or department else None


def parts(line: ContentLine, count: int) -> list[str]:
    """Return at least ``count`` parts of a structured value, still escaped, without blanks around them."""
    found = [part.strip() for part in split_structured(line_of.raw_value(line))]
    return found + [""] * (count - len(found))


def emails(card: Component) -> tuple[Entry[Labelled], ...]:
    """Return the e-mail addresses."""
    return _labelled(card, "EMAIL", lambda line: _without_scheme(line, "mailto:"))


def phones(card: Component) -> tuple[Entry[Labelled], ...]:
    """Return the phone numbers."""
    return _labelled(card, "TEL", lambda line: _without_scheme(line, "tel:"))


def addresses(card: Component) -> tuple[Entry[Address], ...]:
    """Return the postal addresses that say anything."""
    labels = apple_labels(card)
    read = ((at, address_of(line, labels.get(line.group.lower(), ""))) for at, line in numbered(card, "ADR"))
    return tuple(Entry(address, (at,)) for at, address in read if _says_something(address))


def address_of(line: ContentLine, apple_label: str = "") -> Address:
    """Read the seven parts of ADR; a comma that is not escaped is taken as part of the text."""
    po_box, extended, street, locality, region, code, country = (unescape_text(part) for part in parts(line, 7)[:7])
    return Address(street, locality, region, code, country, po_box, extended, line_of.label(line, apple_label))


def messaging(card: Component) -> tuple[Entry[Labelled], ...]:
    """Return the messaging accounts as URIs; X-JABBER beside an equal IMPP (Apple writes both) is one account."""
    labels = apple_labels(card)
    found: list[Entry[Labelled]] = []
    for at, line in enumerate(card.children):
        if not isinstance(line, ContentLine) or not (account := _account(line)):
            continue
        twin = next((entry for entry in found if _is_twin(card, entry, line, account)), None)
        if twin:
            found[found.index(twin)] = Entry(twin.value, (*twin.at, at))
        else:
            name = line_of.label(line, labels.get(line.group.lower(), ""))
            found.append(Entry(Labelled(account, name, line_of.is_primary(line)), (at,)))
    return tuple(found)


def members(card: Component) -> tuple[Entry[str], ...]:
    """Return the UIDs of a group's members."""
    both = sorted((*numbered(card, MEMBER), *numbered(card, "MEMBER")), key=lambda pair: pair[0])
    return tuple(Entry(value, (at,)) for at, line in both if (value := bare_uid(line)))


def crm_links(card: Component) -> tuple[tuple[int, ContentLine], ...]:
    """Return the URL lines that lead to the CRM; other URLs are the user's own and none of our business."""
    labels = apple_labels(card)
    return tuple(pair for pair in numbered(card, "URL") if labels.get(pair[1].group.lower()) == CRM_LABEL)


def categories_of(line: ContentLine) -> tuple[str, ...]:
    """Return the names in one CATEGORIES line."""
    return tuple(name for part in split_text_list(line_of.raw_value(line)) if (name := part.strip()))


def photo_of(card: Component) -> Photo | None:
    """Return the first embedded picture."""
    return _first(card, "PHOTO", line_of.photo, None)


def apple_labels(card: Component) -> dict[str, str]:
    """Return the X-ABLabel of each group, by the group's name in lower case."""
    return {line.group.lower(): line_of.words(line) for line in card.all(AB_LABEL) if line.group}


def numbered(card: Component, name: str) -> tuple[tuple[int, ContentLine], ...]:
    """Return the lines of that name with their positions among the children."""
    return tuple(
        (at, line) for at, line in enumerate(card.children) if line.name == name and isinstance(line, ContentLine)
    )


def _values(entries: tuple[Entry[T], ...]) -> tuple[T, ...]:
    return tuple(entry.value for entry in entries)


def _first(card: Component, name: str, read: Callable[[ContentLine], T], otherwise: T) -> T:
    return next((value for line in card.all(name) if (value := read(line)) not in ("", None)), otherwise)


def _labelled(card: Component, name: str, read: Callable[[ContentLine], str]) -> tuple[Entry[Labelled], ...]:
    labels = apple_labels(card)
    return tuple(
        Entry(Labelled(value, line_of.label(line, labels.get(line.group.lower(), "")), line_of.is_primary(line)), (at,))
        for at, line in numbered(card, name)
        if (value := read(line))
    )


def _without_scheme(line: ContentLine, scheme: str) -> str:
    value = line_of.words(line)
    return value[len(scheme) :] if value.lower().startswith(scheme) else value


def _says_something(address: Address) -> bool:
    return any(getattr(address, part) for part in Address.__slots__ if part != "label")


def _account(line: ContentLine) -> str:
    """The URI of a messaging account, or ``""`` if the line is none."""
    if line.name != "IMPP" and line.name not in SCHEME_OF_MESSENGER:
        return ""
    value = line_of.words(line)
    service = line.param("X-SERVICE-TYPE")
    scheme = SCHEME_OF_MESSENGER.get(line.name if line.name != "IMPP" else f"X-{service.upper()}", service.lower())
    if not value or not scheme or value.lower().startswith(f"{scheme}:"):
        return value
    return value if line.name == "IMPP" and _SCHEME.match(value) else f"{scheme}:{value}"


def _is_twin(card: Component, entry: Entry[Labelled], line: ContentLine, account: str) -> bool:
    """Whether the line repeats the account of the entry in the other of the two spellings."""
    first = card.children[entry.at[0]]
    names = {line.name, first.name}
    return entry.value.value == account and "IMPP" in names and len(names) > 1
