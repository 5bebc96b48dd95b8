"""The persons or organizations that a user may see (R12), by owner, label and a part of their names or addresses."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, Text, or_, select
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from bridge.store import letters
from bridge.store.models import (
    LabelRow,
    OrganizationLabelRow,
    OrganizationRow,
    PersonEmailRow,
    PersonLabelRow,
    PersonRow,
)
from bridge.store.models.journal import RecordKind
from bridge.store.record_search import Named
from bridge.store.visibility import visible_records

_PERSONS, _COMPANIES = (cast("Table", row.__table__).c for row in (PersonRow, OrganizationRow))


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """What is asked for. Empty values ask for everything."""

    viewer_id: int
    kind: RecordKind
    owner_id: int | None = None
    label: str = ""
    text: str = ""


def contact_names(session: Session, query: ContactQuery) -> list[Named]:
    """The ids and names of all that fit, in no order."""
    person = query.kind is RecordKind.PERSON
    columns: Any = _PERSONS if person else _COMPANIES
    statement = select(columns.id, columns.name).where(visible_records(columns, query.viewer_id))
    if query.owner_id is not None:
        statement = statement.where(columns.owner_id == query.owner_id)
    if query.label:
        borne, column = (
            (PersonLabelRow, PersonLabelRow.person_id)
            if person
            else (OrganizationLabelRow, OrganizationLabelRow.organization_id)
        )
        bearers = select(column).join(LabelRow, LabelRow.id == borne.label_id).where(LabelRow.name == query.label)
        statement = statement.where(columns.id.in_(bearers))
    if query.text:
        statement = statement.where(_with_text(columns, query.text, person=person))
    return [Named(row.id, row.name) for row in session.execute(statement)]


def _with_text(columns: Any, text: str, *, person: bool) -> Any:
    phones = as_type(columns.phones, Text)
    found = [letters.contains(columns.name, text), letters.contains(phones, text)]
    if person:
        by_email = select(PersonEmailRow.person_id).where(letters.contains(PersonEmailRow.email, text))
        found.append(columns.id.in_(by_email))
    return or_(*found)


def label_names(session: Session) -> list[str]:
    """The names of all labels."""
    return list(session.scalars(select(LabelRow.name).order_by(LabelRow.name)))
