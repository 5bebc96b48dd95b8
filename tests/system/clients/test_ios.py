"""iOS and macOS: discovery from the host, one home, Apple's own properties, nothing lost that they do not show."""

from datetime import date, time

import pytest

from bridge.core.activity import Activity
from bridge.core.contact import Labelled
from bridge.core.person import Person
from bridge.core.user import User
from tests.harness import CRM, Client, Office, ics, vcf
from tests.system.clients.xml import CALDAV, CARDDAV, CS, DAV, ICAL, ask, found, names_in, propfind

AGENT = "iOS/18.1.1 (22B91) dataaccessd/1.0"
HOME, CALENDAR, BOOK = "/dav/anna/", "/dav/anna/activities/", "/dav/anna/contacts/"
APPLE = {"Brief": "t", "Prefer": "return=minimal"}

PRINCIPAL_PROPS = (
    "cal:calendar-home-set cal:calendar-user-address-set d:current-user-principal d:displayname cs:dropbox-home-URL "
    "cs:email-address-set cs:notification-URL d:principal-collection-set d:principal-URL d:resource-id "
    "cal:schedule-inbox-URL cal:schedule-outbox-URL d:supported-report-set"
)
HOME_PROPS = (
    "d:add-member cs:allowed-sharing-modes ical:autoprovisioned cal:default-alarm-vevent-date cs:pre-publish-url "
    "ical:calendar-color cal:calendar-description cal:calendar-free-busy-set ical:calendar-order cal:calendar-timezone "
    "d:current-user-privilege-set d:displayname cs:getctag cal:max-attendees-per-instance d:owner cs:publish-url "
    "d:quota-available-bytes ical:refreshrate d:resource-id d:resourcetype cal:schedule-calendar-transp "
    "d:supported-report-set cal:supported-calendar-component-set cal:supported-calendar-component-sets d:sync-token"
)


@pytest.fixture
def iphone(office: Office) -> Client:
    return office.client("anna", user_agent=AGENT)


def test_it_sets_up_an_account_from_the_host_alone(iphone: Client) -> None:
    """D6, D10: one principal, one home for calendars and contacts, the mail address first."""
    for well_known in ("/.well-known/caldav", "/.well-known/carddav"):
        assert iphone.request("PROPFIND", well_known, "", {"Depth": "0"}).headers["Location"] == "/dav/"
    root = propfind(iphone, "/dav/", "d:current-user-principal d:principal-URL d:resourcetype")
    assert found(root, f"{DAV}current-user-principal") == {"/dav/": HOME}
    options = iphone.request("OPTIONS", HOME)
    assert options.status == 200
    assert {"calendar-access", "addressbook"} <= set(options.headers["DAV"].split(", "))
    principal = propfind(iphone, HOME, PRINCIPAL_PROPS)
    for tag in (f"{CALDAV}calendar-home-set", f"{DAV}principal-URL", f"{DAV}current-user-principal"):
        (prop,) = principal.xml.iter(tag)
        assert [href.text for href in prop] == [HOME]
    (addresses,) = principal.xml.iter(f"{CALDAV}calendar-user-address-set")
    assert [href.text for href in addresses] == ["mailto:anna@example.com", HOME]
    contacts = propfind(iphone, HOME, "card:addressbook-home-set card:directory-gateway d:principal-URL")
    assert found(contacts, f"{CARDDAV}addressbook-home-set") == {HOME: HOME}


def test_without_a_password_it_is_asked_for_one(office: Office) -> None:
    """It never sends credentials before it is asked."""
    stranger = Client(office.wsgi(), user_agent=AGENT)
    reply = propfind(stranger, HOME, "d:current-user-principal")
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith('Basic realm="davbridge"')


def test_it_lists_the_home(iphone: Client) -> None:
    """D9: what exists comes first, with the kinds of objects that each collection takes."""
    listed = propfind(iphone, HOME, HOME_PROPS, "1")
    assert listed.hrefs() == [HOME, CALENDAR, BOOK]
    for response in listed.xml.findall(f"{DAV}response"):
        assert next(response.iter(f"{DAV}status")).text == "HTTP/1.1 200 OK"
    assert f"{CALDAV}calendar" in names_in(listed, f"{DAV}resourcetype", CALENDAR)
    assert f"{CARDDAV}addressbook" in names_in(listed, f"{DAV}resourcetype", BOOK)
    assert found(listed, f"{CS}getctag").keys() == {CALENDAR, BOOK}
    assert found(listed, f"{DAV}sync-token").keys() == {CALENDAR, BOOK}


