"""Queries about feeds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bridge.core.feed import FeedPrivacy
from bridge.core.user import User
from bridge.store.models import FeedRow, UserRow
from bridge.store.rows import record_of


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as its owner sees it: everything but the secret."""

    id: int
    user_id: int
    name: str
    private: FeedPrivacy
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add_feed(session: Session, *, user_id: int, name: str, private: FeedPrivacy, key_hash: str, now: datetime) -> Feed:
    """Keep the keyed hash of a new secret."""
    row = FeedRow(user_id=user_id, name=name, private=private, key_hash=key_hash, created_at=now)
    session.add(row)
    session.flush()
    return record_of(Feed, row)


def feeds(session: Session, user_id: int | None = None) -> list[Feed]:
    """All feeds, or those of one user, revoked ones included."""
    query = select(FeedRow).order_by(FeedRow.id)
    if user_id is not None:
        query = query.where(FeedRow.user_id == user_id)
    return [record_of(Feed, row) for row in session.scalars(query)]


def feed_by_key(session: Session, key_hash: str) -> tuple[User, Feed] | None:
    """Find the usable feed with this keyed hash, of an enabled user."""
    query = (
        select(UserRow, FeedRow)
        .join(FeedRow, FeedRow.user_id == UserRow.id)
        .where(FeedRow.key_hash == key_hash, FeedRow.revoked_at.is_(None), UserRow.enabled)
    )
    found = session.execute(query).first()
    return (record_of(User, found[0]), record_of(Feed, found[1])) if found else None


def touch_feed(session: Session, feed_id: int, *, now: datetime) -> None:
    """Remember that a feed was fetched."""
    session.execute(update(FeedRow).where(FeedRow.id == feed_id).values(last_used_at=now))


def revoke_feed(session: Session, feed_id: int, *, now: datetime) -> bool:
    """Make a feed useless. Whether there was a usable one."""
    query = update(FeedRow).where(FeedRow.id == feed_id, FeedRow.revoked_at.is_(None)).values(revoked_at=now)
    return bool(session.execute(query).rowcount)  # type: ignore[attr-defined]
