"""Queries about collections: finding them, their revisions, and who may write them next."""

from collections.abc import Collection as Some
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.store.accounts import know_users, read_user
from bridge.store.memo import forget, remember, remembered
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import forget_resources
from bridge.store.tables import COLLECTIONS, OCCURRENCES, RESOURCES, USERS, Executor, dialect_of
from bridge.store.views import Collection

_C, _R, _O, _U = COLLECTIONS.c, RESOURCES.c, OCCURRENCES.c, USERS.c
_COLLECTION = (*_C, _U.login, _U.time_zone)


def _collections(condition: ColumnElement[bool]) -> Select[Any]:
    joined = COLLECTIONS.join(USERS, _U.id == _C.owner_id)
    return select(*_COLLECTION).select_from(joined).where(condition).order_by(_C.name)


# Statements of every request are built once: building one costs more than running it.
_NAMED = _collections(and_(_U.login == bindparam("owner"), _C.name == bindparam("name")))
_HOME = _collections(_U.login == bindparam("owner"))


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


def collection(session: Executor, owner: str, name: str) -> Collection | None:
    """The collection of this name in the home of a login."""
    found = session.execute(_NAMED, {"owner": owner, "name": name}).first()
    return _collection(found) if found else None


def collections_in_home(session: Executor, owner: str) -> list[Collection]:
    """All collections in the home of a login, by name."""
    return [_collection(found) for found in session.execute(_HOME, {"owner": owner})]


def collections_showing(session: Session, subject_ids: Some[int]) -> list[Collection]:
    """All collections that show records of these users: their own and their colleagues' views.

    Within a transaction they are read once: their revisions here may be older than what it has written since.
    """

    def load() -> list[Collection]:
        return [_collection(row) for row in session.execute(_collections(_C.subject_id.in_(subject_ids)))]

    return remembered(session, ("collections_showing", frozenset(subject_ids)), load)


_SUBJECT = (
    select(_C.subject_id)
    .select_from(COLLECTIONS.join(USERS, _U.id == _C.owner_id))
    .where(_U.login == bindparam("owner"), _C.name == bindparam("name"))
    .scalar_subquery()
)
_OF_SUBJECT = (
    select(*_C, *_U)
    .select_from(COLLECTIONS.join(USERS, _U.id == _C.owner_id))
    .where(_C.subject_id == _SUBJECT)
    .order_by(_C.name)
)
_LOCK_SUBJECT = select(_C.id).where(_C.subject_id == _SUBJECT).order_by(_C.id).with_for_update()


def collection_to_write(session: Session, owner: str, name: str) -> tuple[Collection, User] | None:
    """The collection of this name in the home of a login, and its owner.

    Nobody else writes what shows the same user's records until the transaction ends. What a write asks for next, all
    collections that show these records and their owners, comes with the same statement and is remembered.
    """
    names = {"owner": owner, "name": name}
    if dialect_of(session) != "sqlite":
        session.execute(_LOCK_SUBJECT, names).all()
        forget_resources(session)
    rows = session.execute(_OF_SUBJECT, names).all()
    shown = [_collection(row) for row in rows]
    users = [read_user(row[len(_C) :]) for row in rows]
    found = [(one, user) for one, user in zip(shown, users, strict=True) if (one.owner, one.name) == (owner, name)]
    if not found:
        return None
    subject = frozenset({found[0][0].subject_id})
    know_users(session, users)
    remember(session, ("collections_showing", subject), shown)
    remember(session, ("locked", subject), None)
    return found[0]


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
        insert(COLLECTIONS).values(
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
    session.execute(delete(RESOURCES).where(_R.collection_id == collection_id))
    session.execute(delete(COLLECTIONS).where(_C.id == collection_id))


def set_properties(session: Session, collection_id: int, properties: Mapping[str, str], *, now: datetime) -> None:
    """Replace what clients have set on a collection, which changes its ctag too."""
    next_revisions(session, collection_id, 1, now=now)
    session.execute(update(COLLECTIONS).where(_C.id == collection_id).values(properties=dict(properties)))


_NEXT = (
    update(COLLECTIONS)
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
        forget_resources(session)

    if dialect_of(session) != "sqlite":
        remembered(session, ("locked", frozenset(subject_ids)), lock)


def due_for_sweep(session: Session, owner: str, today: date) -> list[int]:
    """Which calendars of a home have not been looked through today."""
    query = (
        select(_C.id)
        .select_from(COLLECTIONS.join(USERS, _U.id == _C.owner_id))
        .where(_U.login == owner, _C.kind == CollectionKind.CALENDAR)
        .where(or_(_C.swept_on.is_(None), _C.swept_on < today))
    )
    return list(session.scalars(query))


def mark_swept(session: Session, collection_ids: Some[int], today: date) -> None:
    """Remember that collections were swept."""
    session.execute(update(COLLECTIONS).where(_C.id.in_(collection_ids)).values(swept_on=today))
