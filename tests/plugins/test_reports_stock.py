"""Whole answers against those of a stock Radicale that holds the same objects, property by property.

All-day events begin at midnight in UTC there and of the calendar here (RFC 4791 7.3): the spans keep away from that.
"""

import base64
import io
from pathlib import Path

import pytest
from radicale import config
from radicale.app import Application

from plugins.reports import Answer
from tests.plugins.reports_support import (
    ACTIVITIES,
    CONTACTS,
    DAV,
    MemoryReader,
    ask,
    event,
    resource,
    responses,
    vcard,
)

EVENTS = {
    "a.ics": event(
        "DTSTAMP:20260101T000000Z\nDTSTART:20260105T090000Z\nDTEND:20260105T100000Z\nSUMMARY:Meet <ā> & b", "a"
    ),
    "b c.ics": event(
        "DTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20260106\nDTEND;VALUE=DATE:20260107\nSUMMARY:Day", "b"
    ),
    "š@:'.ics": event(
        "DTSTAMP:20260101T000000Z\nDTSTART:20260105T120000Z\nDURATION:PT1H\nSUMMARY:Run\nRRULE:FREQ=DAILY;COUNT=9", "c"
    ),
    "d.ics": event("DTSTAMP:20260101T000000Z\nDTSTART:20260301T120000Z\nDTEND:20260301T130000Z\nLOCATION:x", "d"),
}
CARDS = {
    "j.vcf": vcard("UID:j\nN:Ozols;Jo;;;\nFN:Jo Ozols\nEMAIL;TYPE=WORK:jo@example.com"),
    "k.vcf": vcard("UID:k\nN:Liepa;Ann;;;\nFN:Ann Liepa\nNICKNAME:me"),
}


