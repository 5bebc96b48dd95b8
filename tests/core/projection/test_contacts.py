from dataclasses import replace

import pytest

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.person import Label, Organization, Person
from bridge.core.projection.contacts import (
    apply_to_organization,
    apply_to_person,
    contact_of_label,
    contact_of_organization,
    contact_of_person,
    fields_of_contact,
    fields_of_organization,
    fields_of_person,
)
from tests.harness import NOW

ILZE = Person(
    "p-1",
    owner_id=1,
    name="Ilze Ozola",
    parts=Name("Ozola", "Ilze"),
    job_title="Director",
    emails=(Labelled("ilze@example.com", "work", primary=True),),
    id=4,
    updated_at=NOW,
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "Ilze Kalna"}, {"formatted_name": "Ilze Kalna"}),
        ({"parts": Name("Kalna", "Ilze", prefixes="Dr.")}, {"name": Name("Kalna", "Ilze", prefixes="Dr.")}),
        ({"job_title": "Owner"}, {"title": "Owner"}),
        ({"emails": (Labelled("i@x.lv", "home"),)}, {"emails": (Labelled("i@x.lv", "home"),)}),
        ({"phones": (Labelled("+371 1", "mobile"),)}, {"phones": (Labelled("+371 1", "mobile"),)}),
        ({"addresses": (Address("Iela 1", "Rīga"),)}, {"addresses": (Address("Iela 1", "Rīga"),)}),
        ({"messaging": (Labelled("skype:jo"),)}, {"messaging": (Labelled("skype:jo"),)}),
        ({"birthday": Birthday(4, 15)}, {"birthday": Birthday(4, 15)}),
        ({"note": "Likes tea"}, {"note": "Likes tea"}),
        ({"labels": ("Partner", "VIP")}, {"categories": ("Partner", "VIP")}),
        ({"photo": Photo(b"jpeg")}, {"photo": Photo(b"jpeg")}),
    ],
)
def test_each_field_goes_out_and_comes_in(change: dict[str, object], expected: dict[str, object]) -> None:
    changed = replace(ILZE, **change)
    for contact in (
        contact_of_person(changed, "", ""),
        contact_of_person(changed, "", "", contact_of_person(ILZE, "", "")),
    ):
        assert {name: getattr(contact, name) for name in expected} == expected
        back = apply_to_person(ILZE, fields_of_contact(contact), None)
        assert {name: getattr(back, name) for name in change} == change


def test_organization_and_department_are_the_text_of_org() -> None:
    card = replace(contact_of_person(ILZE, "Rīgas Siers", ""), department="Sales")
    assert fields_of_contact(card).organization == "Rīgas Siers"
    moved = contact_of_person(ILZE, "Valmieras Piens", "", card)
    assert (moved.organization, moved.department) == ("Valmieras Piens", "Sales")


def test_a_name_known_only_as_a_whole_gets_parts_that_address_books_can_sort() -> None:
    contact = contact_of_person(replace(ILZE, name="Anna Maria Berg", parts=Name()), "", "")
    assert contact.name == Name(family="Berg", given="Anna Maria")
    assert contact_of_person(replace(ILZE, name="Madonna", parts=Name()), "", "").name == Name(given="Madonna")


def test_drawing_twice_changes_nothing() -> None:
    once = contact_of_person(ILZE, "Rīgas Siers", "https://crm.example")
    assert contact_of_person(ILZE, "Rīgas Siers", "https://crm.example", once) == once
    company = Organization("o-1", 1, "Rīgas Siers", id=5, updated_at=NOW)
    drawn = contact_of_organization(company, "https://crm.example")
    assert contact_of_organization(company, "https://crm.example", drawn) == drawn


def test_the_link_to_the_crm_leaves_other_addresses_alone() -> None:
    assert contact_of_person(ILZE, "", "https://crm.example").url == "https://crm.example/persons/4"
    own = Contact("p-1", url="https://blog.example")
    assert contact_of_person(ILZE, "", "https://crm.example", own).url == "https://blog.example"


def test_a_company_is_named_by_its_organization() -> None:
    company = Organization("o-1", 1, "Rīgas Siers", phones=(Labelled("+371 6", "work"),), id=5)
    card = contact_of_organization(company, "")
    assert (card.kind, card.formatted_name, card.organization) == (
        ContactKind.ORGANIZATION,
        "Rīgas Siers",
        "Rīgas Siers",
    )
    renamed = replace(card, organization="Siers", formatted_name="Siers")
    assert apply_to_organization(company, fields_of_contact(renamed)).name == "Siers"
    assert fields_of_organization(company).phones == company.phones


def test_fields_of_a_person_say_what_the_card_says() -> None:
    assert fields_of_contact(contact_of_person(ILZE, "X", "")) == fields_of_person(ILZE, "X")


def test_a_label_is_a_group_of_those_who_bear_it() -> None:
    label = Label("l-1", "VIP", id=3)
    card = contact_of_label(label, ("b", "a"))
    assert (card.kind, card.formatted_name, card.members) == (ContactKind.GROUP, "VIP", ("b", "a"))
    assert contact_of_label(label, ("a", "c"), replace(card, members=("x", "a"))).members == ("a", "c")
