"""The folders of a mailbox."""

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.errors import TemporaryError
from bridge.ports import RemoteId
from bridge.providers.exchange.fields import plain
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.soap import Client
from bridge.providers.exchange.xml import MESSAGES, Element, child, flag, make, rows, text

CALENDARS, CONTACTS = "IPF.Appointment", "IPF.Contact"

_DEFAULTS = {CALENDARS: "calendar", CONTACTS: "contacts"}
_SPECIAL = (*_DEFAULTS.values(), "deleteditems")
_ABOUT = ("folder:DisplayName", "folder:FolderClass", "folder:ParentFolderId", "folder:EffectiveRights")
_PAGE = 1000
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that holds what we sync."""

    id: RemoteId
    name: str
    read_only: bool
    default: bool


def special(client: Client) -> dict[str, str]:
    """The ids of the folders that every mailbox has, as far as we may see them. Shows whether we are let in."""
    names = [make("t:DistinguishedFolderId", Id=name) for name in _SPECIAL]
    shape = make("m:FolderShape", make("t:BaseShape", "IdOnly"))
    request = make("m:GetFolder", shape, make("m:FolderIds", *names))
    found: dict[str, str] = {}
    for name, message in zip(_SPECIAL, client.each(request, len(_SPECIAL)), strict=True):
        folders = None if isinstance(message, Exception) else message.find(f"{{{MESSAGES}}}Folders")
        folder = next(rows(folders), None) if folders is not None else None
        found[name] = "" if folder is None else _id(folder, "FolderId")
    return found


def folders(client: Client, kind: str) -> list[Folder]:
    """The folders of a kind, the default one first. What lies in the bin is left out."""
    known = special(client)
    everything = list(_all(client))
    thrown = {known["deleteditems"]} - {""}
    while more := {_id(each, "FolderId") for each in everything if _id(each, "ParentFolderId") in thrown} - thrown:
        thrown |= more  # what was thrown away together with the folder that it is in
    fitting = (each for each in everything if text(each, "FolderClass") == kind and _id(each, "FolderId") not in thrown)
    found = [_read(each, known[_DEFAULTS[kind]]) for each in fitting]
    return sorted(found, key=lambda each: (not each.default, each.read_only))


def _all(client: Client) -> Iterator[Element]:
    offset = 0
    for _ in range(_MOST_PAGES):
        root = client.one(_request(offset)).find(f"{{{MESSAGES}}}RootFolder")
        if root is None:
            break
        listed = list(rows(root, "Folders"))
        yield from listed
        offset += len(listed)
        if not listed or root.get("IncludesLastItemInRange", "true").lower() == "true":
            return
    raise TemporaryError(f"{NAME} answers with something else than a list of folders.", remote=NAME)


def _request(offset: int) -> Element:
    about = make("t:AdditionalProperties", *(plain(uri).made() for uri in _ABOUT))
    return make(
        "m:FindFolder",
        make("m:FolderShape", make("t:BaseShape", "IdOnly"), about),
        make("m:IndexedPageFolderView", MaxEntriesReturned=_PAGE, Offset=offset, BasePoint="Beginning"),
        make("m:ParentFolderIds", make("t:DistinguishedFolderId", Id="msgfolderroot")),
        Traversal="Deep",
    )


def _read(folder: Element, default: str) -> Folder:
    id_ = _id(folder, "FolderId")
    rights = child(folder, "EffectiveRights")
    fixed = rights is not None and not (flag(rights, "CreateContents") and flag(rights, "Modify"))
    return Folder(RemoteId(id_), text(folder, "DisplayName"), fixed, id_ == default)


def _id(folder: Element, name: str) -> str:
    found = child(folder, name)
    return "" if found is None else found.get("Id", "")
