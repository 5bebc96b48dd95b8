"""Adding a device in under a minute (R26): one-time links, and what they open on the other device.

A link is a long random secret in an address; the database has only its keyed hash. It works once and for ten minutes.
Looking at it does not use it up, since mail programs and browsers fetch addresses ahead: only going on does.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotFound
from bridge.ports import Clock, Vault
from bridge.services.devices import Devices
from bridge.store import onboarding
from bridge.store.accounts import Device
from bridge.store.database import Database
from bridge.store.models.web import Purpose
from bridge.store.onboarding import OneTimeLink

LIFETIME = timedelta(minutes=10)
MOST_LINKS, MOST_FLOWS = 50, 10_000
LONGEST_NAME = 100  # characters
_OCTETS = 24


class Program(StrEnum):
    """What a device is set up with."""

    APPLE = "apple"
    ANDROID = "android"
    THUNDERBIRD = "thunderbird"
    OUTLOOK = "outlook"
    EVOLUTION = "evolution"
    KHAL = "khal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a one-time link offers to whoever opens it."""

    user: User
    program: Program
    name: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What came out of a one-time link: a new device with its password, and a secret for the step that follows.

    For Apple that is the download of the profile. For Android there is no device yet: the secret lets this browser
    consent to the program's request.
    """

    invitation: Invitation
    device: Device | None
    password: str
    secret: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """A device of a user, with its app password."""

    user: User
    name: str
    password: str


class Onboarding:
    """One-time links. ``key`` is the secret under which theirs are hashed; ``vault`` keeps passwords in between."""

    def __init__(self, database: Database, clock: Clock, key: bytes, vault: Vault, devices: Devices) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._vault = vault
        self._devices = devices

    def invite(self, user: User, program: Program, name: str) -> str:
        """Make a link that sets up a device, and return its secret. Raises ``Invalid`` or ``Conflict``."""
        check_name(name)
        return self._make(user.id, Purpose.ADD_DEVICE, name.strip(), program=program)

    def look(self, secret: str) -> Invitation:
        """What a link offers. Raises ``NotFound`` for one that is used, too old or unknown."""
        user, link = self._find(Purpose.ADD_DEVICE, secret)
        return Invitation(user, Program(link.program), link.name)

    def open(self, secret: str) -> Opened:
        """Use a link. Raises ``NotFound``."""
        user, link = self._use(Purpose.ADD_DEVICE, secret)
        invitation = Invitation(user, Program(link.program), link.name)
        if invitation.program is Program.ANDROID:
            return Opened(invitation, None, "", self._make(user.id, Purpose.GRANT, link.name))
        device, password = self._devices.add(user.login, link.name)
        further = ""
        if invitation.program is Program.APPLE:
            further = self.offer_profile(user, device, password)
        return Opened(invitation, device, password, further)

    def offer_profile(self, user: User, device: Device, password: str) -> str:
        """Make a link that downloads the profile of a new device, and return its secret."""
        sealed = self._vault.seal(password)
        return self._make(user.id, Purpose.PROFILE, device.name, device_id=device.id, sealed=sealed)

    def profile(self, secret: str) -> Credentials:
        """Use a link that downloads a profile. Raises ``NotFound``."""
        user, link = self._use(Purpose.PROFILE, secret)
        return Credentials(user, link.name, self._vault.open(link.sealed))

    def may_grant(self, secret: str) -> Invitation | None:
        """Whose consent a browser may give that has opened a link of theirs, if it still may."""
        try:
            user, link = self._find(Purpose.GRANT, secret)
        except NotFound:
            return None
        return Invitation(user, Program.ANDROID, link.name)

    def use_grant(self, secret: str) -> User:
        """Use up the right to consent. Raises ``NotFound``."""
        return self._use(Purpose.GRANT, secret)[0]

    def _make(self, user_id: int, purpose: Purpose, name: str, **more: Any) -> str:
        """Keep a link, and return its secret. ``more`` are further fields of ``OneTimeLink``."""
        secret = secrets.token_urlsafe(_OCTETS)
        now = self._clock.now()
        with self._database.write() as session:
            onboarding.prune(session, now=now, keep=MOST_FLOWS)
            if onboarding.count_links(session, user_id) >= MOST_LINKS:
                raise Conflict("There are too many unused links.", remedy="Wait ten minutes; they expire by then.")
            link = OneTimeLink(0, user_id, purpose, name, now + LIFETIME, **more)
            onboarding.add_link(session, link, self._hash(secret))
        return secret

    def _find(self, purpose: Purpose, secret: str) -> tuple[User, OneTimeLink]:
        with self._database.read() as session:
            found = onboarding.link_by_key(session, purpose, self._hash(secret), now=self._clock.now())
        if found is None:
            raise NotFound("This link has been used, or is older than ten minutes.")
        return found

    def _use(self, purpose: Purpose, secret: str) -> tuple[User, OneTimeLink]:
        with self._database.write() as session:
            found = onboarding.link_by_key(session, purpose, self._hash(secret), now=self._clock.now())
            if found is None or not onboarding.use_link(session, found[1].id):
                raise NotFound("This link has been used, or is older than ten minutes.")
        return found

    def _hash(self, secret: str) -> str:
        octets = f"link:{secret}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def check_name(name: str) -> None:
    """Raise ``Invalid`` for what is no name of a device."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A device needs a name of at most {LONGEST_NAME} characters.")


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """A name like the wanted one that no other device has: the second iPhone is “iPhone 2”."""
    names = (wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
