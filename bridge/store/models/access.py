"""Ways in besides devices: feeds, and the failed sign-ins that slow guessing down."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.core.feed import FeedPrivacy
from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class FeedRow(Base):
    """A read-only address of a user's activities (R26). ``key_hash`` is a keyed hash of the secret in it."""

    __tablename__ = "feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    private: Mapped[FeedPrivacy] = mapped_column(text_enum(FeedPrivacy))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant())
    last_used_at: Mapped[datetime | None] = mapped_column(Instant())
    revoked_at: Mapped[datetime | None] = mapped_column(Instant())


class SignInFailureRow(Base):
    """Failed sign-ins with one account from one address, both as keyed hashes: people type passwords as logins.

    There need not be such an account. ``failures`` counts them; ``failed_at`` is the last one.
    """

    __tablename__ = "sign_in_failures"
    __table_args__ = (UniqueConstraint("address", "account"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(64))
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(Instant(), index=True)
