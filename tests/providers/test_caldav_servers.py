"""The CalDAV provider against stock Radicale and Xandikos, beyond what the contract asks of every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.core.event import Attendee, Event
from bridge.errors import NotFound, PreconditionFailed, Refused, SignInNeeded
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Side, SignIn, Stored, Update
from bridge.providers.caldav import mapping
from bridge.providers.caldav.provider import CalDavConnector, CalDavProvider
from tests.harness import NOW, FixedClock
from tests.providers.servers import LOGIN, RemoteServer, radicale, xandikos

EVENT = Event("u1@example.com", summary="Hello", start=NOW, end=NOW + timedelta(hours=1))


@pytest.fixture(scope="module")
def _radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture(scope="module")
def _xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest) -> RemoteServer:
    found: RemoteServer = request.getfixturevalue(f"_{request.param}")
    return found


@pytest.fixture
def provider(server: RemoteServer) -> CalDavProvider:
    return CalDavConnector(FixedClock()).open(server.sign_in, lambda _: None)


def only(side: Side[Event], write: Any) -> Any:
    (outcome,) = side.write([write])
    return outcome


def create(event: Event = EVENT, key: str = "k1") -> Create[Event]:
    return Create(IdempotencyKey(key), event)


def test_the_account_its_calendars_and_its_books_are_found(server: RemoteServer, provider: CalDavProvider) -> None:
    calendar, book = server.make_calendar("Private"), server.make_book("Friends")
    tasks = server.make_calendar("To do", "VTODO")
    assert provider.check().address == LOGIN
    calendars = {each.id: each for each in provider.calendars()}
    assert (calendars[calendar].name, calendars[calendar].color) == ("Private", "#11aa33")
    assert not calendars[calendar].read_only
    assert tasks not in calendars
    assert [each.default for each in calendars.values()].count(True) == 1
    groups = {each.id: each for each in provider.groups()}
    assert groups[book].name == "Friends"
    assert next(iter(groups.values())).default


def test_an_unchanged_side_costs_one_request(server: RemoteServer, provider: CalDavProvider) -> None:
    for side in (provider.open_calendar(server.make_calendar()), provider.open_group(server.make_book())):
        token = side.changes(None).token
        before = provider.requests
        again = side.changes(token)
        assert (again.found, again.gone, again.complete) == ((), (), False)
        assert provider.requests - before == 1


def test_what_another_client_does_is_told(server: RemoteServer, provider: CalDavProvider) -> None:
    calendar = server.make_calendar()
    path = urlsplit(calendar).path
    side = provider.open_calendar(calendar)
    stored = only(side, create())
    token = side.changes(None).token
    text = server.must("GET", stored.id).body.decode()
    server.must("PUT", stored.id, text.replace("Hello", "Changed"))
    server.must("PUT", f"{path}other.ics", text.replace("u1@example.com", "u2"))
    changes = side.changes(token)
    assert {each.id for each in changes.found} == {stored.id, f"{path}other.ics"}
    found = {each.id: each.object for each in side.fetch([each.id for each in changes.found]) if each.object}
    assert found[stored.id].summary == "Changed"
    assert isinstance(only(side, Update(stored.id, EVENT, stored.version)), PreconditionFailed)
    assert isinstance(only(side, Delete(stored.id, stored.version)), PreconditionFailed)
    server.must("DELETE", stored.id)
    after = side.changes(changes.token)
    assert (after.gone, after.found) == ((stored.id,), ())
    assert only(side, Delete(stored.id, stored.version)) == Deleted(stored.id)


def test_an_uid_that_is_there_under_another_name_is_found(server: RemoteServer, provider: CalDavProvider) -> None:
    calendar = server.make_calendar()
    side = provider.open_calendar(calendar)
    first = only(side, create())
    text = server.must("GET", first.id).body.decode()
    server.must("DELETE", first.id)
    path = f"{urlsplit(calendar).path}another-name.ics"
    server.must("PUT", path, text)
    again = only(side, create())
    assert isinstance(again, Stored)
    assert (again.id, again.existed) == (path, True)
    assert len(side.changes(None).found) == 1


def test_r13_guests_are_not_created_and_not_removed(server: RemoteServer, provider: CalDavProvider) -> None:
    side = provider.open_calendar(server.make_calendar())
    guests = (Attendee("anna@example.com", organizer=True), Attendee("guest@example.com"))
    stored = only(side, create(replace(EVENT, attendees=guests)))
    assert stored.object.attendees == ()
    text = server.must("GET", stored.id).body.decode()
    invited = text.replace("SUMMARY", "ORGANIZER:mailto:a@x.lv\r\nATTENDEE:mailto:g@x.lv\r\nSUMMARY", 1)
    server.must("PUT", stored.id, invited)
    updated = only(side, Update(stored.id, replace(EVENT, summary="New")))
    if server.name == "Xandikos":  # it says that it mails guests
        assert isinstance(updated, Refused)
    else:
        assert {each.email for each in updated.object.attendees} == {"a@x.lv", "g@x.lv"}
    assert "g@x.lv" in server.must("GET", stored.id).body.decode()


def test_a_task_among_events_has_a_problem(server: RemoteServer, provider: CalDavProvider) -> None:
    calendar = server.make_calendar()
    text = mapping.draw_event(EVENT, "t", NOW).replace("VEVENT", "VTODO").replace("DTEND", "DUE")
    task = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("TRANSP", "STATUS")))
    reply = server.ask("PUT", f"{urlsplit(calendar).path}t.ics", task)
    side = provider.open_calendar(calendar)
    found = list(side.fetch([each.id for each in side.changes(None).found]))
    if reply.status < 300:  # some servers refuse it
        assert [each.object for each in found] == [None]
        assert "task" in found[0].problem
    else:
        assert found == []


def test_many_are_written_and_read_in_few_requests(server: RemoteServer, provider: CalDavProvider) -> None:
    side = provider.open_calendar(server.make_calendar())
    events = [replace(EVENT, uid=f"many{number}") for number in range(30)]
    stored = list(side.write([create(each, each.uid) for each in events]))
    before = provider.requests
    listed = side.changes(None)
    found = {each.id: each for each in side.fetch([each.id for each in listed.found])}
    assert provider.requests - before == 3
    assert [found[each.id].object for each in stored if isinstance(each, Stored)] == events
    updates = [Update(each.id, replace(EVENT, summary="New"), each.version) for each in found.values()]
    before = provider.requests
    assert all(isinstance(each, Stored) for each in side.write(updates))
    assert provider.requests - before <= 31


def test_a_calendar_that_is_not_there_is_not_found(server: RemoteServer, provider: CalDavProvider) -> None:
    calendar = RemoteId(server.make_calendar().replace("calendar", "missing"))
    side = provider.open_calendar(calendar)
    for call in (
        lambda: side.changes(None),
        lambda: list(side.fetch([RemoteId(f"{urlsplit(calendar).path}a.ics")])),
        lambda: list(side.write([create()])),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_wrong_password_is_told(request: pytest.FixtureRequest) -> None:
    server: RemoteServer = request.getfixturevalue("_radicale")
    sign_in = SignIn(url=server.url, username=LOGIN, secret="wrong")
    provider = CalDavConnector(FixedClock()).open(sign_in, lambda _: None)
    with pytest.raises(SignInNeeded):
        provider.check()
