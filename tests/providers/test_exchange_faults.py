"""What goes wrong at an Exchange server, at every request, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import Delete, Side, Stored, SyncToken, Update
from tests.contract import samples
from tests.fakes.exchange.server import busy, fault_reply
from tests.fakes.google.server import Fault
from tests.providers.exchange_world import BookWorld, CalendarWorld, book_world, calendar_world
from tests.providers.fault_course import book_objects, calendar_objects, settled, strike_everywhere, write
from tests.providers.servers import Reply
from tests.system.chaos import amount

World = CalendarWorld | BookWorld

CUT = Reply(200, {"Content-Length": "5000", "Content-Type": "text/xml"}, b'<?xml version="1.0"?><s:Envelope')
SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
TEMPORARY = {
    "cut": CUT,
    "busy": busy(7),
    "503": Reply(503, {}, b"Service Unavailable"),
    "500": Reply(500, {"Content-Type": "text/html"}, b"<html>Server Error in '/EWS' Application</html>"),
    "internal error": fault_reply("ErrorInternalServerError"),
    "store unavailable": fault_reply("ErrorMailboxStoreUnavailable"),
    "half an envelope": Reply(200, {}, SOAP + b"<s:Body>"),
    "a wait without end": fault_reply("ErrorServerBusy", BackOffMilliseconds="9" * 400),
    "another service": Reply(200, {}, SOAP + b"<s:Body/></s:Envelope>"),
    "a gateway's page": Reply(200, {"Content-Type": "text/html"}, b"<html>Log in to the hotel's network</html>"),
}
TRIED = list(TEMPORARY)[: amount(quick=2, full=len(TEMPORARY))]


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


@pytest.mark.parametrize("fault", TRIED)
@pytest.mark.parametrize("after", [False, True], ids=["not carried out", "answer lost"])
def test_a_first_sync_ends_equal_whatever_request_fails(kind: str, fault: str, after: bool) -> None:
    with opened(kind) as (world, objects):
        strike_everywhere(world, objects, TEMPORARY[fault], after=after)


@pytest.mark.parametrize("fault", TRIED)
def test_a_listing_that_fails_anywhere_is_no_listing(kind: str, fault: str) -> None:
    with opened(kind) as (world, objects):
        world.mailbox.page = 1
        for each in objects:
            world.add(each)
        for nth in range(1, len(objects) + 1):
            world.fake.faults = [Fault(TEMPORARY[fault], nth=nth)]
            side: Side[Any] = world.open()
            with pytest.raises(TemporaryError):
                side.changes(None)
            assert len(side.changes(None).found) == len(objects)


def test_a_server_that_is_busy_says_for_how_long(kind: str) -> None:
    with opened(kind) as (world, objects):
        replies = [(busy(20), 20), (Reply(503, {"Retry-After": "40"}, b""), 40), (fault_reply("ErrorServerBusy"), 30)]
        replies += [(fault_reply("ErrorExceededConnectionCount"), 30), (Reply(429, {}, b""), 30)]
        replies += [(busy(10**9), 86400), (busy(-5), 30)]
        for reply, seconds in replies:
            world.fake.faults = [Fault(reply)]
            (error,) = write(world.open(), objects)
            assert isinstance(error, TemporaryError)
            assert error.retry_after == timedelta(seconds=seconds)


def test_one_object_may_meet_a_busy_server_and_those_before_it_are_told(kind: str) -> None:
    with opened(kind) as (world, objects):
        world.fake.operations.stubborn[objects[1].uid] = "ErrorServerBusy"
        first, error = write(world.open(), [replace(objects[0], uid="another"), *objects[1:]])
        assert isinstance(first, Stored)
        assert isinstance(error, TemporaryError)
        assert error.retry_after == timedelta(seconds=30)
        world.fake.operations.stubborn.clear()
        settled(world, [replace(objects[0], uid="another"), *objects[1:]])


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("ErrorQuotaExceeded", TemporaryError),
        ("ErrorCorruptData", Refused),
        ("ErrorMessageSizeExceeded", Refused),
        ("ErrorIrresolvableConflict", PreconditionFailed),
        ("ErrorAccessDenied", PermissionMissing),
        ("ErrorFolderNotFound", NotFound),
        ("ErrorNonExistentMailbox", SignInNeeded),
    ],
)
def test_a_code_becomes_an_error_of_ours(code: str, kinds: type[BridgeError]) -> None:
    with calendar_world() as world:
        world.fake.operations.stubborn[samples.event(1).uid] = code
        (error,) = write(world.open(), [samples.event(1)])
        assert type(error) is kinds
        assert str(error)


def test_a_sync_state_that_has_expired_is_a_token_that_has(kind: str) -> None:
    with opened(kind) as (world, objects):
        side: Side[Any] = world.open()
        token = side.changes(None).token
        assert token is not None
        world.add(objects[0])
        world.folder.oldest = world.mailbox.latest + 1
        for each in (token, SyncToken("ews-1 "), SyncToken("ews-1 AAAA")):
            with pytest.raises(TokenExpired):
                side.changes(each)


def test_a_stale_update_and_a_stale_deletion_change_nothing(kind: str) -> None:
    with opened(kind) as (world, objects):
        side: Side[Any] = world.open()
        (made,) = write(side, objects[:1])
        world.mailbox.touch(world.folder, world.item(made.id))
        for each in (Update(made.id, objects[2], made.version), Delete(made.id, made.version)):
            (outcome,) = side.write([each])
            assert isinstance(outcome, PreconditionFailed)
        assert len(side.changes(None).found) == 1


def test_the_server_itself_turns_a_stale_update_away() -> None:
    with calendar_world() as world:
        made = write(world.open(), [samples.event(1)])[0]
        item = world.item(made.id)

        def slip_in(reply: Reply) -> Reply:
            world.mailbox.touch(world.folder, item)
            return reply

        world.fake.faults = [Fault(slip_in, lambda call, _: call == "GetItem")]
        (outcome,) = world.open().write([Update(made.id, samples.event(2), made.version)])
        assert isinstance(outcome, PreconditionFailed)
        assert item.said("item:Subject") == "Meeting 1"
