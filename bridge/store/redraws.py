"""Queries about what is to be drawn again: the marks of it, and the records that they mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from bridge.store import placements
from bridge.store.models import (
    ActivityRow,
    OrganizationLabelRow,
    OrganizationRow,
    ParticipantRow,
    PersonLabelRow,
    PersonRow,
    RedrawRow,
)
from bridge.store.models.resources import Cause, Drawn
from bridge.store.rows import columns_of, record_of

_M, _A, _P, _O, _PARTICIPANTS, _PERSON_LABELS, _ORGANIZATION_LABELS = (
    cast("Table", row.__table__).c
    for row in (
        RedrawRow,
        ActivityRow,
        PersonRow,
        OrganizationRow,
        ParticipantRow,
        PersonLabelRow,
        OrganizationLabelRow,
    )
)
_RECORDS = {Drawn.ACTIVITY: _A, Drawn.PERSON: _P, Drawn.ORGANIZATION: _O}


def _of_person(key: str, _now: datetime) -> ColumnElement[bool]:
    taking_part = select(_PARTICIPANTS.activity_id).where(_PARTICIPANTS.person_id == int(key))
    return or_(_A.person_id == int(key), _A.id.in_(taking_part))


def _person_with_label(key: str, _now: datetime) -> ColumnElement[bool]:
    return _P.id.in_(select(_PERSON_LABELS.person_id).where(_PERSON_LABELS.label_id == int(key)))


def _organization_with_label(key: str, _now: datetime) -> ColumnElement[bool]:
    found = select(_ORGANIZATION_LABELS.organization_id).where(_ORGANIZATION_LABELS.label_id == int(key))
    return _O.id.in_(found)


# Which records show what has changed: its key, and the present moment.
_SHOW: Mapping[Cause, Mapping[Drawn, Callable[[str, datetime], ColumnElement[bool]]]] = {
    Cause.TYPE: {Drawn.ACTIVITY: lambda key, _: _A.type == key},
    Cause.DEAL: {Drawn.ACTIVITY: lambda key, _: _A.deal_id == int(key)},
    Cause.PERSON: {Drawn.ACTIVITY: _of_person},
    Cause.ORGANIZATION: {
        Drawn.PERSON: lambda key, _: _P.organization_id == int(key),
        Drawn.ACTIVITY: lambda key, _: _A.organization_id == int(key),
    },
    Cause.LABEL: {Drawn.PERSON: _person_with_label, Drawn.ORGANIZATION: _organization_with_label},
    Cause.DAY: {Drawn.ACTIVITY: lambda key, now: _A.id.in_(placements.overdue(int(key), now))},
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The live records of one kind that a user owns: all, or those that show what the cause and its key say."""

    kind: Drawn
    owner_id: int
    cause: Cause | None = None
    cause_key: str = ""

    def holds(self, other: "Scope") -> bool:
        """Whether all of those are among these."""
        return self in {Scope(other.kind, other.owner_id), other}


@dataclass(frozen=True, slots=True)
class Redraw:
    """A mark that records are to be drawn again, and how many of them are. ``after_id`` is the last of these."""

    id: int
    kind: Drawn
    owner_id: int
    cause: Cause | None
    cause_key: str
    after_id: int
    done: int
    total: int
    ended: bool

    @property
    def scope(self) -> Scope:
        """The records."""
        return Scope(self.kind, self.owner_id, self.cause, self.cause_key)

    def covers(self, other: "Redraw") -> bool:
        """Whether whoever does this one need not do that earlier one."""
        return self.id > other.id and self.scope.holds(other.scope)


def record_ids(session: Session, scope: Scope, *, now: datetime, after: int = 0, limit: int) -> list[int]:
    """The next ids, in their order."""
    columns = _RECORDS[scope.kind]
    query = select(columns.id).where(columns.id > after, *_of(scope, now)).order_by(columns.id).limit(limit)
    return list(session.scalars(query))


def count(session: Session, scope: Scope, *, now: datetime) -> int:
    """How many records there are."""
    columns = _RECORDS[scope.kind]
    query = select(func.count()).where(columns.owner_id == scope.owner_id, *_of(scope, now)[1:])
    return session.scalar(query) or 0


def showing(session: Session, cause: Cause, key: int | str, *, now: datetime) -> dict[Scope, int]:
    """The records that show what has changed, by kind and owner, and how many there are."""
    found: dict[Scope, int] = {}
    for kind, condition in _SHOW[cause].items():
        columns = _RECORDS[kind]
        query = select(columns.owner_id, func.count()).where(condition(str(key), now), columns.deleted.is_(False))
        rows = session.execute(query.group_by(columns.owner_id).order_by(columns.owner_id))
        found |= {Scope(kind, owner_id, cause, str(key)): number for owner_id, number in rows}
    return found


def _of(scope: Scope, now: datetime) -> list[ColumnElement[bool]]:
    columns = _RECORDS[scope.kind]
    # An expression, for which SQLite has no index: it would sort all records of the owner to find the next of them.
    conditions = [columns.owner_id + 0 == scope.owner_id, columns.deleted.is_(False)]
    return [*conditions, _SHOW[scope.cause][scope.kind](scope.cause_key, now)] if scope.cause else conditions


def ask(session: Session, counted: Mapping[Scope, int]) -> None:
    """Mark records to be drawn again. Earlier marks that these cover are dropped, but for one that somebody is at."""
    alike: dict[tuple[Drawn, Cause | None, str], list[int]] = {}
    for scope in counted:
        alike.setdefault((scope.kind, scope.cause, scope.cause_key), []).append(scope.owner_id)
    for (kind, cause, key), owner_ids in alike.items():
        covered = select(_M.id).where(_M.kind == kind, _M.owner_id.in_(owner_ids))
        if cause is not None:
            covered = covered.where(_M.cause == cause, _M.cause_key == key)
        session.execute(delete(RedrawRow).where(_M.id.in_(covered.with_for_update(skip_locked=True))))
    marks: Sequence[Mapping[str, Any]] = [{**columns_of(scope), "total": total} for scope, total in counted.items()]
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
