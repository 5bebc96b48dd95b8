"""What a collection holds and what happened to it: sync-collection (RFC 6578), or ctag and ETags where that is missing.

A token of ours says which of the two it is for: ``sync <token>`` or ``ctag <ctag>``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.errors import TemporaryError, TokenExpired
from bridge.ports import RemoteId, SyncToken, Version
from bridge.providers.caldav import xml
from bridge.providers.caldav.client import XML, Client
from bridge.providers.caldav.hrefs import known_as, member
from bridge.providers.caldav.statuses import GONE, TOKEN_INVALID, of_collection
from bridge.providers.caldav.xml import CS, DAV, Multistatus, Row

_ETAG, _CTAG = f"{DAV}getetag", f"{CS}getctag"
_REPORTS = f"{DAV}supported-report-set"
_UNSUPPORTED = frozenset((400, 403, 405, 409, 415, 422, 501))
_EXPIRED = frozenset((400, 409, 412, 422, 507))
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Member:
    """A resource that a listing names. ``version`` is empty where the server tells no ETag."""

    id: RemoteId
    version: Version
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing says. See ``Changes``."""

    members: tuple[Member, ...]
    gone: tuple[RemoteId, ...] = ()
    token: SyncToken | None = None
    complete: bool = True


class Listing:
    """The listings of one collection."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url

    def changes(self, since: SyncToken | None) -> Listed:
        """List everything or what happened since. See ``Side.changes``."""
        if since is None:
            return self._everything()
        way, _, token = since.partition(" ")
        if way == "sync" and token:
            return self._since(token)
        if way == "ctag" and token:
            ctag, _ = self._state()
            return Listed((), (), since, complete=False) if ctag == token else self._complete(ctag)
        raise TokenExpired("The sync token is not one of this calendar or address book.")

    def check(self) -> None:
        """Raise ``NotFound`` when the collection itself is gone."""
        self._state()

    def _everything(self) -> Listed:
        ctag, reports = self._state()
        if f"{DAV}sync-collection" in reports:
            found = self._first_report()
            if found is not None:
                return found
        return self._complete(ctag)

    def _state(self) -> tuple[str, frozenset[str]]:
        """The ctag and the names of all reports, read before anything else."""
        answer, url = self._client.propfind(self._url, (_CTAG, _REPORTS))
        row = _own_row(answer, url)
        return row.text(_CTAG), row.inner(_REPORTS)

    def _complete(self, ctag: str) -> Listed:
        names = (_ETAG, f"{DAV}resourcetype")
        answer, url = self._client.propfind(self._url, names, depth=1)
        _own_row(answer, url)
        seen = _Seen(self._url, url)
        seen.add(row for row in answer.rows if f"{DAV}collection" not in row.inner(f"{DAV}resourcetype"))
        return Listed(seen.found(), (), SyncToken(f"ctag {ctag}") if ctag else None)

    def _first_report(self) -> Listed | None:
        """Everything by report, or ``None`` from servers that announce it and cannot do it."""
        answer = self._client.call("REPORT", self._url, xml.sync_collection(""), {"Depth": "0"} | XML)
        if answer.status in _UNSUPPORTED:
            return None
        if answer.status != 207:
            raise of_collection(answer, self._client.service)
        return self._follow(xml.read_multistatus(answer.body, answer.status), answer.url, complete=True)

    def _since(self, token: str) -> Listed:
        answer = self._client.call("REPORT", self._url, xml.sync_collection(token), {"Depth": "0"} | XML)
        if answer.status in _EXPIRED or TOKEN_INVALID in xml.conditions(answer.body):
            raise TokenExpired("The sync token is too old or unknown to the server.", remote=self._client.service.name)
        if answer.status != 207:
            raise of_collection(answer, self._client.service)
        return self._follow(xml.read_multistatus(answer.body, answer.status), answer.url, complete=False)

    def _follow(self, page: Multistatus, url: str, *, complete: bool) -> Listed:
        """Add further pages while the server says that there are some (RFC 6578 3.6)."""
        seen = _Seen(self._url, url)
        tokens = {""}
        for _ in range(_MOST_PAGES):
            more = [row for row in page.rows if row.status == 507]
            seen.add(row for row in page.rows if row.status != 507)
            if page.token in tokens:
                raise TemporaryError("The server's list has no end, or no token.", remote=self._client.service.name)
            if not more:
                break
            tokens.add(page.token)
            answer = self._client.call("REPORT", self._url, xml.sync_collection(page.token), {"Depth": "0"} | XML)
            if answer.status != 207:
                raise TemporaryError("The server's list breaks off.", remote=self._client.service.name)
            page = xml.read_multistatus(answer.body, answer.status)
        gone = () if complete else seen.gone()
        return Listed(seen.found(), gone, SyncToken(f"sync {page.token}"), complete=complete)


class _Seen:
    """Members in the order of their last mention, each once."""

    def __init__(self, home: str, url: str) -> None:
        self._home = home
        self._url = url
        self._rows: dict[str, Row] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """Take what a page says."""
        for row in rows:
            if (path := known_as(self._home, self._url, row.href)) is not None:
                self._rows[path] = row

    def found(self) -> tuple[Member, ...]:
        """What is there. What the server failed for is there too, with a problem."""
        return tuple(_found(path, row) for path, row in self._rows.items() if row.status not in GONE)

    def gone(self) -> tuple[RemoteId, ...]:
        """What is no longer there."""
        return tuple(RemoteId(path) for path, row in self._rows.items() if row.status in GONE)


def _found(path: str, row: Row) -> Member:
    problem = "" if 200 <= row.status < 300 else f"The server failed for this object (status {row.status})."
    return Member(RemoteId(path), Version(row.text(_ETAG)), problem)


def _own_row(answer: Multistatus, url: str) -> Row:
    """The row of the collection itself. Without it, the answer is not one to what we asked."""
    home = url.rstrip("/")
    for row in answer.rows:
        if row.status == 507:
            raise TemporaryError("The server's list breaks off.")
        if member(f"{home}/", row.href) is None and row.status not in GONE:
            return row
    raise TemporaryError("The server's answer does not name the calendar or address book itself.")
