"""Channels by which remotes tell of changes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.core.scope import FlowKind
from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class ChannelRow(Base):
    """A channel of one collection of a connection, or why there is none: then ``expires_at`` is null.

    ``channel_id`` is the remote's name for it, ``resource_id`` what else it wants to hear to end it. ``token_digest``
    is a keyed hash of what every message has to bring. ``seen`` is the number of the last message, ``heard_at`` when
    it came. ``problem`` and ``remedy`` say why the remote would not, and ``retry_at`` when it is asked again.
    """

    __tablename__ = "push_channels"
    __table_args__ = (UniqueConstraint("connection_id", "kind", "collection_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(32))
    kind: Mapped[FlowKind] = mapped_column(text_enum(FlowKind))
    collection_id: Mapped[str] = mapped_column(String(1000))
    channel_id: Mapped[str] = mapped_column(String(255), default="", index=True)
    resource_id: Mapped[str] = mapped_column(Text, default="")
    token_digest: Mapped[str] = mapped_column(String(64), default="")
    expires_at: Mapped[datetime | None] = mapped_column(Instant())
    seen: Mapped[int] = mapped_column(BigInteger, default=0)
    heard_at: Mapped[datetime | None] = mapped_column(Instant())
    retry_at: Mapped[datetime | None] = mapped_column(Instant())
    problem: Mapped[str] = mapped_column(Text, default="")
    remedy: Mapped[str] = mapped_column(Text, default="")
