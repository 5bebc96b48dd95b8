"""How many statements each request costs: what is slow on every machine shows here first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from bridge.core.activity import Activity, Deal
from bridge.core.person import Organization, Person
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, Reply, ics, vcf

A, B = "/dav/anna/activities/", "/dav/anna/contacts/"


@contextmanager
def counting() -> Iterator[list[str]]:
    """What the database is asked, BEGIN included, within the block."""
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    """A device of somebody with a day's work behind them, whose sign-in was noted already."""
    office = Office(sqlite_database)
    anna = office.user("anna")
    company = office.contacts.create_organization(CRM, Organization("firm", anna.id, "Firm"))
    ilze = office.contacts.create_person(
        CRM, Person("ilze", anna.id, "Ilze", organization_id=company.id, labels=("VIP",))
    )
    deal = office.activities.save_deal(CRM, Deal("Deal", anna.id))
    office.activities.create(CRM, Activity("plain", anna.id, "Plain", "call", office.clock.now().date()))
    office.activities.create(
        CRM,
        Activity(
            "linked",
            anna.id,
            "Linked",
            "call",
            office.clock.now().date(),
            deal_id=deal.id,
            person_id=ilze.id,
            organization_id=company.id,
        ),
    )
    client = office.client("anna")
    assert client.propfind(A, "{http://calendarserver.org/ns/}getctag").status == 207
    return client


def _edited(client: Client, path: str, before: str, after: str) -> Callable[[], Reply]:
    found = client.get(path)
    text = found.text.replace(before, after)
    assert text != found.text
    return lambda: client.put(path, text, If_Match=found.etag)


def _multiget(client: Client) -> Reply:
    body = (
        '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/>'
        f"<C:calendar-data/></D:prop><D:href>{A}plain.ics</D:href><D:href>{A}linked.ics</D:href></C:calendar-multiget>"
    )
    return client.request("REPORT", A, body, {"Depth": "1"})


REQUESTS: dict[str, tuple[int, int, Callable[[Client], Callable[[], Reply]]]] = {
    "poll": (2, 207, lambda c: lambda: c.propfind(A, "{http://calendarserver.org/ns/}getctag", "{DAV:}sync-token")),
    "sync": (3, 207, lambda c: lambda: c.sync(A)[1]),
    "multiget": (3, 207, lambda c: lambda: _multiget(c)),
    "GET": (3, 200, lambda c: lambda: c.get(f"{A}plain.ics")),
    "PUT of a new event": (10, 201, lambda c: lambda: c.put(f"{A}new.ics", ics(uid="new"), If_None_Match="*")),
    "PUT of an event": (11, 204, lambda c: _edited(c, f"{A}plain.ics", "SUMMARY:Plain", "SUMMARY:Other")),
    "PUT of a linked event": (14, 204, lambda c: _edited(c, f"{A}linked.ics", "SUMMARY:Linked", "SUMMARY:Other")),
    "DELETE of an event": (10, 204, lambda c: lambda: c.delete(f"{A}plain.ics")),
    "PUT of a new card": (10, 201, lambda c: lambda: c.put(f"{B}new.vcf", vcf(uid="new"), If_None_Match="*")),
    "PUT of a card": (11, 204, lambda c: _edited(c, f"{B}ilze.vcf", "END:VCARD", "NOTE:x\r\nEND:VCARD")),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_costs_so_many_statements_at_the_most(client: Client, name: str) -> None:
    most, status, prepare = REQUESTS[name]
    request = prepare(client)
    with counting() as told:
        reply = request()
    assert reply.status == status
    assert len(told) <= most, "\n".join(told)


@pytest.mark.parametrize("name", REQUESTS)
def test_no_statement_is_asked_twice(client: Client, name: str) -> None:
    request = REQUESTS[name][2](client)
    with counting() as told:
        request()
    assert len(set(told)) == len(told), "\n".join(told)
