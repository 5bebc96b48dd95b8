"""One HTTP client for every REST remote: bounded, without surprises, and one table from statuses to errors.

Credentials go to the origins that the administrator has configured and to no other; elsewhere (pictures, say) requests
are made without them, over TLS. Redirects are followed within one origin only.
"""

import json
import ssl
import time
import weakref
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpcore2

from bridge import __version__
from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    RemoteError,
    SignInNeeded,
    TemporaryError,
)
from bridge.network import GuardedBackend, PrivateAddress, Reach

TOTAL = 300.0  # seconds for one whole answer
BUSY = timedelta(seconds=30)
"""How long to wait when a remote asks us to slow down and does not say for how long."""

_LONGEST = timedelta(days=1)
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TRANSIENT = frozenset((408, 423, 425, 429))
BROKEN = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    OSError,
    ValueError,
    zlib.error,
)
"""What goes wrong below HTTP, and in its bodies."""

Query = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. ``headers`` have small names, ``body`` is uncompressed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ``TemporaryError`` for anything else."""
        found = self.read_json()
        if found is None:
            host = urlsplit(self.url).hostname or ""
            raise TemporaryError(f"{host} answers with something else than JSON (status {self.status}).", remote=host)
        return found

    def read_json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or ``None`` for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class Http:
    """Sends requests. ``configured`` are the base URLs whose origins get credentials; ``methods`` counts requests.

    ``name`` is what a reader calls the service. For one thread at a time.
    """

    def __init__(self, name: str, configured: Sequence[str], reach: Reach) -> None:
        self.name = name
        self._origins = frozenset(map(origin, configured))
        self._reach = reach
        hosts = (urlsplit(url).hostname or "" for url in configured)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls(), max_connections=4, keepalive_expiry=30.0, network_backend=GuardedBackend(reach, hosts)
        )
        self.close = weakref.finalize(self, self._pool.close)  # nobody has to: a provider is simply dropped
        self.methods: Counter[str] = Counter()

    def send(
        self,
        method: str,
        url: str,
        *,
        query: Query | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str = "",
    ) -> Answer:
        """Send one request; ``body`` travels as JSON, ``form`` as a form, ``data`` as it is, ``token`` as a bearer.

        Raises ``TemporaryError`` when there is no answer, and ``PermissionMissing`` for a forbidden address; every
        status is an answer.
        """
        sent = {"User-Agent": f"davbridge/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip", **(headers or {})}
        content = data
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json; charset=utf-8"
        elif form is not None:
            content, sent["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if method in {"POST", "PUT", "PATCH"}:
            sent["Content-Length"] = str(len(content or b""))
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return self._follow(method, with_query(url, query or {}), content, sent)

    def _follow(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        first = url
        for _ in range(_MOST_REDIRECTS):
            self._check(url, secret="Authorization" in headers or content is not None)
            answer = self._once(method, url, content, headers)
            target = answer.headers.get("location", "")
            if method != "GET" or answer.status not in _REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
            if origin(url) != origin(first):
                break
        raise TemporaryError(f"{self.name} sends us on to somewhere else.", remote=self.name)

    def _check(self, url: str, *, secret: bool) -> None:
        """Refuse to carry credentials or content to a stranger, or anything there in plain text."""
        if origin(url) in self._origins:
            return
        parts = urlsplit(url)
        if secret or parts.scheme != "https" or not parts.hostname:
            host = (parts.hostname or "nowhere")[:200]
            raise TemporaryError(f"{self.name} points to {host}; nothing is sent there.", remote=self.name)

    def _once(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        self.methods[method] += 1
        sent: list[tuple[bytes | str, bytes | str]] = [("Host", _host_header(url)), *headers.items()]
        timeouts = {"timeout": self._reach.timeouts}
        try:
            with self._pool.stream(method, url, headers=sent, content=content, extensions=timeouts) as response:
                pairs = ((name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in response.headers)
                plain = dict(pairs)
                body = read_body(response.iter_stream(), plain.get("content-encoding", ""), self._reach.max_body)
        except BROKEN as error:
            raise unreachable(error, self.name) from error
        return Answer(url, response.status, plain, body)


def unreachable(error: Exception, name: str) -> RemoteError:
    """The error that one of ``BROKEN`` means: why there is no answer."""
    if isinstance(error, PrivateAddress):
        return PermissionMissing(
            "connecting to addresses inside private networks",
            remote=name,
            remedy="Ask your administrator to allow private addresses.",
        )
    if isinstance(error, httpcore2.TimeoutException):
        return TemporaryError(f"{name} did not answer in time.", remote=name)
    if "certificate" in str(error).lower():
        return TemporaryError(f"The certificate of {name} does not fit, so nothing was sent to it.", remote=name)
    return TemporaryError(f"{name} cannot be reached, or its answer breaks off.", remote=name)


def failure(answer: Answer, name: str, *, reason: str = "", sign_in: str = "", permission: str = "") -> BridgeError:
    """The error that a status means, for what no remote says more precisely.

    ``reason`` is what the remote gives as one, ``sign_in`` and ``permission`` are the remedies for 401 and 403.
    """
    status = answer.status
    said = f": {reason[:200]}" if reason else ""
    plain: Mapping[int, BridgeError] = {
        401: SignInNeeded(f"{name} no longer accepts the sign-in.", remote=name, remedy=sign_in),
        403: PermissionMissing(f"{name} does not allow this{said}", remote=name, remedy=permission),
        404: NotFound(f"{name} no longer has this."),
        410: NotFound(f"{name} no longer has this."),
        412: PreconditionFailed("The object changed or vanished since it was read.", remote=name),
    }
    if status in plain:
        return plain[status]
    if status in _TRANSIENT or status >= 500:
        wait = retry_after(answer)
        wait = BUSY if wait is None and status == 429 else wait
        what = "asks us to come back later" if status in {429, 503} else "failed to answer"
        return TemporaryError(f"{name} {what} (status {status}).", remote=name, retry_after=wait)
    if not 400 <= status < 500:
        return TemporaryError(f"{name} answers with an unexpected status ({status}).", remote=name)
    return Refused(f"{name} does not take this (status {status}){said}.", remote=name)


def retry_after(answer: Answer) -> timedelta | None:
    """How long the remote asks to wait: seconds, or a date as its own clock has it (RFC 9110 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST)
    try:
        return _until(parsedate_to_datetime(value), answer)
    except (ValueError, TypeError):
        return None


