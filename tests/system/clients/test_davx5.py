"""DAVx5: asks the principal for its services, lets the server win, keeps what it does not know."""

import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.activity import Activity
from bridge.core.person import Person
from bridge.core.user import User
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, ics, vcf
from tests.system.clients.xml import CALDAV, CARDDAV, DAV, ask, found, names_in, propfind

AGENT = "DAVx5/4.4.9-ose (dav4jvm; okhttp/4.12.0) Android/15"
HOME, CALENDAR, BOOK = "/dav/anna/", "/dav/anna/activities/", "/dav/anna/contacts/"


@pytest.fixture
def davx5(office: Office) -> Client:
    return office.client("anna", user_agent=AGENT)


@pytest.mark.parametrize(("service", "home"), [("carddav", "card:addressbook"), ("caldav", "cal:calendar")])
def test_it_finds_each_service(davx5: Client, service: str, home: str) -> None:
    """D6, D10: the principal says by OPTIONS what it offers, has one home, and the user's address names the account."""
    assert davx5.request("PROPFIND", f"/.well-known/{service}", "", {"Depth": "0"}).headers["Location"] == "/dav/"
    props = f"d:resourcetype d:displayname {home}-home-set d:current-user-principal"
    (principal,) = found(propfind(davx5, "/dav/", props), f"{DAV}current-user-principal").values()
    assert principal == HOME
    offered = davx5.request("OPTIONS", principal).headers["DAV"].split(", ")
    assert {"addressbook", "calendar-access"} <= set(offered)
    reply = propfind(
        davx5, principal, f"{home}-home-set cal:calendar-user-address-set d:displayname d:group-membership"
    )
    prefix = CARDDAV if service == "carddav" else CALDAV
    assert found(reply, f"{prefix}{home.partition(':')[2]}-home-set") == {HOME: HOME}
    assert found(reply, f"{CALDAV}calendar-user-address-set") == {HOME: "mailto:anna@example.com"}


def test_it_lists_collections_and_their_privileges(office: Office, davx5: Client) -> None:
    """D12: a colleague's calendar is read-only, one's own can be written; no collection can be added to the home."""
    office.principals.choose_colleagues("anna", ["bob"])
    props = (
        "d:resourcetype d:displayname d:current-user-privilege-set d:owner cal:calendar-description "
        "ical:calendar-color cal:calendar-timezone cal:supported-calendar-component-set card:addressbook-description "
        "card:supported-address-data cs:source d:supported-report-set cal:max-resource-size card:max-resource-size"
    )
    listed = propfind(davx5, HOME, props, "1")
    writes = {f"{DAV}write", f"{DAV}write-content", f"{DAV}all"}
    held = {href: names_in(listed, f"{DAV}current-user-privilege-set", href) for href in listed.hrefs()}
    assert {href: bool(names & writes) for href, names in held.items()} == {
        HOME: False,
        CALENDAR: True,
        BOOK: True,
        "/dav/anna/of-bob/": False,
    }
    versions = [kind.get("version") for kind in listed.xml.iter(f"{CARDDAV}address-data-type")]
    assert versions == ["3.0"], "D2"


def test_a_new_event_is_fetched_again_and_then_known(davx5: Client) -> None:
    """D5, D9: no entity tag after the first PUT; the tag of a PROPFIND is the one that If-Match takes."""
    href = f"{CALENDAR}5f1e0a2c-6f0f-4f39-bd0c-0a5a7d1f2a11.ics"
    body = ics("SUMMARY:Zvans", "DTSTART:20261201T100000Z", "DURATION:PT30M", "COLOR:tomato", "PRIORITY:0", uid="5f1e")
    created = davx5.put(href, body, If_None_Match="*")
    assert (created.status, created.etag) == (201, "")
    etag = found(propfind(davx5, href, "d:getetag"), f"{DAV}getetag")[href]
    assert etag == davx5.get(href).etag
    text = davx5.get(href).text
    assert davx5.put(href, text.replace("DURATION:PT30M", "DURATION:PT45M"), If_Match=etag).etag
    assert davx5.put(href, body, If_None_Match="*").status == 412


