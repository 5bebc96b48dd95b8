"""Queries of those who look whether everything is consistent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.store.models import CollectionRow, ResourceRow


def count_resources(session: Session) -> int:
    """How many live resources there are, in all collections."""
    return session.scalar(select(func.count()).select_from(ResourceRow).where(~ResourceRow.deleted)) or 0


def latest_change(session: Session) -> datetime | None:
    """When any collection changed last."""
    return session.scalar(select(func.max(CollectionRow.modified_at)))


def doubled_uids(session: Session, collection_id: int) -> Sequence[str]:
    """UIDs that more than one live resource of a collection has."""
    query = (
        select(ResourceRow.uid)
        .where(ResourceRow.collection_id == collection_id, ~ResourceRow.deleted)
        .group_by(ResourceRow.uid)
        .having(func.count() > 1)
    )
    return session.scalars(query).all()


def latest_revision(session: Session, collection_id: int) -> int:
    """The highest revision of a collection's resources and tombstones; 0 where there are none."""
    query = select(func.max(ResourceRow.revision)).where(ResourceRow.collection_id == collection_id)
    return session.scalar(query) or 0
