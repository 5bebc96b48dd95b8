"""The reports about principals and their properties, which every resource supports (D21).

DAV:expand-property (RFC 3253 3.8), DAV:principal-property-search and DAV:principal-search-property-set
(RFC 3744 9.4, 9.5).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, tostring

from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound
from plugins.describing import Describer
from plugins.reports.multistatus import Answer, transportable

DAV, CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
MAX_PROPERTIES, MAX_NESTING, MAX_RESPONSES = 1000, 6, 500

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_XMLNS = "http://www.w3.org/2000/xmlns/"
_DISPLAYNAME, _ADDRESSES = f"{DAV}displayname", f"{CALDAV}calendar-user-address-set"
_SEARCHED = {_DISPLAYNAME: "Name", _ADDRESSES: "E-mail address"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One report: its body, where it was asked, its ``Depth``, and whom the user knows, themself first."""

    request: Element
    path: str
    depth: str
    describer: Describer
    known: Callable[[], Sequence[User]]


def answer(asked: Asked) -> Answer:
    """Answer a report of ``PRINCIPAL_REPORTS``. Raises ``Invalid``, ``NotAllowed`` or ``NotFound``."""
    if asked.depth != "0":
        raise Invalid("The Depth of this report is 0.")  # RFC 3744 9.4, 9.5
    if asked.describer.at(asked.path, ()) is None:
        raise NotFound("There is nothing at this address.")
    return PRINCIPAL_REPORTS[asked.request.tag](asked)


# expand-property


@dataclass(slots=True)
class _Expansion:
    """What is left of the bounds of one report."""

    describer: Describer
    left: int = MAX_RESPONSES
    wanted: dict[int, Mapping[str, Element]] = field(default_factory=dict)

    def response(self, path: str, request: Element, nesting: int = 0) -> Element | None:
        """Describe what lies at a path and, in place of the hrefs in its properties, what these lead to."""
        self.left -= 1
        if self.left < 0 or nesting > MAX_NESTING:
            raise _too_many()
        wanted = self._wanted(request)
        response = self.describer.at(path, tuple(wanted))
        for prop in list(response.iterfind(f"{DAV}propstat/{DAV}prop/*")) if response is not None else ():
            if len(wanted[prop.tag]):
                self._expand(prop, wanted[prop.tag], nesting)
        return response

    def _wanted(self, request: Element) -> Mapping[str, Element]:
        if id(request) not in self.wanted:
            self.wanted[id(request)] = {_clark_name(each): each for each in request.iterfind(f"{DAV}property")}
        return self.wanted[id(request)]

    def _expand(self, prop: Element, request: Element, nesting: int) -> None:
        for parent, at, href in list(_hrefs(prop)):
            path = self.describer.path_of(href.text or "")
            if path is not None:
                found = self.response(path, request, nesting + 1)
                parent[at] = found if found is not None else _missing(href)


def _expand_property(asked: Asked) -> Answer:
    if sum(1 for _ in asked.request.iter(f"{DAV}property")) > MAX_PROPERTIES:
        raise _too_many()
    found = _Expansion(asked.describer).response(asked.path, asked.request)
    return _multistatus([found] if found is not None else [])


def _too_many() -> NotAllowed:
    return NotAllowed("These are too many properties of properties.", condition="D:number-of-matches-within-limits")


def _clark_name(wanted: Element) -> str:
    name, namespace = wanted.get("name", ""), wanted.get("namespace", "DAV:")
    if not _NAME.fullmatch(name) or not namespace or namespace == _XMLNS:
        raise Invalid("A property has a name, and a namespace other than none.")
    return f"{{{namespace}}}{name}"


def _hrefs(prop: Element) -> Iterator[tuple[Element, int, Element]]:
    for parent in prop.iter():
        for at, child in enumerate(parent):
            if child.tag == f"{DAV}href":
                yield parent, at, child


def _missing(href: Element) -> Element:
    response = Element(f"{DAV}response")
    SubElement(response, f"{DAV}href").text = href.text
    SubElement(response, f"{DAV}status").text = "HTTP/1.1 404 Not Found"
    return response


# principal-property-search and principal-search-property-set


@dataclass(frozen=True, slots=True)
class _Condition:
    """One ``property-search``: each of the properties contains the text, whatever its case."""

    properties: tuple[str, ...]
    text: str

    def fits(self, user: User) -> bool:
        return all(_contains(values, self.text) for values in (_values(user, tag) for tag in self.properties))


def _principal_property_search(asked: Asked) -> Answer:
    conditions = _conditions(asked.request)
    match = any if asked.request.get("test") == "anyof" else all
    tags = tuple(dict.fromkeys(prop.tag for prop in asked.request.iterfind(f"{DAV}prop/*")))
    everywhere = asked.request.find(f"{DAV}apply-to-principal-collection-set") is not None
    found = (
        user
        for user in asked.known()
        if (everywhere or f"/{user.login}/".startswith(asked.path)) and match(each.fits(user) for each in conditions)
    )
    return _multistatus(asked.describer.of(user, tags) for user in found)


def _conditions(request: Element) -> list[_Condition]:
    found = []
    for search in request.iterfind(f"{DAV}property-search"):
        tags = tuple(prop.tag for prop in search.iterfind(f"{DAV}prop/*"))
        match = search.find(f"{DAV}match")
        if match is None or not tags:
            raise Invalid("A property-search has a prop with properties, and a match.")
        found.append(_Condition(tags, (match.text or "").strip().casefold()))
    if not found:
        raise Invalid("A principal-property-search has at least one property-search.")
    return found


def _values(user: User, tag: str) -> tuple[str, ...]:
    if tag == _DISPLAYNAME:
        return (user.name or user.login,)
    return (f"mailto:{user.email}",) if tag == _ADDRESSES and user.email else ()


def _contains(values: Iterable[str], text: str) -> bool:
    return any(text in value.casefold() for value in values)


def _principal_search_property_set(_: Asked) -> Answer:
    root = Element(f"{DAV}principal-search-property-set")
    for tag, description in _SEARCHED.items():
        searched = SubElement(root, f"{DAV}principal-search-property")
        SubElement(SubElement(searched, f"{DAV}prop"), tag)
        told = SubElement(searched, f"{DAV}description", {"{http://www.w3.org/XML/1998/namespace}lang": "en"})
        told.text = description
    return _document(200, root)


PRINCIPAL_REPORTS: Mapping[str, Callable[[Asked], Answer]] = {
    f"{DAV}expand-property": _expand_property,
    f"{DAV}principal-property-search": _principal_property_search,
    f"{DAV}principal-search-property-set": _principal_search_property_set,
}
"""The reports that any resource answers, by the Clark name of the request's root element."""


def _multistatus(responses: Iterable[Element]) -> Answer:
    root = Element(f"{DAV}multistatus")
    root.extend(responses)
    return _document(207, root)


def _document(status: int, root: Element) -> Answer:
    text = tostring(root, encoding="unicode")
    return Answer(status, transportable(f'<?xml version="1.0" encoding="utf-8"?>\n{text}'))