@pytest.mark.parametrize("path", [CALENDAR, "/dav/anna/of-bob/"])
def test_name_colour_and_order_are_the_users_own(office: Office, iphone: Client, path: str) -> None:
    """D12: also of a colleague's calendar, and Bob sees nothing of it."""
    office.principals.choose_colleagues("anna", ["bob"])
    reply = ask(
        iphone,
        "PROPPATCH",
        path,
        "<d:propertyupdate><d:set><d:prop><d:displayname>Work 🗓</d:displayname></d:prop></d:set><d:set><d:prop>"
        '<ical:calendar-color symbolic-color="red">#FF2968FF</ical:calendar-color><ical:calendar-order>3'
        "</ical:calendar-order></d:prop></d:set></d:propertyupdate>",
    )
    assert reply.status == 207
    assert " 200 " in reply.xml.findtext(f".//{DAV}status", "")
    kept = propfind(iphone, path, "d:displayname ical:calendar-color ical:calendar-order")
    assert found(kept, f"{DAV}displayname") == {path: "Work 🗓"}
    assert found(kept, f"{ICAL}calendar-color") == {path: "#FF2968FF"}
    assert found(kept, f"{ICAL}calendar-order") == {path: "3"}
    bobs = propfind(office.client("bob"), "/dav/bob/activities/", "d:displayname ical:calendar-color")
    assert found(bobs, f"{DAV}displayname") == {"/dav/bob/activities/": "Activities"}
    assert found(bobs, f"{ICAL}calendar-color") == {}


def test_apples_own_properties_come_back_unchanged(iphone: Client) -> None:
    """D11, D16: unescaped commas, quoted parameters, alarms with their states, CREATED, travel time."""
    lines = (
        "CREATED:20261101T080000Z",
        "DTSTART;TZID=Europe/Riga:20261201T100000",
        "DTEND;TZID=Europe/Riga:20261201T110000",
        "SUMMARY:Coffee with Ilze",
        "LOCATION:Brīvības iela 1\\, Rīga",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=70;X-TITLE="Rīga, Latvia":geo:56.95,24.11',
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
        "TRANSP:OPAQUE",
        "BEGIN:VALARM",
        "X-WR-ALARMUID:7A1E8F0C-1111-4222-8333-944444444444",
        "UID:7A1E8F0C-1111-4222-8333-944444444444",
        "TRIGGER:-PT30M",
        "ACTION:DISPLAY",
        "DESCRIPTION:Event reminder",
        "ACKNOWLEDGED:20261201T073000Z",
        "X-APPLE-DEFAULT-ALARM:TRUE",
        "END:VALARM",
    )
    href = f"{CALENDAR}1CB8E6D5-9F3B.ics"
    assert iphone.put(href, ics(*lines, uid="1CB8E6D5-9F3B"), If_None_Match="*").status == 201
    served = iphone.get(href).text.replace("\r\n ", "").split("\r\n")
    assert [line for line in served if line in lines] == list(lines)


def test_a_write_that_was_changed_has_no_entity_tag(iphone: Client) -> None:
    """D5: the type's name was added, so iOS fetches it again; what it then writes is exact."""
    href = f"{CALENDAR}E1.ics"
    created = iphone.put(href, ics(uid="E1"), If_None_Match="*")
    assert (created.status, created.etag) == (201, "")
    first = iphone.get(href)
    moved = first.text.replace("20261201T10", "20261202T10").replace("20261201T11", "20261202T11")
    exact = iphone.put(href, moved, If_Match=first.etag, If_Schedule_Tag_Match=first.etag)
    assert exact.status == 204
    assert exact.etag == iphone.get(href).etag
    assert iphone.get(href).text == moved


