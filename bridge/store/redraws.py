"""Queries about what is to be drawn again: the marks of it, and the records that they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from bridge.store.models import ActivityRow, OrganizationRow, PersonRow, RedrawRow
from bridge.store.models.resources import Drawn
from bridge.store.rows import record_of

_M = cast("Table", RedrawRow.__table__).c
_RECORDS = {
    Drawn.ACTIVITY: cast("Table", ActivityRow.__table__).c,
    Drawn.PERSON: cast("Table", PersonRow.__table__).c,
    Drawn.ORGANIZATION: cast("Table", OrganizationRow.__table__).c,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The live records of one kind that a user owns; of activities, those of one type unless it is empty."""

    kind: Drawn
    owner_id: int
    type_key: str = ""


@dataclass(frozen=True, slots=True)
class Redraw:
    """A mark that records are to be drawn again, and how many of them are. ``after_id`` is the last of these."""

    id: int
    kind: Drawn
    owner_id: int
    type_key: str
    after_id: int
    done: int
    total: int
    ended: bool

    @property
    def scope(self) -> Scope:
        """The records."""
        return Scope(self.kind, self.owner_id, self.type_key)

    def covers(self, other: "Redraw") -> bool:
        """Whether whoever does this one need not do that earlier one."""
        same = (self.kind, self.owner_id) == (other.kind, other.owner_id)
        return same and self.id > other.id and self.type_key in {"", other.type_key}


def record_ids(session: Session, scope: Scope, *, after: int = 0, limit: int) -> list[int]:
    """The next ids, in their order. Found by the order alone: SQLite would sort all records of the owner instead."""
    columns = _RECORDS[scope.kind]
    query = select(columns.id).where(columns.id > after, *_of(scope)).order_by(columns.id).limit(limit)
    return list(session.scalars(query))


def count(session: Session, scope: Scope) -> int:
    """How many records there are."""
    columns = _RECORDS[scope.kind]
    query = select(func.count()).where(columns.owner_id == scope.owner_id, *_of(scope)[1:])
    return session.scalar(query) or 0


def of_type(session: Session, type_key: str) -> dict[Scope, int]:
    """The activities of a type, by owner, and how many there are."""
    columns = _RECORDS[Drawn.ACTIVITY]
    query = select(columns.owner_id, func.count()).where(columns.type == type_key, columns.deleted.is_(False))
    rows = session.execute(query.group_by(columns.owner_id))
    return {Scope(Drawn.ACTIVITY, owner_id, type_key): number for owner_id, number in rows}


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    columns = _RECORDS[scope.kind]
    # An expression, for which SQLite has no index: it must not leave the order of the ids for the owner's sake.
    conditions = [columns.owner_id + 0 == scope.owner_id, columns.deleted.is_(False)]
    return [*conditions, columns.type == scope.type_key] if scope.type_key else conditions


def ask(session: Session, counted: Mapping[Scope, int]) -> None:
    """Mark records to be drawn again. Earlier marks that these cover are dropped, but for one that somebody is at."""
    alike: dict[tuple[Drawn, str], list[int]] = {}
    for scope in counted:
        alike.setdefault((scope.kind, scope.type_key), []).append(scope.owner_id)
    for (kind, type_key), owner_ids in alike.items():
        covered = select(_M.id).where(_M.kind == kind, _M.owner_id.in_(owner_ids))
        if type_key:
            covered = covered.where(_M.type_key == type_key)
        session.execute(delete(RedrawRow).where(_M.id.in_(covered.with_for_update(skip_locked=True))))
    marks: Sequence[Mapping[str, Any]] = [
        {"kind": scope.kind, "owner_id": scope.owner_id, "type_key": scope.type_key, "total": total}
        for scope, total in counted.items()
    ]
    if marks:
        session.execute(insert(RedrawRow), marks)


def marks(session: Session, owner_id: int | None = None) -> list[Redraw]:
    """All marks, or those of a user's records, but for what later ones cover."""
    query = select(*_M).order_by(_M.id)
    if owner_id is not None:
        query = query.where(_M.owner_id == owner_id)
    by_owner: dict[int, list[Redraw]] = {}
    for row in session.execute(query):
        by_owner.setdefault(row.owner_id, []).append(record_of(Redraw, row))
    return [each for found in by_owner.values() for each in found if not any(later.covers(each) for later in found)]


def next_mark(session: Session) -> Redraw | None:
    """The first mark that is not ended and that nobody else works on. It stays ours until the transaction ends."""
    query = select(*_M).where(_M.ended.is_(False)).order_by(_M.id).limit(1).with_for_update(skip_locked=True)
    row = session.execute(query).first()
    return record_of(Redraw, row) if row else None


def is_covered(session: Session, mark: Redraw) -> bool:
    """Whether a later mark asks for the same, or for more."""
    return all(each.id != mark.id for each in marks(session, mark.owner_id))


def is_due(session: Session, owner_id: int, kind: Drawn) -> bool:
    """Whether records of this kind of a user are still to be drawn again."""
    return any(each.kind is kind and not each.ended for each in marks(session, owner_id))


def advance(session: Session, mark: Redraw, ids: Sequence[int]) -> None:
    """Note that these records, the next ones, are drawn again."""
    values = {"after_id": ids[-1], "done": mark.done + len(ids)}
    session.execute(update(RedrawRow).where(_M.id == mark.id).values(values))


def end(session: Session, mark: Redraw) -> None:
    """Note that all is drawn again. Ended marks stay, to be counted, until none is left to be worked on."""
    session.execute(update(RedrawRow).where(_M.id == mark.id).values(ended=True, done=mark.total))


def drop(session: Session, mark: Redraw) -> None:
    """Forget a mark."""
    session.execute(delete(RedrawRow).where(_M.id == mark.id))


def forget_ended(session: Session) -> None:
    """Forget all marks if none is left to be worked on."""
    if session.scalar(select(_M.id).where(_M.ended.is_(False)).limit(1)) is None:
        session.execute(delete(RedrawRow).where(_M.ended.is_(True)))
