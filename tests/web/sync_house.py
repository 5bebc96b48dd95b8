"""A house whose users have accounts elsewhere, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bridge.core.activity import Activity
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.core.user import Role
from bridge.ports import RemoteId
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import TRAITS, Remote
from bridge.services.account_finding import AccountFinding
from bridge.services.asking import Asking
from bridge.services.chronicle import Chronicle
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections, NewAccount, Shown
from bridge.services.explain import Explain
from bridge.services.queue import Queue
from bridge.services.sync.deciding import Deciding
from bridge.services.sync.explaining import SyncExplain
from bridge.services.sync.flows import Flows
from bridge.services.sync.report import RunReport
from bridge.services.sync.resolving import Resolving
from bridge.services.sync.run import Sync
from bridge.services.sync.undoing import Undoing
from bridge.services.troubles import Troubles
from bridge.store.database import Database
from bridge.vault import FernetVault
from tests.harness import CRM, NOW
from tests.web.conftest import House

ADDRESS, SECRET = "anna@elsewhere.example", "s3cret of Anna"
ACCOUNT = NewAccount("memory", ADDRESS, secret=SECRET)
TOMORROW = (NOW + timedelta(days=1)).date()
READ_ONLY = replace(TRAITS, read_only=True)


class SyncHouse(House):
    """A house with everything that syncs need. Anna has an account elsewhere, of a service that is called ``kind``."""

    def __init__(self, database: Database, folder: Path, kind: str = "memory") -> None:
        super().__init__(database)
        parts = (database, self.clock, self.office.settings)
        self.remote = Remote(self.clock, wait=self.clock.advance)
        self.account = self.remote.add_account(ADDRESS, SECRET, "Anna elsewhere")
        self.calendar = self.account.add_calendar("/work", "Work")
        self.home = self.account.add_calendar("/home", "Home")
        self.holidays = self.account.add_calendar("/holidays", "Holidays", traits=READ_ONLY)
        self.group = self.account.add_group("/people", "People")
        self.vault = FernetVault(b"s" * 32)
        known = {kind: MemoryConnector(self.remote)}
        flows = Flows(*parts, self.vault, known)
        self.connections = Connections(*parts, self.vault, known)
        self.company = CompanyOptions(database, self.vault)
        self.finding = AccountFinding(known.keys())
        self.sync = Sync(database, self.clock, flows)
        self.queue = Queue(f"sqlite:///{folder / 'queue.db'}", self.clock)
        self.troubles = Troubles(database, self.clock)
        self.resolving = Resolving(database, self.clock, flows)
        self.deciding = Deciding(database, self.sync, patience=120)
        self.undoing = Undoing(database, self.clock, flows, self.journal)
        self.chronicle = Chronicle(database, self.journal, self.undoing)
        explain = Explain(*parts)
        self.asking = Asking(database, explain, SyncExplain(*parts, explain), self.connections)

    def close(self) -> None:
        self.queue.close()

    def connected(self, login: str = "anna") -> int:
        """A connection of which nothing is chosen yet."""
        return self.connections.add(None, login, ACCOUNT).id

    def running(self, **options: Any) -> int:
        """A connection that syncs the calendar “Work”."""
        number = self.connected()
        self.connections.choose(None, number, FlowKind.CALENDAR, "/work")
        if options:
            self.connections.change_flow(None, number, FlowKind.CALENDAR, lambda flow: replace(flow, **options))
        self.connections.start(None, number, confirmed=True)
        return number

    def run(self, number: int) -> RunReport:
        """One run, a minute later."""
        self.clock.advance(timedelta(minutes=1))
        return self.sync.run(number)

    def shown(self, number: int) -> Shown:
        return self.connections.show(None, number)

    def activity(self, subject: str = "Call Anna", owner: str = "anna", **more: Any) -> Activity:
        new = Activity("", self.principals.find(owner).id, subject, "call", TOMORROW, time(10))
        return self.activities.create(CRM, replace(new, duration=timedelta(minutes=30), **more))

    def event(self, summary: str = "Lunch", **more: Any) -> RemoteId:
        start = datetime.combine(TOMORROW, time(12), UTC)
        new = Event(f"{summary}@elsewhere", summary=summary, start=start, end=start + timedelta(hours=1))
        return self.calendar.add(replace(new, **more)).id

    def edit(self, id_: RemoteId, **changes: Any) -> None:
        """Somebody edits an event in the other calendar."""
        found = self.calendar.resources[id_]
        self.calendar.edit(id_, replace(found.object, modified=self.clock.now(), **changes))


def furnished(database: Database, folder: Path) -> SyncHouse:
    """A house with Anna, Bob and the administrator Zane."""
    house = SyncHouse(database, folder)
    house.user("anna", name="Anna Ozola")
    house.user("bob")
    house.user("zane", role=Role.ADMIN, name="Zane Boss")
    return house
