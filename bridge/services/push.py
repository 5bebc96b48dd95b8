"""Push: remotes tell us that something changed, so that nobody waits for the timer.

A message is never trusted for its content: it makes the connection run soon (trigger ``push``, coalesced by the queue),
and the run finds out by itself what there is. A message that is lost makes a change later, by the timer, and nothing
else.

**How a provider plugs in.** Its ``Provider`` has the methods of ``ports.Watching``: ``watch`` opens a channel for one
collection, ``renew`` prolongs it (or says that it cannot: then another one takes its place, and ``unwatch`` ends the
old one). What it sends to ``/hooks/<provider>`` is read by a ``ports.Hook``, which is named in ``remotes.hooks``. What
is kept of a channel is in the table ``push_channels``; of its token only a keyed hash.

Channels are tended after a run of their connection, in the thread that has run it.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from urllib.parse import urlsplit

from bridge.errors import BridgeError, NotFound, PermissionMissing, Refused
from bridge.ports import Channel, Clock, Hook, Notice, Provider, RemoteId, Watching
from bridge.services.health import Finding
from bridge.services.queue import Queue
from bridge.services.sync.pacing import Stopping
from bridge.store import connections, push
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState
from bridge.store.push import KnownChannel

_LOG = logging.getLogger(__name__)
_OCTETS = 32
_EARLY = timedelta(hours=36)
"""How long before its end a channel is renewed: longer than the longest usual interval between two runs."""
_SOON, _LATER = timedelta(hours=1), timedelta(days=1)
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))

Open = Callable[[Connection], Provider]
"""Opens the account of a connection."""


class Heard(Enum):
    """What became of a message."""

    RUN = auto()
    PASSED_OVER = auto()
    """A first message, a repeated one, or one for a connection that is not to be run."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether remotes can reach this server, at which address, and if not, why."""

    root: str
    problem: str = ""
    remedy: str = ""

    def address(self, provider: str) -> str:
        """Where a provider tells of changes."""
        return f"{self.root}/hooks/{provider}"


def offer(base_url: str) -> Offer:
    """What the public address of this server allows. Remotes want https; only one on this very machine does not."""
    root = base_url.rstrip("/")
    parts = urlsplit(root)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return Offer(root)
    return Offer(
        "",
        "This server has no public https address, so services cannot tell it of changes: it looks for them itself.",
        "Set “[server] base_url” to its public https address.",
    )


