"""The short cuts answer exactly what Radicale would, property by property."""

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.activity import Activity
from bridge.core.person import Person
from bridge.store.database import Database
from plugins.application import DavOptions
from tests.harness import CRM, Client, Office, Reply

PROPERTIES = (
    "{http://calendarserver.org/ns/}getctag",
    "{DAV:}sync-token",
    "{DAV:}getetag",
    "{DAV:}displayname",
    "{DAV:}resourcetype",
    "{DAV:}getcontenttype",
    "{DAV:}no-such-thing",
)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Client]]:
    """One user's client over two applications on one database: with short cuts, and without."""
    folder: Path = tmp_path_factory.mktemp("shortcuts")
    database = Database(f"sqlite:///{folder}/davbridge.sqlite3")
    database.migrate()
    office = Office(database)
    anna = office.user("anna")
    for number, uid in enumerate(("plain", "odd name & <co>", "ž:'@%20")):
        office.activities.create(CRM, Activity(uid, anna.id, uid, "call", date(2026, 12, 1 + number), time(8)))
    office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze"))
    gone = office.contacts.create_person(CRM, Person("gone", anna.id, "Gone"))
    office.contacts.delete_person(CRM, gone.id)
    quick = office.client("anna")
    stock = Client(office.wsgi(DavOptions(shortcuts=False)), "anna", quick.password)
    yield quick, stock
    database.close()


def told(reply: Reply) -> dict[str, dict[str, set[str]]]:
    """href → status → properties with their content."""
    found: dict[str, dict[str, set[str]]] = {}
    for response in reply.xml.findall("{DAV:}response"):
        statuses = found.setdefault(response.findtext("{DAV:}href", ""), {})
        for propstat in response.findall("{DAV:}propstat"):
            props = {_canonical(prop) for prop in propstat.iterfind("{DAV:}prop/*")}
            statuses.setdefault(propstat.findtext("{DAV:}status", ""), set()).update(props)
    return found


def _canonical(prop: Element) -> str:
    prop.tail = None
    return tostring(prop, encoding="unicode")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    props=st.lists(st.sampled_from(PROPERTIES), max_size=5),
    depth=st.sampled_from(["0", "1"]),
    collection=st.sampled_from(["activities", "contacts", "nowhere"]),
)
def test_a_short_cut_says_what_radicale_says(
    clients: tuple[Client, Client], props: list[str], depth: str, collection: str
) -> None:
    quick, stock = (client.propfind(f"/dav/anna/{collection}/", *props, depth=depth) for client in clients)
    assert quick.status == stock.status
    if quick.status == 207:
        assert told(quick) == told(stock)
        assert quick.headers["DAV"] == stock.headers["DAV"]
        assert quick.headers["Content-Type"] == stock.headers["Content-Type"]


def test_the_commonest_requests_take_the_short_cut(
    clients: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def blow_up(*_: object) -> None:
        raise AssertionError("Radicale was asked")

    monkeypatch.setattr("radicale.app.propfind.xml_propfind", blow_up)
    quick, _ = clients
    path = "/dav/anna/activities/"
    assert quick.propfind(path, PROPERTIES[0], PROPERTIES[1]).status == 207
    assert len(quick.propfind(path, "getetag", depth="1").hrefs()) == 4


def test_a_stranger_gets_no_further_by_a_short_cut(clients: tuple[Client, Client]) -> None:
    quick, _ = clients
    assert Client(quick.application).propfind("/dav/anna/activities/", "getetag", depth="1").status == 401
    other = quick.propfind("/dav/bela/activities/", "getetag", depth="1")
    assert (other.status, b"etag" in other.body) == (403, False)


def test_both_databases_answer_alike(database: Database) -> None:
    office = Office(database)
    anna = office.user("anna")
    office.activities.create(CRM, Activity("one", anna.id, "One", "call", date(2026, 12, 1)))
    reply = office.client("anna").propfind("/dav/anna/activities/", "getetag", depth="1")
    assert reply.hrefs() == ["/dav/anna/activities/", "/dav/anna/activities/one.ics"]
