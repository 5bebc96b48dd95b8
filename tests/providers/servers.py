"""Real CalDAV and CardDAV servers, started for the tests on the loopback interface."""

from __future__ import annotations

import base64
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.processes import Process, free_port
from bridge.ports import RemoteId, SignIn

LOGIN, PASSWORD = "anna", "äpfel & birnen"
PATIENCE = 120  # seconds

_CALENDAR = (
    '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><D:set>'
    "<D:prop><D:displayname>{name}</D:displayname><A:calendar-color>#11aa33ff</A:calendar-color>"
    "<C:supported-calendar-component-set>{components}</C:supported-calendar-component-set>"
    "</D:prop></D:set></C:mkcalendar>"
)
_BOOK = (
    '<D:mkcol xmlns:D="DAV:" xmlns:CR="urn:ietf:params:xml:ns:carddav"><D:set><D:prop>'
    "<D:resourcetype><D:collection/><CR:addressbook/></D:resourcetype><D:displayname>{name}</D:displayname>"
    "</D:prop></D:set></D:mkcol>"
)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


SILENCE = Reply(0, {}, b"")
"""No answer at all: a scripted server closes the connection instead."""


@dataclass
class RemoteServer:
    """A running server with one account. ``home`` is where calendars and address books are made."""

    name: str
    port: int
    process: Process
    calendar_home: str
    book_home: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def sign_in(self) -> SignIn:
        return SignIn(url=self.url, username=LOGIN, secret=PASSWORD)

    def make_calendar(self, name: str = "Work", *components: str) -> RemoteId:
        named = "".join(f'<C:comp name="{each}"/>' for each in components or ("VEVENT",))
        path = f"{self.calendar_home}calendar{next(self._numbers)}/"
        self.must("MKCALENDAR", path, _CALENDAR.format(name=name, components=named))
        return RemoteId(f"{self.url.rstrip('/')}{path}")

    def make_book(self, name: str = "People") -> RemoteId:
        path = f"{self.book_home}book{next(self._numbers)}/"
        self.must("MKCOL", path, _BOOK.format(name=name))
        return RemoteId(f"{self.url.rstrip('/')}{path}")

    def must(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> Reply:
        """Ask as another client would; anything but success fails the test."""
        reply = self.ask(method, path, body, headers)
        assert 200 <= reply.status < 300, f"{self.name}: {method} {path}: {reply.status} {reply.body[:500]!r}"
        return reply

    def ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> Reply:
        """Ask as another client would."""
        credentials = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        types = {"PUT": "text/vcard" if path.endswith(".vcf") else "text/calendar"}
        sent = {"authorization": f"Basic {credentials}", "content-type": types.get(method, "application/xml")}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body.encode(), sent)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers.items()), answer.read())
        finally:
            connection.close()


@contextmanager
def radicale(folder: Path) -> Iterator[RemoteServer]:
    """Stock Radicale: its own server, file storage, ``htpasswd`` with plain passwords."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "users").write_text(f"{LOGIN}:{PASSWORD}\n", encoding="utf-8")
    options: dict[str, dict[str, Any]] = {
        "server": {"hosts": f"127.0.0.1:{port}"},
        "auth": {"type": "htpasswd", "htpasswd_filename": folder / "users", "htpasswd_encryption": "plain"},
        "storage": {"filesystem_folder": folder / "collections"},
    }
    written = ConfigParser(interpolation=None)
    written.read_dict(options)
    with (folder / "config").open("w", encoding="utf-8") as file:
        written.write(file)
    process = Process((sys.executable, "-m", "radicale", "--config", folder / "config"), port, folder / "log")
    with _running(process):
        yield RemoteServer("Radicale", port, process, f"/{LOGIN}/", f"/{LOGIN}/")


@contextmanager
def xandikos(folder: Path) -> Iterator[RemoteServer]:
    """Xandikos with its own server and git repositories. It lets everybody in."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = (sys.executable, "-m", "xandikos", "serve", "--directory", folder / "data", "--defaults")
    place = ("--no-detect-systemd", "--listen-address", "127.0.0.1", "--port", str(port))
    user = ("--current-user-principal", f"/{LOGIN}/", "--state-dir", folder / "state")
    process = Process((*program, *place, *user), port, folder / "log")
    with _running(process):
        yield RemoteServer("Xandikos", port, process, f"/{LOGIN}/calendars/", f"/{LOGIN}/contacts/")


@contextmanager
def _running(process: Process) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        process.stop()


@dataclass(frozen=True, slots=True)
class Request:
    """What a scripted server was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """A server that answers as a test says, and remembers what it was asked."""

    answer: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def methods(self) -> list[str]:
        return [each.method for each in self.asked]


@contextmanager
def scripted(answer: Callable[[Request], Reply], tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a scripted server, over TLS where a context is given."""
    state = ScriptedServer(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = PATIENCE

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            state.asked.append(request)
            reply = state.answer(request)
            if reply is SILENCE:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()
            if "Content-Length" in reply.headers:
                self.close_connection = True  # it was a lie

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that breaks off is what is tested

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def multistatus(*rows: str, token: str = "") -> Reply:
    """A 207 with these DAV:response elements."""
    end = f"<D:sync-token>{token}</D:sync-token>" if token else ""
    names = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CR="urn:ietf:params:xml:ns:carddav"'
    more = 'xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"'
    text = f"<D:multistatus {names} {more}>{''.join(rows)}{end}</D:multistatus>"
    return Reply(207, {"Content-Type": "application/xml; charset=utf-8"}, text.encode())


def row(href: str, props: str = "", status: int = 200) -> str:
    """A DAV:response with properties, or with a status only."""
    line = f"<D:status>HTTP/1.1 {status} Whatever</D:status>"
    inner = f"<D:propstat><D:prop>{props}</D:prop>{line}</D:propstat>" if props else line
    return f"<D:response><D:href>{href}</D:href>{inner}</D:response>"
