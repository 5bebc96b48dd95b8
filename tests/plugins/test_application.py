"""The application beyond what single clients show: MOVE, conditional GET, reports, errors, names, odd texts."""

import base64
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import pytest

from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.store.database import Database
from plugins.application import DavOptions
from tests.harness import CRM, Client, Office, ics, vcf

CALENDAR, TASKS, BOOK = "/dav/anna/activities/", "/dav/anna/tasks/", "/dav/anna/contacts/"
DAV, CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
MEETING = ("SUMMARY:Meeting", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna")
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    return office


@pytest.fixture
def client(office: Office) -> Client:
    return office.client("anna")


def move(client: Client, source: str, goal: str, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = client.request("MOVE", source, headers={"Host": "127.0.0.1:8080", "Destination": goal, **named})
    return reply.status, reply.text


# What is moved


def test_a_resource_gets_another_name(client: Client) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING))
    first = client.get(f"{CALENDAR}a.ics")
    token, _ = client.sync(CALENDAR)
    new = f"{CALENDAR}b; c?d#e.ics"
    assert move(client, f"{CALENDAR}a.ics", f"http://127.0.0.1:8080{quote(new)}")[0] == HTTPStatus.CREATED
    assert client.get(f"{CALENDAR}a.ics").status == HTTPStatus.NOT_FOUND
    assert (client.get(new).text, client.get(new).etag) == (first.text, first.etag)
    _, changes = client.sync(CALENDAR, token)
    assert changes.gone() == [f"{CALENDAR}a.ics"]
    assert changes.hrefs() == [quote(new)]


def test_a_move_replaces_only_when_it_may(office: Office, client: Client) -> None:
    client.put(f"{CALENDAR}a.ics", ics("SUMMARY:A", *MEETING[1:], uid="a"))
    client.put(f"{CALENDAR}b.ics", ics("SUMMARY:B", *MEETING[1:], uid="b"))
    stale = move(client, f"{CALENDAR}a.ics", f"{CALENDAR}b.ics", If_Match='"old"')
    assert stale[0] == HTTPStatus.PRECONDITION_FAILED
    assert move(client, f"{CALENDAR}a.ics", f"{CALENDAR}b.ics", Overwrite="F")[0] == HTTPStatus.PRECONDITION_FAILED
    assert "SUMMARY:B" in client.get(f"{CALENDAR}b.ics").text
    assert move(client, f"{CALENDAR}a.ics", f"{CALENDAR}b.ics", Overwrite="T")[0] == HTTPStatus.NO_CONTENT
    assert "SUMMARY:A" in client.get(f"{CALENDAR}b.ics").text
    owned = office.activities.owned_by(office.principals.find("anna").id)
    assert [activity.subject for activity in owned if not activity.deleted] == ["A"]


@pytest.mark.parametrize(
    ("goal", "status", "reason"),
    [
        (f"{TASKS}a.ics", 403, "supported-calendar-component"),
        (f"{BOOK}a.ics", 403, "supported-address-data"),
        ("/dav/anna/none/a.ics", 409, "no such collection"),
        ("/dav/bob/activities/a.ics", 403, ""),
        (CALENDAR, 403, "name of a resource"),
        ("/dav/anna/", 403, "name of a resource"),
        ("/elsewhere/a.ics", 403, "outside"),
        (f"{CALENDAR}../../bob/a.ics", 403, "outside"),
        (f"{CALENDAR}x%2Fy.ics", 400, "slash"),
        (f"{CALENDAR}%00.ics", 400, "control"),
        (f"{CALENDAR}%ff.ics", 400, "malformed"),
        ("http://[bad/a.ics", 400, "malformed"),
        (f"http://other.example{CALENDAR}a.ics", 403, "another server"),
        ("", 403, "outside"),
    ],
)
def test_a_move_to_where_it_does_not_fit_is_refused(client: Client, goal: str, status: int, reason: str) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING))
    before = client.get(f"{CALENDAR}a.ics").text
    answered, text = move(client, f"{CALENDAR}a.ics", goal)
    assert answered == status
    assert reason in text
    assert client.get(f"{CALENDAR}a.ics").text == before
    assert client.sync(BOOK)[1].hrefs() == client.sync(TASKS)[1].hrefs() == []


def test_a_collection_does_not_move(client: Client) -> None:
    assert move(client, CALENDAR, "/dav/anna/other/")[0] == HTTPStatus.FORBIDDEN
    assert move(client, f"{CALENDAR}none.ics", f"{CALENDAR}b.ics")[0] == HTTPStatus.NOT_FOUND


# What is fetched


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
def test_a_get_of_what_the_client_has_is_304(client: Client, known: str) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING))
    etag = client.get(f"{CALENDAR}a.ics").etag
    reply = client.get(f"{CALENDAR}a.ics", If_None_Match=known.format(etag))
    assert (reply.status, reply.body, reply.etag) == (304, b"", etag)
    assert client.get(f"{CALENDAR}a.ics", If_None_Match='"other"').status == HTTPStatus.OK


