"""A collection in memory, as the reports see it, and the parts of an answer."""

import collections.abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from bridge.core.contentline import parse
from bridge.core.recurrence import span
from bridge.errors import Invalid
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Changes, Collection, Resource
from plugins.reports import Answer, answer, read_request

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
STAMP = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)


def collection(kind: CollectionKind, component: str, name: str, **more: object) -> Collection:
    made = Collection(1, "c1", "alice", 1, 1, name, kind, component, 1, 9, STAMP, "Europe/Riga")
    return replace(made, **more)  # type: ignore[arg-type]


ACTIVITIES = collection(CollectionKind.CALENDAR, "VEVENT", "activities")
TASKS = collection(CollectionKind.CALENDAR, "VTODO", "tasks")
CONTACTS = collection(CollectionKind.ADDRESS_BOOK, "VCARD", "contacts")


def resource(href: str, text: str, revision: int = 1) -> Resource:
    """A resource whose columns follow from its text, as the store fills them."""
    if "BEGIN:VCARD" in text:
        return Resource(href, href, "VCARD", f"e-{href}", text, revision, STAMP)
    (whole,) = parse(text)
    component = next(inner for inner in whole.components if inner.name != "VTIMEZONE")
    first, last = span(whole, ZoneInfo(ACTIVITIES.floating_zone))
    recurring = any(component.line(name) for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
    return Resource(href, href, component.name, f"e-{href}", text, revision, STAMP, first, last, recurring)


@dataclass
class MemoryReader:
    """Everything in lists; ``calls`` tells what was asked for, ``texts`` whether with texts."""

    where: Collection
    resources: list[Resource] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def collection(self, owner: str, name: str) -> Collection | None:
        return self.where if (owner, name) == (self.where.owner, self.where.name) else None

    def get_many(self, _where: Collection, hrefs: collections.abc.Collection[str]) -> Mapping[str, Resource]:
        self.calls.append("get_many")
        return {found.href: found for found in self._live() if found.href in set(hrefs)}

    def texts(self, _where: Collection, hrefs: collections.abc.Collection[str]) -> list[tuple[str, str, str]]:
        self.calls.append("texts")
        return [(found.href, found.etag, found.text) for found in self._live() if found.href in set(hrefs)]

    def listing(self, _where: Collection, *, text: bool) -> Iterator[Resource]:
        self.calls.append(f"listing {text}")
        return self._without(self._live(), text=text)

    def tags(self, _where: Collection) -> list[tuple[str, str]]:
        self.calls.append("tags")
        return [(resource.href, resource.etag) for resource in self._live()]

    def in_range(self, _where: Collection, start: int | None, end: int | None, *, text: bool) -> Iterator[Resource]:
        self.calls.append(f"in_range {text}")
        near = (
            found
            for found in self._live()
            if found.first_start is None
            or (
                (end is None or found.first_start < end)
                and (start is None or found.last_end is None or found.last_end >= start)
            )
        )
        return self._without(near, text=text)

    def changes(self, _where: Collection, token: str, limit: int | None) -> Changes:
        self.calls.append("changes")
        if token and not token.startswith("t:"):
            raise Invalid("This sync-token is not ours.", condition="D:valid-sync-token")
        since = int(token[2:]) if token else 0
        found = sorted((one for one in self.resources if one.revision > since), key=lambda one: one.revision)
        found = [one for one in found if token or not one.deleted]
        part = found[:limit]
        newest = part[-1].revision if part and len(part) < len(found) else self.where.revision
        return Changes(f"t:{newest}", tuple(self._without(iter(part), text=False)), len(part) < len(found))

    def search(self, _where: Collection, text: str) -> Iterator[Resource]:
        self.calls.append(f"search {text}")
        return (found for found in self._live() if text in found.text.replace("\r\n ", "").lower())

    def _live(self) -> Iterator[Resource]:
        return (found for found in self.resources if not found.deleted)

    def _without(self, found: Iterator[Resource], *, text: bool) -> Iterator[Resource]:
        return found if text else (replace(one, text="") for one in found)


@dataclass(frozen=True)
class Response:
    """One response of a multistatus: values of the properties found, names of those not found."""

    status: int | None
    found: dict[str, str]
    missing: list[str]


def ask(reader: MemoryReader, body: str, path: str = "", prefix: str = "/dav") -> Answer:
    where = path or f"/{reader.where.owner}/{reader.where.name}/"
    return answer(read_request(body.encode()), principal="alice", base_prefix=prefix, path=where, reader=reader)


def responses(given: Answer) -> dict[str, Response]:
    assert given.status == 207, given.body.decode()
    root = ET.fromstring(given.body)
    assert root.tag == f"{DAV}multistatus"
    found = {element.findtext(f"{DAV}href", ""): _response(element) for element in root.findall(f"{DAV}response")}
    assert len(found) == len(root.findall(f"{DAV}response"))
    return found


def _response(element: ET.Element) -> Response:
    found: dict[str, str] = {}
    missing: list[str] = []
    for index, propstat in enumerate(element.findall(f"{DAV}propstat")):
        status = propstat.findtext(f"{DAV}status", "")
        props = propstat.findall(f"{DAV}prop/*")
        assert props
        if status == "HTTP/1.1 200 OK":
            assert index == 0
            found.update({prop.tag: "".join(prop.itertext()) for prop in props})
        else:
            assert status == "HTTP/1.1 404 Not Found"
            missing.extend(prop.tag for prop in props)
    status = element.findtext(f"{DAV}status")
    return Response(int(status.split()[1]) if status else None, found, missing)


def names(given: Answer) -> set[str]:
    """The last segments of the hrefs in the answer."""
    return {href.rpartition("/")[2] for href in responses(given)}


def condition(given: Answer) -> str:
    """The Clark name of the violated precondition, ``""`` for none."""
    root = ET.fromstring(given.body)
    assert root.tag == f"{DAV}error"
    assert root.findtext(f"{DAV}responsedescription")
    return next((child.tag for child in root if child.tag != f"{DAV}responsedescription"), "")


def event(body: str, uid: str = "1") -> str:
    lines = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:{uid}\n{body.strip()}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return lines.replace("\n", "\r\n")


def todo(body: str, uid: str = "1") -> str:
    return event(body, uid).replace("VEVENT", "VTODO")


def vcard(body: str) -> str:
    return f"BEGIN:VCARD\nVERSION:3.0\n{body.strip()}\nEND:VCARD\n".replace("\n", "\r\n")
