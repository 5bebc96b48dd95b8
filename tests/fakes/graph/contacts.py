"""The folders of contacts: contacts, pictures, rounds of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.fakes.graph.answers import Refusal, not_found
from tests.fakes.graph.rounds import Rounds
from tests.harness import NOW

Raw = dict[str, Any]

DEFAULT = "contacts"
HAS_PICTURE = "Boolean {00062004-0000-0000-C000-000000000046} Id 0x8015"

_ADDRESSES = ("businessAddress", "homeAddress", "otherAddress")
_BLANK = ("fileAs", "generation", "middleName", "title")  # unset ones come as "" once there is a name, others as null
_NULL = (
    *("assistantName", "birthday", "businessHomePage", "companyName", "department", "displayName", "givenName"),
    *("initials", "jobTitle", "manager", "mobilePhone", "nickName", "officeLocation", "personalNotes", "profession"),
    *("spouseName", "surname", "yomiCompanyName", "yomiGivenName", "yomiSurname"),
)
_LISTS = ("businessPhones", "homePhones", "imAddresses", "categories", "children", "emailAddresses")
WRITABLE = frozenset((*_ADDRESSES, *_BLANK, *_NULL, *_LISTS, "singleValueExtendedProperties")) - {"children"}


@dataclass
class FakeFolder:
    """One folder. ``changed`` numbers the latest change of each contact."""

    id: str
    name: str
    parent: str = "folder-root"
    contacts: dict[str, Raw] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    pictures: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)
    latest: int = 0
    page: int = 1000
    now: Callable[[], datetime] = lambda: NOW
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def touch(self, id_: str) -> Raw:
        """Give a contact its next version."""
        self.latest += 1
        self.changed[id_] = self.latest
        raw = self.contacts[id_]
        key = f"EQAAABYAAACwGt3bqyR2{self.numbers():06}"
        at = (self.now() + timedelta(milliseconds=self.latest)).isoformat(timespec="milliseconds")
        raw |= {"changeKey": key, "@odata.etag": f'W/"{key}"', "lastModifiedDateTime": at.replace("+00:00", "Z")}
        return raw

    def create(self, body: Raw) -> Raw:
        """Add a contact."""
        id_ = f"AAkALgAAC{self.numbers():07}AAA="
        at = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        raw: Raw = {"id": id_, "parentFolderId": self.id, "createdDateTime": at, "properties": {}}
        raw |= dict.fromkeys(_NULL) | dict.fromkeys(_BLANK)
        raw |= {name: [] for name in _LISTS} | {name: {} for name in _ADDRESSES}
        self.contacts[id_] = _applied(raw, body)
        return self.touch(id_)

    def find(self, id_: str) -> Raw:
        if id_ not in self.contacts:
            raise not_found()
        return self.contacts[id_]

    def patch(self, id_: str, body: Raw) -> Raw:
        """Change a contact. Nobody asks which version was meant."""
        self.contacts[id_] = _applied(dict(self.find(id_)), body)
        return self.touch(id_)

    def delete(self, id_: str) -> None:
        """Remove a contact. The second time, the service does not understand what it is asked."""
        if id_ in self.removed:
            raise Refusal(400, "ErrorInvalidRequest", "Your request can't be completed.")
        self.find(id_)
        del self.contacts[id_]
        self.pictures.pop(id_, None)
        self.latest += 1
        self.removed[id_] = self.latest

    def set_picture(self, id_: str, data: bytes, media_type: str) -> None:
        self.find(id_)
        if not media_type.startswith("image/"):
            raise Refusal(400, "ErrorInvalidImageId", "The image ID is not valid")
        self.pictures[id_] = (data, media_type)
        self.touch(id_)

    def remove_picture(self, id_: str) -> None:
        self.find(id_)
        if self.pictures.pop(id_, None) is None:
            raise Refusal(404, "ImageNotFound", "Exception of type 'ImageNotFoundException' was thrown.")
        self.touch(id_)

    def picture(self, id_: str) -> tuple[bytes, str]:
        self.find(id_)
        if id_ not in self.pictures:
            raise Refusal(404, "ImageNotFound", "Exception of type 'ImageNotFoundException' was thrown.")
        return self.pictures[id_]

    def told(self, since: int) -> list[Raw]:
        """The rows of a round."""
        rows = [raw for id_, raw in self.contacts.items() if self.changed[id_] > since]
        gone = [id_ for id_, at in self.removed.items() if since and at > since]
        return [*rows, *({"id": id_, "@removed": {"reason": "deleted"}} for id_ in gone)]

    def shown(self, raw: Raw, query: Mapping[str, str]) -> Raw:
        """A contact as an answer tells it."""
        if "@removed" in raw:
            return raw
        plain = {name: value for name, value in raw.items() if name != "properties"}
        expand, select = query.get("$expand", ""), query.get("$select", "")
        if "singleValueExtendedProperties" in expand:
            known = raw["properties"] | ({HAS_PICTURE: "true"} if raw["id"] in self.pictures else {})
            rows = [{"id": name, "value": value} for name, value in known.items() if f"'{name}'" in expand and value]
            plain |= {"singleValueExtendedProperties": rows} if rows else {}
        if not select:
            return plain
        wanted = {"id", "@odata.etag", "singleValueExtendedProperties", *select.split(",")}
        return {name: value for name, value in plain.items() if name in wanted}


def mistakes(body: Raw) -> list[str]:
    """What of a body Graph would not know."""
    found = [f"a contact has no {name} to write" for name in body.keys() - WRITABLE]
    names = [row["id"] for row in body.get("singleValueExtendedProperties", ())]
    return found + ([f"a property twice: {names}"] if len(names) != len(set(names)) else [])


def _applied(raw: Raw, body: Raw) -> Raw:
    plain = {name: value for name, value in body.items() if name != "singleValueExtendedProperties"}
    properties = {row["id"]: row["value"] for row in body.get("singleValueExtendedProperties", ())}
    raw |= plain | {"properties": {**raw["properties"], **properties}}
    if len(raw["emailAddresses"]) > 3 or len(raw["businessPhones"]) > 2 or len(raw["homePhones"]) > 2:
        raise Refusal(400, "ErrorInvalidProperty", "There are too many of them.")
    for name in _ADDRESSES:
        raw[name] = {part: value for part, value in (raw[name] or {}).items() if value}
    if raw["birthday"]:
        raw["birthday"] = f"{raw['birthday'][:10]}T11:59:00Z"
    if not raw["displayName"]:
        raw["displayName"] = " ".join(filter(None, (raw["givenName"], raw["surname"]))) or None
    named = bool(raw["givenName"] or raw["surname"])
    for name in _BLANK:
        raw[name] = raw[name] or ("" if named else None)
    for name in _NULL:
        raw[name] = raw[name] or None
    rows = [*raw["emailAddresses"], None, None]
    raw |= {"primaryEmailAddress": rows[0], "secondaryEmailAddress": rows[1]}
    return raw
