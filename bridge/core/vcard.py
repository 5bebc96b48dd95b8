"""vCard text <-> Contact. The text layer of address object resources (RFC 2426, RFC 6350, RFC 6352).

What is stored and served is the client's own text as vCard 3.0 with only the mapped properties patched::

    card = to_v3(read(body))                        # what a client sent
    neutral = contact(card)                         # what it says
    text = serialize(patch(card, changed, stamp=…)) # the same text, saying something else

The rooms: ``vcard_line`` what one line says, ``vcard_read`` what a card says, ``vcard_write`` lines of our own,
``vcard_v3`` other versions to 3.0, ``vcard_patch``, ``vcard_lists`` and ``vcard_splice`` changes in place.
"""

import re

from bridge.core import vcard_line as line_of
from bridge.core.contentline import Component, ContentLine, escape_text, make_line, parse
from bridge.core.vcard_patch import patch
from bridge.core.vcard_read import contact, uid
from bridge.core.vcard_v3 import to_v3
from bridge.core.vcard_write import made_name, render, uid_line
from bridge.errors import Invalid

__all__ = ["contact", "join", "patch", "read", "render", "search_text", "split", "to_v3", "uid", "with_uid"]

CONDITION = "CR:valid-address-data"
_VERSIONS = frozenset(("", "2.1", "3.0", "4.0"))
_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_BINARY = re.compile(r"(?:[\w-]+\.)?(?:photo|logo|sound|key)[;:]")
_EDGE = re.compile(r"(BEGIN|END)[ \t]*:[ \t]*VCARD\s*\Z", re.IGNORECASE)


def read(text: str) -> Component:
    """Read the one card of a text, of version 2.1, 3.0 or 4.0 or without VERSION.

    A missing FN is made from N, ORG, NICKNAME, EMAIL or TEL. Raises ``Invalid`` (RFC 6352 5.3.2.1) for anything that
    is not exactly one card and for a card that names nobody.
    """
    try:
        components = parse(text)
    except Invalid as error:
        raise Invalid(str(error), condition=CONDITION) from error
    if len(components) != 1 or components[0].name != "VCARD":
        names = ", ".join(component.name for component in components) or "nothing"
        raise Invalid(f"A resource of an address book is exactly one VCARD; this is {names}.", condition=CONDITION)
    card = components[0]
    if (version := card.value("VERSION")) not in _VERSIONS:
        raise Invalid(f"vCard {version} is unknown; 2.1, 3.0 and 4.0 are understood.", condition=CONDITION)
    return card if any(line_of.words(line) for line in card.all("FN")) else _with_made_name(card)


def search_text(text: str) -> str:
    """The text of a card to search in: unfolded, in small letters, and without pictures, keys and sounds."""
    unfolded = text.replace("\r\n ", "").replace("\r\n\t", "")
    return "\n".join(line for line in unfolded.lower().split("\r\n") if not _BINARY.match(line))


def with_uid(card: Component, value: str) -> Component:
    """Return the card with this UID, in the place of the old one; a card that has it already stays as it is."""
    if uid(card) == value:
        return card
    first = card.line("UID")
    fresh = uid_line(value)
    if first is None:
        return Component(card.name, (*card.children, fresh))
    kept = (child for child in card.children if child is first or not _is_line(child, "UID"))
    return Component(card.name, tuple(fresh if child is first else child for child in kept))


def split(text: str) -> tuple[str, ...]:
    """Return the single cards of a .vcf file, each as it stands there.

    What stands between cards comes as a text of its own, so that ``read`` can refuse it instead of it being lost.
    """
    cards: list[str] = []
    current = ""
    depth = 0
    for line in _PHYSICAL_LINE.findall(text.removeprefix("\ufeff")):
        edge = _EDGE.match(line)
        opens, closes = bool(edge and edge[1].upper() == "BEGIN"), bool(edge and edge[1].upper() == "END")
        if opens and depth == 0:
            cards.append(current)
            current = ""
        current += line
        depth = max(0, depth + opens - closes)
        if closes and depth == 0:
            cards.append(current)
            current = ""
    return tuple(card for card in (*cards, current) if card.strip())


def join(texts: tuple[str, ...]) -> str:
    """Return a .vcf file of single cards."""
    return "".join(text if text.endswith("\n") else f"{text}\r\n" for text in texts)


def _is_line(child: ContentLine | Component, name: str) -> bool:
    return isinstance(child, ContentLine) and child.name == name


def _with_made_name(card: Component) -> Component:
    """The card with an FN made from what else it says, escaped as its version does."""
    nicknames = (words for line in card.all("NICKNAME") if (words := line_of.words(line)))
    made = " ".join(made_name(contact(to_v3(card)), nickname=next(nicknames, "")).split())
    if not made:
        raise Invalid("The card has no name: FN is missing, and N, ORG, EMAIL and TEL are too.", condition=CONDITION)
    line = make_line("FN", made if card.value("VERSION") == "2.1" else escape_text(made))
    rest = tuple(child for child in card.children if not _is_line(child, "FN"))
    first = 1 if rest and _is_line(rest[0], "VERSION") else 0
    return Component(card.name, (*rest[:first], line, *rest[first:]))
