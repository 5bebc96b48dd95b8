"""The client of every measurement: plain ``http.client`` with keep-alive and Basic authentication, no compression."""

import http.client
import time
from base64 import b64encode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

TIMEOUT = 600  # seconds that a client waits for an answer
CONNECTION_LOST = (OSError, http.client.HTTPException)


class WrongAnswer(Exception):
    """A server said something else than it should have. Its time does not count."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a server listens on the loopback interface, and as whom to sign in."""

    port: int
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how many seconds passed from the first byte sent to the last one received."""

    status: int
    etag: str
    body: bytes
    seconds: float


@dataclass
class Client:
    """One connection. ``closed`` counts the answers after which the server shut it; the next request opens another."""

    account: Account
    closed: int = 0
    sent: int = 0
    _connection: http.client.HTTPConnection = field(init=False, repr=False)
    _headers: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.account.port, timeout=TIMEOUT)
        credentials = b64encode(f"{self.account.login}:{self.account.password}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "User-Agent": "davbridge-benchmark/1",
            "Accept-Encoding": "identity",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request and read the whole answer. Underscores in header names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | self._headers
        begun = time.perf_counter()
        self._connection.request(method, path, body or None, named)
        response = self._connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - begun
        self.sent += 1
        self.closed += response.will_close
        return Answer(response.status, response.headers.get("ETag", ""), content, seconds)

    def report(self, path: str, body: bytes, depth: str = "1") -> Answer:
        """Send a REPORT. Raises ``WrongAnswer`` unless a multistatus comes back."""
        return _multistatus(self.send("REPORT", path, body, Depth=depth, Content_Type=XML))

    def propfind(self, path: str, body: bytes, depth: str) -> Answer:
        """Send a PROPFIND. Raises ``WrongAnswer`` unless a multistatus comes back."""
        return _multistatus(self.send("PROPFIND", path, body, Depth=depth, Content_Type=XML))

    def put(self, path: str, text: str, **conditions: str) -> Answer:
        """Write a resource."""
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        return self.send("PUT", path, text.encode(), Content_Type=f"{kind}; charset=utf-8", **conditions)


XML = "application/xml; charset=utf-8"


def _multistatus(answer: Answer) -> Answer:
    if answer.status != 207:
        raise WrongAnswer(f"status {answer.status} instead of 207: {answer.body[:200]!r}")
    return answer
