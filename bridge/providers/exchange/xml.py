"""Elements of Exchange Web Services: made, and read as texts that may be missing. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

Element = Any
"""An element of lxml, which has no types."""

TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
NAMES = {"t": TYPES, "m": MESSAGES}

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


def tag(name: str) -> str:
    """The full name of an element such as ``t:Subject``."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMES[prefix]}}}{local}"


def make(name: str, *content: object, **attributes: object) -> Element:
    """An element with texts and elements in it. What is no character of XML is left out."""
    found = etree.Element(tag(name), nsmap=NAMES)
    for key, value in attributes.items():
        found.set(key, _ILLEGAL.sub("", str(value)))
    for each in content:
        if isinstance(each, str):
            found.text = _ILLEGAL.sub("", each)
        else:
            found.append(each)
    return found


def parse(body: bytes) -> Element | None:
    """The root of a document without a DTD, or nothing where there is none."""
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.doctype else root


def child(parent: Element, *path: str) -> Element | None:
    """The first element along a path of names, all of the types."""
    found = parent
    for name in path:
        found = None if found is None else found.find(f"{{{TYPES}}}{name}")
    return found


def text(parent: Element, *path: str) -> str:
    """The text of an element, empty where there is none."""
    found = parent if not path else child(parent, *path)
    return (found.text or "") if found is not None else ""


def flag(parent: Element, *path: str) -> bool:
    """Whether an element says so."""
    return text(parent, *path).strip().lower() in {"true", "1"}


def rows(parent: Element, *path: str) -> Iterator[Element]:
    """The elements in an element."""
    found = child(parent, *path) if path else parent
    return iter(()) if found is None else found.iterchildren(tag=etree.Element)


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(etree.QName(element).localname)
