"""The texts of members: many at once by multiget (RFC 4791 7.9, RFC 6352 8.7), or one by one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic
from urllib.parse import urljoin

from bridge.ports import RemoteId, T, Version
from bridge.providers.caldav import xml
from bridge.providers.caldav.client import XML, Client
from bridge.providers.caldav.hrefs import known_as
from bridge.providers.caldav.mapping import Dialect, version_of_text
from bridge.providers.caldav.session import Answer
from bridge.providers.caldav.statuses import GONE, of_collection
from bridge.providers.caldav.xml import DAV, Row

MAX_FETCH = 50
"""How many resources one request asks for."""

_ETAG = f"{DAV}getetag"
_ONE_BY_ONE = frozenset((400, 403, 404, 405, 409, 413, 415, 422, 500, 501))
"""How servers answer that cannot do it at once, or stumble over one of the resources."""


@dataclass(frozen=True, slots=True)
class Text:
    """A member with its text as it is there, or with the problem that keeps us from having it."""

    id: RemoteId
    version: Version
    text: str = field(default="", repr=False)
    problem: str = ""


class Texts(Generic[T]):
    """Reads members of one collection."""

    def __init__(self, client: Client, url: str, dialect: Dialect[T]) -> None:
        self._client = client
        self._url = url
        self._dialect: Dialect[T] = dialect

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Text]:
        """Yield those that are there, each once. Raises as ``Side`` does."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), MAX_FETCH):
            yield from self._batch(wanted[start : start + MAX_FETCH])

    def one(self, id: RemoteId) -> Text | None:  # noqa: A002 - the field's term
        """Read one by GET; ``None`` when it is gone."""
        answer = self._client.call("GET", urljoin(self._url, id))
        if answer.status in GONE:
            return None
        if answer.status == 200:
            return _text(id, answer.headers.get("etag", ""), _decoded(answer.body))
        if answer.status in {401, 429, 502, 503, 504}:
            raise of_collection(answer, self._client.service)
        return _failed(id, answer.status)

    def with_uid(self, uid: str) -> Text | None:
        """Find the member with a UID."""
        answer = self._client.call("REPORT", self._url, self._dialect.by_uid(uid), {"Depth": "1"} | XML)
        if answer.status != 207:
            return None
        for row in xml.read_multistatus(answer.body, answer.status).rows:
            path = known_as(self._url, answer.url, row.href)
            found = self.one(RemoteId(path)) if path and row.status == 200 else None
            if found is not None:
                return found
        return None

    def _batch(self, ids: Sequence[RemoteId]) -> Iterator[Text]:
        if len(ids) == 1:
            yield from self._singly(ids)
            return
        body = xml.multiget(self._dialect.report, self._dialect.data, ids)
        answer = self._client.call("REPORT", self._url, body, {"Depth": "1"} | XML)
        if answer.status in _ONE_BY_ONE:
            yield from self._singly(ids)
            return
        if answer.status != 207:
            raise of_collection(answer, self._client.service)
        told = self._told(answer)
        for each in ids:
            row = told.get(each)
            if row is not None and row.status not in GONE:
                yield self._of_row(each, row)
        yield from self._singly([each for each in ids if each not in told])

    def _told(self, answer: Answer) -> dict[str, Row]:
        rows = xml.read_multistatus(answer.body, answer.status).rows
        named = ((known_as(self._url, answer.url, row.href), row) for row in rows)
        return {path: row for path, row in named if path is not None}

    def _singly(self, ids: Sequence[RemoteId]) -> list[Text]:
        """Read each by itself. Where none can be read, the reason may be the collection."""
        found = [text for each in ids if (text := self.one(each)) is not None]
        if ids and all(text.problem for text in found):
            body = xml.propfind([f"{DAV}resourcetype"])
            answer = self._client.call("PROPFIND", self._url, body, {"Depth": "0"} | XML)
            rows = xml.read_multistatus(answer.body, 207).rows if answer.status == 207 else ()
            status = rows[0].status if len(rows) == 1 else answer.status
            if status in {401, 403, *GONE}:
                raise of_collection(replace(answer, status=status), self._client.service)
        return found

    def _of_row(self, id: RemoteId, row: Row) -> Text:  # noqa: A002 - the field's term
        data = row.props.get(self._dialect.data)
        if not 200 <= row.status < 300:
            return _failed(id, row.status, row.text(_ETAG))
        if data is None or not data.text:
            return Text(id, Version(row.text(_ETAG)), problem="The server does not show this object.")
        return _text(id, row.text(_ETAG), data.text)


def _text(id: RemoteId, etag: str, text: str | None) -> Text:  # noqa: A002 - the field's term
    if text is None:
        return Text(id, Version(etag), problem="The text is not UTF-8.")
    return Text(id, Version(etag or version_of_text(text)), text)


def _failed(id: RemoteId, status: int, etag: str = "") -> Text:  # noqa: A002 - the field's term
    return Text(id, Version(etag), problem=f"The server failed for this object (status {status}).")


def _decoded(body: bytes) -> str | None:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
