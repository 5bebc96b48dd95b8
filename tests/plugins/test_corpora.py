"""Real files, one resource each: stored without losing a line, or refused with a sentence; nothing else is damaged."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from bridge.core import ical, vcard
from bridge.core.contact import Contact, ContactKind
from bridge.core.contentline import Component, ContentLine, parse, split_text_list, text_of
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.errors import Invalid
from bridge.store.database import Database
from tests.database import BOTH
from tests.harness import Client, Office, Reply
from tests.system.chaos import CHAOS

pytestmark = pytest.mark.shared_data
everywhere = pytest.mark.parametrize("database_url", BOTH if CHAOS else ["sqlite"], indirect=True)
"""Hundreds of files, which differ for the core and not for a database: "make test" stores them in one."""

CALDAV, CARDDAV = "urn:ietf:params:xml:ns:caldav", "urn:ietf:params:xml:ns:carddav"
COLLECTIONS = ("activities", "tasks", "contacts")

# What the CRM says in the text of a new resource, beside what the client said.
ADDED = {
    "UID": "only where the client gave none",
    "X-CRM-TYPE": "the activity type",
    "CATEGORIES": "the name of the activity type, before the client's own",
    "DTSTAMP": "of the record, as anything was added",
    "LAST-MODIFIED": "of the record, as anything was added",
    "X-CRM-PERSON": "the id of the person",
    "REV": "of the record, as anything was added",
    "N": "vCard 3.0 demands it, and the card had none",
}
# Lines of the client that may stand there with another value.
REPLACED = {"DTSTAMP", "LAST-MODIFIED", "REV", "CATEGORIES"}
# METHOD:PUBLISH asks for nothing, and a stored resource has no METHOD (RFC 4791 4.1).
DROPPED = {"METHOD"}

STORED = {"activities": 85, "tasks": 4, "contacts": 21}
REFUSED_FILES = {  # there is no telling what the single objects are
    "Line * holds the character U+*, which is not allowed.": 3,
    "END:VCALENDARD in line * does not close BEGIN:VCALENDAR of line *.": 1,
    "Line * is outside of any component.": 1,
}
REFUSED = {
    "This collection takes events only, not VAVAILABILITY.": 4,
    "This collection takes events only, not VALARM.": 2,
    "This collection takes events only, not free-busy times.": 2,
    "This collection takes events only, not journal entries.": 3,
    "This collection takes events only, not DAYLIGHT.": 1,  # a piece of a time zone
    "This collection takes events only, not MYCOMPTOO.": 1,
    "An event without DTSTART cannot be stored.": 29,  # single properties out of RFCs, wrapped in VEVENT
    "'*' is no date or time.": 5,
    "The recurrence rule '*' has no usable FREQ.": 1,
    "The card has no name: FN is missing, and N, ORG, EMAIL and TEL are too.": 1,
}
"""The reasons with ``*`` for what depends on the file; each of these files has been looked at."""


WHOLE = {"activities": 45, "contacts": 12}
NOT_WHOLE = {
    "The text holds no VCALENDAR.": 31,  # pieces of calendars
    "A scheduling message (METHOD) cannot be stored in a calendar.": 3,
    "An event without DTSTART cannot be stored.": 3,
    "The card has no name: FN is missing, and N, ORG, EMAIL and TEL are too.": 1,
    "END:VCALENDARD in line * does not close BEGIN:VCALENDAR of line *.": 1,
    "The recurrence rule '*' has no usable FREQ.": 1,
    "'*' is no date or time.": 1,
    "Line * is outside of any component.": 1,
}


@dataclass
class Kept:
    """A resource that was taken: whose it is, what was sent and what is served."""

    account: int
    collection: str
    href: str
    sent: str
    served: str
    etag: str


@dataclass
class Archive:
    """All files in as few accounts as their colliding UIDs allow."""

    office: Office
    accounts: list[Client] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def account(self, number: int) -> Client:
        while len(self.accounts) <= number:
            login = f"user{len(self.accounts)}"
            self.office.user(login)
            self.office.principals.choose_type(login, "task", TypeOption(EventKind.TASK))
            self.accounts.append(self.office.client(login))
        return self.accounts[number]

    def take(self, name: str, text: str) -> None:
        """Write a resource into the first account that does not have its UID yet."""
        collection = collection_for(text)
        for number in range(20):
            client = self.account(number)
            href = f"/dav/{client.login}/{collection}/{quote(name)}"
            reply = client.put(f"/dav/{client.login}/{collection}/{name}", text.encode("utf-8", "surrogateescape"))
            if reply.status != 409:
                break
        if reply.status == 201:
            found = client.get(f"/dav/{client.login}/{collection}/{name}")
            self.kept.append(Kept(number, collection, href, text, found.text, found.etag))
        else:
            self.refused[sentence(reply)] += 1

    def of(self, number: int, collection: str) -> list[Kept]:
        return [one for one in self.kept if (one.account, one.collection) == (number, collection)]


def collection_for(text: str) -> str:
    upper = text.upper()
    if "BEGIN:VCARD" in upper:
        return "contacts"
    return "tasks" if "BEGIN:VTODO" in upper and "BEGIN:VEVENT" not in upper else "activities"


def sentence(reply: Reply) -> str:
    """The reason of a refusal, without what depends on the file."""
    assert reply.status == 403, (reply.status, reply.text)
    assert len(reply.xml) == 2, "a condition and a sentence"
    return generalized(reply.xml.findtext("{DAV:}responsedescription", ""))


def generalized(reason: str) -> str:
    assert reason.endswith(".")
    return re.sub(r"'.*?'|(?<=U\+)[0-9A-F]+|(?<= )\d+", lambda found: "'*'" if found[0][0] == "'" else "*", reason)


def resources(data: Path, refused: Counter[str]) -> Iterator[tuple[str, str]]:
    """The single resources of all files; files that cannot be taken apart are counted as refused."""
    files = sorted(path for path in (data / "corpora").rglob("*.*") if path.suffix in {".ics", ".vcf"})
    assert len(files) == 161
    for path in files:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        try:
            parts = ical.split(text) if path.suffix == ".ics" else vcard.split(text)
        except Invalid as error:
            refused[generalized(str(error))] += 1
            continue
        for number, part in enumerate(parts):
            yield f"{path.stem} {number}{path.suffix}", part


@everywhere
def test_real_files_are_stored_whole_or_refused_and_none_disturbs_another(
    database: Database, shared_data: Path
) -> None:
    archive, files = Archive(Office(database)), Counter[str]()
    for name, text in resources(shared_data, files):
        archive.take(name, text)
    assert dict(files) == REFUSED_FILES
    assert dict(archive.refused) == REFUSED
    assert Counter(one.collection for one in archive.kept) == STORED
    check_lines(archive)
    check_all_reports(archive)
    check_second_writes(archive)


def lines_of(component: Component, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], ContentLine]]:
    """Each line with the components that it stands in; the second VALARM is another one than the first."""
    for line in component.lines:
        yield path, line
    for number, inner in enumerate(component.components):
        yield from lines_of(inner, (*path, f"{inner.name} {number}"))


def check_kept(sent: Component, served: Component, label: str) -> None:
    """Every line of the client is served in its place and order, but for the allowed differences."""
    before = Counter((path, text_of(line)) for path, line in lines_of(sent))
    after = Counter((path, text_of(line)) for path, line in lines_of(served))
    both = before & after
    assert [key for key in ordered(sent) if key in both] == [key for key in ordered(served) if key in both], label
    missing = {(path, line.name): line for path, line in lines_of(sent) if (path, text_of(line)) in before - after}
    added = {(path, line.name): line for path, line in lines_of(served) if (path, text_of(line)) in after - before}
    assert {name for _, name in missing} <= REPLACED | DROPPED, (label, missing)
    assert {name for _, name in added} <= set(ADDED), (label, added)
    for key, line in missing.items():
        if key[1] in DROPPED:
            continue
        assert key in added, (label, key)
        if key[1] == "CATEGORIES":
            own = split_text_list(line.value)
            assert split_text_list(added[key].value)[1:] == own, label
    for path, name in added:
        if name in {"UID", "N"}:
            assert not any(at == path and line.name == name and line.value for at, line in lines_of(sent)), label


def ordered(component: Component) -> list[tuple[tuple[str, ...], str]]:
    return [(path, text_of(line)) for path, line in lines_of(component)]


def check_lines(archive: Archive) -> None:
    for one in archive.kept:
        if one.collection == "contacts":
            check_kept(vcard.to_v3(vcard.read(one.sent)), vcard.read(one.served), one.href)
        else:
            check_kept(parse(one.sent)[0], parse(one.served)[0], one.href)


def check_second_writes(archive: Archive) -> None:
    """What was served is taken back without a change."""
    for one in archive.kept:
        client = archive.accounts[one.account]
        again = client.request("PUT", unquote(one.href), one.served, {"If-Match": one.etag})
        assert (again.status, again.etag) == (204, one.etag), one.href


def check_all_reports(archive: Archive) -> None:
    for number, client in enumerate(archive.accounts):
        for collection in COLLECTIONS:
            kept = archive.of(number, collection)
            if kept:
                check_reports(client, f"/dav/{client.login}/{collection}/", kept)


def check_reports(client: Client, path: str, kept: list[Kept]) -> None:
    """Every resource is listed, as it was when it was stored; beside them only what follows from ORG and CATEGORIES."""
    listed = properties(client.propfind(path, "getetag", depth="1"), "{DAV:}getetag")
    del listed[path]
    etags = {one.href: one.etag for one in kept}
    assert listed | etags == listed
    drawn = listed.keys() - etags.keys()
    assert all(contact_at(client, href).kind is not ContactKind.PERSON for href in drawn)
    assert properties(client.sync(path)[1], "{DAV:}getetag") == listed
    kind, data, space = (
        ("addressbook", "address-data", CARDDAV) if "contacts" in path else ("calendar", "calendar-data", CALDAV)
    )
    hrefs = "".join(f"<D:href>{escape(one.href)}</D:href>" for one in kept)
    wanted = f"<D:prop><D:getetag/><C:{data}/></D:prop>"
    texts = {one.href: normal(one.served) for one in kept}
    for name, rest in ((f"{kind}-multiget", hrefs), (f"{kind}-query", "")):
        reply = report(client, path, f'<C:{name} xmlns:D="DAV:" xmlns:C="{space}">{wanted}{rest}</C:{name}>')
        found = {href: normal(text) for href, text in properties(reply, f"{{{space}}}{data}").items()}
        assert found.keys() - texts.keys() <= drawn
        assert found | texts == found
    check_whole(client, path, kept)
    if kind == "calendar":
        check_expanded(client, path, set(etags))


def check_whole(client: Client, path: str, kept: list[Kept]) -> None:
    """A GET of the collection holds every line of every resource but those of time zones, which it joins."""
    whole = Counter(client.get(path).text.split("\r\n"))
    for one in kept:
        parsed = parse(one.served)
        own = parsed[0].components if parsed[0].name == "VCALENDAR" else parsed
        for component in own:
            if component.name != "VTIMEZONE":
                assert whole.keys() >= {physical for _, line in lines_of(component) for physical in pieces(line)}


def pieces(line: ContentLine) -> list[str]:
    return line.raw.split("\r\n")


def contact_at(client: Client, href: str) -> Contact:
    return vcard.contact(vcard.read(client.get(unquote(href)).text))


def check_expanded(client: Client, path: str, known: set[str]) -> None:
    """One odd resource must not spoil a query by time for the others (D18)."""
    component = "VTODO" if "tasks" in path else "VEVENT"
    span = 'start="19800101T000000Z" end="20300101T000000Z"'
    reply = report(
        client,
        path,
        f'<C:calendar-query xmlns:D="DAV:" xmlns:C="{CALDAV}"><D:prop><C:calendar-data><C:expand {span}/>'
        f'</C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">'
        f"<C:time-range {span}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
    )
    found = properties(reply, f"{{{CALDAV}}}calendar-data")
    assert set(found) <= known
    assert found
    for text in found.values():
        (calendar,) = parse(text)
        assert {inner.name for inner in calendar.components} <= {component, "VTIMEZONE"}
        assert not any(inner.line("RRULE") for inner in calendar.components if inner.name == component)


def report(client: Client, path: str, body: str) -> Reply:
    reply = client.request("REPORT", path, body, {"Depth": "1", "Content-Type": "application/xml"})
    assert reply.status == 207, reply.text
    return reply


def properties(reply: Reply, tag: str) -> dict[str, str]:
    """A property of each resource by its href, where it was found."""
    assert reply.status == 207, reply.text
    return {
        response.findtext("{DAV:}href", ""): value
        for response in reply.xml.findall("{DAV:}response")
        if (value := response.findtext(f"{{DAV:}}propstat/{{DAV:}}prop/{tag}")) is not None
    }


def normal(text: str) -> str:
    """Line ends as every XML parser reports them."""
    return text.replace("\r\n", "\n")


@everywhere
def test_files_of_one_object_are_taken_as_they_are(database: Database, shared_data: Path) -> None:
    archive = Archive(Office(database))
    for path in sorted((shared_data / "corpora").rglob("*.*")):
        octets = path.read_bytes() if path.suffix in {".ics", ".vcf"} else b""
        if len(re.findall(rb"BEGIN:(?:VEVENT|VTODO|VCARD)", octets)) == 1:
            archive.take(path.name, octets.decode("utf-8", "surrogateescape"))
    assert dict(archive.refused) == NOT_WHOLE
    assert Counter(one.collection for one in archive.kept) == WHOLE
    check_lines(archive)
