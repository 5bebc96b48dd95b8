"""What several tests need: a clock that stands still, services over a database, an HTTP client without a network."""

import base64
import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from bridge.cli.gateway import gateway
from bridge.core.activity import ActivityType
from bridge.core.user import User
from bridge.services.activities import Activities
from bridge.services.actor import Actor
from bridge.services.contacts import Contacts
from bridge.services.devices import Devices
from bridge.services.feeds import Feeds
from bridge.services.journal import Journal
from bridge.services.principals import Principals
from bridge.services.redrawing import Redraws
from bridge.services.resources import Resources
from bridge.services.settings import Settings
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.models.journal import Source
from plugins.application import DavOptions, DavServices, create_application

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CRM = Actor(None, Source.CRM)

TYPES = (
    ActivityType("call", "Call", "dodgerblue", timedelta(minutes=30), position=1),
    ActivityType("meeting", "Meeting", "seagreen", timedelta(hours=1), position=2),
    ActivityType("task", "Task", "goldenrod", timedelta(minutes=30), busy=False, position=3),
    ActivityType("deadline", "Deadline", "crimson", timedelta(minutes=30), busy=False, position=4),
)


@dataclass
class FixedClock:
    """Time stands still unless a test moves it."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def advance(self, step: timedelta) -> None:
        self.moment += step


@dataclass
class Office:
    """Services over one database, with a clock under the test's control."""

    database: Database
    clock: FixedClock = field(default_factory=FixedClock)
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        parts = (self.database, self.clock, self.settings)
        self.principals = Principals(*parts)
        self.devices = Devices(self.database, self.clock, b"k" * 32)
        self.feeds = Feeds(self.database, self.clock, b"k" * 32, self.principals.sweep)
        self.resources = Resources(*parts)
        self.redraws = Redraws(*parts, self.principals.arrange)
        self.activities = Activities(*parts)
        self.contacts = Contacts(*parts)
        self.journal = Journal(*parts)
        with self.database.write() as session:
            for kind in TYPES:
                accounts.save_activity_type(session, kind)

    def user(self, login: str, **choices: Any) -> User:
        """Add a user with a home."""
        new = User(login, "Europe/Riga", name=login.title(), email=f"{login}@example.com")
        return self.principals.add(replace(new, **choices))

    def wsgi(self, options: DavOptions | None = None) -> Any:
        """The application with DAV and a stand-in for the page."""
        services = DavServices(self.principals, self.devices, self.resources)
        page = SimpleNamespace(calls=0)

        def landing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            page.calls += 1
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"page"]

        return gateway(create_application(services, options or DavOptions()), landing)

    def client(
        self, login: str, *, user_agent: str = "python-caldav/3.6", options: DavOptions | None = None
    ) -> "Client":
        """A DAV client of a user, with an app password of its own."""
        _, password = self.devices.add(login, "Test")
        return Client(self.wsgi(options), login, password, user_agent)


@dataclass
class Reply:
    """What a server answers."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def xml(self) -> Element:
        found: Element = fromstring(self.body)
        return found

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")

    def hrefs(self) -> list[str]:
        """The hrefs of a multistatus, without those that are gone."""
        return [
            response.findtext("{DAV:}href", "")
            for response in self.xml.findall("{DAV:}response")
            if response.find("{DAV:}propstat") is not None
        ]

    def gone(self) -> list[str]:
        """The hrefs that a multistatus calls gone."""
        return [
            response.findtext("{DAV:}href", "")
            for response in self.xml.findall("{DAV:}response")
            if "404" in response.findtext("{DAV:}status", "")
        ]


@dataclass
class Client:
    """Sends requests to a WSGI application as a client would."""

    application: Any
    login: str = ""
    password: str = ""
    user_agent: str = "python-caldav/3.6"

    def request(self, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Reply:
        octets = body.encode() if isinstance(body, str) else body
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(octets)),
            "HTTP_USER_AGENT": self.user_agent,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(octets),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if self.login:
            credentials = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
            environ["HTTP_AUTHORIZATION"] = f"Basic {credentials}"
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
        return self._call(environ)

    def _call(self, environ: dict[str, Any]) -> Reply:
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
            started["status"], started["headers"] = status, headers
            return lambda _: None

        result = self.application(environ, start_response)
        body = b"".join(result)
        if hasattr(result, "close"):
            result.close()
        return Reply(int(started["status"].split()[0]), dict(started["headers"]), body)

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path: str, body: str | bytes, **headers: str) -> Reply:
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        named = {"Content-Type": f"{kind}; charset=utf-8"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.request("PUT", path, body, named)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.request("DELETE", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def propfind(self, path: str, *props: str, depth: str = "0") -> Reply:
        wanted = "".join(f'<x:{name} xmlns:x="{namespace}"/>' for namespace, name in map(_split, props))
        body = f'<D:propfind xmlns:D="DAV:"><D:prop>{wanted}</D:prop></D:propfind>' if props else ""
        return self.request("PROPFIND", path, body, {"Depth": depth, "Content-Type": "application/xml"})

    def sync(self, path: str, token: str = "") -> tuple[str, Reply]:
        """Ask for changes; the new token and the answer."""
        body = (
            '<D:sync-collection xmlns:D="DAV:">'
            f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>"
            "<D:prop><D:getetag/></D:prop></D:sync-collection>"
        )
        reply = self.request("REPORT", path, body, {"Depth": "0", "Content-Type": "application/xml"})
        return reply.xml.findtext("{DAV:}sync-token", "") if reply.status == 207 else "", reply


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.removeprefix("{").rpartition("}")
    return namespace or "DAV:", local


def ics(*lines: str, uid: str = "one@example.com", kind: str = "VEVENT") -> str:
    """A calendar object resource with CRLF line ends. Without lines, a plain meeting."""
    body = lines or ("SUMMARY:Meeting with Ilze", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Test//EN",
            f"BEGIN:{kind}",
            f"UID:{uid}",
            "DTSTAMP:20261101T000000Z",
            *body,
            f"END:{kind}",
            "END:VCALENDAR",
            "",
        )
    )


def vcf(*lines: str, uid: str = "card-1", version: str = "3.0") -> str:
    """A card with CRLF line ends. Without lines, a plain person."""
    body = lines or ("N:Ozola;Ilze;;;", "FN:Ilze Ozola", "EMAIL;TYPE=INTERNET:ilze@example.com")
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", f"UID:{uid}", *body, "END:VCARD", ""))
