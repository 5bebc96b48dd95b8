"""The properties that a report returns of each resource."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from email.utils import format_datetime
from urllib.parse import quote
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from bridge.core.contentline import parse
from bridge.core.query.evaluate import retrieve
from bridge.core.query.selection import Selection, address_data, calendar_data
from bridge.errors import Invalid, NotAllowed
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Collection, Resource
from plugins.reports.multistatus import NOT_FOUND, element, escape, status_line
from plugins.reports.request import CALDAV, CARDDAV, DAV

MAX_PARTS = 20_000_000
"""So many characters of expanded or partial data may one answer have."""

Render = Callable[[Resource], str]

_OK = f"</prop>{status_line(200)}</propstat>"
_PLAIN = re.compile(r"[A-Za-z0-9_.~\n-]*").fullmatch
_READ = "<privilege><read/></privilege>"
_WRITE = "".join(f"<privilege><{name}/></privilege>" for name in ("all", "write", "write-properties", "write-content"))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the response for a resource looks: the properties that exist, and the rest as a finished 404 propstat.

    ``needs_text``: the texts of the resources are needed. ``root`` is the percent-encoded path of the collection.
    """

    root: str
    found: tuple[Render, ...]
    not_found: str
    needs_text: bool
    bare: bool

    @property
    def only_tags(self) -> bool:
        """Whether nothing but entity tags is asked for, as clients do all day."""
        return self.found == (_etag,)

    @property
    def only_texts(self) -> bool:
        """Whether nothing but whole texts, with or without entity tags, is asked for, as in a first sync."""
        return any(isinstance(one, _Whole) for one in self.found) and all(
            one is _etag or isinstance(one, _Whole) for one in self.found
        )

    @property
    def free_text(self) -> bool:
        """Whether something is returned that others wrote, and that XML might not be able to carry."""
        return not self.only_tags

    def responses(self, resources: Sequence[Resource]) -> list[str]:
        """Return a response for each resource; the propstat with 200 comes first (D9)."""
        if self.only_tags:
            return self.tags([(resource.href, resource.etag) for resource in resources])
        hrefs = quoted([resource.href for resource in resources])
        return [self._response(href, resource) for href, resource in zip(hrefs, resources, strict=True)]

    def tags(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Return the responses where ``only_tags`` is asked for, from names and entity tags."""
        head, middle = f"<response><href>{self.root}", '</href><propstat><prop><getetag>"'
        tail = f'"</getetag>{_OK}{self.not_found}</response>'
        hrefs = quoted([href for href, _ in pairs])
        return [f"{head}{href}{middle}{etag}{tail}" for href, (_, etag) in zip(hrefs, pairs, strict=True)]

    def texts(self, rows: Sequence[tuple[str, str, str]]) -> list[str]:
        """Return the responses where ``only_texts`` is asked for, from names, entity tags and texts."""
        names = [one.name for one in self.found if isinstance(one, _Whole)]
        head = f"<response><href>{self.root}"
        middle = '</href><propstat><prop><getetag>"' if _etag in self.found else "</href><propstat><prop>"
        start = ('"</getetag>' if _etag in self.found else "") + "".join(f"<{name}>" for name in names)
        tail = "".join(f"</{name}>" for name in names) + f"{_OK}{self.not_found}</response>"
        tags = [etag for _, etag, _ in rows] if _etag in self.found else [""] * len(rows)
        hrefs = quoted([href for href, _, _ in rows])
        return [
            f"{head}{href}{middle}{tag}{start}{escape(text)}{tail}"
            for href, tag, (_, _, text) in zip(hrefs, tags, rows, strict=True)
        ]

    def _response(self, href: str, resource: Resource) -> str:
        head = f"<response><href>{self.root}{href}</href>"
        if self.bare:
            return f"{head}{status_line(200)}</response>"
        if not self.found:
            return f"{head}{self.not_found}</response>"
        props = "".join([render(resource) for render in self.found])
        return f"{head}<propstat><prop>{props}{_OK}{self.not_found}</response>"


def plain(names: Sequence[str]) -> bool:
    """Whether none of these names needs percent-encoding, which one look at all of them together tells."""
    return _PLAIN("\n".join(names)) is not None


def quoted(names: Sequence[str]) -> Sequence[str]:
    """Return percent-encoded names; most lists need no encoding."""
    return names if plain(names) else [quote(name) for name in names]


def layout(request: Element, collection: Collection, root: str, floating: tzinfo | None = None) -> Layout:
    """Read which properties a report asks for. Raises ``Invalid`` for data in a format that is not served.

    Floating times are meant in ``floating``, or else in the zone of the collection.
    """
    if request.find(f"{DAV}allprop") is not None:
        return Layout(root, tuple(_SIMPLE[tag](collection) for tag in _ALL), "", needs_text=True, bare=False)
    if request.find(f"{DAV}propname") is not None:
        names = "".join(element(tag) for tag in _SIMPLE)
        return Layout(root, (lambda _: names,), "", needs_text=False, bare=False)
    prop = request.find(f"{DAV}prop")
    wanted = {} if prop is None else {child.tag: child for child in prop}
    zone = floating or ZoneInfo(collection.floating_zone)
    renders = {tag: _render(child, collection, zone) for tag, child in wanted.items()}
    unknown = "".join(element(tag) for tag, render in renders.items() if render is None)
    return Layout(
        root,
        tuple(render for render in renders.values() if render is not None),
        f"<propstat><prop>{unknown}</prop>{NOT_FOUND}</propstat>" if unknown else "",
        needs_text=any(tag in _FROM_TEXT for tag in wanted),
        bare=not wanted,
    )


def _render(wanted: Element, collection: Collection, floating: tzinfo) -> Render | None:
    calendar = collection.kind is CollectionKind.CALENDAR
    if wanted.tag == f"{CALDAV}calendar-data" and calendar:
        return _data("C:calendar-data", calendar_data(wanted), floating)
    if wanted.tag == f"{CARDDAV}address-data" and not calendar:
        return _data("CR:address-data", address_data(wanted), floating)
    make = _SIMPLE.get(wanted.tag)
    return make(collection) if make else None


def _data(name: str, selection: Selection, floating: tzinfo) -> Render:
    if selection.whole:
        return _Whole(name)
    return _Part(name, selection, floating)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Returns the text of each resource as it is."""

    name: str

    def __call__(self, resource: Resource) -> str:
        return f"<{self.name}>{escape(resource.text)}</{self.name}>"


@dataclass(slots=True)
class _Part:
    """Returns the wanted part of each resource, and at most so much in one answer: expansion makes much of little."""

    name: str
    selection: Selection
    floating: tzinfo
    left: int = MAX_PARTS

    def __call__(self, resource: Resource) -> str:
        try:
            (whole,) = parse(resource.text)
            text = retrieve(whole, self.selection, self.floating)
        except (Invalid, ValueError):  # better more than was asked for than a whole answer lost to one resource (D18)
            text = resource.text
        self.left -= len(text)
        if self.left < 0:
            raise NotAllowed(
                "These are too many events at once: ask for a shorter time.",
                condition="D:number-of-matches-within-limits",
            )
        return f"<{self.name}>{escape(text)}</{self.name}>"


def _content_type(collection: Collection) -> Render:
    if collection.kind is CollectionKind.ADDRESS_BOOK:
        return lambda _: "<getcontenttype>text/vcard;charset=utf-8</getcontenttype>"
    return lambda resource: (
        f"<getcontenttype>text/calendar;charset=utf-8;component={resource.component}</getcontenttype>"
    )


def _privileges(collection: Collection) -> Render:
    held = _READ if collection.read_only else _READ + _WRITE
    return lambda _: f"<current-user-privilege-set>{held}</current-user-privilege-set>"


def _etag(resource: Resource) -> str:
    return f'<getetag>"{resource.etag}"</getetag>'


def _modified(resource: Resource) -> str:
    return f"<getlastmodified>{format_datetime(resource.modified_at, usegmt=True)}</getlastmodified>"


_SIMPLE: Mapping[str, Callable[[Collection], Render]] = {
    f"{DAV}getetag": lambda _: _etag,
    f"{DAV}getcontenttype": _content_type,
    f"{DAV}getlastmodified": lambda _: _modified,
    f"{DAV}getcontentlength": lambda _: (
        lambda resource: f"<getcontentlength>{len(resource.text.encode())}</getcontentlength>"
    ),
    f"{DAV}resourcetype": lambda _: lambda _: "<resourcetype/>",
    f"{DAV}displayname": lambda _: lambda resource: f"<displayname>{escape(resource.href)}</displayname>",
    f"{DAV}current-user-privilege-set": _privileges,
}
# RFC 3744 5.4: privileges are not part of allprop.
_ALL = tuple(tag for tag in _SIMPLE if tag != f"{DAV}current-user-privilege-set")
_FROM_TEXT = frozenset({f"{DAV}getcontentlength", f"{CALDAV}calendar-data", f"{CARDDAV}address-data"})
