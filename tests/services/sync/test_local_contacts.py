"""A user's persons as a side of a sync of contacts (R14, R15)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Contact, ContactKind, Labelled, Name
from bridge.core.person import Organization, Person
from bridge.core.scope import ContactScope
from bridge.errors import NotFound, PreconditionFailed, Refused, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Stored, SyncToken, Update, Version
from bridge.services.actor import Actor
from bridge.services.resources import Precondition
from bridge.services.sync.local_contacts import LocalContacts
from bridge.store.models.journal import JournalAction, Source
from tests.harness import CRM, Office, vcf
from tests.services.sync.local_support import Connected, card_of, id_of, token_of, told

ILZE = Contact(
    "ilze@example.com",
    formatted_name="Ilze Ozola",
    name=Name("Ozola", "Ilze"),
    emails=(Labelled("ilze@example.com", "work"),),
    phones=(Labelled("+371 20000000", "mobile"),),
    addresses=(Address(street="Brīvības iela 1", locality="Rīga", label="home"),),
    title="Director",
    note="Likes fish",
)


@pytest.fixture
def anna(office: Office) -> Connected:
    return Connected(office, office.user("anna"))


@pytest.fixture
def bob(office: Office) -> Connected:
    return Connected(office, office.user("bob"))


def create(connected: Connected, contact: Contact, key: str = "key") -> Stored[Contact]:
    (outcome,) = connected.contacts.write([Create(IdempotencyKey(key), contact)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def update(connected: Connected, person: Person, contact: Contact, version: Version | None = None) -> Stored[Contact]:
    (outcome,) = connected.contacts.write([Update(id_of(person), contact, version)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def text_of(connected: Connected, person: Person) -> str:
    """The card that the owner's devices read."""
    book = connected.office.resources.collection(connected.user.login, "contacts")
    assert book is not None
    with connected.office.resources.reading() as reader:
        texts = {one.uid: one.text for one in reader.listing(book, text=True)}
    return texts.get(person.uid, "")


# Listing


def test_the_users_people_are_listed_and_nobody_else(anna: Connected, bob: Connected, office: Office) -> None:
    mine = anna.person(labels=("Friends",))
    office.contacts.delete_person(CRM, anna.person("Gone").id)
    office.contacts.create_organization(CRM, Organization("", anna.user.id, "Fish Ltd"))
    office.principals.change("anna", lambda user: replace(user, group_cards=True))
    bob.person()
    changes = anna.contacts.changes(None)
    assert ([one.id for one in changes.found], changes.gone, changes.complete) == ([id_of(mine)], (), True)


def test_changes_are_told_once(anna: Connected, bob: Connected, office: Office) -> None:
    kept, edited, removed, given = (anna.person(name) for name in ("Kept", "Edited", "Removed", "Given"))
    token = token_of(anna.contacts)
    assert told(anna.contacts, token) == (set(), set())
    before = card_of(anna.contacts, kept)
    office.contacts.change_person(CRM, edited.id, lambda one: replace(one, job_title="Boss"))
    office.contacts.delete_person(CRM, removed.id)
    office.contacts.change_person(CRM, given.id, lambda one: replace(one, owner_id=bob.user.id))
    new = anna.person("New")
    changes = anna.contacts.changes(token)
    assert told(anna.contacts, token) == ({id_of(edited), id_of(new)}, {id_of(removed), id_of(given)})
    assert told(anna.contacts, changes.token) == (set(), set())
    assert told(bob.contacts) == ({id_of(given)}, set())
    assert card_of(anna.contacts, kept) == before


def test_an_employers_new_name_is_a_change(anna: Connected, office: Office) -> None:
    company = office.contacts.create_organization(CRM, Organization("", anna.user.id, "Fish Ltd"))
    person = anna.person(organization_id=company.id)
    token = token_of(anna.contacts)
    office.contacts.change_organization(CRM, company.id, lambda one: replace(one, name="Fish AS"))
    assert told(anna.contacts, token) == ({id_of(person)}, set())
    assert card_of(anna.contacts, person).organization == "Fish AS"


@pytest.mark.parametrize("token", ["", "nonsense", "[]", "{}", "null"])
def test_a_token_that_was_never_ours_has_expired(anna: Connected, token: str) -> None:
    with pytest.raises(TokenExpired):
        anna.contacts.changes(SyncToken(token))


