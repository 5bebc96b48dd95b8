"""Push: channels are opened, renewed and ended; messages are believed in nothing but that somebody should look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.core.scope import FlowKind
from bridge.errors import NotFound
from bridge.ports import Channel, Clock, Hook, Notice, Provider, RemoteId, SignIn
from bridge.providers.google.provider import GoogleConnector
from bridge.providers.google.push import GoogleHook
from bridge.services.push import Heard, Push, offer
from bridge.services.queue import Queue, Trigger
from bridge.services.sync.pacing import Buckets, Stop
from bridge.services.sync.wrapping import ThrottledConnector
from bridge.store import connections, push
from bridge.store.connections import Connection
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState
from bridge.store.push import KnownChannel
from tests.fakes.google.answers import refused
from tests.fakes.google.channels import LIFE
from tests.fakes.google.server import ADDRESS, FakeGoogle, Fault, google
from tests.harness import NOW, FixedClock
from tests.store.sync_rows import add_connection, add_flow, add_user

KEY = b"k" * 32
ROOT = "https://dav.example.com"
DAY = timedelta(days=1)


@dataclass
class World:
    """Anna's connection to Google, which syncs her calendar and her contacts."""

    database: Database
    fake: FakeGoogle
    queue: Queue
    clock: FixedClock
    opened: int = 0
    number: int = 0
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        user = add_user(self.database)
        self.number = add_connection(self.database, user, provider="google", next_run_at=None).id
        add_flow(self.database, self.number, collection_id=ADDRESS)
        add_flow(self.database, self.number, FlowKind.CONTACTS, collection_id="contactGroups/myContacts")
        self.push = self.at(ROOT)

    def at(self, root: str) -> Push:
        connector = GoogleConnector(self.fake.installation, self.clock)
        slowed = ThrottledConnector("google", connector, Buckets(lambda: 0.0), self.stop)

        def opened(_: Connection) -> Provider:
            self.opened += 1
            return slowed.open(SignIn(secret=self.fake.secret()), lambda _: None)

        parts = (self.database, self.clock, KEY, self.queue)
        return Push(*parts, {"google": GoogleHook}, opened, offer(root))

    @property
    def channel(self) -> KnownChannel:
        (found,) = self.push.channels(self.number)
        return found

    def notice(self, number: int = 2, **changes: Any) -> Notice:
        (there,) = self.fake.calendars.channels.known.values()
        return replace(Notice(there.id, there.token, number), **changes)

    def hear(self, number: int = 2, **changes: Any) -> Heard:
        return self.push.hear("google", self.notice(number, **changes))

    def waiting(self) -> list[tuple[int, Trigger]]:
        return [(order.connection_id, order.trigger) for order in self.queue.waiting()]

    def change(self, **changes: Any) -> None:
        with self.database.write() as session:
            found = connections.connection(session, self.number, lock=True)
            assert found is not None
            connections.save_connection(session, replace(found, **changes))


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> Iterator[World]:
    clock = FixedClock()
    with google() as (fake, _), closing(Queue(f"sqlite:///{tmp_path / 'queue'}", clock)) as queue:
        fake.calendars.channels.now = clock.now
        yield World(sqlite_database, fake, queue, clock)


# Channels


def test_a_calendar_gets_a_channel_and_contacts_do_not(world: World) -> None:
    world.push.tend(world.number)
    (there,) = world.fake.calendars.channels.known.values()
    assert (there.calendar, there.address) == (ADDRESS, f"{ROOT}/hooks/google")
    assert len(there.token) >= 40
    known = world.channel
    assert (known.channel_id, known.resource_id, known.expires_at) == (there.id, there.resource, NOW + LIFE)
    assert there.token not in repr(known)


def test_it_is_left_alone_while_it_is_good(world: World) -> None:
    world.push.tend(world.number)
    before = len(world.fake.calls)
    world.push.tend(world.number)
    assert len(world.fake.calls) == before


def test_it_is_renewed_before_it_ends(world: World) -> None:
    world.push.tend(world.number)
    (first,) = world.fake.calendars.channels.known
    world.clock.advance(LIFE - timedelta(hours=30))
    world.push.tend(world.number)
    (second,) = world.fake.calendars.channels.known
    assert first != second
    assert world.fake.calendars.channels.stopped == [first]
    assert world.channel.channel_id == second


