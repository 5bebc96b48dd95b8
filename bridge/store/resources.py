"""Queries about collections and resources: what DAV requests are answered from.

Nothing here parses or renders. Lists read columns, never rows as objects; one statement answers one question.
"""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from bridge.store.models import CollectionRow, ResourceRow, UserRow
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Collection, Resource

_BATCH = 500
_LISTED = (
    ResourceRow.href,
    ResourceRow.uid,
    ResourceRow.component,
    ResourceRow.etag,
    ResourceRow.revision,
    ResourceRow.modified_at,
    ResourceRow.first_start,
    ResourceRow.last_end,
    ResourceRow.recurring,
    ResourceRow.deleted,
)
_WITH_TEXT = (*_LISTED, ResourceRow.text)


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
    return (
        select(CollectionRow, UserRow.login, UserRow.time_zone)
        .join(UserRow, UserRow.id == CollectionRow.owner_id)
        .where(condition)
        .order_by(CollectionRow.name)
    )


def _collection(found: Any) -> Collection:
    row, login, zone = found
    return Collection(
        id=row.id,
        uid=row.uid,
        owner=login,
        owner_id=row.owner_id,
        subject_id=row.subject_id,
        name=row.name,
        kind=row.kind,
        component=row.component,
        generation=row.generation,
        revision=row.revision,
        modified_at=row.modified_at,
        floating_zone=zone,
        properties=row.properties,
    )


def collection(session: Session, owner: str, name: str) -> Collection | None:
    """The collection of this name in the home of a login."""
    found = session.execute(_collections(and_(UserRow.login == owner, CollectionRow.name == name))).first()
    return _collection(found) if found else None


def collections_in_home(session: Session, owner: str) -> list[Collection]:
    """All collections in the home of a login, by name."""
    return [_collection(found) for found in session.execute(_collections(UserRow.login == owner))]


def collections_showing(session: Session, subject_ids: Some[int]) -> list[Collection]:
    """All collections that show records of these users: their own and their colleagues' views."""
    found = session.execute(_collections(CollectionRow.subject_id.in_(subject_ids)))
    return [_collection(row) for row in found]


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
    session.add(
        CollectionRow(
            uid=uid,
            owner_id=owner_id,
            subject_id=subject_id,
            name=name,
            kind=kind,
            component=component,
            properties=dict(properties),
            modified_at=now,
        )
    )
    session.flush()


def remove_collection(session: Session, collection_id: int) -> None:
    """Take a collection away with its resources and tombstones. Only views are ever removed; records stay."""
    row = session.get(CollectionRow, collection_id)
    if row is not None:
        session.execute(ResourceRow.__table__.delete().where(ResourceRow.collection_id == collection_id))  # type: ignore[attr-defined]
        session.delete(row)
        session.flush()


def set_properties(session: Session, collection_id: int, properties: Mapping[str, str], *, now: datetime) -> None:
    """Replace what clients have set on a collection, which changes its ctag too."""
    next_revisions(session, collection_id, 1, now=now)
    session.execute(update(CollectionRow).where(CollectionRow.id == collection_id).values(properties=dict(properties)))


def next_revisions(session: Session, collection_id: int, count: int, *, now: datetime) -> range:
    """Take the collection's next revisions, one for each change. Its row stays locked until the transaction ends."""
    last = session.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection_id)
        .values(revision=CollectionRow.revision + count, modified_at=now)
        .returning(CollectionRow.revision)
    ).scalar_one()
    return range(last - count + 1, last + 1)


def lock_collections(session: Session, subject_ids: Some[int]) -> None:
    """Let nobody else write what shows these users' records until the transaction ends.

    Taken before anything is read that a write is based on, and always in the same order. SQLite has one writer anyway.
    """
    query = select(CollectionRow.id).where(CollectionRow.subject_id.in_(subject_ids)).order_by(CollectionRow.id)
    session.execute(query.with_for_update()).all()


def due_for_sweep(session: Session, owner: str, today: date) -> list[int]:
    """Which collections of a home with a limited reach (R27) have not been swept today."""
    query = (
        select(CollectionRow.id)
        .join(UserRow, UserRow.id == CollectionRow.owner_id)
        .where(UserRow.login == owner, UserRow.past_days > 0, CollectionRow.kind == CollectionKind.CALENDAR)
        .where(or_(CollectionRow.swept_on.is_(None), CollectionRow.swept_on < today))
    )
    return list(session.scalars(query))


def mark_swept(session: Session, collection_ids: Some[int], today: date) -> None:
    """Remember that collections were swept."""
    session.execute(update(CollectionRow).where(CollectionRow.id.in_(collection_ids)).values(swept_on=today))


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
    return select(*columns).where(ResourceRow.collection_id == collection_id, ~ResourceRow.deleted, *conditions)


def resource(session: Session, collection_id: int, href: str) -> Resource | None:
    """One live resource."""
    found = session.execute(_live(collection_id, ResourceRow.href == href, text=True)).first()
    return _resource(found) if found else None


def resources_by_href(session: Session, collection_id: int, hrefs: Sequence[str]) -> Iterator[Resource]:
    """The live resources among these, one statement for each batch."""
    for start in range(0, len(hrefs), _BATCH):
        batch = hrefs[start : start + _BATCH]
        for row in session.execute(_live(collection_id, ResourceRow.href.in_(batch), text=True)):
            yield _resource(row)


