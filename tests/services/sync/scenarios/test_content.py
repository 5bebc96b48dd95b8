"""What an event says: the CRM's block (R9), privacy (R10), series (R11), visibility (R12) and guests (R13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bridge.core.activity import Deal, Visibility
from bridge.core.event import Attendee, Event, Privacy
from bridge.core.linkblock import find_block, strip_block
from bridge.core.scope import PrivatePolicy
from bridge.errors import Conflict
from bridge.ports import Create, Update
from bridge.services.sync.planning import Deletions
from bridge.store.models.sync import RunOutcome
from tests.harness import CRM
from tests.services.sync.scenarios.world import HOUR, TOMORROW, World, rules_of

# --- R9, the block with deal and contact ---


def with_deal(world: World, **more: object) -> Deal:
    """A call about a deal, in step."""
    deal = world.office.activities.save_deal(CRM, Deal("Roof", world.user.id))
    world.activity("Call Anna", deal_id=deal.id, public_description="<p>About the tiles</p>")
    world.connect(**more)  # type: ignore[arg-type]
    world.run()
    return deal


def test_the_block_is_fenced_and_follows_the_deal(world: World) -> None:
    """R9."""
    deal = with_deal(world)
    _, event = world.calendar.only()
    assert "Roof" in (find_block(event.description) or "")
    assert strip_block(event.description).strip() == "About the tiles"
    world.office.activities.save_deal(CRM, replace(deal, title="Red roof"))
    assert world.counts() == {"changed there": 1}
    assert "Red roof" in world.calendar.only()[1].description
    assert world.quiet()


def test_the_block_never_grows_and_never_comes_in(world: World) -> None:
    """R9: however often a calendar edits around it."""
    with_deal(world)
    for number in range(3):
        world.later()
        there, event = world.calendar.only()
        world.calendar.edit(there, description=f"Line {number}\n{event.description}")
        assert world.counts() == {"changed here": 1}
        assert world.quiet()
    _, event = world.calendar.only()
    (activity,) = world.activities()
    assert event.description.count("Roof") == 1
    assert "Roof" not in activity.public_description
    assert "Line 2" in activity.public_description


def test_a_calendar_that_deletes_the_block_gets_it_back_with_the_next_change(world: World) -> None:
    """R9: the block is ours alone; its loss is no edit of the description."""
    with_deal(world)
    world.later()
    there, event = world.calendar.only()
    world.calendar.edit(there, description=strip_block(event.description))
    world.counts()
    (activity,) = world.activities()
    assert activity.public_description == "<p>About the tiles</p>"
    world.change_activity(activity, location="Room 4")
    assert world.counts() == {"changed there": 1}
    assert "Roof" in world.calendar.only()[1].description
    assert world.quiet()


def test_switching_the_block_off_removes_it(world: World) -> None:
    """R9."""
    with_deal(world)
    world.change(include_links=False)
    assert world.counts() == {"changed there": 1}
    _, event = world.calendar.only()
    assert event.description.strip() == "About the tiles"
    assert world.quiet()
    world.change(include_links=True)
    assert world.counts() == {"changed there": 1}
    assert "Roof" in world.calendar.only()[1].description
    assert world.quiet()


# --- R10, private events ---


@pytest.mark.parametrize("policy", [PrivatePolicy.AS_PRIVATE, PrivatePolicy.AS_PUBLIC])
def test_a_private_activity_goes_out_as_chosen(world: World, policy: PrivatePolicy) -> None:
    """R10."""
    activity = world.activity("Doctor", privacy=Privacy.PRIVATE)
    world.connect(private=policy)
    assert world.counts() == {"created there": 1}
    wanted = Privacy.PUBLIC if policy is PrivatePolicy.AS_PUBLIC else Privacy.PRIVATE
    assert world.calendar.only()[1].privacy is wanted
    there, _ = world.calendar.only()
    world.later()
    world.calendar.edit(there, location="Riga")
    assert world.counts() == {"changed here": 1}
    after = world.office.activities.get(activity.id)
    assert (after.privacy, after.location) == (Privacy.PRIVATE, "Riga")
    assert world.quiet()


def test_private_ones_stay_where_they_are_when_left_out(world: World) -> None:
    """R10: in both directions."""
    world.activity("Doctor", privacy=Privacy.PRIVATE)
    world.event("Dentist", privacy=Privacy.PRIVATE)
    world.event("Lunch")
    world.connect(private=PrivatePolicy.SKIP)
    assert world.counts() == {"left out": 2, "created here": 1}
    assert rules_of(world.told()) == {"Doctor": "R10", "Dentist": "R10"}
    assert (world.there(), world.here()) == (["Dentist", "Lunch"], ["Doctor", "Lunch"])
    assert world.quiet()


@pytest.mark.parametrize("policy", [PrivatePolicy.AS_PRIVATE, PrivatePolicy.AS_PUBLIC])
def test_a_private_event_comes_in_as_chosen_and_stays_private_there(world: World, policy: PrivatePolicy) -> None:
    """R10: what is taken as public is never published where it came from."""
    there = world.event("Dentist", privacy=Privacy.PRIVATE)
    world.connect(private=policy)
    assert world.counts() == {"created here": 1}
    (activity,) = world.activities()
    wanted = Privacy.PUBLIC if policy is PrivatePolicy.AS_PUBLIC else Privacy.PRIVATE
    assert activity.privacy is wanted
    world.change_activity(activity, location="Riga")
    assert world.counts() == {"changed there": 1}
    event = world.calendar.all()[there]
    assert (event.privacy, event.location) == (Privacy.PRIVATE, "Riga")
    assert world.quiet()


def test_an_activity_that_becomes_private_is_taken_out_where_private_ones_are_left_out(world: World) -> None:
    """R10."""
    activity = world.activity("Doctor")
    world.activity("Stays")
    world.connect(private=PrivatePolicy.SKIP)
    world.run()
    world.change_activity(activity, privacy=Privacy.PRIVATE)
    assert world.counts() == {"deleted there": 1}
    assert world.there() == ["Stays"]
    assert world.here() == ["Doctor", "Stays"]


def test_the_other_side_decides_about_privacy_on_reconnect(world: World) -> None:
    """R10: it says private, so it is private here too."""
    world.activity("Doctor")
    world.connect()
    world.run()
    world.connections.remove(None, world.number)
    there, _ = world.calendar.only()
    world.calendar.edit(there, privacy=Privacy.PRIVATE)
    world.connect()
    world.counts()
    assert world.activities()[0].privacy is Privacy.PRIVATE
    assert world.calendar.only()[1].privacy is Privacy.PRIVATE
    assert world.quiet()


# --- R11, series ---


def weekly(world: World) -> Event:
    """Every week from tomorrow, the second one an hour later."""
    start = datetime.combine(TOMORROW, time(9), UTC)
    second = start + timedelta(days=7)
    master = Event(
        "weekly@elsewhere",
        summary="Stand-up",
        start=start,
        end=start + HOUR,
        recurrence=("RRULE:FREQ=WEEKLY;COUNT=5",),
    )
    moved = replace(
        master,
        recurrence=(),
        recurrence_id=second,
        start=second + HOUR,
        end=second + 2 * HOUR,
        summary="Stand-up, later",
    )
    world.calendar.add(replace(master, overrides=(moved,)))
    return master


def test_a_series_is_one_series_with_its_exceptions(world: World) -> None:
    """R11: shown here as occurrences, and not editable here."""
    weekly(world)
    world.connect()
    assert world.counts() == {"created here": 1}
    (activity,) = world.activities()
    assert activity.series
    assert len(world.office.activities.occurrences(activity.id)) == 5
    with pytest.raises(Conflict, match="series"):
        world.change_activity(activity, subject="Not so")
    assert world.quiet()


def test_an_occurrence_that_is_edited_there_is_edited_here(world: World) -> None:
    """R11."""
    weekly(world)
    world.connect()
    world.run()
    there, event = world.calendar.only()
    world.later()
    third = datetime.combine(TOMORROW, time(9), UTC) + timedelta(days=14)
    more = replace(event.overrides[0], recurrence_id=third, start=third + 3 * HOUR, end=third + 4 * HOUR)
    cut = (*event.recurrence, f"EXDATE:{third + timedelta(days=7):%Y%m%dT%H%M%SZ}")
    world.calendar.edit(there, overrides=(*event.overrides, more), recurrence=cut)
    assert world.counts() == {"changed here": 1}
    (activity,) = world.activities()
    starts = [start for start, _ in world.office.activities.occurrences(activity.id)]
    assert len(starts) == 4
    assert third + 3 * HOUR in starts
    assert world.quiet()


def test_what_the_crm_may_change_of_a_series_goes_there_and_spares_the_exceptions(world: World) -> None:
    """R11, R23: it is done; the calendar's own edits of the series stay."""
    weekly(world)
    world.connect()
    world.run()
    (activity,) = world.activities()
    deal = world.office.activities.save_deal(CRM, Deal("Roof", world.user.id))
    world.change_activity(activity, deal_id=deal.id)
    assert world.counts() == {"changed there": 1}
    _, event = world.calendar.only()
    assert "Roof" in event.description
    assert [each.summary for each in event.overrides] == ["Stand-up, later"]
    assert world.quiet()


