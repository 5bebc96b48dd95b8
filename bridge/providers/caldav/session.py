"""The HTTP session under the ``caldav`` library's client: bounded, without surprises, closed to where it may not go.

The library hands each request to its ``session``; this one looks the same to it. Redirects are not followed here.
"""

import time
import weakref
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import niquests
from niquests.packages.urllib3.exceptions import HTTPError, NewConnectionError  # type: ignore[import-not-found]
from niquests.packages.urllib3.exceptions import TimeoutError as _Slow

from bridge.errors import PermissionMissing, RemoteError, TemporaryError
from bridge.providers.caldav.guard import GuardedResolver, Lookup, PrivateAddress

MAX_BODY = 50 * 1024 * 1024  # bytes, uncompressed
TIMEOUTS = (15.0, 60.0)  # seconds: to connect, and between two pieces of an answer
TOTAL = 300.0  # seconds for one whole answer
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. ``body`` is uncompressed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """What the library sees of an answer: enough to negotiate a sign-in.

    The body is kept from it, because it would parse and log it before we can judge it.
    """

    status_code: int
    headers: Mapping[str, str]
    url: str
    content: bytes = b""
    text: str = ""
    reason: str = ""


class Session:
    """Sends requests and remembers the last answer. ``methods`` counts them, also those without a use."""

    def __init__(self, *, allow_private: bool, lookup: Lookup | None = None, max_body: int = MAX_BODY) -> None:
        self._http = niquests.Session(
            resolver=GuardedResolver(allow_private=allow_private, lookup=lookup),
            retries=0,
            disable_http2=True,
            disable_http3=True,
            revocation_configuration=None,  # it would connect to hosts that certificates name
            allow_incoming_cookies=False,
        )
        self.close = weakref.finalize(self, self._http.close)  # nobody has to: a provider is simply dropped
        self._http.trust_env = False  # neither .netrc nor proxies, which would connect in our place
        self._max_body = max_body
        self.last = Answer("", 0, {})
        self.methods: Counter[str] = Counter()

    def request(self, method: str, url: str, *, data: Any, headers: Mapping[str, str], auth: Any, **_: Any) -> Head:
        """Send one request. Raises ``TemporaryError`` or ``PermissionMissing``; every status is an answer."""
        self.methods[method] += 1
        sent = {**headers, "Accept-Encoding": "gzip, deflate"}
        try:
            response = self._http.request(
                method, url, data=data, headers=sent, auth=auth, timeout=TIMEOUTS, stream=True, allow_redirects=False
            )
            try:
                body = _read(response, self._max_body)
            finally:
                response.close()
        except (OSError, HTTPError, ValueError, zlib.error) as error:
            raise _translated(error, url) from error
        status = response.status_code or 0
        plain = {str(name).lower(): str(value) for name, value in response.headers.items()}
        self.last = Answer(url, status, plain, body)
        return Head(status, response.headers, url)


def _read(response: niquests.Response, limit: int) -> bytes:
    """Read and uncompress a body, and stop where it is larger or slower than anything sensible."""
    encoding = str(response.headers.get("Content-Encoding", "")).strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise TemporaryError("The server compresses its answers in a way that nobody asked for.")
    inflate = zlib.decompressobj(wbits=47 if "gzip" in encoding else 15) if encoding not in {"", "identity"} else None
    until = time.monotonic() + TOTAL
    parts: list[bytes] = []
    size = 0
    while piece := response.raw.read(_PIECE, decode_content=False) if response.raw else b"":
        part = inflate.decompress(piece, limit + 1 - size) if inflate else piece
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TemporaryError(f"The server's answer is larger than {limit // 1024 // 1024} MB.")
        if time.monotonic() > until:
            raise TemporaryError("The server took too long for its answer.")
    if inflate and size and not inflate.eof:
        raise TemporaryError("The server's answer breaks off.")
    return b"".join(parts)


def _translated(error: Exception, url: str) -> RemoteError:
    """Say in a sentence why there is no answer. ``url`` names the host; its path may be private."""
    if isinstance(error, RemoteError):
        return error
    host = url.split("/")[2].rpartition("@")[2] if url.count("/") >= 2 else url
    chain = _chain(error)
    if any(isinstance(each, PrivateAddress) for each in chain):
        return PermissionMissing(
            "connecting to addresses inside private networks",
            remote=host,
            remedy="Ask your administrator to allow private addresses, or enter a public one.",
        )
    if isinstance(error, niquests.exceptions.SSLError) or any("certificate" in str(each).lower() for each in chain):
        return TemporaryError(
            f"The certificate of {host} does not fit, so nothing was sent to it.",
            remote=host,
            remedy="Check the address of the server, or ask its administrator to renew the certificate.",
        )
    if any(
        isinstance(each, TimeoutError | niquests.exceptions.Timeout | _Slow)
        and not isinstance(each, NewConnectionError)
        for each in chain
    ):
        return TemporaryError(f"{host} did not answer in time.", remote=host)
    return TemporaryError(f"{host} cannot be reached, or its answer breaks off.", remote=host)


def _chain(error: BaseException) -> list[BaseException]:
    """The error with what led to it, and with the errors that it carries as arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return found
