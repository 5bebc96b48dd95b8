"""The same account as the CRM sees it, in the test's own process."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time

from bridge.core.activity import Activity
from bridge.core.person import Organization, Person
from tests.harness import CRM
from tests.system.server import Account, ServerProcess


class Crm:
    """What one user owns."""

    def __init__(self, server: ServerProcess, account: Account) -> None:
        self.services = server.services
        self.user_id = self.services.principals.find(account.login).id

    def activities(self) -> list[Activity]:
        return self.services.activities.owned_by(self.user_id)

    def subjects(self) -> list[str]:
        return sorted(activity.subject for activity in self.activities())

    def people(self) -> list[Person]:
        return self.services.contacts.owned_by(self.user_id)[0]

    def companies(self) -> list[Organization]:
        return self.services.contacts.owned_by(self.user_id)[1]

    def add(self, subject: str, **fields: object) -> Activity:
        """A call at half past ten in Riga, unless ``fields`` say otherwise."""
        drawn = Activity("", self.user_id, subject, "call", date(2026, 12, 1), time(8, 30))
        return self.services.activities.create(CRM, replace(drawn, **fields))  # type: ignore[arg-type]

    def add_person(self, name: str) -> Person:
        return self.services.contacts.create_person(CRM, Person("", self.user_id, name))

    def change(self, activity: Activity, edit: Callable[[Activity], Activity]) -> Activity:
        return self.services.activities.change(CRM, activity.id, edit)

    def rename(self, activity: Activity, subject: str) -> Activity:
        return self.change(activity, lambda found: replace(found, subject=subject))

    def delete(self, activity: Activity) -> None:
        self.services.activities.delete(CRM, activity.id)

    def change_person(self, person: Person, edit: Callable[[Person], Person]) -> Person:
        return self.services.contacts.change_person(CRM, person.id, edit)

    def delete_contact(self, contact: Person | Organization) -> None:
        if isinstance(contact, Person):
            self.services.contacts.delete_person(CRM, contact.id)
        else:
            self.services.contacts.delete_organization(CRM, contact.id)
