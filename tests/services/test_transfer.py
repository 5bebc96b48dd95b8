from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import EventKind, Privacy
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from bridge.errors import Invalid, NotFound
from bridge.services.importing import Imported, Outcome
from bridge.services.resources import Precondition
from bridge.services.transfer import Transfer
from bridge.store.database import Database
from tests.harness import CRM, Office

LINES = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Odd//EN",
    "X-WR-CALNAME:kept",
    "BEGIN:VEVENT",
    "UID:odd-1",
    "DTSTAMP:20261101T080000Z",
    "DTSTART:20261201T080000Z",
    "DTEND:20261201T090000Z",
    "RRULE:FREQ=DAILY;COUNT=3",
    "EXDATE:20261202T080000Z",
    "SUMMARY:Série",
    "LOCATION:a,b",
    "X-ODD;X-P=1:kept;too",
    "ATTENDEE;CN=Eve;PARTSTAT=ACCEPTED:mailto:eve@example.com",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
)
ODD_EVENT = "\r\n".join(LINES)


def portrait() -> str:
    out = BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(out, "JPEG")
    return b64encode(out.getvalue()).decode()


def odd_card() -> str:
    lines = (
        *("BEGIN:VCARD", "VERSION:3.0", "UID:card-1", "FN:Odd Card", "N:Card;Odd;;;", "NICKNAME:Oddy"),
        *("EMAIL;TYPE=WORK:odd@example.com", "item1.X-ABLabel:boat", "item1.TEL:+371 2", "BDAY:--0203"),
        *("CATEGORIES:VIP", f"PHOTO;ENCODING=b;TYPE=JPEG:{portrait()}", "X-ODD:kept", "END:VCARD", ""),
    )
    return "\r\n".join(lines)


GROUP = "\r\n".join(
    (
        *("BEGIN:VCARD", "VERSION:3.0", "UID:group-1", "FN:Crew", "N:Crew;;;;"),
        *("X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:card-1", "END:VCARD", ""),
    )
)


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def transfer(office: Office) -> Transfer:
    return Transfer(office.database, office.clock, office.settings)


def take(office: Office, login: str, name: str, content: str | bytes) -> Imported:
    data = content.encode() if isinstance(content, str) else content
    return transfer(office).import_file(login, name, data, silent)


def outcomes(imported: Imported) -> list[str]:
    return [result.outcome.value for result in imported.results]


def fill(office: Office, login: str = "anna") -> None:
    """Everything that is hard to carry: series, photos, unknown properties, private, done, links, a group."""
    owner = office.principals.find(login)
    office.principals.choose_type(login, "task", TypeOption(EventKind.TASK, "tomato", -timedelta(minutes=10)))
    company = office.contacts.create_organization(CRM, Organization("", owner.id, "SIA Ābols", labels=("Partner",)))
    person = office.contacts.create_person(
        CRM, Person("", owner.id, "Eve Ē", organization_id=company.id, note="a\nb", labels=("VIP",))
    )
    deal = Deal("Roof", owner.id, Visibility.OWNER, person_id=person.id, organization_id=company.id)
    deal = office.activities.save_deal(CRM, deal)
    base = Activity("", owner.id, "Plain", "call", date(2026, 12, 1), time(8), timedelta(minutes=20))
    linked = replace(base, deal_id=deal.id, person_id=person.id, participants=(person.id,), note="<p>secret</p>")
    for activity in (
        replace(base, privacy=Privacy.CONFIDENTIAL, location="x; y, z"),
        replace(linked, organization_id=company.id, public_description="<p>a &amp; b</p>"),
        replace(base, subject="Day", due_time=None, duration=None, visibility=Visibility.OWNER, busy=False),
        replace(base, subject="To do", type="task"),
        replace(base, subject="Undated", type="task", due_date=None, due_time=None, duration=None),
    ):
        saved = office.activities.create(CRM, activity)
        office.activities.change(CRM, saved.id, lambda a: replace(a, done=a.subject in {"Plain", "To do"}))
    put(office, login, "activities", "client chose'n.ics", ODD_EVENT)
    put(office, login, "contacts", "card.vcf", odd_card())
    put(office, login, "contacts", "crew.vcf", GROUP)


