"""The operations of Exchange Web Services: from a request to the response messages of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from bridge.providers.exchange.xml import child, local, make, rows, tag, text
from tests.fakes.exchange.items import Item, Wrong, attachment, path_key, shown
from tests.fakes.exchange.mailbox import Folder, Mailbox

Told = tuple[str, list[Any], dict[str, object]]
"""A response message: its code, what it holds, and what the error tells besides."""

_ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder"}
_OK = "NoError"


@dataclass
class Operations:
    """Carries out requests on a mailbox.

    ``failing`` are texts: the next write that holds one of them fails. ``stubborn`` are UIDs with the codes that every
    write of such an object gets.
    """

    mailbox: Mailbox
    failing: set[str] = field(default_factory=set)
    stubborn: dict[str, str] = field(default_factory=dict)

    def answer(self, request: Any) -> list[Told]:
        """The response messages."""
        name = local(request)
        known: dict[str, Callable[[Any], Iterator[Callable[[], list[Any]]]]] = {
            "GetFolder": self._get_folder,
            "FindFolder": self._find_folder,
            "ResolveNames": self._resolve_names,
            "SyncFolderItems": self._sync,
            "FindItem": self._find_item,
            "GetItem": self._get_item,
            "CreateItem": self._create_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "CreateAttachment": self._create_attachment,
            "GetAttachment": self._get_attachment,
            "DeleteAttachment": self._delete_attachment,
        }
        found: list[Told] = []
        for each in known[name](request):
            try:
                found.append((_OK, each(), {}))
            except Wrong as wrong:
                found.append((wrong.code, [], wrong.values))
        return found

    def _get_folder(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        wanted = _asked(request, "m:FolderShape")
        for id_ in rows(request.find(tag("m:FolderIds"))):
            yield lambda id_=id_: [make("m:Folders", _folder(self._folder(id_), wanted))]

    def _find_folder(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        view = request.find(tag("m:IndexedPageFolderView"))
        offset, most = int(view.get("Offset")), int(view.get("MaxEntriesReturned"))
        wanted = _asked(request, "m:FolderShape")
        folders = [each for each in self.mailbox.folders.values() if each.distinguished != "msgfolderroot"]
        page = folders[offset : offset + most]
        last = offset + most >= len(folders)

        def found() -> list[Any]:
            root = make("m:RootFolder", make("t:Folders", *(_folder(each, wanted) for each in page)))
            root.set("TotalItemsInView", str(len(folders)))
            root.set("IncludesLastItemInRange", "true" if last else "false")
            root.set("IndexedPagingOffset", str(offset + len(page)))
            return [root]

        yield found

    def _resolve_names(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        name = request.findtext(tag("m:UnresolvedEntry")).lower()

        def found() -> list[Any]:
            address = self.mailbox.address
            if name not in {address, address.partition("@")[0]}:
                raise Wrong("ErrorNameResolutionNoResults")
            parts = {
                "Name": self.mailbox.name,
                "EmailAddress": address,
                "RoutingType": "SMTP",
                "MailboxType": "Mailbox",
            }
            mailbox = make("t:Mailbox", *(make(f"t:{key}", value) for key, value in parts.items()))
            sets = make("m:ResolutionSet", make("t:Resolution", mailbox), TotalItemsInView=1)
            sets.set("IncludesLastItemInRange", "true")
            return [sets]

        yield found

    def _sync(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        wanted = _asked(request, "m:ItemShape")

        def found() -> list[Any]:
            folder = self._folder(next(rows(request.find(tag("m:SyncFolderId")))))
            state = request.findtext(tag("m:SyncState")) or ""
            most = int(request.findtext(tag("m:MaxChangesReturned")))
            changes, following, last = self.mailbox.changes(folder, state, most)
            told = [_change(name, each, wanted) for name, each in changes]
            parts = [make("m:SyncState", following), make("m:IncludesLastItemInRange", "true" if last else "false")]
            return [*parts, make("m:Changes", *told)]

        yield found

    def _find_item(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        wanted = _asked(request, "m:ItemShape")
        tests = list(request.iter(tag("t:IsEqualTo")))
        pairs = {(path_key(next(rows(test))), test.find(f".//{tag('t:Constant')}").get("Value")) for test in tests}

        def fits(item: Item) -> bool:
            return any(key in item.props and text(item.props[key], "Value") == value for key, value in pairs)

        for id_ in rows(request.find(tag("m:ParentFolderIds"))):

            def found(id_: Any = id_) -> list[Any]:
                items = [each for each in self._folder(id_).items.values() if fits(each)]
                root = make("m:RootFolder", make("t:Items", *(shown(each, wanted) for each in items)))
                root.set("TotalItemsInView", str(len(items)))
                root.set("IncludesLastItemInRange", "true")
                return [root]

            yield found

    def _get_item(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        wanted = _asked(request, "m:ItemShape")

        def found(id_: Any) -> list[Any]:
            _, item, master = self._item(id_)
            return [make("m:Items", shown(item, wanted, master))]

        for id_ in rows(request.find(tag("m:ItemIds"))):
            yield lambda id_=id_: found(id_)

    def _create_item(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        def create(element: Any) -> list[Any]:
            folder = self._folder(next(rows(request.find(tag("m:SavedItemFolderId")))))
            self._fail(element, None)
            item = self.mailbox.create(folder, element)
            self.mailbox.mail(item, request.get("SendMeetingInvitations", ""))
            return [make("m:Items", shown(item, []))]

        for element in rows(request.find(tag("m:Items"))):
            yield lambda element=element: create(element)

    def _update_item(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        guarded = request.get("ConflictResolution") == "NeverOverwrite"

        def update(change: Any) -> list[Any]:
            id_, updates = rows(change)
            folder, item, master = self._item(id_)
            if local(id_) == "ItemId" and guarded and id_.get("ChangeKey") != (master or item).version:
                raise Wrong("ErrorIrresolvableConflict")
            self._fail(change, item)
            changed = self.mailbox.update(folder, item, master, rows(updates))
            self.mailbox.mail(changed, request.get("SendMeetingInvitationsOrCancellations", ""))
            return [make("m:Items", shown(changed, [])), make("m:ConflictResults", make("t:Count", "0"))]

        for change in rows(request.find(tag("m:ItemChanges"))):
            yield lambda change=change: update(change)

    def _delete_item(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        def delete(id_: Any) -> list[Any]:
            folder, item, master = self._item(id_)
            self.mailbox.mail(master or item, request.get("SendMeetingCancellations", ""))
            self.mailbox.delete(folder, item, master)
            return []

        for id_ in rows(request.find(tag("m:ItemIds"))):
            yield lambda id_=id_: delete(id_)

    def _create_attachment(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        parent = request.find(tag("m:ParentItemId")).get("Id")

        def create(element: Any) -> list[Any]:
            folder, item, _ = self.mailbox.find(parent)
            item.photo = (f"photo-{item.id}", text(element, "ContentType"), text(element, "Content"))
            self.mailbox.touch(folder, item)
            id_ = make("t:AttachmentId", Id=item.photo[0], RootItemId=item.id, RootItemChangeKey=item.version)
            return [make("m:Attachments", make("t:FileAttachment", id_))]

        for element in rows(request.find(tag("m:Attachments"))):
            yield lambda element=element: create(element)

    def _get_attachment(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        for id_ in rows(request.find(tag("m:AttachmentIds"))):
            yield lambda id_=id_: [make("m:Attachments", attachment(self._owner(id_)[1], content=True))]

    def _delete_attachment(self, request: Any) -> Iterator[Callable[[], list[Any]]]:
        def delete(id_: Any) -> list[Any]:
            folder, item = self._owner(id_)
            item.photo = None
            self.mailbox.touch(folder, item)
            return [make("m:RootItemId", RootItemId=item.id, RootItemChangeKey=item.version)]

        for id_ in rows(request.find(tag("m:AttachmentIds"))):
            yield lambda id_=id_: delete(id_)

    def _owner(self, id_: Any) -> tuple[Folder, Item]:
        for folder, item, _ in self.mailbox.everything():
            if item.photo is not None and item.photo[0] == id_.get("Id"):
                return folder, item
        raise Wrong("ErrorItemNotFound")

    def _folder(self, id_: Any) -> Folder:
        if local(id_) == "DistinguishedFolderId":
            return self.mailbox.distinguished(id_.get("Id"))
        return self.mailbox.folder(id_.get("Id"))

    def _item(self, id_: Any) -> tuple[Folder, Item, Item | None]:
        if local(id_) == "ItemId":
            return self.mailbox.find(id_.get("Id"))
        folder, master, _ = self.mailbox.find(id_.get("RecurringMasterId"))
        if master.recurrence is None:
            raise Wrong("ErrorCalendarCannotUseIdForRecurringMasterId")
        start = master.start_at(int(id_.get("InstanceIndex")))
        return folder, self.mailbox.exception(folder, master, start), master

    def _fail(self, element: Any, item: Item | None) -> None:
        content = etree.tostring(element, encoding="unicode")
        for each in [each for each in self.failing if each in content]:
            self.failing.discard(each)
            raise Wrong("ErrorInternalServerError")
        for uid, code in self.stubborn.items():
            if uid in content or (item is not None and uid in item.names()):
                raise Wrong(code)


def _asked(request: Any, shape: str) -> list[Any]:
    """The paths of the properties that are asked for."""
    more = child(request.find(tag(shape)), "AdditionalProperties")
    return [] if more is None else [path_key(each) for each in rows(more)]


def _change(name: str, each: Item | str, wanted: list[Any]) -> Any:
    if isinstance(each, str):
        return make("t:Delete", make("t:ItemId", Id=each, ChangeKey="gone"))
    return make(f"t:{name}", shown(each, wanted))


def _folder(folder: Folder, wanted: list[Any]) -> Any:
    names = {key[0] for key in wanted}
    parts = [make("t:FolderId", Id=folder.id, ChangeKey="AQAAAA==")]
    if "folder:ParentFolderId" in names:
        parts.append(make("t:ParentFolderId", Id=folder.parent, ChangeKey="AQAAAA=="))
    if "folder:FolderClass" in names and folder.kind:
        parts.append(make("t:FolderClass", folder.kind))
    if "folder:DisplayName" in names:
        parts.append(make("t:DisplayName", folder.name))
    if "folder:EffectiveRights" in names:
        may = "false" if folder.read_only else "true"
        rights = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read")
        parts.append(make("t:EffectiveRights", *(make(f"t:{n}", "true" if n == "Read" else may) for n in rights)))
    return make(f"t:{_ELEMENTS.get(folder.kind, 'Folder')}", *parts)
