"""Who may see which record (R10, R12), as conditions of a query. ``bridge.core.rules`` says the same of one record."""

from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, exists, or_

from bridge.core.activity import Visibility
from bridge.core.event import Privacy
from bridge.store.models import ActivityRow, DealRow, OrganizationRow, ParticipantRow, PersonRow

_A, _P, _D, _O, _G = (
    cast("Table", row.__table__).c for row in (ActivityRow, PersonRow, DealRow, OrganizationRow, ParticipantRow)
)


def visible_records(columns: Any, viewer_id: int) -> ColumnElement[bool]:
    """The live deals, persons or organizations that a user may see. ``columns`` are those of the table."""
    seen = or_(columns.owner_id == viewer_id, columns.visibility == Visibility.EVERYONE)
    return and_(columns.deleted.is_(False), seen)


def visible_activities(viewer_id: int) -> ColumnElement[bool]:
    """The live activities that a user may see, of others perhaps only that they are busy (``unmasked``)."""
    guest = _hidden(_P, _P.id == _G.person_id, viewer_id).where(_G.activity_id == _A.id)
    of_others = and_(
        _A.visibility == Visibility.EVERYONE,
        *(
            ~_hidden(table, table.id == column, viewer_id)
            for table, column in ((_D, _A.deal_id), (_P, _A.person_id), (_O, _A.organization_id))
        ),
        ~guest,
    )
    return and_(_A.deleted.is_(False), or_(_A.owner_id == viewer_id, of_others))


def unmasked(viewer_id: int) -> ColumnElement[bool]:
    """The visible activities whose content a user may see: one's own, and those that are not private."""
    return or_(_A.owner_id == viewer_id, _A.privacy == Privacy.PUBLIC)


def _hidden(table: Any, linked: ColumnElement[bool], viewer_id: int) -> Any:
    kept_back = and_(table.owner_id != viewer_id, table.visibility == Visibility.OWNER, table.deleted.is_(False))
    return exists().where(linked, kept_back).correlate(_A.id.table)