def put(office: Office, login: str, collection: str, href: str, body: str) -> None:
    office.resources.put(CRM, login, collection, href, body, Precondition())


def texts(office: Office, login: str) -> dict[tuple[str, str], str]:
    home = [c for c in office.resources.home(login) if not c.read_only]
    return {(c.name, r.href): r.text for c in home for r in office.resources.listing(c, text=True)}


def records(office: Office, login: str) -> dict[str, list[Any]]:
    """All that the user owns, less time stamps and what differs from one account to another."""
    exported = json.loads(transfer(office).records(login))
    for section in ("activities", "persons", "organizations", "deals"):
        for record in exported[section]:
            record.pop("created_at", None)
    return {name: value for name, value in exported.items() if name not in {"exported_at", "login"}}


@pytest.fixture
def other(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Another installation with an empty account."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('other') / 'crm.sqlite3'}")
    database.migrate()
    found = Office(database)
    found.user("anna")
    return found


def test_an_export_makes_the_same_of_an_empty_account(office: Office, other: Office) -> None:
    office.user("anna")
    fill(office)
    imported = take(other, "anna", "anna.json", transfer(office).records("anna"))
    assert {*outcomes(imported)} == {"stored"}
    assert records(other, "anna") == records(office, "anna")
    assert texts(other, "anna") == texts(office, "anna")
    other.database.close()


def test_an_export_that_is_taken_in_twice_changes_nothing(office: Office) -> None:
    office.user("anna")
    office.user("eve")
    fill(office)
    exported = transfer(office).records("anna")
    assert {*outcomes(take(office, "anna", "a.json", exported))} == {"unchanged"}
    assert {*outcomes(take(office, "eve", "a.json", exported))} == {"stored"}
    before, tokens = texts(office, "eve"), [c.sync_token for c in office.resources.home("eve")]
    office.clock.advance(timedelta(days=1))
    assert {*outcomes(take(office, "eve", "a.json", exported))} == {"unchanged"}
    assert texts(office, "eve") == before
    assert [c.sync_token for c in office.resources.home("eve")] == tokens


def test_links_of_an_export_point_to_the_new_records(office: Office) -> None:
    office.user("anna")
    eve = office.user("eve")
    fill(office)
    take(office, "eve", "a.json", transfer(office).records("anna"))
    people, companies = office.contacts.owned_by(eve.id)
    (activity,) = [a for a in office.activities.owned_by(eve.id) if a.deal_id]
    assert activity.person_id in {person.id for person in people}
    assert activity.organization_id in {company.id for company in companies}
    assert activity.participants == (activity.person_id,)


def test_calendar_and_card_files_are_taken_in_by_an_empty_account(office: Office) -> None:
    office.user("anna")
    office.user("eve")
    fill(office)
    office.principals.choose_type("eve", "task", TypeOption(EventKind.TASK))
    exported = (("a.vcf", transfer(office).cards("anna")), ("a.ics", transfer(office).calendar("anna")))
    for name, content in exported:
        assert {*outcomes(take(office, "eve", name, content))} == {"stored"}
    anna, eve = (office.principals.find(login) for login in ("anna", "eve"))

    def shown(user_id: int) -> list[tuple[Any, ...]]:
        names = ("uid", "subject", "type", "due", "done", "privacy", "location", "series", "busy")
        found = office.activities.owned_by(user_id)
        lengths = {a.uid: a.duration for a in found if a.type != "task"}  # a VTODO without a start has none
        return sorted(((*(getattr(a, name) for name in names), lengths.get(a.uid)) for a in found), key=str)

    assert shown(eve.id) == shown(anna.id)
    office.clock.advance(timedelta(days=1))
    for name, content in exported:
        assert {*outcomes(take(office, "eve", name, content))} == {"unchanged"}


