"""Queries about collections and resources: what DAV requests are answered from.

Nothing here parses or renders. Lists read columns, never rows as objects; one statement answers one question.
"""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    sql,
    update,
)
from sqlalchemy.orm import Session

from bridge.store.memo import forget, remembered
from bridge.store.models import CollectionRow, OccurrenceRow, ResourceRow, UserRow
from bridge.store.models.resources import LONGEST, CollectionKind
from bridge.store.views import Collection, Resource

_BATCH = 500
SHORTEST_INDEXED = 3  # characters: what a trigram index can look up
# Tables rather than mapped classes: a row is read by name, and nothing keeps track of it.
_COLLECTIONS, _RESOURCES, _OCCURRENCES, _USERS = (
    cast("Table", row.__table__) for row in (CollectionRow, ResourceRow, OccurrenceRow, UserRow)
)
_C, _R, _O, _U = _COLLECTIONS.c, _RESOURCES.c, _OCCURRENCES.c, _USERS.c
_COLLECTION = (*_C, _U.login, _U.time_zone)
_LISTED = (
    _R.href,
    _R.uid,
    _R.component,
    _R.etag,
    _R.revision,
    _R.modified_at,
    _R.first_start,
    _R.last_end,
    _R.recurring,
    _R.deleted,
)
_WITH_TEXT = (*_LISTED, _R.text)


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


# Collections


def _collections(condition: ColumnElement[bool]) -> Select[Any]:
    joined = _COLLECTIONS.join(_USERS, _U.id == _C.owner_id)
    return select(*_COLLECTION).select_from(joined).where(condition).order_by(_C.name)


# Statements of every request are built once: building one costs more than running it.
_NAMED = _collections(and_(_U.login == bindparam("owner"), _C.name == bindparam("name")))


def _collection(row: Any) -> Collection:
    return Collection(
        id=row.id,
        uid=row.uid,
        owner=row.login,
        owner_id=row.owner_id,
        subject_id=row.subject_id,
        name=row.name,
        kind=row.kind,
        component=row.component,
        generation=row.generation,
        revision=row.revision,
        modified_at=row.modified_at,
        floating_zone=row.time_zone,
        properties=row.properties,
    )


def collection(session: Session, owner: str, name: str) -> Collection | None:
    """The collection of this name in the home of a login."""
    found = session.execute(_NAMED, {"owner": owner, "name": name}).first()
    return _collection(found) if found else None


def collections_in_home(session: Session, owner: str) -> list[Collection]:
    """All collections in the home of a login, by name."""
    return [_collection(found) for found in session.execute(_collections(_U.login == owner))]


def collections_showing(session: Session, subject_ids: Some[int]) -> list[Collection]:
    """All collections that show records of these users: their own and their colleagues' views.

    Within a transaction they are read once: their revisions here may be older than what it has written since.
    """

    def load() -> list[Collection]:
        return [_collection(row) for row in session.execute(_collections(_C.subject_id.in_(subject_ids)))]

    return remembered(session, ("collections_showing", frozenset(subject_ids)), load)


def add_collection(  # noqa: PLR0913 - the columns of the row
    session: Session,
    *,
    uid: str,
    owner_id: int,
    subject_id: int,
    name: str,
    kind: CollectionKind,
    component: str,
    properties: Mapping[str, str],
    now: datetime,
) -> None:
    """Add an empty collection to a home."""
    forget(session)
    session.execute(
        insert(_COLLECTIONS).values(
            uid=uid,
            owner_id=owner_id,
            subject_id=subject_id,
            name=name,
            kind=kind,
            component=component,
            generation=1,
            revision=0,
            properties=dict(properties),
            modified_at=now,
        )
    )


def remove_collection(session: Session, collection_id: int) -> None:
    """Take a collection away with its resources and tombstones. Only views are ever removed; records stay."""
    forget(session)
    session.execute(delete(_RESOURCES).where(_R.collection_id == collection_id))
    session.execute(delete(_COLLECTIONS).where(_C.id == collection_id))


def set_properties(session: Session, collection_id: int, properties: Mapping[str, str], *, now: datetime) -> None:
    """Replace what clients have set on a collection, which changes its ctag too."""
    next_revisions(session, collection_id, 1, now=now)
    session.execute(update(_COLLECTIONS).where(_C.id == collection_id).values(properties=dict(properties)))


