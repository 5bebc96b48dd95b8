"""Persons, organizations and labels as the CRM changes them."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core.person import Label, Organization, Person
from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services import records
from bridge.services.actor import Actor
from bridge.services.records import Change
from bridge.services.settings import Settings
from bridge.services.snapshots import Record
from bridge.store import collections, contacts
from bridge.store.database import Database


class Contacts:
    """Use cases of persons, organizations and labels."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def person(self, person_id: int) -> Person:
        """One person, deleted or not. Raises ``NotFound``."""
        with self._database.read() as session:
            return _person(session, person_id)

    def organization(self, organization_id: int) -> Organization:
        """One organization, deleted or not. Raises ``NotFound``."""
        with self._database.read() as session:
            return _organization(session, organization_id)

    def owned_by(self, user_id: int) -> tuple[list[Person], list[Organization]]:
        """All live persons and organizations of a user."""
        with self._database.read() as session:
            people = contacts.persons(session, contacts.person_ids(session, owner_id=user_id))
            companies = contacts.organizations(session, contacts.organization_ids(session, owner_id=user_id))
            return list(people.values()), list(companies.values())

    def create_person(self, actor: Actor, person: Person) -> Person:
        """Add a person. A missing UID is made here."""
        _check_name(person.name)
        with self._database.write() as session:
            saved = self._write(session, actor, None, replace(person, uid=person.uid or str(uuid4()), id=0))
        assert isinstance(saved, Person)  # noqa: S101 - what was written comes back
        return saved

    def change_person(self, actor: Actor, person_id: int, edit: Callable[[Person], Person]) -> Person:
        """Change a person; every card and activity that shows them is drawn again."""
        with self._database.write() as session:
            before = _locked_person(session, person_id)
            after = replace(edit(before), id=before.id, uid=before.uid)
            _check_name(after.name)
            saved = self._write(session, actor, before, after)
        assert isinstance(saved, Person)  # noqa: S101 - what was written comes back
        return saved

    def create_organization(self, actor: Actor, organization: Organization) -> Organization:
        """Add an organization. A missing UID is made here."""
        _check_name(organization.name)
        new = replace(organization, uid=organization.uid or str(uuid4()), id=0)
        with self._database.write() as session:
            saved = self._write(session, actor, None, new)
        assert isinstance(saved, Organization)  # noqa: S101 - what was written comes back
        return saved

    def change_organization(
        self, actor: Actor, organization_id: int, edit: Callable[[Organization], Organization]
    ) -> Organization:
        """Change an organization; every card and activity that shows it is drawn again."""
        with self._database.write() as session:
            before = _locked_organization(session, organization_id)
            after = replace(edit(before), id=before.id, uid=before.uid)
            _check_name(after.name)
            saved = self._write(session, actor, before, after)
        assert isinstance(saved, Organization)  # noqa: S101 - what was written comes back
        return saved

    def delete_person(self, actor: Actor, person_id: int) -> None:
        """Delete a person, softly (R21)."""
        self.change_person(actor, person_id, lambda person: replace(person, deleted=True))

    def delete_organization(self, actor: Actor, organization_id: int) -> None:
        """Delete an organization, softly (R21)."""
        self.change_organization(actor, organization_id, lambda found: replace(found, deleted=True))

    def rename_label(self, actor: Actor, name: str, new_name: str) -> Label:
        """Rename a label on all who bear it."""
        _check_name(new_name)
        with self._database.write() as session:
            before = contacts.labels_by_name(session, [name]).get(name)
            if before is None:
                raise NotFound(f"There is no label “{name}”.")
            if contacts.labels_by_name(session, [new_name]):
                raise Invalid(f"There is already a label “{new_name}”.")
            saved = self._write(session, actor, before, replace(before, name=new_name))
        assert isinstance(saved, Label)  # noqa: S101 - what was written comes back
        return saved

    def _write(self, session: Session, actor: Actor, before: Record | None, after: Record) -> Record:
        (written,) = records.write(session, actor, self._settings, [Change(before, after)], now=self._clock.now())
        return written.record


def _person(session: Session, person_id: int) -> Person:
    found = contacts.persons(session, [person_id]).get(person_id)
    if found is None:
        raise NotFound(f"There is no person {person_id}.")
    return found


def _organization(session: Session, organization_id: int) -> Organization:
    found = contacts.organizations(session, [organization_id]).get(organization_id)
    if found is None:
        raise NotFound(f"There is no organization {organization_id}.")
    return found


def _locked_person(session: Session, person_id: int) -> Person:
    """The person as they stay until the transaction ends."""
    collections.lock_collections(session, [_person(session, person_id).owner_id])
    return _person(session, person_id)


def _locked_organization(session: Session, organization_id: int) -> Organization:
    """The organization as it stays until the transaction ends."""
    collections.lock_collections(session, [_organization(session, organization_id).owner_id])
    return _organization(session, organization_id)


def _check_name(name: str) -> None:
    if not name.strip():
        raise Invalid("A name is needed.")
