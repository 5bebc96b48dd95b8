"""A user with a connection to a real CalDAV server, and workers in processes of their own that run it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from sqlalchemy import func, select

from bridge.core.activity import Activity
from bridge.core.scope import FlowKind
from bridge.ports import RemoteId
from bridge.services.actor import Actor
from bridge.services.connections import NewAccount
from bridge.store import connections, links, runs
from bridge.store.connections import Connection
from bridge.store.models.crm import ActivityRow
from bridge.store.models.journal import Source
from bridge.store.models.sync import LinkState, RunOutcome
from bridge.store.runs import Run
from tests.harness import ics
from tests.providers.servers import LOGIN, PASSWORD, RemoteServer
from tests.system.server import ServerProcess

CRM = Actor(None, Source.CRM)
PATIENCE = 600  # seconds until a test counts as hanging
LATER = datetime.now(UTC).date() + timedelta(days=30)  # what is over does not travel (R6)


def await_that(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait until something has come true."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what()
        time.sleep(0.02)


@dataclass
class WorkerProcess:
    """A sync worker."""

    config_file: Path
    name: str
    lease: timedelta
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.config_file.parent / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        queue = f"sqlite:///{self.config_file.parent / self.name}.queue.sqlite3"
        command = (sys.executable, "-m", "tests.system.sync_worker", self.config_file, queue)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("DAVBRIDGE_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (*command, str(self.lease.total_seconds())), stdout=log, stderr=subprocess.STDOUT, env=environ
            )

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
        self.process = None

    def stop(self) -> None:
        """End it as an operator would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=PATIENCE) == 0, self.said()
        self.process = None
        assert "Traceback" not in self.said(), self.said()

    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Syncing:
    """What is on either side of the connection. ``url`` is where the bridge finds the server, if not directly."""

    server: ServerProcess
    remote: RemoteServer
    calendar: RemoteId
    url: str = ""
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        services = self.server.services
        account = self.server.add_user("anna")
        self.user_id = services.principals.find(account.login).id
        new = NewAccount("caldav", url=self.url or self.remote.url, username=LOGIN, secret=PASSWORD)
        self.connection_id = services.connections.add(None, account.login, new).id

    def start(self) -> None:
        connected = self.server.services.connections
        connected.choose(None, self.connection_id, FlowKind.CALENDAR, "Work")
        connected.start(None, self.connection_id, confirmed=True)

    def add_here(self, name: str) -> None:
        new = Activity("", self.user_id, name, due_date=LATER, due_time=clock_time(10))
        self.server.services.activities.create(CRM, new)
        self.names.add(name)

    def add_there(self, name: str) -> None:
        times = (f"DTSTART:{LATER:%Y%m%d}T110000Z", f"DTEND:{LATER:%Y%m%d}T120000Z")
        path = f"/{self.calendar.partition('//')[2].partition('/')[2]}{name.replace(' ', '-')}.ics"
        self.remote.must("PUT", path, ics(f"SUMMARY:{name}", *times, uid=f"{name}@elsewhere"))
        self.names.add(name)

    def here(self) -> list[str]:
        """The subjects of all activities."""
        return [each.subject for each in self.server.services.activities.owned_by(self.user_id)]

    def there(self) -> list[str]:
        """The summaries of all events."""
        path = f"/{self.calendar.partition('//')[2].partition('/')[2]}"
        return re.findall(r"^SUMMARY:(.*?)\r?$", self.remote.must("GET", path).body.decode(), re.MULTILINE)

    def connection(self) -> Connection:
        with self.server.services.database.read() as session:
            found = connections.connection(session, self.connection_id)
        assert found is not None
        return found

    def runs(self, limit: int = 100_000) -> list[Run]:
        """The latest runs, the very latest first."""
        with self.server.services.database.read() as session:
            return runs.runs(session, self.connection_id, limit=limit)

    def latest(self) -> Run | None:
        """The latest run."""
        return next(iter(self.runs(1)), None)

    def done(self) -> bool:
        """Whether a run has come to its end, and nobody is at work."""
        latest = self.latest()
        return latest is not None and latest.outcome is RunOutcome.DONE and self.connection().lease_until is None

    def count_here(self) -> int:
        """How many activities there are."""
        with self.server.services.database.read() as session:
            return session.scalar(select(func.count()).select_from(ActivityRow)) or 0

    def flow_id(self) -> int:
        with self.server.services.database.read() as session:
            return next(flow.id for flow in connections.flows(session, [self.connection_id]) if flow.enabled)

    def linked(self) -> int:
        """How many objects are tied."""
        flow = self.flow_id()
        with self.server.services.database.read() as session:
            return sum(head.state is LinkState.LINKED for head in links.heads(session, flow))

    def check(self) -> None:
        """Both sides have everything, each once, and nothing is left to do."""
        here, there = Counter(self.here()), Counter(self.there())
        assert here == there == Counter(self.names)
        assert self.linked() == len(self.names)
        with self.server.services.database.read() as session:
            assert links.intents(session, self.flow_id()) == []
        report = self.server.services.sync.run(self.connection_id)
        assert (report.outcome, dict(report.counts)) == (RunOutcome.DONE, {}), report.message

    def said(self) -> str:
        return f"{self.connection()}\n{self.runs()[:3]}"


@contextmanager
def working(syncing: Syncing, *names: str, lease: timedelta) -> Iterator[list[WorkerProcess]]:
    """Worker processes that are gone afterwards, whatever happens."""
    workers = [WorkerProcess(syncing.server.config_file, name, lease) for name in names]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
