"""Find the deals, persons and organizations that a user may see (R12) by a part of their names."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from bridge.store import letters
from bridge.store.models import DealRow, OrganizationRow, PersonRow
from bridge.store.models.journal import RecordKind
from bridge.store.visibility import visible_records

_TABLES = {
    RecordKind.DEAL: cast("Table", DealRow.__table__).c,
    RecordKind.PERSON: cast("Table", PersonRow.__table__).c,
    RecordKind.ORGANIZATION: cast("Table", OrganizationRow.__table__).c,
}


@dataclass(frozen=True, slots=True)
class Named:
    """A record by its name."""

    id: int
    name: str


def find_named(session: Session, viewer_id: int, kind: RecordKind, text: str, limit: int = 20) -> list[Named]:
    """The visible records whose names contain a text: the ones that are just that first, then the shortest names."""
    columns, name = _columns(kind)
    query = select(columns.id, name).where(visible_records(columns, viewer_id), letters.contains(name, text))
    rows = session.execute(query.order_by(func.length(name), name, columns.id).limit(limit))
    return [Named(*row) for row in rows]


def named(session: Session, viewer_id: int, kind: RecordKind, ids: Collection[int]) -> dict[int, str]:
    """The names of those of these records that a user may see."""
    columns, name = _columns(kind)
    query = select(columns.id, name).where(visible_records(columns, viewer_id), columns.id.in_(ids))
    return {row.id: row[1] for row in session.execute(query)}


def _columns(kind: RecordKind) -> tuple[Any, Any]:
    columns = _TABLES[kind]
    return columns, columns.title if kind is RecordKind.DEAL else columns.name
