from __future__ import annotations

import json
import pickle
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from bridge.errors import Conflict, TemporaryError
from bridge.services.queue import Order, Queue, Trigger
from bridge.services.sync.lease import leased
from bridge.services.sync.pacing import Stop, Stopping
from bridge.services.sync.report import RunReport
from bridge.services.worker import Pattern, Worker
from bridge.store import collections, connections, runs
from bridge.store.connections import Connection
from bridge.store.database import Database
from bridge.store.models.sync import RunOutcome
from bridge.store.runs import Run
from tests.database import free_port
from tests.harness import NOW, FixedClock
from tests.store.sync_rows import MINUTE, add_connection, add_flow, add_user

HANG = 60  # seconds after which a thread that should have ended has not


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a queue is: an SQLite file, then a Redis server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'made' / 'queue.sqlite3'}"
    server = str(request.getfixturevalue("redis_server"))
    with redis.Redis.from_url(server) as client:
        client.flushdb()
    return server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def queue(address: str, clock: FixedClock) -> Iterator[Queue]:
    with closing(Queue(address, clock)) as opened:
        yield opened


@dataclass
class Runs:
    """Runs connections as the engine does, as far as the worker sees it: lease, attempt, next turn."""

    database: Database
    clock: FixedClock
    done: list[tuple[int, str]] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    error: Exception | None = None

    def run(self, connection_id: int, trigger: str) -> RunReport:
        with leased(self.database, self.clock, connection_id, "test", 2 * MINUTE):
            self.clock.advance(timedelta(seconds=1))
            self.done.append((connection_id, trigger))
            if self.error is not None:
                raise self.error
            self._change(connection_id, last_attempt_at=self.clock.now(), retry_at=None)
            self.meanwhile()
            self._change(connection_id, next_run_at=self.clock.now() + 5 * MINUTE)
        return RunReport("1", RunOutcome.DONE)

    def _change(self, connection_id: int, **values: object) -> None:
        with self.database.write() as session:
            found = connections.connection(session, connection_id, lock=True)
            assert found is not None
            connections.save_connection(session, replace(found, **values))  # type: ignore[arg-type]


@dataclass
class Office:
    """A worker with everything around it, run by hand."""

    database: Database
    clock: FixedClock
    queue: Queue

    def __post_init__(self) -> None:
        self.runs = Runs(self.database, self.clock)
        self.stop = Stop()
        self.worker = self.another()
        self.user = add_user(self.database)

    def another(self) -> Worker:
        return Worker(self.database, self.clock, self.queue, self.runs, self.stop, Pattern())

    def connection(self, **values: object) -> int:
        found = add_connection(self.database, self.user, **values)
        add_flow(self.database, found.id)
        return found.id

    def found(self, connection_id: int) -> Connection:
        with self.database.read() as session:
            connection = connections.connection(session, connection_id)
        assert connection is not None
        return connection

    def read_here(self, connection_id: int) -> None:
        """Note, as a run does, what of ours has been read."""
        with self.database.write() as session:
            (flow,) = connections.flows(session, [connection_id])
            token = json.dumps(connections.our_revisions(session, [self.user])[self.user])
            connections.set_tokens(session, flow.id, token, None)

    def change_here(self) -> None:
        """Somebody changes an activity of the user."""
        with self.database.write() as session:
            (each,) = [c for c in collections.collections_in_home(session, "anna") if c.name == "activities"]
            collections.next_revisions(session, each.id, 1, now=self.clock.now())

    def drain(self) -> list[tuple[int, str]]:
        """Let everything that waits be carried out: what was run."""
        before = len(self.runs.done)
        while self.queue.waiting() and self.queue.perform_next():
            pass
        return self.runs.done[before:]


@pytest.fixture
def office(sqlite_database: Database, clock: FixedClock, queue: Queue) -> Office:
    return Office(sqlite_database, clock, queue)


def test_the_most_urgent_comes_first(queue: Queue) -> None:
    for connection, trigger in ((1, Trigger.TIMER), (2, Trigger.PUSH), (3, Trigger.MANUAL), (4, Trigger.TIMER)):
        assert queue.put(connection, trigger)
    assert [order.connection_id for order in queue.waiting()] == [3, 2, 1, 4]
    performed: list[Order] = []
    queue.perform_by(performed.append)
    while queue.perform_next():
        pass
    assert performed == [
        Order(3, Trigger.MANUAL, NOW),
        Order(2, Trigger.PUSH, NOW),
        Order(1, Trigger.TIMER, NOW),
        Order(4, Trigger.TIMER, NOW),
    ]


def test_what_waits_is_not_queued_twice(queue: Queue) -> None:
    assert queue.wake(1)
    assert not queue.wake(1)
    assert not queue.put(1, Trigger.TIMER)
    assert queue.put_all([(2, Trigger.CHANGE), (2, Trigger.CHANGE), (1, Trigger.CHANGE), (3, Trigger.TIMER)]) == 2
    assert [order.connection_id for order in queue.waiting()] == [1, 2, 3]


