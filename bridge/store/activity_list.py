"""Pages of activities in the order of their due moment, with the occurrences of series among them.

The order is that of the index: without a date first, then by date; of one date those of a whole day first, then by
time (UTC), then by id. A page begins behind a ``Key`` or ends before one, so that it costs the same however far down
it lies.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select
from sqlalchemy.orm import Session

from bridge.core.activity import Activity
from bridge.store.activity_search import has_text
from bridge.store.models import ActivityRow
from bridge.store.models.resources import CollectionKind
from bridge.store.rows import record_of
from bridge.store.tables import COLLECTIONS, OCCURRENCES, RESOURCES
from bridge.store.visibility import unmasked, visible_activities

_A = cast("Table", ActivityRow.__table__).c
_C, _R, _O = COLLECTIONS.c, RESOURCES.c, OCCURRENCES.c
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC).date()


@dataclass(frozen=True, slots=True)
class Key:
    """Where an activity or occurrence stands in the order. ``at`` is UTC."""

    day: date | None
    at: time | None
    id: int

    def order(self) -> tuple[bool, date, bool, time, int]:
        """The same as something to sort by."""
        return self.day is not None, self.day or _FIRST_DAY, self.at is not None, self.at or time(), self.id


@dataclass(frozen=True, slots=True)
class Window:
    """Days and moments: whole days from ``first`` to ``last``, and times from ``start`` to before ``end`` (UTC)."""

    first: date
    last: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. ``overdue`` is the end of what is overdue: whole days before, and moments before.

    ``horizon`` bounds the occurrences of series, which may go on for ever. ``backwards``: the last ones first.
    """

    viewer_id: int
    horizon: tuple[datetime, datetime]
    owner_id: int | None = None
    type_key: str = ""
    done: bool | None = None
    overdue: tuple[date, datetime] | None = None
    text: str = ""
    window: Window | None = None
    undated: bool = False
    behind: Key | None = None
    backwards: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """An activity, without its participants, or one occurrence (POSIX seconds, from and to) of a series."""

    activity: Activity
    key: Key
    occurrence: tuple[int, int] | None = None


def visible_ids(session: Session, viewer_id: int, ids: Collection[int]) -> list[int]:
    """Those of these activities that a user may see."""
    return list(session.scalars(select(_A.id).where(_A.id.in_(ids), visible_activities(viewer_id))))


def list_activities(session: Session, query: Query) -> list[Found]:
    """At most ``limit`` entries, in the order asked for."""
    found = [*_single(session, query), *_occurrences(session, query)]
    found.sort(key=lambda each: each.key.order(), reverse=query.backwards)
    return found[: query.limit]


def _single(session: Session, query: Query) -> list[Found]:
    statement = select(*_A).where(*_asked(session, query), _A.series.is_(False))
    for condition in (_in_window(query), _overdue(query), _behind(query)):
        if condition is not None:
            statement = statement.where(condition)
    if query.undated:
        statement = statement.where(_A.due_date.is_(None))
    rows = session.execute(_ordered(statement, query).limit(query.limit))
    records = (record_of(Activity, row, participants=()) for row in rows)
    return [Found(each, Key(each.due_date, each.due_time, each.id)) for each in records]


def _ordered(statement: Select[Any], query: Query) -> Select[Any]:
    if query.backwards:
        return statement.order_by(_A.due_date.desc().nulls_last(), _A.due_time.desc().nulls_last(), _A.id.desc())
    return statement.order_by(_A.due_date.nulls_first(), _A.due_time.nulls_first(), _A.id)


def _asked(session: Session, query: Query) -> list[ColumnElement[bool]]:
    """What holds for activities and series alike. Who may not see the content cannot find it by its content."""
    asked = [visible_activities(query.viewer_id)]
    if query.owner_id is not None:
        asked.append(_A.owner_id == query.owner_id)
    if query.done is not None:
        asked.append(_A.done.is_(query.done))
    if query.type_key:
        asked.append(_A.type == query.type_key)
    if query.text:
        asked.append(has_text(session, query.text, query.owner_id))
    if query.type_key or query.text or query.done or query.overdue:
        asked.append(unmasked(query.viewer_id))
    return asked


