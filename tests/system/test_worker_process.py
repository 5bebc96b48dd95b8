"""The sync worker as a process: beside the server, alone, killed, and told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bridge.core.activity import Activity
from bridge.errors import TemporaryError
from bridge.services import redrawing
from bridge.services.redrawing import Progress
from tests.harness import CRM
from tests.system.server import PATIENCE, PROGRAM, ServerProcess, serving


def await_that(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def processes_of(group: int) -> dict[int, int]:
    """The living processes of a group, each with its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, own_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended meanwhile
        if int(own_group) == group and state != "Z":
            found[int(folder.name)] = int(parent)
    return found


def holds_queue(pid: int) -> bool:
    """Whether a process works on the queue, rather than asking about it: only the worker has threads that do."""
    try:
        names = [(each / "comm").read_text() for each in Path(f"/proc/{pid}/task").iterdir()]
        files = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return len(names) > 1 and any("queue.sqlite3" in each for each in files) and not any("socket" in e for e in files)


class Serving:
    def __init__(self, server: ServerProcess) -> None:
        assert server.process is not None
        self.server = server
        self.group = server.process.pid

    def worker(self) -> int | None:
        """The sync worker, once it is at work."""
        children = [pid for pid, parent in processes_of(self.group).items() if parent == self.group]
        found = [pid for pid in children if holds_queue(pid)]
        return found[0] if found else None

    def await_worker(self, other_than: int | None = None) -> int:
        await_that(lambda: self.worker() not in {None, other_than}, f"no worker: {self.server.said()}")
        found = self.worker()
        assert found is not None
        return found


def test_the_worker_lives_and_ends_with_the_server(sqlite_url: str, tmp_path: Path) -> None:
    with serving(tmp_path / "server", sqlite_url) as server:
        running = Serving(server)
        found = running.await_worker()
        for ending in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            os.kill(found, ending)
            found = running.await_worker(other_than=found)
        await_that(lambda: len(processes_of(running.group)) == 4, server.said())
        assert "started again" in server.said()
        server.stop()
        assert processes_of(running.group) == {}
        server.start()  # the address is free, and what is left of the old worker hinders nobody
        assert Serving(server).await_worker()


def test_no_worker_is_left_when_the_server_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    with serving(tmp_path / "server", sqlite_url) as server:
        running = Serving(server)
        running.await_worker()
        assert server.process is not None
        server.process.kill()
        server.process.wait(timeout=PATIENCE)
        await_that(lambda: not processes_of(running.group), f"left: {processes_of(running.group)}")
        server.start()


def test_a_worker_alone_runs_beside_the_other_and_ends_when_it_is_told(sqlite_url: str, tmp_path: Path) -> None:
    with serving(tmp_path / "server", sqlite_url) as server:
        first = Serving(server).await_worker()
        with server.log.open("ab") as log:
            command = [*PROGRAM, "--config", str(server.config_file), "worker"]
            alone = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, process_group=0)
        try:
            await_that(lambda: holds_queue(alone.pid), "it does not work")
            alone.send_signal(signal.SIGTERM)
            assert alone.wait(timeout=PATIENCE) == 0, server.said()
        finally:
            alone.kill()
            alone.wait(timeout=PATIENCE)
        assert Serving(server).worker() == first


def test_without_the_sync_there_is_no_worker_and_no_need_of_a_queue(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be drawn again is drawn even so."""
    server = ServerProcess(tmp_path / "server", sqlite_url)
    monkeypatch.setattr(redrawing, "AT_ONCE", 0)
    login = server.add_user("anna").login
    anna, services = server.services.principals.find(login), server.services
    services.activities.create(CRM, Activity("", anna.id, "Call", "call", date(2026, 12, 1)))
    services.principals.change(login, replace)
    assert services.redraws.progress(anna) == Progress(0, 1)
    with server.config_file.open("a", encoding="utf-8") as file:
        file.write("[sync]\nenabled = off\nqueue = redis://127.0.0.1:1/0\n")
    try:
        server.start()
        assert server.process is not None
        first = server.process.pid
        await_that(lambda: len(processes_of(first)) == 3, server.said())
        await_that(lambda: services.redraws.progress(anna) is None, server.said())
        server.stop()
    finally:
        server.kill()
        services.close()


def test_readiness_tells_of_a_queue_out_of_reach(sqlite_url: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "server", sqlite_url)
    with closing(server.services) as services:
        services.ready()
    with server.config_file.open("a", encoding="utf-8") as file:
        file.write("[sync]\nqueue = redis://127.0.0.1:1/0\n")
    del server.services
    with (
        closing(server.services) as services,
        pytest.raises(TemporaryError, match="The queue of the sync is out of reach"),
    ):
        services.ready()