def test_a_person_does_not_wait_behind_the_timer(queue: Queue) -> None:
    queue.put_all([(each, Trigger.TIMER) for each in range(1, 5)])
    assert queue.put(4, Trigger.MANUAL)
    assert queue.waiting()[0] == Order(4, Trigger.MANUAL, NOW)


def test_what_was_put_back_waits_and_is_not_queued_again(queue: Queue) -> None:
    queue.put_back(Order(1, Trigger.PUSH, NOW), timedelta(days=36500))
    assert queue.waiting() == [Order(1, Trigger.PUSH, NOW)]
    assert not queue.wake(1)
    assert not queue.perform_next()


def test_another_process_sees_the_same_queue(queue: Queue, address: str, clock: FixedClock) -> None:
    queue.wake(7)
    with closing(Queue(address, clock)) as other:
        assert [order.connection_id for order in other.waiting()] == [7]
        performed: list[Order] = []
        other.perform_by(performed.append)
        assert other.perform_next()
        assert [order.connection_id for order in performed] == [7]
    assert queue.waiting() == []


def test_a_queue_opens_again_after_it_was_closed(queue: Queue) -> None:
    queue.wake(1)
    queue.close()
    assert len(queue.waiting()) == 1


def test_whoever_writes_to_the_queue_cannot_run_code(
    address: str, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.ready()
    evil = pickle.dumps(("id", "run", None))
    if address.startswith("redis"):
        with redis.Redis.from_url(address) as client:
            client.zadd("huey.redis.davbridge", {b"12345678" + evil: 0})
    else:
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as file:
            file.execute("INSERT INTO task (queue, data) VALUES ('davbridge', ?)", [evil])
            file.commit()
    queue.wake(1)
    assert [order.connection_id for order in queue.waiting()] == [1]
    assert "Unable to deserialize" in caplog.text


@pytest.mark.parametrize("where", ["file", "server"])
def test_a_queue_out_of_reach_says_so(where: str, tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    address = f"sqlite:///{tmp_path}/file/queue" if where == "file" else f"redis://127.0.0.1:{free_port()}/0"
    with closing(Queue(address, clock)) as queue:
        for ask in (queue.ready, lambda: queue.wake(1), queue.waiting, queue.perform_next):
            with pytest.raises(TemporaryError, match="out of reach") as caught:
                ask()
            assert caught.value.remote == "queue"
            assert "[sync] queue" in caught.value.remedy


def test_the_timer_runs_a_connection_when_its_time_has_come(office: Office) -> None:
    connection = office.connection(next_run_at=NOW + 5 * MINUTE)
    office.worker.look()
    assert office.drain() == []
    office.clock.advance(5 * MINUTE)
    office.worker.look()
    office.worker.look()
    assert office.drain() == [(connection, "timer")]
    office.worker.look()
    assert office.drain() == []


def test_a_burst_of_changes_here_makes_one_run(office: Office) -> None:
    connection = office.connection()
    office.read_here(connection)
    office.worker.look()
    assert office.drain() == []
    for _ in range(50):
        office.change_here()
    office.worker.look()
    office.worker.look()
    office.read_here(connection)
    assert office.drain() == [(connection, "change")]
    office.worker.look()
    assert office.drain() == []


def test_a_change_here_during_a_run_makes_another(office: Office) -> None:
    connection = office.connection()
    office.read_here(connection)
    office.change_here()

    def meanwhile() -> None:
        office.read_here(connection)
        office.change_here()
        office.worker.look()
        assert office.queue.waiting() == []
        office.runs.meanwhile = lambda: office.read_here(connection)

    office.runs.meanwhile = meanwhile
    office.worker.look()
    assert office.drain() == [(connection, "change")]
    office.worker.look()
    assert office.drain() == [(connection, "change")]
    office.worker.look()
    assert office.drain() == []


def test_a_push_and_a_person_run_what_is_not_due(office: Office) -> None:
    first, second = office.connection(), office.connection()
    office.queue.wake(first)
    office.queue.put(second, Trigger.MANUAL)
    assert office.drain() == [(second, "manual"), (first, "push")]


def test_an_order_that_a_run_has_served_meanwhile_is_dropped(office: Office) -> None:
    connection = office.connection()
    office.queue.put(connection, Trigger.TIMER)
    office.queue.put(connection, Trigger.PUSH)
    office.queue.put(connection, Trigger.MANUAL)
    assert office.drain() == [(connection, "manual")]


def test_a_push_during_a_run_waits_for_its_end(office: Office) -> None:
    connection = office.connection()
    with leased(office.database, office.clock, connection, "another process", MINUTE):
        office.queue.wake(connection)
        assert office.drain() == []
        (order,) = office.queue.waiting()
        assert order.trigger is Trigger.PUSH
        office.worker.perform(Order(connection, Trigger.TIMER, office.clock.now()))
        assert office.queue.waiting() == [order]
    office.worker.perform(order)
    assert office.runs.done == [(connection, "push")]


def test_two_workers_with_the_same_orders_run_once(office: Office) -> None:
    connection = office.connection(next_run_at=NOW)
    order = Order(connection, Trigger.TIMER, NOW)
    other = office.another()
    office.runs.meanwhile = lambda: other.perform(order)
    office.worker.perform(order)
    other.perform(order)
    assert office.runs.done == [(connection, "timer")]


def test_an_order_for_a_connection_that_is_gone_is_dropped(office: Office) -> None:
    office.queue.wake(4711)
    assert office.drain() == []
    assert office.queue.waiting() == []


@pytest.mark.parametrize(
    "error", [Conflict("It is not to be run."), TemporaryError("The vault is shut."), RuntimeError("A bug.")]
)
def test_a_connection_whose_run_notes_nothing_is_left_alone_longer_and_longer(
    office: Office, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    _, healthy = office.connection(next_run_at=NOW), office.connection(next_run_at=NOW + 60 * MINUTE)
    office.runs.error = error
    moments = []
    for step in [1] * 15 + [10] * 20 + [60] * 10:
        office.worker.look()
        if office.drain():
            moments.append(office.clock.now())
        office.clock.advance(timedelta(seconds=step))
    assert 6 <= len(moments) <= 15
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert waits[0] < 10
    assert max(waits) > 60
    assert ("ended by a bug" in caplog.text) == isinstance(error, RuntimeError)
    office.runs.error = None
    office.queue.wake(healthy)
    assert office.drain() == [(healthy, "push")]


def test_a_run_that_was_stopped_is_asked_for_again(office: Office) -> None:
    connection = office.connection()
    office.runs.error = Stopping("The program is being stopped.")
    office.queue.put(connection, Trigger.MANUAL)
    assert office.queue.perform_next()
    assert [order.trigger for order in office.queue.waiting()] == [Trigger.MANUAL]


def test_nothing_is_begun_once_the_program_stops(office: Office) -> None:
    office.connection(next_run_at=NOW)
    office.worker.look()
    office.stop.set()
    assert office.queue.perform_next()
    assert office.runs.done == []
    assert len(office.queue.waiting()) == 1


def test_what_is_old_is_forgotten_once_a_day(office: Office) -> None:
    connection = office.connection()

    def left() -> list[str]:
        with office.database.read() as session:
            return [run.id for run in runs.runs(session, connection)]

    def add(run_id: str, days: int) -> None:
        began = NOW - timedelta(days=days)
        with office.database.write() as session:
            runs.add_run(session, Run(run_id, connection, "timer", began, began, RunOutcome.DONE))

    add("old", 31)
    add("young", 29)
    office.worker.look()
    assert left() == ["young"]
    add("older", 40)
    office.clock.advance(timedelta(hours=23))
    office.worker.look()
    assert left() == ["young", "older"]
    office.clock.advance(timedelta(hours=2))
    office.worker.look()
    assert left() == ["young"]


def test_a_queue_out_of_reach_does_not_end_the_worker(
    sqlite_database: Database, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with closing(Queue(f"sqlite:///{tmp_path}/file/queue", clock)) as queue:
        office = Office(sqlite_database, clock, queue)
        office.connection(next_run_at=NOW)
        office.worker.look()
        office.worker.look()
        assert caplog.text.count("out of reach") == 1
        (tmp_path / "file").unlink()
        office.worker.look()
        assert len(queue.waiting()) == 1


def test_a_worker_works_in_threads_and_ends_when_it_is_told(office: Office) -> None:
    several = [office.connection(next_run_at=NOW) for _ in range(6)]
    ran = threading.Semaphore(0)
    office.runs.meanwhile = ran.release

    def pause(_: timedelta) -> bool:
        office.clock.advance(timedelta(seconds=2))
        return all(ran.acquire(timeout=HANG) for _ in several) if office.queue.waiting() or office.runs.done else False

    office.worker.work(pause)
    assert sorted(each for each, _ in office.runs.done) == several
    assert office.stop.is_set
    assert not [each for each in threading.enumerate() if each.name.startswith(("Worker-", "Scheduler"))]
    for each in several:
        assert office.found(each).lease_until is None


def test_a_run_in_progress_ends_before_the_worker_does(office: Office) -> None:
    connection = office.connection(next_run_at=NOW)
    began = threading.Event()

    def meanwhile() -> None:
        began.set()
        while not office.stop.is_set:
            office.stop.wait(HANG)

    office.runs.meanwhile = meanwhile
    office.worker.work(lambda _: bool(office.queue.waiting() or office.runs.done) and began.wait(HANG))
    assert office.found(connection).next_run_at == office.clock.now() + 5 * MINUTE
    assert office.found(connection).lease_until is None
