"""Queries about activities, deals, and what activities are linked to."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Deal
from bridge.core.projection.options import LinkedRecords
from bridge.store import contacts, letters
from bridge.store.models import ActivityRow, DealRow, ParticipantRow
from bridge.store.rows import columns_of, record_of

# Statements of every write are built once: building one costs more than running it.
_ACTIVITIES = cast("Table", ActivityRow.__table__)
_A = _ACTIVITIES.c
_OWNERS = select(_A.owner_id).where(_A.id.in_(bindparam("ids", expanding=True))).distinct()
_ADD = insert(_ACTIVITIES).returning(_A.id)
_CHANGE = update(_ACTIVITIES).where(_A.id == bindparam("row"))
_P = cast("Table", ParticipantRow.__table__).c
_WITH_PARTICIPANTS = (
    select(*_A, _P.person_id.label("participant"))
    .outerjoin(_P.person_id.table, _P.activity_id == _A.id)
    .where(_A.id.in_(bindparam("ids", expanding=True)))
    .order_by(_A.id, _P.position)
)
_PARTICIPANTS = (
    select(_P.activity_id, _P.person_id)
    .where(_P.activity_id.in_(bindparam("ids", expanding=True)))
    .order_by(_P.activity_id, _P.position)
)
_FORGET_PARTICIPANTS = delete(cast("Table", ParticipantRow.__table__)).where(_P.activity_id == bindparam("activity"))


def activities(session: Session, ids: Collection[int]) -> dict[int, Activity]:
    """Some activities by id, deleted ones included."""
    if not ids:
        return {}
    found: dict[int, Activity] = {}
    for activity_id, rows in groupby(session.execute(_WITH_PARTICIPANTS, {"ids": list(ids)}), attrgetter("id")):
        row, *more = rows
        people = tuple(one.participant for one in (row, *more) if one.participant is not None)
        found[activity_id] = record_of(Activity, row, participants=people)
    return found


def activity_ids(
    session: Session,
    *,
    owner_ids: Collection[int] | None = None,
) -> list[int]:
    """The ids of the live activities, of all users or of these."""
    query = select(_A.id).where(_A.deleted.is_(False)).order_by(_A.id)
    if owner_ids is not None:
        query = query.where(_A.owner_id.in_(owner_ids))
    return list(session.scalars(query))


def owners(session: Session, ids: Collection[int]) -> set[int]:
    """Who owns these activities."""
    return set(session.scalars(_OWNERS, {"ids": list(ids)}))


def find_activities(session: Session, owner_id: int, text: str, limit: int = 20) -> list[Activity]:
    """A user's activities whose subject contains a text, the newest first, deleted ones included."""
    query = (
        select(*_A)
        .where(_A.owner_id == owner_id, letters.contains(_A.subject, text))
        .order_by(_A.id.desc())
        .limit(limit)
    )
    return list(_load(session, query).values())


def activities_by_uid(session: Session, uid: str) -> list[Activity]:
    """All activities with a UID, deleted ones included."""
    return list(_load(session, select(*_A).where(_A.uid == uid)).values())


def uids_of_activities(session: Session, uids: Collection[str], owner_id: int) -> set[str]:
    """Those of these UIDs that an activity of this user has, or had that was deleted.

    The owner is judged here: asked for both, SQLite would look at everything that the owner has.
    """
    found = session.execute(select(_A.uid, _A.owner_id).where(_A.uid.in_(uids)))
    return {uid for uid, owner in found if owner == owner_id}


def _load(session: Session, query: Select[Any]) -> dict[int, Activity]:
    rows = session.execute(query).all()
    people = _participants(session, [row.id for row in rows])
    return {row.id: record_of(Activity, row, participants=people.get(row.id, ())) for row in rows}


def _participants(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    if not ids:
        return {}
    found: dict[int, list[int]] = defaultdict(list)
    for activity_id, person_id in session.execute(_PARTICIPANTS, {"ids": list(ids)}):
        found[activity_id].append(person_id)
    return {key: tuple(value) for key, value in found.items()}


def save_activity(session: Session, activity: Activity, before: Activity | None = None) -> Activity:
    """Add an activity, or change one. ``before`` is what is stored, if that is known: it saves statements."""
    values = columns_of(activity, "id", "participants")
    if activity.id:
        session.execute(_CHANGE, {"row": activity.id, **values})
        if before is not None and before.participants == activity.participants:
            return activity
        session.execute(_FORGET_PARTICIPANTS, {"activity": activity.id})
    else:
        activity = replace(activity, id=session.execute(_ADD, values).scalar_one())
    if activity.participants:
        session.execute(insert(ParticipantRow), _participant_rows(activity.id, activity.participants))
    return activity


def add_activities(session: Session, new: Sequence[Activity]) -> list[int]:
    """Add many new activities at once; their ids in the same order."""
    statement = insert(_ACTIVITIES).returning(_A.id, sort_by_parameter_order=True)
    ids = list(session.scalars(statement, [columns_of(a, "id", "participants") for a in new]))
    people = [row for i, a in zip(ids, new, strict=True) for row in _participant_rows(i, a.participants)]
    if people:
        session.execute(insert(ParticipantRow), people)
    return ids


def _participant_rows(activity_id: int, persons: Sequence[int]) -> list[Mapping[str, int]]:
    return [{"activity_id": activity_id, "person_id": p, "position": i} for i, p in enumerate(persons)]


def deals(session: Session, ids: Collection[int]) -> dict[int, Deal]:
    """Some deals by id, deleted ones included."""
    if not ids:
        return {}
    rows = session.scalars(select(DealRow).where(DealRow.id.in_(ids)))
    return {row.id: record_of(Deal, row) for row in rows}


def deal_ids(session: Session, owner_id: int) -> list[int]:
    """The ids of a user's live deals."""
    query = select(DealRow.id).where(DealRow.owner_id == owner_id, DealRow.deleted.is_(False)).order_by(DealRow.id)
    return list(session.scalars(query))


def deals_by_title(session: Session, title: str) -> list[Deal]:
    """All deals with exactly this title, deleted ones included, the oldest first."""
    rows = session.scalars(select(DealRow).where(DealRow.title == title).order_by(DealRow.id))
    return [record_of(Deal, row) for row in rows]


def save_deal(session: Session, deal: Deal, *, now: datetime) -> Deal:
    """Add a deal, or change one."""
    row = session.get(DealRow, deal.id) if deal.id else DealRow(created_at=now)
    assert row is not None  # noqa: S101 - ids come from the database
    for name, value in columns_of(deal, "id").items():
        setattr(row, name, value)
    row.updated_at = now
    session.add(row)
    session.flush()
    return record_of(Deal, row)


def linked_records(session: Session, records: Collection[Activity]) -> dict[int, LinkedRecords]:
    """What each activity is linked to, with a handful of statements for any number of activities."""
    found_deals = deals(session, {a.deal_id for a in records if a.deal_id is not None})
    person_ids = {p for a in records for p in (*a.participants, a.person_id) if p is not None}
    persons = contacts.persons(session, person_ids, photos=False)
    organization_ids = {a.organization_id for a in records if a.organization_id is not None}
    organizations = contacts.organizations(session, organization_ids)
    return {
        a.id: LinkedRecords(
            deal=found_deals.get(a.deal_id or 0),
            person=persons.get(a.person_id or 0),
            organization=organizations.get(a.organization_id or 0),
            participants=tuple(persons[p] for p in a.participants if p in persons),
        )
        for a in records
    }
