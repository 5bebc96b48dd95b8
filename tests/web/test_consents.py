"""Connecting an account on the page of its service, without script: Google's consent, and all that can go wrong."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from bridge.core.scope import FlowKind
from bridge.providers.google.installation import ASK_IT, CONTACTS, FOR_CALENDARS, FOR_CONTACTS
from bridge.providers.google.provider import GoogleConnector
from bridge.providers.token import read_token
from bridge.services.account_finding import AccountFinding
from bridge.services.connections import Connections
from bridge.services.consents import LIFETIME, Consents
from bridge.services.status import Condition
from bridge.store import connections
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState, ProblemKind
from bridge.vault import FernetVault
from tests.fakes.google.server import ADDRESS, FakeGoogle, Fault, google
from tests.providers.servers import Reply
from tests.web.conftest import KEY, Browser, House

BEGIN, BACK = "/connections/google", "/connections/google/back"
EVERYTHING = (*FOR_CALENDARS, *FOR_CONTACTS, "openid")


class GoogleHouse(House):
    """A house whose users may have accounts at Google."""

    def __init__(self, database: Database, fake: FakeGoogle, *, configured: bool = True) -> None:
        super().__init__(database)
        self.fake = fake
        self.vault = FernetVault(KEY)
        known = fake.installation if configured else replace(fake.installation, client_id="", client_secret="")
        connector = GoogleConnector(known, self.clock, registered=lambda: None)
        self.finding = AccountFinding(["google", "caldav"])
        self.connections = Connections(database, self.clock, self.office.settings, self.vault, {"google": connector})
        parts = (KEY, self.vault, {"google": connector.oauth}, {"google": connector})
        self.consents = Consents(database, self.clock, *parts, self.connections)

    def secret(self, number: int) -> str:
        with self.database.read() as session:
            row = connections.connection(session, number)
        assert row is not None
        return self.vault.open(row.secret)

    def states(self) -> list[ConnectionState]:
        return [each.connection.state for each in self.connections.all(None)]


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with google() as (fake, _):
        yield fake


@pytest.fixture
def house(house: House, fake: FakeGoogle) -> GoogleHouse:
    return GoogleHouse(house.database, fake)


@pytest.fixture
def anna(house: GoogleHouse) -> Browser:
    return signed_in(house, "anna")


def signed_in(house: House, login: str) -> Browser:
    browser = house.browser()
    assert browser.sign_in(login).status_code == 303
    return browser


def ways(page: TestResponse) -> list[str]:
    """Where the buttons of the page lead, in their order."""
    return [
        html.unescape(found) for found in re.findall(r'class="button[^"]*" rel="nofollow" href="([^"]+)"', page.text)
    ]


def asked(there: TestResponse) -> dict[str, str]:
    assert there.status_code == 303, there.text
    return {name: texts[0] for name, texts in parse_qs(urlsplit(there.headers["Location"]).query).items()}


def leave(browser: Browser, way: int = 0, **query: Any) -> dict[str, str]:
    """Go to Google by one of the buttons: what Google is asked for."""
    return asked(browser.get(ways(browser.get(BEGIN, query_string=query))[way]))


def consent(fake: FakeGoogle, query: dict[str, str], *granted: str, address: str = ADDRESS) -> dict[str, str]:
    """What the browser brings back after its user has ticked these boxes."""
    fake.oauth.address = address
    fake.calendars.address = address
    fake.oauth.codes["code"] = (query["code_challenge"], query["redirect_uri"], granted)
    return {"state": query["state"], "code": "code"}


def come_back(browser: Browser, answer: dict[str, str]) -> TestResponse:
    return browser.get(BACK, query_string=answer)


def connect(fake: FakeGoogle, browser: Browser, *granted: str, **query: Any) -> TestResponse:
    return come_back(browser, consent(fake, leave(browser, **query), *(granted or EVERYTHING)))


def problem(answer: TestResponse) -> str:
    found = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", found[1]).strip()) if found else ""


# The way there


def test_from_the_address_to_the_choice_of_a_calendar(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    anna.get("/accounts/new")
    found = anna.post("/accounts/new/find", {"address": "anna@gmail.com", "kind": ""})
    assert found.status_code == 303
    page = anna.get(found.headers["Location"])
    assert "Choose the account anna@gmail.com there." in page.text
    assert "form" not in re.sub(r"<form[^>]*(sign-out|language)", "", page.text.split("<main")[1].split("</main")[0])
    query = asked(anna.get(ways(page)[0]))
    assert query["login_hint"] == "anna@gmail.com"
    assert query["redirect_uri"] == "http://127.0.0.1:8080/connections/google/back"
    back = come_back(anna, consent(fake, query, *EVERYTHING))
    assert back.status_code == 303
    choices = anna.get(back.headers["Location"])
    assert "Work" in choices.text or "anna@example.com" in choices.text
    shown = house.connections.show(None, 1)
    assert (shown.connection.address, shown.connection.provider) == (ADDRESS, "google")
    assert shown.status.condition is Condition.CHOOSE
    assert read_token(house.secret(1)).refresh_token == fake.oauth.refresh_token


@pytest.mark.parametrize(
    ("way", "scopes"), [(0, (*FOR_CALENDARS, *FOR_CONTACTS)), (1, FOR_CALENDARS), (2, FOR_CONTACTS)]
)
def test_only_what_is_wanted_is_asked_for(anna: Browser, way: int, scopes: tuple[str, ...]) -> None:
    assert leave(anna, way)["scope"].split() == [*scopes, "openid", "email"]


def test_contacts_alone_lead_to_the_choice_of_a_group(fake: FakeGoogle, anna: Browser) -> None:
    back = come_back(anna, consent(fake, leave(anna, 2), *FOR_CONTACTS, "openid"))
    assert back.headers["Location"] == "/accounts/1/choose/contacts"


def test_a_service_that_is_not_set_up_is_not_offered(house: GoogleHouse, fake: FakeGoogle) -> None:
    unknown = GoogleHouse(house.database, fake, configured=False)
    browser = signed_in(unknown, "anna")
    browser.get("/accounts/new")
    found = browser.post("/accounts/new/find", {"address": "anna@gmail.com", "kind": ""})
    assert found.status_code == 422
    assert "not set up" in problem(found)
    for path in (BEGIN, f"{BEGIN}/go?kind=calendar", BACK, "/connections/caldav", "/connections/<b>/back"):
        assert browser.get(path).status_code == 404


def test_nobody_leaves_who_is_not_signed_in(house: GoogleHouse) -> None:
    for path in (BEGIN, f"{BEGIN}/go?kind=calendar", BACK):
        assert "/sign-in" in house.browser().get(path).headers["Location"]


def test_nothing_wanted_is_a_mistake(anna: Browser) -> None:
    for query in ("", "kind=", "kind=mail", "kind=CALENDAR"):
        answer = anna.get(f"{BEGIN}/go?{query}")
        assert (answer.status_code, "Choose what this account is for." in problem(answer)) == (400, True)


def test_what_is_typed_is_text(anna: Browser) -> None:
    page = anna.get(BEGIN, query_string={"address": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.text
    assert anna.get(BEGIN, query_string={"address": "x\r\ny" * 900}).status_code == 200


# The way back


def refusals() -> list[tuple[str, dict[str, str], int, str]]:
    return [
        ("denied", {"error": "access_denied"}, 502, "Connect again and allow it"),
        ("policy", {"error": "admin_policy_enforced"}, 502, ASK_IT),
        ("trouble", {"error": "server_error"}, 403, "Google did not let you connect: server_error"),
        ("silent", {}, 403, "it gave no reason"),
    ]


@pytest.mark.parametrize(("_name", "answer", "status", "told"), refusals(), ids=[each[0] for each in refusals()])
def test_a_consent_that_was_not_given(
    house: GoogleHouse, anna: Browser, _name: str, answer: dict[str, str], status: int, told: str
) -> None:
    back = come_back(anna, {"state": leave(anna)["state"], **answer})
    assert (back.status_code, told in problem(back)) == (status, True), problem(back)
    assert len(ways(back)) == 3
    assert house.states() == []


def test_a_box_that_was_not_ticked_is_named(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    back = connect(fake, anna, *FOR_CALENDARS, "openid")
    assert f"see and change your contacts ({CONTACTS})" in problem(back)
    assert "leave every box ticked" in problem(back)
    back = connect(fake, anna, "openid")
    assert problem(back).count("https://www.googleapis.com/auth/") == 3
    assert house.states() == []


def test_a_state_that_was_made_up(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    answer = consent(fake, leave(anna), *EVERYTHING)
    for state in ("", "made up", "ä", "x" * 5000, "\x00"):
        back = come_back(anna, answer | {"state": state})
        assert (back.status_code, "was not begun in this browser" in problem(back)) == (403, True)
    assert "token" not in fake.calls
    assert house.states() == []


def test_a_state_works_once(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    answer = consent(fake, leave(anna), *EVERYTHING)
    assert come_back(anna, answer).status_code == 303
    again = come_back(anna, answer)
    assert (again.status_code, fake.calls.count("token")) == (403, 1)
    assert len(house.states()) == 1


def test_a_state_ends(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    answer = consent(fake, leave(anna), *EVERYTHING)
    house.clock.advance(LIFETIME + timedelta(seconds=1))
    assert come_back(anna, answer).status_code == 403
    assert house.states() == []


@pytest.mark.parametrize("login", ["anna", "bob"])
def test_a_state_belongs_to_its_session(house: GoogleHouse, fake: FakeGoogle, anna: Browser, login: str) -> None:
    """Nobody is made to connect somebody else's account by a link."""
    answer = consent(fake, leave(anna), *EVERYTHING)
    assert come_back(signed_in(house, login), answer).status_code == 403
    assert house.states() == []
    assert come_back(anna, answer).status_code == 303


