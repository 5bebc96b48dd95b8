from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import EventKind, Privacy
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from bridge.errors import NotFound
from bridge.services.actor import Actor
from bridge.services.explain import Answer, Explain, Place
from bridge.services.resources import Precondition
from bridge.store.models.journal import Source
from tests.harness import CRM, Office

SOON = date(2026, 12, 1)


@pytest.fixture
def explain(office: Office) -> Explain:
    """Anna sees Bob's calendar and keeps tasks."""
    for login in ("anna", "bob"):
        office.user(login)
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    office.principals.choose_colleagues("anna", ["bob"])
    return Explain(office.database, office.clock, office.settings)


def add(office: Office, login: str, **values: object) -> Activity:
    owner = office.principals.find(login)
    draft = Activity("", owner.id, "Item", "call", SOON, time(8))
    return office.activities.create(CRM, replace(draft, **values))  # type: ignore[arg-type]


def places(answers: list[Answer]) -> dict[str, Place]:
    (answer,) = answers
    return {place.collection: place for place in answer.places}


def test_what_is_there_is_found_with_name_and_time(office: Office, explain: Explain) -> None:
    activity = add(office, "anna")
    found = places(explain.why("anna", str(activity.id)))
    assert (found["activities"].href, found["activities"].since) == (f"{activity.uid}.ics", office.clock.now())
    assert found["activities"].there
    assert (found["tasks"].rule, found["of-bob"].rule) == ("R27", "R5")
    assert set(found) == {"activities", "tasks", "of-bob"}


def test_every_way_to_name_it_works(office: Office, explain: Explain) -> None:
    activity = add(office, "anna", subject="Call about 100% wool")
    names = (
        *(str(activity.id), activity.uid, f"{activity.uid}.ics", "100% WOOL"),
        f"https://dav.example.com/dav/anna/activities/{activity.uid}.ics",
    )
    for name in names:
        assert [answer.id for answer in explain.why("anna", name)] == [activity.id], name
    assert explain.why("anna", "50% silk") == []


@pytest.mark.parametrize(
    ("values", "collection", "rule", "word"),
    [
        ({"type": "task"}, "activities", "R27", "tasks"),
        ({"due_date": None, "due_time": None}, "activities", "R27", "no due date"),
        ({"due_date": date(2026, 1, 1)}, "activities", "R27", "further back"),
    ],
)
def test_own_calendars_name_the_rule(
    office: Office, explain: Explain, values: dict[str, object], collection: str, rule: str, word: str
) -> None:
    office.principals.change("anna", lambda user: replace(user, past_days=30))
    activity = add(office, "anna", **values)
    place = places(explain.why("anna", str(activity.id)))[collection]
    assert not place.there
    assert place.rule == rule
    assert word in place.reason
    assert place.remedy


def test_colleagues_calendars_name_the_rule(office: Office, explain: Explain) -> None:
    bob = office.principals.find("bob")
    deal = office.activities.save_deal(CRM, Deal("Secret", bob.id, Visibility.OWNER))
    hidden = add(office, "bob", visibility=Visibility.OWNER)
    linked = add(office, "bob", deal_id=deal.id)
    private = add(office, "bob", privacy=Privacy.PRIVATE)
    old = add(office, "bob", due_date=date(2020, 1, 1))
    office.principals.change("anna", lambda user: replace(user, past_days=30))

    def seen(activity: Activity) -> Place:
        return places(explain.why("anna", str(activity.id)))["of-bob"]

    assert (seen(hidden).rule, seen(hidden).there) == ("R12", False)
    assert (seen(linked).rule, seen(linked).there) == ("R12", False)
    assert "may not see" in seen(linked).reason
    assert (seen(private).there, seen(private).masked) == (True, True)
    assert (seen(old).rule, seen(old).there) == ("R27", False)


def test_what_explains_agrees_with_what_is_drawn(office: Office, explain: Explain) -> None:
    made = [
        add(office, login, type=kind, due_date=day, due_time=None, visibility=visibility)
        for login in ("anna", "bob")
        for kind in ("call", "task")
        for day in (SOON, date(2020, 1, 1), None)
        for visibility in Visibility
    ]
    office.principals.change("anna", lambda user: replace(user, past_days=30))
    for activity in made:
        for place in places(explain.why("anna", str(activity.id))).values():
            collection = office.resources.collection("anna", place.collection)
            assert collection is not None
            there = office.resources.has_uid(collection, activity.uid)
            assert (place.there, bool(place.reason)) == (there, not there), (activity, place)


def test_a_deletion_names_who_and_how_to_undo(office: Office, explain: Explain) -> None:
    anna = office.principals.find("anna")
    activity = add(office, "anna")
    device, _ = office.devices.add("anna", "Phone")
    actor = Actor(anna.id, Source.DAV, device.id, "iOS/26")
    office.resources.delete(actor, "anna", "activities", f"{activity.uid}.ics", Precondition())
    (answer,) = explain.why("anna", f"{activity.uid}.ics")
    assert answer.deleted_by is not None
    assert (answer.deleted_by.by, answer.deleted_by.device, answer.deleted_by.client) == ("anna", "Phone", "iOS/26")
    place = {p.collection: p for p in answer.places}["activities"]
    assert (place.there, place.rule) == (False, "R21")
    assert place.remedy == f"Undo it with “davbridge undo {answer.deleted_by.id}”."
    office.journal.undo(CRM, answer.deleted_by.id)
    (answer,) = explain.why("anna", f"{activity.uid}.ics")
    assert answer.deleted_by is None
    assert answer.places[0].there


def test_contacts_are_explained_too(office: Office, explain: Explain) -> None:
    anna, bob = (office.principals.find(login) for login in ("anna", "bob"))
    mine = office.contacts.create_person(CRM, Person("", anna.id, "Eve Ozola"))
    office.contacts.create_organization(CRM, Organization("", anna.id, "SIA Ozols"))
    theirs = office.contacts.create_person(CRM, Person("", bob.id, "Adam"))
    answers = explain.why("anna", "Ozol")
    assert {(answer.kind, answer.title) for answer in answers} == {
        ("person", "Eve Ozola"),
        ("organization", "SIA Ozols"),
    }
    assert places(explain.why("anna", mine.uid))["contacts"].href == f"{mine.uid}.vcf"
    place = places(explain.why("anna", "Adam"))["contacts"]
    assert (place.there, place.rule) == (False, "R5")
    assert places(explain.why("anna", theirs.uid)) == {"contacts": place}


def test_what_grew_old_is_explained_by_its_last_end(office: Office, explain: Explain) -> None:
    office.principals.change("anna", lambda user: replace(user, past_days=30))
    activity = add(office, "anna")
    assert places(explain.why("anna", str(activity.id)))["activities"].there
    office.clock.advance(timedelta(days=60))
    office.principals.sweep("anna")
    place = places(explain.why("anna", str(activity.id)))["activities"]
    assert (place.there, place.rule) == (False, "R27")


def test_an_unknown_user_is_an_error(explain: Explain) -> None:
    with pytest.raises(NotFound):
        explain.why("nobody", "1")
