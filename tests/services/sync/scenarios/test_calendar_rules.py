"""What takes part in the sync of a calendar: R5, R6, R7 and R8."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.core.activity import ActivityType
from bridge.core.scope import Direction
from bridge.services.sync.planning import Deletions
from bridge.store.models.sync import LinkState, RunOutcome
from tests.services.sync.scenarios.world import CALENDAR, HOUR, TOMORROW, YESTERDAY, World, rules_of

# --- R5, only activities that this user owns ---


def test_activities_of_others_never_go(world: World) -> None:
    """R5."""
    world.activity("Mine")
    world.activity("Of Pēteris", owner_id=world.colleague().id)
    world.connect()
    assert world.counts() == {"created there": 1}
    assert world.there() == ["Mine"]


def test_an_activity_that_is_handed_on_leaves_the_calendar(world: World) -> None:
    """R5: and comes again with its owner."""
    activity = world.activity("Call Anna")
    world.activity("Stays")
    world.connect()
    world.run()
    world.change_activity(activity, owner_id=world.colleague().id)
    assert world.counts() == {"deleted there": 1}
    assert world.there() == ["Stays"]
    assert world.office.activities.get(activity.id).subject == "Call Anna"
    assert world.quiet()
    world.change_activity(activity, owner_id=world.user.id)
    assert world.counts() == {"created there": 1}
    assert world.there() == ["Call Anna", "Stays"]


def test_an_activity_that_is_handed_to_the_user_goes_out(world: World) -> None:
    """R5."""
    activity = world.activity("Of Pēteris", owner_id=world.colleague().id)
    world.connect()
    world.run()
    world.change_activity(activity, owner_id=world.user.id)
    assert world.counts() == {"created there": 1}


# --- R6, only what lies in the future is taken up, and leaving the window is no deletion ---


def test_the_past_stays_where_it_is(world: World) -> None:
    """R6: until it is edited so that it lies in the future."""
    old = world.activity("Old call", YESTERDAY)
    lunch = world.event("Old lunch", YESTERDAY)
    world.connect()
    assert world.counts() == {"left out": 2}
    assert rules_of(world.told()) == {"Old call": "R6", "Old lunch": "R6"}
    world.change_activity(old, due_date=TOMORROW)
    moved = world.calendar.all()[lunch]
    assert moved.start is not None
    assert moved.end is not None
    world.calendar.edit(lunch, start=moved.start + timedelta(days=3), end=moved.end + timedelta(days=3))
    assert world.counts() == {"created there": 1, "created here": 1}
    assert world.there() == world.here() == ["Old call", "Old lunch"]
    assert world.quiet()


def test_an_edit_that_leaves_it_in_the_past_takes_nothing_up(world: World) -> None:
    """R6."""
    old = world.activity("Old call", YESTERDAY)
    lunch = world.event("Old lunch", YESTERDAY)
    world.connect()
    world.run()
    world.change_activity(old, subject="Older call")
    world.calendar.edit(lunch, summary="Older lunch")
    assert world.counts() == {"left out": 2}
    assert (world.there(), world.here()) == (["Older lunch"], ["Older call"])


def test_what_is_under_way_when_the_sync_starts_is_taken_up(world: World) -> None:
    """R6: it ends after that moment."""
    world.activity("Under way", world.office.clock.now().date(), hour=8, duration=2 * HOUR)
    world.connect()
    assert world.counts() == {"created there": 1}


def test_what_grows_old_stays_linked_and_is_never_deleted(world: World) -> None:
    """R6: edits and deletions by people still travel."""
    activity = world.activity("Call Anna")
    lunch = world.event("Lunch")
    world.event("Dinner")
    world.connect()
    world.run()
    world.later(minutes=60 * 24 * 60)
    assert world.counts() == {}
    assert world.there() == world.here() == ["Call Anna", "Dinner", "Lunch"]
    assert {link.state for link in world.links()} == {LinkState.LINKED}
    world.change_activity(activity, subject="Called Anna")
    world.calendar.edit(lunch, summary="Had lunch")
    assert world.counts() == {"changed there": 1, "changed here": 1}
    world.calendar.delete(lunch)
    assert world.counts() == {"deleted here": 1}
    assert world.there() == world.here() == ["Called Anna", "Dinner"]


def test_options_that_change_later_do_not_reach_back(world: World) -> None:
    """R6: neither does what was left out come in, nor does what grew old go away."""
    world.activity("Old call", YESTERDAY)
    world.activity("Call Anna")
    world.connect()
    world.run()
    world.later(minutes=60 * 24 * 10)
    world.change(types=frozenset({"call", "meeting"}), include_links=False)
    world.start()
    world.counts()
    assert world.there() == ["Call Anna"]
    assert world.here() == ["Call Anna", "Old call"]


def test_what_lay_in_the_past_on_both_sides_is_tied_without_a_change(world: World) -> None:
    """R6, R3: the same old appointment on both sides is recognised when it is edited into the future."""
    activity = world.activity("Old call", YESTERDAY)
    world.event("Old call", YESTERDAY, hour=10)
    world.connect()
    world.run()
    world.change_activity(activity, due_date=TOMORROW)
    world.counts()
    assert world.there() == world.here() == ["Old call"]
    assert world.calendar.only()[1].start == world.activities()[0].due


# --- R7, the two sync types ---


def test_one_way_takes_no_new_events(world: World) -> None:
    """R7: but edits of events that came from activities come back."""
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect(direction=Direction.ONE_WAY)
    assert world.counts() == {"created there": 1, "left out": 1}
    assert rules_of(world.told()) == {"Lunch": "R7"}
    there = world.calendar.find("Call Anna")
    world.calendar.edit(there, summary="Call Anna later")
    assert world.counts() == {"changed here": 1}
    assert world.here() == ["Call Anna later"]
    assert world.quiet()


def test_one_way_without_edits_that_come_back(world: World) -> None:
    """R7: what is changed there stays there, until the activity changes."""
    activity = world.activity("Call Anna")
    world.connect(direction=Direction.ONE_WAY, edits_come_back=False)
    world.run()
    there, _ = world.calendar.only()
    world.later()
    world.calendar.edit(there, summary="Anything")
    assert world.counts() == {}
    assert (world.here(), world.there()) == (["Call Anna"], ["Anything"])
    world.change_activity(activity, subject="Call Anna Kalna")
    world.later()
    world.calendar.edit(there, summary="Something", location="Room 4")
    assert world.counts() == {"changed there": 1}
    assert (world.there(), world.here()) == (["Call Anna Kalna"], ["Call Anna Kalna"])
    assert (world.calendar.only()[1].location, world.activities()[0].location) == ("Room 4", "")
    assert world.quiet()


def test_one_way_deletes_nothing_here(world: World) -> None:
    """R7: an event that somebody removed from the calendar does not come again by itself either."""
    activity = world.activity("Call Anna")
    world.activity("Stays")
    world.connect(direction=Direction.ONE_WAY)
    world.run()
    world.calendar.delete(world.calendar.find("Call Anna"))
    world.run()
    assert (world.here(), world.there()) == (["Call Anna", "Stays"], ["Stays"])
    assert world.quiet()
    world.delete_activity(activity)
    assert world.run().outcome is RunOutcome.DONE
    assert world.there() == ["Stays"]


def test_one_way_deletes_there_what_is_deleted_here(world: World) -> None:
    """R7."""
    activity = world.activity("Call Anna")
    world.event("Lunch")
    world.connect(direction=Direction.ONE_WAY)
    world.run()
    world.delete_activity(activity)
    assert world.counts() == {"deleted there": 1}
    assert world.there() == ["Lunch"]


def test_from_one_way_to_two_way_the_calendar_comes_in(world: World) -> None:
    """R7: the remembered row of what was left out is no obstacle."""
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect(direction=Direction.ONE_WAY)
    world.run()
    world.change(direction=Direction.TWO_WAY)
    assert world.counts() == {"created here": 1}
    assert world.there() == world.here() == ["Call Anna", "Lunch"]
    assert world.quiet()


# --- R8, types ---


def test_only_the_chosen_types_go_out(world: World) -> None:
    """R8: custom ones too."""
    world.office.activities.save_type(ActivityType("visit", "Visit"))
    world.activity("A call")
    world.activity("A visit", type="visit")
    world.activity("A task", type="task")
    world.connect(types=frozenset({"call", "visit"}))
    assert world.counts() == {"created there": 2, "left out": 1}
    assert world.there() == ["A call", "A visit"]
    assert rules_of(world.told()) == {"A task": "R8"}


def test_incoming_events_have_the_default_type(world: World) -> None:
    """R8: a changed default applies to new ones only."""
    world.event("Lunch")
    world.connect(default_type="call")
    world.run()
    world.change(default_type="meeting")
    world.event("Dinner")
    assert world.counts() == {"created here": 1}
    assert {each.subject: each.type for each in world.activities()} == {"Lunch": "call", "Dinner": "meeting"}
    assert world.quiet()


def test_deselecting_a_type_asks_before_it_deletes(world: World) -> None:
    """R8, R19: the preview tells; what is confirmed is done."""
    world.activity("A call")
    world.activity("A task", type="task")
    world.connect()
    world.run()
    world.change(types=frozenset({"call"}))
    assert world.state() == "Stopped: needs your decision"
    preview = world.preview()
    assert preview.counts() == {"deleted there": 1}
    assert [(item.title, item.rule) for item in preview.items] == [("A task", "R8")]
    assert world.there() == ["A call", "A task"]
    world.start()
    assert world.run(Deletions.ACCEPT).outcome is RunOutcome.DONE
    assert world.there() == ["A call"]
    assert world.here() == ["A call", "A task"]
    assert world.quiet()


def test_a_type_that_is_selected_again_comes_back_once(world: World) -> None:
    """R8, R3."""
    world.activity("A task", type="task")
    world.activity("A call")
    world.connect(types=frozenset({"call"}))
    world.run()
    world.change(types=None)
    world.start()
    assert world.counts() == {"created there": 1}
    assert world.there() == ["A call", "A task"]
    assert world.quiet()


def test_an_activity_that_changes_into_another_type_leaves(world: World) -> None:
    """R8."""
    activity = world.activity("A call")
    world.activity("Another call")
    world.connect(types=frozenset({"call"}))
    world.run()
    world.change_activity(activity, type="task")
    assert world.counts() == {"deleted there": 1}
    world.change_activity(activity, type="call")
    assert world.counts() == {"created there": 1}
    assert world.there() == ["A call", "Another call"]


def test_the_chosen_types_are_remembered(world: World) -> None:
    """R8: an activity of another type that comes from an event stays in step: it was taken in."""
    lunch = world.event("Lunch")
    world.connect(types=frozenset({"call"}), default_type="call")
    world.run()
    world.calendar.edit(lunch, summary="Long lunch")
    assert world.counts() == {"changed here": 1}
    assert world.flow(CALENDAR).types == frozenset({"call"})
    (activity,) = world.activities()
    assert replace(activity, subject="").type == "call"
