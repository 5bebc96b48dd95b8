"""App passwords (R25): made once, shown once, checked with one lookup and one keyed hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from bridge.core.user import User
from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services.throttle import Throttle
from bridge.store import accounts
from bridge.store.accounts import Device
from bridge.store.database import Database

# Lower case without characters that look alike: these passwords are typed on phones.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 5, 5  # 25 characters of 5 bits each
_USED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in, and with which device."""

    user: User
    device: Device


class Devices:
    """The devices of users. ``key`` is the secret under which app passwords are hashed."""

    def __init__(self, database: Database, clock: Clock, key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._throttle = Throttle(database, clock, key)

    def add(self, login: str, name: str) -> tuple[Device, str]:
        """Make an app password. It is in the answer and nowhere else."""
        if not name.strip():
            raise Invalid("A device needs a name.")
        password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
        with self._database.write() as session:
            user = accounts.user_by_login(session, login)
            if user is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            device = accounts.add_device(
                session, user_id=user.id, name=name.strip(), key_hash=self._hash(password), now=self._clock.now()
            )
        return device, password

    def list(self, login: str | None = None) -> list[tuple[str, Device]]:
        """All devices, or those of one user, each with its user's login."""
        with self._database.read() as session:
            users = accounts.users(session)
            owner = accounts.user_by_login(session, login) if login is not None else None
            if login is not None and owner is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            return [(users[d.user_id].login, d) for d in accounts.devices(session, owner.id if owner else None)]

    def revoke(self, device_id: int) -> None:
        """Make an app password useless at once."""
        with self._database.write() as session:
            if not accounts.revoke_device(session, device_id, now=self._clock.now()):
                raise NotFound(
                    f"There is no usable device {device_id}.", remedy="List the devices with “davbridge device list”."
                )

    def sign_in(self, login: str, password: str, client: str, address: str = "") -> SignedIn | None:
        """Check an app password. Nobody learns whether it was the login or the password that did not fit.

        ``address`` is where the request comes from. Raises ``TooManyTries`` after too many failures from there.
        """
        login = login.replace("\x00", "\ufffd")  # PostgreSQL takes no NUL
        attempt = self._throttle.attempt(login, address)
        with self._database.snapshot() as connection:
            found = accounts.device_by_key(connection, login, self._hash(password), attempt.account, attempt.address)
        if found is None or found.device.last_address != attempt.address:
            with self._database.read() as session:
                self._throttle.check(session, attempt)
        if found is None:
            self._throttle.failed(attempt)
            return None
        if found.failed:
            self._throttle.succeeded(attempt)
        self._note_use(found.device, client, attempt.address)
        return SignedIn(found.user, found.device)

    def _note_use(self, device: Device, client: str, address: str) -> None:
        """Remember the last use, but not with a write for each request."""
        now = self._clock.now()
        if device.last_used_at is None or now - device.last_used_at >= _USED_AFTER:
            with self._database.write() as session:
                accounts.touch_device(session, device.id, now=now, client=client, address=address)

    def _hash(self, password: str) -> str:
        """Spaces, dashes and capitals do not matter: people copy these by hand."""
        plain = "".join(password.split()).replace("-", "").lower()
        return hmac.new(self._key, plain.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
