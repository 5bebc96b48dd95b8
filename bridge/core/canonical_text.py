"""Text in the one form in which it is compared: what remotes do to white space and accents is no change."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from unicodedata import normalize

from bridge.core.linkblock import OPENING, strip_block

Element = TypeVar("Element")

_BLANKS = re.compile(r"[ \t\xa0]+(?=\n)")


def plain(text: str) -> str:
    """The text with line feeds as line ends, composed accents (NFC), and nothing blank around it."""
    if not text:
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (text if text.isascii() else normalize("NFC", text)).strip()


def paragraphs(text: str) -> str:
    """The same for text of several lines, without blanks at their ends."""
    text = plain(text)
    return _BLANKS.sub("", text) if "\n" in text else text


def description(text: str) -> str:
    """The same without the fenced block of the CRM (R9), however often it stands there."""
    text = paragraphs(text)
    while OPENING in text:
        text = paragraphs(strip_block(text))
    return text


def words(text: str) -> str:
    """The text as people compare it: one line, single blanks, no case."""
    return " ".join(plain(text).casefold().split())


def unordered(normal: Callable[[Element], Element | None], elements: Iterable[Element]) -> tuple[Element, ...]:
    """The normal forms of what is not empty, each once, in an order that depends on nothing else."""
    return tuple(sorted({form for element in elements if (form := normal(element)) is not None}, key=_order))


def _order(element: Any) -> Any:
    return element if isinstance(element, str) else repr(element)
