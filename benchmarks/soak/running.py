"""Send generated requests to a server from several clients at once, and watch its answers and its memory."""

import http.client
import threading
import time
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring

from benchmarks.client import CONNECTION_LOST, TIMEOUT, Account
from benchmarks.processes import Process, memory
from benchmarks.soak.requests import Generator, Request

LONGEST = 8_000_000  # octets of a body that are read as XML
_KEPT = 20  # failures that are told in full


@dataclass
class Found:
    """What came back. ``failures`` are requests that were answered by 5xx, wrongly, or not at all.

    ``reopened`` counts the connections that the server closed without having said so.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    reopened: int = 0

    def add(self, other: "Found") -> None:
        """Take over what another client found."""
        self.statuses.update(other.statuses)
        self.methods.update(other.methods)
        self.failures.extend(other.failures)
        self.reopened += other.reopened

    @property
    def requests(self) -> int:
        """How many were answered."""
        return self.statuses.total()


class Visitor:
    """One client with one connection, which it opens again when the server closes it on broken requests."""

    def __init__(self, account: Account, seed: str) -> None:
        self.found = Found()
        self._generator = Generator(account.login, seed)
        self._account = account
        self._answered = False  # on the present connection
        self._connection = http.client.HTTPConnection("127.0.0.1", account.port, timeout=TIMEOUT)

    def run(self, until: float) -> Found:
        """Send requests up to a moment of the monotonic clock."""
        while time.monotonic() < until and len(self.found.failures) < _KEPT:
            request = self._generator.draw()
            try:
                self._send_again(request)
            except CONNECTION_LOST as error:
                self._connection.close()
                self.found.failures.append(f"{type(error).__name__} {error} after {request.shape}")
        self._connection.close()
        return self.found

    def _send_again(self, request: Request) -> None:
        """A server may close a connection that it has answered on; clients open another (RFC 9112 9.3.1)."""
        try:
            self._send(request)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not self._answered:
                raise
            self._connection.close()
            self._answered = False
            self.found.reopened += 1
            self._send(request)

    def _send(self, request: Request) -> None:
        self._write(request)
        answer = self._connection.getresponse()
        body = answer.read()
        self._answered = True
        self.found.statuses[answer.status] += 1
        self.found.methods[request.method] += 1
        if wrong := _wrong(request, answer, body):
            self.found.failures.append(f"{answer.status} {wrong}: {request.shape} {body[:300]!r}")
        self._learn(request, answer, body)
        if answer.will_close:
            self._connection.close()
            self._answered = False

    def _write(self, request: Request) -> None:
        """Without the library's care for what may stand in a request."""
        connection = self._connection
        skip = any(name.lower() == "host" for name in request.headers)
        connection.putrequest(request.method, request.path, skip_host=skip, skip_accept_encoding=True)
        if request.signed_in:
            credentials = b64encode(f"{self._account.login}:{self._account.password}".encode()).decode()
            connection.putheader("Authorization", f"Basic {credentials}")
        for name, value in {**request.headers, "Content-Length": str(len(request.body))}.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders()
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was read: the answer says why
            connection.send(request.body)

    def _learn(self, request: Request, answer: http.client.HTTPResponse, body: bytes) -> None:
        if tag := answer.headers.get("ETag"):
            self._generator.etags[request.path] = tag
        if answer.status == 207 and b"sync-token" in body and len(body) < LONGEST:
            token = fromstring(body).findtext(".//{DAV:}sync-token", "")
            self._generator.tokens.append(token)
            del self._generator.tokens[1:-50]


def _wrong(request: Request, answer: http.client.HTTPResponse, body: bytes) -> str:
    """What is wrong with an answer, if anything."""
    if answer.status >= 500 and not (answer.status == 501 and request.method not in ("GET", "PUT", "REPORT")):
        return "fails"
    if answer.status == 207 and len(body) < LONGEST and request.method != "HEAD":
        try:
            fromstring(body)
        except ParseError:
            return "is no XML"
    if not request.signed_in and answer.status in (200, 201, 204, 207) and request.method != "OPTIONS":
        return "lets a stranger in"
    return ""


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory of the server's processes together, in bytes: when it was warm, and at the end."""

    warm: int
    end: int

    @property
    def grown(self) -> int:
        """How much more it is now."""
        return self.end - self.warm


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, in seconds; the first part of it, ``warm``, fills caches. ``clients`` ask at once."""

    seconds: float
    warm: float
    clients: int = 4
    seed: str = "soak"


def soak(account: Account, process: Process, plan: Plan) -> tuple[Found, Growth]:
    """Send requests, warm up first, and measure before and after the rest."""
    found = _together(account, plan, plan.warm, f"{plan.seed}:warm")
    before = resident(process)
    found.add(_together(account, plan, plan.seconds - plan.warm, plan.seed))
    return found, Growth(before, resident(process))


def resident(process: Process) -> int:
    """The resident memory of a server and all it has started, in bytes; shared pages count for each."""
    return sum(each.rss for each in memory(process.ids()))


def _together(account: Account, plan: Plan, seconds: float, seed: str) -> Found:
    found, until = Found(), time.monotonic() + seconds
    ready = threading.Barrier(plan.clients)

    def visit(number: int) -> Found:
        ready.wait()
        return Visitor(account, f"{seed}:{number}").run(until)

    with ThreadPoolExecutor(plan.clients) as pool:
        for each in pool.map(visit, range(plan.clients)):
            found.add(each)
    return found
