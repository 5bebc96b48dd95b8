"""Queries about what changed since a moment or a revision, for those who follow one user's records.

``updated_at`` is taken before a transaction and seen after it: whoever asks by time must look back further than a
transaction lasts. Revisions are taken under a lock and need no such margin.
"""

from collections import defaultdict
from collections.abc import Collection as Some
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from bridge.store.models import ActivityRow, DealRow, JournalRow, OrganizationRow, ParticipantRow, PersonRow
from bridge.store.models.journal import RecordKind
from bridge.store.tables import COLLECTIONS, RESOURCES
from bridge.store.views import Collection

_C, _R = COLLECTIONS.c, RESOURCES.c
_ACTIVITIES, _PARTICIPANTS, _PERSONS = (
    cast("Table", row.__table__) for row in (ActivityRow, ParticipantRow, PersonRow)
)
_A, _P = _ACTIVITIES.c, _PERSONS.c
_J = cast("Table", JournalRow.__table__).c

# What every look at a calendar asks is built once: that takes longer than to run it.
_SAVED = select(_A.id).where(_A.owner_id == bindparam("owner"), _A.updated_at >= bindparam("since"))
_HANDED_ON = (
    select(_A.id)
    .join(_J.record_id.table, _J.record_id == _A.id)
    .where(_J.at >= bindparam("since"), _J.kind == RecordKind.ACTIVITY, _A.owner_id != bindparam("owner"))
    .where(_J.before["record"]["owner_id"].as_integer() == bindparam("owner"))
)
_DRAWN = select(_R.activity_id).where(_R.collection_id == bindparam("collection"), _R.revision > bindparam("revision"))
_MARKS = (
    select(_R.activity_id, _R.collection_id, _R.etag, _R.revision, _R.deleted)
    .join(COLLECTIONS, _C.id == _R.collection_id)
    .where(_R.activity_id.in_(bindparam("activities", expanding=True)), _C.owner_id == _C.subject_id)
    .order_by(_R.id)
)
_LINKED = ((_A.deal_id, DealRow), (_A.person_id, PersonRow), (_A.organization_id, OrganizationRow))


def activities_since(session: Session, owner_id: int, since: datetime) -> set[int]:
    """A user's activities that were saved at or after a moment, deleted ones included."""
    return set(session.scalars(_SAVED, {"owner": owner_id, "since": since}))


def activities_handed_on(session: Session, owner_id: int, since: datetime) -> set[int]:
    """The activities that were a user's at some time since a moment and are somebody else's now, by the journal."""
    return set(session.scalars(_HANDED_ON, {"owner": owner_id, "since": since}))


def activities_linked_since(session: Session, owner_id: int, since: datetime) -> set[int]:
    """A user's live activities with a deal, person or organization that was saved at or after a moment."""
    own = select(_A.id).where(_A.owner_id == owner_id, _A.deleted.is_(False))
    found: set[int] = set()
    for column, row in _LINKED:
        linked = cast("Table", row.__table__)
        found |= set(session.scalars(own.join(linked, linked.c.id == column).where(linked.c.updated_at >= since)))
    guests = own.join(_PARTICIPANTS, _PARTICIPANTS.c.activity_id == _A.id).join(
        _PERSONS, _P.id == _PARTICIPANTS.c.person_id
    )
    return found | set(session.scalars(guests.where(_P.updated_at >= since)))


def activities_drawn_since(session: Session, collection: Collection, revision: int) -> set[int]:
    """The activities whose resources or tombstones in a calendar are newer than a revision."""
    drawn = session.scalars(_DRAWN, {"collection": collection.id, "revision": revision})
    return {found for found in drawn if found is not None}


def drawn_as(session: Session, activity_ids: Some[int]) -> dict[int, str]:
    """A mark for each activity that differs whenever the texts do that clients wrote and read of it.

    What colleagues see does not count: it follows from the rest.
    """
    marks: dict[int, list[str]] = defaultdict(list)
    for row in session.execute(_MARKS, {"activities": list(activity_ids)}):
        marks[row.activity_id].append(f"{row.collection_id}:{row.revision if row.deleted else row.etag}")
    return {key: " ".join(found) for key, found in marks.items()}


@dataclass(frozen=True, slots=True)
class DrawnPerson:
    """A person's card in an address book, or its tombstone."""

    person_id: int
    etag: str
    deleted: bool


def persons_drawn_since(session: Session, book: Collection, revision: int) -> list[DrawnPerson]:
    """The persons whose cards or tombstones are newer than a revision, in the order of their ids."""
    query = (
        select(_R.person_id, _R.etag, _R.deleted)
        .where(_R.collection_id == book.id, _R.revision > revision, _R.person_id.is_not(None))
        .order_by(_R.person_id, _R.id)
    )
    return [DrawnPerson(row.person_id, row.etag, row.deleted) for row in session.execute(query)]
