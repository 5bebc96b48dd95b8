"""Queries about one-time links and about programs that wait for consent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.store.models import LoginFlowRow, OneTimeLinkRow, UserRow
from bridge.store.models.web import Purpose
from bridge.store.rows import columns_of, record_of


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that has not been used. ``sealed`` is an encrypted app password."""

    id: int
    user_id: int
    purpose: Purpose
    name: str
    expires_at: datetime
    program: str = ""
    device_id: int | None = None
    sealed: str = ""


@dataclass(frozen=True, slots=True)
class LoginFlow:
    """A program that waits. ``sealed`` is its encrypted app password, once somebody has consented."""

    id: int
    client: str
    user_id: int | None
    sealed: str
    expires_at: datetime


def add_link(session: Session, link: OneTimeLink, key_hash: str) -> None:
    """Keep a new link (``id`` 0)."""
    session.add(OneTimeLinkRow(key_hash=key_hash, **columns_of(link)))
    session.flush()


def link_by_key(session: Session, purpose: Purpose, key_hash: str, *, now: datetime) -> tuple[User, OneTimeLink] | None:
    """Find an unused link of an enabled user."""
    query = (
        select(UserRow, OneTimeLinkRow)
        .join(OneTimeLinkRow, OneTimeLinkRow.user_id == UserRow.id)
        .where(OneTimeLinkRow.key_hash == key_hash, OneTimeLinkRow.purpose == purpose)
        .where(OneTimeLinkRow.expires_at > now, UserRow.enabled)
    )
    found = session.execute(query).first()
    return (record_of(User, found[0]), record_of(OneTimeLink, found[1])) if found else None


def use_link(session: Session, link_id: int) -> bool:
    """Forget a link. Whether it was still there: of two who use it at once, one is told so."""
    found = session.execute(delete(OneTimeLinkRow).where(OneTimeLinkRow.id == link_id))
    return bool(found.rowcount)  # type: ignore[attr-defined]


def count_links(session: Session, user_id: int) -> int:
    """How many links a user has."""
    query = select(func.count()).select_from(OneTimeLinkRow).where(OneTimeLinkRow.user_id == user_id)
    return session.scalar(query) or 0


def add_flow(
    session: Session, *, poll_hash: str, page_hash: str, client: str, address: str, expires_at: datetime
) -> None:
    """Keep a program that begins to wait."""
    row = LoginFlowRow(
        poll_hash=poll_hash, page_hash=page_hash, client=client[:255], address=address, expires_at=expires_at
    )
    session.add(row)
    session.flush()


def flow_by_page(session: Session, page_hash: str, *, now: datetime) -> LoginFlow | None:
    """Find a program that still waits, by what the browser holds."""
    query = select(LoginFlowRow).where(LoginFlowRow.page_hash == page_hash, LoginFlowRow.user_id.is_(None))
    row = session.scalar(query.where(LoginFlowRow.expires_at > now))
    return record_of(LoginFlow, row) if row else None


def flow_by_poll(session: Session, poll_hash: str, *, now: datetime) -> tuple[LoginFlow, User] | None:
    """Find a program that has consent, by what it holds itself, and whose it is."""
    query = (
        select(LoginFlowRow, UserRow)
        .join(UserRow, LoginFlowRow.user_id == UserRow.id)
        .where(LoginFlowRow.poll_hash == poll_hash, LoginFlowRow.expires_at > now, UserRow.enabled)
        .where(LoginFlowRow.sealed != "")
    )
    found = session.execute(query).first()
    return (record_of(LoginFlow, found[0]), record_of(User, found[1])) if found else None


def claim_flow(session: Session, flow_id: int, user_id: int) -> bool:
    """Tie a waiting program to a user. Whether it still waited."""
    query = update(LoginFlowRow).where(LoginFlowRow.id == flow_id, LoginFlowRow.user_id.is_(None))
    return bool(session.execute(query.values(user_id=user_id)).rowcount)  # type: ignore[attr-defined]


def seal_flow(session: Session, flow_id: int, sealed: str) -> None:
    """Keep the app password that a program will fetch."""
    session.execute(update(LoginFlowRow).where(LoginFlowRow.id == flow_id).values(sealed=sealed))


def end_flow(session: Session, flow_id: int) -> bool:
    """Forget a program. Whether it was still there."""
    found = session.execute(delete(LoginFlowRow).where(LoginFlowRow.id == flow_id))
    return bool(found.rowcount)  # type: ignore[attr-defined]


def count_flows(session: Session, address: str) -> int:
    """How many programs wait that asked from one address."""
    query = select(func.count()).select_from(LoginFlowRow).where(LoginFlowRow.address == address)
    return session.scalar(query) or 0


def prune(session: Session, *, now: datetime, keep: int) -> None:
    """Forget what has expired, and all but about the newest ``keep`` programs."""
    newest = session.scalar(select(func.max(LoginFlowRow.id))) or 0
    session.execute(delete(OneTimeLinkRow).where(OneTimeLinkRow.expires_at <= now))
    session.execute(delete(LoginFlowRow).where((LoginFlowRow.expires_at <= now) | (LoginFlowRow.id <= newest - keep)))
