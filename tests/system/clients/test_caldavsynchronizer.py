"""CalDavSynchronizer (Outlook): breaks off at a 412, so entity tags must be right; writes vCards without photos."""

import base64
import io

import pytest
from PIL import Image

from bridge.core.contact import Photo
from bridge.core.person import Person
from bridge.core.user import User
from tests.harness import CRM, Client, Office, ics
from tests.system.clients.xml import CARDDAV, DAV, ask, found, names_in, propfind

HOME, CALENDAR, BOOK = "/dav/anna/", "/dav/anna/activities/", "/dav/anna/contacts/"


@pytest.fixture
def outlook(office: Office) -> Client:
    return office.client("anna", user_agent="CalDavSynchronizer/4.6")


def test_it_tests_the_settings_of_a_profile(outlook: Client) -> None:
    """What “Test or discover settings” asks for: kind, privileges, and the reports that it needs."""
    reply = propfind(outlook, CALENDAR, "d:resourcetype d:current-user-privilege-set d:supported-report-set")
    assert f"{DAV}write-content" in names_in(reply, f"{DAV}current-user-privilege-set", CALENDAR)
    assert f"{DAV}sync-collection" in names_in(reply, f"{DAV}supported-report-set", CALENDAR)
    assert outlook.request("OPTIONS", CALENDAR).status == 200
    books = propfind(outlook, HOME, "d:resourcetype d:displayname", "1")
    assert f"{CARDDAV}addressbook" in names_in(books, f"{DAV}resourcetype", BOOK)


def test_a_series_of_writes_never_meets_a_412(outlook: Client) -> None:
    """D5: after each PUT the tag comes from the answer or, where there is none, from a PROPFIND."""
    href = f"{CALENDAR}040000008200E00074C5B7101A82E008.ics"
    outlook.put(href, ics("SUMMARY:v0", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z"), If_None_Match="*")
    for number in range(1, 6):
        etag = found(propfind(outlook, href, "d:getetag"), f"{DAV}getetag")[href]
        text = outlook.get(href).text.replace(f"SUMMARY:v{number - 1}", f"SUMMARY:v{number}")
        assert outlook.put(href, text, If_Match=etag).status == 204
    assert "SUMMARY:v5\r\n" in outlook.get(href).text
    etag = found(propfind(outlook, href, "d:getetag"), f"{DAV}getetag")[href]
    assert outlook.delete(href, If_Match=etag).status == 204


def test_a_card_without_photo_and_with_categories(office: Office, anna: User, outlook: Client) -> None:
    """D11: the photo stays, as Outlook's is not sent; the labels that it does send are taken, and can be cleared."""
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(target, "JPEG")
    made = Person("p-1", anna.id, "Ilze Ozola", labels=("VIP",), photo=Photo(target.getvalue()))
    ilze = office.contacts.create_person(CRM, made)
    href = f"{BOOK}p-1.vcf"
    encoded = f"PHOTO;ENCODING=b;TYPE=JPEG:{base64.b64encode(target.getvalue()).decode()}"
    for categories, labels in (("CATEGORIES:VIP,Supplier\r\n", ("Supplier", "VIP")), ("", ())):
        card = outlook.get(href)
        lines = [
            line for line in card.text.replace("\r\n ", "").split("\r\n") if not line.startswith(("PHOTO", "CATEG"))
        ]
        body = "\r\n".join(lines).replace("END:VCARD", f"{categories}END:VCARD")
        assert outlook.put(href, body, If_Match=card.etag).status == 204
        person = office.contacts.person(ilze.id)
        assert sorted(person.labels) == list(labels)
        assert person.photo == made.photo
        assert encoded in outlook.get(href).text.replace("\r\n ", "")


def test_long_names_and_odd_ones(outlook: Client) -> None:
    """D22: 255 characters, and every kind of character in a name."""
    names = [
        f"{'x' * 251}.ics",
        "a:b.ics",
        "it's.ics",
        "me@example.com.ics",
        "a b.ics",
        "100%.ics",
        "ķiršu+sula&=.ics",
        "a;b,c.ics",
    ]
    for number, name in enumerate(names):
        body = ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", uid=f"u{number}")
        assert outlook.put(f"{CALENDAR}{name}", body, If_None_Match="*").status == 201, name
        assert outlook.get(f"{CALENDAR}{name}").status == 200
    listed = outlook.sync(CALENDAR)[1].hrefs()
    assert len(listed) == len(names)
    wanted = "".join(f"<d:href>{href.replace('&', '&amp;')}</d:href>" for href in listed)
    reply = ask(
        outlook,
        "REPORT",
        CALENDAR,
        f"<cal:calendar-multiget><d:prop><d:getetag/></d:prop>{wanted}</cal:calendar-multiget>",
    )
    assert sorted(reply.hrefs()) == sorted(listed)
    assert sorted(found(propfind(outlook, CALENDAR, "d:getetag", "1"), f"{DAV}getetag")) == sorted([CALENDAR, *listed])
    for name in names:
        assert outlook.delete(f"{CALENDAR}{name}").status == 204, name
    assert outlook.sync(CALENDAR)[1].hrefs() == []


def test_a_byte_order_mark_and_bare_line_feeds_are_no_obstacle(outlook: Client) -> None:
    """D17: .NET writes a mark before UTF-8, and some fold within a letter; what is served is as it must be."""
    subject = "Ķēžu zāģis un āmurs"
    octets = ics(f"SUMMARY:{subject}", "DTSTART:20261201T100000Z").replace("\r\n", "\n").encode()
    at = octets.index("ģ".encode()) + 1
    href = f"{CALENDAR}odd.ics"
    written = outlook.put(href, b"\xef\xbb\xbf" + octets[:at] + b"\n " + octets[at:])
    assert written.status == 201
    served = outlook.get(href).body
    assert served.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"\n" not in served.replace(b"\r\n", b"")
    assert all(len(line) <= 75 and line.decode() is not None for line in served.split(b"\r\n"))
    assert f"SUMMARY:{subject}".strip() in served.decode().replace("\r\n ", "")