_NEXT = (
    update(_COLLECTIONS)
    .where(_C.id == bindparam("collection"))
    .values(revision=_C.revision + bindparam("count"), modified_at=bindparam("now"))
    .returning(_C.revision)
)


def next_revisions(session: Session, collection_id: int, count: int, *, now: datetime) -> range:
    """Take the collection's next revisions, one for each change. Its row stays locked until the transaction ends."""
    last = session.execute(_NEXT, {"collection": collection_id, "count": count, "now": now}).scalar_one()
    return range(last - count + 1, last + 1)


def lock_collections(session: Session, subject_ids: Some[int]) -> None:
    """Let nobody else write what shows these users' records until the transaction ends.

    Taken before anything is read that a write is based on, and always in the same order. SQLite has one writer anyway.
    """

    def lock() -> None:
        query = select(_C.id).where(_C.subject_id.in_(subject_ids)).order_by(_C.id)
        session.execute(query.with_for_update()).all()

    if session.get_bind().dialect.name != "sqlite":
        remembered(session, ("locked", frozenset(subject_ids)), lock)


def due_for_sweep(session: Session, owner: str, today: date) -> list[int]:
    """Which calendars of a home have not been looked through today."""
    query = (
        select(_C.id)
        .select_from(_COLLECTIONS.join(_USERS, _U.id == _C.owner_id))
        .where(_U.login == owner, _C.kind == CollectionKind.CALENDAR)
        .where(or_(_C.swept_on.is_(None), _C.swept_on < today))
    )
    return list(session.scalars(query))


def mark_swept(session: Session, collection_ids: Some[int], today: date) -> None:
    """Remember that collections were swept."""
    session.execute(update(_COLLECTIONS).where(_C.id.in_(collection_ids)).values(swept_on=today))


# Reading resources


def _resource(row: Any, *, settled: bool = False) -> Resource:
    values = row._mapping  # noqa: SLF001 - the documented way to read a row by name
    return Resource(
        href=values["href"],
        uid=values["uid"],
        component=values["component"],
        etag=values["etag"],
        text=values.get("text", ""),
        revision=values["revision"],
        modified_at=values["modified_at"],
        first_start=values["first_start"],
        last_end=values["last_end"],
        recurring=values["recurring"],
        deleted=values["deleted"],
        settled=settled,
    )


def _live(collection_id: int | BindParameter[int], *conditions: ColumnElement[bool], text: bool) -> Any:
    columns = _WITH_TEXT if text else _LISTED
    return select(*columns).where(_R.collection_id == collection_id, ~_R.deleted, *conditions)


_ONE = _live(bindparam("collection"), _R.href == bindparam("href"), text=True)
_TAGS = select(_R.href, _R.etag).where(_R.collection_id == bindparam("collection"), ~_R.deleted)
_MANY = _live(bindparam("collection"), _R.href.in_(bindparam("hrefs", expanding=True)), text=True)


def resource(session: Session, collection_id: int, href: str) -> Resource | None:
    """One live resource."""
    found = session.execute(_ONE, {"collection": collection_id, "href": href}).first()
    return _resource(found) if found else None


def resources_by_href(session: Session, collection_id: int, hrefs: Sequence[str]) -> Iterator[Resource]:
    """The live resources among these, one statement for each batch."""
    for start in range(0, len(hrefs), _BATCH):
        batch = hrefs[start : start + _BATCH]
        for row in session.execute(_MANY, {"collection": collection_id, "hrefs": list(batch)}):
            yield _resource(row)


def listing(session: Session, collection_id: int, *, text: bool) -> Iterator[Resource]:
    """All live resources, fetched in portions so that memory stays bounded (D15)."""
    query = _live(collection_id, text=text).execution_options(yield_per=_BATCH)
    for row in session.execute(query):
        yield _resource(row)


def tags(session: Session, collection_id: int) -> list[tuple[str, str]]:
    """Name and entity tag of every live resource: what clients list all day, without anything else."""
    return cast("list[tuple[str, str]]", session.execute(_TAGS, {"collection": collection_id}).all())


