"""R20: for any object and any connection, whether it is there, and if not, which rule keeps it out and what to do."""

from __future__ import annotations

import pytest

from bridge.core.event import Privacy
from bridge.core.scope import Direction, PrivatePolicy
from bridge.errors import NotFound
from bridge.services.sync.explaining import Synced
from tests.harness import CRM
from tests.services.sync.scenarios.world import CONTACTS, YESTERDAY, World


def one(world: World, item: str) -> Synced:
    (found,) = world.why(item)
    return found


def because(world: World, item: str) -> str:
    """The rule that keeps it out; there is a reason and a remedy, in sentences."""
    found = one(world, item)
    assert not found.there
    assert found.reason.endswith(".")
    assert found.remedy.endswith(".")
    return found.rule


def test_what_is_synced_is_there_since_a_moment(world: World) -> None:
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    moment = world.office.clock.now()
    world.counts()
    for title in ("Call Anna", "Lunch"):
        found = one(world, title)
        assert found.there
        assert found.since == moment
        assert found.remote_id in world.calendar.all()
        assert found.rule == ""
    assert one(world, str(world.calendar.find("Lunch"))).there


@pytest.mark.parametrize("ran", [False, True], ids=["before a run", "after a run"])
def test_each_rule_that_keeps_an_activity_out(world: World, *, ran: bool) -> None:
    """R6, R8, R10, R27: before the run tells it, and after."""
    world.activity("Old call", YESTERDAY)
    world.activity("A task", type="task")
    world.activity("Doctor", privacy=Privacy.PRIVATE)
    world.activity("Some day", day=None)
    world.connect(types=frozenset({"call"}), private=PrivatePolicy.SKIP)
    if ran:
        world.counts()
    assert because(world, "Old call") == "R6"
    assert because(world, "A task") == "R8"
    assert because(world, "Doctor") == "R10"
    assert because(world, "Some day") == "R27"


def test_each_rule_that_keeps_an_event_out(world: World) -> None:
    """R6, R7, R10: by its title, and by its address."""
    world.event("Old lunch", YESTERDAY)
    there = world.event("Lunch")
    world.event("Dentist", hour=15, privacy=Privacy.PRIVATE)
    world.connect(direction=Direction.ONE_WAY, private=PrivatePolicy.SKIP)
    world.counts()
    assert because(world, "Old lunch") in {"R6", "R7"}
    assert because(world, str(there)) == "R7"
    assert because(world, "Dentist") == "R10"


def test_what_somebody_else_owns(world: World) -> None:
    """R5."""
    activity = world.activity("Handed on")
    world.connect()
    world.counts()
    world.change_activity(activity, owner_id=world.colleague().id)
    world.counts()
    assert because(world, str(activity.id)) == "R5"


def test_each_rule_that_keeps_a_contact_out(world: World) -> None:
    """R14, R15."""
    world.person("Anna Kalna")
    world.contact("Jānis Liepa")
    world.connect(CONTACTS, direction=Direction.ONE_WAY)
    world.counts()
    assert because(world, "Anna Kalna") == "R15"
    assert one(world, "Jānis Liepa").there


def test_a_connection_without_calendar(world: World) -> None:
    """R7: nothing of the kind is synced."""
    world.activity("Call Anna")
    world.connect(CONTACTS)
    assert because(world, "Call Anna") == "R7"


def test_the_state_of_the_connection(world: World) -> None:
    """R18: not started, paused, stopped, and what went wrong."""
    world.activity("Call Anna")
    world.choose()
    assert because(world, "Call Anna") == "R18"
    world.start()
    found = one(world, "Call Anna")
    assert (found.there, found.reason) == (False, "The next run has not happened yet.")
    world.connections.pause(world.user, world.number)
    assert "paused" in one(world, "Call Anna").reason
    world.connections.start(world.user, world.number)
    world.connections.pause(world.boss(), world.number)
    assert "administrator" in one(world, "Call Anna").reason
    world.start()
    world.other.overload(600)
    world.run()
    found = one(world, "Call Anna")
    assert (found.there, found.rule) == (False, "R18")
    assert found.reason
    world.other.recover()
    world.other.change_password("another one")
    world.run()
    assert because(world, "Call Anna") == "R18"


def test_a_failure_in_words(world: World) -> None:
    bad = world.activity("Bad one")
    world.connect()
    world.other.refuse(bad.uid)
    world.counts()
    found = one(world, "Bad one")
    assert not found.there
    assert found.reason


def test_what_was_taken_back(world: World) -> None:
    """R21."""
    world.activity("Call Anna")
    world.connect()
    world.undoing.undo_run(CRM, world.run().run_id)
    assert because(world, "Call Anna") == "R21"


def test_others_learn_nothing(world: World) -> None:
    world.activity("Call Anna")
    world.connect()
    with pytest.raises(NotFound):
        world.explain.why(world.colleague().login, "Call Anna", world.number)
    assert world.why("Nothing like this") == []