def test_one_that_ended_meanwhile_is_opened_anew_and_not_stopped(world: World) -> None:
    world.push.tend(world.number)
    world.clock.advance(LIFE + DAY)
    world.fake.calendars.channels.known.clear()
    world.push.tend(world.number)
    assert world.channel.expires_at == world.clock.now() + LIFE
    assert "calendar.channels.stop" not in world.fake.calls


def test_another_calendar_gets_another_channel(world: World) -> None:
    world.push.tend(world.number)
    world.fake.calendars.add("work@group.calendar.google.com", "Work")
    with world.database.write() as session:
        (flow, _) = connections.flows(session, [world.number])
        connections.save_flow(session, replace(flow, collection_id="work@group.calendar.google.com"))
    world.push.tend(world.number)
    (there,) = world.fake.calendars.channels.known.values()
    assert there.calendar == world.channel.collection_id == "work@group.calendar.google.com"


def test_channels_of_what_was_paused_are_ended_after_another_run(world: World) -> None:
    world.push.tend(world.number)
    world.change(state=ConnectionState.PAUSED)
    other = add_connection(world.database, add_user(world.database, "bob"), provider="google")
    world.push.tend(world.number)
    assert world.push.channels(world.number) == []
    assert world.fake.calendars.channels.known == {}
    world.push.tend(other.id)
    assert world.push.channels(other.id) == []


@pytest.mark.parametrize("root", ["", "http://dav.example.com", "ftp://127.0.0.1"])
def test_without_a_public_https_address_there_is_none(world: World, root: str) -> None:
    assert "no public https address" in offer(root).problem
    assert "base_url" in offer(root).remedy
    world.at(root).tend(world.number)
    assert (world.fake.calls, world.opened) == ([], 0)


@pytest.mark.parametrize("root", ["https://dav.example.com/", "http://127.0.0.1:8080", "http://localhost"])
def test_an_address_that_can_be_reached(root: str) -> None:
    assert offer(root).problem == ""
    assert offer(root).address("google") == f"{root.rstrip('/')}/hooks/google"


def test_when_the_address_goes_channels_go(world: World) -> None:
    world.push.tend(world.number)
    world.at("").tend(world.number)
    assert world.fake.calendars.channels.known == {}


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (refused(400, "Push is not supported for this resource.", "pushNotSupportedForRequestedResource"), DAY),
        (refused(503, "Backend Error", "backendError"), timedelta(hours=1)),
    ],
)
def test_a_remote_that_does_not_want_is_asked_again_later(world: World, fault: Any, pause: timedelta) -> None:
    world.fake.faults.append(Fault(fault, lambda call, _: call.endswith("watch"), times=None))
    world.push.tend(world.number)
    noted = world.channel
    assert noted.expires_at is None
    assert "Google Calendar" in noted.problem
    world.clock.advance(pause - timedelta(minutes=1))
    world.push.tend(world.number)
    assert world.fake.calls.count("calendar.events.watch") == 1
    world.fake.faults.clear()
    world.clock.advance(timedelta(minutes=1))
    world.push.tend(world.number)
    assert (world.channel.problem, world.channel.expires_at) == ("", world.clock.now() + LIFE)


def test_nothing_is_noted_when_the_program_ends(world: World) -> None:
    world.stop.set()
    world.push.tend(world.number)
    assert (world.push.channels(world.number), world.fake.calls) == ([], [])


def test_a_channel_that_cannot_be_renewed_just_now_goes_on(world: World) -> None:
    world.push.tend(world.number)
    before = world.channel
    world.clock.advance(LIFE - DAY)
    world.fake.faults.append(Fault(refused(503, "Backend Error", "backendError"), times=None))
    world.push.tend(world.number)
    assert (world.channel.channel_id, world.channel.expires_at) == (before.channel_id, before.expires_at)
    assert world.hear() is Heard.RUN


# Messages


def test_a_message_lets_the_connection_be_run(world: World) -> None:
    world.push.tend(world.number)
    assert world.hear() is Heard.RUN
    assert world.waiting() == [(world.number, Trigger.PUSH)]
    assert (world.channel.seen, world.channel.heard_at) == (2, NOW)


