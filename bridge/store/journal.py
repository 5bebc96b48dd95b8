"""Queries about the journal (R21)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from bridge.store.models import JournalRow
from bridge.store.models.journal import JournalAction, RecordKind, Source
from bridge.store.rows import columns_of, record_of

_JOURNAL = cast("Table", JournalRow.__table__)
_ADD = insert(_JOURNAL).returning(_JOURNAL.c.id)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change of one record. ``before`` and ``after`` are snapshots as JSON; ``lost`` what a merge left out."""

    at: datetime
    owner_id: int | None
    source: Source
    action: JournalAction
    kind: RecordKind
    record_id: int
    title: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    lost: Mapping[str, Any] = field(default_factory=dict)
    actor_id: int | None = None
    device_id: int | None = None
    client: str = ""
    run: str | None = None
    undoes: int | None = None
    id: int = 0


def add_entry(session: Session, entry: JournalEntry) -> int:
    """Write an entry; its id."""
    return int(session.execute(_ADD, columns_of(entry)).scalar_one())


def add_entries(session: Session, new: Sequence[JournalEntry]) -> None:
    """Write several entries at once, in their order."""
    if new:
        session.execute(insert(_JOURNAL), [columns_of(each, "id") for each in new])


def entry(session: Session, entry_id: int) -> JournalEntry | None:
    """One entry."""
    row = session.get(JournalRow, entry_id)
    return record_of(JournalEntry, row) if row else None


def entries(
    session: Session,
    *,
    owner_id: int | None = None,
    since: datetime | None = None,
    run: str | None = None,
    limit: int | None = None,
) -> list[JournalEntry]:
    """Entries that match every given condition, the newest first."""
    query = select(JournalRow).order_by(JournalRow.id.desc())
    if owner_id is not None:
        query = query.where(JournalRow.owner_id == owner_id)
    if since is not None:
        query = query.where(JournalRow.at >= since)
    if run is not None:
        query = query.where(JournalRow.run == run)
    return [record_of(JournalEntry, row) for row in session.scalars(query.limit(limit) if limit else query)]


def entries_of_record(session: Session, kind: RecordKind, record_id: int, limit: int = 50) -> list[JournalEntry]:
    """What happened to one record, the newest first."""
    query = select(JournalRow).where(JournalRow.kind == kind, JournalRow.record_id == record_id)
    return [record_of(JournalEntry, row) for row in session.scalars(query.order_by(JournalRow.id.desc()).limit(limit))]


def undone_by(session: Session, entry_id: int) -> int | None:
    """The entry that took this one back, if any."""
    return session.scalar(select(JournalRow.id).where(JournalRow.undoes == entry_id))


def prune(session: Session, before: datetime) -> int:
    """Forget entries older than a moment; how many."""
    old = select(JournalRow.id).where(JournalRow.at < before)
    session.execute(JournalRow.__table__.update().where(JournalRow.undoes.in_(old)).values(undoes=None))  # type: ignore[attr-defined]
    found = session.execute(delete(JournalRow).where(JournalRow.at < before))
    return int(found.rowcount)  # type: ignore[attr-defined]
