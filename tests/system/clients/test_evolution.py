"""Evolution: getctag, entity tags by PROPFIND, its own X- properties, and cards without TYPE habits of others."""

import pytest

from bridge.core.user import User
from tests.harness import Client, Office, ics, vcf
from tests.system.clients.xml import CALDAV, CS, DAV, ICAL, ask, found, names_in, propfind

CALENDAR, BOOK = "/dav/anna/activities/", "/dav/anna/contacts/"


@pytest.fixture
def evolution(office: Office) -> Client:
    return office.client("anna", user_agent="Evolution/3.54.3")


def test_it_discovers_and_polls(evolution: Client) -> None:
    """D10: a collection account finds both kinds below the principal; the ctag changes with every change."""
    (principal,) = found(
        propfind(evolution, "/dav/", "d:current-user-principal"), f"{DAV}current-user-principal"
    ).values()
    listed = propfind(
        evolution,
        principal,
        "d:resourcetype d:displayname d:current-user-privilege-set cal:supported-calendar-component-set "
        "ical:calendar-color ical:calendar-order",
        "1",
    )
    assert f"{CALDAV}calendar" in names_in(listed, f"{DAV}resourcetype", CALENDAR)
    assert [component.get("name") for component in listed.xml.iter(f"{CALDAV}comp")] == ["VEVENT"]
    before = found(propfind(evolution, CALENDAR, "cs:getctag"), f"{CS}getctag")
    assert evolution.put(f"{CALENDAR}a.ics", ics(), If_None_Match="*").status == 201
    after = found(propfind(evolution, CALENDAR, "cs:getctag"), f"{CS}getctag")
    assert before != after
    tags = found(propfind(evolution, CALENDAR, "d:getetag", "1"), f"{DAV}getetag")
    assert tags[f"{CALENDAR}a.ics"] == evolution.get(f"{CALENDAR}a.ics").etag


def test_its_own_properties_come_back(evolution: Client) -> None:
    """D11, D16: X-EVOLUTION properties and odd escapes, byte for byte."""
    lines = (
        "N:Ozola;Ilze;;;",
        "FN:Ilze Ozola",
        "X-EVOLUTION-FILE-AS:Ozola\\, Ilze",
        "X-EVOLUTION-SPOUSE:Jānis",
        "EMAIL;TYPE=WORK;X-EVOLUTION-UI-SLOT=1:ilze@example.com",
        "TEL;TYPE=WORK,VOICE;X-EVOLUTION-UI-SLOT=1:+371 2000 0001",
        "X-EVOLUTION-BLOG-URL:https://blog.example/;a=1,b=2",
        "CALURI:https://calendar.example/ilze",
        "FBURL:https://calendar.example/free",
        "LABEL;TYPE=WORK:Brīvības iela 1\\nRīga",
    )
    href = f"{BOOK}pas-id-5E1F.vcf"
    assert evolution.put(href, vcf(*lines, uid="pas-id-5E1F"), If_None_Match="*").status == 201
    card = evolution.get(href)
    edited = card.text.replace("X-EVOLUTION-SPOUSE:Jānis", "X-EVOLUTION-SPOUSE:Juris")
    written = evolution.put(href, edited, If_Match=card.etag)
    assert (written.status, written.etag) == (204, evolution.get(href).etag)
    served = evolution.get(href).text.replace("\r\n ", "").split("\r\n")
    assert [line for line in served if line in lines] == [line for line in lines if "SPOUSE" not in line]
    assert "X-EVOLUTION-SPOUSE:Juris" in served