def test_a_database_that_was_read_tells_neither_state_nor_verifier(
    house: GoogleHouse, fake: FakeGoogle, anna: Browser, house_file: Path
) -> None:
    query = leave(anna)
    stored = b"".join(file.read_bytes() for file in house_file.parent.glob("house.sqlite3*"))
    assert query["state"].encode() not in stored
    assert b"verifier" not in stored
    assert consent(fake, query, *EVERYTHING)


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        (Fault(Reply(503, {}, b"")), 503, "Google asks us to come back later"),
        (Fault(Reply(400, {}, b'{"error": "invalid_grant"}')), 502, "it was revoked, or has expired"),
        (Fault(Reply(401, {}, b'{"error": "invalid_client"}')), 502, "check the registration at Google"),
        (Fault(Reply(200, {}, b"<html>")), 503, "something else than JSON"),
        (Fault(Reply(503, {}, b""), lambda call, _: call == "calendar.calendarList.get"), 503, "come back later"),
    ],
)
def test_a_service_in_trouble(
    house: GoogleHouse, fake: FakeGoogle, anna: Browser, fault: Fault, status: int, told: str
) -> None:
    query = leave(anna)
    fake.faults.append(fault)
    back = come_back(anna, consent(fake, query, *EVERYTHING))
    assert (back.status_code, told in problem(back)) == (status, True), problem(back)
    assert house.states() == []
    assert connect(fake, anna).status_code == 303


