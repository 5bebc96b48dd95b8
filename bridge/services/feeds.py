"""Feeds (R26): read-only addresses of a user's activities, for programs that only subscribe.

The secret in the address is all that a subscriber needs: it is shown once, and only its keyed hash is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bridge.core import feed as core
from bridge.core.feed import FeedPrivacy, FeedWriter
from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services.devices import ALPHABET
from bridge.services.principals import ACTIVITIES, DISPLAYNAME
from bridge.store import accounts, collections, feeds, resources
from bridge.store.database import Database
from bridge.store.feeds import Feed
from bridge.store.views import Collection

_PRIVATE_TEXT = "Private"  # what others read instead of a private subject (R10)
_LENGTH = 32  # characters of 5 bits each
_USED_AFTER = timedelta(minutes=5)


class Sink(Protocol):
    """Takes a calendar in portions."""

    def write(self, octets: bytes, /) -> object:
        """Take the next portion."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a secret gives access to: the activities of one user, whom ``name`` tells apart."""

    feed: Feed
    name: str
    collection: Collection


class Feeds:
    """The feeds of users. ``key`` is the secret under which those of the feeds are hashed.

    ``sweep`` lets old things leave a user's calendars, once a day: nobody else may ever look at them (R27).
    """

    def __init__(self, database: Database, clock: Clock, key: bytes, sweep: Callable[[str], None]) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._sweep = sweep

    def add(self, login: str, name: str, private: FeedPrivacy = FeedPrivacy.BUSY) -> tuple[Feed, str]:
        """Make a feed. Its secret is in the answer and nowhere else. Raises ``Invalid`` or ``NotFound``."""
        if not name.strip():
            raise Invalid("A feed needs a name.")
        secret = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
        with self._database.write() as session:
            user = accounts.user_by_login(session, login)
            if user is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            feed = feeds.add_feed(
                session,
                user_id=user.id,
                name=name.strip(),
                private=private,
                key_hash=self._hash(secret),
                now=self._clock.now(),
            )
        return feed, secret

    def list(self, login: str | None = None) -> list[tuple[str, Feed]]:
        """All feeds, or those of one user, each with its user's login. Raises ``NotFound``."""
        with self._database.read() as session:
            users = accounts.users(session)
            owner = accounts.user_by_login(session, login) if login is not None else None
            if login is not None and owner is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            return [(users[feed.user_id].login, feed) for feed in feeds.feeds(session, owner.id if owner else None)]

    def revoke(self, feed_id: int) -> None:
        """Make a feed's address useless at once. Raises ``NotFound``."""
        with self._database.write() as session:
            if not feeds.revoke_feed(session, feed_id, now=self._clock.now()):
                raise NotFound(
                    f"There is no usable feed {feed_id}.", remedy="List the feeds with “davbridge feed list”."
                )

    def find(self, secret: str) -> Subscription:
        """What a secret gives access to. Raises ``NotFound``, the same for one that never was and a revoked one."""
        with self._database.read() as session:
            found = feeds.feed_by_key(session, self._hash(secret))
        if found is None:
            raise NotFound("There is no such calendar.")
        user, feed = found
        self._sweep(user.login)
        with self._database.read() as session:
            collection = collections.collection(session, user.login, ACTIVITIES)
        if collection is None:
            raise NotFound("There is no such calendar.")
        self._note_use(feed)
        name = f"{user.name or user.login}: {collection.properties.get(DISPLAYNAME) or 'Activities'}"
        return Subscription(feed, name, collection)

    def write(self, subscription: Subscription, sink: Sink) -> None:
        """Write the calendar, all in one state that is at least as new as the subscription's entity tag."""
        writer = FeedWriter(subscription.feed.private, _PRIVATE_TEXT)
        sink.write(core.head(subscription.name).encode())
        with self._database.read() as session:
            for resource in resources.listing(session, subscription.collection.id, text=True):
                sink.write(writer.part(resource.text).encode())
        sink.write(core.END.encode())

    def _note_use(self, feed: Feed) -> None:
        """Remember the last use, but not with a write for each request."""
        now = self._clock.now()
        if feed.last_used_at is None or now - feed.last_used_at >= _USED_AFTER:
            with self._database.write() as session:
                feeds.touch_feed(session, feed.id, now=now)

    def _hash(self, secret: str) -> str:
        octets = f"feed:{secret}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()
