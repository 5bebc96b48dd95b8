"""A small company whose every page has something to show: the demo company, with accounts in all kinds of states."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from werkzeug.serving import make_server

from bridge.cli.gateway import gateway
from bridge.config import Config, Server
from bridge.core.activity import Activity
from bridge.core.event import Event
from bridge.core.feed import FeedPrivacy
from bridge.core.person import Person
from bridge.core.scope import ConflictPolicy, FlowKind
from bridge.errors import Refused
from bridge.providers.google.installation import Installation
from bridge.providers.google.provider import GoogleConnector
from bridge.providers.memory.misbehaviour import Call, Fault, Raises
from bridge.providers.memory.remote import MemoryAccount
from bridge.services.account_finding import AccountFinding
from bridge.services.connections import NewAccount
from bridge.services.consents import Consents
from bridge.services.demo import Demo, Size
from bridge.services.onboarding import Program
from bridge.services.self_test import SelfTest
from bridge.services.standard_types import STANDARD
from bridge.store import accounts
from bridge.store.database import Database
from plugins.application import DavOptions, DavServices, create_application
from tests.harness import CRM
from tests.web.conftest import KEY, PASSWORD
from tests.web.sync_house import SyncHouse
from web import create_app

ADMIN, USER, COLLEAGUE = "anna", "janis", "katarzyna"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # a Tuesday morning
TOMORROW = date(2026, 11, 25)
SECRET = "s3cret"
SIZE = Size(users=3, activities=40, contacts=40)


class Company(SyncHouse):
    """The services of the page over the demo company. Jānis has accounts elsewhere; Anna administers everything."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, folder, "caldav")
        self.clock.moment = NOW
        google = GoogleConnector(Installation("identifier", "secret"), self.clock, registered=lambda: None)
        parts = (KEY, self.vault, {"google": google.oauth}, {"google": google})
        self.consents = Consents(database, self.clock, *parts, self.connections)
        self.finding = AccountFinding(["caldav", "google"])
        with database.write() as session:
            for position, kind in enumerate(STANDARD):
                accounts.save_activity_type(session, replace(kind, position=position))
        Demo(database, self.clock, self.office.settings).fill(SIZE, lambda _done, _total: None)
        for login in (ADMIN, USER):
            self.signing_in.set_password(login, PASSWORD)

    def furnish(self) -> None:
        """Let things have happened."""
        self._devices()
        self._twins()
        self.working = self._connect("janis@dzintars.example", "Work")
        self._dispute()
        self._fail()
        self.stopping = self._connect("janis@club.example", "Sailing club")
        self._empty()
        self.locked_out = self._connect("janis@old.example", "Old address")
        self.remote.accounts["janis@old.example"].revoked = True
        self.run(self.locked_out)
        self.choosing = self.connections.add(None, USER, self._account("janis@home.example", "Home")).id
        self.former = self._connect("janis@former.example", "Former employer")
        self.connections.stop(None, self.former)
        self.run(self.working)

    def invite(self, program: Program = Program.APPLE) -> str:
        """The secret of a one-time link for a device of Jānis."""
        return self.onboarding.invite(self.principals.find(USER), program, "Jānis’ phone")

    def _devices(self) -> None:
        for name in ("Phone", "Thunderbird at the office"):
            self.devices.add(USER, name)
        self.feeds.add(USER, "Screen in the hall", FeedPrivacy.BUSY)

    def _twins(self) -> None:
        """Two persons that are probably one (R17)."""
        owner = self.principals.find(USER).id
        first = self.contacts.owned_by(owner)[0][0]
        twin = Person("twin", owner, first.name, parts=first.parts, emails=first.emails, note="Met at the fair.")
        self.contacts.create_person(CRM, twin)

    def _account(self, address: str, name: str) -> NewAccount:
        self._elsewhere(address)
        return NewAccount("caldav", address, secret=SECRET, name=name)

    def _elsewhere(self, address: str) -> MemoryAccount:
        account = self.remote.add_account(address, SECRET)
        account.add_calendar("/calendar", "Calendar")
        account.add_calendar("/home", "Family")
        account.add_group("/people", "People")
        return account

    def _connect(self, address: str, name: str) -> int:
        """A connection that was run once."""
        number = self.connections.add(None, USER, self._account(address, name)).id
        self.connections.choose(None, number, FlowKind.CALENDAR, "/calendar")
        types = frozenset({"call", "meeting", "lunch", "deadline"})
        self.connections.change_flow(None, number, FlowKind.CALENDAR, lambda flow: replace(flow, types=types))
        self.connections.change(None, number, lambda c: replace(c, policy=ConflictPolicy.ASK))
        self.connections.start(None, number, confirmed=True)
        self.run(number)
        return number

    def _dispute(self) -> None:
        """Both sides changed the same (R23)."""
        calendar = self.remote.accounts["janis@dzintars.example"].calendars
        found = next(iter(calendar.values()))
        single = {
            each.subject: each for each in self.activities.owned_by(self.principals.find(USER).id) if not each.series
        }
        id_, resource, activity = next(
            (id_, each, single[each.object.summary])
            for id_, each in found.resources.items()
            if each.object.summary in single
        )
        self.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call about the new contract"))
        found.edit(id_, replace(resource.object, summary="Call about the old contract", modified=self.clock.now()))
        start = datetime.combine(TOMORROW, time(15), UTC)
        found.add(Event("fair@elsewhere", summary="Trade fair", start=start, end=start + timedelta(hours=2)))
        self.run(self.working)

    def _fail(self) -> None:
        """Something cannot be created there."""
        refusal = Refused("The calendar is full.", remedy="Delete something there.")
        self.remote.misbehave(Fault(Call.CREATE, Raises(refusal)))
        new = Activity("", self.principals.find(USER).id, "Lunch with the board", "lunch", TOMORROW, time(11))
        self.activities.create(CRM, new)
        self.run(self.working)

    def _empty(self) -> None:
        """The other side is suddenly empty (R22)."""
        calendar = next(iter(self.remote.accounts["janis@club.example"].calendars.values()))
        for id_ in list(calendar.resources):
            calendar.remove(id_)
        self.run(self.stopping)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the company's page is served."""

    company: Company
    url: str


@contextmanager
def open_company(folder: Path, base_url: str, port: int = 0) -> Iterator[Place]:
    """Serve the company from a thread, by default at a free port. ``base_url`` is the address that its pages tell."""
    database_file = folder / "company.sqlite3"
    with closing(Database(f"sqlite:///{database_file}")) as database:
        database.migrate()
        company = Company(database, folder)
        company.furnish()
        config = replace(Config(), server=replace(Server(), base_url=base_url))
        dav = create_application(
            DavServices(company.principals, company.devices, company.office.resources), DavOptions()
        )
        server = make_server("127.0.0.1", port, gateway(dav, create_app(company, config)), threaded=True)
        url = f"http://127.0.0.1:{server.server_port}"
        company.self_test = SelfTest(url, company.devices)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Place(company, url)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            company.close()
