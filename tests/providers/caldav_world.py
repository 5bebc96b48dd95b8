"""Real servers as worlds of the contract: another user acts there directly, trouble comes from a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Generic
from urllib.parse import urlsplit

from bridge.core import ical, vcard
from bridge.core.contact import Contact, ContactKind
from bridge.core.contentline import serialize
from bridge.core.event import Event, EventKind
from bridge.ports import RemoteId, Side, SignIn, T
from bridge.providers.caldav.provider import CalDavConnector, CalDavProvider
from tests.harness import NOW, FixedClock
from tests.providers.servers import LOGIN, PASSWORD, RemoteServer, Reply, Request, scripted

MARK = "X-OTHER-PROGRAM;X-P=1:kept as it is"


@dataclass
class Proxy:
    """Stands before a server and passes everything on, until a test says otherwise."""

    server: RemoteServer
    instead: Reply | None = None
    failing: list[bytes] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        if self.instead is not None:
            return self.instead
        for text in self.failing:
            if request.method == "PUT" and text in request.body:
                self.failing.remove(text)
                return Reply(500, {}, b"")
        passed = {"host", "content-length", "connection", "accept-encoding", "authorization"}
        headers = {name: value for name, value in request.headers.items() if name not in passed}
        reply = self.server.ask(request.method, request.path, request.body.decode(), headers)
        kept = {"content-type", "etag", "dav", "location"}
        return Reply(reply.status, {k: v for k, v in reply.headers.items() if k.lower() in kept}, reply.body)


@dataclass
class DavWorld(Generic[T]):
    """One collection. What a kind of object needs is in the subclasses."""

    proxy: Proxy
    url: str
    path: str
    suffix: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def server(self) -> RemoteServer:
        return self.proxy.server

    def provider(self) -> CalDavProvider:
        sign_in = SignIn(url=self.url, username=LOGIN, secret=PASSWORD)
        return CalDavConnector(FixedClock()).open(sign_in, lambda _: None)

    def open(self) -> Side[T]:
        raise NotImplementedError

    def draw(self, obj: T) -> str:
        raise NotImplementedError

    def patched(self, text: str, obj: T) -> str:
        raise NotImplementedError

    def spoiled(self, text: str) -> str:
        raise NotImplementedError

    def never_taken(self) -> T:
        raise NotImplementedError

    def add(self, obj: T) -> RemoteId:
        path = f"{self.path}other{next(self._numbers)}{self.suffix}"
        self.server.must("PUT", path, self.draw(obj))
        return RemoteId(path)

    def edit(self, id: RemoteId, obj: T) -> None:  # noqa: A002
        self.server.must("PUT", id, self.patched(self._text(id), obj))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.server.must("DELETE", id)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        text = self._text(id).replace("\r\n", "\n")
        self.server.must("PUT", id, text.replace("\nUID", f"\n{MARK}\nUID", 1).replace("\n", "\r\n"))

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        return MARK in self._text(id)

    def mails(self) -> int:
        return 0  # neither server can send any

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.server.must("PUT", id, self.spoiled(self._text(id)))

    def fail_once(self, obj: T) -> None:
        self.proxy.failing.append(obj.uid.encode())

    def remove(self) -> None:
        self.server.must("DELETE", self.path)

    def overload(self) -> None:
        self.proxy.instead = Reply(503, {"Retry-After": "30"}, b"")

    def talk_nonsense(self) -> None:
        self.proxy.instead = Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Welcome!</html>")

    def revoke(self) -> None:
        self.proxy.instead = Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")

    def forbid(self) -> None:
        self.proxy.instead = Reply(403, {}, b"")

    def _text(self, id: RemoteId) -> str:  # noqa: A002
        return self.server.must("GET", id).body.decode()


class CalendarWorld(DavWorld[Event]):
    """A calendar."""

    def open(self) -> Side[Event]:
        return self.provider().open_calendar(RemoteId(f"{self.url.rstrip('/')}{self.path}"))

    def draw(self, obj: Event) -> str:
        return ical.render(obj, stamp=NOW)

    def patched(self, text: str, obj: Event) -> str:
        return serialize(ical.patch(ical.read(text), obj, stamp=NOW))

    def spoiled(self, text: str) -> str:
        lines = text.replace("VEVENT", "VTODO").replace("DTEND", "DUE").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(("TRANSP", "STATUS")))

    def never_taken(self) -> Event:
        return Event("task@example.com", EventKind.TASK, summary="A task")


class BookWorld(DavWorld[Contact]):
    """An address book."""

    def open(self) -> Side[Contact]:
        return self.provider().open_group(RemoteId(f"{self.url.rstrip('/')}{self.path}"))

    def draw(self, obj: Contact) -> str:
        return vcard.render(obj, stamp=NOW)

    def patched(self, text: str, obj: Contact) -> str:
        return serialize(vcard.patch(vcard.read(text), replace(obj, uid=""), stamp=NOW))

    def spoiled(self, text: str) -> str:
        return text.replace("VERSION:3.0", "VERSION:9.9")

    def never_taken(self) -> Contact:
        return Contact("group", ContactKind.GROUP, "A group")


@contextmanager
def calendar_world(server: RemoteServer) -> Iterator[CalendarWorld]:
    """A fresh calendar behind a proxy of its own."""
    proxy = Proxy(server)
    with scripted(proxy) as front:
        yield CalendarWorld(proxy, front.url, urlsplit(server.make_calendar("Work", "VEVENT", "VTODO")).path, ".ics")


@contextmanager
def book_world(server: RemoteServer) -> Iterator[BookWorld]:
    """A fresh address book behind a proxy of its own."""
    proxy = Proxy(server)
    with scripted(proxy) as front:
        yield BookWorld(proxy, front.url, urlsplit(server.make_book()).path, ".vcf")
