"""Queries about the journal as its page asks them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from bridge.store.journal import JournalEntry
from bridge.store.models.journal import JournalRow, RecordKind, Source
from bridge.store.rows import record_of


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries: what is given must all fit.

    ``owner_id`` is whose data were changed; what is nobody's counts as theirs who changed it. ``text`` stands in the
    title. Times are aware; ``until`` is exclusive.
    """

    owner_id: int | None = None
    source: Source | None = None
    kind: RecordKind | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    run: str = ""


def search(session: Session, wanted: JournalFilter, *, before: int = 0, limit: int) -> list[JournalEntry]:
    """The latest entries that fit; those below the id ``before``, unless it is 0."""
    query = select(JournalRow).where(*_conditions(wanted)).order_by(JournalRow.id.desc())
    if before:
        query = query.where(JournalRow.id < before)
    return [record_of(JournalEntry, row) for row in session.scalars(query.limit(limit))]


def undone(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Which of these entries were taken back."""
    return frozenset(session.scalars(select(JournalRow.undoes).where(JournalRow.undoes.in_(ids))))


def belongs_to(session: Session, run: str, user_id: int) -> bool:
    """Whether a run changed something, and nothing but one user's data."""
    others = select(JournalRow.id).where(JournalRow.run == run, ~_of(user_id)).limit(1)
    own = select(JournalRow.id).where(JournalRow.run == run, _of(user_id)).limit(1)
    return session.scalar(others) is None and session.scalar(own) is not None


def _of(user_id: int) -> ColumnElement[bool]:
    nobodys = and_(JournalRow.owner_id.is_(None), JournalRow.actor_id == user_id)
    # Written out, so that its negation is true where both are null.
    return or_(and_(JournalRow.owner_id.is_not(None), JournalRow.owner_id == user_id), nobodys).is_(True)


def _conditions(wanted: JournalFilter) -> list[ColumnElement[bool]]:
    found = [_of(wanted.owner_id)] if wanted.owner_id is not None else []
    found += [JournalRow.source == wanted.source] if wanted.source else []
    found += [JournalRow.kind == wanted.kind] if wanted.kind else []
    found += [JournalRow.title.icontains(wanted.text, autoescape=True)] if wanted.text else []
    found += [JournalRow.at >= wanted.since] if wanted.since else []
    found += [JournalRow.at < wanted.until] if wanted.until else []
    return found + ([JournalRow.run == wanted.run] if wanted.run else [])
