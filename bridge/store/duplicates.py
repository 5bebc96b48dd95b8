"""Queries about persons who may be one, and about what is linked to them (R17)."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from bridge.core.duplicates import Pair
from bridge.core.person import Person
from bridge.store import contacts
from bridge.store.models import ActivityRow, DealRow, DistinctPersonsRow, ParticipantRow

_BATCH = 1_000  # persons that one statement fetches


def persons_of(session: Session, owner_id: int) -> Iterator[Person]:
    """All live persons of a user without their photos, however many."""
    ids = contacts.person_ids(session, owner_id=owner_id)
    for start in range(0, len(ids), _BATCH):
        yield from contacts.persons(session, ids[start : start + _BATCH], photos=False).values()


def linked_activity_ids(session: Session, person_ids: Collection[int]) -> list[int]:
    """The ids of all activities, deleted ones included, that belong to one of these persons or that one takes part in.

    A deleted activity may come back, and should then not point to somebody who is gone.
    """
    taking_part = select(ParticipantRow.activity_id).where(ParticipantRow.person_id.in_(person_ids))
    linked = or_(ActivityRow.person_id.in_(person_ids), ActivityRow.id.in_(taking_part))
    return list(session.scalars(select(ActivityRow.id).where(linked).order_by(ActivityRow.id)))


def linked_deal_ids(session: Session, person_ids: Collection[int]) -> list[int]:
    """The ids of all deals of these persons, deleted ones included."""
    return list(session.scalars(select(DealRow.id).where(DealRow.person_id.in_(person_ids)).order_by(DealRow.id)))


def distinct_pairs(session: Session, person_ids: Collection[int]) -> frozenset[Pair]:
    """The pairs among these persons of whom somebody has said that they are two."""
    rows = session.execute(select(DistinctPersonsRow.person_id, DistinctPersonsRow.other_id))
    wanted = set(person_ids)
    return frozenset((one, other) for one, other in rows if one in wanted and other in wanted)


def add_distinct(session: Session, pairs: Collection[Pair], *, now: datetime) -> None:
    """Remember pairs that are two; those that are known are told again."""
    forget_distinct(session, pairs)
    if pairs:
        rows = [{"person_id": one, "other_id": other, "said_at": now} for one, other in sorted(pairs)]
        session.execute(insert(DistinctPersonsRow), rows)


def forget_distinct(session: Session, pairs: Collection[Pair]) -> None:
    """Forget that these pairs are two."""
    for one, other in pairs:
        pair = and_(DistinctPersonsRow.person_id == one, DistinctPersonsRow.other_id == other)
        session.execute(delete(DistinctPersonsRow).where(pair))
