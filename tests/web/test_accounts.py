"""My accounts: connect, choose, preview, start, pause, stop, reconnect, forget — all without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import html5lib
import pytest
from werkzeug.test import TestResponse

from bridge.core.activity import Visibility
from bridge.core.scope import ConflictPolicy, Direction, FlowKind, PrivatePolicy
from bridge.errors import TemporaryError
from bridge.providers.memory.misbehaviour import Call, Fault, Raises
from bridge.services.connections import NewAccount
from bridge.services.queue import Trigger
from bridge.services.status import Condition
from bridge.store import connections
from bridge.store.connections import Flow
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState, ProblemKind
from tests.web.conftest import Browser
from tests.web.sync_house import ADDRESS, SECRET, SyncHouse, furnished

SCRIPT = {"X-Requested-With": "fetch"}
CALENDAR, CONTACTS = FlowKind.CALENDAR, FlowKind.CONTACTS
EVERY = {
    "calendar-direction": "two-way",
    "calendar-edits_come_back": "y",
    "calendar-types": ["call", "meeting", "task", "deadline"],
    "calendar-default_type": "meeting",
    "calendar-private": "as-private",
    "calendar-include_links": "y",
    "calendar-visibility": "everyone",
}


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[SyncHouse]:
    house = furnished(sqlite_database, tmp_path)
    yield house
    house.close()


@pytest.fixture
def anna(house: SyncHouse) -> Browser:
    return signed_in(house, "anna")


def signed_in(house: SyncHouse, login: str) -> Browser:
    browser = house.browser()
    assert browser.sign_in(login).status_code == 303
    return browser


def followed(browser: Browser, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"])


def connect(browser: Browser, **changes: str) -> TestResponse:
    return browser.post("/accounts/new", {"provider": "memory", "address": ADDRESS, "secret": SECRET} | changes)


def options(house: SyncHouse, number: int, kind: FlowKind = CALENDAR) -> Flow:
    return house.shown(number).flow(kind)


def problem(answer: TestResponse) -> str:
    found = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    return re.sub(r"\s+", " ", found[1]).strip() if found else ""


# From the address to the first sync


def test_an_account_is_connected_mapped_previewed_and_started(house: SyncHouse, anna: Browser) -> None:
    assert "No account is connected yet" in anna.get("/accounts/").text
    asked = anna.post("/accounts/new/find", {"address": ADDRESS, "kind": ""})
    assert (asked.status_code, f'value="{ADDRESS}"' in asked.text) == (200, True)
    choices = followed(anna, connect(anna))
    assert all(name in choices.text for name in ("Work", "Home", "Holidays"))
    assert choices.text.count("read-only") == 1
    page = followed(anna, anna.post("/accounts/1/choose/calendar", {"wanted": "/work"}))
    assert "Choose settings" in page.text
    house.activity("Call Anna")
    house.event("Lunch")
    preview = anna.get("/accounts/1/preview").text
    assert "Call Anna" in preview
    assert "<strong>1</strong> created there" in preview
    assert not [each for each in house.calendar.resources.values() if each.object.summary == "Call Anna"]
    started = followed(anna, anna.post("/accounts/1/start", {"confirmed": "yes"}))
    assert "First sync 0 %" in started.text
    assert [order.trigger for order in house.queue.waiting()] == [Trigger.MANUAL]
    house.run(1)
    state = anna.get("/accounts/1/state").text
    assert "Up to date" in state
    assert "data-refresh" in state
    assert sorted(each.object.summary for each in house.calendar.resources.values()) == ["Call Anna", "Lunch"]


def test_what_would_happen_is_filtered(house: SyncHouse, anna: Browser) -> None:
    number = house.connected()
    house.connections.choose(None, number, CALENDAR, "/work")
    house.connections.change_flow(None, number, CALENDAR, lambda flow: replace(flow, types=frozenset({"meeting"})))
    house.activity("Call Anna")
    house.event("Lunch")
    page = anna.get(f"/accounts/{number}/preview?action=left+out").text
    assert "Call Anna" in page
    assert "Lunch" not in page
    assert "Select this type in the settings." in page


def test_nothing_starts_unconfirmed(house: SyncHouse, anna: Browser) -> None:
    number = house.connected()
    house.connections.choose(None, number, CALENDAR, "/work")
    answer = anna.post(f"/accounts/{number}/start")
    assert answer.status_code == 409
    assert problem(answer) == "What this sync will do has not been confirmed yet. Look at the preview, then start it."
    assert house.shown(number).connection.state is ConnectionState.CHOOSING


def test_how_far_a_first_sync_is(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    with house.database.write() as session:
        connections.set_progress(session, options(house, number).id, 34, 100)
    state = anna.get(f"/accounts/{number}/state").text
    assert "First sync 34 %" in state
    assert re.search(r'<progress max="100" value="34"', state)
    assert "<noscript>" in anna.get(f"/accounts/{number}").text


# What can go wrong with an account (R1, R2)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("imap.example.com", "IMAP and POP accounts hold mail"),
        ("imaps://mail.example.com", "IMAP and POP accounts hold mail"),
        ("pop3.example.com", "IMAP and POP accounts hold mail"),
        ("me@gmail.com", "Accounts of Google cannot be connected here"),
        ("me@outlook.com", "Accounts of Microsoft 365 cannot be connected here"),
        ("me@hotmail.se", "Accounts of Microsoft 365 cannot be connected here"),
    ],
)
def test_what_is_no_calendar_account_is_refused_with_a_sentence(anna: Browser, address: str, told: str) -> None:
    answer = anna.post("/accounts/new/find", {"address": address, "kind": ""})
    assert answer.status_code == 422
    assert told in problem(answer)
    assert f'value="{address}"' in answer.text


@pytest.mark.parametrize("sent", [{"address": ""}, {"address": "x" * 321}, {"address": "a\nb"}, {"kind": "nonsense"}])
def test_nonsense_instead_of_an_address(anna: Browser, sent: dict[str, str]) -> None:
    answer = anna.post("/accounts/new/find", {"address": ADDRESS, "kind": ""} | sent)
    assert answer.status_code == 422
    assert re.search(r'class="error" id="\w+-error">[^<]+', answer.text)


def test_a_wrong_password_is_told_with_its_remedy_and_not_sent_back(anna: Browser, house: SyncHouse) -> None:
    answer = connect(anna, secret="wrong secret")
    assert answer.status_code == 422
    assert problem(answer) == "The service does not accept this sign-in."
    assert "wrong secret" not in answer.text
    assert f'value="{ADDRESS}"' in answer.text
    assert house.connections.all(None) == []


def test_a_missing_consent_is_named(anna: Browser, house: SyncHouse) -> None:
    house.account.lacks = "calendars.readwrite"
    assert problem(connect(anna)) == "Permission missing: calendars.readwrite."


def test_a_service_in_trouble(anna: Browser, house: SyncHouse) -> None:
    house.remote.misbehave(Fault(Call.CHECK, Raises(TemporaryError("The service is busy.", remedy="Try again."))))
    answer = connect(anna)
    assert (answer.status_code, problem(answer)) == (422, "The service is busy. Try again.")


@pytest.mark.parametrize(
    "sent",
    [
        {"secret": ""},
        {"secret": "x" * 10_001},
        {"address": "x" * 321},
        {"username": "a\nb"},
        {"url": "x" * 2_001},
        {"name": "x" * 256},
    ],
)
def test_nonsense_instead_of_credentials(anna: Browser, house: SyncHouse, sent: dict[str, str]) -> None:
    answer = connect(anna, **sent)
    assert answer.status_code == 422
    assert house.connections.all(None) == []


def test_no_address_at_all_and_an_unknown_kind(anna: Browser) -> None:
    assert connect(anna, address="").status_code == 422
    assert (
        problem(connect(anna, provider="smoke"))
        == "There are no accounts of this kind here. Choose another kind of account."
    )


def test_an_account_is_connected_once(anna: Browser) -> None:
    connect(anna)
    again = connect(anna)
    assert again.status_code == 422
    assert problem(again) == "This account is connected already. Change its options, or reconnect it."


# Choosing


def test_what_can_only_be_read_is_refused_where_we_would_write(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    answer = anna.post(f"/accounts/{number}/choose/calendar", {"wanted": "/holidays"})
    assert answer.status_code == 422
    assert "can only be read" in problem(answer)


def test_contacts_are_chosen_and_left(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    assert "People" in anna.get(f"/accounts/{number}/choose/contacts").text
    assert "People" in followed(anna, anna.post(f"/accounts/{number}/choose/contacts", {"wanted": "/people"})).text
    assert options(house, number, CONTACTS).enabled
    anna.post(f"/accounts/{number}/choose/contacts", {"wanted": "none"})
    assert not options(house, number, CONTACTS).enabled


@pytest.mark.parametrize(("wanted", "status"), [("", 422), ("/nowhere", 422), ("x" * 5_000, 422), ("<b>", 422)])
def test_a_calendar_that_there_is_not(anna: Browser, house: SyncHouse, wanted: str, status: int) -> None:
    number = house.connected()
    answer = anna.post(f"/accounts/{number}/choose/calendar", {"wanted": wanted})
    assert answer.status_code == status
    assert problem(answer)
    assert "<b>" not in answer.text
    assert anna.get(f"/accounts/{number}/choose/moons").status_code == 404
    assert anna.post(f"/accounts/{number}/choose/moons", {"wanted": "none"}).status_code == 404


def test_calendars_that_cannot_be_listed(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    house.account.revoked = True
    answer = anna.get(f"/accounts/{number}/choose/calendar")
    assert (answer.status_code, problem(answer)) == (502, "The service does not accept this sign-in.")


# Options, saved at once (R4)


def test_every_option_of_a_calendar(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    house.connections.choose(None, number, CALENDAR, "/work")
    sent = EVERY | {
        "calendar-direction": "one-way",
        "calendar-types": ["call"],
        "calendar-default_type": "task",
        "calendar-private": "skip",
        "calendar-visibility": "owner",
    }
    del sent["calendar-edits_come_back"], sent["calendar-include_links"]
    page = followed(anna, anna.post(f"/accounts/{number}/options/calendar", sent))
    assert "Saved." in page.text
    flow = options(house, number)
    assert (flow.direction, flow.types, flow.default_type) == (Direction.ONE_WAY, frozenset({"call"}), "task")
    assert (flow.private, flow.visibility) == (PrivatePolicy.SKIP, Visibility.OWNER)
    assert (flow.edits_come_back, flow.include_links) == (False, False)
    anna.post(f"/accounts/{number}/options/calendar", EVERY)
    assert options(house, number).types is None  # all, and those that will be added
    assert options(house, number).edits_come_back
    anna.post(f"/accounts/{number}/options/calendar", EVERY | {"calendar-types": []})
    assert options(house, number).types == frozenset()


def test_every_option_of_contacts_and_of_the_connection(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    path = f"/accounts/{number}/options"
    anna.post(f"{path}/contacts", {"contacts-direction": "one-way", "contacts-visibility": "owner"})
    flow = options(house, number, CONTACTS)
    assert (flow.direction, flow.visibility) == (Direction.ONE_WAY, Visibility.OWNER)
    sent = {"connection-name": "Mine", "connection-policy": "ask", "connection-interval": "900"}
    anna.post(f"{path}/connection", sent)
    connection = house.shown(number).connection
    assert (connection.name, connection.policy, connection.interval) == ("Mine", ConflictPolicy.ASK, 900)


@pytest.mark.parametrize(
    ("what", "sent"),
    [
        ("calendar", {"calendar-direction": "sideways"}),
        ("calendar", {"calendar-types": ["call", "dance"]}),
        ("calendar", {"calendar-default_type": "dance"}),
        ("calendar", {"calendar-private": ""}),
        ("calendar", {"calendar-visibility": "x" * 9_999}),
        ("contacts", {"contacts-direction": "up", "contacts-visibility": "owner"}),
        ("connection", {"connection-name": "", "connection-policy": "ask", "connection-interval": "0"}),
        ("connection", {"connection-name": "x" * 256, "connection-policy": "ask", "connection-interval": "0"}),
        ("connection", {"connection-name": "x", "connection-policy": "ask", "connection-interval": "7"}),
        ("connection", {"connection-name": "x", "connection-policy": "win", "connection-interval": "0"}),
    ],
)
def test_nonsense_instead_of_an_option(anna: Browser, house: SyncHouse, what: str, sent: dict[str, Any]) -> None:
    number = house.connected()
    house.connections.choose(None, number, CALENDAR, "/work")
    before = house.shown(number)
    whole = (EVERY if what == "calendar" else {}) | sent
    page = anna.post(f"/accounts/{number}/options/{what}", whole)
    assert page.status_code == 422
    answer = anna.post(f"/accounts/{number}/options/{what}", whole, headers=SCRIPT)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) <= set(sent)
    assert house.shown(number).flows == before.flows
    assert house.shown(number).connection == before.connection
    assert anna.post(f"/accounts/{number}/options/weather", whole).status_code == 404


def test_the_script_is_told_in_place(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    path = f"/accounts/{number}/options/calendar"
    same = anna.post(path, EVERY | {"calendar-private": "as-public"}, headers=SCRIPT)
    assert same.json == {"message": "Saved."}
    moved = anna.post(path, EVERY | {"calendar-direction": "one-way"}, headers=SCRIPT)
    assert moved.json == {"message": "Saved.", "reload": True}


def test_a_change_that_takes_something_away_asks_first(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    house.activity("Call Anna")
    house.run(number)
    path = f"/accounts/{number}"
    told = anna.post(f"{path}/options/calendar", EVERY | {"calendar-types": ["meeting"]}, headers=SCRIPT)
    assert told.json == {"message": "Saved. Look at what this would do, and start it again.", "reload": True}
    page = anna.get(path).text
    assert "Stopped: needs your decision" in page
    assert f'href="{path}/preview"' in page
    assert "<strong>1</strong> deleted there" in anna.get(f"{path}/preview").text
    anna.post(f"{path}/start", {"confirmed": "yes"})
    assert house.shown(number).connection.confirmed


def test_what_the_company_has_fixed_is_locked(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    house.connections.choose(None, number, CALENDAR, "/work")
    house.company.set(None, "calendar.private", "skip", forced=True)
    house.company.set(None, "calendar.types", ["call"], forced=True)
    page = anna.get(f"/accounts/{number}").text
    assert page.count("Set by your administrator for everybody.") == 2
    assert len(re.findall(r'<input[^>]*disabled[^>]*name="calendar-private"', page)) == 3
    anna.post(
        f"/accounts/{number}/options/calendar",
        EVERY | {"calendar-private": "as-public", "calendar-visibility": "owner"},
    )
    flow = options(house, number)
    assert (flow.private, flow.types) == (PrivatePolicy.SKIP, frozenset({"call"}))
    assert flow.visibility is Visibility.OWNER


def test_a_missing_permission_is_named_with_who_grants_it(anna: Browser, house: SyncHouse) -> None:
    number = house.connected()
    house.principals.change("anna", lambda user: replace(user, may_add_people=False))
    house.connections.choose(None, number, CONTACTS, "/people")
    page = anna.get(f"/accounts/{number}").text
    assert "a permission that is missing: add people." in page
    assert "An administrator can grant it: Zane Boss." in page
    answer = anna.post(f"/accounts/{number}/start", {"confirmed": "yes"})
    assert answer.status_code == 403
    assert "needs the permission “add people”, which Anna Ozola does not have. An administrator can" in problem(answer)


# What ends a sync, and takes it up again (R3)


def test_pause_and_go_on(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    assert "Paused by you" in followed(anna, anna.post(f"/accounts/{number}/pause")).text
    page = followed(anna, anna.post(f"/accounts/{number}/start")).text
    assert "Paused by you" not in page
    assert house.shown(number).connection.state is ConnectionState.ACTIVE


def test_a_pause_by_an_administrator_is_theirs_to_end(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    zane = signed_in(house, "zane")
    zane.post(f"/accounts/{number}/pause")
    page = anna.get(f"/accounts/{number}").text
    assert "Paused by admin" in page
    assert f"/accounts/{number}/sync" not in page
    assert anna.post(f"/accounts/{number}/start").status_code == 403
    zane.post(f"/accounts/{number}/start")
    assert not house.shown(number).connection.paused_by_admin


def test_sync_now_waits_in_the_queue_once(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    for _ in range(3):
        followed(anna, anna.post(f"/accounts/{number}/sync"))
    assert len(house.queue.waiting()) == 1


def test_stopped_and_reconnected_without_a_duplicate(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    house.activity("Call Anna")
    house.run(number)
    page = followed(anna, anna.post(f"/accounts/{number}/stop"))
    assert "Previously synced" in page.text
    assert followed(anna, anna.post(f"/accounts/{number}/reconnect")).status_code == 200
    assert options(house, number).enabled
    anna.post(f"/accounts/{number}/start", {"confirmed": "yes"})
    house.run(number)
    assert len(house.calendar.resources) == 1


def test_reconnected_with_a_new_password(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    house.account.secret = "another one"
    answer = anna.post(f"/accounts/{number}/reconnect")
    assert (answer.status_code, problem(answer)) == (422, "The service does not accept this sign-in.")
    assert anna.get(f"/accounts/{number}/reconnect").status_code == 200
    assert anna.post(f"/accounts/{number}/reconnect", {"secret": "x" * 10_001}).status_code == 422
    assert anna.post(f"/accounts/{number}/reconnect", {"secret": "another one"}).status_code == 303


def test_forgotten(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    house.activity("Call Anna")
    house.run(number)
    followed(anna, anna.post(f"/accounts/{number}/remove"))
    assert house.connections.all(None) == []
    assert len(house.calendar.resources) == 1


def test_each_state_has_its_words_and_its_button(anna: Browser, house: SyncHouse) -> None:
    number = house.running()

    def trouble(problem: ProblemKind | None, **more: Any) -> str:
        with house.database.write() as session:
            found = connections.connection(session, number, lock=True)
            assert found is not None
            connections.save_connection(session, replace(found, problem=problem, problem_text="No luck.", **more))
        return anna.get(f"/accounts/{number}").text

    later = house.clock.now() + timedelta(hours=1)
    assert "Waiting (next try 12:00" in trouble(ProblemKind.WAITING, retry_at=later)
    page = trouble(ProblemKind.SIGN_IN)
    assert "Reconnect needed" in page
    assert f"/accounts/{number}/reconnect" in page
    assert f"/health/{number}/decision" in trouble(ProblemKind.DECISION)
    assert house.shown(number).status.condition is Condition.DECISION


# Who may do what


def test_names_from_elsewhere_are_text(anna: Browser, house: SyncHouse) -> None:
    markup = "<script>alert(1)</script>"
    house.account.add_calendar("/odd", markup)
    number = house.connected()
    house.connections.change(None, number, lambda connection: replace(connection, name=markup))
    house.connections.choose(None, number, CALENDAR, "/odd")
    house.activity(markup)
    for path in (
        "/accounts/",
        f"/accounts/{number}",
        f"/accounts/{number}/choose/calendar",
        f"/accounts/{number}/preview",
    ):
        page = anna.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_pages_are_valid_and_have_no_inline_script(anna: Browser, house: SyncHouse) -> None:
    number = house.running()
    stopped = house.connections.add(None, "anna", NewAccount("memory", ADDRESS, "https://other.example", secret=SECRET))
    house.connections.stop(None, stopped.id)
    for path in ("/accounts/", "/accounts/new", f"/accounts/{number}", f"/accounts/{number}/reconnect"):
        page = anna.get(path).text
        html5lib.HTMLParser(strict=True).parse(page)
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", page)
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for label in re.findall(r'<label[^>]* for="([^"]+)"', page):
            assert label in ids