def test_a_whole_collection_comes_as_one_file(client: Client) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING, uid="a"))
    client.put(f"{CALENDAR}b.ics", ics(*MEETING, "RECURRENCE-ID:20261201T100000Z", uid="b"))
    client.put(f"{BOOK}c.vcf", vcf(uid="c"))
    whole = client.get(CALENDAR)
    assert whole.text.count("BEGIN:VCALENDAR") == 1
    assert {"UID:a\r", "UID:b\r"} <= set(whole.text.split("\n"))
    assert client.get(CALENDAR, If_None_Match=whole.etag).status == HTTPStatus.NOT_MODIFIED
    assert "UID:c\r\n" in client.get(BOOK).text
    head = client.request("HEAD", f"{BOOK}c.vcf")
    assert (head.status, head.body, head.etag) == (200, b"", client.get(f"{BOOK}c.vcf").etag)


@pytest.mark.parametrize("path", ["/dav/", "/dav/.web", "/dav/.web/x", "/dav/.mobileconfig", "/dav/.sharing/v1"])
def test_radicales_own_pages_are_not_there(client: Client, path: str) -> None:
    assert client.get(path).status == HTTPStatus.NOT_FOUND


# What is announced


@pytest.mark.parametrize(
    "body",
    ['<x xmlns="urn:x"/>', '<A:acl-principal-prop-set xmlns:A="DAV:"/>', '<A:version-tree xmlns:A="DAV:"/>'],
)
@pytest.mark.parametrize("path", [CALENDAR, BOOK, "/dav/anna/", "/dav/"])
def test_a_report_that_is_not_answered_is_refused(client: Client, path: str, body: str) -> None:
    reply = client.request("REPORT", path, body)
    assert reply.status == HTTPStatus.FORBIDDEN
    assert reply.xml[0].tag == f"{DAV}supported-report"


# Texts as they are


@pytest.mark.parametrize(
    "line",
    [
        "LOCATION:Brīvības iela 1, Rīga",
        "X-ODD:a;b;c",
        "X-APPLE-STRUCTURED-LOCATION:geo:50.85,4.35",
        "X-BLOB;VALUE=BINARY;ENCODING=BASE64:AAECAwQ=",
        'X-Q;P="a:b;c,d";E=^n^^:x',
        "x-small;lower=case:Value",
        "COMMENT:back\\slash \\x and \\\\n",
        "RDATE:",
    ],
)
def test_a_line_comes_back_as_it_was_sent(client: Client, line: str) -> None:
    assert client.put(f"{CALENDAR}a.ics", ics(*MEETING, line)).status == HTTPStatus.CREATED
    first = client.get(f"{CALENDAR}a.ics")
    assert line in first.text.split("\r\n")
    client.put(f"{CALENDAR}a.ics", first.text.replace("SUMMARY:Meeting", "SUMMARY:Other"), If_Match=first.etag)
    assert line in client.get(f"{CALENDAR}a.ics").text.split("\r\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_marks_and_line_ends(client: Client, end: str, mark: str) -> None:
    """D17: also a line that is folded within a character, as some libraries do."""
    folded = "DESCRIPTION:Ķirš\r\n u koks\r\n \tun vēl"
    body = (mark + ics(*MEETING, folded).replace("\r\n", end)).encode()
    assert client.put(f"{CALENDAR}a.ics", body).status == HTTPStatus.CREATED
    text = client.get(f"{CALENDAR}a.ics").text
    assert not text.startswith("\ufeff")
    assert folded in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")


def test_long_texts_of_the_crm_are_folded(office: Office, client: Client) -> None:
    """D17: at 75 octets, and never within a character."""
    user = office.principals.find("anna")
    subject = "Ķēžu zāģis – наши встречи 🗓 " * 10
    made = office.activities.create(CRM, Activity("", user.id, subject, "call", due_date=office.clock.now().date()))
    octets = client.get(f"{CALENDAR}{made.uid}.ics").body
    assert all(len(line) <= 75 and line.decode() is not None for line in octets.split(b"\r\n"))
    assert f"SUMMARY:{subject}" in octets.decode().replace("\r\n ", "")


# Names of every kind


@pytest.mark.parametrize(
    "name",
    [
        "a:b.ics",
        "it's.ics",
        "a@b.ics",
        "a b .ics",
        "50%.ics",
        "%41.ics",
        "šķ.ics",
        "a+b&c=d.ics",
        "~x.ics",
        "a",
        "ä.ICS",
    ],
)
def test_names_of_every_kind(client: Client, name: str) -> None:
    path = CALENDAR + name
    assert client.put(path, ics(*MEETING)).status == HTTPStatus.CREATED
    (href,) = client.sync(CALENDAR)[1].hrefs()
    assert href == CALENDAR + quote(name)
    assert client.propfind(path, "getetag").hrefs() == [href]
    assert href in client.propfind(CALENDAR, "getetag", "resourcetype", depth="1").hrefs()
    body = (
        '<C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/></D:prop>'
        f"<D:href>{href}</D:href></C:calendar-multiget>"
    )
    assert client.request("REPORT", CALENDAR, body).hrefs() == [href]
    assert client.delete(path).status == HTTPStatus.NO_CONTENT


# Around Radicale


def test_a_login_that_begins_like_the_prefix_works_behind_a_proxy(office: Office) -> None:
    """Radicale would cut “/dav” off “/dave/…” a second time."""
    office.user("dave")
    dave = office.client("dave")
    forwarded = {"X-Forwarded-Host": "dav.example.com", "X-Forwarded-Proto": "https"}
    reply = dave.request("PUT", "/dav/dave/activities/a.ics", ics(*MEETING), forwarded)
    assert reply.status == HTTPStatus.CREATED
    assert dave.request("GET", "/dav/dave/activities/a.ics", headers=forwarded).status == HTTPStatus.OK


def test_a_query_changes_nothing(client: Client) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING))
    environ_path = client.request("GET", CALENDAR)
    client.application = _with_query(client.application, "view=freebusy&start=x")
    reply = client.request("GET", CALENDAR)
    assert (reply.status, reply.body) == (200, environ_path.body)
    assert client.request("PROPFIND", CALENDAR, headers={"Depth": "0"}).status == HTTPStatus.MULTI_STATUS