def test_a_token_outlives_the_journal_but_not_a_restored_backup(anna: Connected) -> None:
    person, token = anna.person(), token_of(anna.contacts)
    anna.office.clock.advance(timedelta(days=300))
    assert told(anna.contacts, token) == (set(), set())
    anna.office.contacts.delete_person(CRM, person.id)
    assert told(anna.contacts, token) == (set(), {id_of(person)})
    with pytest.raises(TokenExpired):
        anna.contacts.changes(SyncToken(token.replace('"1-', '"2-')))


def test_a_user_who_is_gone_has_no_contacts(anna: Connected, office: Office) -> None:
    nobody = LocalContacts(office.database, office.clock, office.settings, 999, ContactScope(999), anna.actor)
    with pytest.raises(NotFound):
        nobody.changes(None)


# Showing


def test_a_person_is_shown_as_a_contact(anna: Connected, office: Office) -> None:
    person = anna.person(emails=(Labelled("ilze@example.com", "work"),), labels=("Friends",))
    contact = card_of(anna.contacts, person)
    assert (contact.formatted_name, contact.name) == ("Ilze Ozola", Name("Ozola", "Ilze"))
    assert (contact.emails, contact.categories) == (person.emails, ("Friends",))
    assert (contact.uid, contact.person_id, contact.modified) == (person.uid, person.id, office.clock.now())


def test_what_is_not_there_is_not_brought(anna: Connected, bob: Connected) -> None:
    ids = [RemoteId(text) for text in ("999999", "", "x", "9" * 400, str(bob.person().id))]
    assert list(anna.contacts.fetch(ids)) == []


def test_what_only_a_client_knows_is_shown_too(anna: Connected, office: Office) -> None:
    card = vcf("N:Ozola;Ilze;;;", "FN:Ilze Ozola", "ORG:Fish Ltd;Kitchen", "X-CLIENT:kept")
    actor = Actor(anna.user.id, Source.DAV, client="Thunderbird")
    office.resources.put(actor, "anna", "contacts", "a.vcf", card, Precondition())
    (person,), _ = office.contacts.owned_by(anna.user.id)
    contact = card_of(anna.contacts, person)
    assert (contact.organization, contact.department) == ("Fish Ltd", "Kitchen")
    update(anna, person, replace(contact, title="Cook", department="Bar"))
    assert "X-CLIENT:kept" in text_of(anna, person)
    assert card_of(anna.contacts, person).department == "Bar"


# Writing


def test_a_contact_becomes_a_person(anna: Connected, office: Office) -> None:
    anna.contact_scope = replace(anna.contact_scope, visibility=Visibility.OWNER)
    stored = create(anna, replace(ILZE, organization="Fish Ltd", categories=("Friends",)))
    person = office.contacts.person(int(stored.id))
    assert (person.uid, person.owner_id, person.name, person.parts) == (ILZE.uid, anna.user.id, "Ilze Ozola", ILZE.name)
    assert (person.emails, person.phones, person.addresses) == (ILZE.emails, ILZE.phones, ILZE.addresses)
    assert (person.job_title, person.note, person.labels) == ("Director", "Likes fish", ("Friends",))
    assert person.visibility is Visibility.OWNER
    assert office.contacts.organization(person.organization_id or 0).name == "Fish Ltd"
    assert not stored.existed
    assert stored.object == card_of(anna.contacts, person)


def test_a_creation_that_is_tried_again_adds_nothing(anna: Connected, bob: Connected) -> None:
    contact = replace(ILZE, uid="")
    first, again, other = (create(anna, contact, key) for key in ("one", "one", "two"))
    assert (again.id, again.version, again.existed) == (first.id, first.version, True)
    assert other.id != first.id
    assert not create(bob, contact, "one").existed


def test_a_deleted_person_comes_back(anna: Connected, office: Office) -> None:
    person = anna.person(uid=ILZE.uid)
    office.contacts.delete_person(CRM, person.id)
    stored = create(anna, ILZE)
    back = office.contacts.person(person.id)
    assert (stored.id, stored.existed, back.deleted, back.job_title) == (id_of(person), False, False, "Director")


def test_an_edit_reaches_the_person_and_the_devices(anna: Connected, office: Office) -> None:
    person = office.contacts.person(int(create(anna, ILZE).id))
    (found,) = anna.contacts.fetch([id_of(person)])
    assert found.object is not None
    stored = update(anna, person, replace(found.object, title="", phones=()), found.version)
    after = office.contacts.person(person.id)
    assert (after.job_title, after.phones, after.emails) == ("", (), ILZE.emails)
    assert "TEL" not in text_of(anna, person)
    (again,) = anna.contacts.fetch([id_of(person)])
    assert (again.object, again.version) == (stored.object, stored.version)


