"""Nothing is lost: undo (R21) and the mass-delete guard (R22)."""

from __future__ import annotations

import pytest

from bridge.services.actor import Actor
from bridge.services.sync.planning import Deletions
from bridge.store import journal, runs
from bridge.store.models.journal import Source
from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, World

UNDO = Actor(None, Source.UNDO, client="test")


def undo(world: World, run_id: str) -> list[str]:
    """Take a run back; what could not be."""
    return [each.problem for each in world.undoing.undo_run(UNDO, run_id) if each.problem]


# --- R21, undo ---


def test_a_first_sync_can_be_taken_back(world: World) -> None:
    """R21: and the next run repeats nothing."""
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.person("Anna Kalna")
    world.connect(CALENDAR, CONTACTS)
    report = world.run()
    assert undo(world, report.run_id) == []
    assert (world.there(), world.here(), world.group.titles()) == (["Lunch"], ["Call Anna"], [])
    assert [each.id for each in world.activities()] == [activity.id]
    assert set(world.calendar.all()) == {there}
    assert world.quiet()


def test_edits_and_deletions_of_a_run_can_be_taken_back(world: World) -> None:
    """R21: on both sides."""
    changed = world.activity("Call Anna")
    deleted = world.activity("Gone", hour=15)
    edited = world.event("Lunch")
    removed = world.event("Dinner", hour=18)
    world.connect()
    world.run()
    world.change_activity(changed, subject="Call Anna Kalna")
    world.delete_activity(deleted)
    world.calendar.edit(edited, summary="Long lunch")
    world.calendar.delete(removed)
    report = world.run()
    assert dict(report.counts) == {"changed there": 1, "deleted there": 1, "changed here": 1, "deleted here": 1}
    assert undo(world, report.run_id) == []
    assert world.there() == ["Call Anna", "Gone", "Long lunch"]
    assert world.here() == ["Call Anna Kalna", "Dinner", "Lunch"]
    assert world.quiet()


def test_what_was_edited_since_is_left_alone(world: World) -> None:
    """R21: an undo never takes away somebody's later work."""
    world.activity("Call Anna")
    world.activity("Call Jānis", hour=15)
    world.event("Lunch")
    world.connect()
    report = world.run()
    world.calendar.edit(world.calendar.find("Call Anna"), summary="Call Anna, urgent")
    lunch = next(each for each in world.activities() if each.subject == "Lunch")
    world.change_activity(lunch, subject="Long lunch")
    problems = undo(world, report.run_id)
    assert sorted(problems) == ["It has been changed since.", "It has been changed there since."]
    assert world.there() == ["Call Anna, urgent", "Lunch"]
    assert world.counts() == {"changed here": 1, "changed there": 1}
    assert world.there() == ["Call Anna, urgent", "Long lunch"]
    assert world.here() == ["Call Anna, urgent", "Call Jānis", "Long lunch"]
    assert world.quiet()


def test_other_fields_that_were_edited_since_still_travel(world: World) -> None:
    """R21: what a person changed beside the undone field goes to the other side as ever."""
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    world.calendar.edit(world.calendar.only()[0], summary="Call Anna Kalna")
    report = world.run()
    world.change_activity(activity, location="Room 4")
    assert undo(world, report.run_id) == []
    assert world.here() == ["Call Anna"]
    assert world.counts() == {"changed there": 1}
    _, event = world.calendar.only()
    assert (event.summary, event.location) == ("Call Anna Kalna", "Room 4")
    assert world.here() == ["Call Anna"]
    assert world.quiet()


def test_an_undone_object_that_is_edited_again_stays_untied(world: World) -> None:
    """R21: what a person has taken back does not come by itself."""
    activity = world.activity("Call Anna")
    world.connect()
    report = world.run()
    undo(world, report.run_id)
    world.change_activity(activity, subject="Call Anna Kalna")
    assert world.quiet()
    assert (world.there(), world.here()) == ([], ["Call Anna Kalna"])


def test_undoing_twice_does_nothing_more(world: World) -> None:
    """R21."""
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    report = world.run()
    undo(world, report.run_id)
    assert world.undoing.undo_run(UNDO, report.run_id) == []
    assert (world.there(), world.here()) == (["Lunch"], ["Call Anna"])


