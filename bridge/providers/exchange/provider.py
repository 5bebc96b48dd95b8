"""Accounts at Exchange: who we are, which calendars and contact folders there are, and opening them."""

import json
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import NotFound
from bridge.http import tls
from bridge.network import Reach
from bridge.ports import Account, RemoteCalendar, RemoteGroup, RemoteId, Side, SignIn
from bridge.providers.exchange.calendar import CalendarSide
from bridge.providers.exchange.contacts import ContactsSide
from bridge.providers.exchange.discovery import ENTER_IT, Discovery, usual_places, usual_record
from bridge.providers.exchange.folders import CALENDARS, CONTACTS, folders, special
from bridge.providers.exchange.installation import Installation
from bridge.providers.exchange.online import check_address, check_url
from bridge.providers.exchange.session import Login, Manner, Schemes, Session, trusting
from bridge.providers.exchange.soap import Client
from bridge.providers.exchange.xml import MESSAGES, Element, child, make, rows, text


class ExchangeConnector:
    """Opens accounts. What servers are, and how they want to be signed in to, is learned once for a process."""

    def __init__(
        self,
        installation: Installation,
        reach: Reach | None = None,
        *,
        places: Callable[[str], Sequence[str]] = usual_places,
        record: Callable[[str], str] = usual_record,
    ) -> None:
        self._installation = installation
        self._reach = reach or Reach(timeout=installation.timeout)
        self._schemes: Schemes = {}
        self._servers: MutableMapping[str, str] = {}
        self._context: ssl.SSLContext | None = None
        self._places = places
        self._record = record

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "ExchangeProvider":  # noqa: ARG002 - never renewed
        """Open an account; no request is sent yet. The secret is a password, or a token as JSON."""
        trusted = urlsplit(self._installation.url).hostname
        hosts = frozenset((trusted,)) if trusted else frozenset[str]()
        manner = Manner(self._reach, self._installation.plain_http, hosts, self._tls())

        def session(url: str) -> Session:
            check_url(url)
            return Session(url, _login(sign_in), manner, self._schemes)

        discovery = Discovery(session, self._places, self._record)
        return ExchangeProvider(sign_in, self._installation, session, discovery, self._servers)

    def _tls(self) -> ssl.SSLContext:
        """Whom to believe that a server is who it says, read once."""
        if self._context is None:
            own = self._installation.authorities
            self._context = trusting(own) if own is not None else tls()
        return self._context


class ExchangeProvider:
    """One account. ``servers`` remembers where mailboxes are."""

    def __init__(
        self,
        sign_in: SignIn,
        installation: Installation,
        open_session: Callable[[str], Session],
        discovery: Discovery,
        servers: MutableMapping[str, str],
    ) -> None:
        self._sign_in = sign_in
        self._installation = installation
        self._open = open_session
        self._discovery = discovery
        self._servers = servers
        self._session: Session | None = None
        self._known: Client | None = None

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.methods.total()

    @property
    def methods(self) -> Counter[str]:
        """How many of these there were of each method."""
        return self._session.methods if self._session is not None else Counter()

    def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            self._session.close()

    def check(self) -> Account:
        """Sign in. What the directory says of us is told where it says anything."""
        special(self._client)
        address = self._address
        lookup = make("m:ResolveNames", make("m:UnresolvedEntry", address), ReturnFullContactData="false")
        for message in self._client.send(lookup):
            mailboxes = [] if isinstance(message, Exception) else list(_mailboxes(message))
            mine = [each for each in mailboxes if text(each, "EmailAddress").lower() == address.lower()]
            for each in mine or (mailboxes if len(mailboxes) == 1 else ()):
                return Account(text(each, "EmailAddress") or address, text(each, "Name"))
        return Account(address)

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the mailbox, the default one first."""
        found = folders(self._client, CALENDARS)
        return [RemoteCalendar(each.id, each.name, read_only=each.read_only, default=each.default) for each in found]

    def groups(self) -> Sequence[RemoteGroup]:
        """The contact folders of the mailbox, the default one first."""
        found = folders(self._client, CONTACTS)
        return [RemoteGroup(each.id, each.name, each.read_only, each.default) for each in found]

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the field's term
        """One calendar."""
        return CalendarSide(self._client, id, self._installation.batch, ZoneInfo(self._installation.zone))

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the field's term
        """One contact folder."""
        return ContactsSide(self._client, id, self._installation.batch)

    @property
    def _address(self) -> str:
        return self._sign_in.address or self._sign_in.username.rpartition("\\")[2]

    @property
    def _client(self) -> Client:
        """The client of the mailbox's server, which is found first. Raises ``NotFound`` for Exchange Online."""
        if self._known is None:
            self._session = self._open(self._server())
            self._known = Client(self._session, self._sign_in.address)
        return self._known

    def _server(self) -> str:
        given = self._sign_in.url or self._installation.url
        if given:
            check_url(given)
            return given
        address = self._address.lower()
        check_address(address)
        if "@" not in address or not self._installation.autodiscover:
            raise NotFound("Nobody can tell where this Exchange server is.", remedy=ENTER_IT)
        if address not in self._servers:
            self._servers[address] = self._discovery.find(address)
        return self._servers[address]


def _login(sign_in: SignIn) -> Login:
    """A password, or the access token in the JSON that a secret may be."""
    try:
        found = json.loads(sign_in.secret)
    except ValueError:
        found = None
    token = found.get("access_token") if isinstance(found, dict) else None
    if isinstance(token, str) and token:
        return Login(token=token)
    return Login(sign_in.username or sign_in.address, sign_in.secret)


def _mailboxes(message: Element) -> Iterator[Element]:
    found = message.find(f"{{{MESSAGES}}}ResolutionSet")
    for each in rows(found) if found is not None else ():
        mailbox = child(each, "Mailbox")
        if mailbox is not None:
            yield mailbox
