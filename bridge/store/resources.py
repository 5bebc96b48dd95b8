"""Queries about resources: what DAV requests are answered from.

Nothing here parses or renders. Lists read columns, never rows as objects; one statement answers one question.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    sql,
)

from bridge.store.models.resources import LONGEST, CollectionKind
from bridge.store.tables import COLLECTIONS, OCCURRENCES, RESOURCES, USERS, Executor, dialect_of
from bridge.store.views import Collection, Resource

_C, _R, _O, _U = COLLECTIONS.c, RESOURCES.c, OCCURRENCES.c, USERS.c
_BATCH = 500
SHORTEST_INDEXED = 3  # characters: what a trigram index can look up
LISTED = (
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
WITH_TEXT = (*LISTED, _R.text)


def resource_of(row: Any, *, settled: bool = False) -> Resource:
    """Build a resource from a row of ``LISTED`` or ``WITH_TEXT`` columns."""
    return Resource(
        row.href,
        row.uid,
        row.component,
        row.etag,
        getattr(row, "text", ""),
        row.revision,
        row.modified_at,
        row.first_start,
        row.last_end,
        row.recurring,
        row.deleted,
        settled,
    )


def _live(
    collection_id: int | BindParameter[int], *conditions: ColumnElement[bool], text: bool, by_id: bool = False
) -> Any:
    """Live resources. ``by_id``: their ids come from another index; SQLite would look at the whole collection else."""
    columns = WITH_TEXT if text else LISTED
    within = _R.collection_id + 0 if by_id else _R.collection_id  # a sum is in no index
    return select(*columns).where(within == collection_id, ~_R.deleted, *conditions)


_ONE = _live(bindparam("collection"), _R.href == bindparam("href"), text=True)
# An index holds all of it: it is read several times as quickly as the rows.
_TAGS = select(_R.href, _R.etag).where(_R.collection_id == bindparam("collection"), ~_R.deleted)
_TEXTS = select(_R.href, _R.etag, _R.text).where(
    _R.collection_id == bindparam("collection"), ~_R.deleted, _R.href.in_(bindparam("hrefs", expanding=True))
)
_MANY = _live(bindparam("collection"), _R.href.in_(bindparam("hrefs", expanding=True)), text=True)


def resource(session: Executor, collection_id: int, href: str) -> Resource | None:
    """One live resource."""
    found = session.execute(_ONE, {"collection": collection_id, "href": href}).first()
    return resource_of(found) if found else None


def resources_by_href(session: Executor, collection_id: int, hrefs: Sequence[str]) -> Iterator[Resource]:
    """The live resources among these, one statement for each batch."""
    for start in range(0, len(hrefs), _BATCH):
        batch = hrefs[start : start + _BATCH]
        for row in session.execute(_MANY, {"collection": collection_id, "hrefs": list(batch)}):
            yield resource_of(row)


def listing(session: Executor, collection_id: int, *, text: bool) -> Iterator[Resource]:
    """All live resources, fetched in portions so that memory stays bounded (D15)."""
    query = _live(collection_id, text=text).execution_options(yield_per=_BATCH)
    for row in session.execute(query):
        yield resource_of(row)


def tags(session: Executor, collection_id: int) -> list[tuple[str, str]]:
    """Name and entity tag of every live resource: what clients list all day, without anything else."""
    return cast("list[tuple[str, str]]", session.execute(_TAGS, {"collection": collection_id}).all())


def texts(session: Executor, collection_id: int, hrefs: Sequence[str]) -> list[tuple[str, str, str]]:
    """Name, entity tag and text of the live resources among these: what clients fetch, without anything else."""
    found: list[Any] = []
    for start in range(0, len(hrefs), _BATCH):
        values = {"collection": collection_id, "hrefs": list(hrefs[start : start + _BATCH])}
        found += session.execute(_TEXTS, values).all()
    return found


def in_range(
    session: Executor, collection_id: int, start: int | None, end: int | None, *, text: bool
) -> Iterator[Resource]:
    """Live resources that may touch [``start``, ``end``) in POSIX seconds, by index.

    Recurring ones whose occurrences in this range are known come only if there is one, and ``settled``.
    """
    for condition, settled in _ranges(collection_id, start, end):
        query = _live(collection_id, *condition, text=text, by_id=settled).execution_options(yield_per=_BATCH)
        for row in session.execute(query):
            yield resource_of(row, settled=settled)


def _ranges(collection_id: int, start: int | None, end: int | None) -> list[tuple[list[ColumnElement[bool]], bool]]:
    """The conditions of a time range, each with an index of its own, and whether they settle the matter, by ids."""
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


_INDEXED = sql.text("SELECT rowid FROM resource_search WHERE resource_search MATCH :phrase").columns(column("rowid"))
_SEARCHED = _live(bindparam("collection"), _R.id.in_(_INDEXED), text=True, by_id=True)


def containing(session: Executor, collection: Collection, text: str) -> Iterator[Resource]:
    """Live resources whose unfolded text contains a string, whatever the case of its ASCII letters."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    values: dict[str, object] = {}
    if collection.kind is CollectionKind.CALENDAR:
        unfolded = func.replace(func.replace(_R.text, "\r\n ", ""), "\r\n\t", "")
        query = _live(collection.id, unfolded.ilike(pattern, escape="\\"), text=True)
    elif dialect_of(session) == "sqlite" and len(text) >= SHORTEST_INDEXED:
        query, values = _SEARCHED, {"collection": collection.id, "phrase": '"' + text.replace('"', '""') + '"'}
    else:
        query = _live(collection.id, _R.search.like(pattern, escape="\\"), text=True)
    for row in session.execute(query.execution_options(yield_per=_BATCH), values):
        yield resource_of(row)


_CHANGED = (
    select(*LISTED)
    .where(_R.collection_id == bindparam("collection"), _R.revision > bindparam("revision"))
    .order_by(_R.revision, _R.id)
)
_CHANGED_LIVE = _CHANGED.where(~_R.deleted)


def changed_since(
    session: Executor, collection_id: int, revision: int, limit: int | None, *, tombstones: bool
) -> list[Resource]:
    """Resources after a revision, with or without tombstones, in the order of their changes."""
    query = _CHANGED if tombstones else _CHANGED_LIVE
    values = {"collection": collection_id, "revision": revision}
    found = session.execute(query.limit(limit) if limit is not None else query, values)
    return [resource_of(row) for row in found]
