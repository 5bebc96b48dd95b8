"""Servers that answer nonsense: each is a state or a result in words, and nothing is deleted for it (R18, R22)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.core.event import Event
from bridge.ports import RemoteId, Update
from bridge.providers.memory.misbehaviour import Call, Fault, Meanwhile
from bridge.services.sync.noting import TRIES
from bridge.store.models.sync import LinkState, ProblemKind, ResultOutcome, RunOutcome
from tests.providers.servers import Reply, Request, scripted
from tests.services.sync.scenarios.dav_remote import DavOther
from tests.services.sync.scenarios.memory_remote import MemoryOther
from tests.services.sync.scenarios.remotes import Other
from tests.services.sync.scenarios.world import CONTACTS, World


@pytest.fixture
def synced(world: World) -> World:
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    world.counts()
    return world


TROUBLES: tuple[Callable[[Other], None], ...] = (
    lambda other: other.talk_nonsense(),
    lambda other: other.break_listings(),
    lambda other: other.overload(30),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=["nonsense", "broken listings", "overload"])
def test_a_server_in_trouble_is_waited_for(synced: World, trouble: Callable[[Other], None]) -> None:
    """R22: nothing is concluded from it; what was to be done is done afterwards."""
    synced.event("Dinner", hour=18)
    synced.change_activity(synced.activities()[0], subject="Call Anna Kalna")
    trouble(synced.other)
    report = synced.run()
    assert report.outcome is RunOutcome.FAILED
    assert synced.row().problem is ProblemKind.WAITING
    assert report.message
    assert report.retry_at is not None
    assert synced.state().startswith("Waiting")
    assert synced.here() == ["Call Anna Kalna", "Lunch"]
    assert {link.state for link in synced.links()} == {LinkState.LINKED}
    synced.other.recover()
    assert synced.counts() == {"created here": 1, "changed there": 1}
    assert synced.there() == synced.here() == ["Call Anna Kalna", "Dinner", "Lunch"]
    assert synced.state() == "Up to date"


def test_an_object_that_is_listed_twice(synced: World) -> None:
    """R22, R3: it is there once."""
    synced.event("Dinner", hour=18)
    synced.other.list_twice()
    synced.run()
    synced.other.recover()
    synced.later(10)
    synced.run()
    assert synced.here() == synced.there() == ["Call Anna", "Dinner", "Lunch"]
    assert synced.quiet()


def test_one_object_that_fails_leaves_the_others_alone(world: World) -> None:
    """R18: it is told, tried again with growing pauses, and parked in the end."""
    bad = world.activity("Bad one")
    world.activity("Good one", hour=15)
    world.event("Lunch")
    world.connect()
    world.other.fail_for(bad.uid)
    report = world.run()
    assert report.outcome is RunOutcome.PARTLY
    assert dict(report.counts) == {"failed": 1, "created there": 1, "created here": 1}
    for _ in range(TRIES - 1):
        result = next(each for each in world.told() if each.title == "Bad one")
        assert result.outcome is ResultOutcome.FAILED
        assert result.reason
        world.later(60)
        report = world.run()
    assert dict(report.counts) == {"parked": 1}
    world.later(600)
    assert world.counts() == {}
    world.other.recover()
    world.change_activity(bad, location="Room 4")
    assert world.counts() == {"created there": 1}
    assert world.there() == world.here() == ["Bad one", "Good one", "Lunch"]
    assert world.quiet()


def test_one_object_that_is_never_taken_is_parked_at_once(world: World) -> None:
    """R18: with the server's reason."""
    bad = world.activity("Bad one")
    world.activity("Good one", hour=15)
    world.connect()
    world.other.refuse(bad.uid)
    assert world.counts() == {"parked": 1, "created there": 1}
    result = next(each for each in world.told() if each.title == "Bad one")
    assert result.outcome is ResultOutcome.PARKED
    assert result.reason
    assert world.quiet()


def test_objects_without_uid(world: World) -> None:
    """R3: they are synced all the same, and once."""
    world.event("Lunch")
    world.event("Dinner", hour=18)
    world.other.say_uid("Lunch@elsewhere", "")
    world.connect()
    world.run()
    world.run()
    assert world.here().count("Dinner") == 1
    assert world.here().count("Lunch") <= 1
    assert sorted(each.title for each in world.told()) == ["Dinner", "Lunch"] or "Lunch" not in world.here()
    assert world.there() == ["Dinner", "Lunch"]
    assert world.quiet()


