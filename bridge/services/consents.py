"""Consents: a browser leaves for a service's own page, and what it brings back becomes a connection (R2, R3).

``state`` is a long random secret of which the database has only a keyed hash. It belongs to one session of the page,
works once, and for fifteen minutes; what PKCE needs stays here, sealed. A service plugs in as a ``ConsentFlow``.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bridge.core.scope import FlowKind
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotAllowed, NotFound
from bridge.ports import Clock, Connector, ConsentFlow, SignIn, Trip, Vault
from bridge.services.connection_rules import NewAccount, check_same_account, same_account
from bridge.services.connections import Connections
from bridge.services.signing_in import Visitor
from bridge.store import onboarding
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState
from bridge.store.models.web import Purpose
from bridge.store.onboarding import OneTimeLink

LIFETIME = timedelta(minutes=15)
MOST = 50
"""How many journeys of one user may be under way."""
_LONGEST_HINT = 255  # characters
_KEEP_FLOWS = 10_000  # of the login flow, whose table is pruned together with ours

ConsentFlows = Mapping[str, Callable[[], ConsentFlow]]
"""What opens the consent of each service, by the provider's name."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Somebody is at a service's page, and why. ``connection_id``: to sign in there again."""

    provider: str
    trip: Trip = field(repr=False)
    kinds: tuple[FlowKind, ...]
    address: str = ""
    connection_id: int | None = None


@dataclass(frozen=True, slots=True)
class Consented:
    """What became of a consent. ``added``: there was no such connection, or it had been stopped."""

    connection_id: int
    added: bool


class Consents:
    """Sends users of the page to services, and connects what they come back with. ``key`` is the installation's."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        key: bytes,
        vault: Vault,
        flows: ConsentFlows,
        connectors: Mapping[str, Connector],
        connections: Connections,
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._vault = vault
        self._flows = flows
        self._connectors = connectors
        self._connections = connections

    def offers(self, provider: str) -> bool:
        """Whether users of this service can consent here: it is set up for this installation."""
        return provider in self._flows and self._flows[provider]().is_set_up

    def begin(
        self,
        visitor: Visitor,
        provider: str,
        redirect_uri: str,
        kinds: Collection[FlowKind],
        *,
        address: str = "",
        connection_id: int | None = None,
    ) -> str:
        """Where to send the browser. Raises ``NotFound`` for another's connection, and ``Invalid``."""
        if not kinds:
            raise Invalid("Choose what this account is for.")
        if connection_id is not None:
            address = address or self._own(visitor.user, provider, connection_id)
        there, trip = self._flow(provider).start(redirect_uri, kinds, address=address)
        chosen = tuple(kind for kind in FlowKind if kind in kinds)
        self._keep(visitor, Journey(provider, trip, chosen, address[:_LONGEST_HINT], connection_id))
        return there

    def take(self, visitor: Visitor, provider: str, answer: Mapping[str, str]) -> Journey:
        """The journey that a browser has come back from; it ends here.

        Raises ``NotAllowed`` for one that is made up, of another user, session or service, used already, or too old.
        """
        state = answer.get("state", "")
        with self._database.write() as session:
            found = onboarding.link_by_key(session, Purpose.CONSENT, self._hash(state), now=self._clock.now())
            if found is None or found[0].id != visitor.user.id or found[1].program != provider:
                raise _strange()
            kept = json.loads(self._vault.open(found[1].sealed))
            if kept["session"] != visitor.session.id or not onboarding.use_link(session, found[1].id):
                raise _strange()
        trip = Trip(state, kept["verifier"], tuple(kept["wanted"]))
        kinds = tuple(map(FlowKind, kept["kinds"]))
        return Journey(provider, trip, kinds, found[1].name, kept["connection"])

    def finish(self, user: User, journey: Journey, redirect_uri: str, answer: Mapping[str, str]) -> Consented:
        """Trade the answer for a token, look whose account it is, and connect it, or go on with its connection (R3).

        Raises what ``ConsentFlow.finish`` and ``Provider.check`` do, and ``Conflict`` for another account than that
        of the connection.
        """
        secret = self._flow(journey.provider).finish(redirect_uri, journey.trip, answer)
        account = self._checked(NewAccount(journey.provider, journey.address, secret=secret))
        present = self._present(user, journey, account)
        if present is None:
            return Consented(self._connections.add(user, user.login, account, check=False).id, added=True)
        self._connections.reconnect(user, present, account.secret, check=False)
        return Consented(present, added=False)

    def _present(self, user: User, journey: Journey, account: NewAccount) -> int | None:
        """The connection that the account has: the one to sign in to again, or one that runs already."""
        if journey.connection_id is None:
            every = self._connections.all(user, user.login)
            running = (each.connection for each in every if each.connection.state is not ConnectionState.STOPPED)
            return next((each.id for each in running if same_account(each, account)), None)
        wanted = self._connections.show(user, journey.connection_id).connection
        check_same_account(wanted, account)
        return wanted.id

    def _checked(self, account: NewAccount) -> NewAccount:
        """The account as the service names it: what was typed in before was only a hint."""
        kept: list[str] = []
        sign_in = SignIn(account.address, secret=account.secret)
        found = self._connectors[account.provider].open(sign_in, kept.append).check()
        secret = kept[-1] if kept else account.secret
        return replace(account, address=found.address or account.address, name=found.name, secret=secret)

    def _own(self, user: User, provider: str, connection_id: int) -> str:
        """The address of the connection to sign in to again."""
        connection = self._connections.show(user, connection_id).connection
        if connection.provider != provider:
            raise NotFound("This connection is to another service.")
        return connection.address

    def _flow(self, provider: str) -> ConsentFlow:
        flow = self._flows[provider]() if provider in self._flows else None
        if flow is None or not flow.is_set_up:
            raise Invalid(
                "Accounts of this kind cannot be connected here: this server is not set up for them.",
                remedy="Ask your administrator to set it up, or connect another account.",
            )
        return flow

    def _keep(self, visitor: Visitor, journey: Journey) -> None:
        kept = {
            "session": visitor.session.id,
            "verifier": journey.trip.verifier,
            "wanted": journey.trip.wanted,
            "kinds": journey.kinds,
            "connection": journey.connection_id,
        }
        now = self._clock.now()
        with self._database.write() as session:
            onboarding.prune(session, now=now, keep=_KEEP_FLOWS)
            if onboarding.count_links(session, visitor.user.id) >= MOST:
                raise Conflict("This was begun too often.", remedy="Wait fifteen minutes, and begin again.")
            link = OneTimeLink(0, visitor.user.id, Purpose.CONSENT, journey.address, now + LIFETIME, journey.provider)
            sealed = self._vault.seal(json.dumps(kept, separators=(",", ":")))
            onboarding.add_link(session, replace(link, sealed=sealed), self._hash(journey.trip.state))

    def _hash(self, state: str) -> str:
        octets = f"consent:{state or secrets.token_urlsafe()}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def _strange() -> NotAllowed:
    return NotAllowed(
        "This was not begun in this browser, was finished already, or took longer than fifteen minutes.",
        remedy="Begin again from this page.",
    )
