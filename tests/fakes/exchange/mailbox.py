"""One mailbox: folders, the items in them, and what happened to these."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.providers.exchange.xml import local, rows
from tests.fakes.exchange.items import Item, Wrong, is_meeting, path_key, paths_of, set_path, settle
from tests.harness import NOW

_PREFIXES = {"CalendarItem": "calendar", "Contact": "contacts"}
_MISPLACED = {
    "CalendarItem": "ErrorCannotCreateCalendarItemInNonCalendarFolder",
    "Contact": "ErrorCannotCreateContactInNonContactFolder",
}
_KINDS = {"IPF.Appointment": "CalendarItem", "IPF.Contact": "Contact"}


@dataclass
class Folder:
    """A folder. ``log`` maps items to the number of their latest change; sync states below ``oldest`` have expired."""

    id: str
    name: str
    kind: str
    parent: str = ""
    distinguished: str = ""
    read_only: bool = False
    items: dict[str, Item] = field(default_factory=dict)
    log: dict[str, int] = field(default_factory=dict)
    oldest: int = 0


@dataclass
class Mailbox:
    """The folders of one user. ``mails`` counts what was sent to attendees, ``page`` limits a listing."""

    address: str = "anna@example.com"
    name: str = "Anna Liepa"
    folders: dict[str, Folder] = field(default_factory=dict)
    latest: int = 0
    mails: int = 0
    page: int = 512
    made: int = 0
    now: Callable[[], datetime] = lambda: NOW

    def __post_init__(self) -> None:
        self.add_folder("Top of Information Store", "", "msgfolderroot")
        self.add_folder("Calendar", "IPF.Appointment", "calendar")
        self.add_folder("Contacts", "IPF.Contact", "contacts")
        self.add_folder("Deleted Items", "IPF.Note", "deleteditems")
        self.add_folder("Inbox", "IPF.Note", "inbox")

    def add_folder(self, name: str, kind: str, distinguished: str = "", parent: str = "") -> Folder:
        id_ = f"AAMkAF{len(self.folders):04d}+/{name.encode().hex()}="
        top = next(iter(self.folders), "")
        self.folders[id_] = Folder(id_, name, kind, parent or top, distinguished)
        return self.folders[id_]

    def distinguished(self, name: str) -> Folder:
        found = next((each for each in self.folders.values() if each.distinguished == name), None)
        if found is None:
            raise Wrong("ErrorFolderNotFound")
        return found

    def folder(self, id_: str) -> Folder:
        if id_ not in self.folders:
            raise Wrong("ErrorFolderNotFound")
        return self.folders[id_]

    def everything(self) -> Iterator[tuple[Folder, Item, Item | None]]:
        """All items with their folders; exceptions with their masters."""
        for folder in self.folders.values():
            for item in folder.items.values():
                yield folder, item, None
                for exception in item.exceptions.values():
                    yield folder, exception, item

    def find(self, id_: str) -> tuple[Folder, Item, Item | None]:
        for folder in self.folders.values():
            if id_ in folder.items:
                return folder, folder.items[id_], None
        for folder, item, master in self.everything():
            if item.id == id_:
                return folder, item, master
        raise Wrong("ErrorItemNotFound")

    def touch(self, folder: Folder, item: Item) -> None:
        """Give an item its next version."""
        self.latest += 1
        item.change = self.latest
        item.changed = self.now() + timedelta(seconds=self.latest)
        folder.log[item.id] = self.latest

    def create(self, folder: Folder, element: Any) -> Item:
        """Add an item as a request describes it."""
        kind = local(element)
        self._check_writable(folder, "ErrorCreateItemAccessDenied")
        if _KINDS.get(folder.kind) != kind:
            raise Wrong(_MISPLACED[kind])
        self.made += 1
        item = Item(f"AAMkAG{self.made:06d}+/{base64.b64encode(folder.id.encode()).decode()[:40]}=", kind)
        for child in rows(element):
            for key, value in paths_of(child, _PREFIXES[kind]):
                set_path(item, key, value)
        settle(item)
        folder.items[item.id] = item
        self.touch(folder, item)
        item.made = self.latest
        return item

    def update(self, folder: Folder, item: Item, master: Item | None, changes: Iterable[Any]) -> Item:
        """Set and take away properties. A new recurrence forgets the exceptions of the former one."""
        self._check_writable(folder, "ErrorAccessDenied")
        trial = deepcopy(item)
        timed = False
        for change in changes:
            path, *contents = rows(change)
            key = path_key(path)
            timed = timed or key[0] in {"calendar:Start", "calendar:Recurrence"}
            if local(change) == "DeleteItemField":
                set_path(trial, key, None)
                continue
            for each in rows(contents[0]):
                for where, value in paths_of(each, _PREFIXES[item.kind]):
                    assert where == key, f"{where} is set in the place of {key}"
                    set_path(trial, where, value)
        settle(trial)
        if timed and master is None:
            trial.exceptions, trial.deleted = {}, set()
        self._put(folder, trial, master)
        return trial

    def exception(self, folder: Folder, master: Item, start: datetime) -> Item:
        """The exception that an occurrence becomes when it is changed."""
        if start in master.deleted:
            raise Wrong("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
        if start not in master.exceptions:
            self.made += 1
            self._check_writable(folder, "ErrorAccessDenied")
            length = master.moment("calendar:End") - master.moment("calendar:Start")
            made = Item(f"{master.id[:-1]}+occurrence{self.made}=", master.kind, original=start)
            kept = ("calendar:StartTimeZone", "calendar:EndTimeZone", "calendar:IsAllDayEvent")
            made.props = {(name,): deepcopy(master.props[(name,)]) for name in kept if (name,) in master.props}
            for name, moment in (("Start", start), ("End", start + length)):
                made.props[(f"calendar:{name}",)] = deepcopy(master.props[(f"calendar:{name}",)])
                made.props[(f"calendar:{name}",)].text = moment.isoformat()
            settle(made)
            master.exceptions[start] = made
        return master.exceptions[start]

    def delete(self, folder: Folder, item: Item, master: Item | None) -> None:
        """Take an item out of its folder; an occurrence leaves a gap in its series."""
        self._check_writable(folder, "ErrorAccessDenied")
        if master is None:
            del folder.items[item.id]
            self.latest += 1
            folder.log[item.id] = self.latest
            return
        assert item.original is not None
        master.exceptions.pop(item.original, None)
        master.deleted.add(item.original)
        self.touch(folder, master)

    def mail(self, item: Item, how: str) -> None:
        """Write to the attendees, unless we are asked not to."""
        if how != "SendToNone" and is_meeting(item):
            self.mails += 1

    def changes(self, folder: Folder, state: str, most: int) -> tuple[list[tuple[str, Item | str]], str, bool]:
        """What happened since a sync state, the next state, and whether that is all."""
        since = _number(folder, state, self.latest) if state else 0
        found: list[tuple[int, str, Item | str]] = []
        for id_, number in folder.log.items():
            item = folder.items.get(id_)
            if number <= since or (item is None and not state):
                continue
            if item is None:
                found.append((number, "Delete", id_))
            else:
                found.append((number, "Create" if item.made > since else "Update", item))
        found.sort(key=lambda each: each[0])
        page = found[: min(most, self.page)]
        last = len(page) == len(found)
        number = self.latest if last else page[-1][0]
        return [(name, item) for _, name, item in page], _state(folder, number), last

    def _put(self, folder: Folder, item: Item, master: Item | None) -> None:
        if master is None:
            folder.items[item.id] = item
            self.touch(folder, item)
            return
        assert item.original is not None
        master.exceptions[item.original] = item
        self.touch(folder, master)
        item.change = master.change

    def _check_writable(self, folder: Folder, code: str) -> None:
        if folder.read_only:
            raise Wrong(code)


def _state(folder: Folder, number: int) -> str:
    return base64.b64encode(json.dumps([folder.id, number]).encode()).decode()


def _number(folder: Folder, state: str, latest: int) -> int:
    try:
        id_, number = json.loads(base64.b64decode(state, validate=True))
    except (ValueError, TypeError):
        raise Wrong("ErrorInvalidSyncStateData") from None
    if id_ != folder.id or not folder.oldest <= number <= latest:
        raise Wrong("ErrorInvalidSyncStateData")
    return int(number)
