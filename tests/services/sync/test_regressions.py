"""Faults that generated histories have found, each as small as it gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Conflict
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.misbehaviour import Call, Fault, LagsBehind, Late, Meanwhile, Moment, Raises
from bridge.providers.memory.remote import TRAITS
from bridge.store import runs
from bridge.store.database import Database
from bridge.store.models.sync import ResultOutcome, RunOutcome
from tests.harness import CRM, Office
from tests.services.sync.world import World


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return World(Office(sqlite_database))


def test_two_new_events_with_one_uid_do_not_end_the_run(world: World) -> None:
    first = world.event("Lunch")
    twin = replace(world.calendar.resources[first].object, summary="Supper")
    world.calendar.add(twin)
    world.event("Breakfast")
    world.connect()
    report = world.run()
    assert report.outcome is RunOutcome.DONE, report.message
    assert dict(report.counts) == {"created here": 2, "parked": 1}
    assert sorted(each.subject for each in world.activities()) == ["Breakfast", "Lunch"]
    (parked,) = [each for each in world.told() if each.outcome is ResultOutcome.PARKED]
    assert "same UID" in parked.reason
    assert dict(world.run().counts) == {}
    assert len(world.events()) == 3


def test_a_lease_is_kept_while_much_is_read(world: World) -> None:
    """Else two workers take a slow first sync over from each other for ever."""
    slow = replace(TRAITS, max_fetch=1)
    world.calendar = world.account.calendars[world.calendar.id] = Collection(
        world.calendar.id, "Work", slow, world.office.clock, lists_objects=False
    )
    for number in range(5):
        world.event(f"Lunch {number}")
    world.connect()
    refused: list[str] = []

    def somebody_else_tries() -> None:
        with pytest.raises(Conflict) as caught:
            world.sync.run(world.connection.id)
        refused.append(str(caught.value))

    world.remote.misbehave(
        Fault(Call.FETCH, Late(timedelta(seconds=50)), times=None), Fault(Call.FETCH, Meanwhile(somebody_else_tries), 5)
    )
    assert dict(world.run().counts) == {"created here": 5}
    assert refused == ["This connection is being synced right now."]


def test_what_is_listed_and_cannot_be_fetched_yet_is_asked_for_again(world: World) -> None:
    """A service whose parts lag behind each other: the token must not pass by what nobody has seen."""
    world.calendar.lists_objects = False
    world.connect()
    world.run()
    world.event("Lunch")
    world.remote.misbehave(Fault(Call.FETCH, LagsBehind(1)))
    assert dict(world.run().counts) == {}
    assert dict(world.run().counts) == {"created here": 1}


def test_what_changed_and_cannot_be_fetched_yet_is_not_deleted(world: World) -> None:
    world.calendar.lists_objects = False
    there = world.event("Lunch")
    world.connect()
    world.run()
    world.edit(there, summary="Long lunch")
    world.remote.misbehave(Fault(Call.FETCH, LagsBehind(2)))
    assert dict(world.run().counts) == {}
    assert dict(world.run().counts) == {"changed here": 1}


def test_what_is_fetched_as_it_was_before_is_fetched_again(world: World) -> None:
    world.calendar.lists_objects = False
    there = world.event("Lunch")
    world.connect()
    world.run()
    world.edit(there, summary="Long lunch")
    world.edit(there, summary="Late lunch")
    world.remote.misbehave(Fault(Call.FETCH, LagsBehind(1)))
    world.run()
    assert [each.subject for each in world.activities()] == ["Long lunch"]
    assert dict(world.run().counts) == {"changed here": 1}
    assert [each.subject for each in world.activities()] == ["Late lunch"]
    assert dict(world.run().counts) == {}


class Killed(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("call", [Call.UPDATE, Call.DELETE])
@pytest.mark.parametrize("moment", Moment)
def test_a_write_that_a_killed_run_could_not_note_can_be_undone(world: World, call: Call, moment: Moment) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    if call is Call.UPDATE:
        world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Anna later"))
    else:
        world.office.activities.delete(CRM, activity.id)
    world.remote.misbehave(Fault(call, Raises(Killed(), moment)))
    with pytest.raises(Killed):
        world.run()
    world.run()
    with world.office.database.read() as session:
        killed = next(
            each for each in runs.runs(session, world.connection.id) if each.outcome is RunOutcome.INTERRUPTED
        )
        noted = runs.remote_changes(session, run_id=killed.id)
    assert len(noted) == (moment is Moment.AFTER)
    if noted:
        world.undoing.undo_run(CRM, killed.id)
        assert [event.summary for event in world.events()] == ["Call Anna"]


def test_an_edit_of_what_a_killed_run_has_created_there_is_not_lost(world: World) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.remote.misbehave(Fault(Call.CREATE, Raises(Killed(), Moment.AFTER)))
    with pytest.raises(Killed):
        world.run()
    (there,) = world.calendar.resources
    world.edit(there, summary="Call Anna Kalna")
    world.run()
    world.run()
    assert [each.subject for each in world.activities()] == ["Call Anna Kalna"]
    assert world.activities()[0].id == activity.id
    assert [event.summary for event in world.events()] == ["Call Anna Kalna"]


@pytest.mark.parametrize("call", [Call.UPDATE, Call.CREATE], ids=["known for long", "created in this run"])
def test_a_complete_listing_that_lags_behind_deletes_nothing_and_doubles_nothing(world: World, call: Call) -> None:
    """What is edited here and missing there would be created once more."""
    activity = world.activity("Call Anna")
    world.connect()
    if call is Call.CREATE:
        world.remote.misbehave(Fault(Call.CREATE, Raises(Killed())))
        with pytest.raises(Killed):
            world.run()
    else:
        world.run()
        world.run()
        world.calendar.forget_history()
    world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Anna later"))
    world.remote.misbehave(Fault(Call.CHANGES, LagsBehind(1)))
    world.run()
    world.run()
    assert [event.summary for event in world.events()] == ["Call Anna later"]
    assert dict(world.run().counts) == {}


def test_what_a_complete_listing_lacks_is_gone_if_it_cannot_be_fetched_either(world: World) -> None:
    world.activity("Call Anna")
    world.activity("Call Bob")
    world.connect()
    world.run()
    world.run()
    gone = next(each.id for each in world.calendar.resources.values() if each.object.summary == "Call Bob")
    world.calendar.remove(gone)
    world.calendar.forget_history()
    assert dict(world.run().counts) == {"deleted here": 1}
    assert [each.subject for each in world.activities()] == ["Call Anna"]
