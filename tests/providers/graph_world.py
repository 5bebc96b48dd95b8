"""A Graph of our own as worlds of the contract: another user acts past the requests, trouble comes as faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any, Generic

from bridge.core.contact import Contact, ContactKind
from bridge.core.event import Event, EventKind
from bridge.ports import RemoteId, Side, SignIn, T
from bridge.providers.graph import contact_write, event_write
from bridge.providers.graph.contacts import DEFAULT
from bridge.providers.graph.exceptions import wanted
from bridge.providers.graph.provider import GraphConnector, GraphProvider
from tests.fakes.graph.answers import refused
from tests.fakes.graph.contacts import FakeFolder
from tests.fakes.graph.events import FakeCalendar, shown
from tests.fakes.graph.server import FakeGraph, Fault, graph
from tests.harness import FixedClock
from tests.providers.servers import Reply, Request

Raw = dict[str, Any]

WORK = "AAkALgAAWork="
CRM = "AAkALgAACrm="


@dataclass
class GraphWorld(Generic[T]):
    """One mailbox. What a kind of object needs is in the subclasses."""

    fake: FakeGraph
    clock: FixedClock = field(default_factory=FixedClock)
    kept: list[str] = field(default_factory=list)

    def provider(self, **token: object) -> GraphProvider:
        connector = GraphConnector(self.fake.installation, self.clock)
        return connector.open(SignIn(secret=self.fake.secret(**token)), self.kept.append)

    def open(self) -> Side[T]:
        raise NotImplementedError

    def never_taken(self) -> T:
        raise NotImplementedError

    def always(self, reply: Reply) -> None:
        self.fake.faults.append(Fault(reply, times=None))

    def overload(self) -> None:
        self.always(refused(429, "ApplicationThrottled", "Too many requests.", None, **{"Retry-After": "30"}))

    def talk_nonsense(self) -> None:
        self.always(Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Welcome!</html>"))

    def revoke(self) -> None:
        self.fake.oauth.revoked = True

    def forbid(self) -> None:
        text = "Access is denied. The application lacks the scope or privilege."
        self.always(refused(403, "ErrorAccessDenied", text))

    def _fail_once(self, calls: tuple[str, ...], uid: str) -> None:
        def strikes(call: str, request: Request) -> bool:
            return call in calls and uid.encode() in request.body

        self.fake.faults.append(Fault(refused(500, "ErrorInternalServerError"), strikes))


class CalendarWorld(GraphWorld[Event]):
    """A calendar beside the default one."""

    @property
    def calendar(self) -> FakeCalendar:
        return self.fake.calendars[WORK]

    def list_by(self, number: int) -> None:
        """Let a listing take a request for so many objects."""
        self.calendar.page = number

    def open(self) -> Side[Event]:
        return self.provider().open_calendar(RemoteId(WORK))

    def never_taken(self) -> Event:
        return Event("task@example.com", EventKind.TASK, summary="A task")

    def add(self, obj: Event) -> RemoteId:
        return add_event(self.calendar, obj)

    def edit(self, id: RemoteId, obj: Event) -> None:  # noqa: A002
        edit_event(self.calendar, id, obj)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.delete(id)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        raw = self.calendar.items[id].raw
        raw["importance"] = "high"
        raw["location"]["coordinates"] = {"latitude": 56.9, "longitude": 24.1}
        self.calendar.touch(id)

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        raw = self.calendar.items[id].raw
        return raw["importance"] == "high" and bool(raw["location"].get("coordinates"))

    def mails(self) -> int:
        return self.calendar.mails

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.spoilt.add(id)
        self.calendar.touch(id)

    def fail_once(self, obj: Event) -> None:
        self._fail_once(("events.create", "events.patch"), obj.uid)

    def forget_marks(self) -> None:
        """Leave nothing but what Outlook itself can say."""
        for item in self.calendar.items.values():
            for raw in (item.raw, *item.changed.values()):
                raw["properties"] = {}

    def remove(self) -> None:
        del self.fake.calendars[WORK]


class BookWorld(GraphWorld[Contact]):
    """A folder of contacts."""

    @property
    def folder(self) -> FakeFolder:
        return self.fake.folders[CRM]

    def list_by(self, number: int) -> None:
        """Let a listing take a request for so many objects."""
        self.folder.page = number

    def open(self) -> Side[Contact]:
        return self.provider().open_group(RemoteId(CRM))

    def never_taken(self) -> Contact:
        return Contact("group", ContactKind.GROUP, "A group")

    def add(self, obj: Contact) -> RemoteId:
        return add_contact(self.folder, obj)

    def edit(self, id: RemoteId, obj: Contact) -> None:  # noqa: A002
        edit_contact(self.folder, id, obj)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.folder.delete(id)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        raw = self.folder.contacts[id]
        raw["spouseName"] = "Ilze"
        raw["emailAddresses"][0]["name"] = "Somebody"
        self.folder.touch(id)

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        raw = self.folder.contacts[id]
        return bool(raw["spouseName"] == "Ilze") and raw["emailAddresses"][0]["name"] == "Somebody"

    def mails(self) -> int:
        return 0

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.folder.contacts[id]["birthday"] = "2027-02-31T11:59:00Z"
        self.folder.touch(id)

    def fail_once(self, obj: Contact) -> None:
        self._fail_once(("contacts.create", "contacts.patch"), obj.uid)

    def remove(self) -> None:
        del self.fake.folders[CRM]


class DefaultBookWorld(BookWorld):
    """The folder that every mailbox has."""

    @property
    def folder(self) -> FakeFolder:
        return self.fake.folders[DEFAULT]

    def open(self) -> Side[Contact]:
        return self.provider().open_group(DEFAULT)


def add_event(calendar: FakeCalendar, obj: Event) -> RemoteId:
    """Another program of the user adds an event, and makes its exceptions one after another."""
    event = event_write.alone(obj)
    raw = calendar.create(event_write.new_event(event, "", UTC))
    settle(calendar, raw["id"], event)
    return RemoteId(raw["id"])


def edit_event(calendar: FakeCalendar, id_: str, obj: Event) -> None:
    """Another program replaces what an event says."""
    event = event_write.alone(obj)
    raw = told(calendar, id_)
    body = event_write.edited_event(event, raw, UTC, anew=bool(raw["recurrence"]))
    if body:
        calendar.patch(id_, body)
    settle(calendar, id_, event)


def told(calendar: FakeCalendar, id_: str) -> Raw:
    """An event as a client reads it, our marks included."""
    raw = calendar.find(id_)
    everything = "".join(f"'{name}'" for name in raw["properties"])
    options = {"$expand": f"singleValueExtendedProperties,exceptionOccurrences{everything}"}
    whole = shown(calendar, raw, options, "UTC", alone=True)
    return whole | shown(calendar, raw, {"$select": "cancelledOccurrences"}, "UTC", alone=True)


def settle(calendar: FakeCalendar, id_: str, event: Event) -> None:
    exceptions = wanted(event, UTC)
    for day, override in exceptions.changed.items():
        name = f"{id_}.{day:%Y%m%d}"
        raw = shown(calendar, calendar.find(name), {}, "UTC", alone=True)
        calendar.patch(name, event_write.edited_event(replace(override, uid=event.uid), raw, UTC))
    for day in exceptions.cancelled - calendar.items[id_].cancelled:
        calendar.delete(f"{id_}.{day:%Y%m%d}")


def add_contact(folder: FakeFolder, obj: Contact) -> RemoteId:
    raw = folder.create(contact_write.new_contact(obj, ""))
    _picture(folder, raw["id"], obj)
    return RemoteId(raw["id"])


def edit_contact(folder: FakeFolder, id_: str, obj: Contact) -> None:
    raw = told_contact(folder, id_)
    body = contact_write.edited_contact(obj, raw)
    if body:
        folder.patch(id_, body)
    _picture(folder, id_, obj)


def told_contact(folder: FakeFolder, id_: str) -> Raw:
    """A contact as a client reads it, our marks included."""
    raw = folder.find(id_)
    everything = "".join(f"'{name}'" for name in raw["properties"])
    return folder.shown(raw, {"$expand": f"singleValueExtendedProperties{everything}"})


def _picture(folder: FakeFolder, id_: str, obj: Contact) -> None:
    if obj.photo is not None:
        folder.set_picture(id_, obj.photo.data, obj.photo.media_type)


@contextmanager
def calendar_world() -> Iterator[CalendarWorld]:
    """A fresh mailbox with an empty calendar."""
    with graph() as (fake, _):
        fake.add_calendar(WORK, "Work")
        yield CalendarWorld(fake)


@contextmanager
def book_world() -> Iterator[BookWorld]:
    """A fresh mailbox with an empty folder of contacts."""
    with graph() as (fake, _):
        fake.add_folder(CRM, "CRM")
        yield BookWorld(fake)
