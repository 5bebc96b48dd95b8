"""A scenario: Ilze's CRM, her account elsewhere, and the engine between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bridge.core.activity import Activity
from bridge.core.contact import Contact, Labelled
from bridge.core.event import Event
from bridge.core.person import Person
from bridge.core.scope import ConflictPolicy, FlowKind
from bridge.core.user import Role, User
from bridge.ports import RemoteId
from bridge.services.connections import Connections, Shown
from bridge.services.explain import Explain
from bridge.services.status import words
from bridge.services.sync.explaining import Synced, SyncExplain
from bridge.services.sync.flows import Flows
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import Preview, RunReport
from bridge.services.sync.run import Sync
from bridge.services.sync.undoing import Undoing
from bridge.store import connections, links, runs
from bridge.store.connections import Connection, Flow
from bridge.store.links import Link
from bridge.store.models.sync import RunOutcome
from bridge.store.runs import Result
from bridge.vault import FernetVault
from tests.harness import CRM, NOW, Office
from tests.services.sync.scenarios.remotes import Other
from tests.services.sync.scenarios.watching import Watch

CALENDAR, CONTACTS = FlowKind.CALENDAR, FlowKind.CONTACTS
TOMORROW = (NOW + timedelta(days=1)).date()
YESTERDAY = (NOW - timedelta(days=1)).date()
HOUR = timedelta(hours=1)
LOGIN = "ilze"


class World:
    """One office and one account. Most tests connect, run, change something and run again."""

    def __init__(self, office: Office, other: Other) -> None:
        self.office = office
        self.other = other
        self.calendar = other.calendar
        self.group = other.group
        self.user = office.user(LOGIN)
        self.watch = Watch(other.connector)
        known = {other.account.provider: self.watch}
        parts = (office.database, office.clock, office.settings)
        vault = FernetVault(b"k" * 32)
        self.connections = Connections(*parts, vault, known)
        self.flows = Flows(*parts, vault, known)
        self.sync = Sync(office.database, office.clock, self.flows)
        self.undoing = Undoing(office.database, office.clock, self.flows, office.journal)
        self.explain = SyncExplain(*parts, Explain(*parts))
        self.number = 0
        self._colleague: User | None = None

    def colleague(self) -> User:
        """Pēteris, who works here too."""
        if self._colleague is None:
            self._colleague = self.office.user("peteris")
        return self._colleague

    def boss(self) -> User:
        """An administrator."""
        return self.office.user("boss", role=Role.ADMIN, name="The Boss")

    # The connection

    def add(self) -> int:
        """Add the account."""
        self.number = self.connections.add(None, LOGIN, self.other.account).id
        return self.number

    def connect(self, *kinds: FlowKind, policy: ConflictPolicy | None = None, **options: Any) -> int:
        """Add the account, choose what to sync (the calendar, if nothing is named) with these options, and start."""
        self.choose(*kinds, policy=policy, **options)
        self.start()
        return self.number

    def choose(self, *kinds: FlowKind, policy: ConflictPolicy | None = None, **options: Any) -> None:
        """Everything but the start."""
        self.add()
        if policy is not None:
            self.set_policy(policy)
        for kind in kinds or (CALENDAR,):
            self.choose_shelf(kind, self.calendar.id if kind is CALENDAR else self.group.id)
            if options:
                self.change(kind, **options)

    def choose_shelf(self, kind: FlowKind, id_: RemoteId) -> None:
        self.connections.choose(None, self.number, kind, id_)

    def change(self, kind: FlowKind = CALENDAR, **options: Any) -> None:
        """Change options, as the page does."""
        self.connections.change_flow(None, self.number, kind, lambda flow: replace(flow, **options))

    def set_policy(self, policy: ConflictPolicy) -> None:
        self.connections.change(None, self.number, lambda each: replace(each, policy=policy))

    def start(self) -> None:
        """Start what was seen in the preview."""
        self.connections.start(None, self.number, confirmed=True)

    def run(self, deletions: Deletions = Deletions.ASK) -> RunReport:
        return self.sync.run(self.number, deletions=deletions)

    def counts(self, deletions: Deletions = Deletions.ASK) -> dict[str, int]:
        """What a run that ends well did."""
        report = self.run(deletions)
        assert report.outcome is RunOutcome.DONE, (report, self.told())
        return dict(report.counts)

    def quiet(self) -> bool:
        """Whether the next run does nothing at all, on either side (R24)."""
        self.watch.again()
        counts = self.counts()
        assert (counts, self.watch.writes) == ({}, []), self.told()
        return True

    def preview(self) -> Preview:
        return self.sync.preview(self.number)

    # What is noted

    def shown(self) -> Shown:
        return self.connections.show(None, self.number)

    def row(self) -> Connection:
        return self.shown().connection

    def state(self) -> str:
        """The state in words (R18)."""
        return words(self.shown().status, UTC)  # type: ignore[arg-type]

    def flow(self, kind: FlowKind = CALENDAR) -> Flow:
        return self.shown().flow(kind)

    def links(self, kind: FlowKind = CALENDAR) -> list[Link]:
        with self.office.database.read() as session:
            heads = links.heads(session, self.flow(kind).id)
            return list(links.links(session, [head.id for head in heads]).values())

    def told(self) -> list[Result]:
        """The latest result of each object."""
        with self.office.database.read() as session:
            flows = connections.flows(session, [self.number])
            return runs.results(session, [flow.id for flow in flows])

    def why(self, item: str) -> list[Synced]:
        return self.explain.why(LOGIN, item, self.number)

    # The CRM side

    def activity(
        self, subject: str = "Call Anna", day: date | None = TOMORROW, hour: int | None = 10, **more: Any
    ) -> Activity:
        due = time(hour) if hour is not None and day is not None else None
        new = Activity("", self.user.id, subject=subject, type="call", due_date=day, due_time=due, duration=HOUR)
        return self.office.activities.create(CRM, replace(new, **more))

    def change_activity(self, activity: Activity, **changes: Any) -> Activity:
        return self.office.activities.change(CRM, activity.id, lambda each: replace(each, **changes))

    def delete_activity(self, activity: Activity) -> None:
        self.office.activities.delete(CRM, activity.id)

    def activities(self) -> list[Activity]:
        return sorted(self.office.activities.owned_by(self.user.id), key=lambda each: each.id)

    def here(self) -> list[str]:
        """The subjects of the user's activities."""
        return sorted(each.subject for each in self.activities())

    def person(self, name: str = "Anna Kalna", email: str = "", phone: str = "", **more: Any) -> Person:
        emails = (Labelled(email, "work"),) if email else ()
        phones = (Labelled(phone, "work"),) if phone else ()
        new = Person("", self.user.id, name, emails=emails, phones=phones)
        return self.office.contacts.create_person(CRM, replace(new, **more))

    def change_person(self, person: Person, **changes: Any) -> Person:
        return self.office.contacts.change_person(CRM, person.id, lambda each: replace(each, **changes))

    def persons(self) -> list[Person]:
        return sorted(self.office.contacts.owned_by(self.user.id)[0], key=lambda each: each.id)

    def people(self) -> list[str]:
        return sorted(each.name for each in self.persons())

    # The other side

    def there(self) -> list[str]:
        """The titles of what is in the calendar elsewhere."""
        return self.calendar.titles()

    def event(self, summary: str = "Lunch", day: date = TOMORROW, hour: int = 12, **more: Any) -> RemoteId:
        start = datetime.combine(day, time(hour), UTC)
        new = Event(f"{summary}@elsewhere", summary=summary, start=start, end=start + HOUR)
        return self.calendar.add(replace(new, **more))

    def contact(self, name: str = "Jānis Liepa", email: str = "", phone: str = "", **more: Any) -> RemoteId:
        emails = (Labelled(email, "work"),) if email else ()
        phones = (Labelled(phone, "work"),) if phone else ()
        new = Contact(f"{name}@elsewhere", formatted_name=name, emails=emails, phones=phones)
        return self.group.add(replace(new, **more))

    def later(self, minutes: int = 1) -> None:
        self.office.clock.advance(timedelta(minutes=minutes))


def rules_of(found: Sequence[Result]) -> dict[str, str]:
    """By which rule each object is left out."""
    return {each.title: each.rule for each in found if each.rule}
