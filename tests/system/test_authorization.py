"""Everybody asks for everything: no answer has a word in it that the rules keep from its reader (R5, R10, R12, R15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event as alchemy

from bridge.core.feed import FeedPrivacy
from bridge.store.database import Database
from tests.harness import Client, Reply, ics, vcf
from tests.system.world import LOGINS, TIMES, WORDS, Reader, World, assert_nothing_else, plain

NAMES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav"'
CALDAV = "urn:ietf:params:xml:ns:caldav"
COLLECTIONS = ("activities", "tasks", "contacts", *(f"of-{login}" for login in LOGINS))


@pytest.fixture(params=[True, False], ids=["shortcuts", "radicale"])
def world(request: pytest.FixtureRequest, sqlite_database: Database) -> World:
    return World(sqlite_database, shortcuts=request.param)


def paths(world: World) -> list[str]:
    homes = [f"/dav/{login}/" for login in LOGINS]
    inside = [f"{home}{name}/" for home in homes for name in COLLECTIONS]
    tricks = ["/dav/dora/../anna/activities/", "/dav/dora/%2e%2e/anna/activities/", "/dav//anna/activities/"]
    return ["/", "/dav", "/dav/", "/.well-known/caldav", "/.well-known/carddav", *homes, *inside, *tricks]


PROPFINDS = (
    "",
    f"<D:propfind {NAMES}><D:allprop/></D:propfind>",
    f"<D:propfind {NAMES}><D:propname/></D:propfind>",
    f"<D:propfind {NAMES}><D:prop><D:getetag/></D:prop></D:propfind>",
    (
        f"<D:propfind {NAMES}><D:prop><D:displayname/><D:resourcetype/><D:owner/><D:acl/><D:current-user-principal/>"
        "<C:calendar-home-set/><C:calendar-data/><A:address-data/><C:calendar-user-address-set/><D:group-membership/>"
        "<D:current-user-privilege-set/></D:prop></D:propfind>"
    ),
)
DATA = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
SPAN = 'start="20260101T000000Z" end="20280101T000000Z"'
EXPANDED = f"<D:prop><C:calendar-data><C:expand {SPAN}/></C:calendar-data></D:prop>"
EVENTS = '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>'
IN_SPAN = (
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    f"<C:time-range {SPAN}/></C:comp-filter></C:comp-filter></C:filter>"
)
CARDS = '<A:filter><A:prop-filter name="FN"/></A:filter>'
REPORTS = (
    f"<C:calendar-query {NAMES}>{DATA}{EVENTS}</C:calendar-query>",
    f"<C:calendar-query {NAMES}>{DATA}{IN_SPAN}</C:calendar-query>",
    f"<C:calendar-query {NAMES}>{EXPANDED}{IN_SPAN}</C:calendar-query>",
    f"<A:addressbook-query {NAMES}><D:prop><A:address-data/></D:prop>{CARDS}</A:addressbook-query>",
    f"<C:free-busy-query {NAMES}><C:time-range {SPAN}/></C:free-busy-query>",
    f"<D:sync-collection {NAMES}><D:sync-token/><D:sync-level>1</D:sync-level>{DATA}</D:sync-collection>",
    (
        f'<D:expand-property {NAMES}><D:property name="current-user-principal"><D:property name="displayname"/>'
        f'<D:property name="calendar-home-set" namespace="{CALDAV}"><D:property name="displayname"/>'
        '</D:property></D:property><D:property name="owner"><D:property name="displayname"/></D:property>'
        "</D:expand-property>"
    ),
    (
        f'<D:principal-property-search {NAMES} test="anyof"><D:property-search><D:prop><D:displayname/></D:prop>'
        "<D:match></D:match></D:property-search><D:apply-to-principal-collection-set/>"
        "<D:prop><D:displayname/></D:prop></D:principal-property-search>"
    ),
    f"<D:principal-search-property-set {NAMES}/>",
    f"<D:principal-match {NAMES}><D:self/></D:principal-match>",
    f"<D:acl-principal-prop-set {NAMES}><D:prop><D:displayname/></D:prop></D:acl-principal-prop-set>",
    f"<C:unheard-of {NAMES}/>",
)


def multigets(hrefs: Sequence[str]) -> Iterator[str]:
    """Everything that there is, however it is written, from inside of one's own collection."""
    ways: tuple[Callable[[str], str], ...] = (
        quote,
        lambda href: f"http://127.0.0.1:8080{quote(href)}",
        lambda href: f"../../..{quote(href)}",
        lambda href: href.replace("/dav/", "/dav/dora/activities/../../"),
    )
    for way in ways:
        listed = "".join(f"<D:href>{way(href)}</D:href>" for href in hrefs)
        yield f"<C:calendar-multiget {NAMES}>{DATA}{listed}</C:calendar-multiget>"
        yield f"<A:addressbook-multiget {NAMES}><D:prop><A:address-data/></D:prop>{listed}</A:addressbook-multiget>"


