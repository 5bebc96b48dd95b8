"""Open what a run needs: a connection's account, and both sides of each of its flows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.plan import Decider, decider
from bridge.core.scope import CalendarScope, ContactScope, Direction, FlowKind
from bridge.core.user import User
from bridge.errors import Conflict, NotFound
from bridge.ports import Clock, Connector, Provider, RemoteId, Side, SignIn, Vault
from bridge.services.actor import Actor
from bridge.services.settings import Settings
from bridge.services.sync.acting import OurSide
from bridge.services.sync.kinds import Kind, calendar_kind, contacts_kind
from bridge.services.sync.local_contacts import LocalContacts
from bridge.services.sync.local_events import LocalEvents
from bridge.services.sync.wrapping import Counted
from bridge.store import accounts, connections
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.models.journal import Source

T = TypeVar("T", Event, Contact)


@dataclass(frozen=True)
class OpenFlow(Generic[T]):
    """A flow with both sides. ``writes_here`` and ``writes_there`` say where it goes at all (R7, R15)."""

    row: Flow
    kind: Kind[T]
    ours: OurSide[T]
    theirs: Counted[T]
    decide: Decider
    writes_here: bool
    writes_there: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection as a run found it: the account is not asked before a side is read."""

    connection: Connection
    user: User
    flows: tuple[Flow, ...]
    provider: Provider


class Flows:
    """Opens connections and their flows."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        vault: Vault,
        connectors: Mapping[str, Connector],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._vault = vault
        self._connectors = connectors

    def open(self, connection_id: int) -> Opened:
        """Read a connection. Raises ``NotFound``, or ``Conflict`` where nothing has been chosen to be synced."""
        with self._database.read() as session:
            connection = found_connection(session, connection_id)
            user = accounts.users(session, [connection.user_id])[connection.user_id]
            flows = tuple(flow for flow in connections.flows(session, [connection_id]) if flow.enabled)
        if not flows:
            raise Conflict(
                "This connection has nothing to sync yet.", remedy="Choose a calendar or a group of contacts for it."
            )
        return Opened(connection, user, flows, self.provider(connection))

    def provider(self, connection: Connection) -> Provider:
        """The account of a connection. Raises ``NotFound`` for a kind of service that this installation lacks."""
        connector = self._connectors.get(connection.provider)
        if connector is None:
            raise NotFound(f"There is no provider “{connection.provider}” here.")
        sign_in = SignIn(
            connection.address,
            connection.url,
            connection.username,
            self._vault.open(connection.secret) if connection.secret else "",
        )
        return connector.open(sign_in, lambda secret: self._keep(connection.id, secret))

    def _keep(self, connection_id: int, secret: str) -> None:
        """Store credentials that the remote has renewed."""
        with self._database.write() as session:
            connections.set_secret(session, connection_id, self._vault.seal(secret))

    def calendar(self, opened: Opened, flow: Flow, run_id: str) -> OpenFlow[Event]:
        """Open the flow of a calendar."""
        scope = calendar_scope(flow, opened.connection)
        theirs: Side[Event] = opened.provider.open_calendar(RemoteId(flow.collection_id))
        ours = LocalEvents(
            self._database, self._clock, self._settings, opened.user.id, scope, actor_of(opened.connection, run_id)
        )
        counted = Counted(theirs)
        now = self._clock.now()
        zone = ZoneInfo(opened.user.time_zone)
        both = flow.direction is Direction.TWO_WAY
        return OpenFlow(
            flow,
            calendar_kind(scope, theirs.traits, opened.connection.policy, zone, now=now),
            ours,
            counted,
            decider(FlowKind.CALENDAR, flow.direction, edits_come_back=flow.edits_come_back),
            writes_here=both or flow.edits_come_back,
            writes_there=True,
        )

    def contacts(self, opened: Opened, flow: Flow, run_id: str) -> OpenFlow[Contact]:
        """Open the flow of a group of contacts."""
        scope = ContactScope(opened.user.id, flow.direction, flow.visibility)
        theirs: Side[Contact] = opened.provider.open_group(RemoteId(flow.collection_id))
        ours = LocalContacts(
            self._database, self._clock, self._settings, opened.user.id, scope, actor_of(opened.connection, run_id)
        )
        return OpenFlow(
            flow,
            contacts_kind(scope, theirs.traits, opened.connection.policy, opened.user),
            ours,
            Counted(theirs),
            decider(FlowKind.CONTACTS, flow.direction, edits_come_back=True),
            writes_here=True,
            writes_there=flow.direction is Direction.TWO_WAY,
        )


def found_connection(session: Session, connection_id: int) -> Connection:
    """One connection. Raises ``NotFound``."""
    found = connections.connection(session, connection_id)
    if found is None:
        raise NotFound(f"There is no connection {connection_id}.", remedy="List them with “davbridge connection list”.")
    return found


def calendar_scope(flow: Flow, connection: Connection) -> CalendarScope:
    """The options of a calendar's flow, as the core wants them."""
    return CalendarScope(
        user_id=connection.user_id,
        direction=flow.direction,
        types=flow.types,
        default_type=flow.default_type,
        private=flow.private,
        include_links=flow.include_links,
        visibility=flow.visibility,
        edits_come_back=flow.edits_come_back,
        since=flow.started_at,
    )


def options_digest(flow: Flow) -> str:
    """A digest of those options that decide which objects travel: a change of them is looked at as a whole (R19)."""
    values: list[Any] = [
        flow.collection_id,
        flow.direction.value,
        sorted(flow.types) if flow.types is not None else None,
        flow.private.value,
        flow.include_links,
    ]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def actor_of(connection: Connection, run_id: str) -> Actor:
    """Who writes on our side in a run."""
    name = connection.name or connection.address or connection.username
    return Actor(connection.user_id, Source.SYNC, client=f"Sync with {name}"[:255], run=run_id)
