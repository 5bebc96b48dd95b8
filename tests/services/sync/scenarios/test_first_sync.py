"""A first sync: previewed (R19), with its progress, and resumed wherever it was cut short (R16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.errors import Conflict
from bridge.services.sync.planning import Deletions
from bridge.services.sync.run import LEASE
from bridge.store.models.sync import RunOutcome
from tests.services.sync.scenarios.watching import Killed
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, YESTERDAY, World

MANY = 100  # on either side


def fill(world: World, many: int = MANY) -> None:
    for number in range(many):
        world.activity(f"Call {number:03}", hour=number % 24)
        world.event(f"Lunch {number:03}", hour=number % 24)


def wait_for_the_lease(world: World) -> None:
    """A process that was killed leaves its lease to run out."""
    world.office.clock.advance(LEASE + timedelta(seconds=1))


def test_an_interrupted_first_sync_resumes_where_it_was(memory_world: World) -> None:
    """R16, R3: at several points, before and after the remote has done it; nothing is there twice in the end."""
    world = memory_world
    fill(world)
    world.connect()
    seen = []
    for number, cut in enumerate((1, 49, 50, 51, 99)):
        world.watch.cut_before, world.watch.cut_after = (cut, None) if number % 2 else (None, cut)
        world.watch.writes.clear()
        with pytest.raises(Killed):
            world.run()
        seen.append(world.shown().status.percent)
        assert world.state() == f"First sync {seen[-1]} %"
        world.watch.again()
        wait_for_the_lease(world)
        if len(world.calendar.all()) >= 2 * MANY - 60:
            break
    world.counts()
    assert len(world.there()) == len(set(world.there())) == 2 * MANY
    assert world.there() == world.here()
    assert world.state() == "Up to date"
    assert world.quiet()


@pytest.mark.parametrize("cut", [1, 3, 4])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_was_killed_at_a_write_is_made_up_for(world: World, moment: str, cut: int) -> None:
    """R16, R3."""
    for number in range(4):
        world.activity(f"Call {number}", hour=number)
        world.contact(f"Anna {number}", f"anna{number}@kalns.example")
    world.person("Jānis Liepa")
    world.event("Lunch")
    world.connect(CALENDAR, CONTACTS)
    setattr(world.watch, f"cut_{moment}", cut)
    with pytest.raises(Killed):
        world.run()
    assert world.state().startswith("First sync ")
    world.watch.again()
    wait_for_the_lease(world)
    assert world.run().outcome is RunOutcome.DONE
    assert world.there() == world.here() == ["Call 0", "Call 1", "Call 2", "Call 3", "Lunch"]
    assert world.group.titles() == world.people() == ["Anna 0", "Anna 1", "Anna 2", "Anna 3", "Jānis Liepa"]
    world.counts()
    assert world.quiet()


def test_the_progress_grows(memory_world: World) -> None:
    """R16, R18: from nothing to all, in words."""
    world = memory_world
    fill(world)
    world.connect()
    states = [world.state()]
    world.sync.run(world.number, tell=lambda _: states.append(world.state()))
    percents = [int(state.split()[2]) for state in states]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[-1] == 99
    assert len(set(percents)) > 3
    assert world.state() == "Up to date"


def test_a_preview_tells_what_the_run_then_does(world: World) -> None:
    """R19: created there, created here, matched, left out and why; and it changes nothing itself."""
    world.activity("Call Anna")
    world.activity("Both have it", hour=15)
    world.activity("Old call", YESTERDAY)
    world.event("Both have it", hour=15)
    world.event("Lunch")
    world.person("Anna Kalna")
    world.choose(CALENDAR, CONTACTS)
    before = (world.there(), world.here(), world.group.titles(), world.people())
    world.watch.again()
    preview = world.preview()
    assert preview.danger == ""
    assert {(item.action, item.title, item.rule) for item in preview.items} == {
        ("created there", "Call Anna", ""),
        ("created there", "Anna Kalna", ""),
        ("created here", "Lunch", ""),
        ("matched", "Both have it", ""),
        ("left out", "Old call", "R6"),
    }
    assert (world.there(), world.here(), world.group.titles(), world.people()) == before
    assert (world.watch.writes, world.links(), world.told()) == ([], [], [])
    world.start()
    assert world.counts() == preview.counts()


def test_nothing_runs_before_it_is_confirmed(world: World) -> None:
    """R19."""
    world.activity("Call Anna")
    world.choose()
    assert world.state() == "Choose settings"
    with pytest.raises(Conflict):
        world.run()
    with pytest.raises(Conflict, match="confirmed"):
        world.connections.start(None, world.number)
    assert world.there() == []


def test_a_preview_of_edits_and_deletions(world: World) -> None:
    """R19: also later on."""
    activity = world.activity("Call Anna")
    gone = world.activity("Gone", hour=14)
    world.event("Lunch")
    there = world.event("Dinner", hour=18)
    world.connect()
    world.run()
    world.change_activity(activity, subject="Call Anna Kalna")
    world.delete_activity(gone)
    world.calendar.delete(there)
    world.calendar.edit(world.calendar.find("Lunch"), summary="Long lunch")
    preview = world.preview()
    assert {(item.action, item.title) for item in preview.items} == {
        ("changed there", "Call Anna Kalna"),
        ("deleted there", "Gone"),
        ("deleted here", "Dinner"),
        ("changed here", "Lunch"),
    }
    assert world.counts() == preview.counts()
    assert world.quiet()


def test_a_changed_option_that_would_delete_is_asked_about(world: World) -> None:
    """R19: what is not confirmed is not done, even if somebody starts without a look."""
    world.activity("A call")
    world.activity("A task", type="task")
    world.connect()
    world.run()
    world.change(types=frozenset({"call"}))
    world.start()
    report = world.run()
    assert report.outcome is RunOutcome.DECISION
    assert world.state() == "Stopped: needs your decision"
    assert world.there() == ["A call", "A task"]
    assert world.counts(Deletions.ACCEPT) == {"deleted there": 1}
    assert world.state() == "Up to date"
    assert world.quiet()
