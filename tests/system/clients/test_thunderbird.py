"""Thunderbird: lists a book only with the 200 first, writes vCard 4.0, and sends no If-Match for cards."""

import base64
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from bridge.core.contact import Labelled, Photo
from bridge.core.person import Person
from bridge.core.user import User
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, ics
from tests.system.clients.xml import CALDAV, CARDDAV, CS, DAV, ask, found, names_in, propfind

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3.0"
BOOK, CALENDAR = "/dav/anna/contacts/", "/dav/anna/activities/"


@pytest.fixture
def thunderbird(office: Office) -> Client:
    return office.client("anna", user_agent=AGENT)


def picture(color: str = "navy") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(target, "JPEG")
    return target.getvalue()


def card4(*lines: str, uid: str = "9d6a5a3c-6a1f-4f0a-8d6c-3a1df2f1a001") -> str:
    """A card as Thunderbird's ical.js writes it: folded at 75 octets, lower-case types, PREF."""
    body = lines or ("N:Ozola;Ilze;;;", "FN:Ilze Ozola", 'EMAIL;PREF=1;TYPE="work":ilze@example.com')
    folded = [line if len(line) <= 75 else "\r\n ".join(pieces(line)) for line in body]
    return "\r\n".join(("BEGIN:VCARD", "VERSION:4.0", *folded, f"UID:{uid}", "END:VCARD", ""))


def pieces(line: str) -> list[str]:
    return [line[:75], *(line[at : at + 74] for at in range(75, len(line), 74))]


def write(client: Client, href: str, body: str) -> str:
    """PUT without any precondition and read it back, as it does; the card that is served."""
    reply = client.request("PUT", href, body, {"Content-Type": "text/vcard"})
    assert reply.status in {201, 204}, reply.text
    again = ask(
        client,
        "REPORT",
        BOOK,
        f"<card:addressbook-multiget><d:prop><d:getetag/><card:address-data/></d:prop><d:href>{href}</d:href>"
        "</card:addressbook-multiget>",
        Depth="1",
    )
    return found(again, f"{CARDDAV}address-data")[href].replace("\n", "\r\n")


def test_it_finds_the_address_book(thunderbird: Client) -> None:
    """D9, D10: the first status of the book's response is 200, and the book can be written."""
    assert thunderbird.request("PROPFIND", "/.well-known/carddav", "", {"Depth": "0"}).headers["Location"] == "/dav/"
    root = propfind(thunderbird, "/dav/", "d:resourcetype d:displayname d:current-user-principal")
    principal = found(root, f"{DAV}current-user-principal")["/dav/"]
    home = found(propfind(thunderbird, principal, "card:addressbook-home-set"), f"{CARDDAV}addressbook-home-set")
    assert home == {"/dav/anna/": "/dav/anna/"}
    books = propfind(
        thunderbird, "/dav/anna/", "card:nonsense d:resourcetype d:displayname d:current-user-privilege-set", "1"
    )
    for response in books.xml.findall(f"{DAV}response"):
        assert next(response.iter(f"{DAV}status")).text == "HTTP/1.1 200 OK"
    assert f"{CARDDAV}addressbook" in names_in(books, f"{DAV}resourcetype", BOOK)
    assert {f"{DAV}read", f"{DAV}write-content"} <= names_in(books, f"{DAV}current-user-privilege-set", BOOK)


def test_a_photo_in_a_card_of_version_4_is_kept(office: Office, anna: User, thunderbird: Client) -> None:
    """D1, D2: the data: URI arrives whole, and comes back as vCard 3.0."""
    octets = picture()
    encoded = base64.b64encode(octets).decode()
    body = card4("N:Ozola;Ilze;;;", "FN:Ilze Ozola", f"PHOTO:data:image/jpeg;base64,{encoded}", "KIND:individual")
    served = write(thunderbird, f"{BOOK}9d6a5a3c.vcf", body)
    unfolded = served.replace("\r\n ", "")
    assert "VERSION:3.0\r\n" in served
    assert f"PHOTO;ENCODING=b;TYPE=JPEG:{encoded}\r\n" in unfolded
    assert "data:" not in unfolded
    (person,), _ = office.contacts.owned_by(anna.id)
    assert person.photo is not None
    assert person.photo.data == octets


