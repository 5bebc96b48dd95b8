"""Programs that ask for an app password by way of the browser: the Nextcloud login flow, version 2.

The program gets a token to poll with, and an address for the browser. Whoever is signed in there may consent; the
program's next poll then takes the app password away, once. Until then, and after ten minutes, there is nothing.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from bridge.core.clients import client_traits
from bridge.core.user import User
from bridge.errors import NotFound, TooManyTries
from bridge.ports import Clock, Vault
from bridge.services.devices import Devices
from bridge.services.onboarding import LIFETIME, MOST_FLOWS, Credentials, check_name
from bridge.services.throttle import network_of
from bridge.store import onboarding
from bridge.store.database import Database
from bridge.store.onboarding import LoginFlow

MOST_FROM_ONE_ADDRESS = 50
_OCTETS = 48


@dataclass(frozen=True, slots=True)
class Started:
    """What a program is told: a token to poll with, and the secret in the browser's address."""

    poll: str
    page: str


class LoginFlows:
    """Programs that wait. ``key`` is the secret under which what they hold is hashed."""

    def __init__(self, database: Database, clock: Clock, key: bytes, vault: Vault, devices: Devices) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._vault = vault
        self._devices = devices

    def start(self, client: str, address: str) -> Started:
        """Let a program wait. Raises ``TooManyTries`` when too many from one address do."""
        started = Started(secrets.token_urlsafe(_OCTETS), secrets.token_urlsafe(_OCTETS))
        now, origin = self._clock.now(), self._hash("address", network_of(address))
        with self._database.write() as session:
            onboarding.prune(session, now=now, keep=MOST_FLOWS)
            if onboarding.count_flows(session, origin) >= MOST_FROM_ONE_ADDRESS:
                raise TooManyTries("Too many programs wait for consent.", retry_after=LIFETIME)
            onboarding.add_flow(
                session,
                poll_hash=self._hash("poll", started.poll),
                page_hash=self._hash("page", started.page),
                client=client.replace("\x00", ""),
                address=origin,
                expires_at=now + LIFETIME,
            )
        return started

    def look(self, page: str) -> str:
        """The name of the program that waits. Raises ``NotFound``."""
        return client_name(self._waiting(page).client)

    def grant(self, page: str, user: User, name: str) -> None:
        """Consent: make a device that the program will get. Raises ``NotFound`` or ``Invalid``."""
        check_name(name)
        flow = self._waiting(page)
        with self._database.write() as session:
            if not onboarding.claim_flow(session, flow.id, user.id):
                raise NotFound("This request has been answered, or is older than ten minutes.")
        _, password = self._devices.add(user.login, name)
        with self._database.write() as session:
            onboarding.seal_flow(session, flow.id, self._vault.seal(password))

    def deny(self, page: str) -> None:
        """Refuse. The program will wait in vain. Raises ``NotFound``."""
        flow = self._waiting(page)
        with self._database.write() as session:
            onboarding.end_flow(session, flow.id)

    def poll(self, token: str) -> Credentials | None:
        """What a program waits for, once it is there. It is given once."""
        with self._database.read() as session:  # most polls find nothing, and wait for no writer
            found = onboarding.flow_by_poll(session, self._hash("poll", token), now=self._clock.now())
        if found is None:
            return None
        flow, user = found
        with self._database.write() as session:
            if not onboarding.end_flow(session, flow.id):
                return None
        return Credentials(user, client_name(flow.client), self._vault.open(flow.sealed))

    def _waiting(self, page: str) -> LoginFlow:
        with self._database.read() as session:
            flow = onboarding.flow_by_page(session, self._hash("page", page), now=self._clock.now())
        if flow is None:
            raise NotFound("This request has been answered, or is older than ten minutes.")
        return flow

    def _hash(self, what: str, secret: str) -> str:
        octets = f"login-flow:{what}:{secret}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def client_name(user_agent: str) -> str:
    """What to call a program: only what can be shown, and never nothing."""
    name = "".join(each for each in client_traits(user_agent).name if each.isprintable()).strip()
    return name or "App"