def wait_until(moment: datetime, answer: Answer) -> timedelta | None:
    """How long it is until an aware moment that the remote named, by its own clock."""
    try:
        return _until(moment, answer)
    except (ValueError, TypeError):
        return None


def _until(moment: datetime, answer: Answer) -> timedelta:
    wait = moment.astimezone(UTC) - parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    return min(max(wait, timedelta()), _LONGEST)


def with_query(url: str, query: Query) -> str:
    """A URL with parameters. Switches are spelled as JSON does; sequences are repeated."""
    pairs = [(name, text) for name, value in query.items() for text in _texts(value)]
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def origin(url: str) -> tuple[str, str, int]:
    """What a URL has to share with another one to be of the same origin (RFC 6454)."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    return parts.scheme, (parts.hostname or "").rstrip("."), port or {"https": 443, "http": 80}.get(parts.scheme, 0)


def _texts(value: str | int | Sequence[str]) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | int):
        yield str(value)
    else:
        yield from value


def _host_header(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Certificates are read once for a process."""
    return httpcore2.default_ssl_context()


def read_body(pieces: Iterator[bytes], encoding: str, limit: int, now: Callable[[], float] = time.monotonic) -> bytes:
    """Read and uncompress a body, and stop where it is larger or slower than anything sensible."""
    coding = encoding.strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise ValueError("A coding that nobody asked for.")
    inflate = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    until = now() + TOTAL
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        part = inflate.decompress(piece, limit + 1 - size) if inflate else piece
        parts.append(part)
        size += len(part)
        if size > limit or now() > until:
            raise ValueError("An answer without end.")
    if inflate and size and not inflate.eof:
        raise ValueError("An answer that breaks off.")
    return b"".join(parts)
