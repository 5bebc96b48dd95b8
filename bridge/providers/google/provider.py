"""Google accounts: who we are, which calendars and groups there are, and opening them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import TemporaryError
from bridge.ports import Account as Identity
from bridge.ports import Channel, Registration, RemoteCalendar, RemoteGroup, RemoteId, Side, SignIn
from bridge.providers.consented import ConsentedConnector, ConsentedProvider
from bridge.providers.google import push
from bridge.providers.google.calendar import CalendarSide
from bridge.providers.google.client import Client, Service, next_page
from bridge.providers.google.contacts import ContactsSide
from bridge.providers.google.installation import (
    CALENDARS,
    CONTACTS,
    EVENTS,
    FOR_CALENDARS,
    FOR_CONTACTS,
    NAME,
    Installation,
    authority,
)
from bridge.providers.google.person_read import text
from bridge.providers.oauth import Authority, CodeFlow

_MY_CONTACTS = "contactGroups/myContacts"
_MOST_PAGES = 100
_WRITERS = frozenset(("owner", "writer"))


class GoogleConnector(ConsentedConnector[Installation]):
    """Opens accounts at Google."""

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "GoogleProvider":
        """Open an account; no request is sent yet. ``keep`` stores the token whenever it was renewed."""
        return GoogleProvider(self._installation, sign_in, keep, self.oauth())

    def _authority(self, known: Installation) -> Authority:
        return authority(known)

    def _addresses(self, known: Installation) -> Sequence[str]:
        return known.calendar_url, known.people_url, known.token_url

    def _with(self, known: Installation, found: Registration) -> Installation:
        return replace(known, client_id=found.client_id, client_secret=found.secret)


class GoogleProvider(ConsentedProvider):
    """One account."""

    def __init__(
        self, installation: Installation, sign_in: SignIn, keep: Callable[[str], None], flow: CodeFlow
    ) -> None:
        super().__init__(sign_in, keep, flow)
        calendar = installation.calendar_url
        self._calendars = Client(self._account, Service("Google Calendar", calendar, CALENDARS))
        self._events = Client(self._account, Service("Google Calendar", calendar, EVENTS))
        self._people = Client(self._account, Service("Google Contacts", installation.people_url, CONTACTS))

    def check(self) -> Identity:
        """Sign in. An account that gave us only calendars or only contacts is one too."""
        if not self._lacks(FOR_CALENDARS):
            primary = self._calendars.get("/users/me/calendarList/primary")
            return Identity(text(primary, "id") or self._sign_in.address, text(primary, "summary"))
        if self._lacks(FOR_CONTACTS):
            self._must((*FOR_CALENDARS, *FOR_CONTACTS))
        self._people.get("/v1/contactGroups", {"pageSize": 1})
        return Identity(self._account.token.address or self._sign_in.address or self._sign_in.username)

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the account, the primary one first. Raises ``PermissionMissing`` without the scopes."""
        self._must(FOR_CALENDARS)
        rows = self._rows(self._calendars, "/users/me/calendarList", "items", "maxResults", 250)
        found = [_calendar(row) for row in rows if text(row, "id") and not row.get("deleted")]
        return sorted(found, key=lambda each: (not each.default, each.read_only))

    def groups(self) -> Sequence[RemoteGroup]:
        """All contacts first, then the labels that the user has made."""
        self._must(FOR_CONTACTS)
        rows = self._rows(self._people, "/v1/contactGroups", "contactGroups", "pageSize", 1000)
        found = [_group(row) for row in rows if text(row, "resourceName") and _is_offered(row)]
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

    def _rows(self, client: Client, path: str, name: str, size: str, most: int) -> Iterator[dict[str, Any]]:
        following: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = client.get(path, {size: most, **following})
            rows = page.get(name, [])
            if not isinstance(rows, list):
                break
            yield from (row for row in rows if isinstance(row, dict))
            following = next_page(page, following, client.service.name)
            if not following:
                return
        raise TemporaryError(f"{client.service.name} answers with something else than a list.", remote=NAME)


def _calendar(row: dict[str, Any]) -> RemoteCalendar:
    name = str(row.get("summaryOverride") or row.get("summary") or row.get("id") or "")
    return RemoteCalendar(
        RemoteId(text(row, "id")),
        name,
        str(row.get("backgroundColor") or "").lower(),
        read_only=text(row, "accessRole") not in _WRITERS,
        default=row.get("primary") is True,
    )


def _is_offered(row: dict[str, Any]) -> bool:
    """The groups of old that Google no longer shows are left out, and those that are no place to put somebody."""
    return row.get("groupType") == "USER_CONTACT_GROUP" or text(row, "name") in {"myContacts", "starred"}


def _group(row: dict[str, Any]) -> RemoteGroup:
    name = str(row.get("formattedName") or row.get("name") or "")
    return RemoteGroup(RemoteId(text(row, "resourceName")), name, default=row.get("name") == "myContacts")
