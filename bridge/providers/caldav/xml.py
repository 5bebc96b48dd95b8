"""The XML of WebDAV: what we ask and what is answered (RFC 4918, 3253, 3744, 4791, 6352, 6578)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bridge.errors import TemporaryError

DAV, CAL, CARD = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{urn:ietf:params:xml:ns:carddav}"
CS, APPLE = "{http://calendarserver.org/ns/}", "{http://apple.com/ns/ical/}"

_PREFIXES = {DAV: "D", CAL: "C", CARD: "CR", CS: "CS", APPLE: "A"}
_NAMESPACES = " ".join(f'xmlns:{prefix}="{name[1:-1]}"' for name, prefix in _PREFIXES.items())


@dataclass(frozen=True, slots=True)
class Row:
    """One DAV:response. ``props`` are the properties that were found; ``status`` is 200 where none is told."""

    href: str
    status: int
    props: Mapping[str, Element] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a property, or ``""``."""
        found = self.props.get(name)
        return "" if found is None else (found.text or "").strip()

    def hrefs(self, name: str) -> tuple[str, ...]:
        """The hrefs inside a property, in their order."""
        found = self.props.get(name)
        return () if found is None else tuple(each.text.strip() for each in found.iter(f"{DAV}href") if each.text)

    def inner(self, name: str) -> frozenset[str]:
        """The names of all elements inside a property."""
        found = self.props.get(name)
        return frozenset() if found is None else frozenset(str(each.tag) for each in found.iter() if each is not found)


@dataclass(frozen=True, slots=True)
class Multistatus:
    """An answer with several parts, and the DAV:sync-token of a sync-collection report."""

    rows: tuple[Row, ...]
    token: str = ""


def read_multistatus(body: bytes, status: int) -> Multistatus:
    """Read an answer. Raises ``TemporaryError`` for whatever is no multistatus."""
    root = _root(body) if status == 207 else None
    if root is None or root.tag != f"{DAV}multistatus":
        raise TemporaryError(f"The server answers with {_looks_like(body)} instead of a list (status {status}).")
    rows = tuple(row for each in root.findall(f"{DAV}response") for row in _rows(each))
    return Multistatus(rows, (root.findtext(f"{DAV}sync-token") or "").strip())


def conditions(body: bytes) -> frozenset[str]:
    """The preconditions that a DAV:error names, such as ``{DAV:}valid-sync-token``. Nothing for any other body."""
    root = _root(body)
    if root is None or root.tag != f"{DAV}error":
        return frozenset()
    return frozenset(str(each.tag) for each in root)


def looks_like_a_page(body: bytes) -> bool:
    """Whether a body is HTML, as from a gateway that wants a person to sign in."""
    return body[:500].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def propfind(names: Iterable[str]) -> str:
    """Ask for properties."""
    return _document("D:propfind", _props(names))


def sync_collection(token: str) -> str:
    """Ask what changed since a token; an empty one means everything (RFC 6578 3.2)."""
    inner = f"<D:sync-token>{escape(token)}</D:sync-token><D:sync-level>1</D:sync-level>{_props([f'{DAV}getetag'])}"
    return _document("D:sync-collection", inner)


def multiget(report: str, data: str, paths: Iterable[str]) -> str:
    """Ask for resources with their text (RFC 4791 7.9, RFC 6352 8.7)."""
    hrefs = "".join(f"<D:href>{escape(path)}</D:href>" for path in paths)
    return _document(_short(report), _props([f"{DAV}getetag", data]) + hrefs)


def calendar_by_uid(uid: str) -> str:
    """Ask which events have a UID (RFC 4791 7.8.6)."""
    match = f'<C:prop-filter name="UID"><C:text-match collation="i;octet">{escape(uid)}</C:text-match></C:prop-filter>'
    event = f'<C:comp-filter name="VEVENT">{match}</C:comp-filter>'
    inner = f'<C:filter><C:comp-filter name="VCALENDAR">{event}</C:comp-filter></C:filter>'
    return _document("C:calendar-query", _props([f"{DAV}getetag"]) + inner)


def book_by_uid(uid: str) -> str:
    """Ask which cards have a UID (RFC 6352 8.6)."""
    match = f'<CR:text-match collation="i;unicode-casemap" match-type="equals">{escape(uid)}</CR:text-match>'
    inner = f'<CR:filter><CR:prop-filter name="UID">{match}</CR:prop-filter></CR:filter>'
    return _document("CR:addressbook-query", _props([f"{DAV}getetag"]) + inner)


def _root(body: bytes) -> Element | None:
    try:
        return fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None


def _rows(response: Element) -> list[Row]:
    """The rows of one DAV:response: it may name several hrefs with one status."""
    hrefs = [(each.text or "").strip() for each in response.findall(f"{DAV}href")]
    props: dict[str, Element] = {}
    failed = 0
    for propstat in response.findall(f"{DAV}propstat"):
        code = _status(propstat.findtext(f"{DAV}status"))
        if 200 <= code < 300:
            props.update((str(each.tag), each) for prop in propstat.findall(f"{DAV}prop") for each in prop)
        elif code not in {401, 403, 404}:  # only properties that are missing or secret
            failed = code
    status = _status(response.findtext(f"{DAV}status"))
    if failed and not props:
        status = failed
    return [Row(href, status, props) for href in hrefs if href]


def _status(line: str | None) -> int:
    """The code in a status line; 200 where there is none, 500 where it is nonsense."""
    if line is None:
        return 200
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 500


def _looks_like(body: bytes) -> str:
    start = body[:500].lstrip()
    if not start:
        return "nothing"
    if looks_like_a_page(body):
        return "a web page"
    return "XML that breaks off or is something else" if start.startswith(b"<") else "something unreadable"


def _short(name: str) -> str:
    namespace, _, local = name.rpartition("}")
    return f"{_PREFIXES[namespace + '}']}:{local}"


def _props(names: Iterable[str]) -> str:
    return f"<D:prop>{''.join(f'<{_short(name)}/>' for name in names)}</D:prop>"


def _document(name: str, inner: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><{name} {_NAMESPACES}>{inner}</{name}>'
