"""The items of one folder: listed, read and written in batches, with one outcome for each."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from bridge.errors import BridgeError, TemporaryError, TokenExpired
from bridge.providers.exchange.fields import KEY, UID, Path, own, plain, read_own
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.soap import Client, Message
from bridge.providers.exchange.troubles import GONE, translated
from bridge.providers.exchange.xml import MESSAGES, Element, child, local, make, rows

T = TypeVar("T")

_MOST_CHANGES = 512  # of one answer, by the schema
_MOST_PAGES = 1000
_MOST_TESTS = 100  # of one restriction
_SILENT = "SendToNone"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a folder holds: the element of an item, and the properties that are read."""

    element: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """An item in one version."""

    id: str
    change_key: str = ""

    def made(self) -> Element:
        """The element that names it."""
        return make("t:ItemId", Id=self.id, **({"ChangeKey": self.change_key} if self.change_key else {}))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An occurrence of a series that is no item of its own yet. ``index`` counts from 1."""

    master: str
    index: int

    def made(self) -> Element:
        """The element that names it."""
        return make("t:OccurrenceItemId", RecurringMasterId=self.master, InstanceIndex=self.index)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing tells of an item. ``key`` is that of its creation by us, ``stamp`` the UID of our object."""

    id: str
    change_key: str
    key: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What happened to a folder: each item once, in its latest state."""

    found: tuple[Listed, ...]
    gone: tuple[str, ...]
    state: str


class Items:
    """The items of a folder. ``batch`` is how many a request names."""

    def __init__(self, client: Client, folder: str, kind: Kind, batch: int) -> None:
        self._client = client
        self._folder = folder
        self._kind = kind
        self.batch = batch

    def check(self) -> None:
        """Raise ``NotFound`` when the folder is gone."""
        shape = make("m:FolderShape", make("t:BaseShape", "IdOnly"))
        self._client.one(make("m:GetFolder", shape, make("m:FolderIds", self._folder_id())))

    def listing(self, state: str) -> Listing:
        """What happened since a sync state; an empty one tells everything. Raises ``TokenExpired``."""
        found: dict[str, Listed] = {}
        gone: dict[str, None] = {}
        for _ in range(_MOST_PAGES):
            page = self._page(state)
            for change in rows(page.find(f"{{{MESSAGES}}}Changes")):
                _note(change, self._kind.element, found, gone)
            following = page.findtext(f"{{{MESSAGES}}}SyncState") or ""
            last = (page.findtext(f"{{{MESSAGES}}}IncludesLastItemInRange") or "").lower() in {"true", "1"}
            if not following or (following == state and not last):
                break
            state = following
            if last:
                return Listing(tuple(found.values()), tuple(gone), state)
        raise TemporaryError(f"{NAME}'s list breaks off.", remote=NAME)

    def get(self, ids: Iterable[str]) -> dict[str, Element]:
        """These items, as far as they are there."""
        found: dict[str, Element] = {}
        shape = _shape("m:ItemShape", self._kind.paths)
        for portion in portions(dict.fromkeys(ids), self.batch):
            names = make("m:ItemIds", *(Ref(id_).made() for id_ in portion))
            messages = self._client.each(make("m:GetItem", _again(shape), names), len(portion))
            for id_, message in zip(portion, messages, strict=True):
                if isinstance(message, GONE):
                    continue
                if isinstance(message, Exception):
                    raise translated(message)
                item = _item(message)
                reference = _reference(item)
                reference.set("Id", id_)  # ids are spelled in more ways than one
                if local(item) == self._kind.element:
                    found[id_] = item
        return found

    def versions(self, ids: Sequence[str]) -> dict[str, str]:
        """The change keys of these items, as far as they are there."""
        found: dict[str, str] = {}
        for portion in portions(dict.fromkeys(ids), self.batch):
            names = make("m:ItemIds", *(Ref(id_).made() for id_ in portion))
            request = make("m:GetItem", make("m:ItemShape", make("t:BaseShape", "IdOnly")), names)
            for id_, outcome in zip(portion, self._refs(request, len(portion)), strict=True):
                if isinstance(outcome, Ref):
                    found[id_] = outcome.change_key
                elif not isinstance(outcome, GONE):
                    raise translated(outcome)
        return found

    def with_keys(self, keys: Sequence[str]) -> dict[str, str]:
        """The ids of the items that were created with these keys."""
        found: dict[str, str] = {}
        for portion in portions(keys, min(self.batch, _MOST_TESTS)):
            message = self._client.one(self._search(portion))
            root = message.find(f"{{{MESSAGES}}}RootFolder")
            for item in rows(root, "Items") if root is not None else ():
                reference = child(item, "ItemId")
                if reference is not None:
                    found.setdefault(read_own(item, KEY), reference.get("Id", ""))
        return {key: found[key] for key in keys if key in found}

    def create(self, items: Sequence[Element]) -> list[Ref | BridgeError]:
        """Add items. Nobody is mailed."""
        place = make("m:SavedItemFolderId", self._folder_id())
        request = make(
            "m:CreateItem",
            place,
            make("m:Items", *items),
            MessageDisposition="SaveOnly",
            SendMeetingInvitations=_SILENT,
        )
        return self._written(request, len(items))

    def update(self, changes: Sequence[tuple[Ref | Occurrence, Element]]) -> list[Ref | BridgeError]:
        """Set properties of items, in the versions that are named. Nobody is mailed."""
        if not changes:
            return []
        guarded = all(isinstance(each, Ref) and each.change_key for each, _ in changes)
        request = make(
            "m:UpdateItem",
            make("m:ItemChanges", *(make("t:ItemChange", each.made(), updates) for each, updates in changes)),
            ConflictResolution="NeverOverwrite" if guarded else "AlwaysOverwrite",
            MessageDisposition="SaveOnly",
            SendMeetingInvitationsOrCancellations=_SILENT,
        )
        return self._written(request, len(changes))

    def delete(self, items: Sequence[Ref | Occurrence]) -> list[BridgeError | None]:
        """Move items to the bin. What is gone already is no error. Nobody is mailed."""
        if not items:
            return []
        request = make(
            "m:DeleteItem",
            make("m:ItemIds", *(each.made() for each in items)),
            DeleteType="MoveToDeletedItems",
            SendMeetingCancellations=_SILENT,
            AffectedTaskOccurrences="AllOccurrences",
        )
        messages = self._client.each(request, len(items))
        return [translated(m) if isinstance(m, Exception) and not isinstance(m, GONE) else None for m in messages]

    def _page(self, state: str) -> Element:
        parts = [_shape("m:ItemShape", (own(KEY), own(UID))), make("m:SyncFolderId", self._folder_id())]
        parts += [make("m:SyncState", state)] if state else []
        request = make("m:SyncFolderItems", *parts, make("m:MaxChangesReturned", str(_MOST_CHANGES)))
        try:
            return self._client.one(request)
        except TokenExpired:
            if state:
                raise
            raise TemporaryError(f"{NAME} does not list this folder.", remote=NAME) from None

    def _search(self, keys: Sequence[str]) -> Element:
        """Look for items whose key is one of these."""
        tests = [_is_equal(key) for key in keys]
        return make(
            "m:FindItem",
            _shape("m:ItemShape", (own(KEY),)),
            make("m:Restriction", tests[0] if len(tests) == 1 else make("t:Or", *tests)),
            make("m:ParentFolderIds", self._folder_id()),
            Traversal="Shallow",
        )

    def _written(self, request: Element, number: int) -> list[Ref | BridgeError]:
        return [translated(each) if isinstance(each, Exception) else each for each in self._refs(request, number)]

    def _refs(self, request: Element, number: int) -> Iterator[Ref | Exception]:
        """The items that the messages of an answer name."""
        for message in self._client.each(request, number):
            if isinstance(message, Exception):
                yield message
                continue
            try:
                reference = _reference(_item(message))
            except TemporaryError as error:
                yield error
            else:
                yield Ref(reference.get("Id"), reference.get("ChangeKey"))

    def _folder_id(self) -> Element:
        return make("t:FolderId", Id=self._folder)


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in portions of at most ``size``."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def _shape(name: str, paths: Sequence[Path]) -> Element:
    more = make("t:AdditionalProperties", *(path.made() for path in paths))
    return make(name, make("t:BaseShape", "IdOnly"), more)


def _again(shape: Element) -> Element:
    """The same once more: an element has one place."""
    return deepcopy(shape)


def _is_equal(key: str) -> Element:
    return make("t:IsEqualTo", own(KEY).made(), make("t:FieldURIOrConstant", make("t:Constant", Value=key)))


def _item(message: Message) -> Element:
    found = None if isinstance(message, Exception) else message.find(f"{{{MESSAGES}}}Items")
    return next(rows(found), None) if found is not None else None


def _reference(holder: Element | None) -> Element:
    """The id and the version of an item. Raises ``TemporaryError`` where one is missing: nothing follows from that."""
    found = None if holder is None else child(holder, "ItemId")
    if found is None or not found.get("Id") or not found.get("ChangeKey"):
        raise TemporaryError(f"{NAME} does not name what it tells of.", remote=NAME)
    return found


def _note(change: Element, kind: str, found: dict[str, Listed], gone: dict[str, None]) -> None:
    """What one change of a listing tells; what is no item of the kind, such as a list of people, is passed over."""
    name = local(change)
    if name == "Delete":
        id_ = _reference(change).get("Id")
        found.pop(id_, None)
        gone[id_] = None
        return
    item = next(rows(change), None)
    if name not in {"Create", "Update"} or (item is not None and local(item) != kind):
        return
    reference = _reference(item)
    id_ = reference.get("Id")
    gone.pop(id_, None)
    found[id_] = Listed(id_, reference.get("ChangeKey"), read_own(item, KEY), read_own(item, UID))


def paths(uris: Iterable[str], *others: Path) -> tuple[Path, ...]:
    """Properties by their names, with others."""
    return (*(plain(uri) for uri in uris), *others)
