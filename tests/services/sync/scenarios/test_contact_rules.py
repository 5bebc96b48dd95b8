"""What takes part in the sync of contacts: R14, R15 and R17."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.core.contact import Contact, ContactKind, Labelled
from bridge.core.person import Organization
from bridge.core.scope import Direction
from bridge.errors import NotAllowed
from bridge.store import accounts
from tests.harness import CRM
from tests.services.sync.scenarios.world import CONTACTS, World, rules_of


def permit(world: World, *, people: bool, organizations: bool) -> None:
    """What an administrator grants."""
    with world.office.database.write() as session:
        user = replace(world.user, may_add_people=people, may_add_organizations=organizations)
        accounts.save_user(session, user, now=world.office.clock.now())


# --- R14, permissions ---


@pytest.mark.parametrize(("people", "organizations"), [(False, True), (True, False), (False, False)])
def test_a_missing_permission_is_named(world: World, *, people: bool, organizations: bool) -> None:
    """R14: and who can grant it."""
    world.boss()
    permit(world, people=people, organizations=organizations)
    world.choose(CONTACTS)
    with pytest.raises(NotAllowed) as refused:
        world.start()
    assert ("add people" in str(refused.value)) is not people
    assert ("add organizations" in str(refused.value)) is not organizations
    assert "The Boss" in refused.value.remedy


def test_a_permission_that_is_taken_away_later_stops_new_ones_only(world: World) -> None:
    """R14: what is linked goes on."""
    there = world.contact("Jānis Liepa")
    world.connect(CONTACTS)
    world.run()
    permit(world, people=False, organizations=True)
    world.contact("Pēteris Ozols")
    world.group.edit(there, note="Met at the fair")
    assert world.counts() == {"left out": 1, "changed here": 1}
    assert rules_of(world.told()) == {"Pēteris Ozols": "R14"}
    permit(world, people=True, organizations=True)
    world.group.edit(world.group.find("Pēteris Ozols"), note="Again")
    assert world.counts() == {"created here": 1}
    assert world.quiet()


# --- R15, whose, which group, which direction ---


def test_only_own_persons_go_out(world: World) -> None:
    """R15, R5."""
    world.person("Anna Kalna")
    world.person("Of Pēteris", owner_id=world.colleague().id)
    world.office.contacts.create_organization(CRM, Organization("", world.user.id, "Kalns SIA"))
    world.connect(CONTACTS)
    assert world.counts() == {"created there": 1}
    assert world.group.titles() == ["Anna Kalna"]


def test_a_person_who_is_handed_on_leaves_the_group(world: World) -> None:
    """R15, R5."""
    anna = world.person("Anna Kalna")
    world.person("Stays")
    world.connect(CONTACTS)
    world.run()
    world.change_person(anna, owner_id=world.colleague().id)
    assert world.counts() == {"deleted there": 1}
    assert world.group.titles() == ["Stays"]
    assert world.office.contacts.person(anna.id).name == "Anna Kalna"


def test_one_way_brings_contacts_and_sends_none(world: World) -> None:
    """R15."""
    anna = world.person("Anna Kalna")
    there = world.contact("Jānis Liepa")
    world.connect(CONTACTS, direction=Direction.ONE_WAY)
    assert world.counts() == {"left out": 1, "created here": 1}
    assert rules_of(world.told()) == {"Anna Kalna": "R15"}
    assert world.group.titles() == ["Jānis Liepa"]
    world.group.edit(there, note="Met at the fair")
    assert world.counts() == {"changed here": 1}
    janis = next(each for each in world.persons() if each.id != anna.id)
    world.change_person(janis, job_title="Director")
    assert world.counts() == {}
    assert world.group.all()[there].title == ""
    world.later()
    world.group.edit(there, note="Met at the fair in Riga")
    assert world.counts() == {"changed here": 1}
    after = world.office.contacts.person(janis.id)
    assert (after.note, after.job_title) == ("Met at the fair in Riga", "Director")
    assert world.watch.writes == []


def test_one_way_deletions(world: World) -> None:
    """R15: from the provider to the CRM only."""
    kept = world.contact("Jānis Liepa")
    gone = world.contact("Pēteris Ozols")
    world.connect(CONTACTS, direction=Direction.ONE_WAY)
    world.run()
    world.group.delete(gone)
    janis = next(each for each in world.persons() if each.name == "Jānis Liepa")
    world.change_person(janis, deleted=True)
    world.run()
    assert (world.people(), world.group.titles()) == ([], ["Jānis Liepa"])
    assert world.quiet()
    world.group.edit(kept, note="Still there")
    assert world.quiet()
    assert (world.people(), world.group.titles()) == ([], ["Jānis Liepa"])


def test_one_way_an_edit_beats_a_deletion(world: World) -> None:
    """R15, R23: what was deleted here and edited there since the last run comes again."""
    there = world.contact("Jānis Liepa")
    world.connect(CONTACTS, direction=Direction.ONE_WAY)
    world.run()
    world.change_person(world.persons()[0], deleted=True)
    world.group.edit(there, note="Still there")
    assert world.counts() == {"created here": 1}
    assert world.people() == ["Jānis Liepa"]
    assert world.quiet()


def test_cards_of_organizations_and_groups_are_left_out(card_world: World) -> None:
    """R15: with the reason."""
    world = card_world
    world.contact("Jānis Liepa")
    world.group.add(Contact("firm@x", ContactKind.ORGANIZATION, "Kalns SIA", organization="Kalns SIA"))
    world.group.add(Contact("friends@x", ContactKind.GROUP, "Friends"))
    world.connect(CONTACTS)
    assert world.counts() == {"created here": 1, "left out": 2}
    assert rules_of(world.told()) == {"Kalns SIA": "R15", "Friends": "R15"}
    assert world.group.titles() == ["Friends", "Jānis Liepa", "Kalns SIA"]
    assert world.quiet()


# --- R17, matched before anything is created ---

SAME = (
    (
        "e-mail",
        {"name": "Anna Kalna", "email": "Anna@Kalns.example"},
        {"name": "Anna K.", "email": "anna@kalns.example"},
    ),
    ("phone", {"name": "Anna Kalna", "phone": "+371 2612 3456"}, {"name": "Anna Kalna", "phone": "0371 26123456"}),
    ("name", {"name": "Anna  Kalna"}, {"name": "anna kalna"}),
)


@pytest.mark.parametrize(("how", "ours", "theirs"), SAME, ids=[each[0] for each in SAME])
def test_the_same_person_is_matched(world: World, how: str, ours: dict[str, str], theirs: dict[str, str]) -> None:
    """R17: nobody is there twice afterwards, and what only one side knew both know."""
    world.person(**ours, job_title="Director")
    world.contact(**theirs, note=f"By {how}")
    world.connect(CONTACTS)
    assert world.preview().counts() == {"matched": 1}
    assert world.counts() == {"matched": 1}
    (person,) = world.persons()
    (contact,) = world.group.all().values()
    assert (person.note, contact.title) == (f"By {how}", "Director")
    assert world.quiet()


def test_the_same_uid_is_the_same_person(card_world: World) -> None:
    """R17, R3: whatever they are called meanwhile."""
    world = card_world
    anna = world.person("Anna Kalna")
    world.group.add(Contact(anna.uid, formatted_name="Anna Liepa"))
    world.connect(CONTACTS)
    assert world.counts() == {"matched": 1}
    assert len(world.persons()) == len(world.group.all()) == 1
    assert world.quiet()


def test_namesakes_are_not_the_same(world: World) -> None:
    """R17: a name alone says nothing where there are addresses."""
    world.person("Anna Kalna", "anna@kalns.example")
    world.contact("Anna Kalna", "other@elsewhere.example")
    world.connect(CONTACTS)
    assert world.counts() == {"created there": 1, "created here": 1}
    assert world.people() == world.group.titles() == ["Anna Kalna", "Anna Kalna"]
    assert world.quiet()


def test_the_same_appointment_is_matched_by_time_and_subject(world: World) -> None:
    """R17, R3."""
    world.activity("Call Anna")
    world.event("call  anna", hour=10, location="Room 4")
    world.event("Call Anna", hour=15)
    world.connect()
    assert world.counts() == {"matched": 1, "created here": 1}
    assert len(world.there()) == len(world.here()) == 2
    assert "Room 4" in {each.location for each in world.activities()}
    assert world.quiet()


def test_addresses_of_both_sides_are_kept(world: World) -> None:
    """R17, R23: lists are merged by element."""
    world.person("Anna Kalna", "anna@kalns.example")
    there = world.contact("Anna Kalna", "anna@kalns.example", "+37126123456")
    world.connect(CONTACTS)
    world.run()
    (person,) = world.persons()
    assert [each.value for each in person.phones] == ["+37126123456"]
    world.change_person(person, emails=(*person.emails, Labelled("anna@home.example", "home")))
    found = world.group.all()[there]
    world.group.edit(there, emails=(*found.emails, Labelled("anna@work.example", "work")))
    assert world.counts() == {"merged": 1}
    wanted = {"anna@kalns.example", "anna@home.example", "anna@work.example"}
    assert {each.value for each in world.persons()[0].emails} == wanted
    assert {each.value for each in world.group.all()[there].emails} == wanted
    assert world.quiet()
