"""A user with an account elsewhere, for the tests of connections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bridge.core.scope import FlowKind
from bridge.core.user import Role
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import Remote
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections, NewAccount, Shown
from bridge.store import connections, links
from bridge.store.connections import Connection
from bridge.store.database import Database
from bridge.store.links import Link
from bridge.store.models.sync import ProblemKind
from bridge.vault import FernetVault
from tests.harness import Office

CALENDAR, CONTACTS = FlowKind.CALENDAR, FlowKind.CONTACTS
ADDRESS, SECRET = "anna@elsewhere.example", "s3cret of Anna"
ACCOUNT = NewAccount("memory", ADDRESS, secret=SECRET)


@dataclass
class World:
    """An office whose user anna has an account elsewhere."""

    office: Office
    remote: Remote
    services: Connections
    company: CompanyOptions

    def __post_init__(self) -> None:
        self.anna = self.office.user("anna")
        self.boss = self.office.user("boss", role=Role.ADMIN, name="The Boss")
        self.account = self.remote.add_account(ADDRESS, SECRET, "Anna elsewhere")
        for name in ("work", "home"):
            self.account.add_calendar(f"/{name}", name.title())
        self.account.add_group("/people", "People")

    @property
    def database(self) -> Database:
        return self.office.database

    def add(self, account: NewAccount = ACCOUNT, **options: Any) -> int:
        return self.services.add(None, "anna", account, **options).id

    def running(self) -> int:
        """A connection that syncs the calendar “Work”."""
        number = self.add()
        self.services.choose(None, number, CALENDAR, "Work")
        self.services.start(None, number, confirmed=True)
        return number

    def show(self, number: int) -> Shown:
        return self.services.show(None, number)

    def row(self, number: int) -> Connection:
        return self.show(number).connection

    def link(self, number: int) -> int:
        """A link in the calendar's flow."""
        with self.database.write() as session:
            flow = self.show(number).flow(CALENDAR)
            return links.add_links(session, [Link(flow.id, 1, "/work/1", self.office.clock.now())])[0]

    def linked(self, number: int) -> list[int]:
        with self.database.read() as session:
            return [head.id for head in links.heads(session, self.show(number).flow(CALENDAR).id)]

    def trouble(self, number: int, problem: ProblemKind) -> None:
        with self.database.write() as session:
            found = connections.connection(session, number, lock=True)
            assert found is not None
            connections.save_connection(session, replace(found, problem=problem, problem_text="No.", tries=3))

    def run(self, number: int) -> int:
        """Hold the lease, as a run would."""
        with self.database.write() as session:
            fence = connections.acquire(session, number, "run", self.office.clock.now(), timedelta(minutes=1))
            assert fence is not None
            return fence

    def goes_on(self, number: int, fence: int) -> bool:
        with self.database.write() as session:
            return connections.held(session, number, fence)


def make_world(office: Office) -> World:
    remote = Remote(office.clock)
    vault = FernetVault(b"s" * 32)
    parts = (office.database, office.clock, office.settings)
    services = Connections(*parts, vault, {"memory": MemoryConnector(remote)})
    return World(office, remote, services, CompanyOptions(office.database, vault))
