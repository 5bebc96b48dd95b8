"""From an e-mail address or a URL to the homes of calendars and address books (RFC 6764, 5397, 4791, 6352)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bridge.errors import BridgeError, NotFound, PermissionMissing, TemporaryError
from bridge.ports import SignIn
from bridge.providers.caldav import quirks
from bridge.providers.caldav.client import Client, Login, Network
from bridge.providers.caldav.dns import Resolver
from bridge.providers.caldav.hrefs import absolute, collection, same_origin_or_upgrade
from bridge.providers.caldav.session import Session
from bridge.providers.caldav.xml import CAL, CARD, DAV

Connect = Callable[[str], Client]
"""Makes a client that sends the account's credentials to the host of a URL."""

_PRINCIPAL, _NAME, _TYPE = f"{DAV}current-user-principal", f"{DAV}displayname", f"{DAV}resourcetype"
_NO_MAIL = "Enter the address of the CalDAV server. IMAP and POP accounts hold mail only and cannot be synced."


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two services: ``name`` in DNS and in /.well-known, its home set, and its kind of collection."""

    name: str
    home_set: str
    collection: str


CALENDARS = Kind("caldav", f"{CAL}calendar-home-set", f"{CAL}calendar")
BOOKS = Kind("carddav", f"{CARD}addressbook-home-set", f"{CARD}addressbook")


@dataclass(frozen=True, slots=True)
class Home:
    """Where the collections of one kind are. ``own`` are collections that were named themselves."""

    client: Client
    name: str
    urls: tuple[str, ...]
    principal: str = ""
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """Searches for homes. ``connect`` opens a client, ``network`` limits the unsigned requests to /.well-known."""

    sign_in: SignIn
    resolver: Resolver
    network: Network
    connect: Connect

    def home(self, kind: Kind) -> Home:
        """Find the home of one kind. Raises ``NotFound`` where there is none, and what ``Side`` names."""
        service = self._service()
        if service.instead:
            raise NotFound(f"{service.name} cannot be connected as a CalDAV account.", remedy=service.instead)
        problem: BridgeError | None = None
        for url in self._candidates(kind, service):
            try:
                found = self._look(kind, url)
            except (NotFound, TemporaryError, PermissionMissing) as error:
                problem = problem or error
                continue
            if found is not None:
                return found
        if problem is not None and not isinstance(problem, NotFound):
            raise problem
        whom = self.sign_in.url or self.sign_in.address
        what = "calendar" if kind is CALENDARS else "address book"
        raise NotFound(f"No {what} was found for {whom}.", remedy=_NO_MAIL)

    def _service(self) -> quirks.Service:
        host = urlsplit(given_url(self.sign_in.url)).hostname or ""
        return quirks.by_host(host) if host else quirks.by_domain(self._domain())

    def _domain(self) -> str:
        address = self.sign_in.address or self.sign_in.username
        return address.rpartition("@")[2].strip().lower() if "@" in address else ""

    def _candidates(self, kind: Kind, service: quirks.Service) -> Iterator[str]:
        """URLs to look at, the most telling first."""
        if self.sign_in.url:
            given = given_url(self.sign_in.url)
            if service.calendars and urlsplit(given).path in {"", "/"}:
                yield service.calendars if kind is CALENDARS else service.books
            yield given
            yield from self._well_known(kind, given)
            return
        if service.calendars:
            yield service.calendars if kind is CALENDARS else service.books
            return
        if domain := self._domain():
            yield from self._by_dns(kind, domain)
            yield from self._well_known(kind, f"https://{domain}/")

    def _by_dns(self, kind: Kind, domain: str) -> Iterator[str]:
        target = self.resolver.service(f"{kind.name}s", domain)
        if target is None:
            return
        url = f"https://{target.host}:{target.port}/" if target.port != 443 else f"https://{target.host}/"
        if not quirks.is_below(target.host, domain) and quirks.by_host(target.host) is quirks.GENERIC:
            raise _unconfirmed(domain, url)
        if target.path:
            yield urljoin(url, target.path)
        yield from self._well_known(kind, url)
        yield url

    def _well_known(self, kind: Kind, base: str) -> Iterator[str]:
        """Where /.well-known leads, asked without credentials (RFC 6764 5)."""
        url = urljoin(base, f"/.well-known/{kind.name}")
        session = Session(allow_private=self.network.allow_private, lookup=self.network.lookup)
        try:
            session.request("GET", url, data=None, headers={}, auth=None)
        except (TemporaryError, PermissionMissing):
            return
        finally:
            session.close()
        target = urljoin(url, session.last.headers.get("location", ""))
        host, own = urlsplit(target).hostname or "", urlsplit(base).hostname or ""
        if target == url:
            if session.last.status in {200, 207, 401}:
                yield url
        elif same_origin_or_upgrade(base, target) or (target.startswith("https:") and quirks.is_below(host, own)):
            yield target
        elif target.startswith("https:"):
            raise _unconfirmed(own, target)

    def _look(self, kind: Kind, url: str) -> Home | None:
        client = self.connect(url)
        names = (_PRINCIPAL, _NAME, _TYPE, kind.home_set)
        answer, where = client.propfind(url, names)
        if not answer.rows:
            raise TemporaryError("The server's answer is empty.", remote=client.service.name)
        row = answer.rows[0]
        if kind.collection in row.inner(_TYPE):
            return Home(client, row.text(_NAME), (), own=(collection(absolute(where, row.href)),))
        principals = row.hrefs(_PRINCIPAL)
        principal = absolute(where, principals[0]) if principals else ""
        if not row.hrefs(kind.home_set):
            if not principal:
                return None
            if not client.trusts(principal):
                raise _unconfirmed(urlsplit(where).hostname or "", principal)
            answer, where = client.propfind(principal, names)
            row = answer.rows[0] if answer.rows else row
        urls = tuple(dict.fromkeys(collection(absolute(where, href)) for href in row.hrefs(kind.home_set)))
        for home in urls:
            if not client.trusts(home):
                raise _unconfirmed(urlsplit(where).hostname or "", home)
        return Home(client, row.text(_NAME), urls, principal) if urls else None


def given_url(text: str) -> str:
    """The URL that a user means; ``https`` where no scheme is given. Raises ``NotFound`` for mail servers (R1)."""
    text = text.strip()
    if not text:
        return ""
    scheme, separator, rest = text.partition("://")
    host = (rest if separator else text).partition("/")[0].lower()
    if scheme.lower() in {"imap", "imaps", "pop", "pop3", "pops", "smtp"} or host.startswith(
        ("imap.", "pop.", "pop3.")
    ):
        raise NotFound("This is a mail server: it has no calendars and no contacts.", remedy=_NO_MAIL)
    url = absolute(text if separator else f"https://{text}", "")
    if not url:
        raise NotFound("The address of the server is not a web address.", remedy=_NO_MAIL)
    return url


def login_for(sign_in: SignIn, url: str) -> Login:
    """The account's credentials for the host of a URL."""
    return Login(url, sign_in.username or sign_in.address, sign_in.secret, sign_in.address)


def _unconfirmed(domain: str, url: str) -> NotFound:
    host = urlsplit(url).hostname or url
    return NotFound(
        f"{domain} says that its calendars and contacts are at {host}; your password was not sent there.",
        remedy=f"If you trust {host}, enter {url} as the address of the server.",
    )
