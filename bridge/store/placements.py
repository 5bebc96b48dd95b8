"""Resources as rows to be written: where they lie, what they show, and what finds them."""

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from bridge.store.memo import forget, remembered
from bridge.store.models.resources import INDEXED_AHEAD, LONGEST
from bridge.store.resources import WITH_TEXT, resource_of
from bridge.store.tables import COLLECTIONS, OCCURRENCES, RESOURCES, USERS, Executor
from bridge.store.views import Resource

_C, _R, _O, _U = COLLECTIONS.c, RESOURCES.c, OCCURRENCES.c, USERS.c
_DAY = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Source:
    """The CRM record that a resource shows: exactly one id is set."""

    activity_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None
    label_id: int | None = None

    @property
    def column(self) -> tuple[str, int]:
        """Which column refers to the record, and its value."""
        for name in ("activity_id", "person_id", "organization_id", "label_id"):
            value = getattr(self, name)
            if value is not None:
                return name, value
        raise ValueError("a resource shows exactly one record")


@dataclass(frozen=True, slots=True)
class Index:
    """What finds a resource: its occurrences between two moments (POSIX seconds), and the text to search in."""

    occurrences: tuple[tuple[int, int], ...] = ()
    known_from: int | None = None
    known_until: int | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource together with its row id and the collection it lies in, for those who write it.

    ``for_colleague`` tells that it lies in somebody's read-only view, where less is shown than the owner has.
    ``known_until`` is up to when its occurrences are indexed.
    """

    id: int
    collection_id: int
    source: Source
    resource: Resource
    for_colleague: bool = False
    known_until: int | None = None


def taken_hrefs(session: Session, collection_id: int, hrefs: Sequence[str]) -> set[str]:
    """Which of these hrefs a resource or tombstone already has."""
    query = select(_R.href).where(_R.collection_id == collection_id, _R.href.in_(hrefs))
    return set(session.scalars(query))


_WITH_UID = select(_R.href).where(_R.collection_id == bindparam("collection"), _R.uid == bindparam("uid"), ~_R.deleted)


def hrefs_with_uid(session: Executor, collection_id: int, uid: str) -> list[str]:
    """The hrefs of the live resources with a UID."""
    return list(session.scalars(_WITH_UID, {"collection": collection_id, "uid": uid}))


def uids_in(session: Session, collection_id: int, uids: Some[str]) -> set[str]:
    """Those of these UIDs that a live resource of a collection has."""
    query = select(_R.uid).where(_R.collection_id == collection_id, _R.uid.in_(uids), ~_R.deleted)
    return set(session.scalars(query))


_PLACED = (
    _R.id,
    _R.collection_id,
    _R.activity_id,
    _R.person_id,
    _R.organization_id,
    _R.label_id,
    _R.indexed_until,
    *WITH_TEXT,
    (_C.subject_id != _C.owner_id).label("for_colleague"),
)


def _placed_query(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*_PLACED).join(COLLECTIONS, _C.id == _R.collection_id).where(*conditions)


_AT = _placed_query(_R.collection_id == bindparam("collection"), _R.href == bindparam("href"))
_SHOWING = {
    name: _placed_query(_R[name].in_(bindparam("ids", expanding=True))).order_by(_R.id)
    for name in ("activity_id", "person_id", "organization_id", "label_id")
}


def _placed(row: Any) -> Placed:
    source = Source(row.activity_id, row.person_id, row.organization_id, row.label_id)
    return Placed(row.id, row.collection_id, source, resource_of(row), row.for_colleague, row.indexed_until)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a transaction has read, or has written itself: whoever asks again needs no statement.

    Nobody else changes it while the collections are locked; ``forget_resources`` is called by who locks more.
    """

    at: dict[tuple[int, str], Placed | None] = field(default_factory=dict)
    showing: dict[Source, dict[int, Placed]] = field(default_factory=dict)

    def note(self, placed: Placed) -> None:
        """Take in what was written over a row, or as a new one."""
        for shown in self.showing.values():
            shown.pop(placed.id, None)
        if placed.source in self.showing:
            self.showing[placed.source][placed.id] = placed
        self.at[placed.collection_id, placed.resource.href] = placed


_KNOWN = "resources"


def _known(session: Session) -> _Known:
    return remembered(session, _KNOWN, _Known)


def forget_resources(session: Session) -> None:
    """Read resources anew from now on."""
    forget(session, _KNOWN)


def placed_at(session: Session, collection_id: int, href: str) -> Placed | None:
    """The resource or tombstone at an href."""
    known = _known(session).at
    if (collection_id, href) not in known:
        found = session.execute(_AT, {"collection": collection_id, "href": href}).first()
        known[collection_id, href] = _placed(found) if found else None
    return known[collection_id, href]


def showing(session: Session, column: str, record_ids: Some[int]) -> list[Placed]:
    """All resources and tombstones that show these records (``column`` is ``activity_id`` …), the oldest first."""
    if len(record_ids) != 1:
        return _showing(session, column, record_ids)
    (record_id,) = record_ids
    source, known = Source(**{column: record_id}), _known(session).showing
    if source not in known:
        known[source] = {placed.id: placed for placed in _showing(session, column, record_ids)}
    return sorted(known[source].values(), key=lambda placed: placed.id)


