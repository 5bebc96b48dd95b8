"""People API v1: contacts, groups, batches, pictures, sync tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.google.answers import DATE, Refusal, ok
from tests.fakes.google.discovery import Call
from tests.harness import NOW
from tests.providers.servers import Reply

Raw = dict[str, Any]
Query = Mapping[str, Sequence[str]]

MY_CONTACTS = "contactGroups/myContacts"
_SYSTEM = ("myContacts", "starred", "friends", "all")
_SINGLE = ("biographies", "birthdays", "genders", "names")
_OUTPUT_ONLY = frozenset(("formattedType", "canonicalForm", "displayNameLastFirst", "formattedProtocol"))
_INVALID = "INVALID_ARGUMENT"


@dataclass
class FakePeople:
    """The contacts of an account. ``failing`` are UIDs whose next creation fails inside its batch."""

    people: dict[str, Raw] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    groups: dict[str, Raw] = field(default_factory=dict)
    pictures: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    url: str = ""
    latest: int = 0
    oldest: int = 0
    page: int = 1000
    now: Callable[[], datetime] = lambda: NOW
    _pages: dict[str, tuple[list[Raw], str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _SYSTEM:
            id_ = f"contactGroups/{name}"
            self.groups[id_] = {"resourceName": id_, "name": name, "groupType": "SYSTEM_CONTACT_GROUP"}
            self.groups[id_]["formattedName"] = {"myContacts": "My Contacts"}.get(name, name.title())

    def add_group(self, name: str) -> str:
        """Add a label."""
        if any(each["name"] == name for each in self.groups.values()):
            raise Refusal(409, "Contact group name already exists.", word="ALREADY_EXISTS")
        self.latest += 1
        id_ = f"contactGroups/label{self.latest}"
        group = {"resourceName": id_, "etag": f"group-{self.latest}", "name": name, "formattedName": name}
        self.groups[id_] = group | {"groupType": "USER_CONTACT_GROUP"}
        return id_

    def remove_group(self, id_: str) -> None:
        """Delete a label; those who had it lose it."""
        del self.groups[id_]
        for name, person in self.people.items():
            kept = [row for row in person.get("memberships", []) if _group_of(row) != id_]
            if len(kept) != len(person.get("memberships", [])):
                person["memberships"] = kept
                self.touch(name)

    def touch(self, name: str) -> Raw:
        """Give a contact its next version."""
        self.latest += 1
        self.changed[name] = self.latest
        person = self.people[name]
        person["etag"] = f"%EgUB{self.latest}"
        moment = (self.now() + timedelta(milliseconds=self.latest)).isoformat().replace("+00:00", "Z")
        source = {"type": "CONTACT", "id": name.removeprefix("people/c"), "etag": f"#{self.latest}"}
        person.setdefault("metadata", {})
        person["metadata"] |= {"sources": [source | {"updateTime": moment}], "objectType": "PERSON"}
        return deepcopy(person)

    def create(self, body: Raw) -> Raw:
        name = f"people/c{1000 + self.latest}"
        self._check(body)
        member = body.get("memberships") or [_membership(MY_CONTACTS)]
        self.people[name] = _told({**body, "memberships": member}) | {"resourceName": name}
        return self.touch(name)

    def update(self, name: str, body: Raw, mask: Sequence[str]) -> Raw:
        before = self._get(name)
        if not body.get("metadata", {}).get("sources"):
            raise Refusal(400, "Request person.metadata.sources is a required field.", word=_INVALID)
        if body.get("etag") != before["etag"]:
            text = "Request person.etag is different than the current person.etag. Clear local cache."
            raise Refusal(400, text, word="FAILED_PRECONDITION")
        if "memberships" in mask and not body.get("memberships"):
            raise Refusal(400, "A contact must be in a group.", word=_INVALID)
        self._check(body)
        kept = {field: value for field, value in before.items() if field not in mask}
        fresh = {field: body[field] for field in mask if body.get(field)}
        self.people[name] = kept | _told(fresh)
        return self.touch(name)

    def delete(self, name: str) -> None:
        self._get(name)
        self.people[name] = {"resourceName": name, "metadata": {"deleted": True}}
        self.touch(name)

    def picture(self, path: str) -> Reply:
        """A picture itself."""
        data, kind = self.pictures.get(path, (b"", ""))
        return Reply(200 if data else 404, {"Content-Type": kind or "text/html", "Date": DATE}, data)

    def set_picture(self, name: str, data: bytes) -> Raw:
        """Give a contact a picture."""
        person = self._get(name)
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        path = f"/photos/{self.latest + 1}"
        self.pictures[path] = (data, kind)
        person["photos"] = [{"url": f"{self.url}{path}", "metadata": {"primary": True, "source": {"type": "CONTACT"}}}]
        return self.touch(name)

    def answer(self, call: Call, query: Query, body: Raw, _headers: Mapping[str, str]) -> Reply:
        """Carry out a request."""
        match call.id.removeprefix("people."):
            case "people.connections.list":
                return ok(self._connections(query))
            case "people.getBatchGet":
                return ok({"responses": [self._response(each, query) for each in query["resourceNames"]]})
            case "people.batchCreateContacts":
                return ok({"createdPeople": self._batch_create(body)})
            case "people.batchUpdateContacts":
                return ok({"updateResult": self._batch_update(body)})
            case "people.batchDeleteContacts":
                return self._batch_delete(body["resourceNames"])
        return self._about_others(call, query, body)

    def _about_others(self, call: Call, query: Query, body: Raw) -> Reply:
        match call.id.removeprefix("people."):
            case "people.updateContactPhoto":
                data = base64.b64decode(body["photoBytes"])
                return ok({"person": _masked(self.set_picture(f"people/{call.values[0]}", data), body["personFields"])})
            case "people.deleteContactPhoto":
                name = f"people/{call.values[0]}"
                self._get(name).pop("photos", None)
                return ok({"person": _masked(self.touch(name), query["personFields"][0])})
            case "contactGroups.list":
                return ok({"contactGroups": list(self.groups.values()), "totalItems": len(self.groups)})
            case "contactGroups.get" if (id_ := f"contactGroups/{call.values[0]}") in self.groups:
                return ok(self.groups[id_])
            case "contactGroups.create":
                return ok(self.groups[self.add_group(body["contactGroup"]["name"])])
        raise Refusal(404, "Requested entity was not found.", word="NOT_FOUND")

    def _batch_create(self, body: Raw) -> list[Raw]:
        if len(body["contacts"]) > 200:
            raise Refusal(400, "Too many contacts.", word=_INVALID)
        for each in body["contacts"]:
            self._check(each["contactPerson"])
        return [self._created(each["contactPerson"], body["readMask"]) for each in body["contacts"]]

    def _created(self, person: Raw, mask: str) -> Raw:
        values = {row.get("value") for row in person.get("clientData", [])}
        if values & self.failing:
            self.failing -= values
            return {"httpStatusCode": 500, "status": {"code": 13, "message": "Internal error."}}
        stored = self.create(person)
        name = stored["resourceName"]
        return {"httpStatusCode": 200, "person": _masked(stored, mask), "requestedResourceName": name, "status": {}}

    def _batch_update(self, body: Raw) -> Raw:
        if len(body["contacts"]) > 200:
            raise Refusal(400, "Too many contacts.", word=_INVALID)
        mask = body["updateMask"].split(",")
        for name, person in body["contacts"].items():
            if self._get(name)["etag"] != person.get("etag"):
                text = "Request person.etag is different than the current person.etag. Clear local cache."
                raise Refusal(400, text, word="FAILED_PRECONDITION")
        stored = {name: self.update(name, person, mask) for name, person in body["contacts"].items()}
        return {name: {"person": _masked(each, body["readMask"]), "status": {}} for name, each in stored.items()}

    def _batch_delete(self, names: Sequence[str]) -> Reply:
        for name in names:
            self._get(name)
        for name in names:
            self.delete(name)
        return ok({})

    def _connections(self, query: Query) -> Raw:
        token = query.get("pageToken", [""])[0]
        if token:
            if token not in self._pages:
                raise Refusal(400, "Invalid page token.", word=_INVALID)
            rows, following = self._pages[token]
        else:
            rows, following = self._rows(query), f"{self.latest}:{query['personFields'][0]}"
        size = min(int(query.get("pageSize", ["100"])[0]), self.page)
        answer: Raw = {"totalItems": len(rows), "totalPeople": len(rows)} if rows else {}
        if rows:
            answer["connections"] = [_masked(each, query["personFields"][0]) for each in rows[:size]]
        if len(rows) > size:
            next_page = f"page-{len(self._pages)}"
            self._pages[next_page] = (rows[size:], following)
            return answer | {"nextPageToken": next_page}
        asked = query.get("requestSyncToken") == ["true"] or "syncToken" in query
        return answer | ({"nextSyncToken": following} if asked else {})

    def _rows(self, query: Query) -> list[Raw]:
        token = query.get("syncToken", [None])[0]
        if token is None:
            return [deepcopy(each) for each in self.people.values() if "deleted" not in each["metadata"]]
        number, _, fields = token.partition(":")
        if not number.isdigit() or fields != query["personFields"][0]:
            raise Refusal(400, "Request contains an invalid argument.", word=_INVALID)
        if int(number) < self.oldest:
            raise Refusal(400, "Sync token is expired.", "EXPIRED_SYNC_TOKEN", "FAILED_PRECONDITION")
        return [deepcopy(each) for name, each in self.people.items() if self.changed[name] > int(number)]

    def _response(self, name: str, query: Query) -> Raw:
        person = self.people.get(name)
        if person is None or "deleted" in person["metadata"]:
            status = {"code": 5, "message": "Requested entity was not found."}
            return {"httpStatusCode": 404, "requestedResourceName": name, "status": status}
        shown = _masked(deepcopy(person), query["personFields"][0])
        return {"httpStatusCode": 200, "requestedResourceName": name, "person": shown}

    def _get(self, name: str) -> Raw:
        person = self.people.get(name)
        if person is None or "deleted" in person["metadata"]:
            raise Refusal(404, "Requested entity was not found.", word="NOT_FOUND")
        return person

    def _check(self, body: Raw) -> None:
        for name in _SINGLE:
            if len(body.get(name, [])) > 1:
                raise Refusal(400, f"person.{name} is a singleton.", word=_INVALID)
        for row in body.get("memberships", []):
            if _group_of(row) not in self.groups:
                raise Refusal(400, "The contact group does not exist.", word=_INVALID)


def _told(body: Raw) -> Raw:
    """What Google makes of the fields that were sent."""
    person = {name: _rows_told(rows) for name, rows in deepcopy(body).items() if isinstance(rows, list) and rows}
    for name in person.get("names", []):
        parts = ("honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix")
        shown = " ".join(name[part] for part in parts if name.get(part))
        name["displayName"] = shown or name.get("unstructuredName", "")
        name["unstructuredName"] = name["displayName"]
    for row in person.get("memberships", []):
        row["contactGroupMembership"]["contactGroupId"] = _group_of(row).removeprefix("contactGroups/")
    for row in person.get("addresses", []):
        lines = ("streetAddress", "extendedAddress", "poBox", "city", "region", "postalCode", "country")
        row.setdefault("formattedValue", "\n".join(row[part] for part in lines if row.get(part)))
    return person


def _rows_told(rows: list[Raw]) -> list[Raw]:
    for at, row in enumerate(rows):
        chosen = row.get("metadata", {}).get("sourcePrimary") is True
        row["metadata"] = {"source": {"type": "CONTACT", "id": "1"}} | ({"sourcePrimary": True} if chosen else {})
        if at == 0:
            row["metadata"]["primary"] = True
        if row.get("type"):
            row["formattedType"] = row["type"].title()
        for name in _OUTPUT_ONLY - {"formattedType"}:
            row.pop(name, None)
    return rows


def _masked(person: Raw, mask: str) -> Raw:
    shown = {*mask.split(","), "resourceName", "etag"} | ({"metadata"} if "deleted" in person["metadata"] else set())
    return {name: value for name, value in person.items() if name in shown}


def _membership(group: str) -> Raw:
    return {"contactGroupMembership": {"contactGroupResourceName": group}}


def _group_of(row: Raw) -> str:
    return str(row["contactGroupMembership"]["contactGroupResourceName"])
