"""Both sides changed (R23), and what comes back is recognised (R24)."""

from __future__ import annotations

import pytest

from bridge.core.scope import ConflictPolicy
from bridge.services.sync.resolving import Pick, Resolving
from bridge.store import journal, runs
from bridge.store.models.sync import ResultOutcome
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, HOUR, World


def both_edit(world: World, ours: str = "Call Anna Kalna", theirs: str = "Call Anna Liepa") -> None:
    """A conflict: the subject is changed there first, then here."""
    (activity,) = world.activities()
    world.later()
    world.calendar.edit(world.calendar.only()[0], summary=theirs)
    world.later()
    world.change_activity(activity, subject=ours)


@pytest.fixture
def synced(world: World) -> World:
    world.activity("Call Anna")
    world.connect()
    world.counts()
    return world


# --- R23: merged field by field ---


def test_different_fields_are_merged(synced: World) -> None:
    """R23: nothing that only one side changed is a conflict."""
    (activity,) = synced.activities()
    synced.change_activity(activity, subject="Call Anna Kalna")
    there, event = synced.calendar.only()
    assert event.start is not None
    assert event.end is not None
    synced.calendar.edit(there, location="Room 4", start=event.start + HOUR, end=event.end + HOUR)
    assert synced.counts() == {"merged": 1}
    (after,) = synced.activities()
    _, event = synced.calendar.only()
    assert (event.summary, event.location) == ("Call Anna Kalna", "Room 4")
    assert (after.subject, after.location, after.due) == ("Call Anna Kalna", "Room 4", event.start)
    assert synced.quiet()


def test_the_same_edit_on_both_sides_is_none(synced: World) -> None:
    """R23."""
    both_edit(synced, "Call Anna Kalna", "Call Anna Kalna")
    assert synced.counts() == {"merged": 1}
    assert synced.there() == synced.here() == ["Call Anna Kalna"]
    assert synced.quiet()


WINNERS = (
    (ConflictPolicy.NEWEST, "Call Anna Kalna"),
    (ConflictPolicy.CRM, "Call Anna Kalna"),
    (ConflictPolicy.CALENDAR, "Call Anna Liepa"),
)


@pytest.mark.parametrize(("policy", "winner"), WINNERS)
def test_the_policy_decides_about_a_field_that_both_changed(synced: World, policy: ConflictPolicy, winner: str) -> None:
    """R23: and the losing value stays in the journal."""
    synced.set_policy(policy)
    both_edit(synced)
    assert synced.counts() == {"merged": 1}
    assert synced.there() == synced.here() == [winner]
    loser = ({"Call Anna Kalna", "Call Anna Liepa"} - {winner}).pop()
    with synced.office.database.read() as session:
        ours = [each.before for each in journal.entries(session) if each.before]
        theirs = [each.before for each in runs.remote_changes(session) if each.before]
    kept = [str(each) for each in (ours if policy is ConflictPolicy.CALENDAR else theirs)]
    assert any(loser in text for text in kept)
    assert synced.quiet()


def test_the_newest_wins_on_the_other_side_too(synced: World) -> None:
    """R23."""
    (activity,) = synced.activities()
    synced.later()
    synced.change_activity(activity, subject="Call Anna Kalna")
    synced.later()
    synced.calendar.edit(synced.calendar.only()[0], summary="Call Anna Liepa")
    assert synced.counts() == {"merged": 1}
    assert synced.there() == synced.here() == ["Call Anna Liepa"]
    assert synced.quiet()


@pytest.mark.parametrize("side", ["here", "there"])
def test_an_edit_beats_a_deletion(synced: World, side: str) -> None:
    """R23."""
    synced.activity("Stays", hour=15)
    synced.counts()
    activity = next(each for each in synced.activities() if each.subject == "Call Anna")
    there = synced.calendar.find("Call Anna")
    if side == "here":
        synced.change_activity(activity, subject="Call Anna Kalna")
        synced.calendar.delete(there)
        assert synced.counts() == {"created there": 1}
    else:
        synced.delete_activity(activity)
        synced.calendar.edit(there, summary="Call Anna Kalna")
        assert synced.counts() == {"created here": 1}
    assert synced.there() == synced.here() == ["Call Anna Kalna", "Stays"]
    assert synced.quiet()


def test_contacts_in_conflict(world: World) -> None:
    """R23: the note is a conflict, the lists are merged."""
    anna = world.person("Anna Kalna", "anna@kalns.example", note="A")
    world.connect(CONTACTS, policy=ConflictPolicy.CALENDAR)
    world.counts()
    world.change_person(anna, note="B", job_title="Director")
    world.group.edit(world.group.only()[0], note="C")
    assert world.counts() == {"merged": 1}
    assert [(each.note, each.job_title) for each in world.persons()] == [("C", "Director")]
    assert [(each.note, each.title) for each in world.group.all().values()] == [("C", "Director")]
    assert world.quiet()


