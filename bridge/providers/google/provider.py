"""Google accounts: who we are, which calendars and groups there are, and opening them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import PermissionMissing, TemporaryError
from bridge.http import Http
from bridge.network import Reach
from bridge.ports import Account as Identity
from bridge.ports import Channel, Clock, Registration, RemoteCalendar, RemoteGroup, RemoteId, Side, SignIn
from bridge.providers.google import push
from bridge.providers.google.calendar import CalendarSide
from bridge.providers.google.client import Client, Service
from bridge.providers.google.contacts import ContactsSide
from bridge.providers.google.installation import (
    CALENDARS,
    CONTACTS,
    EVENTS,
    FOR_CALENDARS,
    FOR_CONTACTS,
    NAME,
    RECONNECT,
    Installation,
    authority,
    missing,
    words,
)
from bridge.providers.oauth import CodeFlow
from bridge.providers.signed_in import Account

_MY_CONTACTS = "contactGroups/myContacts"
_MOST_PAGES = 100
_WRITERS = frozenset(("owner", "writer"))


class GoogleConnector:
    """Opens accounts at Google. The secret of a sign-in is the token as JSON (see ``providers/token.py``).

    ``registered`` is what an administrator has entered on the page, which wins over the client of ``installation``.
    """

    def __init__(
        self,
        installation: Installation,
        clock: Clock,
        reach: Reach | None = None,
        registered: Callable[[], Registration | None] = lambda: None,
    ) -> None:
        self._known = installation
        self._clock = clock
        self._reach = reach or Reach()
        self._registered = registered

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "GoogleProvider":
        """Open an account; no request is sent yet. ``keep`` stores the token whenever it was renewed."""
        return GoogleProvider(self._installation, sign_in, keep, self._http(), self._clock)

    def oauth(self) -> CodeFlow:
        """What sends browsers to Google."""
        return CodeFlow(authority(self._installation), self._http(), self._clock)

    @property
    def _installation(self) -> Installation:
        """Looked up anew each time: it may have been changed on the page."""
        found = self._registered()
        return replace(self._known, client_id=found.client_id, client_secret=found.secret) if found else self._known

    def _http(self) -> Http:
        known = self._known
        return Http(NAME, (known.calendar_url, known.people_url, known.token_url), self._reach)


class GoogleProvider:
    """One account."""

    def __init__(
        self, installation: Installation, sign_in: SignIn, keep: Callable[[str], None], http: Http, clock: Clock
    ) -> None:
        self._sign_in = sign_in
        self._http = http
        self._clock = clock
        self._account = Account(sign_in.secret, keep, http, CodeFlow(authority(installation), http, clock), clock)
        calendar = installation.calendar_url
        self._calendars = Client(self._account, Service("Google Calendar", calendar, CALENDARS))
        self._events = Client(self._account, Service("Google Calendar", calendar, EVENTS))
        self._people = Client(self._account, Service("Google Contacts", installation.people_url, CONTACTS))

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.methods.total()

    @property
    def methods(self) -> Counter[str]:
        """How many of these there were of each method."""
        return self._http.methods

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def check(self) -> Identity:
        """Sign in. An account that gave us only calendars or only contacts is one too."""
        lacking = self._lacking((*FOR_CALENDARS, *FOR_CONTACTS))
        if not set(lacking) & set(FOR_CALENDARS):
            primary = self._calendars.get("/users/me/calendarList/primary")
            return Identity(str(primary.get("id") or self._sign_in.address), str(primary.get("summary") or ""))
        if set(lacking) & set(FOR_CONTACTS):
            raise PermissionMissing(" and ".join(map(words, lacking)), remote=NAME, remedy=RECONNECT)
        self._people.get("/v1/contactGroups", {"pageSize": 1})
        return Identity(self._account.token.address or self._sign_in.address or self._sign_in.username)

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the account, the primary one first. Raises ``PermissionMissing`` without the scopes."""
        self._must(FOR_CALENDARS)
        rows = self._rows(self._calendars, "/users/me/calendarList", "items", "maxResults", 250)
        found = [_calendar(row) for row in rows if not row.get("deleted")]
        return sorted(found, key=lambda each: (not each.default, each.read_only))

    def groups(self) -> Sequence[RemoteGroup]:
        """All contacts first, then the labels that the user has made."""
        self._must(FOR_CONTACTS)
        rows = self._rows(self._people, "/v1/contactGroups", "contactGroups", "pageSize", 1000)
        found = [_group(row) for row in rows if _is_offered(row)]
        return sorted(found, key=lambda each: not each.default)

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the field's term
        """One calendar."""
        return CalendarSide(self._events, id)

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the field's term
        """One label, or all contacts."""
        return ContactsSide(self._people, id)

    def watch(self, kind: FlowKind, collection: RemoteId, address: str, token: str) -> Channel | None:
        """See ``Watching.watch``: calendars only."""
        if kind is not FlowKind.CALENDAR:
            return None
        return push.watch(self._events, self._clock, collection, address, token)

    def renew(self, channel: Channel) -> Channel | None:  # noqa: ARG002 - Google prolongs none
        """See ``Watching.renew``."""
        return None

    def unwatch(self, channel: Channel) -> None:
        """See ``Watching.unwatch``."""
        push.unwatch(self._events, channel)

    def _lacking(self, wanted: Sequence[str]) -> list[str]:
        """Scopes that were certainly not given. A token that names none may have them all."""
        granted = self._account.token.scopes
        return missing(granted, wanted) if granted else []

    def _must(self, wanted: Sequence[str]) -> None:
        if lacking := self._lacking(wanted):
            raise PermissionMissing(" and ".join(map(words, lacking)), remote=NAME, remedy=RECONNECT)

    def _rows(self, client: Client, path: str, name: str, size: str, most: int) -> Iterator[dict[str, Any]]:
        following: dict[str, str | int] = {}
        for _ in range(_MOST_PAGES):
            page = client.get(path, {size: most, **following})
            rows = page.get(name, [])
            if not isinstance(rows, list):
                break
            yield from (row for row in rows if isinstance(row, dict))
            token = page.get("nextPageToken")
            if not isinstance(token, str) or not token:
                return
            following = {"pageToken": token}
        raise TemporaryError(f"{client.service.name} answers with something else than a list.", remote=NAME)


def _calendar(row: dict[str, Any]) -> RemoteCalendar:
    name = str(row.get("summaryOverride") or row.get("summary") or row.get("id") or "")
    return RemoteCalendar(
        RemoteId(str(row.get("id") or "")),
        name,
        str(row.get("backgroundColor") or "").lower(),
        read_only=row.get("accessRole") not in _WRITERS,
        default=row.get("primary") is True,
    )


def _is_offered(row: dict[str, Any]) -> bool:
    """The groups of old that Google no longer shows are left out, and those that are no place to put somebody."""
    return row.get("groupType") == "USER_CONTACT_GROUP" or row.get("name") in {"myContacts", "starred"}


def _group(row: dict[str, Any]) -> RemoteGroup:
    name = str(row.get("formattedName") or row.get("name") or "")
    id_ = RemoteId(str(row.get("resourceName") or ""))
    return RemoteGroup(id_, name, default=row.get("name") == "myContacts")