def test_fields_of_version_4_arrive(office: Office, anna: User, thunderbird: Client) -> None:
    """D1: typed, preferred and URI values of vCard 4.0 mean the same in the CRM."""
    write(
        thunderbird,
        f"{BOOK}a.vcf",
        card4(
            "FN:Ilze Ozola",
            "N:Ozola;Ilze;;;",
            'EMAIL;PREF=1;TYPE="work":ilze@example.com',
            'TEL;VALUE=URI;TYPE="work,voice":tel:+37120000001',
            "TEL;VALUE=TEXT;TYPE=cell:+371 2000 0002",
            "BDAY;VALUE=DATE:--0415",
            "ORG:Rīgas Siers;Sales",
            "NOTE:First line\\nSecond\\, line",
        ),
    )
    (person,), (company,) = office.contacts.owned_by(anna.id)
    assert person.emails == (Labelled("ilze@example.com", "work", primary=True),)
    assert [(phone.value, phone.label) for phone in person.phones] == [
        ("+37120000001", "work"),
        ("+371 2000 0002", "mobile"),
    ]
    assert person.birthday is not None
    assert (person.birthday.month, person.birthday.day, person.birthday.year) == (4, 15, None)
    assert (company.name, person.note) == ("Rīgas Siers", "First line\nSecond, line")


def test_a_stale_write_without_if_match_keeps_what_the_crm_changed(database: Database) -> None:
    """D4, R23: both changes survive."""
    office = Office(database)
    anna = office.user("anna")
    thunderbird = office.client("anna", user_agent=AGENT)
    ilze = office.contacts.create_person(
        CRM, Person("p-1", anna.id, "Ilze Ozola", emails=(Labelled("ilze@example.com", "work"),))
    )
    href = f"{BOOK}p-1.vcf"
    known = thunderbird.get(href).text
    office.clock.advance(timedelta(minutes=5))
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, job_title="Director"))
    served = write(thunderbird, href, known.replace("FN:Ilze Ozola", "FN:Ilze Kalna").replace("Ozola;", "Kalna;"))
    person = office.contacts.person(ilze.id)
    assert (person.name, person.parts.family, person.job_title) == ("Ilze Kalna", "Kalna", "Director")
    assert "TITLE:Director\r\n" in served
    assert "FN:Ilze Kalna\r\n" in served
    assert lost_in(office, "anna") == []


def test_of_two_changes_of_one_field_the_loser_is_in_the_journal(database: Database) -> None:
    """D4, R23: the same field was changed on both sides."""
    office = Office(database)
    anna = office.user("anna")
    thunderbird = office.client("anna", user_agent=AGENT)
    ilze = office.contacts.create_person(CRM, Person("p-1", anna.id, "Ilze Ozola", job_title="Clerk"))
    href = f"{BOOK}p-1.vcf"
    known = thunderbird.get(href).text
    office.clock.advance(timedelta(minutes=5))
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, job_title="Director"))
    office.clock.advance(timedelta(minutes=5))
    write(thunderbird, href, known.replace("TITLE:Clerk", "TITLE:Manager"))
    title = office.contacts.person(ilze.id).job_title
    assert title == "Manager"
    assert lost_in(office, "anna") == [{"job_title": "Director"}]


def lost_in(office: Office, login: str) -> list[Mapping[str, str]]:
    """What the journal says was lost to a conflict."""
    return [entry.lost for entry in office.journal.entries(login=login) if entry.lost]


