"""Signing in to the page (R28): with a password or as somebody whom an OpenID Connect provider knows.

The browser holds a long random key; the database only its keyed hash, so that a session can be ended at any moment
and a stolen database signs nobody in. A session ends when it was not used for a while, and in any case after some time.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound
from bridge.ports import Clock
from bridge.services.throttle import Throttle
from bridge.store import accounts, page_sessions
from bridge.store.database import Database
from bridge.store.page_sessions import PageSession

LEAST_PASSWORD, LONGEST_PASSWORD = 10, 1000  # characters
_USED_AFTER = timedelta(minutes=1)
_KEY_OCTETS = 32
_PAGE = "page:"  # counts failures apart from those of devices with an old app password


@dataclass(frozen=True, slots=True)
class Limits:
    """When a session ends: ``idle`` after its last use, and ``absolute`` after its beginning."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, and in which session."""

    user: User
    session: PageSession


class SigningIn:
    """Sessions of the page. ``key`` is the secret under which their keys are hashed, ``hasher`` hashes passwords."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        key: bytes,
        limits: Limits | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._limits = limits or Limits()
        self._throttle = Throttle(database, clock, key)
        self._hasher = hasher or PasswordHasher()
        self._nobody = _hash_of_nobody(self._hasher)

    def with_password(self, name: str, password: str, client: str, address: str) -> str:
        """Check the password of a login or e-mail address, and begin a session. Returns its key.

        Nobody learns whether it was the name or the password that did not fit. Raises ``NotAllowed``, or
        ``TooManyTries`` after too many failures from the address.
        """
        name = name.encode(errors="replace").decode().replace("\x00", "\ufffd")  # PostgreSQL takes no NUL
        attempt = self._throttle.attempt(_PAGE + name, address)
        with self._database.read() as session:
            self._throttle.check(session, attempt)
            found = page_sessions.password_of(session, name)
        user, hashed = found or (None, None)
        if not self._fits(hashed, password) or user is None:
            self._throttle.failed(attempt)
            raise NotAllowed("The user name and the password do not fit together.")
        self._throttle.succeeded(attempt)
        with self._database.write() as session:
            if hashed and self._hasher.check_needs_rehash(hashed):
                page_sessions.set_password(session, user.id, self._hasher.hash(password))
            return self._begin(session, user, client)

    def begin(self, user: User, client: str) -> str:
        """Begin a session of a user whom somebody else has vouched for. Returns its key."""
        with self._database.write() as session:
            return self._begin(session, user, client)

    def visitor(self, key: str) -> Visitor | None:
        """Who is signed in with a key, if its session goes on. Notes the use."""
        now = self._clock.now()
        with self._database.read() as session:
            found = page_sessions.session_by_key(session, self._hash(key), **self._living(now))
        if found is None:
            return None
        visitor = Visitor(*found)
        if now - visitor.session.used_at >= _USED_AFTER:
            with self._database.write() as session:
                page_sessions.touch_session(session, visitor.session.id, now=now)
        return visitor

    def sessions(self, user: User) -> list[PageSession]:
        """Where a user is signed in."""
        with self._database.read() as session:
            return page_sessions.sessions_of(session, user.id, **self._living(self._clock.now()))

    def end(self, key: str) -> None:
        """Sign out."""
        with self._database.write() as session:
            page_sessions.end_session(session, self._hash(key))

    def end_other(self, user: User, session_id: int) -> None:
        """Sign a user out elsewhere. Raises ``NotFound`` for what is no session of theirs."""
        with self._database.write() as session:
            if not page_sessions.end_session_of(session, user.id, session_id):
                raise NotFound("There is no such session.")

    def end_all(self, user: User) -> None:
        """Sign a user out everywhere."""
        with self._database.write() as session:
            page_sessions.end_sessions_of(session, user.id)

    def change_password(self, visitor: Visitor, old: str, new: str, key: str, address: str) -> None:
        """Change the password, and sign the user out everywhere but in the session with ``key``.

        Who has no password yet sets the first one. Raises ``NotAllowed`` when the old one is wrong, ``Invalid`` when
        the new one is too short or too long, and ``TooManyTries``.
        """
        check_password(new)
        attempt = self._throttle.attempt(_PAGE + visitor.user.login, address)
        with self._database.read() as session:
            self._throttle.check(session, attempt)
            found = page_sessions.password_of(session, visitor.user.login)
        hashed = found[1] if found else None
        if hashed is not None and not self._fits(hashed, old):
            self._throttle.failed(attempt)
            raise NotAllowed("The present password is another one.")
        with self._database.write() as session:
            page_sessions.set_password(session, visitor.user.id, self._hasher.hash(new))
            page_sessions.end_sessions_of(session, visitor.user.id, but=self._hash(key))

    def set_password(self, login: str, new: str) -> None:
        """Set somebody's password, as administrators do, and sign them out. Raises ``Invalid`` or ``NotFound``."""
        check_password(new)
        with self._database.write() as session:
            user = accounts.user_by_login(session, login)
            if user is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            page_sessions.set_password(session, user.id, self._hasher.hash(new))
            page_sessions.end_sessions_of(session, user.id)

    def has_password(self, user: User) -> bool:
        """Whether a user can sign in with a password."""
        with self._database.read() as session:
            found = page_sessions.password_of(session, user.login)
        return found is not None and found[1] is not None

    def _begin(self, session: Session, user: User, client: str) -> str:
        now = self._clock.now()
        living = self._living(now)
        page_sessions.prune_sessions(session, created_before=living["created_after"], used_before=living["used_after"])
        key = secrets.token_urlsafe(_KEY_OCTETS)
        page_sessions.add_session(session, user_id=user.id, key_hash=self._hash(key), client=client, now=now)
        return key

    def _living(self, now: datetime) -> dict[str, datetime]:
        return {"created_after": now - self._limits.absolute, "used_after": now - self._limits.idle}

    def _fits(self, hashed: str | None, password: str) -> bool:
        """Whether a password has a hash; takes as long when there is none."""
        try:
            fits = self._hasher.verify(hashed or self._nobody, password[:LONGEST_PASSWORD].encode(errors="replace"))
        except (VerificationError, InvalidHashError):
            return False
        return fits and hashed is not None and len(password) <= LONGEST_PASSWORD

    def _hash(self, key: str) -> str:
        octets = f"page-session:{key}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def check_password(password: str) -> None:
    """Raise ``Invalid`` for a password that is too short or too long."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(f"A password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters.")


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Make up a hash that takes as long to check as a user's own and fits no password. Making a true one takes long."""
    salt, digest = (_base64(secrets.token_bytes(length)) for length in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode().rstrip("=")
