"""A two-way sync in the ordinary course of things (R7): what is made, changed and deleted goes to the other side."""

from __future__ import annotations

from bridge.core.contact import Name
from bridge.store.models.sync import LinkState, RunOutcome
from tests.services.sync.scenarios.memory_remote import MemoryOther
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, HOUR, World


def test_an_activity_becomes_an_event_and_an_event_an_activity(world: World) -> None:
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    report = world.run()
    assert report.outcome is RunOutcome.DONE, report.message
    assert dict(report.counts) == {"created there": 1, "created here": 1}
    assert world.there() == ["Call Anna", "Lunch"]
    assert world.here() == ["Call Anna", "Lunch"]
    assert {link.state for link in world.links()} == {LinkState.LINKED}
    assert world.quiet()


def test_edits_go_both_ways(world: World) -> None:
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.connect()
    world.run()
    world.change_activity(activity, subject="Call Anna Kalna")
    world.calendar.edit(there, summary="Long lunch")
    assert world.counts() == {"changed there": 1, "changed here": 1}
    assert world.there() == world.here() == ["Call Anna Kalna", "Long lunch"]
    assert world.quiet()


def test_an_appointment_that_is_moved_keeps_its_length(world: World) -> None:
    world.activity("Call Anna")
    world.connect()
    world.run()
    there, event = world.calendar.only()
    assert event.start is not None
    assert event.end is not None
    world.calendar.edit(there, start=event.start + 3 * HOUR, end=event.end + 3 * HOUR)
    assert world.counts() == {"changed here": 1}
    (activity,) = world.activities()
    assert (activity.due_time and activity.due_time.hour, activity.duration) == (13, HOUR)
    assert world.quiet()


def test_deletions_go_both_ways(world: World) -> None:
    activity = world.activity("Call Anna")
    there = world.event("Lunch")
    world.activity("Stays")
    world.connect()
    world.run()
    world.delete_activity(activity)
    world.calendar.delete(there)
    assert world.counts() == {"deleted there": 1, "deleted here": 1}
    assert world.there() == world.here() == ["Stays"]
    assert world.quiet()


def test_what_is_deleted_on_both_sides_is_forgotten(world: World) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    there, _ = world.calendar.only()
    world.delete_activity(activity)
    world.calendar.delete(there)
    assert world.counts() == {"forgotten": 1}
    assert world.links() == []
    assert world.quiet()


def test_a_copy_is_an_object_of_its_own(world: World) -> None:
    """Who duplicates our event there, or splits a series, copies our marks along."""
    world.activity("Call Anna")
    world.person("Anna Kalna", "anna@kalns.example")
    world.connect(CALENDAR, CONTACTS)
    world.run()
    event = world.calendar.copy(world.calendar.find("Call Anna"))
    world.calendar.edit(event, summary="Call Anna again")
    contact = world.group.copy(world.group.find("Anna Kalna"))
    world.group.edit(contact, formatted_name="Jānis Liepa", name=Name("Liepa", "Jānis"), emails=())
    assert world.counts() == {"created here": 2}
    assert world.there() == world.here() == ["Call Anna", "Call Anna again"]
    assert world.group.titles() == world.people() == ["Anna Kalna", "Jānis Liepa"]
    assert world.quiet()
    world.calendar.edit(event, location="Room 4")
    assert world.counts() == {"changed here": 1}
    assert [each.location for each in world.activities()] == ["", "Room 4"]
    world.connections.remove(None, world.number)
    world.connect(CALENDAR, CONTACTS)
    assert world.counts() == {"matched": 4}
    world.calendar.delete(event)
    world.group.delete(contact)
    assert world.counts() == {"deleted here": 2}
    assert (world.here(), world.people()) == (["Call Anna"], ["Anna Kalna"])


def test_a_copy_that_takes_the_place_of_the_event_stays(world: World) -> None:
    """As of a series that is split at its first occurrence."""
    world.activity("Call Anna")
    world.connect()
    world.run()
    there = world.calendar.find("Call Anna")
    world.calendar.edit(world.calendar.copy(there), summary="Call Anna again")
    world.calendar.delete(there)
    world.counts()
    assert world.there() == world.here() == ["Call Anna again"]
    assert world.quiet()


def test_persons_and_contacts_go_both_ways(world: World) -> None:
    """R15."""
    anna = world.person("Anna Kalna", "anna@kalns.example")
    janis = world.contact("Jānis Liepa", "janis@liepa.example")
    world.connect(CONTACTS)
    assert world.counts() == {"created there": 1, "created here": 1}
    assert world.group.titles() == world.people() == ["Anna Kalna", "Jānis Liepa"]
    world.change_person(anna, job_title="Director")
    world.group.edit(janis, note="Met at the fair")
    assert world.counts() == {"changed there": 1, "changed here": 1}
    assert world.group.all()[world.group.find("Anna Kalna")].title == "Director"
    assert [each.note for each in world.persons()] == ["", "Met at the fair"]
    assert world.quiet()


def test_deleted_persons_and_contacts_go_from_the_other_side(world: World) -> None:
    anna = world.person("Anna Kalna")
    janis = world.contact("Jānis Liepa")
    world.person("Pēteris")
    world.connect(CONTACTS)
    world.run()
    world.change_person(anna, deleted=True)
    world.group.delete(janis)
    assert world.counts() == {"deleted there": 1, "deleted here": 1}
    assert world.group.titles() == world.people() == ["Pēteris"]
    assert world.quiet()


def test_calendar_and_contacts_of_one_account_are_run_together(world: World) -> None:
    world.activity("Call Anna")
    world.person("Anna Kalna")
    world.connect(CALENDAR, CONTACTS)
    assert world.counts() == {"created there": 2}
    assert (world.there(), world.group.titles()) == (["Call Anna"], ["Anna Kalna"])


def test_an_unchanged_run_asks_once(memory_world: World) -> None:
    """R24: one listing of what has changed, and nothing else."""
    world = memory_world
    assert isinstance(world.other, MemoryOther)
    world.activity()
    world.event()
    world.connect()
    world.run()
    world.run()
    before = world.other.remote.requests
    assert world.quiet()
    assert world.other.remote.requests - before == 1


def test_what_comes_and_goes_between_two_listings_is_noticed(world: World) -> None:
    """R22: servers need not tell of what was created and deleted since a token (RFC 6578 3.5)."""
    world.activity("Call Anna")
    world.activity("Stays", hour=15)
    world.connect()
    world.run()
    world.calendar.delete(world.calendar.find("Call Anna"))
    assert world.counts() == {"deleted here": 1}
    assert world.here() == world.there() == ["Stays"]
    assert world.quiet()
