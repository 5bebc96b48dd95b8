"""An account at a Microsoft Graph of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

from bridge.core.contact import Contact
from bridge.core.event import Attendee, Event
from bridge.ports import RemoteId
from bridge.providers.graph.contact_read import read_contact
from bridge.providers.graph.provider import GraphConnector
from bridge.providers.graph.series import Held
from bridge.services.connections import NewAccount
from tests.fakes.graph.answers import refused
from tests.fakes.graph.contacts import FakeFolder
from tests.fakes.graph.events import FakeCalendar
from tests.fakes.graph.server import FakeGraph, Fault, graph
from tests.harness import FixedClock
from tests.providers.graph_world import add_contact, add_event, edit_contact, edit_event, told, told_contact
from tests.providers.servers import Reply, Request
from tests.services.sync.scenarios.google_remote import ByPassword
from tests.services.sync.scenarios.remotes import Other, Shelf

Raw = dict[str, Any]
Strikes = Callable[[str, Request], bool]
SECRET = "correct horse"


class GraphCalendar(Shelf[Event]):
    def __init__(self, fake: FakeGraph, calendar: FakeCalendar) -> None:
        self.fake = fake
        self.calendar = calendar
        self.id = RemoteId(calendar.id)
        self.name = calendar.name

    def all(self) -> dict[RemoteId, Event]:
        return {RemoteId(id_): Held(told(self.calendar, id_)).event() for id_ in self.calendar.items}

    def add(self, obj: Event) -> RemoteId:
        """Add an event of another program, which leaves no marks of ours."""
        id_ = add_event(self.calendar, obj)
        raw = self.calendar.items[id_].raw
        raw |= {"iCalUId": obj.uid, "uid": obj.uid}
        for name, text in raw["properties"].items():
            if text.startswith("{"):
                kept = {k: v for k, v in json.loads(text).items() if k != "uid"}
                raw["properties"][name] = json.dumps(kept)
        raw["attendees"] = [_attendee(each) for each in obj.attendees if not each.organizer]
        for host in (each for each in obj.attendees if each.organizer):
            raw["organizer"] = {"emailAddress": {"name": host.name, "address": host.email}}
        return id_

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        edit_event(self.calendar, id, replace(self.all()[id], **changes))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.delete(id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        item = deepcopy(self.calendar.items[id])
        new = f"AAkALgAAcopy{self.calendar.latest:06}AA=="
        item.raw |= {"id": new, "uid": new, "iCalUId": new, "transactionId": None}
        self.calendar.items[new] = item
        self.calendar.touch(new)
        return RemoteId(new)

    def remove(self) -> None:
        del self.fake.calendars[self.id]


class GraphFolder(Shelf[Contact]):
    def __init__(self, fake: FakeGraph, folder: FakeFolder) -> None:
        self.fake = fake
        self.folder = folder
        self.id = RemoteId(folder.id)
        self.name = folder.name

    def all(self) -> dict[RemoteId, Contact]:
        return {RemoteId(id_): read_contact(told_contact(self.folder, id_)) for id_ in self.folder.contacts}

    def add(self, obj: Contact) -> RemoteId:
        return add_contact(self.folder, replace(obj, uid=""))

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        edit_contact(self.folder, id, replace(self.all()[id], **changes))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.folder.delete(id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        new = f"AAkALgAAcopy{self.folder.latest:06}AA="
        self.folder.contacts[new] = deepcopy(self.folder.contacts[id]) | {"id": new}
        self.folder.touch(new)
        return RemoteId(new)

    def remove(self) -> None:
        del self.fake.folders[self.id]


class GraphOther(Other):
    def __init__(self, fake: FakeGraph, clock: FixedClock) -> None:
        self.fake = fake
        self.clock = clock
        self.connector = ByPassword(GraphConnector(fake.installation, clock))
        self.account = NewAccount("graph", "ilze@example.com", secret=SECRET)
        self.change_password(SECRET)
        self.calendar: Shelf[Event] = self.add_calendar("Work")
        folder = fake.add_folder("AAkALgAACustomers=", "Customers")
        folder.now = clock.now
        self.group: Shelf[Contact] = GraphFolder(fake, folder)

    def add_calendar(self, name: str) -> Shelf[Event]:
        calendar = self.fake.add_calendar(f"AAkALgAA{name}=", name)
        calendar.now = self.clock.now
        return GraphCalendar(self.fake, calendar)

    def change_password(self, secret: str) -> None:
        self.fake.oauth.good.clear()
        self.fake.oauth.former.clear()
        self.fake.oauth.refresh_token = secret.replace(" ", "-")

    def overload(self, seconds: int) -> None:
        self._play(refused(429, "ApplicationThrottled", "Too many requests.", None, **{"Retry-After": str(seconds)}))

    def forbid_writing(self) -> None:
        self._play(refused(403, "ErrorAccessDenied", "Access is denied."), lambda call, _: _writes(call))

    def talk_nonsense(self) -> None:
        self._play(Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome!</html>"))

    def break_listings(self) -> None:
        self._play(lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]), lambda call, _: _lists(call))

    def list_twice(self) -> None:
        self._play(_first_twice, lambda call, _: _lists(call))

    def fail_for(self, uid: str) -> None:
        self._play(refused(500, "ErrorInternalServerError"), self._about(uid))

    def refuse(self, uid: str) -> None:
        self._play(refused(400, "ErrorInvalidRequest", "Your request can't be completed."), self._about(uid))

    def say_uid(self, uid: str, instead: str) -> None:
        for item in self.fake.calendars[self.calendar.id].items.values():
            if item.raw["iCalUId"] == uid:
                item.raw["iCalUId"] = instead

    def forget(self) -> None:
        for calendar in self.fake.calendars.values():
            calendar.latest += 1
            calendar.rounds.oldest = calendar.latest

    def revoke(self) -> None:
        self.fake.oauth.revoked = True

    def recover(self) -> None:
        self.fake.faults.clear()
        self.fake.oauth.revoked = False

    def _about(self, uid: str) -> Strikes:
        """Writes of an object, by our UID in a body or by the id that it has there."""

        def strikes(call: str, request: Request) -> bool:
            if not _writes(call):
                return False
            ids = [name for name, properties in self._properties() if any(uid in text for text in properties.values())]
            return uid.encode() in request.body or any(name.rstrip("=") in request.path for name in ids)

        return strikes

    def _properties(self) -> Iterator[tuple[str, dict[str, str]]]:
        for calendar in self.fake.calendars.values():
            yield from ((id_, item.raw["properties"]) for id_, item in calendar.items.items())
        for folder in self.fake.folders.values():
            yield from ((id_, raw["properties"]) for id_, raw in folder.contacts.items())

    def _play(
        self,
        reply: Reply | Callable[[Reply], Reply],
        strikes: Strikes = lambda _call, _request: True,
    ) -> None:
        self.fake.faults.append(Fault(reply, strikes, times=None))


def _attendee(one: Attendee) -> Raw:
    answer = {"ACCEPTED": "accepted", "DECLINED": "declined"}.get(one.status, "none")
    address = {"name": one.name, "address": one.email}
    return {"type": "required", "status": {"response": answer}, "emailAddress": address}


def _writes(call: str) -> bool:
    return call.endswith((".create", ".patch", ".delete"))


def _lists(call: str) -> bool:
    return call in {"events.list", "events.delta", "contacts.list", "contacts.delta"}


def _first_twice(reply: Reply) -> Reply:
    body = json.loads(reply.body)
    body["value"] = [*body["value"][:1], *body["value"]]
    return replace(reply, body=json.dumps(body).encode())


@contextmanager
def graph_account(clock: FixedClock) -> Iterator[GraphOther]:
    """A fresh mailbox with an empty calendar and an empty folder of contacts."""
    with graph() as (fake, _):
        yield GraphOther(fake, clock)
