"""Why? Each answer with the button that does something about it (R20), and nothing told that must not be (R12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import html5lib
import pytest

from bridge.core.activity import Visibility
from bridge.core.event import Privacy
from bridge.core.person import Person
from bridge.core.scope import FlowKind, PrivatePolicy
from bridge.errors import Refused
from bridge.providers.memory.misbehaviour import Call, Fault, Raises
from bridge.store.database import Database
from tests.harness import CRM
from tests.web.conftest import Browser
from tests.web.sync_house import SyncHouse, furnished
from tests.web.test_accounts import followed, signed_in

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[SyncHouse]:
    house = furnished(sqlite_database, tmp_path)
    yield house
    house.close()


@pytest.fixture
def anna(house: SyncHouse) -> Browser:
    return signed_in(house, "anna")


def asked(browser: Browser, question: str) -> str:
    answer = browser.get("/why", query_string={"q": question})
    assert answer.status_code == 200
    html5lib.HTMLParser(strict=True).parse(answer.text)
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main
    return main[0]


def test_the_box_is_on_every_page(anna: Browser) -> None:
    for path in ("/", "/accounts/", "/health/", "/journal", "/profile/"):
        assert '<form class="search" action="/why" method="get" role="search">' in anna.get(path).text


def test_nothing_is_asked(anna: Browser) -> None:
    assert "There is nothing of that title" not in asked(anna, "")
    assert "At most 255 characters, please." in asked(anna, "x" * 256)


def test_nothing_fits(anna: Browser, house: SyncHouse) -> None:
    house.running()
    assert "There is nothing of that title" in asked(anna, "Nothing like it")


def test_where_it_is(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    activity = house.activity("Call Bob")
    house.run(number)
    for question in ("Call", str(activity.id), activity.uid, f"/dav/anna/activities/{activity.uid}.ics"):
        page = asked(anna, question)
        assert "Activity: Call Bob" in page
        assert "state good" in page
    assert "in sync" in asked(anna, "Call")


def test_a_type_that_is_not_selected(house: SyncHouse, anna: Browser) -> None:
    number = house.running(types=frozenset({"meeting"}))
    house.activity("Call Bob")
    page = asked(anna, "Call")
    assert "Activities of the type “call” are not synced." in page
    assert f'href="/accounts/{number}#calendar-types"' in page
    assert 'id="calendar-types"' in anna.get(f"/accounts/{number}").text


def test_a_private_one(house: SyncHouse, anna: Browser) -> None:
    number = house.running(private=PrivatePolicy.SKIP)
    house.activity("Doctor", privacy=Privacy.PRIVATE)
    page = asked(anna, "Doctor")
    assert "private events are not synced" in page
    assert f'href="/accounts/{number}#calendar-private"' in page


def test_one_in_the_past(house: SyncHouse, anna: Browser) -> None:
    house.running()
    house.activity("Old", due_date=date(2026, 1, 5))
    assert "only what lies in the future is taken up" in asked(anna, "Old")


def test_contacts_that_are_not_synced(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    house.contacts.create_person(CRM, Person("", house.principals.find("anna").id, "Carl"))
    page = asked(anna, "Carl")
    assert "This connection syncs no contacts." in page
    assert f'href="/accounts/{number}#' in page


def test_not_started_and_paused(house: SyncHouse, anna: Browser) -> None:
    number = house.connected()
    house.connections.choose(None, number, FlowKind.CALENDAR, "/work")
    house.activity("Call Bob")
    assert f'href="/accounts/{number}"' in asked(anna, "Call")
    house.connections.start(None, number, confirmed=True)
    house.connections.pause(None, number)
    page = asked(anna, "Call")
    assert "This connection is paused." in page
    assert f'action="/accounts/{number}/start"' in page
    followed(anna, anna.post(f"/accounts/{number}/start"))
    page = asked(anna, "Call")
    assert "The next run has not happened yet." in page
    assert f'href="/accounts/{number}">Look how far it is' in page
    house.run(number)
    house.activity("Next call")
    assert f'action="/accounts/{number}/sync"' in asked(anna, "Next")


def test_an_account_that_has_to_be_connected_again(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    house.activity("Call Bob")
    house.account.revoked = True
    house.run(number)
    page = asked(anna, "Call")
    assert "The service does not accept this sign-in." in page
    assert f'href="/accounts/{number}/reconnect"' in page


def test_one_that_failed(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    house.activity("Call Bob")
    house.remote.misbehave(Fault(Call.CREATE, Raises(Refused("No room there.", remedy="Make some room."))))
    house.run(number)
    page = asked(anna, "Call")
    assert "No room there." in page
    assert f'href="/health/{number}"' in page


def test_a_deleted_one_and_its_undo(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Bob")
    house.activities.delete(CRM, activity.id)
    page = asked(anna, str(activity.id))
    assert "It was deleted by" in page
    found = re.search(r'action="(/journal/\d+/undo)"', page)
    assert found
    followed(anna, anna.post(found[1], {"next": "/why?q=Call"}))
    assert not house.activities.get(activity.id).deleted
    assert "It was deleted by" not in asked(anna, "Call")


def test_what_only_the_account_has(house: SyncHouse, anna: Browser) -> None:
    number = house.running(private=PrivatePolicy.SKIP)
    house.event("Dentist", privacy=Privacy.PRIVATE)
    house.run(number)
    page = asked(anna, "Dentist")
    assert "Event <strong>Dentist</strong>" in page
    assert f'href="/accounts/{number}#calendar-private"' in page


# What others own (R12)


def test_a_colleagues_secret_is_not_found_by_what_it_says(house: SyncHouse, anna: Browser) -> None:
    house.running()
    secret = house.activity("Merger with Acme", owner="bob", visibility=Visibility.OWNER)
    person = house.contacts.create_person(
        CRM, Person("", house.principals.find("bob").id, "Secret Person", visibility=Visibility.OWNER)
    )
    for question in ("Merger", "Acme", "Secret"):
        assert "There is nothing of that title" in asked(anna, question)
    for question in (str(secret.id), secret.uid, person.uid):
        page = asked(anna, question)
        assert "Private" in page
        assert "Merger" not in page
        assert "Secret Person" not in page


def test_a_colleagues_open_one_is_explained(house: SyncHouse, anna: Browser) -> None:
    house.activity("Team lunch", owner="bob")
    page = asked(anna, "Team lunch")
    assert "Owned by bob" in page
    assert "It is owned by somebody else." in page


@pytest.mark.parametrize("privacy", [Privacy.PRIVATE, Privacy.CONFIDENTIAL])
def test_a_colleagues_private_one_has_no_title(house: SyncHouse, anna: Browser, privacy: Privacy) -> None:
    secret = house.activity("Doctor", owner="bob", privacy=privacy)
    assert "There is nothing of that title" in asked(anna, "Doctor")
    assert "Doctor" not in asked(anna, str(secret.id)).replace('value="Doctor"', "")


def test_a_colleagues_deletion_cannot_be_undone(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Team lunch", owner="bob")
    house.activities.delete(CRM, activity.id)
    page = asked(anna, str(activity.id))
    assert "/undo" not in page
    assert "Team lunch" not in page


def test_an_administrator_is_told_everything(house: SyncHouse) -> None:
    house.activity("Merger with Acme", owner="bob", visibility=Visibility.OWNER)
    assert "Merger with Acme" in asked(signed_in(house, "zane"), "Merger")


def test_everything_is_text(house: SyncHouse, anna: Browser) -> None:
    house.running()
    house.activity(MARKUP)
    page = asked(anna, MARKUP)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_others_connections_are_not_asked(house: SyncHouse) -> None:
    number = house.running()
    house.event("Dentist")
    house.run(number)
    bob = signed_in(house, "bob")
    page = asked(bob, "Dentist")
    assert "elsewhere" not in page
    assert replace(house.shown(number).connection).name not in page


# In the user's language


def test_reasons_are_told_in_the_users_language(house: SyncHouse, anna: Browser) -> None:
    house.running(types=frozenset({"meeting"}))
    house.activity("Call Bob")
    house.profiles.speak("anna", "lv")
    page = asked(anna, "Call")
    assert "“call”" in page
    assert "are not synced" not in page
    assert 'lang="en"' not in page
