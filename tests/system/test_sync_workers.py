"""Two worker processes and one connection: one works at a time, and whoever wakes up too late writes nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.store.models.sync import RunOutcome
from tests.database import BOTH
from tests.providers.servers import RemoteServer, Reply, Request, ScriptedServer, radicale, scripted
from tests.system.chaos import CHAOS
from tests.system.server import ServerProcess
from tests.system.syncing import Syncing, await_that, working

WRITES = ("PUT", "DELETE", "POST", "PROPPATCH")
LEASE = timedelta(seconds=2)
HOP = ("accept-encoding", "connection", "transfer-encoding", "content-length", "content-encoding", "date", "server")


@dataclass
class Gate:
    """A proxy before the remote that watches who writes: ``crowd`` is how many at once, at most."""

    remote: RemoteServer
    crowd: int = 0
    writes: list[str] = field(default_factory=list)
    answered: Callable[[Request], None] = lambda _: None
    _inside: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_on(self, request: Request) -> Reply:
        writing = request.method in WRITES
        with self._lock:
            self._inside += writing
            self.writes += [f"{request.method} {request.path}"] if writing else []
            self.crowd = max(self.crowd, self._inside)
        headers = {name: value for name, value in request.headers.items() if name not in {"host", *HOP}}
        reply = self.remote.ask(request.method, request.path, request.body.decode(), headers)
        self.answered(request)
        with self._lock:
            self._inside -= writing
        return Reply(reply.status, {n: v for n, v in reply.headers.items() if n.lower() not in HOP}, reply.body)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[Gate, ScriptedServer]]:
    with ExitStack() as stack:
        gate = Gate(stack.enter_context(radicale(tmp_path / "radicale")))
        yield gate, stack.enter_context(scripted(gate.pass_on))


@pytest.fixture
def syncing(gate: tuple[Gate, ScriptedServer], tmp_path: Path, database_url: str) -> Iterator[Syncing]:
    watched, proxy = gate
    calendar = watched.remote.make_calendar("Work")
    made = Syncing(ServerProcess(tmp_path / "bridge", database_url), watched.remote, calendar, proxy.url)
    with closing(made.server.services):
        for number in range(15):
            made.add_here(f"Ours {number}")
            made.add_there(f"Theirs {number}")
        yield made


def is_stopped(pid: int) -> bool:
    """Whether no thread of a process runs on: a signal takes its time to reach them all."""
    states = [file.read_text().rpartition(")")[2].split()[0] for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def test_two_workers_never_run_a_connection_at_once(gate: tuple[Gate, ScriptedServer], syncing: Syncing) -> None:
    watched, _ = gate
    with working(syncing, "first", "second", lease=timedelta(minutes=1)) as workers:
        for worker in workers:
            worker.start()
        syncing.start()
        for number in range(15):
            syncing.add_here(f"More {number}")
            await_that(lambda: syncing.linked() == len(syncing.names), syncing.said)
        await_that(syncing.done, syncing.said)
        for worker in workers:
            worker.stop()
    found = sorted(syncing.runs(), key=lambda run: run.started_at)
    assert {run.outcome for run in found} == {RunOutcome.DONE}
    assert all(run.finished_at is not None and run.finished_at <= after.started_at for run, after in pairwise(found))
    assert watched.crowd == 1
    syncing.check()


@pytest.mark.parametrize("database_url", BOTH if CHAOS else ["sqlite"], indirect=True)
@pytest.mark.parametrize("method", ["PUT", "REPORT"] if CHAOS else ["PUT"])
def test_a_holder_that_wakes_up_late_writes_nothing(
    gate: tuple[Gate, ScriptedServer], syncing: Syncing, method: str
) -> None:
    watched, _ = gate
    stopped = threading.Event()
    with working(syncing, "stalled", "quick", lease=LEASE) as (stalled, quick):

        def stall(request: Request) -> None:
            """Put the first worker to sleep while an answer is on its way to it."""
            if request.method == method and not stopped.is_set():
                os.kill(stalled.pid, signal.SIGSTOP)
                await_that(lambda: is_stopped(stalled.pid), stalled.said)
                stopped.set()

        watched.answered = stall
        stalled.start()
        syncing.start()
        await_that(stopped.is_set, stalled.said)
        quick.start()
        await_that(syncing.done, syncing.said)
        fence, writes = syncing.connection().fence, list(watched.writes)
        os.kill(stalled.pid, signal.SIGCONT)
        await_that(lambda: "was taken over by another worker" in stalled.said(), stalled.said)
        assert (syncing.connection().fence, watched.writes) == (fence, writes)
        quick.stop()
        stalled.stop()
    assert [run.outcome for run in syncing.runs()][-2:] == [RunOutcome.DONE, RunOutcome.INTERRUPTED]
    assert watched.crowd == 1
    syncing.check()