def listing(session: Session, collection_id: int, *, text: bool) -> Iterator[Resource]:
    """All live resources, fetched in portions so that memory stays bounded (D15)."""
    query = _live(collection_id, text=text).execution_options(yield_per=_BATCH)
    for row in session.execute(query):
        yield _resource(row)


def in_range(
    session: Session, collection_id: int, start: int | None, end: int | None, *, text: bool
) -> Iterator[Resource]:
    """Live resources that may overlap [``start``, ``end``) in POSIX seconds, and undated ones."""
    conditions = []
    if end is not None:
        conditions.append(or_(ResourceRow.first_start.is_(None), ResourceRow.first_start < end))
    if start is not None:
        conditions.append(or_(ResourceRow.last_end.is_(None), ResourceRow.last_end >= start))
    for row in session.execute(_live(collection_id, *conditions, text=text).execution_options(yield_per=_BATCH)):
        yield _resource(row)


def containing(session: Session, collection_id: int, text: str) -> Iterator[Resource]:
    """Live resources whose unfolded text contains a string, whatever the case of its ASCII letters."""
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    unfolded = func.replace(func.replace(ResourceRow.text, "\r\n ", ""), "\r\n\t", "")
    query = _live(collection_id, unfolded.ilike(pattern, escape="\\"), text=True)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield _resource(row)


def changed_since(
    session: Session, collection_id: int, revision: int, limit: int | None, *, tombstones: bool
) -> list[Resource]:
    """Resources after a revision, with or without tombstones, in the order of their changes."""
    query = (
        select(*_LISTED)
        .where(ResourceRow.collection_id == collection_id, ResourceRow.revision > revision)
        .order_by(ResourceRow.revision, ResourceRow.id)
    )
    if not tombstones:
        query = query.where(~ResourceRow.deleted)
    return [_resource(row) for row in session.execute(query.limit(limit) if limit is not None else query)]


def taken_hrefs(session: Session, collection_id: int, hrefs: Sequence[str]) -> set[str]:
    """Which of these hrefs a resource or tombstone already has."""
    query = select(ResourceRow.href).where(ResourceRow.collection_id == collection_id, ResourceRow.href.in_(hrefs))
    return set(session.scalars(query))


def hrefs_with_uid(session: Session, collection_id: int, uid: str) -> list[str]:
    """The hrefs of the live resources with a UID."""
    query = select(ResourceRow.href).where(
        ResourceRow.collection_id == collection_id, ResourceRow.uid == uid, ~ResourceRow.deleted
    )
    return list(session.scalars(query))


# Writing resources

_PLACED = (
    ResourceRow.id,
    ResourceRow.collection_id,
    ResourceRow.activity_id,
    ResourceRow.person_id,
    ResourceRow.organization_id,
    ResourceRow.label_id,
    *_WITH_TEXT,
    (CollectionRow.subject_id != CollectionRow.owner_id).label("for_colleague"),
)


def _placed_query(*conditions: ColumnElement[bool]) -> Any:
    return select(*_PLACED).join(CollectionRow, CollectionRow.id == ResourceRow.collection_id).where(*conditions)


def _placed(row: Any) -> Placed:
    source = Source(row.activity_id, row.person_id, row.organization_id, row.label_id)
    return Placed(row.id, row.collection_id, source, _resource(row), row.for_colleague)


def placed_at(session: Session, collection_id: int, href: str) -> Placed | None:
    """The resource or tombstone at an href."""
    query = _placed_query(ResourceRow.collection_id == collection_id, ResourceRow.href == href)
    found = session.execute(query).first()
    return _placed(found) if found else None


def showing(session: Session, column: str, record_ids: Some[int]) -> list[Placed]:
    """All resources and tombstones that show these records (``column`` is ``activity_id`` …)."""
    query = _placed_query(getattr(ResourceRow, column).in_(record_ids)).order_by(ResourceRow.id)
    return [_placed(row) for row in session.execute(query)]


def ended_before(session: Session, collection_id: int, before: int) -> list[int]:
    """The activities of the live resources whose last end lies before a moment (POSIX seconds)."""
    query = select(ResourceRow.activity_id).where(
        ResourceRow.collection_id == collection_id,
        ~ResourceRow.deleted,
        ResourceRow.last_end < before,
        ResourceRow.activity_id.is_not(None),
    )
    return [found for found in session.scalars(query) if found is not None]


def add_resources(session: Session, rows: Sequence[tuple[int, Source, Resource]]) -> None:
    """Add resources: (collection, what it shows, the finished resource)."""
    values = [{"collection_id": c, **_source_columns(s), **_resource_columns(r)} for c, s, r in rows]
    if values:
        session.execute(insert(ResourceRow), values)


def change_resource(session: Session, row_id: int, source: Source, changed: Resource) -> None:
    """Write a changed resource, or its tombstone, over the row it had."""
    values = {**_source_columns(source), **_resource_columns(changed)}
    session.execute(update(ResourceRow).where(ResourceRow.id == row_id).values(values))


def _source_columns(source: Source) -> dict[str, int | None]:
    return {
        "activity_id": source.activity_id,
        "person_id": source.person_id,
        "organization_id": source.organization_id,
        "label_id": source.label_id,
    }


def _resource_columns(resource: Resource) -> dict[str, object]:
    return {column.key: getattr(resource, column.key) for column in _WITH_TEXT}
