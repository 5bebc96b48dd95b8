"""An account on a real server, behind a proxy that can be told to make trouble."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from defusedxml.ElementTree import fromstring

from bridge.core import ical, vcard
from bridge.core.contact import Contact
from bridge.core.contentline import serialize
from bridge.core.event import Event
from bridge.ports import RemoteId, T
from bridge.providers.caldav.provider import CalDavConnector
from bridge.services.connections import NewAccount
from tests.harness import FixedClock
from tests.providers.servers import LOGIN, PASSWORD, RemoteServer, Reply, Request, scripted
from tests.services.sync.scenarios.remotes import Other, Shelf

Trick = Callable[[Request, Callable[[], Reply]], Reply]
_NAMES = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
_UID = re.compile(r"^(UID:[^\r\n]*)", re.MULTILINE)
_MEMBER = re.compile(
    rb"<([A-Za-z0-9]+:)?response>(?:(?!</([A-Za-z0-9]+:)?response>).)*\.(?:ics|vcf)<.*?</\1response>", re.S
)


@dataclass
class Front:
    """Passes everything on to the server, for those who know the password and as long as there are no tricks."""

    server: RemoteServer
    secret: str = PASSWORD
    tricks: list[Trick] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        wanted = base64.b64encode(f"{LOGIN}:{self.secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")
        answer: Callable[[], Reply] = lambda: self._pass_on(request)  # noqa: E731
        for trick in self.tricks:
            answer = _tricked(trick, request, answer)
        return answer()

    def _pass_on(self, request: Request) -> Reply:
        own = {"host", "content-length", "connection", "accept-encoding", "authorization"}
        headers = {name: value for name, value in request.headers.items() if name not in own}
        reply = self.server.ask(request.method, request.path, request.body.decode(), headers)
        kept = {"content-type", "etag", "dav", "location"}
        return Reply(reply.status, {k: v for k, v in reply.headers.items() if k.lower() in kept}, reply.body)


def _tricked(trick: Trick, request: Request, answer: Callable[[], Reply]) -> Callable[[], Reply]:
    return lambda: trick(request, answer)


class DavShelf(Shelf[T]):
    """One collection. ``suffix`` tells which kind."""

    def __init__(self, server: RemoteServer, front: str, url: str, name: str, clock: FixedClock, suffix: str) -> None:
        self.server = server
        self.path = urlsplit(url).path
        self.id = RemoteId(urljoin(front, self.path))
        self.name = name
        self.clock = clock
        self.suffix = suffix
        self.added = 0

    def all(self) -> dict[RemoteId, T]:
        reply = self.server.must("PROPFIND", self.path, _NAMES, {"Depth": "1"})
        hrefs = [unquote(each.findtext("{DAV:}href", "")) for each in fromstring(reply.body)]
        paths = [urlsplit(href).path for href in hrefs if href.endswith(self.suffix)]
        return {RemoteId(path): self._read(self.text(RemoteId(path))) for path in paths}

    def add(self, obj: T) -> RemoteId:
        self.added += 1
        path = f"{self.path}other{self.added}{self.suffix}"
        self.server.must("PUT", path, self._drawn(replace(obj, modified=self.clock.now())))
        return RemoteId(path)

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        text = self.text(id)
        wanted = replace(self._read(text), modified=self.clock.now(), **changes)
        self.server.must("PUT", id, self._patched(text, wanted))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.server.must("DELETE", id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        self.added += 1
        path = f"{self.path}other{self.added}{self.suffix}"
        self.server.must("PUT", path, _UID.sub(rf"\g<1>-{self.added}", self.text(id)))
        return RemoteId(path)

    def remove(self) -> None:
        self.server.must("DELETE", self.path)

    def text(self, id: RemoteId) -> str:  # noqa: A002
        return self.server.must("GET", id).body.decode()

    def _read(self, text: str) -> T:
        raise NotImplementedError

    def _drawn(self, obj: T) -> str:
        raise NotImplementedError

    def _patched(self, text: str, obj: T) -> str:
        raise NotImplementedError


class DavCalendar(DavShelf[Event]):
    def _read(self, text: str) -> Event:
        return ical.event(ical.read(text))

    def _drawn(self, obj: Event) -> str:
        return ical.render(obj, stamp=self.clock.now())

    def _patched(self, text: str, obj: Event) -> str:
        return serialize(ical.patch(ical.read(text), obj, stamp=self.clock.now()))


class DavBook(DavShelf[Contact]):
    def _read(self, text: str) -> Contact:
        return vcard.contact(vcard.to_v3(vcard.read(text)))

    def _drawn(self, obj: Contact) -> str:
        return vcard.render(obj, stamp=self.clock.now())

    def _patched(self, text: str, obj: Contact) -> str:
        return serialize(vcard.patch(vcard.read(text), replace(obj, uid=""), stamp=self.clock.now()))


class DavOther(Other):
    def __init__(self, front: Front, url: str, clock: FixedClock) -> None:
        self.front = front
        self.url = url
        self.clock = clock
        self.connector = CalDavConnector(clock)
        self.account = NewAccount("caldav", url=url, username=LOGIN, secret=PASSWORD)
        self.made: list[DavShelf[Any]] = []
        self.calendar: Shelf[Event] = self.add_calendar("Work")
        book = DavBook(front.server, url, front.server.make_book(), "People", clock, ".vcf")
        self.made.append(book)
        self.group: Shelf[Contact] = book

    def add_calendar(self, name: str) -> Shelf[Event]:
        made = self.front.server.make_calendar(name)
        shelf = DavCalendar(self.front.server, self.url, made, name, self.clock, ".ics")
        self.made.append(shelf)
        return shelf

    def change_password(self, secret: str) -> None:
        self.front.secret = secret

    def overload(self, seconds: int) -> None:
        self._play(lambda _request, _answer: Reply(503, {"Retry-After": str(seconds)}, b""))

    def forbid_writing(self) -> None:
        def trick(request: Request, answer: Callable[[], Reply]) -> Reply:
            return Reply(403, {}, b"") if request.method in {"PUT", "DELETE"} else answer()

        self._play(trick)

    def talk_nonsense(self) -> None:
        self._play(lambda _request, _answer: Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome!</html>"))

    def break_listings(self) -> None:
        self._play(_rewriting(lambda body: body[: len(body) // 2]))

    def list_twice(self) -> None:
        self._play(_rewriting(lambda body: _MEMBER.sub(lambda found: found[0] * 2, body, count=1)))

    def fail_for(self, uid: str) -> None:
        self._play(_at_writes(uid, Reply(500, {}, b"")))

    def refuse(self, uid: str) -> None:
        self._play(_at_writes(uid, Reply(415, {}, b"")))

    def say_uid(self, uid: str, instead: str) -> None:
        line = f"UID:{instead}".encode() if instead else b"X-NONE:1"
        self._play(_rewriting(lambda body: body.replace(f"UID:{uid}".encode(), line)))

    def recover(self) -> None:
        self.front.tricks.clear()

    def clear(self) -> None:
        """Leave nothing behind for the next test."""
        for shelf in self.made:
            self.front.server.ask("DELETE", shelf.path)

    def _play(self, trick: Trick) -> None:
        self.front.tricks.append(trick)


def _rewriting(change: Callable[[bytes], bytes]) -> Trick:
    """Spoil what listings and reports say."""

    def trick(request: Request, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        spoiled = request.method in {"PROPFIND", "REPORT", "GET"} and reply.status in {200, 207}
        return replace(reply, body=change(reply.body)) if spoiled else reply

    return trick


def _at_writes(uid: str, instead: Reply) -> Trick:
    def trick(request: Request, answer: Callable[[], Reply]) -> Reply:
        return instead if request.method == "PUT" and uid.encode() in request.body else answer()

    return trick


@contextmanager
def dav_account(server: RemoteServer, clock: FixedClock) -> Iterator[DavOther]:
    """A fresh calendar and address book behind a proxy of their own."""
    front = Front(server)
    with scripted(front) as running:
        other = DavOther(front, running.url, clock)
        try:
            yield other
        finally:
            other.clear()
