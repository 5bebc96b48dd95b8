"""A change of a CRM row draws again exactly the resources that depend on it."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import EventKind, Privacy
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from bridge.store.views import Collection, Resource
from tests.harness import CRM, Office


def live(office: Office, login: str, name: str) -> dict[str, Resource]:
    """The live resources of a collection by UID."""
    collection = office.resources.collection(login, name)
    assert collection is not None
    return {resource.uid: resource for resource in office.resources.listing(collection, text=True)}


class Watch:
    """Tells which resources of some collections have changed since the last look."""

    def __init__(self, office: Office, *collections: tuple[str, str]) -> None:
        self.office = office
        self.tokens = {key: self._collection(*key).sync_token for key in collections}

    def _collection(self, login: str, name: str) -> Collection:
        found = self.office.resources.collection(login, name)
        assert found is not None
        return found

    def changed(self) -> dict[tuple[str, str], dict[str, bool]]:
        """Collection → UID → whether it is gone, for what changed."""
        found = {}
        for key, token in self.tokens.items():
            changes = self.office.resources.changes(self._collection(*key), token)
            self.tokens[key] = changes.token
            if changes.resources:
                found[key] = {resource.uid: resource.deleted for resource in changes.resources}
        return found


def activity(owner: User, subject: str, **more: Any) -> Activity:
    return Activity(f"uid-{subject}", owner.id, subject, "call", date(2026, 12, 1), time(8), timedelta(hours=1), **more)


@pytest.fixture
def anna(office: Office) -> User:
    return office.user("anna")


@pytest.fixture
def bela(office: Office) -> User:
    return office.user("bela")


CALENDAR, BOOK = ("anna", "activities"), ("anna", "contacts")


def test_renaming_a_deal_draws_its_activities_and_no_others(office: Office, anna: User) -> None:
    deal = office.activities.save_deal(CRM, Deal("Cheese", anna.id))
    office.activities.create(CRM, activity(anna, "linked", deal_id=deal.id))
    office.activities.create(CRM, activity(anna, "other"))
    watch = Watch(office, CALENDAR, BOOK)
    office.activities.save_deal(CRM, replace(deal, title="Butter"))
    assert watch.changed() == {CALENDAR: {"uid-linked": False}}
    assert "Butter" in live(office, *CALENDAR)["uid-linked"].text
    assert "Cheese" not in live(office, *CALENDAR)["uid-linked"].text


def test_a_change_that_shows_nowhere_changes_nothing(office: Office, anna: User) -> None:
    created = office.activities.create(CRM, activity(anna, "one"))
    watch = Watch(office, CALENDAR)
    office.activities.change(CRM, created.id, lambda found: replace(found, note="<p>internal</p>"))
    assert watch.changed() == {}
    assert office.activities.get(created.id).note == "<p>internal</p>"


def test_a_new_owner_gets_the_activity_and_the_old_one_a_tombstone(office: Office, anna: User, bela: User) -> None:
    created = office.activities.create(CRM, activity(anna, "one"))
    watch = Watch(office, CALENDAR, ("bela", "activities"))
    office.activities.change(CRM, created.id, lambda found: replace(found, owner_id=bela.id))
    assert watch.changed() == {CALENDAR: {"uid-one": True}, ("bela", "activities"): {"uid-one": False}}
    office.activities.change(CRM, created.id, lambda found: replace(found, owner_id=anna.id))
    assert watch.changed() == {CALENDAR: {"uid-one": False}, ("bela", "activities"): {"uid-one": True}}


def test_deleting_a_person_takes_them_out_of_book_and_calendar(office: Office, anna: User) -> None:
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze Ozola"))
    office.activities.create(CRM, activity(anna, "with", person_id=ilze.id))
    office.activities.create(CRM, activity(anna, "taking-part", participants=(ilze.id,)))
    watch = Watch(office, CALENDAR, BOOK)
    office.contacts.delete_person(CRM, ilze.id)
    assert watch.changed() == {CALENDAR: {"uid-with": False, "uid-taking-part": False}, BOOK: {"ilze": True}}
    assert "Ilze" not in live(office, *CALENDAR)["uid-with"].text


def test_renaming_an_organization_draws_its_card_its_people_and_its_activities(office: Office, anna: User) -> None:
    siers = office.contacts.create_organization(CRM, Organization("siers", anna.id, "Rīgas Siers"))
    office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze", organization_id=siers.id))
    office.contacts.create_person(CRM, Person("janis", anna.id, "Jānis"))
    office.activities.create(CRM, activity(anna, "visit", organization_id=siers.id))
    watch = Watch(office, CALENDAR, BOOK)
    office.contacts.change_organization(CRM, siers.id, lambda found: replace(found, name="Siers un Co"))
    assert watch.changed() == {CALENDAR: {"uid-visit": False}, BOOK: {"siers": False, "ilze": False}}
    assert "ORG:Siers un Co\r\n" in live(office, *BOOK)["ilze"].text


def test_renaming_a_label_draws_those_who_bear_it(office: Office, anna: User) -> None:
    office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze", labels=("VIP",)))
    office.contacts.create_person(CRM, Person("janis", anna.id, "Jānis"))
    watch = Watch(office, BOOK)
    office.contacts.rename_label(CRM, "VIP", "Partner")
    assert watch.changed() == {BOOK: {"ilze": False}}
    assert "CATEGORIES:Partner\r\n" in live(office, *BOOK)["ilze"].text


def test_renaming_a_type_draws_its_activities(office: Office, anna: User) -> None:
    office.activities.create(CRM, activity(anna, "one"))
    office.activities.create(CRM, replace(activity(anna, "two"), type="meeting"))
    watch = Watch(office, CALENDAR)
    call = next(kind for kind in office.activities.types() if kind.key == "call")
    office.activities.save_type(replace(call, name="Zvans"))
    assert watch.changed() == {CALENDAR: {"uid-one": False}}
    assert "CATEGORIES:Zvans\r\n" in live(office, *CALENDAR)["uid-one"].text


def test_a_type_shown_as_task_moves_to_a_list_of_its_own_and_back(office: Office, anna: User) -> None:
    office.activities.create(CRM, activity(anna, "one"))
    watch = Watch(office, CALENDAR)
    office.principals.choose_type("anna", "call", TypeOption(EventKind.TASK))
    assert watch.changed() == {CALENDAR: {"uid-one": True}}
    task = live(office, "anna", "tasks")["uid-one"]
    assert "BEGIN:VTODO" in task.text
    assert "DUE;TZID=Europe/Riga:20261201T100000" in task.text
    office.principals.choose_type("anna", "call", TypeOption(EventKind.EVENT))
    assert watch.changed() == {CALENDAR: {"uid-one": False}}
    assert office.resources.collection("anna", "tasks") is None


def test_colleagues_see_what_they_may_see_and_private_ones_masked(office: Office, anna: User, bela: User) -> None:
    secret = office.activities.save_deal(CRM, Deal("Secret", anna.id, Visibility.OWNER))
    office.activities.create(CRM, activity(anna, "open"))
    office.activities.create(CRM, activity(anna, "private", privacy=Privacy.PRIVATE, location="Clinic"))
    office.activities.create(CRM, activity(anna, "hidden", deal_id=secret.id))
    office.activities.create(CRM, activity(anna, "mine", visibility=Visibility.OWNER))
    office.principals.choose_colleagues("bela", ["anna"])
    seen = live(office, "bela", "of-anna")
    assert set(seen) == {"uid-open", "uid-private"}
    masked = seen["uid-private"].text
    assert "SUMMARY:Private\r\n" in masked
    assert "CLASS:PRIVATE\r\n" in masked
    assert "Clinic" not in masked
    assert "SUMMARY:private" not in masked
    watch = Watch(office, ("bela", "of-anna"), CALENDAR)
    office.activities.save_deal(CRM, replace(secret, visibility=Visibility.EVERYONE))
    assert watch.changed() == {("bela", "of-anna"): {"uid-hidden": False}}
    office.activities.save_deal(CRM, replace(secret, visibility=Visibility.OWNER))
    assert watch.changed() == {("bela", "of-anna"): {"uid-hidden": True}}


def test_alarms_of_the_owner_do_not_ring_at_colleagues(office: Office, anna: User, bela: User) -> None:
    office.principals.choose_type("anna", "call", TypeOption(reminder=-timedelta(minutes=10)))
    office.activities.create(CRM, activity(anna, "one"))
    office.principals.choose_colleagues("bela", ["anna"])
    assert "BEGIN:VALARM" in live(office, *CALENDAR)["uid-one"].text
    assert "VALARM" not in live(office, "bela", "of-anna")["uid-one"].text


def test_a_colleague_no_longer_chosen_is_gone(office: Office, anna: User, bela: User) -> None:
    office.principals.choose_colleagues("bela", ["anna"])
    office.principals.choose_colleagues("bela", [])
    assert [c.name for c in office.resources.home("bela")] == ["activities", "contacts"]


def test_calendars_reach_back_as_far_as_wanted_and_lose_nothing(office: Office, anna: User) -> None:
    old = replace(activity(anna, "old"), due_date=date(2026, 10, 1))
    office.activities.create(CRM, old)
    office.activities.create(CRM, replace(activity(anna, "recent"), due_date=date(2026, 11, 15)))
    office.principals.change("anna", lambda user: replace(user, past_days=30))
    assert set(live(office, *CALENDAR)) == {"uid-recent"}
    watch = Watch(office, CALENDAR)
    office.clock.advance(timedelta(days=30))
    office.principals.sweep("anna")
    assert watch.changed() == {CALENDAR: {"uid-recent": True}}
    office.principals.sweep("anna")
    assert watch.changed() == {}
    assert not any(found.deleted for found in office.activities.owned_by(anna.id))
    office.principals.change("anna", lambda user: replace(user, past_days=0))
    assert set(live(office, *CALENDAR)) == {"uid-old", "uid-recent"}


def test_group_cards_follow_labels_when_wanted(office: Office, anna: User) -> None:
    office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze", labels=("VIP",)))
    assert set(live(office, *BOOK)) == {"ilze"}
    office.principals.change("anna", lambda user: replace(user, group_cards=True))
    groups = [r for r in live(office, *BOOK).values() if "X-ADDRESSBOOKSERVER-KIND:group" in r.text]
    assert len(groups) == 1
    assert "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:ilze" in groups[0].text
    ilze = office.contacts.owned_by(anna.id)[0][0]
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, labels=()))
    assert "FN:VIP" not in "".join(r.text for r in live(office, *BOOK).values() if "MEMBER" in r.text)


def test_undated_activities_are_there_too(office: Office, anna: User) -> None:
    created = office.activities.create(CRM, replace(activity(anna, "some-day"), due_date=None, due_time=None))
    office.principals.choose_type("anna", "call", TypeOption(EventKind.TASK))
    assert "DUE" not in live(office, "anna", "tasks")[created.uid].text


def test_the_uids_of_the_crm_make_safe_names(office: Office, anna: User) -> None:
    office.activities.create(CRM, replace(activity(anna, "x"), uid="../../etc/passwd?#%"))
    (resource,) = live(office, *CALENDAR).values()
    assert "/" not in resource.href
    assert resource.uid == "../../etc/passwd?#%"