def test_many_messages_make_one_run(world: World) -> None:
    world.push.tend(world.number)
    assert {world.hear(number) for number in range(2, 9)} == {Heard.RUN}
    assert world.waiting() == [(world.number, Trigger.PUSH)]


def test_a_message_that_comes_twice_counts_once(world: World) -> None:
    world.push.tend(world.number)
    world.hear(5)
    assert world.queue.perform_next()
    assert {world.hear(5), world.hear(4)} == {Heard.PASSED_OVER}
    assert world.waiting() == []


def test_the_first_message_only_says_that_the_channel_is_there(world: World) -> None:
    world.push.tend(world.number)
    assert world.hear(1, first=True) is Heard.PASSED_OVER
    assert (world.waiting(), world.channel.seen) == ([], 1)


@pytest.mark.parametrize("changes", [{"token": "made up"}, {"token": ""}, {"token": "ä\udc80"}, {"channel": "x"}])
def test_a_message_that_is_not_ours_is_not_believed(world: World, changes: dict[str, str]) -> None:
    world.push.tend(world.number)
    with pytest.raises(NotFound):
        world.hear(7, **changes)
    assert (world.waiting(), world.channel.seen) == ([], 0)


def test_a_channel_belongs_to_its_provider(world: World) -> None:
    world.push.tend(world.number)
    with pytest.raises(NotFound):
        world.push.hear("graph", world.notice())
    with pytest.raises(NotFound):
        world.push.hook("graph")


@pytest.mark.parametrize(
    "changes", [{"state": ConnectionState.PAUSED}, {"confirmed": False}, {"paused_by_admin": True}]
)
def test_what_is_not_to_be_run_is_not_run_by_a_message(world: World, changes: dict[str, Any]) -> None:
    world.push.tend(world.number)
    world.change(**changes)
    assert world.hear() is Heard.PASSED_OVER
    assert world.waiting() == []


def test_a_channel_that_the_remote_ends_is_opened_anew(world: World) -> None:
    world.push.tend(world.number)
    before = world.channel.channel_id
    assert world.hear(ended=True) is Heard.RUN
    world.push.tend(world.number)
    assert world.channel.channel_id != before


def test_of_many_messages_those_for_others_are_passed_over(world: World) -> None:
    world.push.tend(world.number)
    world.push.hear_all("google", [Notice("x", "y"), world.notice()])
    assert len(world.waiting()) == 1
    with pytest.raises(NotFound):
        world.push.hear_all("google", [Notice("x", "y")])


# Remotes that prolong


@dataclass
class Prolonging:
    """An account whose channels can be prolonged, and are not counted."""

    clock: Clock
    made: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def watch(self, kind: FlowKind, collection: RemoteId, address: str, token: str) -> Channel | None:
        self.made.append(f"{kind.value} {collection} {address}")
        self.tokens.append(token)
        return Channel(f"c{len(self.made)}", self.clock.now() + 2 * DAY, "r")

    def renew(self, channel: Channel) -> Channel | None:
        return replace(channel, expires_at=self.clock.now() + 2 * DAY)

    def unwatch(self, channel: Channel) -> None:
        raise AssertionError(channel)


def test_where_channels_can_be_prolonged_they_keep_their_token(database: Database, tmp_path: Path) -> None:
    clock = FixedClock()
    number = add_connection(database, add_user(database), provider="other").id
    for kind in FlowKind:
        add_flow(database, number, kind, collection_id="c")
    account: Any = Prolonging(clock)
    hooks: dict[str, type[Hook]] = {"other": GoogleHook}
    with closing(Queue(f"sqlite:///{tmp_path / 'queue'}", clock)) as queue:
        told = Push(database, clock, KEY, queue, hooks, lambda _: account, offer(ROOT))
        told.tend(number)
        assert account.made == [f"{kind.value} c {ROOT}/hooks/other" for kind in FlowKind]
        clock.advance(DAY)
        told.tend(number)
        assert len(account.made) == 2
        assert {each.expires_at for each in told.channels(number)} == {clock.now() + 2 * DAY}
        for _ in range(2):
            assert told.hear("other", Notice("c1", account.tokens[0])) is Heard.RUN
        with database.write() as session:
            connections.remove_connection(session, number)
        with database.read() as session:
            assert push.channels(session) == []