def test_leaving_out_what_it_does_not_show_clears_nothing(office: Office, anna: User, iphone: Client) -> None:
    """D11: it writes cards without CATEGORIES; the labels stay, and what it clears is cleared."""
    ilze = office.contacts.create_person(
        CRM,
        Person("p-1", anna.id, "Ilze Ozola", labels=("Partner", "VIP"), note="Likes tea", emails=(Labelled("i@x.lv"),)),
    )
    card = iphone.get(f"{BOOK}p-1.vcf")
    assert "CATEGORIES:Partner,VIP\r\n" in card.text
    lines = [line for line in card.text.split("\r\n") if not line.startswith(("CATEGORIES", "NOTE"))]
    assert iphone.put(f"{BOOK}p-1.vcf", "\r\n".join(lines), If_Match=card.etag).status == 204
    person = office.contacts.person(ilze.id)
    assert (person.labels, person.note) == (("Partner", "VIP"), "")
    assert "CATEGORIES:Partner,VIP\r\n" in iphone.get(f"{BOOK}p-1.vcf").text


def test_a_group_of_contacts_is_a_label(office: Office, anna: User, iphone: Client) -> None:
    """A group card gives its members the label, and is served as it was written."""
    office.contacts.create_person(CRM, Person("p-1", anna.id, "Ilze Ozola"))
    body = vcf(
        "N:VIP",
        "FN:VIP",
        "X-ADDRESSBOOKSERVER-KIND:group",
        "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:p-1",
        uid="G-1",
    )
    assert iphone.put(f"{BOOK}G-1.vcf", body, If_None_Match="*").status == 201
    (person,), _ = office.contacts.owned_by(anna.id)
    assert person.labels == ("VIP",)
    assert iphone.get(f"{BOOK}G-1.vcf").text == body
    listed = iphone.sync(BOOK)[1].hrefs()
    assert sorted(listed) == [f"{BOOK}G-1.vcf", f"{BOOK}p-1.vcf"]


def test_collections_are_neither_made_nor_replaced(iphone: Client) -> None:
    """D7, D19: a reason each time, and everything is as before."""
    before = propfind(iphone, HOME, HOME_PROPS, "1").text
    make = "<cal:mkcalendar><d:set><d:prop><d:displayname>New</d:displayname></d:prop></d:set></cal:mkcalendar>"
    untype = "<d:propertyupdate><d:set><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop></d:set>{}"
    refused = [
        ask(iphone, "MKCALENDAR", f"{HOME}9A2C/", make),
        ask(iphone, "MKCOL", f"{HOME}9A2C/", make.replace("cal:mkcalendar", "d:mkcol")),
        ask(iphone, "PROPPATCH", CALENDAR, untype.format("</d:propertyupdate>")),
        iphone.put(CALENDAR, ics()),
        iphone.put(CALENDAR.rstrip("/"), ics()),
        iphone.delete(CALENDAR),
        iphone.delete(CALENDAR.rstrip("/")),
        iphone.delete(HOME),
    ]
    for reply in refused:
        assert reply.status == 403
        assert len(reply.xml.findtext(f"{DAV}responsedescription", "")) > 20
    assert propfind(iphone, HOME, HOME_PROPS, "1").text == before


def test_reminders_go_where_tasks_are(iphone: Client) -> None:
    """D7: a task is refused in a calendar of events, with the condition that names the reason."""
    reply = iphone.put(f"{CALENDAR}t.ics", ics("SUMMARY:Call", uid="t", kind="VTODO"), If_None_Match="*")
    assert reply.status == 403
    assert reply.xml[0].tag == f"{CALDAV}supported-calendar-component"
    assert iphone.get(f"{CALENDAR}t.ics").status == 404


def test_an_activity_of_the_crm_is_listed_and_fetched(office: Office, anna: User, iphone: Client) -> None:
    """The order in which iOS asks: ctag, sync-collection, multiget."""
    ctag = found(propfind(iphone, CALENDAR, "cs:getctag d:sync-token"), f"{CS}getctag")[CALENDAR]
    token, _ = iphone.sync(CALENDAR)
    made = office.activities.create(CRM, Activity("", anna.id, "Call Ilze", "call", date(2026, 12, 1), time(8, 30)))
    assert found(propfind(iphone, CALENDAR, "cs:getctag"), f"{CS}getctag")[CALENDAR] != ctag
    (href,) = iphone.sync(CALENDAR, token)[1].hrefs()
    reply = ask(
        iphone,
        "REPORT",
        CALENDAR,
        "<cal:calendar-multiget><d:prop><d:getetag/><cal:calendar-data/><cs:created-by/><cal:schedule-tag/></d:prop>"
        f"<d:href>{href}</d:href><d:href>{CALENDAR}gone.ics</d:href></cal:calendar-multiget>",
    )
    assert f"UID:{made.uid}\n" in found(reply, f"{CALDAV}calendar-data")[href]
    assert reply.gone() == [f"{CALENDAR}gone.ics"]


