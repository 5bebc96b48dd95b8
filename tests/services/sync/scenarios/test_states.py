"""R18: each of the nine states is reached by what really causes it, and left again by its remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Conflict, SignInNeeded
from bridge.services.connections import NewAccount
from bridge.services.sync.planning import Deletions
from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.services.sync.scenarios.world import CALENDAR, World


@pytest.fixture
def synced(world: World) -> World:
    world.activity("Call Anna")
    world.event("Lunch")
    world.connect()
    world.counts()
    return world


def test_from_settings_to_up_to_date(world: World) -> None:
    world.activity("Call Anna")
    world.add()
    assert world.state() == "Choose settings"
    world.choose_shelf(CALENDAR, world.calendar.id)
    assert world.state() == "Choose settings"
    world.start()
    assert world.state() == "First sync 0 %"
    world.counts()
    assert world.state() == "Up to date"


def test_three_times_are_told_apart(synced: World) -> None:
    """The last success, the last attempt and the next run."""
    success = synced.office.clock.now()
    synced.later()
    synced.other.overload(600)
    synced.run()
    status = synced.shown().status
    assert status.last_success == success
    assert status.last_attempt == success + timedelta(minutes=1)
    assert status.next_run is not None
    assert status.next_run >= success + timedelta(minutes=11)


def test_a_quota_is_waited_for(synced: World) -> None:
    """With the time of the next try, which the remote named."""
    synced.other.overload(1800)
    report = synced.run()
    assert report.outcome is RunOutcome.FAILED
    assert report.retry_at is not None
    assert report.retry_at >= synced.office.clock.now() + timedelta(minutes=30)
    assert synced.state().startswith("Waiting (")
    assert f"next try {report.retry_at:%H:%M}" in synced.state()
    synced.other.recover()
    synced.later(40)
    assert synced.counts() == {}
    assert synced.state() == "Up to date"


def test_a_changed_password_needs_a_new_sign_in(synced: World) -> None:
    synced.change_activity(synced.activities()[0], subject="Call Anna Kalna")
    synced.other.change_password("another one")
    report = synced.run()
    assert report.outcome is RunOutcome.FAILED
    assert synced.row().problem is ProblemKind.SIGN_IN
    assert synced.state() == "Reconnect needed"
    assert synced.there() == ["Call Anna", "Lunch"]
    with pytest.raises(SignInNeeded):
        synced.connections.reconnect(None, synced.number, "still wrong")
    assert synced.state() == "Reconnect needed"
    synced.connections.reconnect(None, synced.number, "another one")
    assert synced.counts() == {"changed there": 1}
    assert synced.state() == "Up to date"


def test_wrong_credentials_connect_nothing(world: World) -> None:
    account: NewAccount = replace(world.other.account, secret="wrong")
    with pytest.raises(SignInNeeded):
        world.connections.add(None, "ilze", account)
    assert world.connections.all(None) == []


def test_a_calendar_that_became_read_only(synced: World) -> None:
    """What cannot be written is told, with who can help; nothing is lost."""
    synced.change_activity(synced.activities()[0], subject="Call Anna Kalna")
    synced.other.forbid_writing()
    report = synced.run()
    assert report.outcome is RunOutcome.FAILED
    assert synced.row().problem is ProblemKind.PERMISSION
    assert synced.state() == "Reconnect needed"
    assert report.message
    synced.other.recover()
    synced.connections.reconnect(None, synced.number)
    assert synced.counts() == {"changed there": 1}
    assert synced.there() == ["Call Anna Kalna", "Lunch"]
    assert synced.quiet()


def test_a_calendar_that_was_deleted(synced: World) -> None:
    """Its absence is no deletion of what was in it: somebody has to choose another one."""
    synced.calendar.remove()
    report = synced.run()
    assert report.outcome is RunOutcome.FAILED
    assert synced.row().problem is ProblemKind.DECISION
    assert synced.state() == "Stopped: needs your decision"
    assert report.remedy
    assert synced.here() == ["Call Anna", "Lunch"]
    home = synced.other.add_calendar("Home")
    synced.choose_shelf(CALENDAR, home.id)
    synced.start()
    assert synced.counts() == {"created there": 2}
    assert synced.state() == "Up to date"
    assert home.titles() == ["Call Anna", "Lunch"]


def test_paused_by_the_user(synced: World) -> None:
    synced.connections.pause(synced.user, synced.number)
    assert synced.state() == "Paused by you"
    with pytest.raises(Conflict):
        synced.run()
    synced.calendar.edit(synced.calendar.find("Lunch"), summary="Long lunch")
    synced.connections.start(synced.user, synced.number)
    assert synced.counts() == {"changed here": 1}
    assert synced.state() == "Up to date"


def test_paused_by_an_administrator(synced: World) -> None:
    boss = synced.boss()
    synced.connections.pause(boss, synced.number)
    assert synced.state() == "Paused by admin"
    with pytest.raises(Conflict, match="administrator"):
        synced.run()
    synced.connections.start(boss, synced.number)
    assert synced.counts() == {}


def test_the_guard_asks(world: World) -> None:
    """R22: and the state heals with the answer."""
    for number in range(4):
        world.event(f"Lunch {number}", hour=number)
    world.connect()
    world.run()
    for there in list(world.calendar.all()):
        world.calendar.delete(there)
    assert world.run().outcome is RunOutcome.DECISION
    assert world.state() == "Stopped: needs your decision"
    assert world.shown().status.problem
    assert len(world.here()) == 4
    assert world.counts(Deletions.ACCEPT) == {"deleted here": 4}
    assert world.state() == "Up to date"
    assert world.row().problem_text == ""
    assert world.quiet()


def test_stopped(synced: World) -> None:
    """R3."""
    synced.connections.stop(None, synced.number)
    assert synced.state() == "Not connected"
    with pytest.raises(Conflict):
        synced.run()
