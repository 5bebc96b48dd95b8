"""Import of tables (.csv) of activities or persons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core import rules
from bridge.core.activity import Activity, ActivityType, Deal
from bridge.core.merge import changed_fields
from bridge.core.person import Organization, Person
from bridge.errors import Invalid, NotAllowed
from bridge.services import records
from bridge.services.import_objects import made_uid
from bridge.services.importing import Importing, Progress, Result, store_all
from bridge.services.records import Change
from bridge.services.table_rows import Row, TableKind, activity_values, person_values, read_table
from bridge.store import accounts, activities, contacts


def import_table(importing: Importing, text: str, progress: Progress) -> Sequence[Result]:
    """Store the rows of a table. A row with a ``uid`` changes the record that has it."""
    table = read_table(text)
    with importing.database.read() as session:
        types = accounts.activity_types(session)
    if table.kind is TableKind.ACTIVITIES:
        return store_all(importing.database, [ActivityRow(importing, row, types) for row in table.rows], progress)
    return store_all(importing.database, [PersonRow(importing, row) for row in table.rows], progress)


def _uid(row: Row) -> str:
    """The row's UID, or one made from all that it says."""
    said = "\x1f".join(f"{column}={value}" for column, value in sorted(row.values.items()) if value)
    return row.get("uid") or made_uid(said)


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One row of a table of activities."""

    importing: Importing
    row: Row
    types: dict[str, ActivityType]

    @property
    def what(self) -> str:
        """Its line and subject."""
        return f"line {self.row.line}: {self.row.get('subject')}"

    def look(self, session: Session) -> object:
        """The activity."""
        found = self._present(session)
        return found and replace(found, created_at=None, updated_at=None, sequence=0, done_at=None)

    def store(self, session: Session) -> None:
        """Add the activity, or change it as the row says."""
        owner = self.importing.owner
        values = activity_values(self.row, self.types, ZoneInfo(owner.time_zone)) | self._links(session)
        before = self._present(session)
        kind = next((key for key in (owner.default_type, *self.types) if key in self.types), "")
        busy = self.types[str(values.get("type", kind))].busy if self.types else True
        blank = Activity(_uid(self.row), owner.id, type=kind, busy=busy, visibility=owner.default_visibility)
        after: Activity = replace(before or blank, **values, deleted=False)  # type: ignore[arg-type]
        now = self.importing.clock.now()
        if before is not None and before.series and changed_fields(before, after):
            raise Invalid("This activity is a series, which only calendars can edit.")
        if after.done != (before.done if before else False):
            after = replace(after, done_at=now if after.done else None)
        if before is not None and (before.due, before.duration) != (after.due, after.duration):
            after = replace(after, sequence=before.sequence + 1)
        records.write(session, self.importing.actor, self.importing.settings, [Change(before, after)], now=now)

    def _present(self, session: Session) -> Activity | None:
        found = activities.activities_by_uid(session, _uid(self.row))
        return next((a for a in found if a.owner_id == self.importing.owner.id), None)

    def _links(self, session: Session) -> dict[str, object]:
        """The records that the row names; one that is not there or not visible is an error (R12)."""
        values: dict[str, object] = {}
        owner_id = self.importing.owner.id
        if title := self.row.get("deal"):
            deals: Sequence[Deal] = activities.deals_by_title(session, title)
            values["deal_id"] = _only("deal", title, deals, owner_id)
        if name := self.row.get("organization"):
            companies = contacts.organizations_by_name(session, name)
            values["organization_id"] = _only("organization", name, companies, owner_id)
        if name := self.row.get("person"):
            persons = contacts.persons_by_email(session, [name]).get(name.lower(), [])
            same = [p for p in contacts.find_persons(session, owner_id, name, 1000) if p.name == name]
            values["person_id"] = _only("person", name, [*persons, *same], owner_id)
        return values


def _only(kind: str, name: str, found: Sequence[Deal | Person | Organization], owner_id: int) -> int:
    visible = [record for record in found if rules.visible_to(record, owner_id)]
    if not visible:
        raise Invalid(f"{kind}: there is no “{name}”.")
    return min(visible, key=lambda record: (record.owner_id != owner_id, record.id)).id


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of a table of persons."""

    importing: Importing
    row: Row

    @property
    def what(self) -> str:
        """Its line and name."""
        name = self.row.get("name") or f"{self.row.get('given')} {self.row.get('family')}"
        return f"line {self.row.line}: {name}"

    def look(self, session: Session) -> object:
        """The person."""
        found = self._present(session)
        return found and replace(found, created_at=None, updated_at=None)

    def store(self, session: Session) -> None:
        """Add the person, and their organization if it is new; or change the person as the row says."""
        owner, now = self.importing.owner, self.importing.clock.now()
        before = self._present(session)
        if before is None and not owner.may_add_people:
            raise NotAllowed(
                "The user may not add people to the CRM.", remedy="An administrator can give that permission."
            )
        values = person_values(self.row)
        if "organization" in self.row.values:
            values["organization_id"] = self._employer(session)
        blank = Person(_uid(self.row), owner.id, str(values["name"]), visibility=owner.default_visibility)
        after: Person = replace(before or blank, **values, deleted=False)  # type: ignore[arg-type]
        records.write(session, self.importing.actor, self.importing.settings, [Change(before, after)], now=now)

    def _present(self, session: Session) -> Person | None:
        found = contacts.persons_by_uid(session, _uid(self.row))
        return next((p for p in found if p.owner_id == self.importing.owner.id), None)

    def _employer(self, session: Session) -> int | None:
        """The organization of the name in the row, a new one if there is none."""
        owner, name = self.importing.owner, self.row.get("organization")
        if not name:
            return None
        if (known := self._organization(session, name)) is not None:
            return known
        if not owner.may_add_organizations:
            raise NotAllowed(
                "The user may not add organizations to the CRM.", remedy="An administrator can give that permission."
            )
        new = Organization(made_uid(f"organization={name}"), owner.id, name, visibility=owner.default_visibility)
        now = self.importing.clock.now()
        records.write(session, self.importing.actor, self.importing.settings, [Change(None, new)], now=now)
        return self._organization(session, name)

    def _organization(self, session: Session, name: str) -> int | None:
        owner_id = self.importing.owner.id
        visible = [o for o in contacts.organizations_by_name(session, name) if rules.visible_to(o, owner_id)]
        return min(visible, key=lambda found: (found.owner_id != owner_id, found.id)).id if visible else None
