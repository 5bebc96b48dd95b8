"""Connecting an account at Google: the consent of its user, and what can go wrong with it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotAllowed, PermissionMissing, TemporaryError
from bridge.ports import Registration, SignIn
from bridge.providers.google.installation import (
    ASK_IT,
    CALENDARS,
    CONTACTS,
    EVENTS,
    FOR_CALENDARS,
    FOR_CONTACTS,
    missing,
)
from bridge.providers.google.provider import GoogleConnector
from bridge.providers.oauth import CodeFlow
from bridge.providers.token import Token, read_token, renewed, write_token
from tests.fakes.google.oauth import CLIENT_ID, CLIENT_SECRET
from tests.fakes.google.server import FakeGoogle, Fault, google
from tests.harness import NOW, FixedClock
from tests.providers.servers import Reply

BACK = "https://dav.example.com/connections/google/back"


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with google() as (fake, _):
        yield fake


@pytest.fixture
def oauth(fake: FakeGoogle) -> CodeFlow:
    return GoogleConnector(fake.installation, FixedClock()).oauth()


def consent(fake: FakeGoogle, address: str, *granted: str) -> dict[str, str]:
    """What a browser brings back after its user has ticked these boxes."""
    query = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
    fake.oauth.codes["code"] = (query["code_challenge"], query["redirect_uri"], granted)
    return {"state": query["state"], "code": "code"}


def test_a_consent_becomes_a_token_that_works(fake: FakeGoogle, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CALENDAR])
    secret = oauth.finish(BACK, trip, consent(fake, address, *FOR_CALENDARS))
    token = read_token(secret)
    assert token.scopes == FOR_CALENDARS
    assert token.refresh_token
    assert token.expiry == NOW + timedelta(seconds=3599)
    provider = GoogleConnector(fake.installation, FixedClock()).open(SignIn(secret=secret), lambda _: None)
    assert provider.check().address == "anna@example.com"


def test_a_browser_is_sent_with_state_and_challenge_and_the_scopes_of_this_step(oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CONTACTS], address="anna@example.com")
    query = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).rstrip(b"=").decode()
    assert query == {
        "response_type": "code",
        "client_id": "client-id",
        "redirect_uri": BACK,
        "scope": f"{CONTACTS} openid email",
        "state": trip.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "include_granted_scopes": "true",
        "prompt": "consent",
        "login_hint": "anna@example.com",
    }
    assert 43 <= len(trip.verifier) <= 128


def test_whose_account_it_is_shows_with_contacts_alone_too(fake: FakeGoogle, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CONTACTS], address="somebody@example.com")
    secret = oauth.finish(BACK, trip, consent(fake, address, *FOR_CONTACTS, "openid"))
    connector = GoogleConnector(fake.installation, FixedClock())
    assert connector.open(SignIn(secret=secret), lambda _: None).check().address == "anna@example.com"


@pytest.mark.parametrize("nonsense", ["", "a.b", "a.e30.c", "a.W10.c", "a.eyJlbWFpbCI6ICJ4QHkifQ.c", 7])
def test_an_id_token_that_tells_nothing_is_passed_over(nonsense: object) -> None:
    assert renewed(Token(address="old@example.com"), {"access_token": "a", "id_token": nonsense}, NOW).address == (
        "old@example.com"
    )


def test_what_an_administrator_has_registered_wins(fake: FakeGoogle) -> None:
    unknown = replace(fake.installation, client_id="", client_secret="")
    connector = GoogleConnector(unknown, FixedClock(), registered=lambda: Registration(CLIENT_ID, CLIENT_SECRET))
    assert not GoogleConnector(unknown, FixedClock()).oauth().is_set_up
    assert connector.oauth().is_set_up
    connector.open(SignIn(secret=fake.secret(access_token="")), lambda _: None).check()
    assert fake.oauth.refreshes == 1


def test_two_trips_share_nothing(oauth: CodeFlow) -> None:
    one, other = (oauth.start(BACK, [FlowKind.CONTACTS])[1] for _ in range(2))
    assert one.state != other.state
    assert one.verifier != other.verifier


def test_a_box_that_was_not_ticked_is_named(fake: FakeGoogle, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, list(FlowKind))
    with pytest.raises(PermissionMissing) as caught:
        oauth.finish(BACK, trip, consent(fake, address, *FOR_CALENDARS))
    assert caught.value.what == f"see and change your contacts ({CONTACTS})"
    assert "every box" in caught.value.remedy


@pytest.mark.parametrize(
    ("answer", "error", "remedy"),
    [
        ({"error": "access_denied"}, PermissionMissing, ASK_IT),
        ({"error": "admin_policy_enforced"}, PermissionMissing, ASK_IT),
        ({"error": "org_internal"}, PermissionMissing, ASK_IT),
        ({"error": "server_error"}, NotAllowed, "Begin again"),
        ({}, NotAllowed, "Begin again"),
        ({"state": "another", "code": "code"}, NotAllowed, "Begin again"),
        ({"state": "ä", "code": "code"}, NotAllowed, "Begin again"),
    ],
)
def test_a_browser_without_a_consent(
    oauth: CodeFlow, answer: dict[str, str], error: type[BridgeError], remedy: str
) -> None:
    _, trip = oauth.start(BACK, [FlowKind.CALENDAR])
    with pytest.raises(error) as caught:
        oauth.finish(BACK, trip, {"state": trip.state} | answer)
    assert remedy in caught.value.remedy


def test_a_code_is_good_with_its_verifier_only(fake: FakeGoogle, oauth: CodeFlow) -> None:
    address, _ = oauth.start(BACK, [FlowKind.CALENDAR])
    _, other = oauth.start(BACK, [FlowKind.CALENDAR])
    answer = consent(fake, address, *FOR_CALENDARS) | {"state": other.state}
    with pytest.raises(BridgeError, match="no longer accepts"):
        oauth.finish(BACK, other, answer)


def test_trouble_at_the_token_endpoint_is_temporary(fake: FakeGoogle, oauth: CodeFlow) -> None:
    address, trip = oauth.start(BACK, [FlowKind.CALENDAR])
    fake.faults.append(Fault(Reply(503, {}, b"")))
    with pytest.raises(TemporaryError):
        oauth.finish(BACK, trip, consent(fake, address, *FOR_CALENDARS))


@pytest.mark.parametrize(
    ("granted", "wanted", "lacking"),
    [
        ([EVENTS, CALENDARS], FOR_CALENDARS, []),
        (["https://www.googleapis.com/auth/calendar"], FOR_CALENDARS, []),
        (["https://www.googleapis.com/auth/calendar.readonly"], FOR_CALENDARS, [EVENTS]),
        ([], FOR_CONTACTS, [CONTACTS]),
    ],
)
def test_a_broader_scope_is_as_good(granted: list[str], wanted: tuple[str, ...], lacking: list[str]) -> None:
    assert missing(granted, wanted) == lacking


@pytest.mark.parametrize(
    ("expiry", "moment"),
    [
        ("2026-11-21T10:00:00+00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00.5Z", datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC)),
        (1795255200, datetime(2026, 11, 21, 10, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_token_is_read_as_others_write_it(expiry: object, moment: datetime | None) -> None:
    token = read_token(json.dumps({"access_token": "a", "refresh_token": "r", "expiry": expiry, "scope": "x y"}))
    assert (token.expiry, token.scopes) == (moment, ("x", "y"))
    assert read_token(write_token(token)) == token
    assert "access_token" not in repr(token)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("3600", 3600),
        ("3600.5", 3600),
        ('"60"', 60),
        ("-1e300", 0),
        ("1e999", None),
        ("NaN", None),
        ('"x"', None),
        ("[]", None),
    ],
)
def test_how_long_a_token_lives(told: str, seconds: int | None) -> None:
    answer = json.loads(f'{{"access_token": "a", "expires_in": {told}}}')
    expiry = NOW + timedelta(seconds=seconds) if seconds is not None else None
    assert renewed(Token(), answer, NOW).expiry == expiry
