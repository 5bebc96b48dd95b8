"""Accounts at Microsoft: who we are, which calendars and contact folders there are, and opening them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.ports import Account as Identity
from bridge.ports import Channel, Registration, RemoteCalendar, RemoteGroup, RemoteId, Side, SignIn
from bridge.providers.consented import ConsentedConnector, ConsentedProvider
from bridge.providers.graph import push
from bridge.providers.graph.calendar import CalendarSide
from bridge.providers.graph.client import PAGE, Ask, Client, query, segment
from bridge.providers.graph.contacts import DEFAULT, ContactsSide
from bridge.providers.graph.installation import (
    CALENDARS,
    CONTACTS,
    FOR_CALENDARS,
    FOR_CONTACTS,
    Installation,
    authority,
)
from bridge.providers.oauth import Authority, CodeFlow

_DEEPEST = 20
"""Levels of contact folders that are looked at."""


class GraphConnector(ConsentedConnector[Installation]):
    """Opens accounts at Microsoft."""

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> "GraphProvider":
        """Open an account; no request is sent yet. ``keep`` stores the token whenever it was renewed."""
        return GraphProvider(self._installation, sign_in, keep, self.oauth())

    def _authority(self, known: Installation) -> Authority:
        return authority(known)

    def _addresses(self, known: Installation) -> Sequence[str]:
        return known.graph_url, known.placed(known.token_url)

    def _with(self, known: Installation, found: Registration) -> Installation:
        tenant = found.tenant or known.tenant
        return replace(known, client_id=found.client_id, client_secret=found.secret, tenant=tenant)


class GraphProvider(ConsentedProvider):
    """One account."""

    def __init__(
        self, installation: Installation, sign_in: SignIn, keep: Callable[[str], None], flow: CodeFlow
    ) -> None:
        super().__init__(sign_in, keep, flow)
        base = installation.graph_url
        self._events = Client(self._account, base, "Microsoft 365 Calendar", CALENDARS)
        self._people = Client(self._account, base, "Microsoft 365 Contacts", CONTACTS)

    def check(self) -> Identity:
        """Sign in. An account that gave us only calendars or only contacts is one too."""
        if self._lacks(FOR_CALENDARS) and self._lacks(FOR_CONTACTS):
            self._must((*FOR_CALENDARS, *FOR_CONTACTS))
        client = self._people if self._lacks(FOR_CALENDARS) else self._events
        found = client.get(query("/me", select="mail,userPrincipalName,displayName"))
        address = found.get("mail") or found.get("userPrincipalName") or self._sign_in.address
        return Identity(str(address or ""), str(found.get("displayName") or ""))

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the account, the default one first. Raises ``PermissionMissing`` without the scope."""
        self._must(FOR_CALENDARS)
        rows = self._rows(self._events, query("/me/calendars", top=PAGE))
        found = [_calendar(row) for row in rows]
        return sorted(found, key=lambda each: (not each.default, each.read_only))

    def groups(self) -> Sequence[RemoteGroup]:
        """The default folder of contacts first, then those that the user has made, inner ones with their outer one."""
        self._must(FOR_CONTACTS)
        answer = self._people.call(Ask("GET", "/me/contactFolders/contacts"))
        name = answer.json().get("displayName") if answer.ok else ""
        own = RemoteGroup(DEFAULT, str(name or "Contacts"), default=True)
        return [own, *self._folders("/me/contactFolders", "", _DEEPEST)]

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the field's term
        """One calendar."""
        return CalendarSide(self._events, id, self._clock)

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the field's term
        """One folder of contacts."""
        return ContactsSide(self._people, id)

    def watch(self, kind: FlowKind, collection: RemoteId, address: str, token: str) -> Channel | None:
        """See ``Watching.watch``. Where Graph does not take a single calendar, all of the mailbox are watched."""
        if kind is FlowKind.CALENDAR:
            resources = (f"/me/calendars/{segment(collection)}/events", "/me/events")
            return push.watch(self._events, self._clock, resources, address, token)
        own = "/me/contacts" if collection == DEFAULT else f"/me/contactFolders/{segment(collection)}/contacts"
        return push.watch(self._people, self._clock, (own,), address, token)

    def renew(self, channel: Channel) -> Channel | None:
        """See ``Watching.renew``."""
        return push.renew(self._events, self._clock, channel)

    def unwatch(self, channel: Channel) -> None:
        """See ``Watching.unwatch``."""
        push.unwatch(self._events, channel)

    def _folders(self, path: str, outer: str, depth: int) -> Iterator[RemoteGroup]:
        for row in self._rows(self._people, query(path, top=PAGE)):
            name = f"{outer}{row.get('displayName') or ''}"
            id_ = str(row.get("id") or "")
            yield RemoteGroup(RemoteId(id_), name)
            if depth and id_:
                yield from self._folders(f"/me/contactFolders/{segment(id_)}/childFolders", f"{name} / ", depth - 1)

    def _rows(self, client: Client, path: str) -> Iterator[Mapping[str, Any]]:
        for page in client.pages(path):
            yield from client.rows(page)


def _calendar(row: Mapping[str, Any]) -> RemoteCalendar:
    return RemoteCalendar(
        RemoteId(str(row.get("id") or "")),
        str(row.get("name") or ""),
        str(row.get("hexColor") or "").lower(),
        read_only=row.get("canEdit") is not True,
        default=row.get("isDefaultCalendar") is True,
    )
