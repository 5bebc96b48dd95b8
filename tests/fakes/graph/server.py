"""The mailbox as a whole: who may come in, which faults strike, and what the shapes say of requests and answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bridge.providers.graph.installation import FOR_CALENDARS, FOR_CONTACTS, Installation
from tests.fakes.google.oauth import CLIENT_ID, CLIENT_SECRET
from tests.fakes.google.server import CUT, Fault
from tests.fakes.graph import contacts
from tests.fakes.graph.answers import JSON, Refusal, ok, refused
from tests.fakes.graph.contacts import FakeFolder
from tests.fakes.graph.events import FakeCalendar
from tests.fakes.graph.oauth import MicrosoftOAuth
from tests.fakes.graph.routes import Asked, answer, call_id
from tests.fakes.graph.shapes import check
from tests.fakes.graph.subscriptions import FakeSubscriptions
from tests.providers.servers import Reply, Request, ScriptedServer, scripted

__all__ = ["CUT", "FakeGraph", "Fault", "graph"]

ADDRESS = "anna@example.com"
_ROOT = "/v1.0"
_MOST = 20


@dataclass
class FakeGraph:
    """One mailbox. ``mistakes`` are requests and answers of shapes that are not known: a test wants none.

    Faults strike requests, those inside of a batch included. ``calls`` are the requests on the wire.
    """

    calendars: dict[str, FakeCalendar] = field(default_factory=dict)
    folders: dict[str, FakeFolder] = field(default_factory=dict)
    oauth: MicrosoftOAuth = field(default_factory=lambda: MicrosoftOAuth((*FOR_CALENDARS, *FOR_CONTACTS)))
    subscriptions: FakeSubscriptions = field(default_factory=FakeSubscriptions)
    zone: str = "FLE Standard Time"
    faults: list[Fault] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    url: str = ""
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.add_calendar("AAkALgAADefault=", "Calendar").default = True
        self.add_folder(contacts.DEFAULT, "Contacts")

    @property
    def installation(self) -> Installation:
        """This Graph as a program is configured for it."""
        return Installation(
            CLIENT_ID,
            CLIENT_SECRET,
            graph_url=f"{self.url}{_ROOT}",
            token_url=f"{self.url}/{{tenant}}/token",
            authorization_url=f"{self.url}/{{tenant}}/authorize",
            admin_consent_url=f"{self.url}/{{tenant}}/adminconsent",
        )

    def add_calendar(self, id_: str, name: str) -> FakeCalendar:
        self.calendars[id_] = FakeCalendar(id_, ADDRESS, name)
        return self.calendars[id_]

    def add_folder(self, id_: str, name: str, parent: str = "folder-root") -> FakeFolder:
        self.folders[id_] = FakeFolder(id_, name, parent)
        return self.folders[id_]

    def secret(self, **changes: object) -> str:
        """A token that is good."""
        token = {
            "access_token": self.oauth.issue(),
            "refresh_token": self.oauth.refresh_token,
            "scopes": list(self.oauth.scopes),
        }
        return json.dumps(token | changes)

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            if urlsplit(request.path).path.endswith("/token"):
                return self._struck("token", request, wire=True)
            path = urlsplit(request.path).path.removeprefix(_ROOT)
            name = "batch" if path == "/$batch" else call_id(request.method, path)
            return self._struck(name or f"{request.method} {path}", request, wire=True)

    def _struck(self, name: str, request: Request, *, wire: bool) -> Reply:
        """Carry out a request unless a fault strikes it."""
        (self.calls if wire else self.inner).append(name)
        fault = next((each for each in self.faults if each.hits(name, request)), None)
        if fault is not None and not fault.after and isinstance(fault.reply, Reply):
            return fault.reply
        reply = self._carried_out(name, request)
        if fault is None:
            return reply
        return fault.reply if isinstance(fault.reply, Reply) else fault.reply(reply)

    def _carried_out(self, name: str, request: Request) -> Reply:
        if name == "token":
            return self.oauth.answer(dict(parse_qsl(request.body.decode())))
        if not self.oauth.lets_in(request.headers):
            return refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        if name == "batch":
            return self._batch(request)
        return self._judged(name, request)

    def _batch(self, request: Request) -> Reply:
        rows = json.loads(request.body)["requests"]
        if not 2 <= len(rows) <= _MOST or len({row["id"] for row in rows}) != len(rows):
            self.mistakes.append(f"a batch of {len(rows)}")
            return refused(400, "BadRequest", "Invalid batch payload format.")
        return ok({"responses": [self._inner(row, request) for row in reversed(rows)]})  # in no order at all

    def _inner(self, row: dict[str, Any], outer: Request) -> Reply | dict[str, Any]:
        headers = {name.lower(): value for name, value in row.get("headers", {}).items()}
        headers["authorization"] = outer.headers["authorization"]
        body = json.dumps(row["body"]).encode() if "body" in row else b""
        if body and headers.get("content-type") != "application/json":
            self.mistakes.append("a body in a batch does not say what it is")
        asked = Request(row["method"], f"{_ROOT}{row['url']}", headers, body)
        path = urlsplit(asked.path).path.removeprefix(_ROOT)
        reply = self._struck(call_id(asked.method, path) or f"{asked.method} {path}", asked, wire=False)
        told: dict[str, Any] = {"id": row["id"], "status": reply.status, "headers": dict(reply.headers)}
        if reply.headers.get("Content-Type", JSON).startswith("application/json") and reply is not CUT:
            return told | ({"body": json.loads(reply.body)} if reply.body else {})
        return told | {"body": base64.b64encode(reply.body).decode()}

    def _judged(self, name: str, request: Request) -> Reply:
        asked = Asked.of(request, _ROOT)
        if 'IdType="ImmutableId"' not in asked.prefer or 'outlook.timezone="UTC"' not in asked.prefer:
            self.mistakes.append(f"{name} does not ask for lasting ids and times in UTC")
        try:
            reply, wrong = answer(self, name, asked)
        except Refusal as refusal:
            reply, wrong = refusal.reply, list(check("failure", json.loads(refusal.reply.body), name))
        self.mistakes += wrong
        return reply


@contextmanager
def graph() -> Iterator[tuple[FakeGraph, ScriptedServer]]:
    """A Graph that listens. At the end, no request or answer may have been one whose shape is not known."""
    fake = FakeGraph()
    with scripted(fake) as running:
        fake.url = running.url.rstrip("/")
        yield fake, running
    assert fake.mistakes == []
