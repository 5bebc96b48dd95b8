"""Comparing texts under a collation (RFC 4791 7.5, RFC 6352 8.3)."""

import unicodedata
from collections.abc import Callable, Mapping

from bridge.core.query.filters import Collation, MatchType, TextMatch


def casemap(text: str, collation: Collation) -> str:
    """Return a text that is equal for all texts the collation takes as equal.

    ``i;unicode-casemap`` compares composed forms, not decomposed ones as RFC 5051 describes: both find ``é`` written
    as one character or two, but here ``rene`` is not found inside of ``René``, which an index can answer as well.
    """
    if collation is Collation.OCTET:
        return text
    if text.isascii():
        return text.lower()
    if collation is Collation.ASCII:
        return "".join(character.lower() if character.isascii() else character for character in text)
    return unicodedata.normalize("NFC", text.lower())


_COMPARE: Mapping[MatchType, Callable[[str, str], bool]] = {
    MatchType.EQUALS: lambda value, wanted: value == wanted,
    MatchType.CONTAINS: lambda value, wanted: wanted in value,
    MatchType.STARTS: lambda value, wanted: value.startswith(wanted),
    MatchType.ENDS: lambda value, wanted: value.endswith(wanted),
}


def text_matches(match: TextMatch, value: str) -> bool:
    """Say whether one unescaped value satisfies the condition."""
    found = _COMPARE[match.match_type](casemap(value, match.collation), casemap(match.text, match.collation))
    return found != match.negate
