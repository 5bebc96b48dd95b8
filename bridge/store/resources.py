"""Queries about collections and resources: what DAV requests are answered from.

Nothing here parses or renders. Lists read columns, never rows as objects; one statement answers one question.
"""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from bridge.store.memo import forget, remembered
from bridge.store.models import CollectionRow, ResourceRow, UserRow
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Collection, Resource

_BATCH = 500
# Tables rather than mapped classes: a row is read by name, and nothing keeps track of it.
_COLLECTIONS, _RESOURCES, _USERS = (cast("Table", row.__table__) for row in (CollectionRow, ResourceRow, UserRow))
_C, _R, _U = _COLLECTIONS.c, _RESOURCES.c, _USERS.c
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
class Placed:
    """A resource together with its row id and the collection it lies in, for those who write it.

    ``for_colleague`` tells that it lies in somebody's read-only view, where less is shown than the owner has.
    """

    id: int
    collection_id: int
    source: Source
    resource: Resource
    for_colleague: bool = False


# Collections


def _collections(condition: ColumnElement[bool]) -> Any:
    joined = _COLLECTIONS.join(_USERS, _U.id == _C.owner_id)
    return select(*_COLLECTION).select_from(joined).where(condition).order_by(_C.name)


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
    found = session.execute(_collections(and_(_U.login == owner, _C.name == name))).first()
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


def next_revisions(session: Session, collection_id: int, count: int, *, now: datetime) -> range:
    """Take the collection's next revisions, one for each change. Its row stays locked until the transaction ends."""
    last = session.execute(
        update(_COLLECTIONS)
        .where(_C.id == collection_id)
        .values(revision=_C.revision + count, modified_at=now)
        .returning(_C.revision)
    ).scalar_one()
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
    """Which collections of a home with a limited reach (R27) have not been swept today."""
    query = (
        select(_C.id)
        .join(_USERS, _U.id == _C.owner_id)
        .where(_U.login == owner, _U.past_days > 0, _C.kind == CollectionKind.CALENDAR)
        .where(or_(_C.swept_on.is_(None), _C.swept_on < today))
    )
    return list(session.scalars(query))


def mark_swept(session: Session, collection_ids: Some[int], today: date) -> None:
    """Remember that collections were swept."""
    session.execute(update(_COLLECTIONS).where(_C.id.in_(collection_ids)).values(swept_on=today))


# Reading resources


def _resource(row: Any) -> Resource:
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
    )


def _live(collection_id: int, *conditions: ColumnElement[bool], text: bool) -> Any:
    columns = _WITH_TEXT if text else _LISTED
    return select(*columns).where(_R.collection_id == collection_id, ~_R.deleted, *conditions)


def resource(session: Session, collection_id: int, href: str) -> Resource | None:
    """One live resource."""
    found = session.execute(_live(collection_id, _R.href == href, text=True)).first()
    return _resource(found) if found else None


def resources_by_href(session: Session, collection_id: int, hrefs: Sequence[str]) -> Iterator[Resource]:
    """The live resources among these, one statement for each batch."""
    for start in range(0, len(hrefs), _BATCH):
        batch = hrefs[start : start + _BATCH]
        for row in session.execute(_live(collection_id, _R.href.in_(batch), text=True)):
            yield _resource(row)


def listing(session: Session, collection_id: int, *, text: bool) -> Iterator[Resource]:
    """All live resources, fetched in portions so that memory stays bounded (D15)."""
    query = _live(collection_id, text=text).execution_options(yield_per=_BATCH)
    for row in session.execute(query):
        yield _resource(row)


def tags(session: Session, collection_id: int) -> list[tuple[str, str]]:
    """Name and entity tag of every live resource: what clients list all day, without anything else."""
    query = select(_R.href, _R.etag).where(_R.collection_id == collection_id, ~_R.deleted)
    return cast("list[tuple[str, str]]", session.execute(query).all())


def in_range(
    session: Session, collection_id: int, start: int | None, end: int | None, *, text: bool
) -> Iterator[Resource]:
    """Live resources that may overlap [``start``, ``end``) in POSIX seconds, and undated ones."""
    conditions = []
    if end is not None:
        conditions.append(or_(_R.first_start.is_(None), _R.first_start < end))
    if start is not None:
        conditions.append(or_(_R.last_end.is_(None), _R.last_end >= start))
    for row in session.execute(_live(collection_id, *conditions, text=text).execution_options(yield_per=_BATCH)):
        yield _resource(row)