def test_one_change_here_can_be_taken_back_and_goes_there(world: World) -> None:
    """R21: by its entry in the journal; the other side follows."""
    world.event("Lunch")
    world.connect()
    world.run()
    world.calendar.edit(world.calendar.find("Lunch"), summary="Long lunch")
    world.run()
    with world.office.database.read() as session:
        entry = next(each for each in journal.entries(session) if each.title == "Long lunch")
    world.office.journal.undo(UNDO, entry.id)
    assert world.here() == ["Lunch"]
    assert world.counts() == {"changed there": 1}
    assert world.there() == ["Lunch"]
    assert world.quiet()


def test_one_change_there_can_be_taken_back(world: World) -> None:
    """R21: only this one, and the next run repeats nothing."""
    anna = world.activity("Call Anna")
    janis = world.activity("Call Jānis", hour=15)
    world.connect()
    world.run()
    world.change_activity(anna, location="Room 4")
    world.change_activity(janis, location="Room 5")
    world.run()
    with world.office.database.read() as session:
        flows = [world.flow().id]
        change = next(each for each in runs.remote_changes(session, flow_ids=flows) if each.title == "Call Anna")
    told = world.undoing.undo_remote(UNDO, change.id)
    assert (told.title, told.problem) == ("Call Anna", "")
    assert {each.location for each in world.calendar.all().values()} == {"", "Room 5"}
    assert {each.location for each in world.activities()} == {"Room 4", "Room 5"}
    assert world.quiet()


# --- R22, the mass-delete guard ---


@pytest.fixture
def many(world: World) -> World:
    """A dozen events and activities in step."""
    for number in range(12):
        world.event(f"Lunch {number:02}", hour=number)
    world.activity("Call Anna", hour=23)
    world.connect()
    world.counts()
    return world


def test_mass_deletion_there_asks_first(many: World) -> None:
    """R22."""
    for there in list(many.calendar.all())[:11]:
        many.calendar.delete(there)
    report = many.run()
    assert report.outcome is RunOutcome.DECISION
    assert "11 of 13" in report.message
    assert many.row().problem is ProblemKind.DECISION
    assert len(many.here()) == 13
    assert many.counts(Deletions.ACCEPT) == {"deleted here": 11}
    assert len(many.here()) == len(many.there()) == 2
    assert many.row().problem is None
    assert many.quiet()


def test_mass_deletion_here_asks_first(many: World) -> None:
    """R22: and what is to be restored comes back."""
    for activity in many.activities()[:11]:
        many.delete_activity(activity)
    assert many.run().outcome is RunOutcome.DECISION
    assert len(many.there()) == 13
    assert many.counts(Deletions.RESTORE) == {"created here": 11}
    assert len(many.here()) == len(many.there()) == 13
    assert many.row().problem is None
    assert many.quiet()


def test_an_empty_side_asks_first(many: World) -> None:
    """R22: however few there are."""
    for there in list(many.calendar.all()):
        many.calendar.delete(there)
    report = many.run()
    assert report.outcome is RunOutcome.DECISION
    assert "empty" in report.message
    assert many.preview().danger == report.message
    assert len(many.here()) == 13
    assert many.counts(Deletions.RESTORE) == {"created there": 13}
    assert len(many.there()) == 13
    assert many.quiet()


def test_a_few_deletions_are_done(many: World) -> None:
    """R22: up to ten."""
    for there in list(many.calendar.all())[:10]:
        many.calendar.delete(there)
    assert many.counts() == {"deleted here": 10}


def test_edits_beside_dangerous_deletions_wait_too(many: World) -> None:
    """R22: such a run changes nothing at all."""
    for activity in [each for each in many.activities() if each.subject.startswith("Lunch")][:11]:
        many.delete_activity(activity)
    many.calendar.edit(many.calendar.find("Call Anna"), summary="Call Anna later")
    many.watch.again()
    assert many.run().outcome is RunOutcome.DECISION
    assert many.watch.writes == []
    kept, last = many.here()
    assert kept == "Call Anna"
    assert many.counts(Deletions.ACCEPT) == {"deleted there": 11, "changed here": 1}
    assert many.here() == many.there() == ["Call Anna later", last]


def test_a_broken_listing_deletes_nothing(many: World) -> None:
    """R22."""
    many.other.break_listings()
    report = many.run()
    assert report.outcome in {RunOutcome.FAILED, RunOutcome.DONE}
    assert len(many.here()) == 13
    many.other.recover()
    many.later(10)
    assert many.counts() == {}
