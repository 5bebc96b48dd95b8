from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.store import connections, runs
from bridge.store.connections import Flow
from bridge.store.database import Database
from bridge.store.models.sync import ResultOutcome, RunOutcome
from bridge.store.runs import RemoteChange, Result, Run
from tests.harness import NOW
from tests.store.sync_rows import a_flow

HOUR = timedelta(hours=1)


@pytest.fixture
def flow(database: Database) -> Flow:
    return a_flow(database)


def add_runs(database: Database, flow: Flow, *names: str) -> list[Run]:
    made = [Run(name, flow.connection_id, "timer", NOW + at * HOUR) for at, name in enumerate(names)]
    with database.write() as session:
        for run in made:
            runs.add_run(session, run)
    return made


def test_a_run_is_stored_from_beginning_to_end(database: Database, flow: Flow) -> None:
    first, second = add_runs(database, flow, "first", "second")
    counts = {"created_there": 3}
    done = replace(first, finished_at=NOW, outcome=RunOutcome.PARTLY, counts=counts, message="One failed.", requests=7)
    with database.write() as session:
        runs.save_run(session, done)
    with database.read() as session:
        assert runs.run(session, "first") == done
        assert runs.run(session, "third") is None
        assert runs.runs(session, flow.connection_id) == [second, done]
        assert runs.runs(session, flow.connection_id, limit=1) == [second]


def test_runs_whose_process_died_are_closed(database: Database, flow: Flow) -> None:
    first, _ = add_runs(database, flow, "first", "second")
    with database.write() as session:
        runs.save_run(session, replace(first, outcome=RunOutcome.DONE, finished_at=NOW))
        assert runs.interrupt_runs(session, flow.connection_id, now=NOW + HOUR) == ["second"]
        assert runs.interrupt_runs(session, flow.connection_id, now=NOW + HOUR) == []
    with database.read() as session:
        interrupted = runs.run(session, "second")
        assert interrupted is not None
        assert (interrupted.outcome, interrupted.finished_at) == (RunOutcome.INTERRUPTED, NOW + HOUR)


class TestResults:
    def put(self, database: Database, flow: Flow, *new: Result) -> None:
        with database.write() as session:
            runs.put_results(session, flow.id, new)

    def test_only_the_latest_of_each_object_stays(self, database: Database, flow: Flow) -> None:
        failed = Result(flow.id, "r1", ResultOutcome.FAILED, NOW, 1, None, "Lunch", "create-there", reason="Too large.")
        left_out = Result(flow.id, "r1", ResultOutcome.LEFT_OUT, NOW, None, "/x", "Old", rule="R6")
        self.put(database, flow, failed, left_out)
        done = Result(flow.id, "r2", ResultOutcome.DONE, NOW, 1, "/y", "Lunch", "create-there")
        self.put(database, flow, done)
        with database.read() as session:
            found = runs.results(session, [flow.id])
            assert [replace(result, id=0) for result in found] == [done, left_out]
            assert runs.results(session, [flow.id], outcomes=[ResultOutcome.LEFT_OUT]) == found[1:]
            assert runs.results(session, [flow.id], run_id="r2") == found[:1]
            assert runs.results(session, [flow.id], limit=1) == found[:1]
            assert runs.results(session, []) == []
            assert runs.count_results(session, [flow.id]) == {
                (flow.id, ResultOutcome.DONE): 1,
                (flow.id, ResultOutcome.LEFT_OUT): 1,
            }

    def test_an_object_is_found_by_either_id(self, database: Database, flow: Flow) -> None:
        self.put(
            database,
            flow,
            Result(flow.id, "r1", ResultOutcome.DONE, NOW, 1, "/x"),
            Result(flow.id, "r1", ResultOutcome.PARKED, NOW, 2, None),
            Result(flow.id, "r1", ResultOutcome.PARKED, NOW, None, "/z"),
        )
        with database.read() as session:
            assert [r.local_id for r in runs.results_of(session, [flow.id], local_id=1)] == [1]
            assert [r.local_id for r in runs.results_of(session, [flow.id], remote_id="/x")] == [1]
            assert [r.remote_id for r in runs.results_of(session, [flow.id], local_id=2, remote_id="/z")] == [
                "/z",
                None,
            ]
            assert runs.results_of(session, [flow.id]) == []

    def test_what_is_gone_is_forgotten(self, database: Database, flow: Flow) -> None:
        many = [Result(flow.id, "r1", ResultOutcome.LEFT_OUT, NOW, n, f"/{n}") for n in range(12_000)]
        self.put(database, flow, *many)
        with database.write() as session:
            runs.forget_results(session, flow.id, local_ids=range(6000), remote_ids=[f"/{n}" for n in range(1, 11_999)])
        with database.read() as session:
            assert [result.local_id for result in runs.results(session, [flow.id])] == [11_999]


def test_writes_there_are_journaled_and_marked_as_undone(database: Database, flow: Flow) -> None:
    create = RemoteChange(flow.id, "r1", "/x", NOW, "create-there", 1, "Lunch", after={"subject": "Lunch"})
    delete = RemoteChange(flow.id, "r2", "/y", NOW, "delete-there", 2, "Old", before={"subject": "Old"})
    with database.write() as session:
        assert runs.add_remote_changes(session, []) == []
        ids = runs.add_remote_changes(session, [create, delete])
        runs.mark_undone(session, ids[:1])
    with database.read() as session:
        first, second = replace(create, undone=True, id=ids[0]), replace(delete, id=ids[1])
        assert runs.remote_changes(session) == [second, first]
        assert runs.remote_changes(session, run_id="r1") == [first]
        assert runs.remote_changes(session, flow_ids=[flow.id], limit=1) == [second]
        assert runs.remote_changes(session, flow_ids=[]) == []
        assert runs.remote_change(session, ids[0]) == first
        assert runs.remote_change(session, 0) is None


def test_pruning_keeps_what_is_young_what_runs_and_the_last_run_of_all(database: Database, flow: Flow) -> None:
    old, running, *_, last = add_runs(database, flow, "old", "running", "young", "last")
    ended = [replace(run, finished_at=NOW + HOUR, outcome=RunOutcome.DONE) for run in (old, last)]
    changes = [RemoteChange(flow.id, "old", "/x", at, "create-there") for at in (NOW, NOW + 2 * HOUR)]
    with database.write() as session:
        for run in ended:
            runs.save_run(session, run)
        runs.add_remote_changes(session, changes)
        assert runs.prune(session, NOW + 2 * HOUR) == 2
        assert runs.prune(session, NOW + 2 * HOUR) == 0
    with database.read() as session:
        assert [run.id for run in runs.runs(session, flow.connection_id)] == ["last", "young", running.id]
        assert [change.at for change in runs.remote_changes(session)] == [NOW + 2 * HOUR]


def test_runs_go_with_their_connection(database: Database, flow: Flow) -> None:
    add_runs(database, flow, "first")
    with database.write() as session:
        runs.put_results(session, flow.id, [Result(flow.id, "first", ResultOutcome.DONE, NOW, 1)])
        connections.remove_connection(session, flow.connection_id)
    with database.read() as session:
        assert runs.run(session, "first") is None
        assert runs.results(session, [flow.id]) == []
