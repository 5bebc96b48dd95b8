"""Hostile and broken requests: a clear 4xx within a second, nothing else changed, never a 5xx (D14)."""

import base64
import io
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.store.database import Database
from tests.database import BOTH, PostgreSQLServer
from tests.harness import Client, Office, Reply, ics, vcf

CALENDAR, BOOK = "/dav/anna/activities/", "/dav/anna/contacts/"
KEPT = f"{CALENDAR}kept.ics"
ADDRESSES = count(1)  # from which somebody guesses passwords; a single one would be held off
MEETING = ("SUMMARY:Meeting", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")


@pytest.fixture(scope="module", params=BOTH)
def office(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """One office for all tests, which leave it as it was."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("bad") / "davbridge.sqlite3"
        shutil.copyfile(sqlite_template, file)
        url = f"sqlite:///{file}"
    else:
        server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
        url = server.create("template_migrated")
    with closing(Database(url)) as database:
        office = Office(database)
        for login in ("anna", "bob"):
            office.user(login)
        office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
        yield office
    if request.param != "sqlite":
        server.drop(url)


over_sqlite = pytest.mark.parametrize("office", ["sqlite"], indirect=True)
"""For requests that do not reach the database."""


@pytest.fixture(scope="module")
def anna(office: Office) -> Client:
    client = office.client("anna")
    assert client.put(KEPT, ics(*MEETING, uid="kept")).status == HTTPStatus.CREATED
    return client


@pytest.fixture
def client(anna: Client) -> Iterator[Client]:
    """Anna's client. Whatever a test does, her other resource and its collection are as before."""
    before = anna.get(KEPT).body
    yield anna
    assert anna.get(KEPT).body == before
    for path in (CALENDAR, BOOK):
        hrefs = anna.sync(path)[1].hrefs()
        assert (KEPT in hrefs) is (path == CALENDAR)
        for href in hrefs:
            assert href == KEPT or anna.delete(unquote(href)).status == HTTPStatus.NO_CONTENT


def quick(work: Any) -> Reply:
    """The answer, which is no server error and did not keep this process busy for long."""
    started = time.process_time()
    reply: Reply = work()
    assert time.process_time() - started < 20
    assert reply.status < 500, reply.text
    return reply


def refused(reply: Reply) -> Reply:
    assert 400 <= reply.status < 500, reply.text
    assert len(reply.text) > 10
    return reply


def raw(client: Client, method: str, path: str, body: bytes = b"", **environ: Any) -> Reply:
    """A request whose headers, length and path are taken as they are given."""
    credentials = base64.b64encode(f"{client.login}:{client.password}".encode()).decode()
    given = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Basic {credentials}",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    return client._call({**given, **environ})


@over_sqlite
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YW5uYQ==",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + base64.b64encode(b"anna:\x00").decode(),
        "Basic " + base64.b64encode(b"\x00:x").decode(),
        "Basic " + base64.b64encode(b"../anna:x").decode(),
        "Basic " + base64.b64encode(b"anna/bob:x").decode(),
        "Basic " + base64.b64encode(("ā" * 5000 + ":x").encode()).decode(),
        "Basic " + base64.b64encode(b"anna:" + b"x" * 100_000).decode(),
        "basic " + base64.b64encode(b"anna:x").decode(),
        "Bearer abc",
        'Digest username="anna"',
        "Negotiate ÿ",
        "Basicx",
        "Basic YW5uYTp4, Basic YW5uYTp4",
    ],
)
@pytest.mark.parametrize("method", ["PROPFIND", "GET", "PUT", "DELETE", "REPORT"])
def test_odd_credentials_are_no_credentials(client: Client, header: str, method: str) -> None:
    address = f"10.0.0.{next(ADDRESSES)}"
    sent = {"HTTP_AUTHORIZATION": header, "HTTP_DEPTH": "0", "REMOTE_ADDR": address}
    reply = quick(lambda: raw(client, method, KEPT, b"x", **sent))
    assert reply.status == HTTPStatus.UNAUTHORIZED
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


