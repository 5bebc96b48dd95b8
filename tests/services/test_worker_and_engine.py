"""The worker with the real engine, between our own store and an account in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.providers.memory.misbehaviour import Call, Fault, Meanwhile, Moment, quota
from bridge.providers.memory.provider import MemoryConnector
from bridge.services.queue import Queue
from bridge.services.sync.flows import Flows
from bridge.services.sync.pacing import Buckets, Stop
from bridge.services.sync.run import Sync
from bridge.services.sync.wrapping import ThrottledConnector
from bridge.services.worker import Pattern, Worker
from bridge.store import connections, runs
from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.harness import Office
from tests.services.sync.world import World

SECOND = timedelta(seconds=1)


class Installation:
    """A world whose connection is run by a worker; ``restart`` is what an operator does."""

    def __init__(self, office: Office, queue: Queue) -> None:
        self.world = World(office)
        self.office = office
        self.queue = queue
        self.connection = self.world.connect().id
        self.restart()
        self.is_due()

    def restart(self) -> None:
        office, world = self.office, self.world
        self.stop = Stop()
        connector = ThrottledConnector("memory", MemoryConnector(world.remote), Buckets(lambda: 0.0), self.stop)
        flows = Flows(office.database, office.clock, office.settings, world.vault, {"memory": connector})
        sync = Sync(office.database, office.clock, flows)
        self.worker = Worker(office.database, office.clock, self.queue, sync, self.stop, Pattern())

    def is_due(self) -> None:
        with self.office.database.write() as session:
            found = connections.connection(session, self.connection, lock=True)
            assert found is not None
            connections.save_connection(session, replace(found, next_run_at=self.office.clock.now()))

    def work(self, passes: timedelta = SECOND) -> None:
        """Let time pass, look, and carry out whatever waits."""
        self.office.clock.advance(passes)
        self.worker.look()
        while self.queue.perform_next():
            self.office.clock.advance(SECOND)

    def runs(self) -> list[tuple[str, RunOutcome]]:
        with self.office.database.read() as session:
            found = runs.runs(session, self.connection)
        return [(run.trigger, run.outcome) for run in reversed(found)]

    def titles(self) -> set[str]:
        return {event.summary for event in self.world.events()}


@pytest.fixture
def installation(office: Office, tmp_path: Path) -> Iterator[Installation]:
    with closing(Queue(f"sqlite:///{tmp_path}/queue.sqlite3", office.clock)) as queue:
        yield Installation(office, queue)


def test_timer_change_and_push_bring_both_sides_into_step(installation: Installation) -> None:
    world = installation.world
    world.activity("First")
    installation.work()
    assert installation.titles() == {"First"}
    installation.work()
    assert installation.runs() == [("timer", RunOutcome.DONE)]
    for name in ("Second", "Third", "Fourth"):
        world.activity(name)
    installation.work()
    assert installation.titles() == {"First", "Second", "Third", "Fourth"}
    (one, *_) = world.calendar.resources.values()
    world.calendar.edit(one.id, replace(one.object, summary="Elsewhere"))
    installation.queue.wake(installation.connection)
    installation.work()
    assert "Elsewhere" in {activity.subject for activity in world.activities()}
    installation.work()
    installation.work()
    # What a run wrote here asks for no other run.
    assert installation.runs() == [(name, RunOutcome.DONE) for name in ("timer", "change", "push")]
    installation.work(timedelta(minutes=6))
    assert installation.runs()[3:] == [("timer", RunOutcome.DONE)]


def test_a_quota_is_waited_for_and_then_gone_on_with(installation: Installation) -> None:
    installation.world.activity("First")
    installation.world.remote.misbehave(quota(timedelta(minutes=10), Call.CHANGES))
    installation.work()
    waiting = installation.world.reread()
    assert waiting.problem is ProblemKind.WAITING
    assert waiting.retry_at is not None
    assert timedelta(minutes=9) < waiting.retry_at - installation.office.clock.now() <= timedelta(minutes=11)
    installation.work(timedelta(minutes=8))
    assert installation.titles() == set()
    installation.work(timedelta(minutes=4))
    assert installation.titles() == {"First"}
    assert installation.world.reread().problem is None


def test_a_run_that_is_stopped_gives_the_lease_back_and_the_next_worker_goes_on(installation: Installation) -> None:
    names = {f"Call {number}" for number in range(10)}
    for name in names:
        installation.world.activity(name)
    stopping = Meanwhile(installation.stop.set, Moment.AFTER)
    installation.world.remote.misbehave(Fault(Call.CREATE, stopping, nth=4))
    installation.office.clock.advance(SECOND)
    installation.worker.look()
    assert installation.queue.perform_next()
    assert len(installation.world.calendar.resources) == 4
    stopped = installation.world.reread()
    assert (stopped.lease_until, stopped.problem) == (None, None)
    installation.restart()
    installation.work()
    assert installation.titles() == names
    assert len(installation.world.calendar.resources) == 10
    assert [outcome for _, outcome in installation.runs()] == [RunOutcome.INTERRUPTED, RunOutcome.DONE]
