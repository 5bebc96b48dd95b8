"""HTTP to one server: bounded, to judged addresses only, without redirects, signed in as the server wants it.

NTLM signs a connection in, not a request, so there is one connection, and whoever finds it closed signs in again.
"""

import base64
import ssl
import weakref
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpcore2

from bridge import __version__
from bridge.errors import ConfigError, PermissionMissing
from bridge.http import BROKEN, Answer, origin, read_body, tls, unreachable
from bridge.network import GuardedBackend, Reach
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.ntlm import Handshake, certificate_hash

Schemes = MutableMapping[tuple[str, str, int], str]
"""How each server wants its users to sign in: learned once, and nobody's secret."""

_NTLM, _NEGOTIATE, _BASIC, _BEARER = "NTLM", "Negotiate", "Basic", "Bearer"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with a password, or a token."""

    username: str = ""
    password: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How servers are asked. ``trusted`` are hosts that the administrator configured, ``tls`` tells whom to believe."""

    reach: Reach
    plain_http: bool = False
    trusted: frozenset[str] = frozenset()
    tls: ssl.SSLContext = field(default_factory=tls)


class Session:
    """Sends requests to one server. ``methods`` counts them. For one thread at a time."""

    def __init__(self, url: str, login: Login, manner: Manner, schemes: Schemes) -> None:
        self.url = url
        self._login = login
        self._manner = manner
        self._schemes = schemes
        self._pool = httpcore2.ConnectionPool(
            ssl_context=manner.tls,
            max_connections=1,
            keepalive_expiry=60.0,
            network_backend=GuardedBackend(manner.reach, manner.trusted),
        )
        self.close = weakref.finalize(self, self._pool.close)
        self.methods: Counter[str] = Counter()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request, signed in. Any status is an answer; raises ``TemporaryError`` or ``PermissionMissing``."""
        self._check_plain()
        known = self._schemes.get(origin(self.url), "")
        answer, certificate = self._once(body, headers, self._ready(known))
        if answer.status != 401:
            return answer
        scheme = self._chosen(answer)
        if scheme in {_NTLM, _NEGOTIATE}:
            answer = self._shaken(scheme, certificate, body, headers)
        elif scheme and scheme != known:
            answer, _ = self._once(body, headers, self._ready(scheme))
        if answer.status != 401 and scheme:
            self._schemes[origin(self.url)] = scheme
        return answer

    def _ready(self, scheme: str) -> str:
        """The header that needs no challenge, if there is one."""
        if self._login.token:
            return f"{_BEARER} {self._login.token}"
        if scheme != _BASIC:
            return ""
        pair = f"{self._login.username}:{self._login.password}".encode()
        return f"{_BASIC} {base64.b64encode(pair).decode()}"

    def _chosen(self, answer: Answer) -> str:
        """What the server offers and we can do, the safest first; a password where it offers nothing at all."""
        if self._login.token:
            return ""
        said = answer.headers.get("www-authenticate", "")
        offered = {each.strip().split(" ")[0].lower() for each in said.split(",")} if said else {_BASIC.lower()}
        return next((each for each in (_NTLM, _NEGOTIATE, _BASIC) if each.lower() in offered), "")

    def _shaken(self, scheme: str, certificate: bytes, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Sign the connection in by question and answer, and then send the request."""
        handshake = Handshake(self._login.username, self._login.password, scheme, certificate)
        asked, _ = self._once(b"", headers, f"{scheme} {handshake.first()}")
        challenge = handshake.challenge(asked.headers.get("www-authenticate", ""))
        reply = handshake.reply(challenge) if asked.status == 401 and challenge else ""
        if not reply:
            return asked
        answer, _ = self._once(body, headers, f"{scheme} {reply}")
        return answer

    def _check_plain(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme == "https" or self._manner.plain_http or is_loopback(parts.hostname or ""):
            return
        raise PermissionMissing(
            "sending a password over plain HTTP",
            remote=NAME,
            remedy="Enter an address that begins with https://, or ask your administrator.",
        )

    def _once(self, body: bytes, headers: Mapping[str, str], authorization: str) -> tuple[Answer, bytes]:
        """Send one request; returns the answer and what binds a sign-in to this very TLS connection."""
        self.methods["POST"] += 1
        sent = {
            "Host": urlsplit(self.url).netloc.rpartition("@")[2],
            "User-Agent": f"davbridge/{__version__}",
            "Accept-Encoding": "gzip",
            "Content-Length": str(len(body)),
            **headers,
            **({"Authorization": authorization} if authorization else {}),
        }
        timeouts = {"timeout": self._manner.reach.timeouts}
        try:
            with self._pool.stream(
                "POST", self.url, headers=list(sent.items()), content=body, extensions=timeouts
            ) as response:
                plain = _joined(response.headers)
                coding = plain.get("content-encoding", "")
                certificate = certificate_hash(response.extensions.get("network_stream"))
                content = read_body(response.iter_stream(), coding, self._manner.reach.max_body)
        except BROKEN as error:
            raise unreachable(error, NAME) from error
        return Answer(self.url, response.status, plain, content), certificate


def trusting(authorities: Path) -> ssl.SSLContext:
    """TLS that believes these authorities too. Raises ``ConfigError``."""
    context = httpcore2.default_ssl_context()
    try:
        context.load_verify_locations(cafile=authorities)
    except OSError as error:  # SSLError is one
        problem = f"[exchange] authorities: {authorities} holds no certificates that can be read."
        raise ConfigError([problem]) from error
    return context


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, without asking anybody."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by small names. Servers offer each way to sign in with a header of its own."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key, said = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {said}" if key == "www-authenticate" and key in found else said
    return found
