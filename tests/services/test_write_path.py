"""What a client writes: parsed, checked, merged by field, journaled (R11, R12, R14, R21, R23)."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Labelled
from bridge.core.event import EventKind
from bridge.core.person import Person
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotAllowed, NotFound, PreconditionFailed
from bridge.services import placement
from bridge.services.actor import Actor
from bridge.services.resources import Precondition, Stored
from bridge.store.models.journal import JournalAction, Source
from tests.harness import CRM, Office, ics, vcf

THUNDERBIRD = "Mozilla/5.0 Thunderbird/140.0"


@pytest.fixture
def anna(office: Office) -> User:
    return office.user("anna")


class Device:
    """A user's device that writes and reads at the service's door."""

    def __init__(self, office: Office, user: User, collection: str, client: str = "vdirsyncer/0.21") -> None:
        self.office, self.user, self.collection = office, user, collection
        device, _ = office.devices.add(user.login, client)
        self.actor = Actor(user.id, Source.DAV, device_id=device.id, client=client)

    def put(self, href: str, text: str, *if_match: str, new: bool = False) -> Stored:
        precondition = Precondition(if_match or None, if_none_match=new)
        return self.office.resources.put(self.actor, self.user.login, self.collection, href, text, precondition)

    def delete(self, href: str) -> None:
        self.office.resources.delete(self.actor, self.user.login, self.collection, href, Precondition())

    def text(self, href: str) -> str:
        collection = self.office.resources.collection(self.user.login, self.collection)
        assert collection is not None
        found = self.office.resources.get(collection, href)
        assert found is not None
        return found.text


@pytest.fixture
def calendar(office: Office, anna: User) -> Device:
    return Device(office, anna, "activities")


@pytest.fixture
def book(office: Office, anna: User) -> Device:
    return Device(office, anna, "contacts")


# Preconditions


def test_what_is_there_is_not_created_again(calendar: Device) -> None:
    calendar.put("a.ics", ics(), new=True)
    with pytest.raises(PreconditionFailed):
        calendar.put("a.ics", ics(), new=True)


def test_a_stale_version_is_refused_and_nothing_changes(calendar: Device) -> None:
    stored = calendar.put("a.ics", ics())
    calendar.put("a.ics", ics("SUMMARY:New", "DTSTART:20261201T100000Z"), stored.etag)
    text = calendar.text("a.ics")
    with pytest.raises(PreconditionFailed):
        calendar.put("a.ics", ics("SUMMARY:Stale", "DTSTART:20261201T100000Z"), stored.etag)
    assert calendar.text("a.ics") == text


def test_if_match_on_nothing_is_refused(calendar: Device) -> None:
    with pytest.raises(PreconditionFailed):
        calendar.put("a.ics", ics(), "*")


def test_a_second_resource_with_the_same_uid_is_refused(calendar: Device) -> None:
    calendar.put("a.ics", ics())
    with pytest.raises(Conflict) as raised:
        calendar.put("b.ics", ics())
    assert (raised.value.condition, raised.value.href) == ("C:no-uid-conflict", "a.ics")


def test_a_resource_keeps_its_uid(calendar: Device) -> None:
    calendar.put("a.ics", ics())
    with pytest.raises(Conflict):
        calendar.put("a.ics", ics(uid="other"))


def test_a_task_does_not_go_into_a_calendar(calendar: Device) -> None:
    with pytest.raises(NotAllowed) as raised:
        calendar.put("a.ics", ics("SUMMARY:x", kind="VTODO"))
    assert raised.value.condition == "C:supported-calendar-component"


def test_nothing_is_written_into_a_colleagues_calendar(office: Office, anna: User) -> None:
    office.user("bela")
    office.principals.choose_colleagues("anna", ["bela"])
    with pytest.raises(NotAllowed):
        Device(office, anna, "of-bela").put("a.ics", ics())


def test_there_is_no_other_collection(office: Office, anna: User) -> None:
    with pytest.raises(Conflict):
        Device(office, anna, "elsewhere").put("a.ics", ics())


def test_an_object_that_is_too_large_is_refused(calendar: Device) -> None:
    with pytest.raises(NotAllowed) as raised:
        calendar.put("a.ics", ics(f"DESCRIPTION:{'x' * 1_000_001}", "DTSTART:20261201T100000Z"))
    assert raised.value.condition == "C:max-resource-size"


@pytest.mark.parametrize("href", ["", "a/b.ics", "x" * 1001, "a\nb.ics"])
def test_names_that_no_index_holds_are_refused(calendar: Device, href: str) -> None:
    with pytest.raises(Invalid):
        calendar.put(href, ics())


# Merging by field (R23, D4)


def test_an_edit_of_one_field_leaves_the_others_alone(office: Office, anna: User, calendar: Device) -> None:
    created = office.activities.create(
        CRM, Activity("u", anna.id, "Call", "call", date(2026, 12, 1), time(8), public_description="<b>Rich</b>")
    )
    text = calendar.text("u.ics")
    calendar.put("u.ics", text.replace("SUMMARY:Call", "SUMMARY:Call back"))
    after = office.activities.get(created.id)
    assert after.subject == "Call back"
    assert after.public_description == "<b>Rich</b>"
    assert after.duration is None, "the shown default duration is not a duration"
    assert after.due == created.due


def test_an_unguarded_stale_write_does_not_undo_what_the_crm_changed(office: Office, anna: User) -> None:
    book = Device(office, anna, "contacts", THUNDERBIRD)
    ilze = office.contacts.create_person(
        CRM, Person("ilze", anna.id, "Ilze Ozola", phones=(Labelled("+371 1", "work"),))
    )
    stale = book.text("ilze.vcf")
    office.contacts.change_person(
        CRM, ilze.id, lambda found: replace(found, phones=(Labelled("+371 2", "work"),), job_title="Director")
    )
    book.put("ilze.vcf", stale.replace("END:VCARD", "NOTE:Likes tea\r\nEND:VCARD"))
    after = office.contacts.person(ilze.id)
    assert (after.note, after.job_title) == ("Likes tea", "Director")
    assert [phone.value for phone in after.phones] == ["+371 2"]
    assert "+371 2" in book.text("ilze.vcf")


def test_of_two_edits_of_one_field_the_newer_wins_and_the_other_is_kept_in_the_journal(
    office: Office, anna: User
) -> None:
    book = Device(office, anna, "contacts", THUNDERBIRD)
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze Ozola", job_title="Clerk"))
    stale = book.text("ilze.vcf")
    office.clock.advance(timedelta(minutes=1))
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, job_title="Director"))
    book.put("ilze.vcf", stale.replace("TITLE:Clerk", "TITLE:Owner"))
    assert office.contacts.person(ilze.id).job_title == "Owner"
    assert office.journal.entries(limit=1)[0].lost == {"job_title": "Director"}


def test_what_a_client_does_not_show_it_does_not_clear(office: Office, anna: User) -> None:
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze Ozola", labels=("VIP",)))
    outlook, thunderbird = (Device(office, anna, "contacts", name) for name in ("iOS/18 accountsd/1.0", THUNDERBIRD))
    bare = thunderbird.text("ilze.vcf").replace("CATEGORIES:VIP\r\n", "")
    outlook.put("ilze.vcf", bare)
    assert office.contacts.person(ilze.id).labels == ("VIP",)
    assert "CATEGORIES:VIP" in thunderbird.text("ilze.vcf")
    thunderbird.put("ilze.vcf", bare)
    assert office.contacts.person(ilze.id).labels == ()


def test_clearing_clears(office: Office, anna: User, calendar: Device) -> None:
    created = office.activities.create(
        CRM, Activity("u", anna.id, "Call", "call", date(2026, 12, 1), time(8), location="Here")
    )
    calendar.put("u.ics", calendar.text("u.ics").replace("LOCATION:Here\r\n", ""))
    assert office.activities.get(created.id).location == ""


def test_unknown_lines_of_a_client_stay_when_the_crm_changes_the_rest(office: Office, calendar: Device) -> None:
    calendar.put("a.ics", ics("SUMMARY:One", "DTSTART:20261201T100000Z", "X-FOO;A=b:a,b\\;c", "GEO:1;2"))
    (activity,) = office.activities.owned_by(calendar.user.id)
    office.activities.change(CRM, activity.id, lambda found: replace(found, subject="Two"))
    text = calendar.text("a.ics")
    assert "X-FOO;A=b:a,b\\;c\r\n" in text
    assert "GEO:1;2\r\n" in text
    assert "SUMMARY:Two\r\n" in text


# Types, links, people


def test_types_are_recognised_and_never_created(office: Office, calendar: Device) -> None:
    calendar.put("a.ics", ics("SUMMARY:x", "DTSTART:20261201T100000Z", "CATEGORIES:Deadline"))
    calendar.put("b.ics", ics("SUMMARY:y", "DTSTART:20261201T100000Z", "CATEGORIES:Party", uid="b"))
    found = {activity.subject: activity.type for activity in office.activities.owned_by(calendar.user.id)}
    assert found == {"x": "deadline", "y": "meeting"}
    assert len(office.activities.types()) == 4
    assert "CATEGORIES:Meeting,Party" in calendar.text("b.ics")


def test_a_new_object_stays_in_the_collection_it_was_put_into(office: Office, anna: User, calendar: Device) -> None:
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    calendar.put("a.ics", ics("SUMMARY:x", "DTSTART:20261201T100000Z", "CATEGORIES:Task"))
    Device(office, anna, "tasks").put("b.ics", ics("SUMMARY:y", "DUE:20261201T100000Z", uid="b", kind="VTODO"))
    found = {activity.subject: activity.type for activity in office.activities.owned_by(anna.id)}
    assert found == {"x": "meeting", "y": "task"}


def test_a_client_cannot_link_to_what_its_user_may_not_see(office: Office, anna: User, calendar: Device) -> None:
    bela = office.user("bela")
    secret = office.activities.save_deal(CRM, Deal("Secret", bela.id, Visibility.OWNER))
    shared = office.activities.save_deal(CRM, Deal("Shared", bela.id))
    calendar.put("a.ics", ics("SUMMARY:x", "DTSTART:20261201T100000Z", f"X-CRM-DEAL:{secret.id}"))
    calendar.put("b.ics", ics("SUMMARY:y", "DTSTART:20261201T100000Z", f"X-CRM-DEAL:{shared.id}", uid="b"))
    calendar.put("c.ics", ics("SUMMARY:z", "DTSTART:20261201T100000Z", "X-CRM-DEAL:999999", uid="c"))
    found = {activity.subject: activity.deal_id for activity in office.activities.owned_by(anna.id)}
    assert found == {"x": None, "y": shared.id, "z": None}
    assert "Secret" not in calendar.text("a.ics")
    assert "Deal: Shared" in calendar.text("b.ics").replace("\\n", "\n")


def test_guests_are_matched_to_persons_by_email(office: Office, anna: User, calendar: Device) -> None:
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze", emails=(Labelled("Ilze@Example.com"),)))
    calendar.put("a.ics", ics("SUMMARY:x", "DTSTART:20261201T100000Z", "ATTENDEE;CN=I:mailto:ilze@example.com"))
    (activity,) = office.activities.owned_by(anna.id)
    assert activity.participants == (ilze.id,)


def test_a_changed_company_links_to_a_known_one_and_renames_none(office: Office, anna: User, book: Device) -> None:
    book.put("a.vcf", vcf("FN:Ilze", "N:;Ilze;;;", "ORG:Rīgas Siers;Sales"))
    book.put("b.vcf", vcf("FN:Jānis", "N:;Jānis;;;", "ORG:rīgas siers", uid="b"))
    people, companies = office.contacts.owned_by(anna.id)
    assert [company.name for company in companies] == ["Rīgas Siers"]
    assert {person.organization_id for person in people} == {companies[0].id}
    book.put("a.vcf", book.text("a.vcf").replace("ORG:Rīgas Siers;Sales", "ORG:Valmieras Piens;Sales"))
    _, companies = office.contacts.owned_by(anna.id)
    assert sorted(company.name for company in companies) == ["Rīgas Siers", "Valmieras Piens"]


def test_without_the_permission_nobody_is_added(office: Office) -> None:
    guest = office.user("guest", may_add_people=False, may_add_organizations=False)
    book = Device(office, guest, "contacts")
    with pytest.raises(NotAllowed) as raised:
        book.put("a.vcf", vcf())
    assert "add people" in raised.value.remedy
    with pytest.raises(NotAllowed):
        book.put("a.vcf", vcf("FN:X", "ORG:X", "X-ABShowAs:COMPANY"))


# A series is kept whole, and edited in the calendar only: R11.


def test_a_series_is_one_activity_with_read_only_occurrences(office: Office, calendar: Device) -> None:
    calendar.put("a.ics", ics("SUMMARY:Weekly", "DTSTART:20261201T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3"))
    (activity,) = office.activities.owned_by(calendar.user.id)
    assert activity.series
    assert len(office.activities.occurrences(activity.id)) == 3
    with pytest.raises(Conflict) as raised:
        office.activities.change(CRM, activity.id, lambda found: replace(found, subject="Other"))
    assert "calendar" in raised.value.remedy
    calendar.put("a.ics", calendar.text("a.ics").replace("COUNT=3", "COUNT=2"))
    assert len(office.activities.occurrences(activity.id)) == 2


def test_done_on_a_series_is_allowed_and_its_rule_stays(office: Office, calendar: Device) -> None:
    calendar.put("a.ics", ics("SUMMARY:Weekly", "DTSTART:20261201T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3"))
    (activity,) = office.activities.owned_by(calendar.user.id)
    office.activities.change(CRM, activity.id, lambda found: replace(found, done=True))
    assert "X-CRM-DONE:TRUE" in calendar.text("a.ics")
    assert "RRULE:FREQ=WEEKLY;COUNT=3\r\n" in calendar.text("a.ics")


# Deletion


def test_a_deleted_resource_brought_back_is_the_same_activity(office: Office, calendar: Device) -> None:
    calendar.put("a.ics", ics())
    (activity,) = office.activities.owned_by(calendar.user.id)
    calendar.delete("a.ics")
    assert office.activities.get(activity.id).deleted
    with pytest.raises(NotFound):
        calendar.delete("a.ics")
    assert calendar.put("a.ics", ics("SUMMARY:Again", "DTSTART:20261201T100000Z")).created
    (back,) = office.activities.owned_by(calendar.user.id)
    assert (back.id, back.subject) == (activity.id, "Again")


# Group cards


def group(name: str, *members: str, uid: str = "group") -> str:
    lines = [f"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{member}" for member in members]
    return vcf(f"N:{name}", f"FN:{name}", "X-ADDRESSBOOKSERVER-KIND:group", *lines, uid=uid)


def labels(office: Office, user: User) -> dict[str, tuple[str, ...]]:
    return {person.name: person.labels for person in office.contacts.owned_by(user.id)[0]}


def test_a_group_card_is_a_label_on_its_members_both_ways(office: Office, anna: User, book: Device) -> None:
    for name in ("ilze", "janis"):
        office.contacts.create_person(CRM, Person(name, anna.id, name))
    book.put("g.vcf", group("VIP", "ilze"))
    assert labels(office, anna) == {"ilze": ("VIP",), "janis": ()}
    janis = next(p for p in office.contacts.owned_by(anna.id)[0] if p.name == "janis")
    office.contacts.change_person(CRM, janis.id, lambda found: replace(found, labels=("VIP",)))
    assert "MEMBER:urn:uuid:janis" in book.text("g.vcf")
    book.put("g.vcf", book.text("g.vcf").replace("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:ilze\r\n", ""))
    assert labels(office, anna) == {"ilze": (), "janis": ("VIP",)}
    book.put("g.vcf", book.text("g.vcf").replace("VIP", "Partners"))
    assert labels(office, anna) == {"ilze": (), "janis": ("Partners",)}
    book.delete("g.vcf")
    assert labels(office, anna) == {"ilze": (), "janis": ()}


def test_a_stale_group_card_takes_nobody_out_whom_it_did_not_know(office: Office, anna: User, book: Device) -> None:
    for name in ("ilze", "janis", "liga", "pets"):
        office.contacts.create_person(CRM, Person(name, anna.id, name))
    book.put("g.vcf", group("VIP", "ilze", "pets"))
    stale = book.text("g.vcf")
    janis = next(p for p in office.contacts.owned_by(anna.id)[0] if p.name == "janis")
    office.contacts.change_person(CRM, janis.id, lambda found: replace(found, labels=("VIP",)))
    wanted = stale.replace("MEMBER:urn:uuid:pets", "MEMBER:urn:uuid:liga")
    book.put("g.vcf", wanted)
    assert labels(office, anna) == {"ilze": ("VIP",), "janis": ("VIP",), "liga": ("VIP",), "pets": ()}
    assert "MEMBER:urn:uuid:janis" in book.text("g.vcf")
    book.put("g.vcf", wanted, placement.etag_of(book.text("g.vcf")))
    assert labels(office, anna)["janis"] == (), "who knows the present card says what it shall be"


def test_a_stale_group_card_does_not_take_back_a_new_name(office: Office, anna: User, book: Device) -> None:
    for name in ("ilze", "janis"):
        office.contacts.create_person(CRM, Person(name, anna.id, name))
    book.put("g.vcf", group("VIP", "ilze"))
    stale = book.text("g.vcf")
    office.contacts.rename_label(CRM, "VIP", "Partners")
    book.put("g.vcf", stale.replace("END:VCARD", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:janis\r\nEND:VCARD"))
    assert labels(office, anna) == {"ilze": ("Partners",), "janis": ("Partners",)}
    assert "FN:Partners\r\n" in book.text("g.vcf")


def test_a_second_group_of_one_name_is_refused_and_the_first_stays(office: Office, anna: User, book: Device) -> None:
    office.contacts.create_person(CRM, Person("ilze", anna.id, "ilze"))
    book.put("g.vcf", group("VIP", "ilze"))
    book.put("other.vcf", group("Friends", uid="other"))
    text = book.text("g.vcf")
    for href, uid in (("new.vcf", "new"), ("other.vcf", "other")):
        with pytest.raises(Conflict) as raised:
            book.put(href, group("VIP", uid=uid))
        assert (raised.value.condition, raised.value.href) == ("CR:no-uid-conflict", "g.vcf")
    assert book.text("g.vcf") == text
    assert labels(office, anna) == {"ilze": ("VIP",)}
    book.delete("g.vcf")
    assert book.put("new.vcf", group("VIP", uid="new")).created


def test_groups_of_one_user_do_not_touch_anothers_contacts(office: Office, anna: User, book: Device) -> None:
    bela = office.user("bela")
    office.contacts.create_person(CRM, Person("hers", bela.id, "Hers", labels=("VIP",)))
    book.put("g.vcf", group("VIP", "hers"))
    book.put("g.vcf", group("Friends", "hers"))
    book.delete("g.vcf")
    assert labels(office, bela) == {"Hers": ("VIP",)}


# The journal (R21)


def test_every_write_of_a_client_is_journaled_with_device_and_undone_with_its_text(
    office: Office, calendar: Device
) -> None:
    first = ics("SUMMARY:One", "DTSTART:20261201T100000Z", "X-MINE:1", "CATEGORIES:Meeting", "X-CRM-TYPE:meeting")
    calendar.put("a.ics", first)
    calendar.put("a.ics", first.replace("One", "Two").replace("X-MINE:1", "X-MINE:2"))
    entry = office.journal.entries(limit=1)[0]
    assert (entry.action, entry.client, entry.title) == (JournalAction.UPDATE, "vdirsyncer/0.21", "Two")
    assert entry.device_id == calendar.actor.device_id
    office.journal.undo(CRM, entry.id)
    assert "SUMMARY:One\r\n" in calendar.text("a.ics")
    assert "X-MINE:1\r\n" in calendar.text("a.ics")
    (activity,) = office.activities.owned_by(calendar.user.id)
    assert activity.subject == "One"
    with pytest.raises(Conflict):
        office.journal.undo(CRM, entry.id)


def test_a_change_of_the_text_alone_is_undone(office: Office, calendar: Device) -> None:
    """A reminder is no part of the record: the text is all that tells of it."""
    calendar.put("one.ics", ics())
    plain = calendar.text("one.ics")
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT10M\r\nEND:VALARM\r\nEND:VEVENT"
    calendar.put("one.ics", plain.replace("END:VEVENT", alarm))
    entry = office.journal.entries()[0]
    office.journal.undo(CRM, entry.id)
    assert "VALARM" not in calendar.text("one.ics")
    with pytest.raises(Conflict):
        office.journal.undo(CRM, entry.id)


def test_a_deletion_is_undone_at_the_same_address(office: Office, calendar: Device) -> None:
    calendar.put("odd name.ics", ics())
    text = calendar.text("odd name.ics")
    calendar.delete("odd name.ics")
    office.journal.undo(CRM, office.journal.entries(limit=1)[0].id)
    assert calendar.text("odd name.ics") == text


def test_an_undo_leaves_alone_what_was_changed_since(office: Office, anna: User) -> None:
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze", note="a", job_title="a"))
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, note="b", job_title="b"))
    entry = office.journal.entries(limit=1)[0]
    office.contacts.change_person(CRM, ilze.id, lambda found: replace(found, job_title="c"))
    undone = office.journal.undo(CRM, entry.id)
    assert undone.left_alone == ("job_title",)
    after = office.contacts.person(ilze.id)
    assert (after.note, after.job_title) == ("a", "c")


def test_an_undo_can_be_undone(office: Office, anna: User) -> None:
    ilze = office.contacts.create_person(CRM, Person("ilze", anna.id, "Ilze"))
    office.contacts.delete_person(CRM, ilze.id)
    office.journal.undo(CRM, office.journal.entries(limit=1)[0].id)
    assert not office.contacts.person(ilze.id).deleted
    office.journal.undo(CRM, office.journal.entries(limit=1)[0].id)
    assert office.contacts.person(ilze.id).deleted


def test_a_whole_run_is_undone(office: Office, anna: User) -> None:
    run = Actor(None, Source.IMPORT, run="run-1")
    for name in ("a", "b"):
        office.contacts.create_person(run, Person(name, anna.id, name))
    office.contacts.create_person(CRM, Person("c", anna.id, "c"))
    assert len(office.journal.undo_run(CRM, "run-1")) == 2
    assert [person.name for person in office.contacts.owned_by(anna.id)[0]] == ["c"]


def test_the_journal_forgets_after_its_time(office: Office, anna: User) -> None:
    office.contacts.create_person(CRM, Person("a", anna.id, "a"))
    office.clock.advance(timedelta(days=31))
    office.contacts.create_person(CRM, Person("b", anna.id, "b"))
    office.principals.sweep("anna")
    assert [entry.title for entry in office.journal.entries()] == ["b"]
