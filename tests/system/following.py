"""Clients that know a collection only by what its sync-tokens lead to, and what a fresh look shows."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.harness import Client, Reply

_XML = {"Depth": "0", "Content-Type": "application/xml"}
_NAMES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_CALENDAR_DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"


@dataclass
class Follower:
    """A client's copy of a calendar (RFC 6578). ``limit`` is how much it takes at a time, ``texts`` whether it reads.

    ``known`` holds entity tags by href, or whole texts.
    """

    path: str
    limit: int | None = None
    texts: bool = False
    token: str = ""
    known: dict[str, str] = field(default_factory=dict)

    def step(self, client: Client) -> bool:
        """Ask once. Whether there is more."""
        reply = client.request("REPORT", self.path, self._body(), _XML)
        assert reply.status == 207, reply.text
        before = revision_of(self.token)
        token = reply.xml.findtext("{DAV:}sync-token", "")
        assert revision_of(token) >= before, (self.token, token)
        for href in reply.gone():
            self.known.pop(unquote(href), None)
        found = _found(reply, _CALENDAR_DATA if self.texts else "{DAV:}getetag")
        assert self.limit is None or len(found) <= self.limit
        self.known |= found
        self.token = token
        return _truncated(reply)

    def catch_up(self, client: Client) -> None:
        """Ask until there is no more."""
        while self.step(client):
            pass

    def copy(self) -> "Follower":
        """Another client in the same state."""
        return Follower(self.path, self.limit, self.texts, self.token, dict(self.known))

    def _body(self) -> str:
        limit = f"<D:limit><D:nresults>{self.limit}</D:nresults></D:limit>" if self.limit else ""
        wanted = "<C:calendar-data/>" if self.texts else "<D:getetag/>"
        return (
            f"<D:sync-collection {_NAMES}><D:sync-token>{self.token}</D:sync-token><D:sync-level>1</D:sync-level>"
            f"{limit}<D:prop>{wanted}</D:prop></D:sync-collection>"
        )


def tags(client: Client, path: str) -> dict[str, str]:
    """Href and entity tag of everything in a collection, freshly listed."""
    reply = client.propfind(path, "{DAV:}getetag", depth="1")
    assert reply.status == 207
    return {href: tag for href, tag in _found(reply, "{DAV:}getetag").items() if not href.endswith("/")}


def texts(client: Client, path: str) -> dict[str, str]:
    """Href and text of everything in a calendar, freshly asked for; lines end as XML ends them."""
    body = (
        f"<C:calendar-query {_NAMES}><D:prop><C:calendar-data/></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
    )
    reply = client.request("REPORT", path, body, {**_XML, "Depth": "1"})
    assert reply.status == 207
    return _found(reply, _CALENDAR_DATA)


def revision_of(token: str) -> int:
    """The count in a sync-token of ours; zero without one."""
    return int(token.rpartition(":")[2]) if token else 0


def _found(reply: Reply, prop: str) -> dict[str, str]:
    """One property of every resource of a multistatus that has it."""
    return {
        unquote(response.findtext("{DAV:}href", "")): value
        for response in reply.xml.iterfind("{DAV:}response")
        if (value := response.findtext(f"{{DAV:}}propstat/{{DAV:}}prop/{prop}"))
    }


def _truncated(reply: Reply) -> bool:
    return any("507" in response.findtext("{DAV:}status", "") for response in reply.xml.iterfind("{DAV:}response"))
