"""What shows a record is drawn again with it, and so is what another day moves: few at once, many in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bridge.core.activity import Activity, Deal
from bridge.core.person import Organization, Person
from bridge.core.user import Role, User
from bridge.services import redrawing
from bridge.services.redrawing import Progress, Redraws
from bridge.store import redraws
from bridge.store.database import Database
from tests.harness import CRM, Office, ics

pytestmark = pytest.mark.usefixtures("few_are_many")

MANY = 7
Fill = Callable[[Office, User, int], "Rename"]
Rename = Callable[[str], object]


@pytest.fixture
def sqlite_office(sqlite_database: Database) -> Office:
    """For what no database does in another way."""
    return Office(sqlite_database)


@pytest.fixture
def anna(office: Office) -> User:
    return office.user("anna")


def add(office: Office, owner: User, number: int, **more: Any) -> None:
    new = Activity("", owner.id, "Call", "call", date(2026, 12, 1), time(8), timedelta(hours=1))
    for each in range(number):
        office.activities.create(CRM, replace(new, uid=f"{owner.login}-{each}", **more))


def of_deal(office: Office, owner: User, number: int) -> Rename:
    deal = office.activities.save_deal(CRM, Deal("Before", owner.id))
    add(office, owner, number, deal_id=deal.id)
    return lambda name: office.activities.save_deal(CRM, replace(deal, title=name))


def of_person(office: Office, owner: User, number: int) -> Rename:
    person = office.contacts.create_person(CRM, Person("person", owner.id, "Before"))
    add(office, owner, number, person_id=person.id, participants=(person.id,))
    return lambda name: office.contacts.change_person(CRM, person.id, lambda each: replace(each, name=name))


def of_participant(office: Office, owner: User, number: int) -> Rename:
    person = office.contacts.create_person(CRM, Person("person", owner.id, "Before"))
    add(office, owner, number, participants=(person.id,))
    return lambda name: office.contacts.change_person(CRM, person.id, lambda each: replace(each, name=name))


def of_organization(office: Office, owner: User, number: int) -> Rename:
    firm = office.contacts.create_organization(CRM, Organization("firm", owner.id, "Before"))
    add(office, owner, number, organization_id=firm.id)
    return lambda name: office.contacts.change_organization(CRM, firm.id, lambda each: replace(each, name=name))


def of_employer(office: Office, owner: User, number: int) -> Rename:
    firm = office.contacts.create_organization(CRM, Organization("firm", owner.id, "Before"))
    for each in range(number):
        new = Person(f"person-{each}", owner.id, "Ilze", organization_id=firm.id)
        office.contacts.create_person(CRM, new)
    return lambda name: office.contacts.change_organization(CRM, firm.id, lambda each: replace(each, name=name))


def of_label(office: Office, owner: User, number: int) -> Rename:
    for each in range(number - 3):
        office.contacts.create_person(CRM, Person(f"person-{each}", owner.id, "Ilze", labels=("Before",)))
    for each in range(3):
        office.contacts.create_organization(CRM, Organization(f"firm-{each}", owner.id, "Firm", labels=("Before",)))
    return lambda name: office.contacts.rename_label(CRM, "Before", name)


FILLS = (of_deal, of_person, of_participant, of_organization, of_employer, of_label)


def named(office: Office, name: str, login: str = "anna") -> int:
    """How many resources show something of that name; the card of the thing itself is none of them."""
    found = [each for c in office.resources.home(login) for each in office.resources.listing(c, text=True)]
    return sum(name in each.text and f"\r\nFN:{name}\r\n" not in each.text for each in found)


def finish(office: Office) -> int:
    """Everything that is to be drawn. In how many portions."""
    portions = 0
    while office.redraws.step():
        portions += 1
    return portions


@pytest.mark.parametrize("fill", FILLS)
def test_what_many_show_is_drawn_in_the_background(office: Office, anna: User, fill: Fill) -> None:
    rename = fill(office, anna, MANY)
    assert named(office, "Before") == MANY
    rename("After")
    assert (named(office, "After"), named(office, "Before")) == (0, MANY)
    assert office.redraws.progress(anna) == Progress(0, MANY)
    assert finish(office) in {3, 4}
    assert (named(office, "After"), named(office, "Before")) == (MANY, 0)
    assert office.redraws.progress(anna) is None


@pytest.mark.parametrize("fill", FILLS)
def test_what_few_show_is_drawn_at_once(sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, fill: Fill) -> None:
    monkeypatch.setattr(redrawing, "AT_ONCE", MANY)
    rename = fill(sqlite_office, sqlite_office.user("anna"), MANY)
    rename("After")
    assert (named(sqlite_office, "After"), named(sqlite_office, "Before")) == (MANY, 0)
    assert not sqlite_office.redraws.step()


class Killed(BaseException):
    """The process ends here; the database forgets the transaction."""


def test_another_goes_on_where_one_was_killed(sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = sqlite_office
    rename = of_organization(office, office.user("anna"), MANY)
    rename("After")
    assert office.redraws.step()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(redraws, "advance", die)
        with pytest.raises(Killed):
            office.redraws.step()
    assert named(office, "After") == 3
    Redraws(office.database, office.clock, office.settings, office.principals.arrange).finish(lambda _: None)
    assert named(office, "After") == MANY


def test_a_choice_of_everything_covers_a_name_and_the_latest_name_the_one_before(sqlite_office: Office) -> None:
    office = sqlite_office
    anna = office.user("anna")
    deal, firm = of_deal(office, anna, MANY), of_organization(office, anna, MANY)
    deal("After")
    deal("After all")
    assert office.redraws.progress(anna) == Progress(0, MANY)
    firm("Other")
    assert office.redraws.progress(anna) == Progress(0, 2 * MANY), "one says nothing of the other"
    office.principals.change("anna", lambda user: replace(user, time_zone="Asia/Tokyo"))
    assert office.redraws.progress(anna) == Progress(0, 2 * MANY + 1), "all activities, and the card of the firm"
    finish(office)
    assert (named(office, "After all"), named(office, "Other"), named(office, "Before")) == (MANY, MANY, 0)


def test_everybody_is_told_of_their_own_records(sqlite_office: Office) -> None:
    office = sqlite_office
    anna, bela, zane = office.user("anna"), office.user("bela"), office.user("zane", role=Role.ADMIN)
    firm = office.contacts.create_organization(CRM, Organization("firm", anna.id, "Before"))
    add(office, anna, MANY, organization_id=firm.id)
    add(office, bela, 1, organization_id=firm.id)
    client = office.client("anna")
    path = "/dav/anna/contacts/firm.vcf"
    card = client.get(path).text
    assert client.put(path, card.replace("Before", "After")).status == 204
    assert client.get(path).text.count("After") > 1, "what somebody has changed is drawn at once"
    told = [office.redraws.progress(each) for each in (anna, bela, zane)]
    assert told == [Progress(0, MANY), Progress(0, 1), Progress(0, MANY + 1)]
    finish(office)
    assert (named(office, "After"), named(office, "After", "bela")) == (MANY, 1)


def test_what_is_linked_meanwhile_is_drawn_right(sqlite_office: Office) -> None:
    office = sqlite_office
    anna = office.user("anna")
    rename = of_organization(office, anna, MANY)
    rename("After")
    office.redraws.step()
    first, *_, last = office.activities.owned_by(anna.id)
    office.activities.change(CRM, last.id, lambda each: replace(each, organization_id=None))
    add(office, anna, 1, organization_id=first.organization_id)
    assert named(office, "After") == 3 + 1
    finish(office)
    assert (named(office, "After"), named(office, "Before")) == (MANY, 0)


# Another day


def old_ones(office: Office) -> User:
    """A user with many activities that will soon be too old, one that will not, and a series."""
    anna = office.user("anna", past_days=30)
    add(office, anna, MANY)
    later = Activity("later", anna.id, "Call", "call", date(2027, 12, 1), time(8), timedelta(hours=1))
    office.activities.create(CRM, later)
    weekly = ics(
        "SUMMARY:Weekly", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", "RRULE:FREQ=WEEKLY", uid="weekly"
    )
    assert office.client("anna").put("/dav/anna/activities/weekly.ics", weekly).status == 201
    return anna


def shown(office: Office) -> set[str]:
    collection = office.resources.collection("anna", "activities")
    assert collection is not None
    return {each.uid for each in office.resources.listing(collection, text=False)}


def indexed_until(office: Office) -> int:
    with office.database.read() as session:
        return int(session.scalar(text("SELECT indexed_until FROM resources WHERE uid = 'weekly'")))


def test_what_grows_too_old_for_many_leaves_in_the_background(office: Office) -> None:
    anna = old_ones(office)
    everything, known = shown(office), indexed_until(office)
    office.clock.advance(timedelta(days=500))
    office.principals.sweep("anna")
    assert shown(office) == everything
    assert office.redraws.progress(anna) == Progress(0, MANY + 1 + 1)
    for _ in range(2):
        assert office.redraws.step()
    office.clock.advance(timedelta(days=1))
    office.principals.sweep("anna")
    assert office.redraws.progress(anna) == Progress(0, MANY + 1 + 1 - 6), "the next day begins with what is left"
    finish(office)
    assert shown(office) == {"weekly"}
    assert indexed_until(office) - known >= 500 * 24 * 3600
    assert office.redraws.progress(anna) is None
    assert len(office.activities.owned_by(anna.id)) == MANY + 2


def test_nothing_waits_when_few_grow_too_old(sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = sqlite_office
    monkeypatch.setattr(redrawing, "AT_ONCE", MANY)
    anna = old_ones(office)
    office.clock.advance(timedelta(days=60))
    office.principals.sweep("anna")
    assert shown(office) == {"weekly", "later"}
    assert office.redraws.progress(anna) is None


def test_what_cannot_be_read_is_no_hindrance(sqlite_office: Office) -> None:
    office = sqlite_office
    old_ones(office)
    with office.database.write() as session:
        session.execute(text("UPDATE resources SET text = 'BEGIN:NONSENSE' WHERE uid = 'anna-1'"))
    office.clock.advance(timedelta(days=60))
    office.principals.sweep("anna")
    finish(office)
    assert shown(office) == {"weekly", "later", "anna-1"}