@over_sqlite
@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "+5", "0x10", "５", "99999999999999999999", " ", "5,5"])
@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "REPORT", "PROPPATCH"])
def test_a_bad_length_is_refused(client: Client, length: str, method: str) -> None:
    reply = quick(lambda: raw(client, method, f"{CALENDAR}a.ics", ics(*MEETING).encode(), CONTENT_LENGTH=length))
    refused(reply)
    assert client.get(f"{CALENDAR}a.ics").status == HTTPStatus.NOT_FOUND


@over_sqlite
@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "REPORT", "PROPPATCH"])
def test_a_body_that_breaks_off_is_refused(client: Client, method: str) -> None:
    body = ics(*MEETING).encode()
    path = CALENDAR if method == "PROPPATCH" else f"{CALENDAR}a.ics"
    reply = quick(lambda: raw(client, method, path, body, CONTENT_LENGTH=str(len(body) + 1)))
    assert refused(reply).status == HTTPStatus.BAD_REQUEST
    assert client.get(f"{CALENDAR}a.ics").status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/calendar; charset=bogus", ics(*MEETING).encode(), 415),
        ("text/calendar; charset=zip", ics(*MEETING).encode(), 415),
        ("text/calendar; charset=", ics(*MEETING).encode(), 201),
        ('text/calendar; charset="utf-8"; component=VEVENT', ics(*MEETING).encode(), 201),
        ("text/calendar; charset=utf-16", ics(*MEETING).encode("utf-16"), 201),
        ("text/calendar; charset=iso-8859-1", ics("SUMMARY:é", *MEETING[1:]).encode("latin-1"), 201),
        ("text/calendar; charset=us-ascii", ics("SUMMARY:é", *MEETING[1:]).encode(), 400),
        ("text/calendar", ics("SUMMARY:é", *MEETING[1:]).encode("latin-1"), 400),
        ("text/calendar", ics("SUMMARY:\x00", *MEETING[1:]).encode(), 403),
        ("text/calendar", ics("SUMMARY:\x1b[0m", *MEETING[1:]).encode(), 403),
        ("text/calendar", ics("SUMMARY:x", *MEETING[1:]).encode().replace(b"x", b"\xed\xa0\x80"), 400),
        ("text/calendar; charset=utf-16", ics(*MEETING).encode("utf-16-le") + b"\x00\xd8", 400),
        ("text/calendar; charset=utf-7", ics("SUMMARY:+2AA-", *MEETING[1:]).encode(), 403),
        ("application/octet-stream", bytes(range(256)), 400),
        ("", ics(*MEETING).encode(), 201),
        ("text/calendar", b"", 403),
        ("text/vcard", vcf().encode(), 403),
    ],
)
def test_character_sets_and_broken_characters(client: Client, content_type: str, body: bytes, status: int) -> None:
    reply = quick(lambda: client.request("PUT", f"{CALENDAR}a.ics", body, {"Content-Type": content_type}))
    assert reply.status == status, reply.text
    if status >= 400:
        refused(reply)
        assert client.get(f"{CALENDAR}a.ics").status == HTTPStatus.NOT_FOUND


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
REMOTE = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'
QUERIES = {
    "PROPFIND": '<propfind xmlns="DAV:"><prop><displayname>{}</displayname></prop></propfind>',
    "PROPPATCH": '<propertyupdate xmlns="DAV:"><set><prop><displayname>{}</displayname></prop></set></propertyupdate>',
    "REPORT": '<sync-collection xmlns="DAV:"><sync-token>{}</sync-token><prop><getetag/></prop></sync-collection>',
}


LIMITED = '<sync-collection xmlns="DAV:"><sync-token/><limit><nresults>{}</nresults></limit><prop/></sync-collection>'


@over_sqlite
@pytest.mark.parametrize("method", list(QUERIES))
@pytest.mark.parametrize("head", [BOMB, EXTERNAL, REMOTE], ids=["bomb", "external", "remote"])
def test_entities_are_refused(client: Client, method: str, head: str) -> None:
    body = head + QUERIES[method].format("&j;")
    reply = quick(lambda: client.request(method, CALENDAR, body, {"Depth": "0"}))
    assert refused(reply).status == HTTPStatus.BAD_REQUEST
    assert "root:" not in reply.text


