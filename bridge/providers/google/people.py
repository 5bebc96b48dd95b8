"""Calls of the People API that concern many contacts at once, with one outcome for each.

One user's writes go one after another, as Google asks for. Where it turns a whole batch away because of what is in it,
the contacts are tried singly, so that one bad one does not hold up the others.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bridge.core.contact import Photo
from bridge.errors import BridgeError, NotFound, PreconditionFailed, Refused, TemporaryError, TokenExpired
from bridge.http import BUSY, Query
from bridge.providers.google.client import Client, next_page, told
from bridge.providers.google.person_read import Raw, text
from bridge.providers.google.person_write import MASK, Row

T = TypeVar("T")

BATCH = 200
FIELDS = ",".join((*MASK, "metadata", "photos"))

_SOURCES = "READ_SOURCE_TYPE_CONTACT"
_PAGE = 1000
_MOST_PAGES = 1000
_GONE = frozenset((404, 410))
_OUTCOMES = {3: Refused, 5: PreconditionFailed, 6: Refused, 7: Refused, 9: PreconditionFailed, 11: Refused, 12: Refused}
_NOT_FOUND, _EXHAUSTED = 5, 8  # of google.rpc.Code, as are those above


class People:
    """The contacts of one account."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._name = client.service.name

    def groups(self) -> list[Raw]:
        """All groups of contacts."""
        return list(self._rows("/v1/contactGroups", {"pageSize": _PAGE}, "contactGroups", {}))

    def add_group(self, name: str) -> Raw:
        """Add a group, which is a label for its user."""
        answer = self._client.call("POST", "/v1/contactGroups", body={"contactGroup": {"name": name}})
        if not answer.ok:
            raise self._client.error(answer)
        group = answer.json()
        if not text(group, "resourceName"):
            raise TemporaryError(f"{self._name} does not show the label that it made.", remote=self._name)
        return group

    def check_group(self, id_: str) -> None:
        """Raise ``NotFound`` when a group is gone."""
        answer = self._client.call("GET", f"/v1/{id_}", {"groupFields": "name"})
        if answer.status in _GONE:
            raise NotFound(f"{self._name} no longer has this label.", remedy="Choose another group.")
        if not answer.ok:
            raise self._client.error(answer)

    def connections(self, fields: str, token: str | None = None) -> tuple[list[Raw], str]:
        """All contacts, or those that changed since a token, and the token for the next time.

        Raises ``TokenExpired`` after seven days, and for what is no token.
        """
        last: dict[str, Any] = {}
        query: dict[str, Any] = {"personFields": fields, "sources": _SOURCES, "pageSize": _PAGE}
        query |= {"requestSyncToken": "true"} | ({"syncToken": token} if token is not None else {})
        found = list(self._rows("/v1/people/me/connections", query, "connections", last))
        following = last.get("nextSyncToken")
        if not isinstance(following, str) or not following:
            raise TemporaryError(f"{self._name}'s list breaks off.", remote=self._name)
        return list({text(each, "resourceName"): each for each in found}.values()), following

    def get(self, ids: Sequence[str]) -> dict[str, Raw]:
        """These contacts, as far as they are there. Raises ``TemporaryError`` where that is not told of one."""
        found: dict[str, Raw] = {}
        gone: set[str] = set()
        for portion in portions(list(dict.fromkeys(ids)), BATCH):
            query = {"resourceNames": portion, "personFields": FIELDS, "sources": _SOURCES}
            for row in _dicts(self._client.get("/v1/people:batchGet", query).get("responses")):
                person, code = row.get("person"), _code(row)
                if isinstance(person, dict) and not code and text(person, "resourceName"):
                    found[text(row, "requestedResourceName") or text(person, "resourceName")] = person
                elif code == _NOT_FOUND:
                    gone.add(text(row, "requestedResourceName"))
        if not set(ids) <= found.keys() | gone:
            raise TemporaryError(f"{self._name} does not tell of all the contacts we asked for.", remote=self._name)
        return found

    def create(self, people: Sequence[Row]) -> list[Raw | BridgeError]:
        """Add contacts; one outcome for each, in their order."""
        if not people:
            return []
        body = {"contacts": [{"contactPerson": each} for each in people], "readMask": FIELDS, "sources": [_SOURCES]}
        answer = self._send("/v1/people:batchCreateContacts", body)
        if isinstance(answer, BridgeError):
            if len(people) > 1 and not isinstance(answer, TemporaryError):
                return [outcome for each in people for outcome in self.create([each])]
            return [answer] * len(people)
        rows = _dicts(answer.get("createdPeople"))
        if len(rows) != len(people):
            raise TemporaryError(f"{self._name} answers to other contacts than ours.", remote=self._name)
        return [self._outcome(row) for row in rows]

    def update(self, people: Mapping[str, Row]) -> dict[str, Raw | BridgeError]:
        """Replace contacts by their ids; one outcome for each."""
        if not people:
            return {}
        body = {"contacts": people, "updateMask": ",".join(MASK), "readMask": FIELDS, "sources": [_SOURCES]}
        answer = self._send("/v1/people:batchUpdateContacts", body)
        if isinstance(answer, BridgeError):
            if len(people) > 1 and not isinstance(answer, TemporaryError):
                return {id_: outcome for one in people for id_, outcome in self.update({one: people[one]}).items()}
            return dict.fromkeys(people, answer)
        found = answer.get("updateResult")
        rows = {id_: row for id_, row in found.items() if isinstance(row, dict)} if isinstance(found, dict) else {}
        return {id_: self._outcome(rows.get(id_, {})) for id_ in people}

    def delete(self, ids: Sequence[str]) -> dict[str, BridgeError | None]:
        """Remove contacts by their ids. What is gone already is no error."""
        if not ids:
            return {}
        answer = self._send("/v1/people:batchDeleteContacts", {"resourceNames": list(ids)})
        if not isinstance(answer, BridgeError):
            return dict.fromkeys(ids)
        if len(ids) > 1 and not isinstance(answer, TemporaryError):
            return {id_: error for one in ids for id_, error in self.delete([one]).items()}
        return dict.fromkeys(ids, None if isinstance(answer, NotFound) else answer)

    def set_picture(self, id_: str, photo: Photo | None) -> Raw:
        """Give a contact a picture, or take it away; returns the contact."""
        if photo is None:
            path, query = f"/v1/{id_}:deleteContactPhoto", {"personFields": FIELDS, "sources": _SOURCES}
            answer = self._client.call("DELETE", path, query)
        else:
            data = base64.b64encode(photo.data).decode()
            body = {"photoBytes": data, "personFields": FIELDS, "sources": [_SOURCES]}
            answer = self._client.call("PATCH", f"/v1/{id_}:updateContactPhoto", body=body)
        if not answer.ok:
            raise self._client.error(answer)
        person = answer.json().get("person")
        if not isinstance(person, dict) or text(person, "resourceName") != id_:
            raise TemporaryError(f"{self._name} does not show the contact with its picture.", remote=self._name)
        return person

    def picture(self, url: str) -> Photo | None:
        """A contact's picture; nothing where there is none any more."""
        answer = self._client.download(url)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.ok and media_type.startswith("image/"):
            return Photo(answer.body, media_type)
        if answer.ok or answer.status in _GONE:
            return None
        raise self._client.error(answer)

    def _send(self, path: str, body: Mapping[str, object]) -> dict[str, Any] | BridgeError:
        """A write of many. Raises what concerns the whole account; an overload that says how long, too."""
        try:
            answer = self._client.call("POST", path, body=body)
            return answer.json() if answer.ok else self._client.error(answer)
        except TemporaryError as error:
            if error.retry_after is not None:
                raise
            return error

    def _outcome(self, row: Mapping[str, Any]) -> Raw | BridgeError:
        person, code = row.get("person"), _code(row)
        if not code and isinstance(person, dict) and text(person, "resourceName"):
            return person
        status = row.get("status")
        said = text(status, "message")[:200] if isinstance(status, dict) else ""
        if code in _OUTCOMES:
            return _OUTCOMES[code](f"{self._name} does not take this contact: {said}", remote=self._name)
        wait = BUSY if code == _EXHAUSTED else None
        return TemporaryError(f"{self._name} failed for this contact. {said}", remote=self._name, retry_after=wait)

    def _rows(self, path: str, query: Query, name: str, last: dict[str, Any]) -> Iterator[Raw]:
        """The rows of all pages; ``last`` becomes the last page."""
        following: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._client.call("GET", path, {**query, **following})
            if "syncToken" in query and _is_expired(answer.status, told(answer)[1]):
                raise TokenExpired(f"The sync token is too old or unknown to {self._name}.", remote=self._name)
            if not answer.ok:
                raise self._client.error(answer)
            page = answer.json()
            found = page.get(name, [])
            rows = _dicts(found)
            if not isinstance(found, list) or len(rows) != len(found) or not all(text(r, "resourceName") for r in rows):
                raise TemporaryError(f"{self._name}'s answer holds no list.", remote=self._name)
            yield from rows
            last.clear()
            last.update(page)
            following = next_page(page, following, self._name)
            if not following:
                return
        raise TemporaryError(f"{self._name}'s list has no end.", remote=self._name)


def portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in portions of at most ``size``."""
    return (items[at : at + size] for at in range(0, len(items), size))


def _is_expired(status: int, reasons: frozenset[str]) -> bool:
    return status == 410 or (status == 400 and bool(reasons & {"EXPIRED_SYNC_TOKEN", "INVALID_ARGUMENT"}))


def _code(row: Mapping[str, Any]) -> int:
    """The google.rpc.Code of a row; 0 is success."""
    status = row.get("status")
    code = status.get("code", 0) if isinstance(status, dict) else 0
    return code if isinstance(code, int) else 2


def _dicts(found: object) -> list[dict[str, Any]]:
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
