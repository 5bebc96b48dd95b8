"""Numbers in addresses, which anybody may write."""

from collections.abc import Mapping

_DIGITS = 18


def number_in(given: Mapping[str, str], name: str) -> int:
    """A whole number that a query gives; 0 for none, and for nonsense."""
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
