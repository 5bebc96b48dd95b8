"""Encodings of requests and answers: XML in UTF-16, credentials beside another charset, gzip (D15)."""

import gzip
from http import HTTPStatus

import pytest

from bridge.store.database import Database
from tests.harness import Client, Office, ics

CALENDAR = "/dav/anna/activities/"


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    office = Office(sqlite_database)
    office.user("anna", name="Ān\u0146a")
    return office.client("anna")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
@pytest.mark.parametrize("kind", ["application/xml", 'text/xml; charset="{}"', "text/xml; charset=utf-8"])
def test_xml_is_read_as_it_says_of_itself(client: Client, encoding: str, kind: str) -> None:
    """RFC 3023 8.9: a processor reads UTF-8 and UTF-16."""
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    named = {"Depth": "0", "Content-Type": kind.format(encoding)}
    name = (
        f"{head}<propertyupdate xmlns='DAV:'><set><prop><displayname>Café</displayname></prop></set></propertyupdate>"
    )
    assert client.request("PROPPATCH", CALENDAR, name.encode(encoding), named).status == HTTPStatus.MULTI_STATUS
    wanted = f"{head}<propfind xmlns='DAV:'><!-- é --><prop><displayname/><resourcetype/></prop></propfind>"
    reply = client.request("PROPFIND", CALENDAR, wanted.encode(encoding), named)
    assert reply.xml.findtext(".//{DAV:}displayname") == "Café"
    report = f"{head}<sync-collection xmlns='DAV:'><sync-token/><prop><getetag/></prop></sync-collection>"
    assert client.request("REPORT", CALENDAR, report.encode(encoding), named).status == HTTPStatus.MULTI_STATUS


@pytest.mark.parametrize("charset", ["utf-16", "bogus", "utf-8", "zip", "idna"])
def test_credentials_do_not_depend_on_the_charset_of_the_body(client: Client, charset: str) -> None:
    reply = client.request("PUT", f"{CALENDAR}a.ics", ics(), {"Content-Type": f"text/calendar; charset={charset}"})
    assert reply.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.INTERNAL_SERVER_ERROR}


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("GZIP", True),
        ("deflate , gzip", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("x-gzip", False),
    ],
)
def test_answers_are_packed_for_those_who_can_unpack(client: Client, accepted: str, packed: bool) -> None:
    """D15, RFC 9110 12.5.3."""
    client.put(f"{CALENDAR}a.ics", ics())
    body = '<sync-collection xmlns="DAV:"><sync-token/><prop><getetag/></prop></sync-collection>'
    for method, sent in (("REPORT", body), ("PROPFIND", ""), ("GET", "")):
        plain = client.request(method, CALENDAR, sent, {"Depth": "1"})
        reply = client.request(method, CALENDAR, sent, {"Depth": "1", "Accept-Encoding": accepted})
        assert (reply.headers.get("Content-Encoding") == "gzip") is packed
        assert (gzip.decompress(reply.body) if packed else reply.body) == plain.body
        assert reply.headers["Content-Length"] == str(len(reply.body))
