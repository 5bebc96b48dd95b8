"""Descriptions, which Google shows as HTML where they hold any, and our plain text. Pure."""

import re

from bridge.core import richtext

_HTML = re.compile(r"</?[A-Za-z][^<>]*>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")


def read_text(found: str) -> str:
    """The plain text of a description."""
    return richtext.to_text(_with_breaks(found)) if _HTML.search(found) else found


def write_text(text: str, there: str) -> str:
    """A description that says this text: what is there, if it does so already, so that its form is kept."""
    if there and read_text(there).strip() == text.strip():
        return there
    return richtext.to_html(text) if _HTML.search(text) else text


def _with_breaks(found: str) -> str:
    """Line feeds break lines there, also between tags."""
    return found.replace("\r\n", "\n").replace("\n", "<br>")