def in_range(
    session: Session, collection_id: int, start: int | None, end: int | None, *, text: bool
) -> Iterator[Resource]:
    """Live resources that may touch [``start``, ``end``) in POSIX seconds, by index.

    Recurring ones whose occurrences in this range are known come only if there is one, and ``settled``.
    """
    for condition, settled in _ranges(collection_id, start, end):
        query = _live(collection_id, *condition, text=text).execution_options(yield_per=_BATCH)
        for row in session.execute(query):
            yield _resource(row, settled=settled)


def _ranges(collection_id: int, start: int | None, end: int | None) -> list[tuple[list[ColumnElement[bool]], bool]]:
    """The conditions of a time range, each with an index of its own, and whether they settle the matter."""
    before = [_R.first_start < end] if end is not None else []
    after = [or_(_R.last_end.is_(None), _R.last_end >= start)] if start is not None else []
    near = [_R.first_start >= start - LONGEST] if start is not None else []
    plain = [~_R.wide, *before, *after, *near]
    if start is None or end is None:
        return [(plain, False), ([_R.wide, *before, *after], False)]
    known = and_(_R.recurring, _R.indexed_from <= start, _R.indexed_until >= end)
    lasting = or_(_O.ends > start, and_(_O.ends == _O.starts, _O.starts >= start))  # RFC 4791 9.9
    inside = [_O.starts < end, lasting, _O.starts >= start - LONGEST]
    there = select(_O.resource_id).where(_O.collection_id == collection_id, *inside)
    unknown = or_(~_R.recurring, _R.indexed_from.is_(None), _R.indexed_from > start, _R.indexed_until < end)
    return [(plain, False), ([known, _R.id.in_(there)], True), ([_R.wide, unknown, *before, *after], False)]