@over_sqlite
@pytest.mark.parametrize("method", list(QUERIES))
@pytest.mark.parametrize(
    "body",
    [
        b"<",
        b"<a><b></a>",
        b"\x00",
        b"<a xmlns='x' xmlns='y'/>",
        b"<x:a/>",
        b"\xff\xfe<\x00",
        b'<?xml version="1.0" encoding="bogus"?><a/>',
        b'<?xml version="1.0" encoding="utf-8"?><a>\xff</a>',
        b"{}",
        b"<a>" * 1000,
        b'<propfind xmlns="DAV:"/>trailing',
    ],
)
def test_malformed_xml_is_refused(client: Client, method: str, body: bytes) -> None:
    reply = quick(lambda: client.request(method, CALENDAR, body, {"Depth": "0"}))
    assert refused(reply).status == HTTPStatus.BAD_REQUEST


@over_sqlite
@pytest.mark.parametrize("method", list(QUERIES))
@pytest.mark.parametrize(
    "body",
    [
        "<a/>",
        '<propfind xmlns="DAV:"/>',
        '<propfind xmlns="DAV:"><prop/></propfind>',
        '<propertyupdate xmlns="DAV:"/>',
        '<propertyupdate xmlns="DAV:"><set/><remove/></propertyupdate>',
        '<sync-collection xmlns="DAV:"/>',
        LIMITED.format("-1"),
        LIMITED.format("9" * 20),
        LIMITED.format("x"),
        '<multistatus xmlns="DAV:"/>',
        "<a>" * 400 + "</a>" * 400,
        "<a>" * 20_000 + "</a>" * 20_000,
        '<propfind xmlns="DAV:"><prop>' + "".join(f"<a{i}/>" for i in range(5000)) + "</prop></propfind>",
        '<propfind xmlns="DAV:"><prop><a xmlns="\'&quot;&lt;"/></prop></propfind>',
        '<propfind xmlns="DAV:"><prop><a xmlns=""/></prop></propfind>',
    ],
)
def test_odd_xml_is_answered(client: Client, method: str, body: str) -> None:
    reply = quick(lambda: client.request(method, CALENDAR, body, {"Depth": "0"}))
    if reply.status == HTTPStatus.MULTI_STATUS:
        assert reply.xml.tag == "{DAV:}multistatus"
    else:
        refused(reply)


CAL = "urn:ietf:params:xml:ns:caldav"


def of_events(condition: str) -> str:
    return (
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f"{condition}</C:comp-filter></C:comp-filter></C:filter>"
    )


@over_sqlite
@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<C:filter/>",
        '<C:filter><C:comp-filter name="VEVENT"/></C:filter>',
        "<C:filter><C:comp-filter/></C:filter>",
        '<C:filter><C:comp-filter name="VCALENDAR"><C:time-range/></C:comp-filter></C:filter>',
        of_events('<C:time-range start="x" end="y"/>'),
        of_events('<C:time-range start="00010101T000000Z" end="99991231T235959Z"/>'),
        of_events('<C:time-range start="20270101T000000Z" end="20260101T000000Z"/>'),
        of_events('<C:prop-filter name="SUMMARY"><C:text-match collation="i;bogus">x</C:text-match></C:prop-filter>'),
        of_events('<C:prop-filter name="SUMMARY"><C:text-match>' + "x" * 100_000 + "</C:text-match></C:prop-filter>"),
        '<C:timezone>BEGIN:VCALENDAR</C:timezone><C:filter><C:comp-filter name="VCALENDAR"/></C:filter>',
        '<D:prop><C:calendar-data><C:expand start="x" end="y"/></C:calendar-data></D:prop>',
        '<D:prop><C:calendar-data content-type="text/html"/></D:prop>',
        '<D:prop><C:calendar-data version="9"/></D:prop>',
        "<D:href/>",
        "<D:href>http://[</D:href>",
        "<D:href>/dav/bob/activities/x.ics</D:href>",
        "<D:href>/dav/anna/activities/../../bob/activities/x.ics</D:href>",
        "<D:href>/dav/anna/activities/%00</D:href>",
        "<D:href>/dav/anna/activities/%ff</D:href>",
        "<D:href>/dav/anna/activities/kept.ics</D:href>" * 3000,
    ],
)
@pytest.mark.parametrize("name", ["calendar-query", "calendar-multiget", "free-busy-query", "addressbook-query"])
def test_odd_reports_are_answered(client: Client, name: str, inner: str) -> None:
    body = f'<C:{name} xmlns:C="{CAL}" xmlns:D="DAV:">{inner}</C:{name}>'
    reply = quick(lambda: client.request("REPORT", CALENDAR, body, {"Depth": "1"}))
    assert b"/dav/bob" not in reply.body.replace(b"<href>/dav/bob/activities/x.ics</href><status>HTTP/1.1 404", b"")
    if reply.status >= 400:
        refused(reply)