def test_what_went_wrong_is_told_in_the_users_language(house: GoogleHouse, anna: Browser) -> None:
    house.profiles.speak("anna", "lv")
    back = come_back(anna, {"state": leave(anna)["state"], "error": "access_denied"})
    assert "lang=" not in problem(back)
    assert "skatīt jūsu kalendāru sarakstu" in problem(back)
    assert " and " not in problem(back)


# No duplicates (R3)


def broken(house: GoogleHouse, number: int) -> None:
    with house.database.write() as session:
        row = connections.connection(session, number, lock=True)
        assert row is not None
        connections.save_connection(session, replace(row, problem=ProblemKind.SIGN_IN, problem_text="Gone."))


def test_reconnecting_goes_on_with_the_connection(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    house.connections.choose(None, 1, FlowKind.CALENDAR, "default")
    broken(house, 1)
    fake.oauth.refresh_token = "refresh-2"
    begin = anna.get("/accounts/1/reconnect")
    assert begin.headers["Location"] == "/connections/google?connection=1"
    page = anna.get(begin.headers["Location"])
    query = asked(anna.get(ways(page)[0]))
    assert query["scope"].split()[:-2] == list(FOR_CALENDARS)
    assert query["login_hint"] == ADDRESS
    back = come_back(anna, consent(fake, query, *FOR_CALENDARS, "openid"))
    assert back.headers["Location"] == "/accounts/1"
    assert "The account is connected again." in anna.get("/accounts/1").text
    assert read_token(house.secret(1)).refresh_token == "refresh-2"
    shown = house.connections.show(None, 1)
    assert shown.connection.problem is None
    assert shown.flow(FlowKind.CALENDAR).enabled


def test_another_account_is_not_taken_for_it(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    before = house.secret(1)
    query = leave(anna, 2, connection=1)
    back = come_back(anna, consent(fake, query, *FOR_CONTACTS, "openid", address="other@example.com"))
    assert back.status_code == 409
    assert "You signed in as other@example.com, but this connection is to anna@example.com." in problem(back)
    assert "Choose anna@example.com there" in problem(back)
    assert house.secret(1) == before
    assert all("connection=1" in way for way in ways(back))


def test_adding_what_is_connected_already_signs_in_anew(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    fake.oauth.refresh_token = "refresh-2"
    assert connect(fake, anna).status_code == 303
    assert len(house.states()) == 1
    assert read_token(house.secret(1)).refresh_token == "refresh-2"


def test_an_account_is_the_same_under_another_spelling_and_under_an_alias(
    house: GoogleHouse, fake: FakeGoogle, anna: Browser
) -> None:
    connect(fake, anna)
    connect(fake, anna, address="sales@example.com")  # typed in; Google tells whose it is
    query = leave(anna, 2)
    assert come_back(anna, consent(fake, query, *FOR_CONTACTS, "openid", address=ADDRESS.upper())).status_code == 303
    query = leave(anna, 2, connection=1)
    assert come_back(anna, consent(fake, query, *FOR_CONTACTS, "openid", address=ADDRESS.title())).status_code == 303
    assert len(house.states()) == 1


def test_adding_what_was_stopped_adopts_it(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    house.connections.choose(None, 1, FlowKind.CALENDAR, "default")
    house.connections.stop(None, 1)
    back = connect(fake, anna)
    assert back.headers["Location"] == "/accounts/1"
    assert house.states() == [ConnectionState.CHOOSING]


def test_the_same_account_of_two_users_is_two_connections(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    connect(fake, signed_in(house, "bob"))
    assert [each.user.login for each in house.connections.all(None)] == ["anna", "bob"]


def test_a_connection_of_somebody_else_is_not_there(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    bob = signed_in(house, "bob")
    numbers = ("1", "7", "-1", "x", "99999999999999999999", "\uff11")
    for path, number in product((BEGIN, f"{BEGIN}/go"), numbers):
        assert bob.get(path, query_string={"connection": number, "kind": "calendar"}).status_code == 404


def test_a_connection_that_was_forgotten_meanwhile(house: GoogleHouse, fake: FakeGoogle, anna: Browser) -> None:
    connect(fake, anna)
    query = leave(anna, connection=1)
    house.connections.remove(None, 1)
    assert come_back(anna, consent(fake, query, *EVERYTHING)).status_code == 404
    assert house.states() == []


def test_endless_beginnings_end(anna: Browser) -> None:
    statuses = {anna.get(f"{BEGIN}/go?kind=calendar").status_code for _ in range(51)}
    assert statuses == {303, 409}
