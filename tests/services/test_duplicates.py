"""Finding persons who may be one, merging them, and taking it back (R17, R21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Address, Labelled, Name, Photo
from bridge.core.duplicates import Reason
from bridge.core.merge import FieldConflict
from bridge.core.person import Organization, Person
from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound
from bridge.services.actor import Actor
from bridge.services.duplicates import Duplicates, region_of
from bridge.store import activities, contacts, journal
from bridge.store.database import Database
from bridge.store.models import DistinctPersonsRow
from bridge.store.models.journal import Source
from bridge.store.tables import COLLECTIONS, RESOURCES
from tests.harness import Client, Office, ics, vcf

BOOK = "/dav/ilze/contacts/"


@pytest.fixture
def duplicates(office: Office) -> Duplicates:
    return Duplicates(office.database, office.clock, office.settings)


@pytest.fixture
def ilze(office: Office) -> User:
    return office.user("ilze", group_cards=True)


@pytest.fixture
def actor(ilze: User) -> Actor:
    return Actor(ilze.id, Source.CRM, client="test")


class Scene:
    """Two cards of one person, and everything that may point to the second one."""

    def __init__(self, office: Office, ilze: User) -> None:
        self.office, self.ilze = office, ilze
        self.phone: Client = office.client("ilze")
        self.company = office.contacts.create_organization(self._by(ilze), Organization("", ilze.id, "SIA Liepa"))
        self.phone.put(
            f"{BOOK}one.vcf",
            vcf("N:Kalns;Juris;;;", "FN:Juris Kalns", "EMAIL:juris@example.com", "NOTE:First.", "X-ODD:1", uid="one"),
        )
        self.phone.put(
            f"{BOOK}two.vcf",
            vcf(
                "N:Kalns;Juris;;;",
                "FN:Kalns\\, Juris",
                "EMAIL:JURIS@example.com",
                "EMAIL:jk@example.org",
                "TEL;TYPE=CELL:26 123 456",
                "NOTE:Second.",
                "CATEGORIES:Client",
                "X-ODD:2",
                uid="two",
            ),
        )
        with office.database.read() as session:
            ((one,), (two,)) = (contacts.persons_by_uid(session, uid) for uid in ("one", "two"))
        self.one, self.two = one.id, two.id
        office.contacts.change_person(
            self._by(ilze), self.two, lambda person: replace(person, job_title="Director", photo=Photo(b"picture"))
        )
        self.meeting = self._activity(person_id=self.two, subject="Meeting with Juris")
        self.group = self._activity(person_id=self.one, participants=(self.two, self.one), subject="Group")
        self.gone = self._activity(person_id=self.two, subject="Gone")
        office.activities.delete(self._by(ilze), self.gone)
        colleague = office.user("bob")
        self.colleagues = self._activity(owner_id=colleague.id, person_id=self.two, subject="Bob's")
        deal = Deal("Big deal", ilze.id, person_id=self.two)
        self.deal = office.activities.save_deal(self._by(ilze), deal).id
        self.phone.put(
            "/dav/ilze/activities/party.ics",
            ics(
                "SUMMARY:Party",
                "DTSTART:20261201T100000Z",
                "ATTENDEE;CN=Juris;PARTSTAT=ACCEPTED:mailto:jk@example.org",
                uid="party",
            ),
        )

    def _by(self, user: User) -> Actor:
        return Actor(user.id, Source.CRM)

    def _activity(self, **fields: Any) -> int:
        owner_id = fields.pop("owner_id", self.ilze.id)
        plain = Activity("", owner_id, type="meeting", due_date=date(2026, 12, 1), due_time=time(10))
        return self.office.activities.create(self._by(self.ilze), replace(plain, **fields)).id

    def records(self) -> dict[str, Any]:
        """Every record as it stands, without the time of its last change."""
        with self.office.database.read() as session:
            people = contacts.persons(session, [self.one, self.two])
            ids = [self.meeting, self.group, self.gone, self.colleagues]
            found = activities.activities(session, [*ids, activities.activities_by_uid(session, "party")[0].id])
            deals = activities.deals(session, [self.deal])
        persons = {f"Person {key}": replace(person, updated_at=None) for key, person in people.items()}
        visits = {f"Activity {key}": replace(activity, updated_at=None) for key, activity in found.items()}
        return {**persons, **visits, "deal": deals[self.deal]}

    def resources(self) -> dict[tuple[str, str], list[str]]:
        """Every resource that clients see, without the stamps."""
        query = select(COLLECTIONS.c.owner_id, COLLECTIONS.c.name, RESOURCES.c.href, RESOURCES.c.text)
        query = query.select_from(RESOURCES.join(COLLECTIONS)).where(RESOURCES.c.deleted.is_(False))
        with self.office.database.read() as session:
            rows = session.execute(query).all()
        return {(f"{row.owner_id}/{row.name}", row.href): _without_stamps(row.text) for row in rows}


def _without_stamps(text: str) -> list[str]:
    """A change that is taken back is one more change, and says so."""
    stamps = ("REV:", "DTSTAMP:", "LAST-MODIFIED:")
    return [line for line in text.splitlines() if not line.startswith(stamps)]


@pytest.fixture
def scene(office: Office, ilze: User) -> Scene:
    return Scene(office, ilze)


def test_only_a_users_own_live_persons_are_suggested(office: Office, ilze: User, duplicates: Duplicates) -> None:
    bob = office.user("bob")
    by = Actor(None, Source.CRM)
    for owner in (ilze, ilze, bob):
        office.contacts.create_person(by, Person("", owner.id, "Juris Kalns", organization_id=None))
    (group,) = duplicates.find("ilze").groups
    assert {member.owner_id for member in group.members} == {ilze.id}
    assert len(group.members) == 2
    assert duplicates.find("bob").groups == ()
    office.contacts.delete_person(by, group.members[0].id)
    assert duplicates.find("ilze").groups == ()
    with pytest.raises(NotFound, match="no user “eve”"):
        duplicates.find("eve")


def test_a_phone_number_is_dialled_in_the_users_country(office: Office, ilze: User, duplicates: Duplicates) -> None:
    company = office.contacts.create_organization(Actor(None, Source.CRM), Organization("", ilze.id, "SIA Liepa"))
    for name, phone in (("Juris", "26123456"), ("J. Kalns", "+371 26 123 456"), ("Olle", "+46 26 123 456")):
        new = Person("", ilze.id, name, organization_id=company.id, phones=(Labelled(phone),))
        office.contacts.create_person(Actor(None, Source.CRM), new)
    found = duplicates.find("ilze")
    assert [group.reasons for group in found.groups] == [(Reason.PHONE,)]
    assert [member.name for member in found.groups[0].members] == ["Juris", "J. Kalns"]
    assert found.organizations == {company.id: "SIA Liepa"}
    assert duplicates.find("ilze", "EE").groups == ()
    assert len(duplicates.find("ilze", "lv").groups) == 1
    with pytest.raises(Invalid, match="no country “Riga”"):
        duplicates.find("ilze", "Riga")


@pytest.mark.parametrize(
    ("zone", "language", "region"),
    [
        ("Europe/Riga", "en", "LV"),
        ("Asia/Calcutta", "en", "IN"),
        ("America/New_York", "lv", "US"),
        ("UTC", "pl", "PL"),
        ("UTC", "en", None),
        ("Etc/GMT+3", "xx", None),
    ],
)
def test_the_country_of_a_user(zone: str, language: str, region: str | None) -> None:
    assert region_of(User("x", zone, language=language)) == region


def test_a_merge_keeps_everything(scene: Scene, duplicates: Duplicates, actor: Actor, office: Office) -> None:
    result = duplicates.merge(actor, scene.one, [scene.two])
    person = office.contacts.person(scene.one)
    assert result.person == person
    assert [email.value for email in person.emails] == ["juris@example.com", "jk@example.org"]
    assert [phone.value for phone in person.phones] == ["26 123 456"]
    assert (person.name, person.job_title, person.note) == ("Juris Kalns", "Director", "First.\n\nSecond.")
    assert (person.labels, person.photo) == (("Client",), Photo(b"picture"))
    assert result.left_out == (FieldConflict("name", "Juris Kalns", ("Kalns, Juris",)),)
    assert office.contacts.person(scene.two).deleted
    assert (result.activities, result.deals) == (5, 1)


def test_what_pointed_to_the_other_points_to_the_survivor(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    duplicates.merge(actor, scene.one, [scene.two])
    after = scene.records()
    people = [after[f"Activity {i}"].person_id for i in (scene.meeting, scene.group, scene.gone, scene.colleagues)]
    assert people == [scene.one] * 4
    assert after[f"Activity {scene.group}"].participants == (scene.one,)
    assert after["deal"].person_id == scene.one
    with office.database.read() as session:
        (party,) = activities.activities_by_uid(session, "party")
    assert party.participants == (scene.one,)
    assert office.activities.get(scene.gone).deleted


def test_the_address_book_shows_the_survivor_only(scene: Scene, duplicates: Duplicates, actor: Actor) -> None:
    token, _ = scene.phone.sync(BOOK)
    duplicates.merge(actor, scene.one, [scene.two])
    _, changes = scene.phone.sync(BOOK, token)
    assert f"{BOOK}two.vcf" in changes.gone()
    assert f"{BOOK}one.vcf" in changes.hrefs()
    card = scene.phone.get(f"{BOOK}one.vcf").text
    assert "X-ODD:1" in card
    assert "jk@example.org" in card
    assert scene.phone.get(f"{BOOK}two.vcf").status == 404
    party = scene.phone.get("/dav/ilze/activities/party.ics").text.replace("\r\n ", "")
    assert "mailto:jk@example.org" in party


def test_undoing_the_run_restores_every_record_link_and_resource(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    records, resources = scene.records(), scene.resources()
    office.clock.advance(timedelta(hours=1))
    result = duplicates.merge(actor, scene.one, [scene.two])
    assert scene.records() != records
    assert scene.resources() != resources
    office.clock.advance(timedelta(hours=1))
    undone = office.journal.undo_run(Actor(None, Source.UNDO), result.run)
    assert [(each.problem, each.left_alone) for each in undone] == [("", ())] * 8
    assert scene.records() == records
    assert scene.resources() == resources
    assert scene.phone.get(f"{BOOK}two.vcf").status == 200


def test_a_restored_card_is_the_same_to_the_byte(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    before = {href: scene.phone.get(f"{BOOK}{href}.vcf").etag for href in ("one", "two")}
    office.clock.advance(timedelta(hours=1))
    result = duplicates.merge(actor, scene.one, [scene.two])
    office.journal.undo_run(Actor(None, Source.UNDO), result.run)
    assert {href: scene.phone.get(f"{BOOK}{href}.vcf").etag for href in ("one", "two")} == before


def test_a_merge_that_was_undone_can_be_done_again(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    first = duplicates.merge(actor, scene.one, [scene.two])
    merged = scene.records()
    office.journal.undo_run(Actor(None, Source.UNDO, run="undo"), first.run)
    office.journal.undo_run(Actor(None, Source.UNDO, run="redo"), "undo")
    assert scene.records() == merged
    office.journal.undo_run(Actor(None, Source.UNDO), "redo")
    second = duplicates.merge(actor, scene.two, [scene.one])
    assert second.run != first.run
    assert office.contacts.person(scene.one).deleted


def test_what_was_changed_since_the_merge_stays(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    run = duplicates.merge(actor, scene.one, [scene.two]).run
    office.contacts.change_person(actor, scene.one, lambda person: replace(person, note="Written since."))
    undone = office.journal.undo_run(Actor(None, Source.UNDO), run)
    assert [each.left_alone for each in undone if each.left_alone] == [("note",)]
    assert office.contacts.person(scene.one).note == "Written since."
    assert not office.contacts.person(scene.two).deleted


def test_the_journal_tells_what_was_not_kept(
    scene: Scene, duplicates: Duplicates, actor: Actor, office: Office
) -> None:
    run = duplicates.merge(actor, scene.one, [scene.two]).run
    with office.database.read() as session:
        entries = journal.entries(session, run=run)
    assert {(entry.kind.value, entry.record_id) for entry in entries} >= {
        ("person", scene.one),
        ("person", scene.two),
        ("deal", scene.deal),
        ("activity", scene.colleagues),
    }
    (kept,) = (entry for entry in entries if entry.lost)
    assert kept.lost == {"name": "('Kalns, Juris',)"}
    assert {entry.actor_id for entry in entries} == {actor.user_id}


def test_three_become_one(office: Office, ilze: User, duplicates: Duplicates, actor: Actor) -> None:
    ids = [
        office.contacts.create_person(
            actor,
            Person("", ilze.id, "Juris Kalns", Name("Kalns", "Juris"), addresses=(Address(f"Street {i}"),)),
        ).id
        for i in range(3)
    ]
    result = duplicates.merge(actor, ids[1], [ids[0], ids[2], ids[1]])
    assert [address.street for address in result.person.addresses] == ["Street 1", "Street 0", "Street 2"]
    assert duplicates.find("ilze").groups == ()


def test_a_merge_shows_nobody_more_than_before(
    office: Office, ilze: User, duplicates: Duplicates, actor: Actor
) -> None:
    one, two = (
        office.contacts.create_person(actor, Person("", ilze.id, "Juris Kalns", visibility=seen)).id
        for seen in (Visibility.EVERYONE, Visibility.OWNER)
    )
    assert duplicates.merge(actor, one, [two]).person.visibility is Visibility.OWNER


def test_who_and_what_cannot_be_merged(office: Office, ilze: User, duplicates: Duplicates, actor: Actor) -> None:
    bob = office.user("bob")
    mine, other, gone = (office.contacts.create_person(actor, Person("", ilze.id, "Juris Kalns")).id for _ in range(3))
    his = office.contacts.create_person(Actor(bob.id, Source.CRM), Person("", bob.id, "Juris Kalns")).id
    office.contacts.delete_person(actor, gone)
    for others in ([], [mine]):
        with pytest.raises(Invalid, match="at least two"):
            duplicates.merge(actor, mine, others)
    for missing in (gone, 999):
        with pytest.raises(NotFound, match=f"no person {missing}"):
            duplicates.merge(actor, mine, [missing])
    for survivor, others in ((mine, [his]), (his, [mine])):
        with pytest.raises(NotAllowed, match="not all yours"):
            duplicates.merge(actor, survivor, others)
    with pytest.raises(Invalid, match="one user"):
        duplicates.merge(Actor(None, Source.CRM), mine, [his])
    with pytest.raises(NotAllowed):
        duplicates.merge(Actor(bob.id, Source.CRM), mine, [other])
    assert not any(office.contacts.person(i).deleted for i in (mine, other, his))


def test_who_is_told_apart_is_not_suggested_again(
    office: Office, ilze: User, duplicates: Duplicates, actor: Actor, database: Database
) -> None:
    ids = [office.contacts.create_person(actor, Person("", ilze.id, "Juris Kalns")).id for _ in range(3)]
    duplicates.keep_apart(actor, ids[:2])
    (group,) = duplicates.find("ilze").groups
    assert len(group.members) == 3  # the third may still be either
    duplicates.keep_apart(actor, reversed_once := ids[::-1])
    assert duplicates.find("ilze").groups == ()
    with database.read() as session:
        rows = session.execute(select(DistinctPersonsRow.person_id, DistinctPersonsRow.other_id)).all()
    assert len(rows) == 3
    assert all(one < other for one, other in rows)
    duplicates.suggest_again(actor, reversed_once)
    assert len(duplicates.find("ilze").groups) == 1


def test_who_may_not_tell_persons_apart(office: Office, ilze: User, duplicates: Duplicates, actor: Actor) -> None:
    ids = [office.contacts.create_person(actor, Person("", ilze.id, "Juris Kalns")).id for _ in range(2)]
    bob = office.user("bob")
    for tell in (duplicates.keep_apart, duplicates.suggest_again):
        with pytest.raises(NotAllowed):
            tell(Actor(bob.id, Source.CRM), ids)
        with pytest.raises(Invalid, match="At least two"):
            tell(actor, [ids[0], ids[0]])
        with pytest.raises(NotFound):
            tell(actor, [ids[0], 999])


def test_persons_beyond_one_statement_are_found(
    office: Office, ilze: User, duplicates: Duplicates, database: Database
) -> None:
    now = office.clock.now()
    new = [Person(f"u{i}", ilze.id, f"Name{i} Family{i}", created_at=now, updated_at=now) for i in range(1_500)]
    with database.write() as session:
        contacts.add_persons(session, [*new, replace(new[3], uid="twin")])
    (group,) = duplicates.find("ilze").groups
    assert {member.uid for member in group.members} == {"u3", "twin"}