class Push:
    """The channels of all connections. ``hooks`` read what each provider sends, ``open_account`` opens accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        key: bytes,
        queue: Queue,
        hooks: Mapping[str, Callable[[], Hook]],
        open_account: Open,
        offered: Offer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._queue = queue
        self._hooks = hooks
        self._open = open_account
        self.offer = offered

    def hook(self, provider: str) -> Hook:
        """What reads the messages of a provider. Raises ``NotFound`` for one that sends none."""
        if provider not in self._hooks:
            raise NotFound("Nothing listens here.")
        return self._hooks[provider]()

    def hear_all(self, provider: str, notices: Sequence[Notice]) -> None:
        """Take the messages of one request. Raises ``NotFound`` when none is for us, and ``TemporaryError``."""
        known = 0
        for notice in notices:
            with suppress(NotFound):
                self.hear(provider, notice)
                known += 1
        if not known:
            raise NotFound("There is no such channel.")

    def hear(self, provider: str, notice: Notice) -> Heard:
        """Take a message. Raises ``NotFound`` for a channel or token that is not ours, ``TemporaryError``."""
        now = self._clock.now()
        with self._database.read() as session:
            found = push.channel_by_name(session, provider, notice.channel)
            connection = connections.connection(session, found.connection_id) if found else None
        digest = self._digest(notice.token)
        if not hmac.compare_digest(digest, found.token_digest if found else digest[::-1]) or found is None:
            raise NotFound("There is no such channel.")
        if notice.ended:
            self._write_end(found)
        repeated = notice.number is not None and notice.number <= found.seen
        if repeated or connection is None or not _runs(connection):
            return Heard.PASSED_OVER
        if not notice.first:
            self._queue.wake(found.connection_id)  # before it is noted: a message that we fail at is sent again
        with self._database.write() as session:
            push.note_message(session, found.id, notice.number, now)
        return Heard.PASSED_OVER if notice.first else Heard.RUN

    def channels(self, connection_id: int) -> list[KnownChannel]:
        """The channels of a connection, with the reasons why one is missing."""
        with self._database.read() as session:
            return push.channels_of(session, connection_id)

    def listens(self, provider: str) -> bool:
        """Whether a provider can tell of changes at all."""
        return provider in self._hooks

    def check(self) -> Iterator[Finding]:
        """Why running connections are not told of changes, though their remotes could. They are looked for then."""
        with self._database.read() as session:
            found = [each for each in connections.connections(session) if _runs(each) and self.listens(each.provider)]
            known = push.channels(session)
        if found and not self.offer.root:
            yield Finding("push", self.offer.problem, self.offer.remedy, warning=True)
            return
        ids = {each.id for each in found}
        for each in known:
            if each.problem and each.connection_id in ids:
                problem = f"Connection {each.connection_id} is not told of changes: {each.problem}"
                yield Finding("push", problem, each.remedy or "It is tried again by itself.", warning=True)

    def tend(self, connection_id: int) -> None:
        """Give a connection the channels that it should have, and take an idle one from another connection.

        What a remote does not want is noted and tried again later; nothing is raised.
        """
        try:
            self._tend(connection_id)
            self._leave_idle()
        except BridgeError as error:
            _LOG.info("The channels of connection %s are left as they are: %s", connection_id, error)

    def _tend(self, connection_id: int) -> None:
        with self._database.read() as session:
            connection = connections.connection(session, connection_id)
            flows = [flow for flow in connections.flows(session, [connection_id]) if flow.enabled]
            known = push.channels_of(session, connection_id)
        if connection is None or not _runs(connection) or connection.provider not in self._hooks:
            return
        wanted = {(flow.kind, flow.collection_id): flow for flow in flows} if self.offer.root else {}
        there = {(each.kind, each.collection_id): each for each in known}
        now = self._clock.now()
        left = [each for key, each in there.items() if key not in wanted]
        due = [flow for key, flow in wanted.items() if _is_due(there.get(key), now)]
        if not left and not due:
            return
        provider = self._open(connection)
        if not isinstance(provider, Watching):
            return
        for each in left:
            self._leave(provider, each)
        for flow in due:
            self._watch(provider, connection, flow, there.get((flow.kind, flow.collection_id)))

    def _watch(self, provider: Watching, connection: Connection, flow: Flow, before: KnownChannel | None) -> None:
        """Renew a channel, or open one; the old one is ended when the new one is there."""
        new = KnownChannel(connection.id, connection.provider, flow.kind, flow.collection_id)
        now = self._clock.now()
        try:
            alive = before is not None and before.expires_at is not None and before.expires_at > now
            longer = provider.renew(_channel(before)) if alive and before is not None else None
            if longer is not None and before is not None:
                self._keep(replace(before, expires_at=longer.expires_at, retry_at=None, problem="", remedy=""))
                return
            token = secrets.token_urlsafe(_OCTETS)
            address = self.offer.address(connection.provider)
            made = provider.watch(flow.kind, RemoteId(flow.collection_id), address, token)
        except Stopping:
            raise
        except BridgeError as error:
            pause = _LATER if isinstance(error, Refused | PermissionMissing) else _SOON
            noted = replace(before or new, retry_at=now + pause, problem=str(error), remedy=error.remedy)
            self._keep(noted)
            return
        if made is None:  # never for such a collection
            return
        digest = self._digest(token)
        self._keep(
            replace(new, channel_id=made.id, resource_id=made.resource, token_digest=digest, expires_at=made.expires_at)
        )
        if alive and before is not None:
            self._end(provider, before)

    def _leave(self, provider: Watching, channel: KnownChannel) -> None:
        self._end(provider, channel)
        with self._database.write() as session:
            push.remove_channel(session, channel.id)

    def _end(self, provider: Watching, channel: KnownChannel) -> None:
        """End a channel there. One that does not end will not be listened to any more, and ends by itself."""
        if channel.expires_at is None or channel.expires_at <= self._clock.now():
            return
        try:
            provider.unwatch(_channel(channel))
        except BridgeError as error:
            _LOG.info("A channel of connection %s goes on until its end: %s", channel.connection_id, error)

    def _leave_idle(self) -> None:
        """End one channel of a connection that was paused or stopped: its remote is asked no more often than runs."""
        with self._database.read() as session:
            found = push.idle_channel(session, self._clock.now())
            connection = connections.connection(session, found.connection_id) if found else None
        if found is None or connection is None:
            return
        provider = self._open(connection)
        if isinstance(provider, Watching):
            self._leave(provider, found)

    def _write_end(self, channel: KnownChannel) -> None:
        with self._database.write() as session:
            push.end_channel(session, channel.id)

    def _keep(self, channel: KnownChannel) -> None:
        with self._database.write() as session:
            if connections.connection(session, channel.connection_id, lock=True) is not None:
                push.save_channel(session, channel)

    def _digest(self, token: str) -> str:
        octets = f"push:{token}".encode(errors="surrogatepass")
        return hmac.new(self._key, octets, hashlib.sha256).hexdigest()


def _is_due(channel: KnownChannel | None, now: datetime) -> bool:
    """Whether a collection needs a channel, or a longer one."""
    if channel is None:
        return True
    if channel.retry_at is not None:
        return channel.retry_at <= now
    return channel.expires_at is None or channel.expires_at <= now + _EARLY


def _runs(connection: Connection) -> bool:
    return connection.state is ConnectionState.ACTIVE and connection.confirmed and not connection.paused_by_admin


def _channel(known: KnownChannel | None) -> Channel:
    assert known is not None  # noqa: S101 - the caller has looked
    assert known.expires_at is not None  # noqa: S101
    return Channel(known.channel_id, known.expires_at, known.resource_id)
