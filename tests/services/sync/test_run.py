"""The engine over both databases, with an account in memory: what goes where, and what is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.scope import Direction, FlowKind
from bridge.services.sync.planning import Deletions
from bridge.store.database import Database
from bridge.store.models.sync import LinkState, ProblemKind, RunOutcome
from tests.harness import CRM, Office
from tests.services.sync.world import World


@pytest.fixture
def world(database: Database) -> World:
    return World(Office(database))


def test_an_activity_becomes_an_event_and_an_event_an_activity(world: World) -> None:
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    report = world.run()
    assert report.outcome is RunOutcome.DONE, report.message
    assert dict(report.counts) == {"created there": 1, "created here": 1}
    assert sorted(event.summary for event in world.events()) == ["Call Anna", "Lunch"]
    assert sorted(activity.subject for activity in world.activities()) == ["Call Anna", "Lunch"]
    assert {link.state for link in world.links()} == {LinkState.LINKED}


def test_an_unchanged_run_plans_nothing(world: World) -> None:
    world.activity()
    world.event()
    world.connect()
    world.run()
    world.run()
    before = world.remote.requests
    report = world.run()
    assert dict(report.counts) == {}
    assert world.results == []
    assert world.remote.requests - before == 1


def test_edits_go_both_ways(world: World) -> None:
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.connect()
    world.run()
    world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Anna Kalna"))
    world.edit(there, summary="Long lunch")
    report = world.run()
    assert dict(report.counts) == {"changed there": 1, "changed here": 1}
    assert sorted(event.summary for event in world.events()) == ["Call Anna Kalna", "Long lunch"]
    assert sorted(each.subject for each in world.activities()) == ["Call Anna Kalna", "Long lunch"]


def test_both_edited_are_merged_by_field(world: World) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    (there,) = world.ids()
    world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Anna Kalna"))
    world.edit(there, location="Room 4")
    assert dict(world.run().counts) == {"merged": 1}
    (event,) = world.events()
    (after,) = world.activities()
    assert (event.summary, event.location) == ("Call Anna Kalna", "Room 4")
    assert (after.subject, after.location) == ("Call Anna Kalna", "Room 4")
    assert dict(world.run().counts) == {}


def test_deletions_go_both_ways(world: World) -> None:
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.activity("Stays")
    world.connect()
    world.run()
    world.office.activities.delete(CRM, activity.id)
    world.calendar.remove(there)
    assert dict(world.run().counts) == {"deleted there": 1, "deleted here": 1}
    assert [event.summary for event in world.events()] == ["Stays"]
    assert [each.subject for each in world.activities()] == ["Stays"]


def test_an_edit_beats_a_deletion(world: World) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    (there,) = world.ids()
    world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Anna Kalna"))
    world.calendar.remove(there)
    assert dict(world.run().counts) == {"created there": 1}
    assert [event.summary for event in world.events()] == ["Call Anna Kalna"]
    assert dict(world.run().counts) == {}


def test_a_person_becomes_a_contact_and_a_contact_a_person(world: World) -> None:
    world.person("Anna Kalna")
    world.connect(FlowKind.CONTACTS)
    report = world.run()
    assert report.outcome is RunOutcome.DONE, report.message
    assert [contact.formatted_name for contact in world.contacts()] == ["Anna Kalna"]
    assert dict(world.run().counts) == {}


def test_a_changed_deal_shows_in_the_event(world: World) -> None:
    """R9: the block of the CRM follows the deal, whatever a calendar does with the rest."""
    from bridge.core.activity import Deal  # noqa: PLC0415

    deal = world.office.activities.save_deal(CRM, Deal("Roof", world.user.id))
    world.activity("Call Anna", deal_id=deal.id)
    world.connect()
    world.run()
    assert "Roof" in world.events()[0].description
    world.office.activities.save_deal(CRM, replace(deal, title="Red roof"))
    assert dict(world.run().counts) == {"changed there": 1}
    assert "Red roof" in world.events()[0].description
    assert dict(world.run().counts) == {}


def test_mass_deletion_asks_first(world: World) -> None:
    """R22."""
    for number in range(15):
        world.activity(f"Call {number}")
    world.connect()
    world.run()
    for id_ in list(world.ids()):
        world.calendar.remove(id_)
    report = world.run()
    assert report.outcome is RunOutcome.DECISION
    assert len(world.activities()) == 15
    assert world.reread().problem is ProblemKind.DECISION
    world.run(Deletions.RESTORE)
    assert len(world.events()) == 15
    assert len(world.activities()) == 15


def test_one_way_takes_no_new_events(world: World) -> None:
    """R7."""
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect(direction=Direction.ONE_WAY)
    assert dict(world.run().counts) == {"created there": 1, "left out": 1}
    there = next(id_ for id_ in world.ids() if world.calendar.resources[id_].object.summary == "Call Anna")
    world.edit(there, summary="Call Anna later")
    assert dict(world.run().counts) == {"changed here": 1}
    assert [each.subject for each in world.activities()] == ["Call Anna later"]


def test_the_past_stays_where_it_is(world: World) -> None:
    """R6."""
    yesterday = (world.office.clock.now() - timedelta(days=1)).date()
    old = world.activity("Old call", yesterday)
    world.event("Old lunch", yesterday)
    world.connect()
    assert dict(world.run().counts) == {"left out": 2}
    world.office.activities.change(
        CRM, old.id, lambda each: replace(each, due_date=(world.office.clock.now() + timedelta(days=2)).date())
    )
    assert dict(world.run().counts) == {"created there": 1}


def test_undo_of_a_run_restores_both_sides(world: World) -> None:
    """R21."""
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.connect()
    first = world.run()
    world.undoing.undo_run(CRM, first.run_id)
    assert [event.summary for event in world.events()] == ["Lunch"]
    assert [each.subject for each in world.activities()] == ["Call Anna"]
    assert dict(world.run().counts) == {}
    assert world.calendar.resources[there].object.summary == "Lunch"
    assert world.activities()[0].id == activity.id
