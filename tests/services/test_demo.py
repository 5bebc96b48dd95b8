from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from bridge.core import ical
from bridge.core.activity import Visibility
from bridge.core.event import Privacy
from bridge.core.user import Role
from bridge.errors import Conflict
from bridge.services.activities import Activities
from bridge.services.contacts import Contacts
from bridge.services.demo import PASSWORD, Demo, Size
from bridge.services.health import Health
from bridge.services.principals import Principals
from bridge.services.resources import Resources
from bridge.services.settings import Settings
from bridge.services.transfer import Transfer
from bridge.store.database import Database
from tests.harness import FixedClock

SMALL = Size(users=3, activities=30, contacts=15)


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def parts(database: Database) -> tuple[Database, FixedClock, Settings]:
    return database, FixedClock(), Settings()


def test_the_company_is_whole_and_consistent(database: Database) -> None:
    told: list[tuple[int, int]] = []
    admin = Demo(*parts(database)).fill(SMALL, lambda done, total: told.append((done, total)))
    assert (admin.login, admin.role) == ("anna", Role.ADMIN)
    assert told[-1] == (SMALL.total, SMALL.total)
    users = Principals(*parts(database)).all()
    assert [user.login for user in users] == ["anna", "janis", "katarzyna"]
    for user in users:
        people, companies = Contacts(*parts(database)).owned_by(user.id)
        assert len(people) + len(companies) == SMALL.contacts
        assert len(Activities(*parts(database)).owned_by(user.id)) == SMALL.activities
        names = {c.name for c in Resources(*parts(database)).home(user.login)}
        assert names >= {"activities", "tasks", "contacts"}
        assert len(names) == 5
    health = Health(*parts(database))
    assert list(health.check_resources(silent)) == []
    assert list(health.check_rules(silent)) == []


def test_there_is_some_of_everything(sqlite_database: Database) -> None:
    anna = Demo(*parts(sqlite_database)).fill(Size(users=2), silent)
    found = Activities(*parts(sqlite_database)).owned_by(anna.id)
    kinds = Counter(activity.type for activity in found)
    assert set(kinds) == {"call", "meeting", "task", "deadline", "email", "lunch"}
    assert any(a.privacy is Privacy.PRIVATE for a in found)
    assert any(a.visibility is Visibility.OWNER for a in found)
    assert any(a.done for a in found)
    assert any(not a.done for a in found)
    assert any(a.due_time is None for a in found)
    assert any(a.deal_id for a in found)
    assert any(a.note for a in found)
    assert any(a.public_description for a in found)
    (series,) = [a for a in found if a.series]
    calendar = Resources(*parts(sqlite_database))
    activities = calendar.collection("anna", "activities")
    assert activities is not None
    text_of_series = calendar.get(activities, f"{series.uid}.ics")
    assert text_of_series is not None
    event = ical.event(ical.read(text_of_series.text))
    assert len(event.recurrence) == 2
    assert len(event.overrides) == 1
    people, companies = Contacts(*parts(sqlite_database)).owned_by(anna.id)
    assert any(p.photo for p in people)
    assert any(p.birthday for p in people)
    assert any(p.labels for p in people)
    assert any(p.organization_id for p in people)
    assert companies


def test_the_first_user_signs_in_with_the_demo_password(sqlite_database: Database) -> None:
    Demo(*parts(sqlite_database)).fill(Size(users=2, activities=0, contacts=0), silent)
    with sqlite_database.read() as session:
        hashes = session.scalars(text("SELECT password_hash FROM users ORDER BY id")).all()
    assert PasswordHasher().verify(hashes[0], PASSWORD)
    assert hashes[1] is None


def exported(database: Database, size: Size, anchor: date | None = None) -> str:
    Demo(*parts(database)).fill(size, silent, anchor=anchor)
    return Transfer(*parts(database)).records("anna")


def test_the_same_seed_makes_the_same_company(
    sqlite_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def another() -> Database:
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('other') / 'crm.sqlite3'}")
        database.migrate()
        return database

    first = exported(sqlite_database, Size(users=1, activities=20, contacts=10))
    for size, anchor, same in (
        (Size(users=1, activities=20, contacts=10), None, True),
        (Size(users=1, activities=20, contacts=10, seed=2), None, False),
        (Size(users=1, activities=20, contacts=10), date(2027, 5, 1), False),
    ):
        database = another()
        assert (exported(database, size, anchor) == first) is same
        database.close()


@pytest.mark.parametrize("size", [Size(1, 0, 0), Size(1, 1, 0), Size(1, 0, 1), Size(1, 5, 4), Size(12, 1, 1)])
def test_odd_sizes_are_met(sqlite_database: Database, size: Size) -> None:
    anna = Demo(*parts(sqlite_database)).fill(size, silent)
    assert len(Activities(*parts(sqlite_database)).owned_by(anna.id)) == size.activities
    assert sum(map(len, Contacts(*parts(sqlite_database)).owned_by(anna.id))) == size.contacts
    logins = [user.login for user in Principals(*parts(sqlite_database)).all()]
    assert len(set(logins)) == size.users


def test_a_database_in_use_is_refused_and_left_alone(sqlite_database: Database) -> None:
    demo = Demo(*parts(sqlite_database))
    assert demo.is_empty()
    demo.fill(Size(1, 2, 2), silent)
    assert not demo.is_empty()
    before = Transfer(*parts(sqlite_database)).records("anna")
    with pytest.raises(Conflict, match="already has users"):
        demo.fill(Size(1, 2, 2), silent)
    assert Transfer(*parts(sqlite_database)).records("anna") == before


def test_a_small_company_that_is_interrupted_leaves_nothing(sqlite_database: Database) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done > 10:
            raise KeyboardInterrupt

    demo = Demo(*parts(sqlite_database))
    with pytest.raises(KeyboardInterrupt):
        demo.fill(SMALL, interrupt)
    assert demo.is_empty()
    assert demo.fill(SMALL, silent).login == "anna"
