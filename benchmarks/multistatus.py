"""What a multistatus says, read just far enough to check it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from benchmarks.client import Answer, WrongAnswer

_TOKEN = re.compile(rb"sync-token>([^<]+)<")
_DATA = ("{urn:ietf:params:xml:ns:caldav}calendar-data", "{urn:ietf:params:xml:ns:carddav}address-data")


@dataclass(frozen=True, slots=True)
class Found:
    """One response: its entity tag and its text, empty where there are none; ``gone`` for a 404."""

    etag: str
    text: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Multistatus:
    """The responses by the last part of their href (empty for the collection itself), and the new sync-token."""

    members: Mapping[str, Found]
    sync_token: str
    getctag: str

    def names(self) -> set[str]:
        """The names of the members that exist."""
        return {name for name, found in self.members.items() if name and not found.gone}


def read(answer: Answer) -> Multistatus:
    """Read an answer. Raises ``WrongAnswer`` for what is not XML, and for a member that is listed twice."""
    try:
        root = ElementTree.fromstring(answer.body)  # noqa: S314 - servers started by this program
    except ElementTree.ParseError as error:
        raise WrongAnswer(f"not XML: {error}") from error
    members: dict[str, Found] = {}
    for name, found in _responses(root):
        if name in members:
            raise WrongAnswer(f"{name} is listed twice")
        members[name] = found
    token = root.findtext("{DAV:}sync-token") or root.findtext(".//{DAV:}prop/{DAV:}sync-token") or ""
    return Multistatus(members, token, root.findtext(".//{http://calendarserver.org/ns/}getctag") or "")


def token_of(answer: Answer) -> str:
    """Cut the sync-token out of an answer without reading the rest. Raises ``WrongAnswer`` where there is none."""
    found = _TOKEN.search(answer.body)
    if found is None:
        raise WrongAnswer("no sync-token")
    return found[1].decode()


def _responses(root: ElementTree.Element) -> Iterator[tuple[str, Found]]:
    for response in root.iter("{DAV:}response"):
        href = unquote(response.findtext("{DAV:}href", ""))
        gone = "404" in response.findtext("{DAV:}status", "")
        text = next((data for name in _DATA for data in (each.text for each in response.iter(name)) if data), "")
        etag = next((each.text for each in response.iter("{DAV:}getetag") if each.text), "")
        yield href.rpartition("/")[2], Found(etag, text, gone)


def expect(wanted: set[str], found: Multistatus, *, texts: bool = False, etags: bool = True) -> None:
    """Check that exactly these members are there, each with what was asked for. Raises ``WrongAnswer``."""
    names = found.names()
    if names != wanted:
        missing, excess = sorted(wanted - names), sorted(names - wanted)
        raise WrongAnswer(
            f"{len(names)} members instead of {len(wanted)}; missing {missing[:3]}, not wanted {excess[:3]}"
        )
    for name in wanted:
        if etags and not found.members[name].etag:
            raise WrongAnswer(f"{name} has no entity tag")
        if texts and not has_uid(found.members[name].text, name):
            raise WrongAnswer(f"{name} has the wrong text")


def has_uid(text: str, name: str) -> bool:
    """Whether a text has the UID that the name of its resource begins with."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "")
    return f"\nUID:{name.rpartition('.')[0]}\n" in unfolded