def _in_window(query: Query) -> ColumnElement[bool] | None:
    if query.window is None:
        return None
    window = query.window
    days = and_(_A.due_time.is_(None), _A.due_date.between(window.first, window.last))
    moments = and_(_A.due_time.is_not(None), _from(window.start), ~_from(window.end))
    broad = _A.due_date.between(min(window.first, window.start.date()), max(window.last, window.end.date()))
    return and_(broad, or_(days, moments))


def _from(moment: datetime) -> ColumnElement[bool]:
    day, at = moment.date(), moment.time()
    return or_(_A.due_date > day, and_(_A.due_date == day, _A.due_time >= at))


def _overdue(query: Query) -> ColumnElement[bool] | None:
    if query.overdue is None:
        return None
    day, now = query.overdue
    whole = and_(_A.due_time.is_(None), _A.due_date < day)
    return and_(_A.due_date <= max(day, now.date()), or_(whole, and_(_A.due_time.is_not(None), ~_from(now))))


def _behind(query: Query) -> ColumnElement[bool] | None:
    if query.behind is None:
        return None
    key, day = query.behind, _A.due_date
    if query.backwards:
        if key.day is None:
            return and_(day.is_(None), _A.id < key.id)
        return or_(day.is_(None), day < key.day, and_(day == key.day, _earlier(key)))
    if key.day is None:
        return or_(day.is_not(None), _A.id > key.id)
    return and_(day >= key.day, or_(day > key.day, _later(key)))


def _later(key: Key) -> ColumnElement[bool]:
    if key.at is None:
        return or_(_A.due_time.is_not(None), _A.id > key.id)
    return or_(_A.due_time > key.at, and_(_A.due_time == key.at, _A.id > key.id))


def _earlier(key: Key) -> ColumnElement[bool]:
    if key.at is None:
        return and_(_A.due_time.is_(None), _A.id < key.id)
    return or_(_A.due_time.is_(None), _A.due_time < key.at, and_(_A.due_time == key.at, _A.id < key.id))


def _occurrences(session: Session, query: Query) -> list[Found]:
    """The occurrences of series that match, within the horizon (R11). None is ever undated or overdue."""
    start, end = query.horizon
    if query.window is not None:
        start, end = max(start, query.window.start), min(end, query.window.end)
    if query.undated or query.overdue or start >= end:
        return []
    within = OCCURRENCES.join(RESOURCES, _R.id == _O.resource_id).join(_A.id.table, _A.id == _R.activity_id)
    statement = (
        select(*_A, _O.starts.label("begins"), _O.ends.label("finishes"))
        .select_from(within)
        .where(_O.collection_id.in_(_own_calendars(session, query)), ~_R.deleted, _A.series, *_asked(session, query))
        .where(_O.starts >= int(start.timestamp()), _O.starts < int(end.timestamp()))
        .limit(query.limit)
    )
    if query.behind is not None:
        statement = statement.where(_occurs_behind(query.behind, backwards=query.backwards))
    order = (_O.starts.desc(), _A.id.desc()) if query.backwards else (_O.starts, _A.id)
    return [_occurrence(row) for row in session.execute(statement.order_by(*order))]


def _own_calendars(session: Session, query: Query) -> list[int]:
    """The calendars in which users have their own activities: each occurrence stands in one of them."""
    statement = select(_C.id).where(_C.owner_id == _C.subject_id, _C.kind == CollectionKind.CALENDAR)
    return list(
        session.scalars(statement if query.owner_id is None else statement.where(_C.owner_id == query.owner_id))
    )


def _occurs_behind(key: Key, *, backwards: bool) -> ColumnElement[bool]:
    day = key.day or _FIRST_DAY
    seconds = int(datetime.combine(day, key.at or time(), tzinfo=UTC).timestamp())
    if key.at is None:
        return _O.starts < seconds if backwards else _O.starts >= (seconds if key.day else -(10**12))
    if backwards:
        return or_(_O.starts < seconds, and_(_O.starts == seconds, _A.id < key.id))
    return or_(_O.starts > seconds, and_(_O.starts == seconds, _A.id > key.id))


def _occurrence(row: Any) -> Found:
    moment = datetime.fromtimestamp(row.begins, UTC)
    key = Key(moment.date(), moment.time(), row.id)
    return Found(record_of(Activity, row, participants=()), key, (row.begins, row.finishes))