def _with_query(application, query: str):  # type: ignore[no-untyped-def]
    return lambda environ, start_response: application({**environ, "QUERY_STRING": query}, start_response)


def test_an_address_signs_in_and_a_login_too(office: Office) -> None:
    """RFC 6764 6: clients try the e-mail address first."""
    _, password = office.devices.add("anna", "Phone")
    for login in ("anna", "anna@example.com"):
        reply = Client(office.wsgi(), login, password).propfind("/dav/", "current-user-principal")
        assert reply.xml.findtext(f".//{DAV}current-user-principal/{DAV}href") == "/dav/anna/"


def test_an_object_that_is_too_large_names_the_limit(office: Office) -> None:
    """D14: 403 with max-resource-size for an object, 413 for a body that is not read at all."""
    client = office.client("anna", options=DavOptions(max_body=2_000_000))
    note = "DESCRIPTION:" + "x" * 1_100_000
    reply = client.put(f"{CALENDAR}a.ics", ics(*MEETING, note))
    assert (reply.status, reply.xml[0].tag) == (403, f"{CALDAV}max-resource-size")
    assert client.put(f"{CALENDAR}a.ics", ics(*MEETING, note * 2)).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert client.sync(CALENDAR)[1].hrefs() == []


def test_another_users_home_is_not_shown(office: Office, client: Client) -> None:
    office.user("bob")
    office.client("bob").put("/dav/bob/activities/a.ics", ics(*MEETING))
    for method in ("GET", "PROPFIND", "PUT", "DELETE", "REPORT", "PROPPATCH", "MOVE", "MKCOL"):
        for path in ("/dav/bob/", "/dav/bob/activities/", "/dav/bob/activities/a.ics", "/dav/anna/../bob/activities/"):
            reply = client.request(method, path, ics(*MEETING) if method == "PUT" else "", {"Depth": "1"})
            assert reply.status in {403, 404}, (method, path)
            assert b"Meeting" not in reply.body
    assert "SUMMARY:Meeting" in office.client("bob").get("/dav/bob/activities/a.ics").text


def test_a_stranger_signs_in_before_anything_is_told_of_a_destination(client: Client) -> None:
    client.put(f"{CALENDAR}a.ics", ics(*MEETING))
    stranger = Client(client.application)
    for goal in ("/elsewhere/b.ics", f"{CALENDAR}b.ics", "http://other.example.com/b.ics", "http://[", ""):
        reply = stranger.request("MOVE", f"{CALENDAR}a.ics", headers={"Destination": goal})
        assert reply.status == 401, goal
        assert "WWW-Authenticate" in reply.headers


# Stale events


def test_a_stale_event_without_if_match_is_merged(office: Office, client: Client) -> None:
    user = office.principals.find("anna")
    made = office.activities.create(
        CRM, Activity("a-1", user.id, "Call Ilze", "call", due_date=office.clock.now().date())
    )
    path = f"{CALENDAR}a-1.ics"
    known = client.get(path).text
    office.clock.advance(timedelta(minutes=1))
    office.activities.change(CRM, made.id, lambda found: replace(found, location="Rīga"))
    assert client.put(path, known.replace("SUMMARY:Call Ilze", "SUMMARY:Call Ilze Ozola")).status == 204
    after = office.activities.get(made.id)
    assert (after.subject, after.location) == ("Call Ilze Ozola", "Rīga")
    served = client.get(path).text
    assert "LOCATION:Rīga\r\n" in served
    assert "SUMMARY:Call Ilze Ozola\r\n" in served


# Cards of other versions


def test_a_logo_and_a_sound_of_version_4_are_kept(client: Client) -> None:
    data = base64.b64encode(bytes(range(256))).decode()
    body = vcf("FN:Ilze", f"LOGO:data:image/png;base64,{data}", "X-AFTER:x", version="4.0")
    assert client.put(f"{BOOK}a.vcf", body).status == HTTPStatus.CREATED
    served = client.get(f"{BOOK}a.vcf").text.replace("\r\n ", "")
    assert data in served
    assert "X-AFTER:x\r\n" in served