def test_the_server_wins_a_conflict(database: Database) -> None:
    """A stale If-Match gets 412 and nothing is written; DAVx5 then fetches what is there."""
    office = Office(database)
    anna = office.user("anna")
    davx5 = office.client("anna", user_agent=AGENT)
    made = office.activities.create(CRM, Activity("a-1", anna.id, "Call Ilze", due_date=office.clock.now().date()))
    href = f"{CALENDAR}a-1.ics"
    known = davx5.get(href)
    office.clock.advance(timedelta(minutes=1))
    office.activities.change(CRM, made.id, lambda activity: replace(activity, subject="Call Ilze Ozola"))
    token, _ = davx5.sync(CALENDAR)
    stale = davx5.put(href, known.text.replace("SUMMARY:Call Ilze", "SUMMARY:Mine"), If_Match=known.etag)
    assert stale.status == 412
    assert "changed" in stale.text
    assert "SUMMARY:Call Ilze Ozola\r\n" in davx5.get(href).text
    assert davx5.sync(CALENDAR, token)[1].hrefs() == []


def test_unknown_properties_and_parameters_survive_its_edit(davx5: Client) -> None:
    """D11: another client's properties come back byte for byte beside the changed summary."""
    lines = (
        "DTSTART;TZID=Europe/Riga:20261201T100000",
        "DTEND;TZID=Europe/Riga:20261201T110000",
        "GEO:56.95;24.11",
        "X-EVOLUTION-CALDAV-ETAG:123",
        'ATTENDEE;CN="Ozola, Ilze";PARTSTAT=ACCEPTED;X-NUM-GUESTS=2:mailto:ilze@example.com',
        "ORGANIZER;CN=Anna:mailto:anna@example.com",
        "CONFERENCE;VALUE=URI;FEATURE=AUDIO;LABEL=Dial in:tel:+37160000000",
        "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:dGV4dA==",
        "RELATED-TO;RELTYPE=SIBLING:other@example.com",
        'X-UNKNOWN;X-P=a,b;X-Q="c;d":e\\,f;g',
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    )
    href = f"{CALENDAR}k.ics"
    davx5.put(href, ics("SUMMARY:One", *lines, uid="k"), If_None_Match="*")
    first = davx5.get(href)
    davx5.put(href, first.text.replace("SUMMARY:One", "SUMMARY:Two"), If_Match=first.etag)
    served = davx5.get(href).text.replace("\r\n ", "").split("\r\n")
    assert "SUMMARY:Two" in served
    assert [line for line in served if line in lines] == list(lines)


