"""Queries about the channels by which remotes tell of changes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.core.scope import FlowKind
from bridge.store.models import ChannelRow, ConnectionRow
from bridge.store.models.sync import ConnectionState
from bridge.store.rows import columns_of, record_of


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """The channel of a collection, or (no ``expires_at``) why there is none. See ``ChannelRow``."""

    connection_id: int
    provider: str
    kind: FlowKind
    collection_id: str
    channel_id: str = ""
    resource_id: str = ""
    token_digest: str = ""
    expires_at: datetime | None = None
    seen: int = 0
    heard_at: datetime | None = None
    retry_at: datetime | None = None
    problem: str = ""
    remedy: str = ""
    id: int = 0


def channels_of(session: Session, connection_id: int) -> list[KnownChannel]:
    """The channels of a connection, in their order."""
    query = select(ChannelRow).where(ChannelRow.connection_id == connection_id).order_by(ChannelRow.id)
    return [record_of(KnownChannel, row) for row in session.scalars(query)]


def channels(session: Session) -> list[KnownChannel]:
    """All channels, by connection."""
    query = select(ChannelRow).order_by(ChannelRow.connection_id, ChannelRow.id)
    return [record_of(KnownChannel, row) for row in session.scalars(query)]


def channel_by_name(session: Session, provider: str, channel_id: str) -> KnownChannel | None:
    """Find a channel by what the remote calls it."""
    query = select(ChannelRow).where(ChannelRow.channel_id == channel_id, ChannelRow.provider == provider)
    row = session.scalars(query.where(ChannelRow.expires_at.is_not(None))).first()
    return record_of(KnownChannel, row) if row else None


def save_channel(session: Session, channel: KnownChannel) -> None:
    """Keep the channel of a collection in place of the one before."""
    same = (
        ChannelRow.connection_id == channel.connection_id,
        ChannelRow.kind == channel.kind,
        ChannelRow.collection_id == channel.collection_id,
    )
    session.execute(delete(ChannelRow).where(*same))
    session.add(ChannelRow(**columns_of(channel, "id")))
    session.flush()


def remove_channel(session: Session, channel_id: int) -> None:
    """Forget a channel, by our own number."""
    session.execute(delete(ChannelRow).where(ChannelRow.id == channel_id))


def note_message(session: Session, channel_id: int, number: int | None, now: datetime) -> None:
    """Remember that a channel has told something, and up to which message."""
    values = {"heard_at": now} if number is None else {"heard_at": now, "seen": number}
    session.execute(update(ChannelRow).where(ChannelRow.id == channel_id).values(**values))


def end_channel(session: Session, channel_id: int) -> None:
    """Let a channel be made anew when its connection is run the next time."""
    session.execute(update(ChannelRow).where(ChannelRow.id == channel_id).values(expires_at=None, retry_at=None))


def idle_channel(session: Session, now: datetime) -> KnownChannel | None:
    """A channel that is alive although its connection is not to be run."""
    query = (
        select(ChannelRow)
        .join(ConnectionRow, ConnectionRow.id == ChannelRow.connection_id)
        .where(ChannelRow.expires_at > now, ConnectionRow.state != ConnectionState.ACTIVE)
        .order_by(ChannelRow.id)
        .limit(1)
    )
    row = session.scalars(query).first()
    return record_of(KnownChannel, row) if row else None