# --- R23: ask ---


@pytest.fixture
def asking(world: World) -> World:
    """Both sides keep theirs until somebody decides."""
    world.activity("Call Anna")
    world.connect(policy=ConflictPolicy.ASK)
    world.counts()
    both_edit(world)
    world.run()
    return world


def outcomes(world: World) -> list[ResultOutcome]:
    return [each.outcome for each in world.told()]


def test_with_ask_both_sides_keep_theirs(asking: World) -> None:
    """R23: and it is told, run after run."""
    assert (asking.here(), asking.there()) == (["Call Anna Kalna"], ["Call Anna Liepa"])
    assert outcomes(asking) == [ResultOutcome.CONFLICT]
    asking.watch.again()
    asking.run()
    assert outcomes(asking) == [ResultOutcome.CONFLICT]
    assert asking.watch.writes == []
    assert (asking.here(), asking.there()) == (["Call Anna Kalna"], ["Call Anna Liepa"])


def test_other_fields_travel_in_spite_of_an_open_conflict(asking: World) -> None:
    """R23: only what is in conflict waits."""
    asking.calendar.edit(asking.calendar.only()[0], location="Room 4")
    asking.run()
    assert [(each.subject, each.location) for each in asking.activities()] == [("Call Anna Kalna", "Room 4")]
    assert outcomes(asking) == [ResultOutcome.CONFLICT]


@pytest.mark.parametrize(("policy", "winner"), WINNERS)
def test_another_policy_settles_open_conflicts(asking: World, policy: ConflictPolicy, winner: str) -> None:
    """R23: without a further edit."""
    asking.set_policy(policy)
    assert asking.counts() == {"merged": 1}
    assert asking.there() == asking.here() == [winner]
    assert outcomes(asking) == [ResultOutcome.DONE]
    assert asking.quiet()


@pytest.mark.parametrize(("pick", "winner"), [(Pick.OURS, "Call Anna Kalna"), (Pick.THEIRS, "Call Anna Liepa")])
def test_a_person_settles_an_open_conflict(asking: World, pick: Pick, winner: str) -> None:
    """R23."""
    resolving = Resolving(asking.office.database, asking.office.clock, asking.flows)
    (shown,) = resolving.conflicts(asking.user, asking.number)
    assert [part.part for part in shown.parts] == ["summary"]
    resolving.resolve(asking.user, asking.number, shown.link_id, {"summary": pick})
    asking.counts()
    assert asking.there() == asking.here() == [winner]
    assert asking.quiet()


def test_a_conflict_that_people_settle_themselves_is_over(asking: World) -> None:
    """R23: both say the same."""
    asking.calendar.edit(asking.calendar.only()[0], summary="Call Anna Kalna")
    asking.counts()
    assert outcomes(asking) == [ResultOutcome.DONE]
    assert asking.quiet()


# --- R24: echoes ---


def test_what_we_wrote_is_no_news(world: World) -> None:
    """R24: however often it is looked at, also from nothing."""
    world.activity("Call Anna", public_description="<p>About the <b>roof</b></p>", location="Room 4")
    world.activity("A whole day", hour=None, duration=None)
    world.person("Anna Kalna", "anna@kalns.example", "+37126123456", note="A\nB")
    world.connect(CALENDAR, CONTACTS)
    world.counts()
    assert world.quiet()
    world.connections.stop(None, world.number)
    world.connections.reconnect(None, world.number)
    world.start()
    assert world.quiet()


def test_another_program_that_only_touches_an_object_changes_nothing(synced: World) -> None:
    """R24: another version, the same content."""
    synced.later()
    synced.calendar.edit(synced.calendar.only()[0])
    assert synced.quiet()


def test_an_object_that_both_sides_keep_changing_is_stopped(synced: World) -> None:
    """R24: the circuit breaker opens, says so, and closes after an hour."""
    there = synced.calendar.only()[0]
    for number in range(8):
        synced.later()
        synced.calendar.edit(there, summary=f"Call number {number}")
        report = synced.run()
    assert dict(report.counts) == {"parked": 1}
    (result,) = synced.told()
    assert result.outcome is ResultOutcome.PARKED
    assert "keep changing" in result.reason
    assert synced.here() == ["Call number 5"]
    synced.later(61)
    synced.calendar.edit(there, summary="Call at rest")
    assert synced.counts() == {"changed here": 1}
    assert synced.quiet()