def test_what_the_user_clears_is_cleared(office: Office, anna: User, davx5: Client) -> None:
    """D11: an empty field is a statement, unlike the labels, which it leaves out with group cards."""
    davx5.put(
        f"{CALENDAR}c.ics",
        ics("SUMMARY:Lunch", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", "LOCATION:Here", "DESCRIPTION:Text"),
    )
    first = davx5.get(f"{CALENDAR}c.ics")
    lines = [line for line in first.text.split("\r\n") if not line.startswith(("LOCATION", "DESCRIPTION"))]
    assert davx5.put(f"{CALENDAR}c.ics", "\r\n".join(lines), If_Match=first.etag).status == 204
    (activity,) = office.activities.owned_by(anna.id)
    assert (activity.location, activity.public_description) == ("", "")
    ilze = office.contacts.create_person(CRM, Person("p-1", anna.id, "Ilze", labels=("VIP",), job_title="Director"))
    card = davx5.get(f"{BOOK}p-1.vcf")
    lines = [line for line in card.text.split("\r\n") if not line.startswith(("TITLE", "CATEGORIES"))]
    assert davx5.put(f"{BOOK}p-1.vcf", "\r\n".join(lines), If_Match=card.etag).status == 204
    person = office.contacts.person(ilze.id)
    assert (person.job_title, person.labels) == ("", ("VIP",))


def test_a_restricted_window_and_pages_of_changes(davx5: Client) -> None:
    """D13, D20: calendar-query by time, and sync-collection in pages that end with 507."""
    for day in range(1, 8):
        body = ics("SUMMARY:x", f"DTSTART:2026120{day}T100000Z", f"DTEND:2026120{day}T110000Z", uid=f"e{day}")
        assert davx5.put(f"{CALENDAR}e{day}.ics", body).status == 201
    query = ask(
        davx5,
        "REPORT",
        CALENDAR,
        '<cal:calendar-query><d:prop><d:getetag/></d:prop><cal:filter><cal:comp-filter name="VCALENDAR">'
        '<cal:comp-filter name="VEVENT"><cal:time-range start="20261205T000000Z"/></cal:comp-filter></cal:comp-filter>'
        "</cal:filter></cal:calendar-query>",
        Depth="1",
    )
    assert sorted(query.hrefs()) == [f"{CALENDAR}e{day}.ics" for day in (5, 6, 7)]
    seen: list[str] = []
    token = ""
    for page in range(4):
        reply = ask(
            davx5,
            "REPORT",
            CALENDAR,
            f"<d:sync-collection><d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level><d:limit>"
            "<d:nresults>2</d:nresults></d:limit><d:prop><d:getetag/></d:prop></d:sync-collection>",
            Depth="0",
        )
        seen += reply.hrefs()
        token = reply.xml.findtext(f"{DAV}sync-token", "")
        full = any("507" in (status.text or "") for status in reply.xml.iter(f"{DAV}status"))
        assert full is (page < 3)
    assert seen == [f"{CALENDAR}e{day}.ics" for day in range(1, 8)]


def test_it_downloads_cards_as_version_3(davx5: Client) -> None:
    """D2: whatever was written, and whatever version it asks for."""
    davx5.put(f"{BOOK}a.vcf", vcf("FN:Ilze Ozola", "KIND:individual", uid="a", version="4.0"), If_None_Match="*")
    for wanted in ("<card:address-data/>", '<card:address-data content-type="text/vcard"/>'):
        reply = ask(
            davx5,
            "REPORT",
            BOOK,
            f"<card:addressbook-multiget><d:prop><d:getcontenttype/><d:getetag/>{wanted}</d:prop><d:href>{BOOK}a.vcf"
            "</d:href></card:addressbook-multiget>",
            Depth="0",
        )
        assert "VERSION:3.0\n" in found(reply, f"{CARDDAV}address-data")[f"{BOOK}a.vcf"]


def test_after_the_login_flow_everything_lies_below_one_address(davx5: Client) -> None:
    """D8: the flow hands over a server, to which DAVx5 adds Nextcloud's path; every href of an answer leads there."""
    root = "/remote.php/dav"
    (principal,) = found(
        propfind(davx5, f"{root}/", "d:current-user-principal"), f"{DAV}current-user-principal"
    ).values()
    assert principal == f"{root}/anna/"
    (home,) = found(propfind(davx5, principal, "cal:calendar-home-set"), f"{CALDAV}calendar-home-set").values()
    listed = propfind(davx5, home, "d:resourcetype d:displayname", "1")
    assert all(href.startswith(f"{root}/anna/") for href in listed.hrefs())
    calendar = f"{root}/anna/activities/"
    assert calendar in listed.hrefs()
    assert davx5.put(f"{calendar}a.ics", ics(), If_None_Match="*").status == 201
    assert davx5.sync(calendar)[1].hrefs() == [f"{calendar}a.ics"]
    assert davx5.get(f"{CALENDAR}a.ics").text == davx5.get(f"{calendar}a.ics").text


def test_its_answers_are_packed(davx5: Client) -> None:
    """D15: okhttp accepts gzip by itself; a first listing shrinks to a fraction."""
    for number in range(50):
        assert davx5.put(f"{CALENDAR}{number}.ics", ics(uid=str(number)), If_None_Match="*").status == 201
    wanted = "<d:sync-token/><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop>"
    body = f"<d:sync-collection>{wanted}</d:sync-collection>"
    plain = ask(davx5, "REPORT", CALENDAR, body)
    packed = ask(davx5, "REPORT", CALENDAR, body, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) * 2 < len(plain.body)