class Stock:
    """A Radicale of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        settings = config.load()
        settings.update(
            {
                "storage": {"filesystem_folder": str(folder), "_filesystem_fsync": "False"},
                "auth": {"type": "none"},
                "server": {"validate_path_value": "none"},
                "logging": {"level": "critical"},
            },
            "test",
            privileged=True,
        )
        self.application = Application(settings)

    def request(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        octets, told = body.encode(), []
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/dav",
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(octets)),
            "wsgi.input": io.BytesIO(octets),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"alice:x").decode(),
            **headers,
        }
        given = b"".join(self.application(environ, lambda status, _headers, *_: told.append(status)))
        return Answer(int(told[0].split()[0]), given)


MAKE_BOOK = (
    '<mkcol xmlns="DAV:" xmlns:CR="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/>'
    "<CR:addressbook/></resourcetype></prop></set></mkcol>"
)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    made = Stock(tmp_path_factory.mktemp("stock"))
    assert made.request("MKCALENDAR", "/alice/activities/").status == 201
    assert made.request("MKCOL", "/alice/contacts/", MAKE_BOOK).status == 201
    for collection, kind, objects in (("activities", "text/calendar", EVENTS), ("contacts", "text/vcard", CARDS)):
        for name, text in objects.items():
            assert made.request("PUT", f"/alice/{collection}/{name}", text, CONTENT_TYPE=kind).status == 201
    return made


def reader(collection: str) -> MemoryReader:
    if collection == "contacts":
        return MemoryReader(CONTACTS, [resource(name, text) for name, text in CARDS.items()])
    return MemoryReader(ACTIVITIES, [resource(name, text) for name, text in EVENTS.items()])


def comparable(given: Answer) -> dict[str, object]:
    """ETags differ by nature, and lines by their order, which vobject changes."""
    return {
        href: (one.status, {tag: _comparable(tag, text) for tag, text in one.found.items()}, sorted(one.missing))
        for href, one in responses(given).items()
    }


def _comparable(tag: str, text: str) -> object:
    if tag == f"{DAV}getetag":
        return text[:1] + text[-1:]
    return sorted(text.splitlines()) if tag.startswith("{urn:") else text


def calendar_query(condition: str, props: str = "<D:getetag/><C:calendar-data/><D:getcontenttype/>") -> str:
    return (
        f'<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>{props}</D:prop><C:filter>'
        f'<C:comp-filter name="VCALENDAR">{condition}</C:comp-filter></C:filter></C:calendar-query>'
    )


def span(start: str, end: str) -> str:
    return f'<C:comp-filter name="VEVENT"><C:time-range start="{start}" end="{end}"/></C:comp-filter>'


MULTIGET = (
    '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/>'
    '<C:schedule-tag/><x xmlns="urn:y"/></D:prop><D:href>/dav/alice/activities/a.ics</D:href>'
    "<D:href>/dav/alice/activities/b%20c.ics</D:href><D:href>/dav/alice/activities/%C5%A1%40%3A%27.ics</D:href>"
    "<D:href>/dav/alice/activities/none.ics</D:href></C:calendar-multiget>"
)
CARD_QUERY = (
    '<C:addressbook-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/><C:address-data/>'
    '<D:getcontenttype/></D:prop><C:filter test="{}"><C:prop-filter name="FN"><C:text-match match-type="{}">{}'
    '</C:text-match></C:prop-filter><C:prop-filter name="NICKNAME"><C:is-not-defined/></C:prop-filter></C:filter>'
    "</C:addressbook-query>"
)
CALENDAR_REQUESTS = [
    calendar_query(""),
    calendar_query('<C:comp-filter name="VEVENT"/>', "<D:getetag/>"),
    calendar_query('<C:comp-filter name="VTODO"/>'),
    calendar_query(span("20260105T000000Z", "20260105T200000Z"), "<D:getetag/>"),
    calendar_query(span("20260110T000000Z", "20260111T000000Z")),
    calendar_query(span("20260201T000000Z", "20260202T000000Z")),
    calendar_query(
        '<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>MEET</C:text-match></C:prop-filter>'
        "</C:comp-filter>"
    ),
    MULTIGET,
    MULTIGET.replace("calendar-data", "calendar-data content-type='text/calendar' version='2.0'"),
    '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>',
]
BOOK_REQUESTS = [
    CARD_QUERY.format(test, match, text)
    for test in ("anyof", "allof")
    for match, text in (("contains", "OZO"), ("starts-with", "Ann"), ("equals", "jo"))
]


@pytest.mark.parametrize("body", CALENDAR_REQUESTS)
def test_calendar_reports_are_answered_alike(stock: Stock, body: str) -> None:
    theirs = comparable(stock.request("REPORT", "/alice/activities/", body, HTTP_DEPTH="1"))
    assert comparable(ask(reader("activities"), body)) == theirs


@pytest.mark.parametrize("body", BOOK_REQUESTS)
def test_address_book_reports_are_answered_alike(stock: Stock, body: str) -> None:
    theirs = comparable(stock.request("REPORT", "/alice/contacts/", body, HTTP_DEPTH="1"))
    assert comparable(ask(reader("contacts"), body)) == theirs


def test_busy_times_are_answered_alike(stock: Stock) -> None:
    body = (
        '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
        '<C:time-range start="20260105T000000Z" end="20260110T000000Z"/></C:free-busy-query>'
    )
    where = reader("activities")
    where.resources = [one for one in where.resources if one.href != "b c.ics"]  # all-day is UTC there, local here
    assert stock.request("DELETE", "/alice/activities/b c.ics").status == 200
    theirs = stock.request("REPORT", "/alice/activities/", body).body.decode()
    ours = ask(where, body).body.decode()

    def busy(text: str) -> set[str]:
        return {line for line in text.replace("\r\n ", "").splitlines() if line.startswith("FREEBUSY")}

    assert busy(ours) == busy(theirs)
    assert len(busy(ours)) == 6


def test_a_report_on_the_wrong_kind_is_refused_alike(stock: Stock) -> None:
    theirs = stock.request("REPORT", "/alice/contacts/", MULTIGET)
    assert theirs.status == ask(reader("contacts"), MULTIGET).status == 403
