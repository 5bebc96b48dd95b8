"""What goes wrong at Google, at every request, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest

from bridge.errors import BridgeError, PermissionMissing, SignInNeeded, TemporaryError
from bridge.ports import Side, Stored
from bridge.providers.google.installation import CALENDARS, CONTACTS, EVENTS
from tests.fakes.google.answers import DATE, refused
from tests.fakes.google.server import CUT, Fault
from tests.harness import NOW
from tests.providers.fault_course import book_objects, calendar_objects, strike_everywhere, write
from tests.providers.google_world import BookWorld, CalendarWorld, book_world, calendar_world
from tests.providers.servers import Reply

World = CalendarWorld | BookWorld
LIMIT = "User-rate limit exceeded.  Retry after 2026-11-21T09:00:20.000Z"

TEMPORARY = {
    "cut": CUT,
    "403 rate limit": refused(403, "User-rate limit exceeded.", "userRateLimitExceeded"),
    "429": refused(429, "Quota exceeded.", word="RESOURCE_EXHAUSTED"),
    "500": refused(500, "Backend Error", "backendError"),
    "503": Reply(503, {"Date": DATE}, b"<html>Service Unavailable</html>"),
    "a gateway's page": Reply(200, {"Content-Type": "text/html"}, b"<html>Log in to the hotel's network</html>"),
}


SIDES: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar": (calendar_world, calendar_objects),
    "contacts": (book_world, partial(book_objects, "categories")),
}


@pytest.fixture(params=SIDES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def opened(kind: str) -> Iterator[tuple[World, list[Any]]]:
    open_world, objects = SIDES[kind]
    with open_world() as world:
        yield world, objects()


@pytest.mark.parametrize("fault", TEMPORARY)
@pytest.mark.parametrize("after", [False, True], ids=["not carried out", "answer lost"])
def test_a_first_sync_ends_equal_whatever_request_fails(kind: str, fault: str, after: bool) -> None:
    with opened(kind) as (world, objects):
        strike_everywhere(world, objects, TEMPORARY[fault], after=after)


@pytest.mark.parametrize("fault", TEMPORARY)
def test_a_listing_that_fails_anywhere_is_no_listing(kind: str, fault: str) -> None:
    with opened(kind) as (world, objects):
        for each in objects:
            world.add(each)
        world.fake.people.page = 1
        world.fake.calendars.known[next(reversed(world.fake.calendars.known))].page = 1
        whole = world.open().changes(None)
        nth = 0
        while True:
            nth += 1
            strike = Fault(TEMPORARY[fault], nth=nth)
            world.fake.faults = [strike]
            side: Side[Any] = world.open()
            if strike_passes(side, strike, nth):
                break
            assert side.changes(None).found == whole.found
        assert nth > len(objects)


def strike_passes(side: Side[Any], strike: Fault, nth: int) -> bool:
    try:
        side.changes(None)
    except TemporaryError:
        assert strike.seen == nth
        return False
    assert strike.seen < nth
    return True


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (refused(403, LIMIT, "rateLimitExceeded", "PERMISSION_DENIED"), 20),
        (refused(403, "Slower.", "userRateLimitExceeded"), 30),
        (refused(403, "Calendar usage limits exceeded.", "quotaExceeded"), 30),
        (refused(429, "Slower.", "rateLimitExceeded", **{"Retry-After": "7"}), 7),
        (refused(429, "Quota exceeded.", word="RESOURCE_EXHAUSTED"), 30),
        (Reply(503, {"Retry-After": "Sat, 21 Nov 2026 09:01:00 GMT", "Date": DATE}, b""), 60),
    ],
)
def test_a_quota_says_how_long_to_wait(kind: str, reply: Reply, seconds: int) -> None:
    with opened(kind) as (world, objects):
        world.always(reply)
        (error,) = write(world.open(), objects)
        assert isinstance(error, TemporaryError)
        assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (refused(403, "Insufficient Permission", "insufficientPermissions"), "auth/"),
        (refused(403, "Request had insufficient authentication scopes.", word="PERMISSION_DENIED"), "auth/"),
        (refused(403, "Calendar API has not been used in project 1.", "accessNotConfigured"), "use of the API"),
        (refused(403, "The domain administrators have disabled it.", "domainPolicy"), "third-party access"),
        (refused(403, "Forbidden", "forbidden"), "does not allow"),
    ],
)
def test_a_missing_permission_is_named_with_its_remedy(kind: str, reply: Reply, what: str) -> None:
    with opened(kind) as (world, _):
        world.always(reply)
        with pytest.raises(PermissionMissing, match=what) as caught:
            world.open().changes(None)
        assert caught.value.remedy


def test_an_access_token_that_ended_is_renewed_and_kept(kind: str) -> None:
    with opened(kind) as (world, objects):
        world.fake.oauth.good.clear()
        side: Side[Any] = world.open()
        world.fake.oauth.good.clear()
        assert all(isinstance(outcome, Stored) for outcome in write(side, objects))
        assert world.fake.oauth.refreshes == 1
        kept = json.loads(world.kept[-1])
        assert kept["access_token"] in world.fake.oauth.good
        assert kept["refresh_token"] == world.fake.oauth.refresh_token


def test_an_access_token_is_renewed_before_it_ends(kind: str) -> None:
    with opened(kind) as (world, _):
        soon = (NOW + timedelta(seconds=30)).isoformat()
        provider = world.provider(expiry=soon)
        provider.check()
        assert world.fake.oauth.refreshes == 1
        assert json.loads(world.kept[-1])["expiry"] == (NOW + timedelta(seconds=3599)).astimezone(UTC).isoformat()
        world.clock.advance(timedelta(hours=2))
        provider.check()
        assert world.fake.oauth.refreshes == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {}, b'{"error": "invalid_grant"}'), SignInNeeded),
        (Reply(401, {}, b'{"error": "invalid_client"}'), PermissionMissing),
        (Reply(400, {}, b'{"error": "admin_policy_enforced"}'), PermissionMissing),
        (Reply(400, {}, b'{"error": "invalid_scope"}'), SignInNeeded),
        (Reply(500, {}, b"<html>"), TemporaryError),
        (Reply(200, {}, b"<html>"), TemporaryError),
        (Reply(200, {}, b'{"token_type": "Bearer"}'), TemporaryError),
        (CUT, TemporaryError),
    ],
)
def test_what_the_token_endpoint_says(reply: Reply, error: type[BridgeError]) -> None:
    with calendar_world() as world:
        world.fake.faults.append(Fault(reply, lambda call, _: call == "token"))
        with pytest.raises(error):
            world.provider(access_token="").check()


@pytest.mark.parametrize(
    "secret",
    ["", "nonsense", "[]", '{"access_token": ""}', '{"access_token": "a b"}', '{"access_token": "a", "expiry": "x"}'],
)
def test_a_stored_token_that_is_none(secret: str) -> None:
    with calendar_world() as world:
        provider = world.provider()
        provider._account._secret = secret
        with pytest.raises(SignInNeeded) as caught:
            provider.check()
        assert caught.value.remedy


def test_a_ready_token_without_a_refresh_token_works_until_it_ends() -> None:
    with calendar_world() as world:
        provider = world.provider(refresh_token="")
        assert provider.check().address == "anna@example.com"
        world.fake.oauth.good.clear()
        with pytest.raises(SignInNeeded):
            provider.check()


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        ((EVENTS, CALENDARS), ""),
        ((CONTACTS,), ""),
        (("https://www.googleapis.com/auth/calendar",), ""),
        ((EVENTS,), CALENDARS),
        (("openid",), CONTACTS),
        ((), ""),
    ],
)
def test_an_account_with_part_of_the_scopes(scopes: tuple[str, ...], missing: str) -> None:
    with calendar_world() as world:
        provider = world.provider(scopes=list(scopes))
        if not missing:
            provider.check()
            return
        with pytest.raises(PermissionMissing) as caught:
            provider.check()
        assert missing in caught.value.what
        assert caught.value.remedy


def test_what_was_not_consented_to_is_named_before_anything_is_asked() -> None:
    with calendar_world() as world:
        provider = world.provider(scopes=[CONTACTS])
        with pytest.raises(PermissionMissing, match="list of your calendars"):
            provider.calendars()
        with pytest.raises(PermissionMissing, match="your contacts"):
            world.provider(scopes=[EVENTS, CALENDARS]).groups()
        assert world.fake.calls == []