@over_sqlite
@pytest.mark.parametrize("depth", ["2", "-1", "abc", "infinity", "INFINITY", "", "0, 1", "1,noroot", "１"])
def test_odd_depths(client: Client, depth: str) -> None:
    reply = quick(lambda: client.request("PROPFIND", CALENDAR, "", {"Depth": depth}))
    if reply.status != HTTPStatus.MULTI_STATUS:
        assert refused(reply).status == HTTPStatus.BAD_REQUEST


@over_sqlite
@pytest.mark.parametrize("header", ['"', '"a', 'a"b', ",", "", " ", "a, b", 'W/"x', "\x00", "é", '"' * 1000])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_malformed_if_match_changes_nothing(client: Client, header: str, method: str) -> None:
    body = ics("SUMMARY:Other", *MEETING[1:], uid="kept")
    reply = quick(lambda: client.request(method, KEPT, body, {"If-Match": header}))
    assert reply.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.PRECONDITION_FAILED}
    refused(reply)


@over_sqlite
def test_large_bodies(client: Client) -> None:
    note = "DESCRIPTION:" + "x" * 1_100_000
    too_large = quick(lambda: client.put(f"{CALENDAR}a.ics", ics(*MEETING, note)))
    assert (too_large.status, too_large.xml[0].tag) == (403, f"{{{CAL}}}max-resource-size")
    card = quick(lambda: client.put(f"{BOOK}a.vcf", vcf("FN:x", "NOTE:" + "x" * 1_100_000)))
    assert (card.status, card.xml[0].tag) == (403, "{urn:ietf:params:xml:ns:carddav}max-resource-size")
    huge = b"x" * 10_000_001
    for method in ("PUT", "PROPFIND", "REPORT", "PROPPATCH"):
        path = CALENDAR if method == "PROPPATCH" else f"{CALENDAR}a.ics"
        reply = quick(lambda method=method, path=path: client.request(method, path, huge))
        assert reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        refused(reply)
    assert client.sync(CALENDAR)[1].hrefs() == [KEPT]


@pytest.mark.parametrize(
    "path",
    [
        "/dav/bob/activities/x.ics",
        "/dav/anna/activities/../../bob/activities/x.ics",
        "/dav/anna/../bob/activities/x.ics",
        "/dav//bob//activities//x.ics",
        "/dav/anna/%2e%2e/bob/x.ics",
        "/dav/../dav/bob/activities/x.ics",
        "/dav/bob",
        "/dav/anna/of-bob/x.ics",
        "/dav/anna/activities/a/b.ics",
        "/dav/anna/x.ics",
        "/dav/anna",
        "/dav/x.ics",
        "/dav/ANNA/activities/x.ics",
        "/dav/anna/activities/" + "x" * 1001,
        "/dav/anna/activities/" + "ā" * 600,
        "/dav/anna/activities/a\nb.ics",
        "/dav/anna/activities/a\x7fb.ics",
        "/dav/anna/activities/a\x00b.ics",
        "/dav/anna/activities/a\u202eb.ics",
        "/dav/anna/contacts/../../../etc/passwd",
        "/dav/anna/activities/..",
    ],
)
def test_paths_lead_nowhere_else(office: Office, client: Client, path: str) -> None:
    for method in ("PUT", "GET", "DELETE", "PROPFIND", "REPORT", "PROPPATCH"):
        if method in {"GET", "PROPFIND"} and path in {"/dav/anna", "/dav/anna/activities/.."}:
            continue
        body = ics(*MEETING, uid="x") if method == "PUT" else ""
        reply = quick(lambda method=method, body=body: client.request(method, path, body, {"Depth": "0"}))
        refused(reply)
    assert office.client("bob").sync("/dav/bob/activities/")[1].hrefs() == []
    assert client.sync(CALENDAR)[1].hrefs() == [KEPT]