def test_a_new_group_of_a_known_name_takes_the_label_from_nobody(office: Office, anna: User, iphone: Client) -> None:
    """Whoever bore the label before is in the group too, as the client learns when it fetches the card."""
    for uid, labels in (("p-1", ("VIP",)), ("p-2", ())):
        office.contacts.create_person(CRM, Person(uid, anna.id, f"Person {uid}", labels=labels))
    lines = ("N:VIP", "FN:VIP", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:p-2")
    created = iphone.put(f"{BOOK}G-1.vcf", vcf(*lines, uid="G-1"), If_None_Match="*")
    assert (created.status, created.etag) == (201, "")
    people, _ = office.contacts.owned_by(anna.id)
    assert {person.uid: person.labels for person in people} == {"p-1": ("VIP",), "p-2": ("VIP",)}
    card = iphone.get(f"{BOOK}G-1.vcf")
    assert "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:p-1\r\n" in card.text
    left = card.text.replace("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:p-1\r\n", "")
    assert iphone.put(f"{BOOK}G-1.vcf", left, If_Match=card.etag).status == 204
    people, _ = office.contacts.owned_by(anna.id)
    assert {person.uid: person.labels for person in people} == {"p-1": (), "p-2": ("VIP",)}


def test_recreating_what_was_deleted(office: Office, anna: User, iphone: Client) -> None:
    """The same UID at another address, another UID at the same address, and both kinds of objects of one UID."""
    lines = ("SUMMARY:Lunch", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
    for href, uid in (("a.ics", "U"), ("b.ics", "U"), ("a.ics", "V"), ("a.ics", "W")):
        path = f"{CALENDAR}{href}"
        assert iphone.put(path, ics(*lines, uid=uid), If_None_Match="*").status == 201
        assert iphone.put(path, ics(*lines, uid=uid), If_None_Match="*").status == 412
        assert f"UID:{uid}\r\n" in iphone.get(path).text
        assert iphone.delete(path).status == 204
        assert iphone.delete(path).status == 404
    assert iphone.sync(CALENDAR)[1].hrefs() == []
    assert all(activity.deleted for activity in office.activities.owned_by(anna.id))
    for href, body in (("a.vcf", vcf(uid="U")), ("b.vcf", vcf("FN:Firma", "X-ABShowAs:COMPANY", uid="U"))):
        assert iphone.put(f"{BOOK}{href}", body, If_None_Match="*").status == 201
        assert iphone.delete(f"{BOOK}{href}").status == 204


def test_the_reports_that_macos_sends_to_a_principal(office: Office, iphone: Client) -> None:
    """D21: expand-property for delegates, searches for people; what nobody announced is refused by its condition."""
    asked = (
        '<d:expand-property><d:property name="calendar-proxy-write-for" namespace="http://calendarserver.org/ns/">'
        '<d:property name="displayname"/></d:property><d:property name="principal-URL">'
        '<d:property name="displayname"/></d:property></d:expand-property>'
    )
    reply = ask(iphone, "REPORT", HOME, asked, Depth="0")
    assert reply.status == 207
    assert [each.text for each in reply.xml.iter(f"{DAV}displayname")] == [office.principals.find("anna").name]
    fields = ask(iphone, "REPORT", "/dav/", "<d:principal-search-property-set/>", Depth="0")
    assert fields.status == 200
    assert f"{DAV}displayname" in {prop.tag for each in fields.xml.iter(f"{DAV}prop") for prop in each}
    search = (
        "<d:principal-property-search><d:property-search><d:prop><d:displayname/></d:prop><d:match>ann</d:match>"
        "</d:property-search><d:prop><d:displayname/></d:prop></d:principal-property-search>"
    )
    assert ask(iphone, "REPORT", "/dav/", search, Depth="0").hrefs() == [HOME]
    unknown = ask(iphone, "REPORT", HOME, "<cs:calendarserver-principal-search/>", Depth="0")
    assert unknown.status == 403
    assert unknown.xml.find(f"{DAV}supported-report") is not None
