"""Signed-in requests through the ``caldav`` library's client, which negotiates Basic, Digest and Bearer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from caldav.davclient import DAVClient
from caldav.lib.error import DAVError

from bridge import __version__
from bridge.errors import SignInNeeded, TemporaryError
from bridge.providers.caldav import quirks
from bridge.providers.caldav.guard import Lookup
from bridge.providers.caldav.hrefs import same_origin_or_upgrade
from bridge.providers.caldav.session import MAX_BODY, Answer, Session
from bridge.providers.caldav.statuses import GONE, of_collection
from bridge.providers.caldav.xml import Multistatus, looks_like_a_page, propfind, read_multistatus

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Network:
    """How far connections reach. ``lookup`` is ``socket.getaddrinfo`` unless a test has its own."""

    allow_private: bool = True
    lookup: Lookup | None = None
    max_body: int = MAX_BODY


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials, and the URL whose host they are for. ``address`` is the e-mail address, if there is one."""

    url: str
    username: str
    password: str = field(repr=False)
    address: str = ""


class Client:
    """One account at one host. Credentials go to that host only, and to others of the same known service.

    For one thread at a time.
    """

    def __init__(self, login: Login, network: Network) -> None:
        self.url = login.url
        self.address = login.address or login.username
        self.service = quirks.by_host(urlsplit(login.url).hostname or "")
        self._session = Session(allow_private=network.allow_private, lookup=network.lookup, max_body=network.max_body)
        self._dav = DAVClient(
            url=login.url,
            username=login.username,
            password=login.password,
            auth_type="basic" if login.url.startswith("https:") else None,
            headers={"User-Agent": f"davbridge/{__version__}", "Accept": "*/*"},
            enable_rfc6764=False,
            rate_limit_handle=False,
        )
        self._dav.session.close()
        self._dav.session = self._session  # type: ignore[assignment] # all that the library calls is there

    @property
    def methods(self) -> Counter[str]:
        """How many requests of each method were sent."""
        return self._session.methods

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def trusts(self, url: str) -> bool:
        """Whether the credentials may be sent to a URL."""
        if same_origin_or_upgrade(self.url, url):
            return True
        parts = urlsplit(url)
        return parts.scheme == "https" and quirks.is_of(self.service, parts.hostname or "")

    def call(self, method: str, url: str, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request and follow redirects that stay with those we trust.

        Raises ``TemporaryError``, ``PermissionMissing`` (a forbidden address) and ``SignInNeeded`` (no common way to
        sign in); any other answer is returned.
        """
        for _ in range(_MOST_REDIRECTS):
            if not self.trusts(url):
                raise self._stranger(url)
            answer = self._send(method, url, body, headers or {})
            target = answer.headers.get("location", "")
            if answer.status == 200 and looks_like_a_page(answer.body):
                text = f"{self.service.name} answers with a web page instead of calendars and contacts."
                raise TemporaryError(text, remote=self.service.name)
            if answer.status not in _REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
        raise TemporaryError(f"{self.service.name} sends us round in circles.", remote=self.service.name)

    def propfind(self, url: str, names: tuple[str, ...], depth: int = 0) -> tuple[Multistatus, str]:
        """Ask for properties. Returns the answer and the URL that gave it. Raises what ``of_collection`` names."""
        answer = self.call("PROPFIND", url, propfind(names), {"Depth": str(depth)} | XML)
        if answer.status != 207:
            raise of_collection(answer, self.service)
        found = read_multistatus(answer.body, answer.status)
        if len(found.rows) == 1 and found.rows[0].status in GONE:
            raise of_collection(replace(answer, status=found.rows[0].status), self.service)
        return found, answer.url

    def _send(self, method: str, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        answer = self._once(method, url, body, headers)
        offered = answer.headers.get("www-authenticate", "").lower()
        if answer.status == 401 and "digest" in offered and self._dav.auth_type == "basic":
            self._dav.auth, self._dav.auth_type = None, None  # the library chooses by what is offered
            answer = self._once(method, url, body, headers)
        return answer

    def _once(self, method: str, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        try:
            self._dav.request(url, method, body, dict(headers))
        except DAVError:
            pass  # 401, 403, 429 and 503: the answer itself says more
        except NotImplementedError as error:
            text = f"{self.service.name} wants a kind of sign-in that is not supported."
            raise SignInNeeded(text, remote=self.service.name, remedy=self.service.remedy) from error
        return self._session.last

    def _stranger(self, url: str) -> TemporaryError:
        host = (urlsplit(url).hostname or "")[:200]
        return TemporaryError(
            f"The server sends us on to {host}; your password is not sent there.",
            remote=self.service.name,
            remedy=f"If you trust {host}, enter its address as that of the server.",
        )


XML = {"Content-Type": "application/xml; charset=utf-8"}