def _showing(session: Session, column: str, record_ids: Some[int]) -> list[Placed]:
    return [_placed(row) for row in session.execute(_SHOWING[column], {"ids": list(record_ids)})]


def nothing_shows(session: Session, source: Source) -> None:
    """Know, without asking, that no resource shows a record yet: it has just been made."""
    _known(session).showing[source] = {}


@dataclass(frozen=True, slots=True)
class Addition:
    """A finished resource that is not there yet. ``for_colleague`` as in ``Placed``."""

    collection_id: int
    source: Source
    resource: Resource
    index: Index
    for_colleague: bool = False


_ADD = insert(RESOURCES).returning(_R.id)
_ADD_MANY = insert(RESOURCES).returning(_R.id, sort_by_parameter_order=True)
_FEW = 100  # of so many new resources each is remembered: whoever wrote them asks for them next


def add_resources(session: Session, rows: Sequence[Addition]) -> None:
    """Add resources with what finds them."""
    values = [{"collection_id": row.collection_id, **_columns(row.source, row.resource, row.index)} for row in rows]
    if len(rows) == 1:
        _added(session, rows[0], session.execute(_ADD, values[0]).scalar_one())
    elif len(rows) <= _FEW or any(row.index.occurrences for row in rows):
        ids = session.scalars(_ADD_MANY, values).all() if rows else ()
        for row_id, row in zip(ids, rows, strict=True):
            _added(session, row, row_id)
    else:
        session.execute(insert(RESOURCES), values)
        forget_resources(session)


def _added(session: Session, row: Addition, row_id: int) -> None:
    _index(session, row.collection_id, row_id, row.index)
    until = row.index.known_until
    _known(session).note(Placed(row_id, row.collection_id, row.source, row.resource, row.for_colleague, until))


_CHANGE = update(RESOURCES).where(_R.id == bindparam("row"))


def change_resource(session: Session, placed: Placed, source: Source, changed: Resource, index: Index) -> None:
    """Write a changed resource, or its tombstone, over the row it had."""
    session.execute(_CHANGE, {"row": placed.id, **_columns(source, changed, index)})
    if placed.resource.recurring or index.occurrences:
        session.execute(delete(OCCURRENCES).where(_O.resource_id == placed.id))
        _index(session, placed.collection_id, placed.id, index)
    _known(session).note(replace(placed, source=source, resource=changed, known_until=index.known_until))


def _index(session: Session, collection_id: int, row_id: int, index: Index) -> None:
    if index.occurrences:
        rows = [
            {"resource_id": row_id, "collection_id": collection_id, "starts": starts, "ends": ends}
            for starts, ends in dict.fromkeys(index.occurrences)
        ]
        session.execute(insert(OCCURRENCES), rows)


def occurrences(session: Session, activity_id: int, start: int, end: int) -> list[tuple[int, int]]:
    """The known occurrences of a series in its owner's calendar that start in a range of POSIX seconds, in order."""
    owner = COLLECTIONS.join(RESOURCES, _R.collection_id == _C.id).join(OCCURRENCES, _O.resource_id == _R.id)
    query = (
        select(_O.starts, _O.ends)
        .select_from(owner)
        .where(_R.activity_id == activity_id, _C.owner_id == _C.subject_id, _O.starts >= start, _O.starts < end)
        .order_by(_O.starts)
    )
    return [(row.starts, row.ends) for row in session.execute(query)]


def overdue(calendar_id: int, now: datetime) -> Select[int]:
    """The activities in a calendar that lie too far back for its owner (R27), and series that are soon known no more.

    A series is looked ahead in again when half of what was known of its future is over.
    """
    age = int(now.timestamp()) - _R.last_end
    too_old = and_(_U.past_days > 0, age > cast(_U.past_days, BigInteger) * _DAY)
    running_out = and_(
        _R.recurring,
        _R.indexed_until < int((now + INDEXED_AHEAD / 2).timestamp()),
        or_(_R.last_end.is_(None), _R.last_end > _R.indexed_until),
    )
    joined = RESOURCES.join(COLLECTIONS, _C.id == _R.collection_id).join(USERS, _U.id == _C.owner_id)
    here = (_C.id == calendar_id, ~_R.deleted, _R.activity_id.is_not(None))
    return select(_R.activity_id).select_from(joined).where(*here, or_(too_old, running_out))


def _columns(source: Source, resource: Resource, index: Index) -> dict[str, object]:
    first, last = resource.first_start, resource.last_end
    return {
        **_source_columns(source),
        **_resource_columns(resource),
        "wide": resource.recurring or last is None or first is None or last - first > LONGEST,
        "indexed_from": index.known_from,
        "indexed_until": index.known_until,
        "search": index.search,
    }


def _source_columns(source: Source) -> dict[str, int | None]:
    return {
        "activity_id": source.activity_id,
        "person_id": source.person_id,
        "organization_id": source.organization_id,
        "label_id": source.label_id,
    }


def _resource_columns(resource: Resource) -> dict[str, object]:
    return {column.name: getattr(resource, column.name) for column in WITH_TEXT}