def containing(session: Session, collection: Collection, text: str) -> Iterator[Resource]:
    """Live resources whose unfolded text contains a string, whatever the case of its ASCII letters."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if collection.kind is CollectionKind.CALENDAR:
        unfolded = func.replace(func.replace(_R.text, "\r\n ", ""), "\r\n\t", "")
        condition: ColumnElement[bool] = unfolded.ilike(pattern, escape="\\")
    elif session.get_bind().dialect.name == "sqlite" and len(text) >= SHORTEST_INDEXED:
        found = sql.text("SELECT rowid FROM resource_search WHERE resource_search MATCH :phrase")
        phrase = '"' + text.replace('"', '""') + '"'
        condition = _R.id.in_(found.bindparams(phrase=phrase).columns(column("rowid")))
    else:
        condition = _R.search.like(pattern, escape="\\")
    query = _live(collection.id, condition, text=True)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield _resource(row)


_CHANGED = (
    select(*_LISTED)
    .where(_R.collection_id == bindparam("collection"), _R.revision > bindparam("revision"))
    .order_by(_R.revision, _R.id)
)
_CHANGED_LIVE = _CHANGED.where(~_R.deleted)


def changed_since(
    session: Session, collection_id: int, revision: int, limit: int | None, *, tombstones: bool
) -> list[Resource]:
    """Resources after a revision, with or without tombstones, in the order of their changes."""
    query = _CHANGED if tombstones else _CHANGED_LIVE
    values = {"collection": collection_id, "revision": revision}
    found = session.execute(query.limit(limit) if limit is not None else query, values)
    return [_resource(row) for row in found]


def taken_hrefs(session: Session, collection_id: int, hrefs: Sequence[str]) -> set[str]:
    """Which of these hrefs a resource or tombstone already has."""
    query = select(_R.href).where(_R.collection_id == collection_id, _R.href.in_(hrefs))
    return set(session.scalars(query))


_WITH_UID = select(_R.href).where(_R.collection_id == bindparam("collection"), _R.uid == bindparam("uid"), ~_R.deleted)


def hrefs_with_uid(session: Session, collection_id: int, uid: str) -> list[str]:
    """The hrefs of the live resources with a UID."""
    return list(session.scalars(_WITH_UID, {"collection": collection_id, "uid": uid}))


# Writing resources

_PLACED = (
    _R.id,
    _R.collection_id,
    _R.activity_id,
    _R.person_id,
    _R.organization_id,
    _R.label_id,
    _R.indexed_until,
    *_WITH_TEXT,
    (_C.subject_id != _C.owner_id).label("for_colleague"),
)


def _placed_query(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*_PLACED).join(_COLLECTIONS, _C.id == _R.collection_id).where(*conditions)


_AT = _placed_query(_R.collection_id == bindparam("collection"), _R.href == bindparam("href"))
_SHOWING = {
    name: _placed_query(_R[name].in_(bindparam("ids", expanding=True))).order_by(_R.id)
    for name in ("activity_id", "person_id", "organization_id", "label_id")
}


def _placed(row: Any) -> Placed:
    source = Source(row.activity_id, row.person_id, row.organization_id, row.label_id)
    return Placed(row.id, row.collection_id, source, _resource(row), row.for_colleague, row.indexed_until)


def placed_at(session: Session, collection_id: int, href: str) -> Placed | None:
    """The resource or tombstone at an href."""
    found = session.execute(_AT, {"collection": collection_id, "href": href}).first()
    return _placed(found) if found else None


def showing(session: Session, column: str, record_ids: Some[int]) -> list[Placed]:
    """All resources and tombstones that show these records (``column`` is ``activity_id`` …)."""
    return [_placed(row) for row in session.execute(_SHOWING[column], {"ids": list(record_ids)})]


def ended_before(session: Session, collection_id: int, before: int) -> list[int]:
    """The activities of the live resources whose last end lies before a moment (POSIX seconds)."""
    query = select(_R.activity_id).where(
        _R.collection_id == collection_id,
        ~_R.deleted,
        _R.last_end < before,
        _R.activity_id.is_not(None),
    )
    return [found for found in session.scalars(query) if found is not None]


def add_resources(session: Session, rows: Sequence[tuple[int, Source, Resource, Index]]) -> None:
    """Add resources: (collection, what it shows, the finished resource, what finds it)."""
    values = [{"collection_id": c, **_columns(source, found, index)} for c, source, found, index in rows]
    if not values:
        return
    if not any(index.occurrences for _, _, _, index in rows):
        session.execute(insert(_RESOURCES), values)
        return
    ids = session.scalars(insert(_RESOURCES).returning(_R.id, sort_by_parameter_order=True), values)
    for row_id, (collection_id, _, _, index) in zip(ids.all(), rows, strict=True):
        _index(session, collection_id, row_id, index)


def change_resource(session: Session, placed: Placed, source: Source, changed: Resource, index: Index) -> None:
    """Write a changed resource, or its tombstone, over the row it had."""
    session.execute(update(_RESOURCES).where(_R.id == placed.id).values(_columns(source, changed, index)))
    if placed.resource.recurring or index.occurrences:
        session.execute(delete(_OCCURRENCES).where(_O.resource_id == placed.id))
        _index(session, placed.collection_id, placed.id, index)


def _index(session: Session, collection_id: int, row_id: int, index: Index) -> None:
    if index.occurrences:
        rows = [
            {"resource_id": row_id, "collection_id": collection_id, "starts": starts, "ends": ends}
            for starts, ends in dict.fromkeys(index.occurrences)
        ]
        session.execute(insert(_OCCURRENCES), rows)


def occurrences(session: Session, activity_id: int, start: int, end: int) -> list[tuple[int, int]]:
    """The known occurrences of a series in its owner's calendar that start in a range of POSIX seconds, in order."""
    owner = _COLLECTIONS.join(_RESOURCES, _R.collection_id == _C.id).join(_OCCURRENCES, _O.resource_id == _R.id)
    query = (
        select(_O.starts, _O.ends)
        .select_from(owner)
        .where(_R.activity_id == activity_id, _C.owner_id == _C.subject_id, _O.starts >= start, _O.starts < end)
        .order_by(_O.starts)
    )
    return [(row.starts, row.ends) for row in session.execute(query)]


def running_out(session: Session, collection_ids: Some[int], before: int) -> list[int]:
    """The activities of live series whose occurrences are known only up to before a moment (POSIX seconds)."""
    query = select(_R.activity_id).where(
        _R.collection_id.in_(collection_ids),
        ~_R.deleted,
        _R.recurring,
        _R.indexed_until < before,
        or_(_R.last_end.is_(None), _R.last_end > _R.indexed_until),
        _R.activity_id.is_not(None),
    )
    return [found for found in session.scalars(query) if found is not None]


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
    return {column.name: getattr(resource, column.name) for column in _WITH_TEXT}
