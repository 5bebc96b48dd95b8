"""Find activities by a part of their subjects, whatever its case."""

from typing import cast

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, column, func, select, sql
from sqlalchemy.orm import Session

from bridge.store import letters
from bridge.store.models import ActivityRow
from bridge.store.resources import SHORTEST_INDEXED
from bridge.store.tables import dialect_of

RARE = 1000
"""So many are looked up one by one. Of more, the first of a page are sooner found in the order of the list."""

_ACTIVITIES = cast("Table", ActivityRow.__table__)
_FOUND = sql.text("SELECT rowid FROM activity_search WHERE activity_search MATCH :phrase").columns(column("rowid"))
_COUNT = sql.text(
    "SELECT count(*) FROM (SELECT 1 FROM activity_search WHERE activity_search MATCH :phrase LIMIT :most)"
)
# Letters that the trigram index of SQLite takes for others than ``letters`` does.
_ODD = frozenset("\u0307σς")


def has_text(session: Session, text: str, owner_id: int | None) -> ColumnElement[bool]:
    """The condition that an activity has the text in its subject. ``owner_id`` says whose are asked for, if not all."""
    contained = letters.contains(_ACTIVITIES.c.subject, text)
    if dialect_of(session) != "sqlite":
        return cast("ColumnElement[bool]", contained)
    if len(text) < SHORTEST_INDEXED or not _ODD.isdisjoint(text.lower()):
        return _ACTIVITIES.c.id.in_(_scan(text, owner_id))
    phrase = '"' + text.replace('"', '""') + '"'
    if (session.scalar(_COUNT, {"phrase": phrase, "most": RARE + 1}) or 0) > RARE:
        return cast("ColumnElement[bool]", contained)
    found = _FOUND.bindparams(bindparam("phrase", phrase, unique=True)).subquery()
    # Else SQLite takes the order of time for the better guide, and walks through everything that the owner has.
    return and_(func.unlikely(_ACTIVITIES.c.id.in_(select(found.c.rowid))), contained)


def _scan(text: str, owner_id: int | None) -> Select[tuple[int]]:
    """What has the text, looked for in the order of the rows: in that of time, each would have to be fetched."""
    other = _ACTIVITIES.alias("searched").c
    found = select(other.id).where(letters.contains(other.subject, text), other.deleted.is_(False))
    return found if owner_id is None else found.where(other.owner_id == owner_id)