def test_an_instance_without_its_master_disturbs_nothing(office: Office, anna: User, evolution: Client) -> None:
    """D18: an invitation to one occurrence is stored and served; every report still works; floating stays floating."""
    single = ics("SUMMARY:One of many", "RECURRENCE-ID:20261202T100000", "DTSTART:20261202T113000", "DURATION:PT1H")
    assert evolution.put(f"{CALENDAR}one.ics", single, If_None_Match="*").status == 201
    plain = ics("SUMMARY:Plain", "DTSTART:20261202T090000", "DTEND:20261202T093000", uid="plain")
    assert evolution.put(f"{CALENDAR}plain.ics", plain, If_None_Match="*").status == 201
    assert "DTSTART:20261202T113000\r\n" in evolution.get(f"{CALENDAR}one.ics").text
    assert "DTSTART:20261202T090000\r\n" in evolution.get(f"{CALENDAR}plain.ics").text
    both = [f"{CALENDAR}one.ics", f"{CALENDAR}plain.ics"]
    span = 'start="20261202T000000Z" end="20261203T000000Z"'
    for data in ("<cal:calendar-data/>", f"<cal:calendar-data><cal:expand {span}/></cal:calendar-data>"):
        reply = ask(
            evolution,
            "REPORT",
            CALENDAR,
            f'<cal:calendar-query><d:prop><d:getetag/>{data}</d:prop><cal:filter><cal:comp-filter name="VCALENDAR">'
            f'<cal:comp-filter name="VEVENT"><cal:time-range {span}/></cal:comp-filter></cal:comp-filter></cal:filter>'
            "</cal:calendar-query>",
            Depth="1",
        )
        assert sorted(found(reply, f"{CALDAV}calendar-data")) == both
    busy = ask(evolution, "REPORT", CALENDAR, f"<cal:free-busy-query><cal:time-range {span}/></cal:free-busy-query>")
    assert "20261202T070000Z/20261202T073000Z" in busy.text, "09:00 in Riga, where floating times are meant"
    assert "20261202T093000Z/20261202T103000Z" in busy.text
    assert sorted(evolution.sync(CALENDAR)[1].hrefs()) == both
    assert {activity.subject for activity in office.activities.owned_by(anna.id)} == {"One of many", "Plain"}


def test_properties_that_a_colleague_sets_are_their_own(office: Office, evolution: Client) -> None:
    """D12: both set another colour on the calendar that they share."""
    office.principals.choose_colleagues("bob", ["anna"])
    bob = office.client("bob")
    body = (
        "<d:propertyupdate><d:set><d:prop><ical:calendar-color>{}</ical:calendar-color></d:prop></d:set>"
        "</d:propertyupdate>"
    )
    assert ask(evolution, "PROPPATCH", CALENDAR, body.format("#112233")).status == 207
    assert ask(bob, "PROPPATCH", "/dav/bob/of-anna/", body.format("#445566")).status == 207
    color = f"{ICAL}calendar-color"
    assert found(propfind(evolution, CALENDAR, "ical:calendar-color"), color) == {CALENDAR: "#112233"}
    assert found(propfind(bob, "/dav/bob/of-anna/", "ical:calendar-color"), color) == {"/dav/bob/of-anna/": "#445566"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "condition"),
    [
        ("PUT", f"{CALENDAR}a.ics", ics().replace("VEVENT", "VTODO"), {}, 403, f"{CALDAV}supported-calendar-component"),
        ("PUT", f"{CALENDAR}a.ics", "no calendar", {}, 403, f"{CALDAV}valid-calendar-data"),
        ("PUT", f"{BOOK}a.vcf", ics(), {}, 403, "{urn:ietf:params:xml:ns:carddav}valid-address-data"),
        ("PUT", f"{CALENDAR}a.ics", ics(), {"If-Match": '"old"'}, 412, ""),
        ("PUT", f"{CALENDAR}", ics(), {}, 403, ""),
        ("DELETE", f"{CALENDAR}missing.ics", "", {}, 404, ""),
        ("GET", f"{CALENDAR}missing.ics", "", {}, 404, ""),
        ("MKCALENDAR", f"{CALENDAR}new/", "", {}, 403, ""),
        ("PROPFIND", CALENDAR, "<d:propfind", {"Depth": "0"}, 400, ""),
        ("PROPFIND", CALENDAR, "", {"Depth": "many"}, 400, ""),
        ("REPORT", CALENDAR, "<nothing/>", {}, 403, f"{DAV}supported-report"),
    ],
)
def test_what_is_refused_is_refused_in_words(
    evolution: Client, method: str, path: str, body: str, headers: dict[str, str], status: int, condition: str
) -> None:
    """D14: a status that the client understands, with the condition that it can look for, or a sentence."""
    reply = evolution.request(method, path, body, {"Content-Type": "text/plain; charset=utf-8", **headers})
    assert reply.status == status
    assert reply.body
    if condition:
        assert reply.xml.find(condition) is not None, reply.text
