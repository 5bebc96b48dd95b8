"""An Exchange server of our own as worlds of the contract: another user acts past the requests."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, tzinfo
from typing import Any, Generic
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact, ContactKind, Photo
from bridge.core.event import Event, EventKind
from bridge.ports import RemoteId, Side, T
from bridge.providers.exchange import contact_write, event_write
from bridge.providers.exchange.contact_read import read_contact
from bridge.providers.exchange.event_read import read_event
from bridge.providers.exchange.fields import item as new_item
from bridge.providers.exchange.fields import updates
from bridge.providers.exchange.installation import Installation
from bridge.providers.exchange.provider import ExchangeConnector, ExchangeProvider
from bridge.providers.exchange.series import Held, excluded
from bridge.providers.exchange.xml import make, rows
from bridge.providers.occurrences import instance
from tests.fakes.exchange.items import Item, shown
from tests.fakes.exchange.mailbox import Folder, Mailbox
from tests.fakes.exchange.server import FakeExchange, busy, exchange
from tests.fakes.google.server import Fault
from tests.providers.servers import Reply

HOME = ZoneInfo("Europe/Riga")
INSTALLATION = Installation(zone="Europe/Riga")


@dataclass
class ExchangeWorld(Generic[T]):
    """One mailbox with an empty folder beside the usual ones. What a kind of object needs is in the subclasses."""

    fake: FakeExchange
    folder: Folder
    installation: Installation = INSTALLATION
    kept: list[str] = field(default_factory=list)

    @property
    def mailbox(self) -> Mailbox:
        return self.fake.mailbox

    def provider(self, **changes: str) -> ExchangeProvider:
        return ExchangeConnector(self.installation).open(self.fake.sign_in(**changes), self.kept.append)

    def list_by(self, number: int) -> None:
        """Let a listing take a request for so many objects."""
        self.mailbox.page = number

    def open(self) -> Side[T]:
        raise NotImplementedError

    def item(self, id_: str) -> Item:
        return self.folder.items[id_]

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.mailbox.delete(self.folder, self.item(id), None)

    def mails(self) -> int:
        return self.mailbox.mails

    def fail_once(self, obj: T) -> None:
        self.fake.operations.failing.add(obj.uid)

    def remove(self) -> None:
        del self.mailbox.folders[self.folder.id]

    def always(self, reply: Reply) -> None:
        self.fake.faults.append(Fault(reply, times=None))

    def overload(self) -> None:
        self.always(busy(30))

    def talk_nonsense(self) -> None:
        self.always(Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Welcome!</html>"))

    def revoke(self) -> None:
        self.fake.password = "another one"

    def forbid(self) -> None:
        self.always(Reply(403, {}, b""))


class CalendarWorld(ExchangeWorld[Event]):
    """A calendar."""

    def open(self) -> Side[Event]:
        return self.provider().open_calendar(RemoteId(self.folder.id))

    def never_taken(self) -> Event:
        return Event("task@example.com", EventKind.TASK, summary="A task")

    def add(self, obj: Event) -> RemoteId:
        return add_event(self.mailbox, self.folder, obj)

    def edit(self, id: RemoteId, obj: Event) -> None:  # noqa: A002
        edit_event(self.mailbox, self.folder, self.item(id), obj)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        invite(self.item(id), "guest@example.org")
        self.item(id).props[("item:Importance",)] = make("t:Importance", "High")
        self.mailbox.touch(self.folder, self.item(id))

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        return (
            self.item(id).said("item:Importance") == "High" and ("calendar:RequiredAttendees",) in self.item(id).props
        )

    def forget_marks(self) -> None:
        """Leave nothing but what Outlook itself can say."""
        for item in self.folder.items.values():
            for each in (item, *item.exceptions.values()):
                each.props = {key: value for key, value in each.props.items() if key[0] != "extended"}

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.item(id).props[("calendar:End",)] = make("t:End", "1999-01-01T00:00:00Z")
        self.mailbox.touch(self.folder, self.item(id))


class BookWorld(ExchangeWorld[Contact]):
    """A contact folder."""

    def open(self) -> Side[Contact]:
        return self.provider().open_group(RemoteId(self.folder.id))

    def never_taken(self) -> Contact:
        return Contact("group", ContactKind.GROUP, "A group")

    def add(self, obj: Contact) -> RemoteId:
        return add_contact(self.mailbox, self.folder, obj)

    def edit(self, id: RemoteId, obj: Contact) -> None:  # noqa: A002
        edit_contact(self.mailbox, self.folder, self.item(id), obj)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        item = self.item(id)
        item.props[("contacts:SpouseName",)] = make("t:SpouseName", "Jānis")
        item.props[("contacts:EmailAddress", "EmailAddress1")].set("Name", "Somebody")
        self.mailbox.touch(self.folder, item)

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        email = self.item(id).props[("contacts:EmailAddress", "EmailAddress1")]
        return self.item(id).said("contacts:SpouseName") == "Jānis" and email.get("Name") == "Somebody"

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.item(id).props[("contacts:Birthday",)] = make("t:Birthday", "9999-12-31T23:59:00-14:00")
        self.mailbox.touch(self.folder, self.item(id))


def add_event(mailbox: Mailbox, folder: Folder, obj: Event) -> RemoteId:
    """Another program stores an event."""
    fields = event_write.new_event(event_write.alone(obj), "", HOME)
    item = mailbox.create(folder, new_item(event_write.ITEM, [each for each in fields if not _is_stamp(each)]))
    except_series(mailbox, folder, item, obj)
    return RemoteId(item.id)


def edit_event(mailbox: Mailbox, folder: Folder, item: Item, obj: Event) -> None:
    """Another program replaces what an event says."""
    raw = whole(item)
    there = read_event(raw, HOME)
    changed = event_write.changes(replace(obj, overrides=()), there, HOME, memory=event_write.memory_of(raw), anew=True)
    changed_item = mailbox.update(folder, item, None, rows(updates(event_write.ITEM, changed)))
    except_series(mailbox, folder, changed_item, obj)


def except_series(mailbox: Mailbox, folder: Folder, item: Item, obj: Event) -> None:
    """The exceptions of a series, as a user makes them one after another."""
    for at in excluded(obj).values():
        start = _instant(at, item.zone)
        item.deleted.add(start)
    for override in obj.overrides:
        if override.cancelled or override.recurrence_id is None:
            continue
        start = _instant(override.recurrence_id, item.zone)
        assert item.index_of(start)
        made = mailbox.exception(folder, item, start)
        usual = instance(obj, override.recurrence_id)
        memory = event_write.memory_of(whole(item))
        fields = event_write.changes(replace(override, uid=obj.uid), usual, HOME, memory=memory)
        mailbox.update(folder, made, item, rows(updates(event_write.ITEM, fields)))


def add_contact(mailbox: Mailbox, folder: Folder, obj: Contact) -> RemoteId:
    """Another program stores a contact."""
    fields = [each for each in contact_write.new_contact(obj, "") if not _is_stamp(each)]
    item = mailbox.create(folder, new_item(contact_write.ITEM, fields))
    _picture(item, obj)
    return RemoteId(item.id)


def edit_contact(mailbox: Mailbox, folder: Folder, item: Item, obj: Contact) -> None:
    """Another program replaces what a contact says."""
    raw = whole(item)
    fields = contact_write.changes(obj, raw, read_contact(raw))
    changed = mailbox.update(folder, item, None, rows(updates(contact_write.ITEM, fields)))
    _picture(changed, obj)


def whole(item: Item, master: Item | None = None) -> Any:
    """All that an item says."""
    computed = ("UID", "ModifiedOccurrences", "DeletedOccurrences", "OriginalStart", "LegacyFreeBusyStatus")
    keys = [*item.props, *(master.props if master is not None else ()), ("item:LastModifiedTime",)]
    return shown(item, [*keys, *((f"calendar:{name}",) for name in computed if item.kind == "CalendarItem")], master)


def event_of(item: Item) -> Event:
    """What an event says, whatever wrote it."""
    exceptions = tuple(whole(each, item) for each in item.exceptions.values())
    return Held(whole(item), exceptions).event(HOME)


def contact_of(item: Item) -> Contact:
    """What a contact says."""
    found = read_contact(whole(item))
    if item.photo is None:
        return found
    return replace(found, photo=Photo(base64.b64decode(item.photo[2]), item.photo[1]))


def invite(item: Item, address: str, name: str = "", answer: str = "Tentative") -> None:
    """Ask somebody to come."""
    mailbox = make("t:Mailbox", make("t:Name", name or address), make("t:EmailAddress", address))
    attendee = make("t:Attendee", mailbox, make("t:ResponseType", answer))
    there = item.props.setdefault(("calendar:RequiredAttendees",), make("t:RequiredAttendees"))
    there.append(attendee)


def _picture(item: Item, obj: Contact) -> None:
    if obj.photo is not None:
        item.photo = (f"photo-{item.id}", obj.photo.media_type, base64.b64encode(obj.photo.data).decode())


def _is_stamp(each: Any) -> bool:
    return any(value in {"davbridgeKey", "davbridgeUid"} for _, value in each.path.attributes)


def _instant(at: Any, zone: tzinfo) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime.combine(at, time(), zone).astimezone(UTC)


@contextmanager
def calendar_world() -> Iterator[CalendarWorld]:
    """A fresh mailbox with an empty calendar."""
    with exchange() as (fake, _):
        yield CalendarWorld(fake, fake.mailbox.add_folder("Work", "IPF.Appointment"))


@contextmanager
def book_world() -> Iterator[BookWorld]:
    """A fresh mailbox with an empty contact folder."""
    with exchange() as (fake, _):
        yield BookWorld(fake, fake.mailbox.add_folder("CRM", "IPF.Contact"))