def walk(world: World, reader: Reader) -> set[str]:
    """Ask for everything, and return the words that were read."""
    hrefs, read = world.hrefs(), set()
    said: list[tuple[str, Reply]] = []
    client = reader.client
    for path in paths(world):
        said += [(f"{method} {path}", client.request(method, path)) for method in ("GET", "HEAD", "OPTIONS")]
        for body in PROPFINDS:
            said += [(f"PROPFIND {path}", _ask(client, "PROPFIND", path, body, depth)) for depth in ("0", "1")]
        said += [(f"REPORT {path} {body}", _ask(client, "REPORT", path, body)) for body in REPORTS]
    for href in hrefs:
        said += [(f"GET {href}", client.get(href)), (f"PROPFIND {href}", _ask(client, "PROPFIND", href, PROPFINDS[1]))]
        said.append((f"REPORT {href}", _ask(client, "REPORT", href, REPORTS[0])))
    for path in (f"/dav/{login}/{name}/" for login in LOGINS[:4] for name in COLLECTIONS[:4]):
        said += [(f"multiget in {path}", _ask(client, "REPORT", path, body)) for body in multigets(hrefs)]
        said += [(f"sync of {path} by {token}", client.sync(path, token)[1]) for token in world.tokens()]
    for asked, reply in said:
        assert_nothing_else(reader, reply, asked)
        read |= {word for word in WORDS if word.lower() in plain(reply)}
    return read


def _ask(client: Client, method: str, path: str, body: str, depth: str = "1") -> Reply:
    return client.request(method, path, body, {"Depth": depth, "Content-Type": "application/xml"})


@pytest.mark.parametrize("login", ["anna", "bob", "carl", "dora"])
def test_users_read_what_the_rules_allow_and_nothing_else(world: World, login: str) -> None:
    reader = world.readers[login]
    assert walk(world, reader) == {word for word in WORDS if reader.may_read(word)}


_TO = {"Depth": "1", "Destination": "http://127.0.0.1:8080/dav/anna/activities/new.ics"}


def test_strangers_read_nothing(world: World) -> None:
    before = world.state()
    for stranger in world.strangers():
        world.office.clock.advance(timedelta(hours=2))  # so that nobody is refused for trying too often
        for path in (*paths(world), *world.hrefs()):
            for method in ("GET", "PROPFIND", "REPORT", "PUT", "DELETE", "PROPPATCH", "MOVE", "MKCOL", "OPTIONS"):
                reply = stranger.client.request(method, path, REPORTS[0], _TO)
                assert_nothing_else(stranger, reply, f"{method} {path}")
                assert method == "OPTIONS" or path == "/" or reply.status in {301, 302, 308, 401, 429}, (method, path)
    assert world.state() == before


@pytest.mark.parametrize("login", ["bob", "carl", "dora"])
def test_nobody_changes_what_is_not_theirs(world: World, login: str) -> None:
    before, reader = world.state(), world.readers[login]
    mine = f"/dav/{login}/activities/mine.ics"
    for href in world.hrefs():
        owner, collection = href.split("/")[2:4]
        if owner == login and not collection.startswith("of-"):
            continue
        body = vcf() if href.endswith(".vcf") else ics("SUMMARY:Taken", *TIMES)
        replies = {
            "PUT": reader.client.put(href, body),
            "DELETE": reader.client.delete(href),
            "PROPPATCH": _ask(reader.client, "PROPPATCH", href, PROPFINDS[1]),
            "MOVE": reader.client.request("MOVE", href, headers={"Destination": f"http://127.0.0.1{mine}"}),
            "COPY": reader.client.request("COPY", href, headers={"Destination": f"http://127.0.0.1{mine}"}),
        }
        for method, reply in replies.items():
            assert_nothing_else(reader, reply, f"{method} {href}")
            assert 400 <= reply.status < 500, (method, href, reply.status)
    assert world.state() == before


@pytest.mark.parametrize("login", ["carl", "dora"])
def test_searching_finds_no_word_that_one_may_not_read(world: World, login: str) -> None:
    """An answer without the word would tell as much as one with it."""
    reader = world.readers[login]
    for word in (word for word in WORDS if not reader.may_read(word)):
        for prop in ("SUMMARY", "LOCATION", "DESCRIPTION"):
            match = f'<C:prop-filter name="{prop}"><C:text-match>{word}</C:text-match></C:prop-filter>'
            asked = (
                f'<C:calendar-query {NAMES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
                f'<C:comp-filter name="VEVENT">{match}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
            )
            for name in ("activities", "of-anna"):
                reply = _ask(reader.client, "REPORT", f"/dav/{login}/{name}/", asked)
                assert reply.status == 404 or reply.hrefs() == [], (word, reply.text)


