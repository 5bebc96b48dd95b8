"""Names are found whatever their case, in every alphabet."""

from datetime import UTC, datetime

import pytest

from bridge.core.activity import Activity
from bridge.core.person import Organization, Person
from bridge.core.user import User
from bridge.store import accounts, activities, contacts
from bridge.store.database import Database

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
NAMES = ("Ķekavas ŪDENS", "ООО Ромашка", "Żabka", "Ålesund & Co", "100% Juice_Bar")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_an_organization_is_found_by_its_name(database: Database, name: str, spelt: type[str]) -> None:
    with database.write() as session:
        owner = accounts.save_user(session, User("anna", "Europe/Riga"), now=NOW)
        for uid, exact in (("a", name), ("b", f"{name} 2")):
            times = {"created_at": NOW, "updated_at": NOW}
            contacts.save_organization(session, Organization(uid, owner.id, exact, **times))
            contacts.save_person(session, Person(uid, owner.id, exact, **times))
            activities.save_activity(session, Activity(uid, owner.id, exact, **times))
        assert [found.uid for found in contacts.organizations_by_name(session, f" {spelt(name)} ")] == ["a"]
        assert contacts.organizations_by_name(session, "Jūra") == []
        for find in (contacts.find_organizations, contacts.find_persons, activities.find_activities):
            assert [found.uid for found in find(session, owner.id, spelt(name)[1:])] == ["b", "a"]
            assert find(session, owner.id, "Jūra") == []
