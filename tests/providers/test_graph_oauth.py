"""Connecting an account at Microsoft: the consent of its user or an administrator, and what can go wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotAllowed, PermissionMissing, SignInNeeded, TemporaryError
from bridge.ports import Registration, SignIn
from bridge.providers.graph.installation import (
    ASK_IT,
    CALENDARS,
    CONTACTS,
    FOR_CALENDARS,
    FOR_CONTACTS,
    Installation,
    missing,
)
from bridge.providers.graph.provider import GraphConnector
from bridge.providers.oauth import CodeFlow
from bridge.providers.token import read_token
from tests.fakes.google.oauth import CLIENT_ID, CLIENT_SECRET
from tests.fakes.graph.server import CUT, FakeGraph, Fault, graph
from tests.harness import FixedClock
from tests.providers.graph_world import CalendarWorld
from tests.providers.servers import Reply

BACK = "https://dav.example.com/connections/graph/back"


@pytest.fixture
def fake() -> Iterator[FakeGraph]:
    with graph() as (fake, _):
        yield fake


@pytest.fixture
def oauth(fake: FakeGraph) -> CodeFlow:
    return GraphConnector(fake.installation, FixedClock()).oauth()


def query_of(address: str) -> dict[str, str]:
    return {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}


def consent(fake: FakeGraph, address: str, *granted: str) -> dict[str, str]:
    """What a browser brings back after its user has accepted this."""
    query = query_of(address)
    fake.oauth.codes["code"] = (query["code_challenge"], query["redirect_uri"], granted)
    return {"state": query["state"], "code": "code"}


def test_a_consent_becomes_a_token_that_works(fake: FakeGraph, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CALENDAR])
    secret = oauth.finish(BACK, trip, consent(fake, address, *FOR_CALENDARS))
    token = read_token(secret)
    assert token.scopes == ("https://graph.microsoft.com/Calendars.ReadWrite",)
    assert token.refresh_token
    provider = GraphConnector(fake.installation, FixedClock()).open(SignIn(secret=secret), lambda _: None)
    assert (provider.check().address, provider.check().name) == ("anna@example.com", "Anna")
    assert [each.name for each in provider.calendars()] == ["Calendar"]
    with pytest.raises(PermissionMissing, match="your contacts"):
        provider.groups()


def test_a_browser_is_sent_to_the_directory_with_everything_that_is_needed(fake: FakeGraph, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CONTACTS], address="anna@example.com")
    assert address.startswith(f"{fake.url}/common/authorize?")
    query = query_of(address)
    assert query.pop("code_challenge")
    assert query == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": f"{CONTACTS} User.Read MailboxSettings.Read offline_access openid email",
        "state": trip.state,
        "code_challenge_method": "S256",
        "response_mode": "query",
        "prompt": "select_account",
        "login_hint": "anna@example.com",
    }


def test_the_directory_is_that_of_the_configuration_or_of_the_page(fake: FakeGraph) -> None:
    own = replace(fake.installation, tenant="contoso.example")
    connector = GraphConnector(own, FixedClock())
    assert "/contoso.example/authorize" in connector.oauth().start(BACK, [FlowKind.CALENDAR])[0]
    given = Registration(CLIENT_ID, CLIENT_SECRET, "fabrikam.example")
    connector = GraphConnector(own, FixedClock(), registered=lambda: given)
    assert "/fabrikam.example/authorize" in connector.oauth().start(BACK, [FlowKind.CALENDAR])[0]
    connector.open(SignIn(secret=fake.secret(access_token="")), lambda _: None).check()
    assert not GraphConnector(Installation(), FixedClock()).oauth().is_set_up


@pytest.mark.parametrize(
    ("tenant", "link"),
    [("common", "organizations"), ("", "organizations"), ("consumers", "organizations"), ("contoso.example", None)],
)
def test_an_administrator_is_led_to_a_directory_of_an_organization(tenant: str, link: str | None) -> None:
    known = Installation(CLIENT_ID, tenant=tenant)
    assert known.admin_consent == f"https://login.microsoftonline.com/{link or tenant}/adminconsent?client_id=client-id"


@pytest.mark.parametrize(
    ("answer", "error", "remedy"),
    [
        ({"error": "access_denied", "error_description": "AADSTS65004: User declined."}, PermissionMissing, ASK_IT),
        ({"error": "access_denied", "error_description": "AADSTS90094: admin"}, PermissionMissing, "/adminconsent"),
        ({"error": "consent_required", "error_description": "AADSTS65001"}, PermissionMissing, "/adminconsent"),
        ({"error": "access_denied", "error_description": "AADSTS53003: blocked"}, PermissionMissing, ASK_IT),
        ({"error": "server_error"}, NotAllowed, "Begin again"),
        ({}, NotAllowed, "Begin again"),
        ({"state": "another", "code": "code"}, NotAllowed, "Begin again"),
    ],
)
def test_a_browser_without_a_consent(
    oauth: CodeFlow, answer: dict[str, str], error: type[BridgeError], remedy: str
) -> None:
    _, trip = oauth.start(BACK, [FlowKind.CALENDAR])
    with pytest.raises(error) as caught:
        oauth.finish(BACK, trip, {"state": trip.state} | answer)
    assert remedy in caught.value.remedy


def told(status: int, error: str, description: str = "") -> Reply:
    return Reply(status, {}, json.dumps({"error": error, "error_description": description}).encode())


@pytest.mark.parametrize(
    ("reply", "error", "remedy"),
    [
        (told(400, "invalid_grant", "AADSTS700082: The refresh token has expired."), SignInNeeded, "Reconnect"),
        (told(400, "invalid_grant", "AADSTS65001: consent"), PermissionMissing, "/adminconsent"),
        (told(400, "invalid_grant", "AADSTS53003: Access has been blocked."), PermissionMissing, ASK_IT),
        (told(400, "interaction_required", "AADSTS50076: multi-factor"), SignInNeeded, "Reconnect"),
        (told(401, "invalid_client", "AADSTS7000222: The secret has expired."), PermissionMissing, "[graph]"),
        (told(400, "unauthorized_client", "AADSTS700016: not found"), PermissionMissing, "[graph]"),
        (Reply(503, {}, b"<html>"), TemporaryError, ""),
        (Reply(200, {}, b'{"token_type": "Bearer"}'), TemporaryError, ""),
        (CUT, TemporaryError, ""),
    ],
)
def test_what_the_token_endpoint_says(fake: FakeGraph, reply: Reply, error: type[BridgeError], remedy: str) -> None:
    fake.faults.append(Fault(reply, lambda call, _: call == "token"))
    with pytest.raises(error) as caught:
        CalendarWorld(fake).provider(access_token="").check()
    assert remedy in caught.value.remedy


def test_each_renewal_brings_another_refresh_token_which_is_kept(fake: FakeGraph) -> None:
    world = CalendarWorld(fake)
    provider = world.provider(access_token="")
    provider.check()
    first = json.loads(world.kept[-1])
    assert first["refresh_token"] != "refresh-1"
    fake.oauth.good.clear()
    provider.check()
    assert json.loads(world.kept[-1])["refresh_token"] != first["refresh_token"]
    assert fake.oauth.refreshes == 2


@pytest.mark.parametrize(
    ("granted", "lacking"),
    [
        (["https://graph.microsoft.com/Calendars.ReadWrite"], [CONTACTS]),
        (["calendars.readwrite", "Contacts.ReadWrite"], []),
        (["Calendars.ReadWrite.Shared", "Contacts.ReadWrite.Shared"], []),
        (["Calendars.Read"], [CALENDARS, CONTACTS]),
    ],
)
def test_a_scope_is_known_by_its_name(granted: list[str], lacking: list[str]) -> None:
    assert missing(granted, (*FOR_CALENDARS, *FOR_CONTACTS)) == lacking


def test_an_account_with_contacts_alone_is_one_too_and_one_with_neither_is_none(fake: FakeGraph) -> None:
    world = CalendarWorld(fake)
    assert world.provider(scopes=[CONTACTS]).check().address == "anna@example.com"
    with pytest.raises(PermissionMissing):
        world.provider(scopes=["User.Read"]).check()