def test_unknown_properties_survive_a_calendar_file(office: Office) -> None:
    office.user("anna")
    take(office, "anna", "odd.ics", ODD_EVENT)
    text = transfer(office).calendar("anna")
    for line in ("X-ODD;X-P=1:kept;too", "EXDATE:20261202T080000Z", "RRULE:FREQ=DAILY;COUNT=3"):
        assert f"\r\n{line}\r\n" in text


def test_time_zones_of_one_name_and_two_meanings_stay_apart(office: Office) -> None:
    office.user("anna")

    def event(uid: str, offset: str) -> str:
        zone = (
            f"BEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD"
        )
        return (
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Ours\r\n{zone}\r\nEND:VTIMEZONE\r\n"
            f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20261101T080000Z\r\nDTSTART;TZID=Ours:20261201T080000\r\n"
            "SUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )

    for uid, offset in (("one", "+0100"), ("two", "-0500"), ("three", "+0100")):
        put(office, "anna", "activities", f"{uid}.ics", event(uid, offset))
    text = transfer(office).calendar("anna")
    assert text.count("BEGIN:VCALENDAR") == 2
    eve = office.user("eve")
    take(office, "eve", "a.ics", text)
    assert {a.uid: a.due_time for a in office.activities.owned_by(eve.id)} == {
        "one": time(7),
        "two": time(13),
        "three": time(7),
    }


def test_one_bad_object_does_not_hinder_the_others(office: Office) -> None:
    anna = office.user("anna")
    inner = ODD_EVENT.partition("BEGIN:VEVENT")[2].partition("END:VEVENT")[0]
    good = f"BEGIN:VEVENT{inner}END:VEVENT\r\n"
    bad = "BEGIN:VEVENT\r\nUID:bad\r\nDTSTAMP:20261101T080000Z\r\nDTSTART:tomorrow\r\nEND:VEVENT\r\n"
    note = "BEGIN:VJOURNAL\r\nUID:note\r\nDTSTAMP:20261101T080000Z\r\nEND:VJOURNAL\r\n"
    task = "BEGIN:VTODO\r\nUID:task\r\nDTSTAMP:20261101T080000Z\r\nSUMMARY:Do\r\nEND:VTODO\r\n"
    file = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{good}{bad}{note}{task}END:VCALENDAR\r\n"
    imported = take(office, "anna", "mixed.ics", file)
    assert imported.count(Outcome.STORED) == 1
    assert imported.count(Outcome.REFUSED) == 3
    reasons = " ".join(result.reason for result in imported.results)
    assert "events only" in reasons
    assert "--show task=task" in reasons
    assert [a.uid for a in office.activities.owned_by(anna.id)] == ["odd-1"]
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    assert take(office, "anna", "mixed.ics", file).count(Outcome.STORED) == 1
    assert ("tasks", "task.ics") in texts(office, "anna")


def test_objects_without_uid_are_taken_in_once(office: Office) -> None:
    anna = office.user("anna")
    event = ODD_EVENT.replace("UID:odd-1\r\n", "")
    card = odd_card().replace("UID:card-1\r\n", "")
    for expected in ("stored", "unchanged"):
        assert outcomes(take(office, "anna", "x.ics", event)) == [expected]
        assert outcomes(take(office, "anna", "x.vcf", card)) == [expected]
    assert len(office.activities.owned_by(anna.id)) == 1


def test_a_card_of_version_4_is_taken_in_with_its_photo(office: Office) -> None:
    anna = office.user("anna")
    card = (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:v4\r\nFN:Four\r\n"
        f"PHOTO:data:image/jpeg;base64,{portrait()}\r\nEND:VCARD\r\n"
    )
    for expected in ("stored", "unchanged"):
        assert outcomes(take(office, "anna", "x.vcf", card)) == [expected]
    ((person,), _) = office.contacts.owned_by(anna.id)
    assert person.photo is not None


def test_an_import_is_one_run_that_can_be_taken_back(office: Office) -> None:
    anna = office.user("anna")
    fill(office)
    exported = transfer(office).records("anna")
    eve = office.user("eve")
    imported = take(office, "eve", "a.json", exported)
    undone = office.journal.undo_run(CRM, imported.run)
    assert undone
    assert office.activities.owned_by(eve.id) == []
    assert office.contacts.owned_by(eve.id) == ([], [])
    assert len(office.activities.owned_by(anna.id)) == 6
    again = take(office, "eve", "a.json", exported)
    assert again.count(Outcome.REFUSED) == 0
    assert len(office.activities.owned_by(eve.id)) == 6


def test_what_a_calendar_changed_since_is_changed_back(office: Office) -> None:
    anna = office.user("anna")
    take(office, "anna", "x.ics", ODD_EVENT)
    put(office, "anna", "activities", "odd-1.ics", ODD_EVENT.replace("Série", "Other").replace("a,b", "c"))
    exported = transfer(office).records("anna")
    changed = exported.replace("Other", "Third")
    assert outcomes(take(office, "anna", "x.json", changed)) == ["stored"]
    (activity,) = office.activities.owned_by(anna.id)
    assert activity.subject == "Third"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.txt", b"", "is none of .ics, .vcf, .csv, .json"),
        ("x.ics", b"\xff\xfe", "is not UTF-8 text"),
        ("x.ics", b"hello", "outside of any component"),
        ("x.json", b"{", "not JSON"),
        ("x.json", b"[]", "not an export of davbridge"),
        ("x.json", b'{"format": "davbridge-export", "version": 99}', "version 99"),
        ("x.json", b'{"format": "davbridge-export", "version": 1}', "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_an_error(
    office: Office, name: str, content: bytes, sentence: str
) -> None:
    office.user("anna")
    with pytest.raises(Invalid, match=sentence):
        take(office, "anna", name, content)


def damaged(section: str, **changes: Any) -> Any:
    def damage(exported: dict[str, Any]) -> None:
        exported[section][0].update(changes)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        damaged("activities", uid="another"),
        damaged("activities", due_date="someday"),
        damaged("activities", type="party"),
        damaged("persons", emails=7),
        damaged("activities", resource={"collection": "activities", "href": "x.ics", "text": "BEGIN:NOTHING"}),
        damaged("activities", resource=5),
    ],
)
def test_a_damaged_record_is_refused_alone(office: Office, damage: Any) -> None:
    office.user("anna")
    office.user("eve")
    fill(office)
    exported = json.loads(transfer(office).records("anna"))
    damage(exported)
    imported = take(office, "eve", "x.json", json.dumps(exported))
    assert imported.count(Outcome.REFUSED) == 1
    assert imported.count(Outcome.STORED) == len(imported.results) - 1


