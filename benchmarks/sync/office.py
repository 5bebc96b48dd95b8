"""Our side of a sync under measurement: a database with records, connected by the services that users have."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path

from benchmarks import filling
from benchmarks.corpus import WEEK, WEEKS, Appointment, Corpus, Kind, appointment, card
from benchmarks.filling import LOGIN, NOW
from benchmarks.processes import free_port
from benchmarks.servers import bridge_config, bridge_environ
from benchmarks.sync.remotes import Other
from bridge import bootstrap, remotes
from bridge.bootstrap import Services
from bridge.core.scope import FlowKind
from bridge.services.actor import Actor
from bridge.services.connections import Connections
from bridge.services.sync.flows import Flows
from bridge.services.sync.report import RunReport
from bridge.services.sync.run import Sync
from bridge.store.models.journal import Source
from bridge.vault import FernetVault

_CRM = Actor(None, Source.CRM, client="davbridge-benchmark/1")
_NEAR = timedelta(days=2, hours=2)  # Microsoft moves no instance beyond the one before or behind it
_LATER = WEEKS * WEEK  # everything is yet to come: what is over does not travel (R6)


class Ticking:
    """A clock that goes on from the day after the records were made, so that every run is on the same day."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._later = timedelta(days=1)

    def now(self) -> datetime:
        """The present moment there, aware, in UTC."""
        return NOW + self._later + timedelta(seconds=time.monotonic() - self._begun)

    def advance(self, by: timedelta) -> None:
        """Let time pass in which nothing happens."""
        self._later += by


def made(size: int) -> Corpus:
    """Make so many events, all yet to come, and as many people: organizations are not synced (R15)."""
    people = islice((found for found in map(card, count()) if found.given), size)
    return Corpus([_coming(appointment(number, size)) for number in range(size)], list(people))


def _coming(found: Appointment) -> Appointment:
    start = found.start + _LATER
    day = min(start.day, 28) if found.kind is Kind.MONTHLY else start.day  # no other day is in each month
    return replace(found, start=start.replace(day=day), move=_NEAR)


@dataclass
class Office:
    """A database with one user who has a connection to the other side."""

    services: Services
    connection_id: int

    def choose(self, *kinds: FlowKind) -> None:
        """Sync just these, and confirm what that does."""
        for kind in FlowKind:
            if kind in kinds:
                self.services.connections.choose(None, self.connection_id, kind, "default")
            elif self._enabled(kind):
                self.services.connections.leave(None, self.connection_id, kind)
        self.services.connections.start(None, self.connection_id, confirmed=True)

    def _enabled(self, kind: FlowKind) -> bool:
        return self.services.connections.show(None, self.connection_id).flow(kind).enabled

    def run(self) -> RunReport:
        """Run the connection once."""
        return self.services.sync.run(self.connection_id)

    def uids(self, kind: FlowKind) -> set[str]:
        """The UIDs of all records of one kind."""
        user = self.services.principals.find(LOGIN)
        if kind is FlowKind.CALENDAR:
            return {each.uid for each in self.services.activities.owned_by(user.id)}
        return {each.uid for each in self.services.contacts.owned_by(user.id)[0]}

    def edit(self, kind: FlowKind) -> None:
        """Change the newest record, as the CRM does."""
        user = self.services.principals.find(LOGIN)
        if kind is FlowKind.CALENDAR:
            newest = max(each.id for each in self.services.activities.owned_by(user.id))
            self.services.activities.change(_CRM, newest, lambda each: replace(each, location="Elsewhere"))
            return
        newest = max(each.id for each in self.services.contacts.owned_by(user.id)[0])
        self.services.contacts.change_person(_CRM, newest, lambda each: replace(each, job_title="Director"))


@contextmanager
def office(folder: Path, corpus: Corpus, other: Other, clock: Ticking) -> Iterator[Office]:
    """Make a database with these records, connected to the other side with nothing chosen yet."""
    folder.mkdir()
    environ = bridge_environ(folder, free_port()) | {
        "DAVBRIDGE_SYNC_REQUESTS_PER_SECOND": "0",
        "DAVBRIDGE_GOOGLE_REQUESTS_PER_MINUTE": "0",
        "DAVBRIDGE_GOOGLE_PROJECT_REQUESTS_PER_MINUTE": "0",
    }
    settings = bridge_config(environ)
    filling.fill(settings, corpus)
    services = bootstrap.build(settings, clock=clock)
    try:
        vault = FernetVault(bootstrap.secret_key(settings.security.secret_file))
        known = remotes.throttled(settings, {other.kind: other.connector(clock)}, services.stop)
        parts = (services.database, clock, services.settings)
        connected = replace(
            services,
            connections=Connections(*parts, vault, known),
            sync=Sync(services.database, clock, Flows(*parts, vault, known)),
        )
        new = connected.connections.add(None, LOGIN, other.account)
        yield Office(connected, new.id)
    finally:
        services.close()