def test_its_calendar_learns_of_changes_by_sync(thunderbird: Client) -> None:
    """D3, D5: an exact write has an ETag; a token is good for ever; a strange one is refused with its condition."""
    info = propfind(
        thunderbird,
        CALENDAR,
        "d:resourcetype d:owner d:current-user-principal d:current-user-privilege-set d:supported-report-set "
        "cal:supported-calendar-component-set cs:getctag",
    )
    assert f"{DAV}sync-collection" in names_in(info, f"{DAV}supported-report-set", CALENDAR)
    assert found(info, f"{DAV}owner") == {CALENDAR: "/dav/anna/"}
    assert found(info, f"{CS}getctag")[CALENDAR]
    assert f"{CALDAV}comp" in names_in(info, f"{CALDAV}supported-calendar-component-set", CALENDAR)
    token, _ = thunderbird.sync(CALENDAR)
    href = f"{CALENDAR}4d6a.ics"
    assert thunderbird.put(href, ics(uid="4d6a"), If_None_Match="*").status == 201
    newer, changes = thunderbird.sync(CALENDAR, token)
    assert changes.hrefs() == [href]
    assert thunderbird.sync(CALENDAR, newer)[1].hrefs() == []
    assert thunderbird.sync(CALENDAR, token)[1].hrefs() == [href]
    refused = thunderbird.sync(CALENDAR, "http://radicale.org/ns/sync/abc")[1]
    assert (refused.status, refused.xml[0].tag) == (403, f"{DAV}valid-sync-token")


def test_it_edits_and_snoozes_an_event(office: Office, anna: User, thunderbird: Client) -> None:
    """D5, D11: what it keeps about alarms is left alone, and the entity tag is right for the next write."""
    href = f"{CALENDAR}4d6a.ics"
    new = ics(
        "SUMMARY:Call",
        "DTSTART;TZID=Europe/Riga:20261201T100000",
        "DTEND;TZID=Europe/Riga:20261201T103000",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER;VALUE=DURATION:-PT15M",
        "DESCRIPTION:Mozilla Default Description",
        "END:VALARM",
        uid="4d6a",
    )
    assert thunderbird.put(href, new, If_None_Match="*").status == 201
    first = thunderbird.get(href)
    snoozed = first.text.replace("END:VEVENT", "X-MOZ-LASTACK:20261201T074500Z\r\nX-MOZ-GENERATION:1\r\nEND:VEVENT")
    again = thunderbird.put(href, snoozed, If_Match=first.etag)
    assert again.status == 204
    assert again.etag == thunderbird.get(href).etag != first.etag
    assert thunderbird.get(href).text == snoozed
    (activity,) = office.activities.owned_by(anna.id)
    assert activity.due == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    assert thunderbird.put(href, snoozed, If_Match=first.etag).status == 412
    assert thunderbird.delete(href, If_Match=again.etag).status == 204


def test_it_shows_a_colleagues_calendar_as_read_only(office: Office, thunderbird: Client) -> None:
    """D12: only the privilege to read, and no write gets through."""
    office.principals.choose_colleagues("anna", ["bob"])
    path = "/dav/anna/of-bob/"
    info = propfind(thunderbird, path, "d:displayname d:current-user-privilege-set d:resourcetype")
    held = names_in(info, f"{DAV}current-user-privilege-set", path)
    assert f"{DAV}read" in held
    assert not held & {f"{DAV}{name}" for name in ("write", "write-content", "write-properties", "bind", "all")}
    assert found(info, f"{DAV}displayname") == {path: "Bob Berg"}
    refused = thunderbird.put(f"{path}x.ics", ics())
    assert refused.status == 403
    assert thunderbird.delete(f"{path}x.ics").status in {403, 404}


def test_what_it_shows_it_may_clear(office: Office, anna: User, thunderbird: Client) -> None:
    """D11: it shows photos and categories, so leaving them out clears them; a picture that is none clears nothing."""
    ilze = office.contacts.create_person(
        CRM, Person("p-1", anna.id, "Ilze Ozola", labels=("VIP",), photo=Photo(picture()))
    )
    href = f"{BOOK}p-1.vcf"
    odd = "PHOTO;ENCODING=b;TYPE=JPEG:AAAA"
    lines = [line for line in unfolded(thunderbird.get(href).text) if not line.startswith("PHOTO")]
    write(thunderbird, href, "\r\n".join([*lines[:-2], odd, *lines[-2:]]))
    assert office.contacts.person(ilze.id).photo == Photo(picture())
    assert odd not in thunderbird.get(href).text
    lines = [line for line in unfolded(thunderbird.get(href).text) if not line.startswith(("PHOTO", "CATEGORIES"))]
    served = write(thunderbird, href, "\r\n".join(lines))
    person = office.contacts.person(ilze.id)
    assert (person.photo, person.labels) == (None, ())
    assert "PHOTO" not in served
    assert "CATEGORIES" not in served


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")
