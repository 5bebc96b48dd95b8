"""What goes wrong at Microsoft, at every request of a first sync and of a later one, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bridge.errors import PermissionMissing, Refused, SignInNeeded, TemporaryError, TokenExpired
from bridge.ports import Delete, Deleted, Side, Stored, Update
from tests.contract import samples
from tests.fakes.graph.answers import DATE, refused
from tests.fakes.graph.server import CUT, Fault
from tests.providers.fault_course import book_objects, calendar_objects, creations, empty, strike_everywhere, write
from tests.providers.graph_world import BookWorld, CalendarWorld, book_world, calendar_world
from tests.providers.servers import Reply
from tests.system.chaos import CHAOS, amount

World = CalendarWorld | BookWorld

TEMPORARY = {
    "cut": CUT,
    "429": refused(429, "ApplicationThrottled", "Too many requests."),
    "429 of the mailbox": refused(429, "ErrorMailboxConcurrency", "Limit.", None, **{"Retry-After": "10"}),
    "500": refused(500, "ErrorInternalServerError"),
    "503": Reply(503, {"Date": DATE}, b"<html>Service Unavailable</html>"),
    "504": refused(504, "GatewayTimeout"),
    "a gateway's page": Reply(200, {"Content-Type": "text/html"}, b"<html>Log in to the hotel's network</html>"),
}
CHOSEN = TEMPORARY if CHAOS else {name: TEMPORARY[name] for name in ("cut", "429")}
STEP = amount(quick=6, full=1)
"""In an ordinary run, every sixth request is struck."""


SIDES: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar": (calendar_world, calendar_objects),
    "contacts": (book_world, partial(book_objects, "several phones")),
}


@pytest.fixture(params=SIDES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def opened(kind: str) -> Iterator[tuple[World, list[Any]]]:
    open_world, objects = SIDES[kind]
    with open_world() as world:
        yield world, objects()


@pytest.mark.parametrize("fault", CHOSEN)
@pytest.mark.parametrize("after", [False, True], ids=["not carried out", "answer lost"])
def test_a_first_sync_ends_equal_whatever_request_fails(kind: str, fault: str, after: bool) -> None:
    with opened(kind) as (world, objects):
        strike_everywhere(world, objects, TEMPORARY[fault], after=after, step=STEP)


@pytest.mark.parametrize("fault", CHOSEN)
def test_a_later_sync_ends_equal_whatever_request_fails(kind: str, fault: str) -> None:
    """Something is changed, added and deleted there; then one object is edited and one deleted by us."""
    with opened(kind) as (world, objects):
        nth = 1
        while True:
            made = [outcome for outcome in world.open().write(creations(objects)) if isinstance(outcome, Stored)]
            token = world.open().changes(None).token
            world.edit(made[0].id, objects[2])
            world.delete(made[1].id)
            strike = Fault(TEMPORARY[fault], nth=nth)
            world.fake.faults = [strike]
            side: Side[Any] = world.open()
            for _ in range(3):
                if later(side, token, made, objects):
                    break
            world.fake.faults = []
            assert later(world.open(), token, made, objects)
            there = world.open().changes(None).found
            assert [each.id for each in there] == [made[0].id]
            empty(world)
            if strike.seen < nth:
                break
            nth += STEP
        assert nth > 1


def later(side: Side[Any], token: Any, made: list[Any], objects: list[Any]) -> bool:
    """One run: look, edit what was changed there, delete what we no longer want."""
    try:
        changes = side.changes(token)
        assert changes.gone == (made[1].id,) or made[2].id in changes.gone
        (found,) = side.fetch([made[0].id])
        edited = Update(found.id, objects[0], found.version)
        outcomes = list(side.write([edited, Delete(made[2].id, made[2].version)]))
    except TemporaryError:
        return False
    return isinstance(outcomes[0], Stored) and outcomes[1] == Deleted(made[2].id)


@pytest.mark.parametrize("fault", CHOSEN)
def test_a_listing_that_fails_anywhere_is_no_listing(kind: str, fault: str) -> None:
    with opened(kind) as (world, objects):
        for each in objects:
            world.add(each)
        place = world.calendar if isinstance(world, CalendarWorld) else world.folder
        place.page = 1
        whole = world.open().changes(None)
        nth = 1 - STEP
        while True:
            nth += STEP
            strike = Fault(TEMPORARY[fault], nth=nth)
            world.fake.faults = [strike]
            side: Side[Any] = world.open()
            if passes(side, strike, nth):
                break
            assert side.changes(None).found == whole.found
        assert nth > len(objects)


def passes(side: Side[Any], strike: Fault, nth: int) -> bool:
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
        (refused(429, "ApplicationThrottled", "Slower.", None, **{"Retry-After": "7"}), 7),
        (refused(429, "TooManyRequests"), 30),
        (Reply(503, {"Retry-After": "Sat, 21 Nov 2026 09:01:00 GMT", "Date": DATE}, b""), 60),
    ],
)
def test_a_limit_says_how_long_to_wait(kind: str, reply: Reply, seconds: int) -> None:
    with opened(kind) as (world, objects):
        world.always(reply)
        (error,) = write(world.open(), objects)
        assert isinstance(error, TemporaryError)
        assert error.retry_after == timedelta(seconds=seconds)


def test_one_that_is_turned_away_inside_a_batch_has_its_own_outcome_and_ends_the_run(kind: str) -> None:
    with opened(kind) as (world, _):
        plain = samples.event if kind == "calendar" else samples.contact
        reply = refused(429, "ErrorMailboxConcurrency", "Limit.", None, **{"Retry-After": "10"})
        call = "events.create" if kind == "calendar" else "contacts.create"
        world.fake.faults = [Fault(reply, lambda name, _: name == call, nth=3)]
        outcomes = write(world.open(), [plain(number) for number in range(50)])
        assert len(outcomes) == 21  # twenty of the first batch, and the error that ends the run
        waits = [each for each in outcomes if isinstance(each, TemporaryError)]
        assert [each.retry_after for each in waits] == [timedelta(seconds=10)] * 2
        assert sum(isinstance(each, Stored) for each in outcomes) == 19


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (refused(403, "ErrorAccessDenied", "Access is denied: insufficient privileges."), "ReadWrite"),
        (refused(403, "Authorization_RequestDenied"), "ReadWrite"),
        (refused(403, "ErrorAccessDenied", "Access is denied."), "does not allow"),
        (refused(404, "MailboxNotEnabledForRESTAPI", "The mailbox is inactive or on premises."), "mailbox"),
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
        assert json.loads(world.kept[-1])["access_token"] in world.fake.oauth.good


@pytest.mark.parametrize("secret", ["", "nonsense", "[]", '{"access_token": ""}', '{"access_token": "a b"}'])
def test_a_stored_token_that_is_none(secret: str) -> None:
    with calendar_world() as world:
        provider = world.provider()
        provider._account._secret = secret
        with pytest.raises(SignInNeeded) as caught:
            provider.check()
        assert caught.value.remedy


def test_a_token_that_has_expired_or_is_none_starts_again(kind: str) -> None:
    with opened(kind) as (world, objects):
        side: Side[Any] = world.open()
        token = side.changes(None).token
        world.add(objects[0])
        rounds = (world.calendar if isinstance(world, CalendarWorld) else world.folder).rounds
        rounds.oldest = 99
        with pytest.raises(TokenExpired):
            side.changes(token)
        rounds.oldest = 0
        rounds._known.clear()
        with pytest.raises(TokenExpired):  # 400, "Badly formed token."
            side.changes(token)
        assert len(side.changes(None).found) == 1


def test_what_the_service_will_never_take_is_refused(kind: str) -> None:
    with opened(kind) as (world, objects):
        call = "events.create" if kind == "calendar" else "contacts.create"
        world.fake.faults = [Fault(refused(400, "ErrorInvalidRequest", "No."), lambda name, _: name == call)]
        first, second, third = write(world.open(), objects)
        assert [type(each) for each in (first, second, third)].count(Refused) == 1
        assert sum(isinstance(each, Stored) for each in (first, second, third)) == 2
