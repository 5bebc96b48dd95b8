from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.bucket import Rate
from bridge.core.event import Event
from bridge.errors import TemporaryError
from bridge.ports import Create, Delete, IdempotencyKey, RemoteId, SignIn, Stored, Traits
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.misbehaviour import Call, Fault, Late, Raises, quota
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import MemoryAccount, Remote
from bridge.services.sync.pacing import LONGEST_WAIT, Buckets, Pace, Stop, Stopping
from bridge.services.sync.wrapping import Counted, Throttled, ThrottledConnector
from tests.harness import FixedClock

ANNA = SignIn("anna@example.com", secret="right")
TRAITS = Traits("Memory", max_fetch=10)


@dataclass
class Sleeper(Stop):
    """Time passes when somebody sleeps, and only then. ``ends_after``: the program is stopped in that sleep."""

    clock: FixedClock
    slept: list[float] = field(default_factory=list)
    ends_after: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def wait(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        if len(self.slept) == self.ends_after:
            self.set()

    def seconds(self) -> float:
        return self.clock.now().timestamp()


class World:
    """A service in memory with one calendar, reached through the decorators."""

    def __init__(self, rate: Rate | None = None, together: Rate | None = None) -> None:
        self.clock = FixedClock()
        self.stop = Sleeper(self.clock)
        self.remote = Remote(self.clock, self.clock.advance)
        self.accounts = [self.account("anna@example.com"), self.account("juris@example.com")]
        self.calendar: Collection[Event] = self.accounts[0].calendars[RemoteId("home")]
        self.buckets = Buckets(self.stop.seconds)
        connector = MemoryConnector(self.remote)
        self.connector = ThrottledConnector("memory", connector, self.buckets, self.stop, rate, together)

    def account(self, address: str) -> MemoryAccount:
        account = self.remote.add_account(address, "right")
        account.add_calendar("home", traits=TRAITS)
        return account

    def side(self, sign_in: SignIn = ANNA) -> Counted[Event]:
        side = self.connector.open(sign_in, lambda _: None).open_calendar(RemoteId("home"))
        return Counted(side, self.stop.seconds)


def event(number: int = 1) -> Event:
    start = datetime(2026, 12, 1, 10, tzinfo=UTC)
    return Event(uid=f"{number}@example.com", summary=f"Call {number}", start=start, end=start + timedelta(hours=1))


def creations(number: int) -> list[Create[Event]]:
    return [Create(IdempotencyKey(f"key{each}"), event(each)) for each in range(number)]


def test_the_decorators_change_nothing_of_what_a_side_says() -> None:
    world = World(Rate(1000, 1000))
    side, bare = world.side(), MemoryConnector(world.remote).open(ANNA, lambda _: None).open_calendar(RemoteId("home"))
    assert side.traits == TRAITS
    stored = list(side.write(creations(3)))
    assert [each.object.summary for each in stored if isinstance(each, Stored)] == ["Call 0", "Call 1", "Call 2"]
    assert side.changes(None) == bare.changes(None)
    ids = [found.id for found in bare.changes(None).found]
    assert list(side.fetch(ids)) == list(bare.fetch(ids))
    assert [type(each).__name__ for each in side.write([Delete(ids[0])])] == ["Deleted"]
    provider = world.connector.open(ANNA, lambda _: None)
    assert provider.check().address == "anna@example.com"
    assert [each.id for each in provider.calendars()] == ["home"]
    assert list(provider.groups()) == []


def test_calls_are_counted_with_the_time_they_take() -> None:
    world = World()
    side = world.side()
    list(side.write(creations(25)))
    assert (side.calls, side.waited) == (25, 0.0)
    world.remote.script.add(
        Fault(Call.CHANGES, Late(timedelta(seconds=3))), Fault(Call.FETCH, Late(timedelta(seconds=4)))
    )
    ids = [found.id for found in side.changes(None).found]
    assert (side.calls, side.waited) == (26, 3.0)
    for _ in side.fetch(ids):
        world.clock.advance(timedelta(minutes=1))  # our own time
    assert (side.calls, side.waited) == (29, 7.0)


def test_a_call_that_fails_counts_too() -> None:
    world = World()
    side = world.side()
    late = Fault(Call.CHANGES, Late(timedelta(seconds=2)))
    world.remote.script.add(late, Fault(Call.CHANGES, Raises(TemporaryError("No."))))
    with pytest.raises(TemporaryError):
        side.changes(None)
    assert side.calls == 1


def test_an_account_is_asked_no_faster_than_allowed() -> None:
    world = World(Rate(per_second=2, burst=3))
    side = world.side()
    list(side.write(creations(8)))
    assert world.stop.slept == [0.5] * 5
    assert side.waited == 2.5
    side.changes(None)
    assert world.stop.slept == [0.5] * 6


def test_another_account_has_a_bucket_of_its_own_and_shares_that_of_the_provider() -> None:
    world = World(Rate(per_second=1, burst=1), together=Rate(per_second=4, burst=2))
    juris = SignIn("juris@example.com", secret="right")
    world.side().changes(None)
    world.side(juris).changes(None)
    assert world.stop.slept == []
    world.clock.advance(timedelta(seconds=0.1))
    other = world.account("zane@example.com")
    world.side(SignIn(other.address, secret="right")).changes(None)
    assert world.stop.slept == pytest.approx([0.15])


def test_what_the_remote_asks_for_holds_for_everybody_who_asks_this_account() -> None:
    world = World(Rate(per_second=10, burst=10))
    world.remote.script.add(quota(timedelta(seconds=30), Call.CHANGES))
    with pytest.raises(TemporaryError):
        world.side().changes(None)
    world.side().changes(None)
    assert world.stop.slept == pytest.approx([30.1], abs=0.1)


def test_a_write_that_met_the_quota_slows_the_next_one() -> None:
    world = World(Rate(per_second=10, burst=10))
    world.remote.script.add(quota(timedelta(seconds=20), Call.CREATE, nth=2))
    side = world.side()
    writing = side.write(creations(3))
    assert isinstance(next(writing), Stored)
    with pytest.raises(TemporaryError):
        next(writing)
    assert len(list(side.write(creations(3)))) == 3
    assert world.stop.slept == pytest.approx([20.1, 0.1, 0.1])


def test_an_object_that_met_the_quota_slows_the_next_one() -> None:
    world = World(Rate(per_second=10, burst=10))
    pace = Pace(world.buckets, {"a": Rate(per_second=10, burst=10)}, world.stop)
    pace.heard(TemporaryError("Too many requests for this object.", retry_after=timedelta(seconds=5)))
    pace.heard(TemporaryError("Nobody knows why."))
    pace.before()
    assert world.stop.slept == pytest.approx([5.1])


def test_nobody_keeps_a_thread_waiting_for_long() -> None:
    world = World(Rate(per_second=10, burst=10))
    world.remote.script.add(quota(timedelta(hours=1), Call.CHANGES))
    with pytest.raises(TemporaryError):
        world.side().changes(None)
    with pytest.raises(TemporaryError) as caught:
        world.side().changes(None)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() > LONGEST_WAIT
    assert world.stop.slept == []
    assert world.remote.calls[Call.CHANGES] == 1


def test_nothing_new_is_begun_when_the_program_stops() -> None:
    world = World()
    side = world.side()
    writing = side.write(creations(5))
    assert isinstance(next(writing), Stored)
    world.stop.set()
    with pytest.raises(Stopping):
        next(writing)
    assert len(world.calendar.resources) == 1
    for ask in (lambda: side.changes(None), lambda: list(side.fetch([RemoteId("home/1")]))):
        with pytest.raises(Stopping):
            ask()
    with pytest.raises(Stopping):
        world.connector.open(ANNA, lambda _: None).check()
    assert world.remote.calls[Call.CHANGES] == 0


def test_who_waits_for_a_turn_stops_at_once() -> None:
    world = World(Rate(per_second=1, burst=1))
    world.stop.ends_after = 1
    with pytest.raises(Stopping):
        list(world.side().write(creations(3)))
    assert len(world.calendar.resources) == 1


def test_to_stop_does_not_slow_down_whoever_comes_after() -> None:
    world = World(Rate(per_second=10, burst=10))
    pace = Pace(world.buckets, {"a": Rate(1, 1)}, world.stop)
    pace.heard(Stopping("The program is being stopped.", retry_after=timedelta(seconds=50)))
    pace.before()
    assert world.stop.slept == []


def test_a_side_without_a_pace_is_not_slowed() -> None:
    world = World()
    bare = MemoryConnector(world.remote).open(ANNA, lambda _: None).open_calendar(RemoteId("home"))
    assert len(list(Throttled(bare, Pace(world.buckets)).write(creations(50)))) == 50


def test_stop_wakes_a_sleeper() -> None:
    stop = Stop()
    stop.set()
    stop.wait(3600)
    assert stop.is_set