def test_an_export_never_overwrites_what_another_object_has(office: Office) -> None:
    office.user("anna")
    office.user("eve")
    put(office, "anna", "activities", "same.ics", ODD_EVENT)
    put(office, "eve", "activities", "same.ics", ODD_EVENT.replace("odd-1", "mine"))
    take(office, "eve", "a.json", transfer(office).records("anna"))
    found = texts(office, "eve")
    assert "UID:mine" in found["activities", "same.ics"]
    assert any("UID:odd-1" in text for text in found.values())


def test_nobody_has_nothing(office: Office) -> None:
    found = transfer(office)
    actions: Sequence[Any] = (found.calendar, found.cards, found.records)
    for action in actions:
        with pytest.raises(NotFound):
            action("nobody")
    with pytest.raises(NotFound):
        take(office, "nobody", "x.ics", ODD_EVENT)


def test_an_account_without_anything_exports_valid_files(office: Office) -> None:
    office.user("anna")
    assert transfer(office).calendar("anna").startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert transfer(office).cards("anna") == ""
    assert outcomes(take(office, "anna", "x.json", transfer(office).records("anna"))) == []


def test_every_field_of_a_record_is_exported(office: Office) -> None:
    office.user("anna")
    fill(office)
    exported = json.loads(transfer(office).records("anna"))
    missing = {"owner_id", "deleted", "updated_at"}
    for section, kind in (("activities", Activity), ("persons", Person), ("organizations", Organization)):
        assert {f.name for f in fields(kind)} - missing <= set(exported[section][0])
