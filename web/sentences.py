"""What the services say, in the user's language.

Errors, reasons and remedies are English sentences, for the command line too. Here is a translation of each: it is
found by its shape, since names and numbers stand in it. What is not known here is shown as it is, marked as English.
"""

import re
from functools import cache, reduce

from flask import Blueprint
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from bridge.errors import BridgeError
from web.catalogs import SOURCE
from web.spoken import INSTEAD, SPOKEN

_PLACE = re.compile(r"%\((\w+)\)s")
_LISTED = re.compile(r"(?<=\)) and ")
_LONGEST = 2_000  # characters
_HEAD = 8  # first letters, by which a sentence is found quickly


def install(pages: Blueprint) -> None:
    """Give the templates the filter ``said``."""
    pages.add_app_template_filter(said, "said")


def said(text: str) -> Markup:
    """A sentence as HTML: translated, or marked as English."""
    words = translated(text)
    if words is not None:
        return escape(words)
    foreign = text and str(get_locale() or SOURCE) != SOURCE
    return Markup('<span lang="en">{}</span>').format(text) if foreign else escape(text)


def told(error: BridgeError) -> Markup:
    """What went wrong and what to do about it, as HTML."""
    return said(str(error)) + " " + said(error.remedy) if error.remedy else said(str(error))


def plainly(text: str) -> str:
    """A sentence as plain text, translated if it can be; so are several permissions, each with its name behind it."""
    parts = [translated(part) for part in _LISTED.split(text)] if _LISTED.search(text) else [None]
    known = [part for part in parts if part is not None]
    if len(known) == len(parts):
        return reduce(lambda first, second: gettext("%(first)s and %(second)s", first=first, second=second), known)
    words = translated(text)
    return text if words is None else words


def translated(text: str) -> str | None:
    """A sentence as the page says it in the user's language; ``None`` for one that is not known here."""
    if len(text) > _LONGEST:
        return None
    for shape, message in _known(text):
        found = shape.fullmatch(text)
        if found:
            values = {name: plainly(value) for name, value in found.groupdict().items() if f"%({name})s" in message}
            return str(gettext(message, **values))
    return None


def _known(text: str) -> list[tuple[re.Pattern[str], str]]:
    """The sentences that it may be: those with the same first letters, or a name in their place."""
    return _shapes().get(text[:_HEAD], []) + _shapes().get("", [])


@cache
def _shapes() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """All sentences by their first letters, the most telling first."""
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    spoken = {each: each for each in SPOKEN} | dict(INSTEAD)
    for text in sorted(spoken, key=lambda each: -len(_PLACE.sub("", each))):
        fixed = _PLACE.split(text)[0]
        head = fixed[:_HEAD] if len(fixed) >= _HEAD or not _PLACE.search(text) else ""
        found.setdefault(head, []).append((re.compile(_pattern(text), re.DOTALL), spoken[text]))
    return found


def _pattern(message: str) -> str:
    parts = _PLACE.split(message)
    literal = [re.escape(part) for part in parts[::2]]
    places = [f"(?P<{name}>.+?)" for name in parts[1::2]]
    return "".join(part for pair in zip(literal, [*places, ""], strict=True) for part in pair)