def containing(session: Session, collection_id: int, text: str) -> Iterator[Resource]:
    """Live resources whose unfolded text contains a string, whatever the case of its ASCII letters."""
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    unfolded = func.replace(func.replace(_R.text, "\r\n ", ""), "\r\n\t", "")
    query = _live(collection_id, unfolded.ilike(pattern, escape="\\"), text=True)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield _resource(row)


def changed_since(
    session: Session, collection_id: int, revision: int, limit: int | None, *, tombstones: bool
) -> list[Resource]:
    """Resources after a revision, with or without tombstones, in the order of their changes."""
    query = (
        select(*_LISTED).where(_R.collection_id == collection_id, _R.revision > revision).order_by(_R.revision, _R.id)
    )
    if not tombstones:
        query = query.where(~_R.deleted)
    return [_resource(row) for row in session.execute(query.limit(limit) if limit is not None else query)]


def taken_hrefs(session: Session, collection_id: int, hrefs: Sequence[str]) -> set[str]:
    """Which of these hrefs a resource or tombstone already has."""
    query = select(_R.href).where(_R.collection_id == collection_id, _R.href.in_(hrefs))
    return set(session.scalars(query))


def hrefs_with_uid(session: Session, collection_id: int, uid: str) -> list[str]:
    """The hrefs of the live resources with a UID."""
    query = select(_R.href).where(_R.collection_id == collection_id, _R.uid == uid, ~_R.deleted)
    return list(session.scalars(query))


# Writing resources

_PLACED = (
    _R.id,
    _R.collection_id,
    _R.activity_id,
    _R.person_id,
    _R.organization_id,
    _R.label_id,
    *_WITH_TEXT,
    (_C.subject_id != _C.owner_id).label("for_colleague"),
)


def _placed_query(*conditions: ColumnElement[bool]) -> Any:
    return select(*_PLACED).join(_COLLECTIONS, _C.id == _R.collection_id).where(*conditions)


def _placed(row: Any) -> Placed:
    source = Source(row.activity_id, row.person_id, row.organization_id, row.label_id)
    return Placed(row.id, row.collection_id, source, _resource(row), row.for_colleague)


def placed_at(session: Session, collection_id: int, href: str) -> Placed | None:
    """The resource or tombstone at an href."""
    query = _placed_query(_R.collection_id == collection_id, _R.href == href)
    found = session.execute(query).first()
    return _placed(found) if found else None


def showing(session: Session, column: str, record_ids: Some[int]) -> list[Placed]:
    """All resources and tombstones that show these records (``column`` is ``activity_id`` …)."""
    query = _placed_query(_R[column].in_(record_ids)).order_by(_R.id)
    return [_placed(row) for row in session.execute(query)]


def ended_before(session: Session, collection_id: int, before: int) -> list[int]:
    """The activities of the live resources whose last end lies before a moment (POSIX seconds)."""
    query = select(_R.activity_id).where(
        _R.collection_id == collection_id,
        ~_R.deleted,
        _R.last_end < before,
        _R.activity_id.is_not(None),
    )
    return [found for found in session.scalars(query) if found is not None]


def add_resources(session: Session, rows: Sequence[tuple[int, Source, Resource]]) -> None:
    """Add resources: (collection, what it shows, the finished resource)."""
    values = [{"collection_id": c, **_source_columns(s), **_resource_columns(r)} for c, s, r in rows]
    if values:
        session.execute(insert(_RESOURCES), values)


def change_resource(session: Session, row_id: int, source: Source, changed: Resource) -> None:
    """Write a changed resource, or its tombstone, over the row it had."""
    values = {**_source_columns(source), **_resource_columns(changed)}
    session.execute(update(_RESOURCES).where(_R.id == row_id).values(values))


def _source_columns(source: Source) -> dict[str, int | None]:
    return {
        "activity_id": source.activity_id,
        "person_id": source.person_id,
        "organization_id": source.organization_id,
        "label_id": source.label_id,
    }


def _resource_columns(resource: Resource) -> dict[str, object]:
    return {column.name: getattr(resource, column.name) for column in _WITH_TEXT}
