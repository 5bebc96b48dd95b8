"""A client reads, writes and deletes; the CRM follows, and the other way round."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from bridge.core.activity import Activity
from bridge.core.person import Person
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, ics, vcf

ACTIVITIES, CONTACTS = "/dav/anna/activities/", "/dav/anna/contacts/"


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.fixture
def anna(office: Office) -> Client:
    office.user("anna")
    return office.client("anna")


def test_a_client_finds_its_collections_from_the_host_alone(anna: Client) -> None:
    moved = anna.request("PROPFIND", "/.well-known/caldav", headers={"Depth": "0"})
    assert (moved.status, moved.headers["Location"]) == (301, "/dav/")
    for root in ("/dav/", "/"):
        principal = anna.propfind(root, "current-user-principal")
        assert principal.xml.findtext(".//{DAV:}current-user-principal/{DAV:}href") == "/dav/anna/"
    home = anna.propfind("/dav/anna/", "{urn:ietf:params:xml:ns:caldav}calendar-home-set")
    assert home.xml.findtext(".//{urn:ietf:params:xml:ns:caldav}calendar-home-set/{DAV:}href") == "/dav/anna/"
    assert anna.propfind("/dav/anna/", "resourcetype", depth="1").hrefs() == ["/dav/anna/", ACTIVITIES, CONTACTS]


def test_an_activity_of_the_crm_reaches_the_client(office: Office, anna: Client) -> None:
    token, _ = anna.sync(ACTIVITIES)
    user = office.principals.find("anna")
    activity = Activity("", user.id, "Call Ilze", "call", date(2026, 12, 1), time(8, 30))
    created = office.activities.create(CRM, activity)
    token, changes = anna.sync(ACTIVITIES, token)
    href = f"{ACTIVITIES}{created.uid}.ics"
    assert changes.hrefs() == [href]
    text = anna.get(href).text
    assert "SUMMARY:Call Ilze\r\n" in text
    assert "DTSTART;TZID=Europe/Riga:20261201T103000\r\n" in text
    office.activities.change(CRM, created.id, lambda found: replace(found, subject="Call Ilze again"))
    token, changes = anna.sync(ACTIVITIES, token)
    assert changes.hrefs() == [href]
    office.activities.delete(CRM, created.id)
    assert anna.sync(ACTIVITIES, token)[1].gone() == [href]


def test_what_a_client_writes_becomes_an_activity(office: Office, anna: Client) -> None:
    reply = anna.put(
        f"{ACTIVITIES}mine.ics", ics("SUMMARY:Lunch", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
    )
    assert reply.status == 201
    (activity,) = office.activities.owned_by(office.principals.find("anna").id)
    assert (activity.subject, activity.type, activity.due) == (
        "Lunch",
        "meeting",
        datetime(2026, 12, 1, 10, tzinfo=UTC),
    )
    assert anna.get(f"{ACTIVITIES}mine.ics").status == 200
    stored = anna.get(f"{ACTIVITIES}mine.ics")
    changed = stored.text.replace("SUMMARY:Lunch", "SUMMARY:Long lunch")
    assert anna.put(f"{ACTIVITIES}mine.ics", changed, If_Match=stored.etag).status == 204
    assert office.activities.get(activity.id).subject == "Long lunch"
    assert anna.put(f"{ACTIVITIES}mine.ics", changed, If_Match=stored.etag).status == 412
    assert anna.delete(f"{ACTIVITIES}mine.ics").status == 204
    assert office.activities.get(activity.id).deleted
    assert anna.get(f"{ACTIVITIES}mine.ics").status == 404


def test_a_contact_goes_both_ways(office: Office, anna: Client) -> None:
    user = office.principals.find("anna")
    ilze = office.contacts.create_person(CRM, Person("", user.id, "Ilze Ozola"))
    token, found = anna.sync(CONTACTS)
    href = f"{CONTACTS}{ilze.uid}.vcf"
    assert found.hrefs() == [href]
    card = anna.get(href)
    assert "FN:Ilze Ozola\r\n" in card.text
    edited = card.text.replace("END:VCARD", "TITLE:Director\r\nEND:VCARD")
    assert anna.put(href, edited, If_Match=card.etag).status == 204
    assert office.contacts.person(ilze.id).job_title == "Director"
    assert anna.put(f"{CONTACTS}new.vcf", vcf("FN:Jānis Kalns", "N:Kalns;Jānis;;;", "ORG:Rīgas Siers")).status == 201
    people, companies = office.contacts.owned_by(user.id)
    assert sorted(person.name for person in people) == ["Ilze Ozola", "Jānis Kalns"]
    assert [company.name for company in companies] == ["Rīgas Siers"]
    assert len(anna.sync(CONTACTS, token)[1].hrefs()) == 3
    assert anna.delete(f"{CONTACTS}new.vcf").status == 204


def test_without_a_password_there_is_nothing(office: Office, anna: Client) -> None:
    stranger = Client(office.wsgi())
    assert stranger.propfind("/dav/anna/", "displayname").status == 401
    assert stranger.get(f"{ACTIVITIES}x.ics").status == 401
    assert Client(office.wsgi(), "anna", "wrong").propfind("/dav/anna/", "displayname").status == 401