def test_an_edit_that_says_nothing_new_writes_nothing(anna: Connected, office: Office) -> None:
    person = anna.person()
    entries = len(office.journal.entries())
    contact = card_of(anna.contacts, person)
    stored = update(anna, person, replace(contact, uid="other", url="https://example.com", modified=None))
    assert stored.object == contact
    assert len(office.journal.entries()) == entries


def test_what_is_stale_or_gone_is_refused(anna: Connected, bob: Connected, office: Office) -> None:
    person, gone, other = anna.person(), anna.person("Gone"), bob.person()
    (found,) = anna.contacts.fetch([id_of(person)])
    office.contacts.change_person(CRM, person.id, lambda one: replace(one, job_title="Boss"))
    office.contacts.delete_person(CRM, gone.id)
    outcomes = list(
        anna.contacts.write(
            [
                Update(id_of(person), ILZE, found.version),
                Delete(id_of(person), found.version),
                Update(id_of(gone), ILZE),
                Update(id_of(other), ILZE),
                Update(RemoteId("x"), ILZE),
            ]
        )
    )
    assert all(isinstance(one, PreconditionFailed) for one in outcomes)
    assert office.contacts.person(person.id).job_title == "Boss"
    assert not office.contacts.person(person.id).deleted


def test_a_deletion_is_soft_and_no_error_twice(anna: Connected, bob: Connected, office: Office) -> None:
    person, other = anna.person(), bob.person()
    for one in (person, person, other):
        assert list(anna.contacts.write([Delete(id_of(one))])) == [Deleted(id_of(one))]
    assert office.contacts.person(person.id).deleted
    assert not office.contacts.person(other.id).deleted
    assert text_of(anna, person) == ""


# Rules


@pytest.mark.parametrize("kind", [ContactKind.ORGANIZATION, ContactKind.GROUP])
def test_only_people_are_synced(anna: Connected, kind: ContactKind) -> None:
    (outcome,) = anna.contacts.write([Create(IdempotencyKey("key"), Contact("a", kind, "Fish Ltd"))])
    assert isinstance(outcome, Refused)


def test_permissions_are_needed(anna: Connected, office: Office) -> None:
    office.principals.change("anna", lambda user: replace(user, may_add_people=False, may_add_organizations=False))
    (outcome,) = anna.contacts.write([Create(IdempotencyKey("key"), ILZE)])
    assert isinstance(outcome, Refused)
    assert str(outcome) == "You may not add people to the CRM."
    assert "administrator" in outcome.remedy
    person = anna.person()
    stored = update(anna, person, replace(card_of(anna.contacts, person), organization="Fish Ltd", title="Boss"))
    after = office.contacts.person(person.id)
    assert (after.job_title, after.organization_id) == ("Boss", None)
    assert stored.object.title == "Boss"


@pytest.mark.parametrize("contact", [replace(ILZE, uid="a" * 1001), replace(ILZE, note="x" * 1_000_001)])
def test_what_cannot_be_a_person_is_refused(anna: Connected, office: Office, contact: Contact) -> None:
    (outcome,) = anna.contacts.write([Create(IdempotencyKey("key"), contact)])
    assert isinstance(outcome, Refused)
    assert office.contacts.owned_by(anna.user.id) == ([], [])


# The journal (R21)


def test_what_a_sync_did_can_be_undone(anna: Connected, office: Office) -> None:
    edited, removed = anna.person("Old"), anna.person("Back")
    text = text_of(anna, edited)
    update(anna, edited, replace(card_of(anna.contacts, edited), formatted_name="New", name=Name("New")))
    list(anna.contacts.write([Delete(id_of(removed))]))
    create(anna, ILZE)
    entries = office.journal.entries(limit=3)
    assert {(one.source, one.run, one.client) for one in entries} == {(Source.SYNC, "run-1", "davbridge sync: Test")}
    assert {one.action for one in entries} == set(JournalAction)
    office.journal.undo_run(CRM, "run-1")
    people, _ = office.contacts.owned_by(anna.user.id)
    assert {one.name for one in people} == {"Old", "Back"}
    assert text_of(anna, edited) == text