def test_two_objects_with_one_uid(world: World) -> None:
    """R3: one is synced, and of the other it is told why not."""
    world.event("Lunch")
    world.event("Dinner", hour=18)
    world.other.say_uid("Dinner@elsewhere", "Lunch@elsewhere")
    world.connect()
    world.run()
    assert len(world.here()) == 1
    told = {each.outcome for each in world.told()}
    assert told == {ResultOutcome.DONE, ResultOutcome.PARKED}
    reason = next(each.reason for each in world.told() if each.outcome is ResultOutcome.PARKED)
    assert "UID" in reason
    assert world.there() == ["Dinner", "Lunch"]
    assert world.quiet()


def test_a_group_of_contacts_that_was_deleted(world: World) -> None:
    """R22: no person goes with it."""
    world.person("Anna Kalna")
    world.connect(CONTACTS)
    world.counts()
    world.group.remove()
    assert world.run().outcome is RunOutcome.FAILED
    assert world.state() == "Stopped: needs your decision"
    assert world.people() == ["Anna Kalna"]


def test_what_changes_while_we_write_is_made_up_for(memory_world: World) -> None:
    """R23: a stale version is no failure of the object; the next run, soon, merges both."""
    world = memory_world
    assert isinstance(world.other, MemoryOther)
    activity = world.activity("Call Anna")
    world.connect()
    world.counts()
    there, _ = world.calendar.only()
    world.change_activity(activity, subject="Call Anna Kalna")
    meanwhile = Meanwhile(lambda: world.calendar.edit(there, location="Room 4"))
    world.other.remote.misbehave(Fault(Call.UPDATE, meanwhile))
    report = world.run()
    assert report.outcome is RunOutcome.PARTLY
    assert world.shown().status.next_run is not None
    world.later(2)
    assert world.counts() == {"merged": 1}
    _, event = world.calendar.only()
    assert (event.summary, event.location) == ("Call Anna Kalna", "Room 4")
    assert (world.here(), world.activities()[0].location) == (["Call Anna Kalna"], "Room 4")
    assert world.quiet()


def test_what_changes_here_while_we_write_there_is_made_up_for(world: World) -> None:
    """R23: also when ours has moved on since it was read."""
    world.activity("Call Anna")
    world.connect()
    world.counts()
    (activity,) = world.activities()
    there, _ = world.calendar.only()
    world.change_activity(activity, subject="Call Anna Kalna")
    world.watch.meanwhile = lambda: world.change_activity(activity, location="Room 4")
    world.run()
    world.counts()
    event: Event = world.calendar.all()[there]
    assert (event.summary, event.location) == ("Call Anna Kalna", "Room 4")
    assert isinstance(world.watch.writes[-1], Update)
    assert world.quiet()


# --- what only servers on a network do ---


def other_of(world: World) -> DavOther:
    assert isinstance(world.other, DavOther)
    return world.other


def test_a_redirect_to_another_host_ends_the_run_and_keeps_the_password(dav_world: World) -> None:
    """The credentials are for one host only."""
    world = dav_world
    world.activity("Call Anna")
    world.connect()
    world.counts()
    with scripted(lambda _: Reply(200, {}, b"")) as thief:
        away = f"http://localhost:{thief.port}/"

        def redirect(_request: Request, _answer: Callable[[], Reply]) -> Reply:
            return Reply(301, {"Location": away}, b"")

        other_of(world).front.tricks.append(redirect)
        report = world.run()
        assert report.outcome is RunOutcome.FAILED
        assert report.message
        assert all("authorization" not in each.headers for each in thief.asked)
    assert world.here() == ["Call Anna"]
    world.other.recover()
    world.later(60)
    assert world.counts() == {}
    assert world.quiet()


def test_an_object_that_cannot_be_read_is_told_and_left_alone(dav_world: World) -> None:
    """R22: neither changed nor gone; when it is mended it goes on."""
    world = dav_world
    other = other_of(world)
    there = world.event("Lunch")
    world.event("Dinner", hour=18)
    world.connect()
    world.counts()

    def spoil(_request: Request, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        body = reply.body.replace(b"SUMMARY:Long lunch", b"END:VALARM")
        return Reply(reply.status, reply.headers, body)

    other.front.tricks.append(spoil)
    world.calendar.edit(there, summary="Long lunch")
    world.run()
    assert world.here() == ["Dinner", "Lunch"]
    result = next(each for each in world.told() if each.remote_id == there)
    assert result.outcome is ResultOutcome.LEFT_OUT
    assert result.reason
    world.other.recover()
    world.calendar.edit(RemoteId(there), location="Canteen")
    assert world.counts() == {"changed here": 1}
    assert world.here() == ["Dinner", "Long lunch"]
    assert world.quiet()
