"""Kill the sync worker in the middle of a first sync, again and again: it resumes, and makes nothing twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bridge.store.models.sync import RunOutcome
from bridge.store.runs import Run
from tests.providers.servers import RemoteServer, radicale
from tests.system.chaos import amount
from tests.system.server import ServerProcess
from tests.system.syncing import Syncing, WorkerProcess, await_that, working

OBJECTS = amount(quick=60, full=2_000)  # half of them on either side
KILLS = amount(quick=4, full=200)
LEAST_KILLS = amount(quick=1, full=200)  # on a quick machine, a few objects are synced before every kill had its turn
LEASE = timedelta(seconds=1)
ANYWHERE, LATER = 0.3, 0.85  # the share of kills at any moment, and that share once everything left comes by fifties
MOST_DELAY = amount(quick=1, full=20) / 100  # seconds: into the middle of a portion
MOST_LOOK = amount(quick=1, full=150) / 100  # seconds: somewhere in the look at both sides, or soon after it


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[RemoteServer]:
    with radicale(tmp_path / "radicale") as running:
        yield running


@pytest.fixture
def syncing(tmp_path: Path, sqlite_url: str, remote: RemoteServer) -> Iterator[Syncing]:
    calendar = remote.make_calendar("Work")
    made = Syncing(ServerProcess(tmp_path / "bridge", sqlite_url), remote, calendar)
    with closing(made.server.services):
        for number in range(OBJECTS // 2):
            made.add_here(f"Ours {number}")
            made.add_there(f"Theirs {number}")
        made.start()
        yield made


class Storm:
    """Kills at random moments: some while a run reads, most while it writes."""

    def __init__(self, syncing: Syncing, worker: WorkerProcess, folder: Path) -> None:
        self.syncing = syncing
        self.worker = worker
        self.folder = folder
        self.random = Random(0)

    def progress(self) -> int:
        """How many objects have come to either side."""
        return self._there() + self.syncing.count_here() - OBJECTS

    def _there(self) -> int:
        return sum(1 for _ in self.folder.glob("collections/collection-root/*/*/*.ics"))

    def kill(self, left: int) -> bool:
        """Start the worker, and kill it during its run; ``left`` kills are to come. Whether it was in time."""
        before = self.syncing.latest()
        self.worker.start()
        await_that(lambda: self._runs(before), self.worker.said)
        if self.random.random() < (ANYWHERE if self._there() < OBJECTS else LATER):
            time.sleep(self.random.uniform(0, MOST_LOOK))
        else:
            share = (OBJECTS - self.progress()) // left  # half of it on average, since a portion may be stored at once
            goal = self.progress() + self.random.randint(1, max(1, share))
            await_that(lambda: self.progress() >= goal or not self._runs(before), self.worker.said)
            time.sleep(self.random.uniform(0, MOST_DELAY))
        self.worker.kill()
        return self._runs(before)

    def _runs(self, before: Run | None) -> bool:
        latest = self.syncing.latest()
        return latest is not None and latest != before and latest.outcome is RunOutcome.RUNNING


def test_a_first_sync_outlives_every_kill(syncing: Syncing, tmp_path: Path) -> None:
    with working(syncing, "worker", lease=LEASE) as (worker,):
        storm = Storm(syncing, worker, tmp_path / "radicale")
        killed = 0
        while killed < KILLS and not syncing.done():
            killed += storm.kill(KILLS - killed)
        assert killed >= LEAST_KILLS, f"The first sync ended after {killed} kills."
        if not syncing.done():
            worker.start()
            await_that(syncing.done, syncing.said)
            worker.stop()
    assert (
        sum(run.outcome is RunOutcome.INTERRUPTED for run in syncing.runs()) == killed
    )  # the worker takes nothing over from itself
    syncing.check()
