"""A mailbox on an Exchange server of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

from lxml import etree

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.ports import RemoteId
from bridge.providers.exchange.provider import ExchangeConnector
from bridge.providers.exchange.xml import make, tag
from bridge.services.connections import NewAccount
from tests.fakes.exchange.mailbox import Folder, Mailbox
from tests.fakes.exchange.server import LOGIN, FakeExchange, busy, exchange
from tests.fakes.google.server import Fault
from tests.harness import FixedClock
from tests.providers.exchange_world import (
    INSTALLATION,
    add_contact,
    add_event,
    contact_of,
    edit_contact,
    edit_event,
    event_of,
    invite,
)
from tests.providers.servers import Reply, Request
from tests.services.sync.scenarios.remotes import Other, Shelf

SECRET = "correct horse"


class ExchangeCalendar(Shelf[Event]):
    def __init__(self, mailbox: Mailbox, folder: Folder) -> None:
        self.mailbox = mailbox
        self.folder = folder
        self.id = RemoteId(folder.id)
        self.name = folder.name

    def all(self) -> dict[RemoteId, Event]:
        return {RemoteId(item.id): event_of(item) for item in self.folder.items.values()}

    def add(self, obj: Event) -> RemoteId:
        id_ = add_event(self.mailbox, self.folder, obj)
        item = self.folder.items[id_]
        item.uid = obj.uid
        for each in obj.attendees:
            if each.organizer:
                mailbox = make("t:Mailbox", make("t:Name", each.name or each.email), make("t:EmailAddress", each.email))
                item.props[("calendar:Organizer",)] = make("t:Organizer", mailbox)
            else:
                invite(item, each.email, each.name, "Accept" if each.status == "ACCEPTED" else "Unknown")
        return id_

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        item = self.folder.items[id]
        edit_event(self.mailbox, self.folder, item, replace(event_of(item), **changes))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.mailbox.delete(self.folder, self.folder.items[id], None)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        return _copied(self.mailbox, self.folder, id)

    def remove(self) -> None:
        del self.mailbox.folders[self.folder.id]


class ExchangeBook(Shelf[Contact]):
    def __init__(self, mailbox: Mailbox, name: str) -> None:
        self.mailbox = mailbox
        self.folder = mailbox.add_folder(name, "IPF.Contact")
        self.id = RemoteId(self.folder.id)
        self.name = name

    def all(self) -> dict[RemoteId, Contact]:
        return {RemoteId(item.id): contact_of(item) for item in self.folder.items.values()}

    def add(self, obj: Contact) -> RemoteId:
        return add_contact(self.mailbox, self.folder, obj)

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        item = self.folder.items[id]
        edit_contact(self.mailbox, self.folder, item, replace(contact_of(item), **changes))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.mailbox.delete(self.folder, self.folder.items[id], None)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        return _copied(self.mailbox, self.folder, id)

    def remove(self) -> None:
        del self.mailbox.folders[self.folder.id]


class ExchangeOther(Other):
    def __init__(self, fake: FakeExchange, clock: FixedClock) -> None:
        self.fake = fake
        fake.mailbox.now = clock.now
        self.connector = ExchangeConnector(INSTALLATION)
        self.account = NewAccount("exchange", "ilze@example.com", fake.endpoint, LOGIN, SECRET)
        self.change_password(SECRET)
        self.calendar: Shelf[Event] = self.add_calendar("Work")
        self.group: Shelf[Contact] = ExchangeBook(fake.mailbox, "Customers")

    def add_calendar(self, name: str) -> Shelf[Event]:
        return ExchangeCalendar(self.fake.mailbox, self.fake.mailbox.add_folder(name, "IPF.Appointment"))

    def change_password(self, secret: str) -> None:
        self.fake.password = self.secret = secret

    def overload(self, seconds: int) -> None:
        self._play(busy(seconds))

    def forbid_writing(self) -> None:
        for folder in self.fake.mailbox.folders.values():
            folder.read_only = True

    def talk_nonsense(self) -> None:
        self._play(Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome!</html>"))

    def break_listings(self) -> None:
        self._play(lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]), _lists)

    def list_twice(self) -> None:
        self._play(_first_twice, _lists)

    def fail_for(self, uid: str) -> None:
        self.fake.operations.stubborn[uid] = "ErrorInternalServerError"

    def refuse(self, uid: str) -> None:
        self.fake.operations.stubborn[uid] = "ErrorCorruptData"

    def say_uid(self, uid: str, instead: str) -> None:
        for item in self.fake.mailbox.folders[self.calendar.id].items.values():
            if item.uid == uid:
                item.uid = instead

    def forget(self) -> None:
        self.fake.mailbox.latest += 1
        for folder in self.fake.mailbox.folders.values():
            folder.oldest = self.fake.mailbox.latest

    def revoke(self) -> None:
        self.fake.password = f"not {self.secret}"

    def recover(self) -> None:
        self.fake.faults.clear()
        self.fake.password = self.secret
        self.fake.operations.stubborn.clear()
        for folder in self.fake.mailbox.folders.values():
            folder.read_only = False

    def _play(
        self,
        reply: Reply | Callable[[Reply], Reply],
        strikes: Callable[[str, Request], bool] = lambda _call, _request: True,
    ) -> None:
        self.fake.faults.append(Fault(reply, strikes, times=None))


def _copied(mailbox: Mailbox, folder: Folder, id_: str) -> RemoteId:
    item = replace(deepcopy(folder.items[id_]), id=f"{id_[:-1]}copy{mailbox.latest}=", uid="")
    folder.items[item.id] = item
    mailbox.touch(folder, item)
    item.made = mailbox.latest
    return RemoteId(item.id)


def _lists(call: str, _: Request) -> bool:
    return call == "SyncFolderItems"


def _first_twice(reply: Reply) -> Reply:
    root = etree.fromstring(reply.body)
    for changes in root.iter(tag("m:Changes")):
        if len(changes):
            changes.insert(0, deepcopy(changes[0]))
    return replace(reply, body=etree.tostring(root))


@contextmanager
def exchange_account(clock: FixedClock) -> Iterator[ExchangeOther]:
    """A fresh mailbox with an empty calendar and an empty contact folder."""
    with exchange() as (fake, _):
        yield ExchangeOther(fake, clock)