def test_a_deleted_series_goes_as_a_whole(world: World) -> None:
    """R11."""
    weekly(world)
    world.connect()
    world.run()
    world.delete_activity(world.activities()[0])
    assert world.counts() == {"deleted there": 1}
    assert world.there() == []


def test_a_series_of_the_past_that_still_goes_on_is_taken_up(world: World) -> None:
    """R11, R6: it counts by its last occurrence."""
    start = datetime.combine(TOMORROW, time(9), UTC) - timedelta(days=70)
    for name, rule in (("Goes on", "RRULE:FREQ=WEEKLY"), ("Is over", "RRULE:FREQ=WEEKLY;COUNT=3")):
        world.calendar.add(Event(f"{name}@x", summary=name, start=start, end=start + HOUR, recurrence=(rule,)))
    world.connect()
    assert world.counts() == {"created here": 1, "left out": 1}
    assert world.here() == ["Goes on"]


# --- R12, visibility ---


@pytest.mark.parametrize("visibility", list(Visibility))
def test_incoming_ones_are_as_visible_as_chosen(world: World, visibility: Visibility) -> None:
    """R12: and what is there already keeps what it has."""
    mine = world.activity("Call Anna")
    world.event("Lunch")
    world.connect(visibility=visibility)
    world.run()
    found = {each.subject: each.visibility for each in world.activities()}
    assert found == {"Call Anna": mine.visibility, "Lunch": visibility}


