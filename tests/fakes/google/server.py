"""The account as a whole: who may come in, which faults strike, and what the documents say of requests and answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from urllib.parse import parse_qs, parse_qsl, urlsplit

from bridge.providers.google.installation import FOR_CALENDARS, FOR_CONTACTS, Installation
from tests.fakes.google import batch
from tests.fakes.google.answers import Refusal, refused
from tests.fakes.google.calendar import FakeCalendars
from tests.fakes.google.discovery import Call, document
from tests.fakes.google.oauth import CLIENT_ID, CLIENT_SECRET, FakeOAuth
from tests.fakes.google.people import FakePeople
from tests.providers.servers import Reply, Request, ScriptedServer, scripted

ADDRESS = "anna@example.com"
BATCH = "/batch/calendar/v3"


@dataclass
class Fault:
    """What happens instead of an answer: to the ``nth`` request that ``strikes`` takes, and the ``times`` after it.

    ``after``: the request is carried out, and its answer is lost. A ``reply`` that is a function changes the answer.
    """

    reply: Reply | Callable[[Reply], Reply]
    strikes: Callable[[str, Request], bool] = lambda _id, _request: True
    nth: int = 1
    times: int | None = 1
    after: bool = False
    seen: int = 0

    def hits(self, call_id: str, request: Request) -> bool:
        if not self.strikes(call_id, request):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


CUT = Reply(200, {"Content-Length": "5000", "Content-Type": "application/json"}, b'{"items": [')
"""An answer that breaks off."""


@dataclass
class FakeGoogle:
    """One account. ``mistakes`` are the requests and answers that the documents do not know: a test wants none."""

    calendars: FakeCalendars = field(default_factory=lambda: FakeCalendars(ADDRESS))
    people: FakePeople = field(default_factory=FakePeople)
    oauth: FakeOAuth = field(default_factory=lambda: FakeOAuth((*FOR_CALENDARS, *FOR_CONTACTS)))
    faults: list[Fault] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""
    _lock: RLock = field(default_factory=RLock)

    @property
    def installation(self) -> Installation:
        """This Google as a program is configured for it."""
        return Installation(
            CLIENT_ID,
            CLIENT_SECRET,
            calendar_url=f"{self.url}/calendar/v3",
            people_url=self.url,
            token_url=f"{self.url}/token",
            authorization_url=f"{self.url}/auth",
        )

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
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        path = urlsplit(request.path).path
        if path == BATCH:
            return self._batch(request)
        apis = [document("calendar.v3"), document("people.v1")]
        known = next((api for api in apis if path.startswith(api.prefix)), apis[1])
        call = known.find(request.method, path)
        call_id = {"/token": "token"}.get(path, call.id if call else "photo" if path.startswith("/photos/") else "")
        self.calls.append(call_id or f"{request.method} {path}")
        fault = next((each for each in self.faults if each.hits(call_id, request)), None)
        if fault is not None and not fault.after and isinstance(fault.reply, Reply):
            return fault.reply
        reply = self._carried_out(request, call, call_id)
        if fault is None:
            return reply
        return fault.reply if isinstance(fault.reply, Reply) else fault.reply(reply)

    def _batch(self, request: Request) -> Reply:
        """Many requests in one. A fault that strikes none of them by name may strike the whole."""
        self.calls.append("batch")
        fault = next((each for each in self.faults if each.hits("batch", replace(request, body=b""))), None)
        if fault is not None and not fault.after and isinstance(fault.reply, Reply):
            return fault.reply
        inner = batch.split(request)
        if len(inner) > batch.MOST:
            return refused(400, "The batch request exceeds the maximum of 50.", "badRequest")
        replies = [self._answer(each) for each in inner]
        broken = next((each for each in replies if batch.breaks_off(each)), None)
        reply = broken or batch.join(replies)
        if fault is None:
            return reply
        return fault.reply if isinstance(fault.reply, Reply) else fault.reply(reply)

    def _carried_out(self, request: Request, call: Call | None, call_id: str) -> Reply:
        if call_id == "token":
            return self.oauth.answer(dict(parse_qsl(request.body.decode())))
        if call_id == "photo":
            return self.people.picture(urlsplit(request.path).path)
        if not self.oauth.lets_in(request.headers):
            text = "Request had invalid authentication credentials."
            return refused(401, text, "authError", "UNAUTHENTICATED")
        if call is None:
            self.mistakes.append(f"{request.method} {request.path}: there is no such method")
            return refused(404, "Not Found", "notFound")
        return self._judged(request, call)

    def _judged(self, request: Request, call: Call) -> Reply:
        api = document("calendar.v3" if call.id.startswith("calendar.") else "people.v1")
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        body = json.loads(request.body) if request.body else None
        wrong = list(api.check_request(call, query, body))
        self.mistakes += wrong
        if wrong:
            return refused(400, wrong[0], "invalid", "INVALID_ARGUMENT")
        place = self.calendars if call.id.startswith("calendar.") else self.people
        try:
            reply = place.answer(call, query, body or {}, request.headers)
        except Refusal as refusal:
            return refusal.reply
        self.mistakes += api.check_answer(call, json.loads(reply.body) if reply.body else None)
        return reply


@contextmanager
def google() -> Iterator[tuple[FakeGoogle, ScriptedServer]]:
    """A Google that listens. At the end, no request or answer may have been one that its documents do not know."""
    fake = FakeGoogle()
    with scripted(fake) as running:
        fake.url = running.url.rstrip("/")
        fake.people.url = fake.url
        yield fake, running
    assert fake.mistakes == []
