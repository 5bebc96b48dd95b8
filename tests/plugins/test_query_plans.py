"""How SQLite finds what a request needs: nothing that grows is read as a whole to find a part of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bridge.core.activity import Activity
from bridge.core.person import Person
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, Reply, ics, vcf

A, B = "/dav/anna/activities/", "/dav/anna/contacts/"
GROWING = ("resources", "resource_occurrences", "activities", "persons", "journal")
WHOLE = frozenset({("collection_id",), ("collection_id", "deleted")})  # of ``resources``: everything in a collection


@dataclass(frozen=True, slots=True)
class Look:
    """How a statement looks into a table: the columns by which an index finds the rows, none for all of them."""

    table: str
    by: tuple[str, ...]
    statement: str

    @property
    def whole(self) -> bool:
        return not self.by or (self.table == "resources" and self.by in WHOLE)


@contextmanager
def looking() -> Iterator[list[Look]]:
    """How every statement of the block finds its rows."""
    found: list[Look] = []

    def note(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            raw = connection.connection.cursor()
            found.extend(looks(statement, raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def looks(statement: str, plan: Any) -> Iterator[Look]:
    for *_, detail in plan:
        told = re.match(r"(?:SCAN|SEARCH) (\w+)(?: AS (\w+))?.*?(?:\((.*)\))?$", detail)
        if told and told[1] in GROWING:
            yield Look(told[1], tuple(re.findall(r"(\w+)[=<>]", told[3] or "")), " ".join(statement.split()))


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    office = Office(sqlite_database)
    anna = office.user("anna")
    office.activities.create(CRM, Activity("plain", anna.id, "Plain", "call", office.clock.now().date()))
    office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze"))
    client = office.client("anna")
    assert client.propfind(A, "{http://calendarserver.org/ns/}getctag").status == 207
    return client


def _edited(client: Client, path: str, before: str, after: str) -> Callable[[], Reply]:
    found = client.get(path)
    return lambda: client.put(path, found.text.replace(before, after), If_Match=found.etag)


def _changes(client: Client) -> Callable[[], Reply]:
    token, _ = client.sync(A)
    return lambda: client.sync(A, token)[1]


def _report(client: Client, path: str, name: str, asked: str) -> Callable[[], Reply]:
    body = (
        f'<Q:{name} xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:B="urn:ietf:params:xml:ns:carddav" '
        f'xmlns:Q="urn:ietf:params:xml:ns:{"carddav" if path == B else "caldav"}"><D:prop><D:getetag/></D:prop>'
        f"{asked}</Q:{name}>"
    )
    return lambda: client.request("REPORT", path, body, {"Depth": "1"})


WEEK = (
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    '<C:time-range start="20261101T000000Z" end="20261108T000000Z"/></C:comp-filter></C:comp-filter></C:filter>'
)
NAMED = '<B:filter><B:prop-filter name="FN"><B:text-match>ilz</B:text-match></B:prop-filter></B:filter>'

REQUESTS: dict[str, Callable[[Client], Callable[[], Reply]]] = {
    "changes": _changes,
    "week": lambda c: _report(c, A, "calendar-query", WEEK),
    "multiget": lambda c: _report(c, A, "calendar-multiget", f"<D:href>{A}plain.ics</D:href>"),
    "name": lambda c: _report(c, B, "addressbook-query", NAMED),
    "GET": lambda c: lambda: c.get(f"{A}plain.ics"),
    "PUT of a new event": lambda c: lambda: c.put(f"{A}new.ics", ics(uid="new"), If_None_Match="*"),
    "PUT of an event": lambda c: _edited(c, f"{A}plain.ics", "SUMMARY:Plain", "SUMMARY:Other"),
    "DELETE of an event": lambda c: lambda: c.delete(f"{A}plain.ics"),
    "PUT of a new card": lambda c: lambda: c.put(f"{B}new.vcf", vcf(uid="new"), If_None_Match="*"),
    "PUT of a card": lambda c: _edited(c, f"{B}ilze.vcf", "END:VCARD", "NOTE:x\r\nEND:VCARD"),
    "DELETE of a card": lambda c: lambda: c.delete(f"{B}ilze.vcf"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_object_is_found_without_looking_at_all(client: Client, name: str) -> None:
    request = REQUESTS[name](client)
    with looking() as found:
        reply = request()
    assert reply.status < 300
    assert found
    assert [look for look in found if look.whole] == []


def test_a_listing_is_seen_to_look_at_all(client: Client) -> None:
    with looking() as found:
        client.sync(A)
    assert [look.by for look in found if look.whole] == [("collection_id", "deleted")]