@pytest.mark.parametrize("login", ["carl", "dora"])
def test_naming_a_hidden_record_does_not_show_it(world: World, login: str) -> None:
    """Ids, addresses and names that were guessed or heard of link one's own events and cards to nothing hidden."""
    reader = world.readers[login]
    links = {
        "deal": (f"X-CRM-DEAL:{world.deal.id}",),
        "person": (f"X-CRM-PERSON:{world.person.id}",),
        "company": (f"X-CRM-ORG:{world.company.id}", f"X-CRM-ORGANIZATION:{world.company.id}"),
        "guest": ("ATTENDEE:mailto:hidden@example.com", "ORGANIZER:mailto:anna@example.com"),
    }
    for name, lines in links.items():
        href = f"/dav/{login}/activities/{name}.ics"
        body = ics("SUMMARY:Fishing", *TIMES, *lines, uid=name)
        for reply in (reader.client.put(href, body), reader.client.get(href), reader.client.put(href, body)):
            assert_nothing_else(reader, reply, name)
            assert reply.status in {200, 201, 204}
    card = vcf("N:Fishing;;;;", "FN:Fishing", "EMAIL:hidden@example.com", "TEL:1", uid=world.person.uid)
    href = f"/dav/{login}/contacts/card.vcf"
    for reply in (reader.client.put(href, card), reader.client.get(href)):
        assert_nothing_else(reader, reply, "card")
    walk(world, reader)


@pytest.mark.parametrize("login", ["carl", "dora"])
def test_what_is_there_and_what_is_not_look_the_same_from_outside(world: World, login: str) -> None:
    client = world.readers[login].client
    for there in (href for href in world.hrefs() if href.split("/")[2] != login):
        home, collection = there.rsplit("/", 1)[0], "/".join(there.split("/")[:3])
        not_there = (f"{home}/none.ics", f"{collection}/none/none.ics", "/dav/nobodyknown/activities/none.ics")
        for method in ("GET", "PROPFIND", "REPORT", "PUT", "DELETE"):
            found = client.request(method, there, REPORTS[0])
            for path in not_there:
                other = client.request(method, path, REPORTS[0])
                assert (found.status, found.body) == (other.status, other.body), (method, there, path)


def test_a_feed_says_what_its_owner_chose(world: World) -> None:
    answers = {}
    for private in FeedPrivacy:
        feed, secret = world.office.feeds.add("anna", "Family", private)
        answers[private] = Client(world.application).get(f"/feeds/{secret}/activities.ics")
        assert answers[private].status == 200
        world.office.feeds.revoke(feed.id)
        gone = Client(world.application).get(f"/feeds/{secret}/activities.ics")
        never = Client(world.application).get(f"/feeds/{'x' * len(secret)}/activities.ics")
        assert (gone.status, gone.body) == (never.status, never.body) == (404, gone.body)
        assert_nothing_else(Reader("nobody", Client(world.application)), gone, "a revoked feed")
    reader = Reader("feed", Client(world.application))
    for private in (FeedPrivacy.BUSY, FeedPrivacy.SKIP):
        assert_nothing_else(reader, answers[private], private)
        assert [word for word in WORDS if reader.may_read(word) and word.lower() not in plain(answers[private])] == []


FAILURES = 9  # more than are free


def test_a_failed_sign_in_tells_nothing_about_the_account(database: Database) -> None:
    """The same answers and the same work, in the same order: for unknown users, wrong passwords and lost devices."""
    world = World(database, shortcuts=True)
    strangers = {stranger.name: stranger.client for stranger in world.strangers() if stranger.name != "nobody"}
    strangers["wrong"] = Client(world.application, "bob", "wrong")
    told, done = {}, {}
    for name, client in strangers.items():
        world.office.clock.advance(timedelta(hours=2))
        with counted(database) as statements:
            told[name] = [client.request("PROPFIND", "/dav/", "", {"Depth": "0"}) for _ in range(FAILURES)]
        done[name] = [statement for statement in statements if "DELETE" not in statement]
    assert {reply.status for replies in told.values() for reply in replies} == {401, 429}
    assert len({repr(replies) for replies in told.values()}) == 1
    assert len({tuple(statements) for statements in done.values()}) == 1, done


class counted:  # noqa: N801 - a context manager
    """The statements that a database is given meanwhile."""

    def __init__(self, database: Database) -> None:
        self._engines = (database._readers, database._writers)
        self._statements: list[str] = []

    def __enter__(self) -> list[str]:
        for engine in set(self._engines):
            alchemy.listen(engine, "before_cursor_execute", self._note)
        return self._statements

    def __exit__(self, *_: object) -> None:
        for engine in set(self._engines):
            alchemy.remove(engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._statements.append(statement)