# --- R13, nobody is mailed ---


def test_no_guests_are_sent(world: World) -> None:
    """R13: neither with a new event nor with an edit."""
    person = world.person("Anna Kalna", "anna@kalns.example")
    activity = world.activity("Call Anna", person_id=person.id, participants=(person.id,))
    world.connect()
    world.run()
    world.change_activity(activity, location="Room 4")
    world.run()
    sent = [write.object for write in world.watch.writes if isinstance(write, Create | Update)]
    assert len(sent) == 2
    assert [each.attendees for each in sent] == [(), ()]
    assert world.calendar.only()[1].attendees == ()
    assert world.quiet()


def test_guests_of_an_event_stay_there(world: World) -> None:
    """R13: our edit neither adds nor removes one, and writes to nobody."""
    guests = (Attendee("anna@kalns.example", "Anna", "ACCEPTED"), Attendee("ilze@example.com", organizer=True))
    there = world.event("Lunch", attendees=guests)
    world.connect()
    world.run()
    (activity,) = world.activities()
    world.change_activity(activity, location="Canteen")
    report = world.run()
    assert report.outcome in {RunOutcome.DONE, RunOutcome.PARTLY}
    found = world.calendar.all()[there]
    assert {each.email for each in found.attendees} == {each.email for each in guests}
    assert world.run(Deletions.ASK).outcome is RunOutcome.DONE
