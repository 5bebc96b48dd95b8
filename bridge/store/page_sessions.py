"""Queries about browsers that are signed in, passwords of people, and their identities elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.store.models import IdentityRow, PageSessionRow, UserRow
from bridge.store.rows import record_of


@dataclass(frozen=True, slots=True)
class PageSession:
    """A signed-in browser as its user sees it: everything but what its cookie holds."""

    id: int
    user_id: int
    client: str
    created_at: datetime
    used_at: datetime


def add_session(session: Session, *, user_id: int, key_hash: str, client: str, now: datetime) -> PageSession:
    """Keep a new session."""
    row = PageSessionRow(user_id=user_id, key_hash=key_hash, client=client[:255], created_at=now, used_at=now)
    session.add(row)
    session.flush()
    return record_of(PageSession, row)


def session_by_key(
    session: Session, key_hash: str, *, created_after: datetime, used_after: datetime
) -> tuple[User, PageSession] | None:
    """Find the session of an enabled user, unless it has ended by then."""
    query = (
        select(UserRow, PageSessionRow)
        .join(PageSessionRow, PageSessionRow.user_id == UserRow.id)
        .where(PageSessionRow.key_hash == key_hash, UserRow.enabled)
        .where(PageSessionRow.created_at > created_after, PageSessionRow.used_at > used_after)
    )
    found = session.execute(query).first()
    return (record_of(User, found[0]), record_of(PageSession, found[1])) if found else None


def sessions_of(session: Session, user_id: int, *, created_after: datetime, used_after: datetime) -> list[PageSession]:
    """The sessions of a user that have not ended, the last used first."""
    query = (
        select(PageSessionRow)
        .where(PageSessionRow.user_id == user_id)
        .where(PageSessionRow.created_at > created_after, PageSessionRow.used_at > used_after)
        .order_by(PageSessionRow.used_at.desc(), PageSessionRow.id.desc())
    )
    return [record_of(PageSession, row) for row in session.scalars(query)]


def touch_session(session: Session, session_id: int, *, now: datetime) -> None:
    """Remember that a session is used."""
    session.execute(update(PageSessionRow).where(PageSessionRow.id == session_id).values(used_at=now))


def end_session(session: Session, key_hash: str) -> None:
    """Forget the session with this keyed hash."""
    session.execute(delete(PageSessionRow).where(PageSessionRow.key_hash == key_hash))


def end_session_of(session: Session, user_id: int, session_id: int) -> bool:
    """Forget one session of a user. Whether there was one."""
    query = delete(PageSessionRow).where(PageSessionRow.id == session_id, PageSessionRow.user_id == user_id)
    return bool(session.execute(query).rowcount)  # type: ignore[attr-defined]


def end_sessions_of(session: Session, user_id: int, *, but: str = "") -> None:
    """Forget all sessions of a user, but the one with a keyed hash."""
    query = delete(PageSessionRow).where(PageSessionRow.user_id == user_id, PageSessionRow.key_hash != but)
    session.execute(query)


def prune_sessions(session: Session, *, created_before: datetime, used_before: datetime) -> None:
    """Forget sessions that have ended."""
    ended = (PageSessionRow.created_at <= created_before) | (PageSessionRow.used_at <= used_before)
    session.execute(delete(PageSessionRow).where(ended))


def password_of(session: Session, name: str) -> tuple[User, str | None] | None:
    """The enabled user with a login, or else the only one with an e-mail address, and their hashed password."""
    rows = list(session.scalars(select(UserRow).where(UserRow.login == name, UserRow.enabled)))
    if not rows and "@" in name:
        rows = list(session.scalars(select(UserRow).where(UserRow.email == name, UserRow.enabled).limit(2)))
    return (record_of(User, rows[0]), rows[0].password_hash) if len(rows) == 1 else None


def set_password(session: Session, user_id: int, password_hash: str) -> None:
    """Keep a hashed password."""
    session.execute(update(UserRow).where(UserRow.id == user_id).values(password_hash=password_hash))


def user_by_identity(session: Session, issuer: str, subject: str) -> User | None:
    """The user who is known at a provider under a subject."""
    query = (
        select(UserRow)
        .join(IdentityRow, IdentityRow.user_id == UserRow.id)
        .where(IdentityRow.issuer == issuer, IdentityRow.subject == subject)
    )
    row = session.scalar(query)
    return record_of(User, row) if row else None


def has_identity(session: Session, user_id: int, issuer: str) -> bool:
    """Whether a user is already known at a provider."""
    query = select(IdentityRow.id).where(IdentityRow.user_id == user_id, IdentityRow.issuer == issuer).limit(1)
    return session.scalar(query) is not None


def add_identity(session: Session, user_id: int, issuer: str, subject: str) -> None:
    """Tie a user to a subject of a provider."""
    session.add(IdentityRow(user_id=user_id, issuer=issuer, subject=subject))
    session.flush()
