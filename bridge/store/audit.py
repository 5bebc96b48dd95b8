"""Queries about what administrators did, and what they set up (R30)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.store.models import AuditRow, DeviceRow, OAuthClientRow, PageSessionRow
from bridge.store.rows import columns_of, record_of


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action. ``actor`` is a login, ``subject`` what it was done to, ``details`` JSON without secrets."""

    at: datetime
    actor_id: int | None
    actor: str
    action: str
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Our registration at a provider. ``secret`` is sealed; ``tenant`` is Microsoft's directory."""

    provider: str
    client_id: str
    updated_at: datetime
    secret: str = field(default="", repr=False)
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """How a user signs in. ``devices`` are those that still may."""

    devices: int = 0
    device_used_at: datetime | None = None
    page_used_at: datetime | None = None


def add_audit(session: Session, entry: AuditEntry) -> None:
    """Keep an entry."""
    session.add(AuditRow(**columns_of(entry)))
    session.flush()


def audit_entries(session: Session, *, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
    """Entries, the newest first; those with smaller ids than ``before``."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    rows = session.scalars(query if before is None else query.where(AuditRow.id < before))
    return [record_of(AuditEntry, row) for row in rows]


def oauth_client(session: Session, provider: str) -> OAuthClient | None:
    """The registration at a provider."""
    row = session.get(OAuthClientRow, provider)
    return record_of(OAuthClient, row) if row else None


def oauth_clients(session: Session) -> list[OAuthClient]:
    """The registrations at all providers."""
    query = select(OAuthClientRow).order_by(OAuthClientRow.provider)
    return [record_of(OAuthClient, row) for row in session.scalars(query)]


def save_oauth_client(session: Session, client: OAuthClient) -> None:
    """Keep a registration."""
    session.merge(OAuthClientRow(**columns_of(client)))
    session.flush()


def remove_oauth_client(session: Session, provider: str) -> bool:
    """Forget a registration. Whether there was one."""
    row = session.get(OAuthClientRow, provider)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def usage(session: Session) -> dict[int, Usage]:
    """How users sign in, by their ids."""
    live = select(DeviceRow.user_id, func.count().label("number"), func.max(DeviceRow.last_used_at).label("used"))
    devices = session.execute(live.where(DeviceRow.revoked_at.is_(None)).group_by(DeviceRow.user_id)).all()
    page = select(PageSessionRow.user_id, func.max(PageSessionRow.used_at).label("used"))
    pages = {row.user_id: row.used for row in session.execute(page.group_by(PageSessionRow.user_id))}
    found = {row.user_id: Usage(row.number, row.used, pages.get(row.user_id)) for row in devices}
    return {user_id: Usage(page_used_at=used) for user_id, used in pages.items()} | found