@over_sqlite
@pytest.mark.parametrize("path", ["/dav/anna/activities/\xff.ics", "/dav/\xed\xa0\x80/", "/dav/anna/\xc0\xaf"])
def test_a_path_that_is_no_utf_8_is_refused(client: Client, path: str) -> None:
    for method in ("GET", "PUT", "PROPFIND", "OPTIONS"):
        reply = quick(lambda method=method: raw(client, method, path))
        assert refused(reply).status == HTTPStatus.BAD_REQUEST


@over_sqlite
@pytest.mark.parametrize("method", ["FOO", "TRACE", "CONNECT", "PATCH", "LOCK", "COPY", "get", "__init__", ""])
def test_unknown_methods_are_not_allowed(client: Client, method: str) -> None:
    reply = quick(lambda: raw(client, method, KEPT))
    assert reply.status in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.OK}
    assert (reply.status == HTTPStatus.OK) is (method == "get")


def rule(text: str, *more: str) -> str:
    return ics(*MEETING, f"RRULE:{text}", *more)


OBJECTS: dict[str, tuple[str, int]] = {
    "no component": ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", 403),
    "two calendars": (ics(*MEETING, uid="a") + ics(*MEETING, uid="a"), 403),
    "two UIDs": (ics(*MEETING, "END:VEVENT", "BEGIN:VEVENT", "UID:other", *MEETING, uid="a"), 403),
    "the same twice": (ics(*MEETING, "END:VEVENT", "BEGIN:VEVENT", "UID:a", *MEETING, uid="a"), 403),
    "event and task": (ics(*MEETING, "END:VEVENT", "BEGIN:VTODO", "UID:a", "END:VTODO", "BEGIN:VEVENT", uid="a"), 403),
    "no UID": (ics(*MEETING).replace("UID:one@example.com\r\n", ""), 201),
    "empty UID": (ics(*MEETING, uid=""), 201),
    "UID of 2000 octets": (ics(*MEETING, uid="u" * 2000), 403),
    "the UID of another": (ics(*MEETING, uid="kept"), 409),
    "no DTSTART": (ics("SUMMARY:x"), 403),
    "a month of 13": (ics("DTSTART:20261301T100000Z"), 403),
    "year 0001": (ics("DTSTART:00010101T000000Z", "DTEND:00010101T010000Z"), 201),
    "year 9999": (ics("DTSTART:99991231T230000Z", "DTEND:99991231T235959Z"), 201),
    "a date of 9999": (ics("DTSTART;VALUE=DATE:99991231"), 201),
    "a zone at the end of time": (ics("DTSTART;TZID=Pacific/Kiritimati:00010101T000000"), 201),
    "a zone at the other end": (ics("DTSTART;TZID=America/Los_Angeles:99991231T235959", "DURATION:P9999D"), 201),
    "an endless duration": (ics("DTSTART:20261201T100000Z", "DURATION:P999999999999D"), 403),
    "an end before the start": (ics("DTSTART:20261201T100000Z", "DTEND:20251201T100000Z"), 201),
    "COUNT of a thousand million": (rule("FREQ=DAILY;COUNT=1000000000"), 403),
    "COUNT beyond counting": (rule("FREQ=DAILY;COUNT=99999999999999999999999"), 403),
    "COUNT of nothing": (rule("FREQ=DAILY;COUNT=0"), 403),
    "every second for ever": (rule("FREQ=SECONDLY"), 403),
    "every minute of odd days": (rule("FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=2"), 403),
    "the 30th of February": (rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), 201),
    "every second with all parts": (
        rule("FREQ=SECONDLY;BYSECOND=59;BYMINUTE=59;BYHOUR=23;BYMONTHDAY=29;BYMONTH=2"),
        403,
    ),
    "INTERVAL of nothing": (rule("FREQ=DAILY;INTERVAL=0"), 403),
    "an enormous INTERVAL": (rule("FREQ=YEARLY;INTERVAL=999999999"), 201),
    "no FREQ": (rule("COUNT=2"), 403),
    "a FREQ of its own": (rule("FREQ=FORTNIGHTLY"), 403),
    "a thousand positions": (rule("FREQ=YEARLY;BYYEARDAY=" + ",".join(map(str, range(1, 367))) + ";BYSETPOS=-1"), 201),
    "a thousand rules": (ics(*MEETING, *["RRULE:FREQ=SECONDLY"] * 1000), 403),
    "ten thousand dates": (ics(*MEETING, "RDATE:" + ",".join(["20261201T100000Z"] * 10_000)), 201),
    "more dates": (ics(*MEETING, "EXDATE:" + ",".join(["20261201T100000Z"] * 50_000)), 403),
    "an unknown TZID": (ics("DTSTART;TZID=Nowhere/Land:20261201T100000"), 201),
    "a TZID of paths": (ics("DTSTART;TZID=../../etc/passwd:20261201T100000"), 201),
    "a very long TZID": (ics(f"DTSTART;TZID={'x' * 10_000}:20261201T100000"), 201),
    "BEGIN without END": (ics(*MEETING, "BEGIN:VALARM"), 403),
    "END without BEGIN": (ics(*MEETING, "END:VALARM"), 403),
    "nested deeply": (ics(*MEETING, *["BEGIN:X-A"] * 500, *["END:X-A"] * 500), 403),
    "a line without a colon": (ics(*MEETING, "no property at all"), 201),
    "a line that is all quotes": (ics(*MEETING, 'X-A;B="' + '"' * 5000 + ":x"), 201),
    "an unknown version": (ics(*MEETING).replace("VERSION:2.0", "VERSION:9.9"), 201),
    "a journal": (ics("SUMMARY:x", "DTSTART:20261201T100000Z", kind="VJOURNAL"), 403),
    "a task": (ics("SUMMARY:x", kind="VTODO"), 403),
    "an alarm without a trigger": (ics(*MEETING, "BEGIN:VALARM", "ACTION:DISPLAY", "END:VALARM"), 201),
    "a trigger of nonsense": (ics(*MEETING, "BEGIN:VALARM", "TRIGGER:soon", "END:VALARM"), 201),
    "a sequence of nonsense": (ics(*MEETING, "SEQUENCE:many", "PERCENT-COMPLETE:-5", "PRIORITY:high"), 201),
    "an enormous sequence": (ics(*MEETING, "SEQUENCE:99999999999999999999"), 201),
    "ids of nothing": (ics(*MEETING, "X-CRM-DEAL:99999999999999999999", "X-CRM-PERSON:-1", "X-CRM-ORG:x"), 201),
    "an unknown type": (ics(*MEETING, "X-CRM-TYPE:'; DROP TABLE activities; --", "CATEGORIES:"), 201),
    "a very long summary": (ics("SUMMARY:" + "š" * 100_000, *MEETING[1:]), 201),
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_odd_calendar_objects(client: Client, name: str) -> None:
    body, status = OBJECTS[name]
    path = f"{CALENDAR}odd.ics"
    reply = quick(lambda: client.put(path, body))
    assert reply.status == status, reply.text
    if status >= 400:
        refused(reply)
        assert client.sync(CALENDAR)[1].hrefs() == [KEPT]
        return
    assert sorted(client.sync(CALENDAR)[1].hrefs()) == [KEPT, path]
    check_reports(client, path)
    edited = client.get(path)
    assert quick(lambda: client.put(path, edited.text, If_Match=edited.etag)).status == HTTPStatus.NO_CONTENT
    assert quick(lambda: client.delete(path)).status == HTTPStatus.NO_CONTENT


