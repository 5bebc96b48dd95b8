"""Which part of an object a client wants: RFC 4791 9.6 (``C:calendar-data``), RFC 6352 10.4 (``CR:address-data``)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bridge.core.contentline import Component, ContentLine
from bridge.core.query.reading import CALDAV, CARDDAV, bounded_range
from bridge.errors import Invalid

_CALENDAR_TYPES = frozenset({"text/calendar"})
_CARD_TYPES = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class CompSelection:
    """The wanted parts of one kind of component: RFC 4791 9.6.1.

    ``props`` maps names to whether only the name and not the value is wanted; ``None`` stands for all properties.
    ``comps`` are the wanted inner components; ``None`` stands for all.
    """

    name: str
    props: tuple[tuple[str, bool], ...] | None = None
    comps: tuple["CompSelection", ...] | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What to return of each object; ``expand`` and ``limit`` are ranges in POSIX seconds (RFC 4791 9.6.5, 9.6.6)."""

    part: CompSelection | None = None
    expand: tuple[int, int] | None = None
    limit: tuple[int, int] | None = None

    @property
    def whole(self) -> bool:
        """Whether the text is wanted as it is."""
        return self.part is None and self.expand is None and self.limit is None


def calendar_data(element: Element) -> Selection:
    """Read a ``C:calendar-data`` of a request.

    Raises ``Invalid`` with ``C:supported-calendar-data`` for another format than iCalendar 2.0 and ``C:valid-filter``
    for anything that makes no sense.
    """
    content_type = element.get("content-type", "text/calendar").partition(";")[0].strip().lower()
    if content_type not in _CALENDAR_TYPES or element.get("version", "2.0") != "2.0":
        raise Invalid("Calendar data are served as text/calendar 2.0 only.", condition="C:supported-calendar-data")
    comp = element.find(f"{CALDAV}comp")
    expand, limit = element.find(f"{CALDAV}expand"), element.find(f"{CALDAV}limit-recurrence-set")
    if expand is not None and limit is not None:
        raise Invalid("Either expand or limit-recurrence-set, not both.")
    part = None if comp is None else _comp(comp)
    if part is not None and part.name != "VCALENDAR":
        raise Invalid("The outermost comp is VCALENDAR.")
    return Selection(
        None if part == CompSelection("VCALENDAR") else part,
        None if expand is None else bounded_range(expand),
        None if limit is None else bounded_range(limit),
    )


def address_data(element: Element) -> Selection:
    """Read a ``CR:address-data`` of a request: vCard 3.0 is served whatever version is asked for (D2).

    Raises ``Invalid`` with ``CR:supported-address-data`` for another format than vCard.
    """
    if element.get("content-type", "text/vcard").partition(";")[0].strip().lower() not in _CARD_TYPES:
        raise Invalid("Address data are served as text/vcard only.", condition="CR:supported-address-data")
    names = _props(element, CARDDAV)
    return Selection(None if names is None else CompSelection("VCARD", names))


def select(component: Component, wanted: CompSelection) -> Component:
    """Return the wanted part of a component. Inner components that are not named are left out."""
    return replace(component, children=tuple(_kept(component, wanted)))


def _kept(component: Component, wanted: CompSelection) -> Iterator[ContentLine | Component]:
    props = None if wanted.props is None else dict(wanted.props)
    inner = None if wanted.comps is None else {comp.name: comp for comp in wanted.comps}
    for child in component.children:
        if isinstance(child, Component):
            if inner is None:
                yield child
            elif child.name in inner:
                yield select(child, inner[child.name])
        elif props is None:
            yield child
        else:
            yield from _line(child, props)


def _line(line: ContentLine, props: dict[str, bool]) -> Iterator[ContentLine]:
    grouped = f"{line.group.upper()}.{line.name}" if line.group else line.name
    name = line.name if line.name in props else grouped
    if name in props:
        yield replace(line, value="", raw="") if props[name] else line


def _comp(element: Element, depth: int = 1) -> CompSelection:
    name = element.get("name", "").strip().upper()
    if not name or depth > _MAX_DEPTH:
        raise Invalid("A comp needs the name of a component.")
    if not len(element):  # RFC 4791 7.8.1 asks for time zones that way, and means all of them
        return CompSelection(name)
    comps = tuple(_comp(child, depth + 1) for child in element.findall(f"{CALDAV}comp"))
    whole = element.find(f"{CALDAV}allcomp") is not None
    return CompSelection(name, _props(element, CALDAV, none=()), None if whole else comps)


def _props(
    element: Element, namespace: str, none: tuple[tuple[str, bool], ...] | None = None
) -> tuple[tuple[str, bool], ...] | None:
    """The names in the ``prop`` elements, ``None`` for all of them and ``none`` where nothing is said."""
    if element.find(f"{namespace}allprop") is not None:
        return None
    found = [
        (prop.get("name", "").strip().upper(), prop.get("novalue", "no") == "yes")
        for prop in element.findall(f"{namespace}prop")
    ]
    return tuple(found) or none
