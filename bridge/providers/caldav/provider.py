"""CalDAV and CardDAV accounts: who we are, which calendars and address books there are, and opening them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import NotFound, RemoteError
from bridge.ports import Account, Clock, RemoteCalendar, RemoteGroup, RemoteId, Side, SignIn
from bridge.providers.caldav.client import Client, Network
from bridge.providers.caldav.discovery import BOOKS, CALENDARS, Discovery, Home, Kind, login_for
from bridge.providers.caldav.dns import DnsResolver, Resolver
from bridge.providers.caldav.hrefs import absolute, collection, origin
from bridge.providers.caldav.mapping import CONTACTS, EVENTS
from bridge.providers.caldav.side import DavSide
from bridge.providers.caldav.xml import APPLE, CAL, DAV, Row

_NAME, _TYPE = f"{DAV}displayname", f"{DAV}resourcetype"
_COLOR, _COMPONENTS = f"{APPLE}calendar-color", f"{CAL}supported-calendar-component-set"
_PRIVILEGES, _DEFAULT = f"{DAV}current-user-privilege-set", f"{CAL}schedule-default-calendar-URL"
_WRITING = frozenset(f"{DAV}{name}" for name in ("all", "write", "write-content", "bind"))
_HEX = re.compile(r"#[0-9A-Fa-f]{6}")


class CalDavConnector:
    """Opens accounts. ``allow_private`` lets users connect to addresses inside private networks."""

    def __init__(self, clock: Clock, *, network: Network | None = None, resolver: Resolver | None = None) -> None:
        self._clock = clock
        self._network = network or Network()
        self._resolver = resolver or DnsResolver()

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "CalDavProvider":  # noqa: ARG002 - never renewed
        """Open an account. ``secret`` is a password; no request is sent yet."""
        return CalDavProvider(sign_in, self._clock, self._network, self._resolver)


class CalDavProvider:
    """One account. Ids of calendars and address books are their URLs."""

    def __init__(self, sign_in: SignIn, clock: Clock, network: Network, resolver: Resolver) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._network = network
        self._clients: dict[tuple[str, str, int | None], Client] = {}
        self._discovery = Discovery(sign_in, resolver, network, self._client)

    @property
    def requests(self) -> int:
        """How many signed requests were sent so far."""
        return self.methods.total()

    @property
    def methods(self) -> Counter[str]:
        """How many of these there were of each method."""
        return sum((client.methods for client in self._clients.values()), Counter())

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def check(self) -> Account:
        """Sign in. An account with only one of the two services is one too."""
        home = self._home(CALENDARS) or self._home(BOOKS, must=True)
        name = home.name if home and home.principal else ""
        return Account(self._sign_in.address or self._sign_in.username, name)

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars that take events, the default one first."""
        home = self._home(CALENDARS)
        rows = [] if home is None else self._rows(home, CALENDARS)
        found = [_calendar(url, row) for url, row in rows if _takes_events(row)]
        default = self._default_url(home) if home and found else ""
        chosen = next((each for each in found if each.id == default), None)
        chosen = chosen or next((each for each in found if not each.read_only), next(iter(found), None))
        ordered = sorted(found, key=lambda each: each is not chosen)
        return [replace(each, default=each is chosen) for each in ordered]

    def groups(self) -> Sequence[RemoteGroup]:
        """The address books; the first that may be written is the default."""
        home = self._home(BOOKS)
        rows = [] if home is None else self._rows(home, BOOKS)
        found = [RemoteGroup(RemoteId(url), _name(url, row), _read_only(row)) for url, row in rows]
        found.sort(key=lambda each: each.read_only)
        return [RemoteGroup(each.id, each.name, each.read_only, at == 0) for at, each in enumerate(found)]

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the field's term
        """One calendar."""
        return DavSide(self._client(id), collection(id), EVENTS, self._clock)

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the field's term
        """One address book."""
        return DavSide(self._client(id), collection(id), CONTACTS, self._clock)

    def _client(self, url: str) -> Client:
        """The client for the host of a URL; connections are shared."""
        place = origin(url)
        if place not in self._clients:
            self._clients[place] = Client(login_for(self._sign_in, url), self._network)
        return self._clients[place]

    def _home(self, kind: Kind, *, must: bool = False) -> Home | None:
        try:
            return self._discovery.home(kind)
        except NotFound:
            if must:
                raise
            return None

    def _rows(self, home: Home, kind: Kind) -> list[tuple[str, Row]]:
        """The collections of one kind with their URLs, each once."""
        names = (_NAME, _TYPE, _COLOR, _COMPONENTS, _PRIVILEGES)
        found: dict[str, Row] = {}
        for place, depth in (*((url, 1) for url in home.urls), *((url, 0) for url in home.own)):
            answer, where = home.client.propfind(place, names, depth)
            for row in answer.rows:
                url = collection(absolute(where, row.href))
                if kind.collection in row.inner(_TYPE) and home.client.trusts(url):
                    found.setdefault(url, row)
        return list(found.items())

    def _default_url(self, home: Home) -> str:
        """RFC 6638 9.2: a property of the inbox, and of the principal in some servers."""
        if not home.principal:
            return ""
        inbox = f"{CAL}schedule-inbox-URL"
        try:
            answer, where = home.client.propfind(home.principal, (inbox, _DEFAULT))
            rows = list(answer.rows[:1])
            for href in (href for row in answer.rows[:1] for href in row.hrefs(inbox)[:1]):
                answer, where = home.client.propfind(absolute(where, href), (_DEFAULT,))
                rows += answer.rows[:1]
        except (NotFound, RemoteError):
            return ""  # nobody needs to know which one is the default
        hrefs = [href for row in rows for href in row.hrefs(_DEFAULT)]
        return collection(absolute(where, hrefs[0])) if hrefs else ""


def _takes_events(row: Row) -> bool:
    components = row.props.get(_COMPONENTS)
    names = [] if components is None else [each.get("name", "").upper() for each in components]
    return not names or "VEVENT" in names


def _read_only(row: Row) -> bool:
    """Whether the server names rights, and none of them lets us write (RFC 3744 5.4)."""
    rights = row.inner(_PRIVILEGES)
    return bool(rights) and not rights & _WRITING


def _name(url: str, row: Row) -> str:
    return row.text(_NAME) or unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def _calendar(url: str, row: Row) -> RemoteCalendar:
    color = _HEX.match(row.text(_COLOR))
    return RemoteCalendar(RemoteId(url), _name(url, row), color[0].lower() if color else "", _read_only(row))
