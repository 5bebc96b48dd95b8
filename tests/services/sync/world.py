"""A small office with one connection to an account in memory: what most tests of the engine start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bridge.core.activity import Activity
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.person import Person
from bridge.core.scope import FlowKind
from bridge.core.user import User
from bridge.ports import RemoteId
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import TRAITS, Remote
from bridge.services.sync.acting import Progress
from bridge.services.sync.flows import Flows
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import Preview, RunReport
from bridge.services.sync.run import Sync
from bridge.services.sync.undoing import Undoing
from bridge.store import connections, links, runs
from bridge.store.connections import Connection, Flow
from bridge.store.links import Link
from bridge.store.models.sync import ConnectionState
from bridge.store.runs import Result
from bridge.vault import FernetVault
from tests.harness import CRM, NOW, Office

ADDRESS, SECRET = "ilze@example.com", "correct horse"
TOMORROW = (NOW + timedelta(days=1)).date()


@dataclass
class World:
    """Ilze's CRM, her account elsewhere with a calendar and a group of contacts, and the engine between them."""

    office: Office
    traits: Any = TRAITS
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        office = self.office
        self.user: User = office.user("ilze")
        self.remote = Remote(office.clock, wait=office.clock.advance)
        self.account = self.remote.add_account(ADDRESS, SECRET)
        self.calendar = self.account.add_calendar("work", traits=self.traits)
        self.group = self.account.add_group("customers", traits=self.traits)
        self.vault = FernetVault(b"k" * 32)
        self.flows = Flows(
            office.database, office.clock, office.settings, self.vault, {"memory": MemoryConnector(self.remote)}
        )
        self.sync = Sync(office.database, office.clock, self.flows)
        self.undoing = Undoing(office.database, office.clock, self.flows, office.journal)

    def connect(self, *kinds: FlowKind, policy: Any = None, **options: Any) -> Connection:
        """A started connection with these flows (the calendar's, if none is named), under the same options."""
        now = self.office.clock.now()
        new = Connection(
            self.user.id,
            "memory",
            now,
            address=ADDRESS,
            secret=self.vault.seal(SECRET),
            state=ConnectionState.ACTIVE,
            confirmed=True,
        )
        new = replace(new, policy=policy) if policy is not None else new
        names = {FlowKind.CALENDAR: self.calendar.id, FlowKind.CONTACTS: self.group.id}
        with self.office.database.write() as session:
            connection = connections.add_connection(session, new)
            for kind in kinds or (FlowKind.CALENDAR,):
                flow = Flow(connection.id, kind, enabled=True, collection_id=names[kind], started_at=now)
                connections.add_flow(session, replace(flow, **options))
        self.connection = connection
        return connection

    def run(self, deletions: Deletions = Deletions.ASK) -> RunReport:
        """One run; ``results`` are what it told."""
        self.results = []

        def tell(progress: Progress) -> None:
            self.results.append(progress.result)

        return self.sync.run(self.connection.id, deletions=deletions, tell=tell)

    def preview(self) -> Preview:
        return self.sync.preview(self.connection.id)

    def set_flow(self, kind: FlowKind = FlowKind.CALENDAR, **options: Any) -> None:
        """Change options of a flow, as the page does."""
        with self.office.database.write() as session:
            found = next(f for f in connections.flows(session, [self.connection.id]) if f.kind is kind and f.enabled)
            connections.save_flow(session, replace(found, **options))

    def reread(self) -> Connection:
        with self.office.database.read() as session:
            found = connections.connection(session, self.connection.id)
        assert found is not None
        return found

    def flow(self, kind: FlowKind = FlowKind.CALENDAR) -> Flow:
        with self.office.database.read() as session:
            return next(f for f in connections.flows(session, [self.connection.id]) if f.kind is kind and f.enabled)

    def links(self, kind: FlowKind = FlowKind.CALENDAR) -> list[Link]:
        with self.office.database.read() as session:
            heads = links.heads(session, self.flow(kind).id)
            return list(links.links(session, [head.id for head in heads]).values())

    def told(self, kind: FlowKind = FlowKind.CALENDAR) -> list[Result]:
        """The latest result of each object."""
        with self.office.database.read() as session:
            return runs.results(session, [self.flow(kind).id])

    # The CRM side

    def activity(
        self, subject: str = "Call Anna", day: date = TOMORROW, hour: int | None = 10, **more: Any
    ) -> Activity:
        due = time(hour) if hour is not None else None
        new = Activity("", self.user.id, subject=subject, type="call", due_date=day, due_time=due)
        return self.office.activities.create(CRM, replace(new, duration=timedelta(minutes=30), **more))

    def person(self, name: str = "Anna Kalna", **more: Any) -> Person:
        return self.office.contacts.create_person(CRM, replace(Person("", self.user.id, name), **more))

    def activities(self) -> list[Activity]:
        return sorted(self.office.activities.owned_by(self.user.id), key=lambda each: each.id)

    def persons(self) -> list[Person]:
        return sorted(self.office.contacts.owned_by(self.user.id)[0], key=lambda each: each.id)

    # The other side

    def events(self) -> list[Event]:
        return [each.object for each in self.calendar.resources.values() if each.object is not None]

    def event(self, summary: str = "Lunch", day: date = TOMORROW, hour: int = 12, **more: Any) -> RemoteId:
        start = datetime.combine(day, time(hour), UTC)
        new = Event(f"{summary}@elsewhere", summary=summary, start=start, end=start + timedelta(hours=1))
        return self.calendar.add(replace(new, **more)).id

    def edit(self, id_: RemoteId, **changes: Any) -> None:
        """Somebody edits an event in the other calendar."""
        found = self.calendar.resources[id_]
        assert found.object is not None
        self.calendar.edit(id_, replace(found.object, modified=self.office.clock.now(), **changes))

    def contacts(self) -> list[Contact]:
        return [each.object for each in self.group.resources.values() if each.object is not None]

    def ids(self) -> Iterator[RemoteId]:
        return iter(self.calendar.resources)