def check_reports(client: Client, path: str) -> None:
    """What was stored disturbs no report, and expanding it takes no longer than anything else."""
    span = 'start="20261101T000000Z" end="20270101T000000Z"'
    for data in ("<C:calendar-data/>", f"<C:calendar-data><C:expand {span}/></C:calendar-data>"):
        query = (
            f'<C:calendar-query xmlns:C="{CAL}" xmlns:D="DAV:"><D:prop><D:getetag/>{data}</D:prop><C:filter>'
            f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range {span}/></C:comp-filter>'
            "</C:comp-filter></C:filter></C:calendar-query>"
        )
        reply = client.request("REPORT", CALENDAR, query, {"Depth": "1"})
        assert reply.status < 500, reply.text
        assert reply.status != HTTPStatus.MULTI_STATUS or KEPT in reply.hrefs()
    busy = f'<C:free-busy-query xmlns:C="{CAL}"><C:time-range {span}/></C:free-busy-query>'
    answer = client.request("REPORT", CALENDAR, busy, {"Depth": "1"})
    assert answer.status < 500, answer.text
    assert path in client.propfind(CALENDAR, "getetag", "getcontenttype", depth="1").hrefs()


CARDS: dict[str, tuple[str, int]] = {
    "nothing": ("", 403),
    "two cards": (vcf(uid="a") + vcf(uid="b"), 403),
    "a calendar": (ics(*MEETING), 403),
    "no FN": (vcf("N:Ozola;Ilze;;;"), 201),
    "nobody": (vcf("NOTE:x"), 403),
    "no UID": (vcf().replace("UID:card-1\r\n", ""), 201),
    "UID of 2000 octets": (vcf(uid="u" * 2000), 403),
    "version 9": (vcf(version="9.0"), 403),
    "version 2.1": (vcf(version="2.1"), 201),
    "NUL": (vcf("FN:a\x00b"), 403),
    "a photo that is none": (vcf("FN:x", "PHOTO;ENCODING=b;TYPE=JPEG:AAAA"), 201),
    "a photo that is no base64": (vcf("FN:x", "PHOTO;ENCODING=b;TYPE=JPEG:***"), 201),
    "a photo elsewhere": (vcf("FN:x", "PHOTO;VALUE=uri:file:///etc/passwd"), 201),
    "a birthday of nonsense": (vcf("FN:x", "BDAY:yesterday", "REV:tomorrow"), 201),
    "many parts": (vcf("FN:x", "N:" + ";" * 10_000, "ADR:" + ";" * 10_000), 201),
    "a thousand addresses": (vcf("FN:x", *[f"EMAIL:a{i}@example.com" for i in range(1000)]), 201),
    "a very long name": (vcf("FN:" + "š" * 100_000), 201),
    "a group of itself": (
        vcf("FN:G", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:card-1"),
        201,
    ),
    "an unclosed card": ("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n", 403),
    "a card in a card": (vcf("FN:x", "BEGIN:VCARD", "VERSION:3.0", "FN:y", "END:VCARD"), 201),
}


@pytest.mark.parametrize("name", list(CARDS))
def test_odd_cards(client: Client, name: str) -> None:
    body, status = CARDS[name]
    path = f"{BOOK}odd.vcf"
    reply = quick(lambda: client.put(path, body))
    assert reply.status == status, reply.text
    if status >= 400:
        refused(reply)
        assert client.sync(BOOK)[1].hrefs() == []
        return
    assert client.sync(BOOK)[1].hrefs() == [path]
    again = client.get(path)
    assert quick(lambda: client.put(path, again.text, If_Match=again.etag)).status == HTTPStatus.NO_CONTENT
    assert quick(lambda: client.delete(path)).status == HTTPStatus.NO_CONTENT


@pytest.mark.parametrize(
    "prop",
    [
        "<D:displayname>" + "x" * 20_000 + "</D:displayname>",
        "".join(f"<a{i} xmlns='u'>x</a{i}>" for i in range(200)),
        "<D:getetag>x</D:getetag>",
        "<D:resourcetype/>",
        "<C:supported-calendar-component-set xmlns:C='urn:ietf:params:xml:ns:caldav'/>",
        "<D:sync-token>x</D:sync-token>",
    ],
)
def test_properties_that_cannot_be_set(client: Client, prop: str) -> None:
    before = client.propfind(CALENDAR, "displayname", "resourcetype").body
    body = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{prop}</D:prop></D:set></D:propertyupdate>'
    refused(quick(lambda: client.request("PROPPATCH", CALENDAR, body)))
    assert client.propfind(CALENDAR, "displayname", "resourcetype").body == before
    refused(quick(lambda: client.request("PROPPATCH", KEPT, body)))
    refused(quick(lambda: client.request("PROPPATCH", "/dav/anna/", body)))
