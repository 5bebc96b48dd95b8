from __future__ import annotations

import re

import pytest

from bridge.core.activity import Activity
from bridge.core.contact import Labelled
from bridge.core.person import Person
from tests.harness import CRM
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

PAGE = "/contacts/duplicates/"


def add(house: House, login: str, name: str, email: str) -> Person:
    owner = house.principals.find(login).id
    return house.contacts.create_person(CRM, Person("", owner, name, emails=(Labelled(email),)))


@pytest.fixture
def twins(house: House) -> tuple[Person, Person]:
    return add(house, "anna", "Ilze Ozola", "ilze@example.com"), add(house, "anna", "I. Ozola", "ILZE@example.com")


def ids(found: tuple[Person, ...]) -> list[str]:
    return [str(each.id) for each in found]


def test_they_stand_side_by_side_with_reasons(anna: Browser, twins: tuple[Person, Person]) -> None:
    page = anna.get(PAGE).text
    check_html(page)
    assert "same e-mail: ilze@example.com" in page
    assert all(f'value="{each.id}"' in page for each in twins)
    assert "Ilze Ozola" in page
    assert "I. Ozola" in page


def test_they_are_merged_and_taken_apart(house: House, anna: Browser, twins: tuple[Person, Person]) -> None:
    kept, gone = twins
    visit = house.activities.create(CRM, Activity("", kept.owner_id, "Visit", person_id=gone.id))
    answer = anna.post(f"{PAGE}merge", {"person": ids(twins), "survivor": str(kept.id)})
    assert answer.headers["Location"] == PAGE
    assert house.contacts.person(gone.id).deleted
    assert house.activities.get(visit.id).person_id == kept.id
    page = anna.get(PAGE).text
    check_html(page)
    run = re.search(r'name="run" value="([^"]+)"', page)
    assert run
    assert anna.post("/undo", {"run": run[1], "back": PAGE}).headers["Location"] == PAGE
    assert not house.contacts.person(gone.id).deleted
    assert house.activities.get(visit.id).person_id == gone.id
    assert "same e-mail" in anna.get(PAGE).text


def test_they_are_kept_apart_and_suggested_again(anna: Browser, twins: tuple[Person, Person]) -> None:
    answer = anna.post(f"{PAGE}apart", {"person": ids(twins)})
    page = anna.get(answer.headers["Location"]).text
    check_html(page)
    assert "same e-mail" not in page
    anna.post(f"{PAGE}again", {"person": ids(twins)})
    assert "same e-mail" in anna.get(PAGE).text


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"person": "x"},
        {"survivor": "1"},
        {"person": ["1", "1"], "survivor": "1"},
        {"person": ["٣", "-1"], "survivor": "1e3"},
    ],
)
def test_less_than_two_are_not_merged(anna: Browser, twins: tuple[Person, Person], sent: dict[str, object]) -> None:
    for path in ("merge", "apart"):
        assert anna.post(f"{PAGE}{path}", sent).headers["Location"] == PAGE
    assert "same e-mail" in anna.get(PAGE).text


def test_others_persons_are_not_there(house: House, anna: Browser, twins: tuple[Person, Person]) -> None:
    theirs = add(house, "bob", "Ilze Ozola", "ilze@example.com")
    sent = {"person": [*ids(twins), str(theirs.id)], "survivor": str(twins[0].id)}
    for path in ("merge", "apart", "again"):
        assert anna.post(f"{PAGE}{path}", sent).status_code == 404
        assert (
            anna.post(f"{PAGE}{path}", {"person": [str(theirs.id), "999999"], "survivor": "999999"}).status_code == 404
        )
    assert not house.contacts.person(theirs.id).deleted
    assert not house.contacts.person(twins[1].id).deleted
    assert str(theirs.id) not in re.findall(r'name="person" value="(\d+)"', anna.get(PAGE).text)


def test_there_may_be_none(anna: Browser) -> None:
    page = anna.get(PAGE).text
    check_html(page)
    assert "No contacts look like one person." in page
