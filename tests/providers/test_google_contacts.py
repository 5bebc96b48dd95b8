"""What is special about contacts at Google: labels, batches, keys, pictures, what others have put there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.digest import same
from bridge.errors import Invalid, NotFound, PreconditionFailed, Refused, TemporaryError, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Side, Stored, SyncToken, Update
from bridge.providers.google.contacts import TRAITS
from bridge.providers.google.person_read import read_person
from bridge.providers.google.person_write import write_person
from tests.contract import samples
from tests.fakes.google.answers import refused
from tests.fakes.google.people import MY_CONTACTS
from tests.fakes.google.server import Fault
from tests.providers.google_world import BookWorld, book_world


@pytest.fixture
def world() -> Iterator[BookWorld]:
    with book_world() as world:
        yield world


@pytest.fixture
def side(world: BookWorld) -> Side[Contact]:
    return world.open()


def creations(number: int) -> list[Create[Contact]]:
    return [Create(IdempotencyKey(f"key-{each}"), samples.contact(each)) for each in range(number)]


def stored(outcome: object) -> Stored[Contact]:
    assert isinstance(outcome, Stored), repr(outcome)
    return outcome


def test_only_contacts_in_the_group_are_there(world: BookWorld, side: Side[Contact]) -> None:
    outside = world.fake.people.create({"names": [{"givenName": "Nobody"}]})["resourceName"]
    token = side.changes(None).token
    inside = world.add(samples.contact(1))
    assert [found.id for found in side.changes(None).found] == [inside]
    assert list(side.fetch([outside])) == []
    assert list(side.write([Delete(outside)])) == [Deleted(outside)]
    assert outside in world.fake.people.people
    assert isinstance(next(iter(side.write([Update(outside, samples.contact(2))]))), PreconditionFailed)
    assert [found.id for found in side.changes(token).found] == [inside]


def test_who_loses_the_label_is_gone(world: BookWorld, side: Side[Contact]) -> None:
    there = world.add(samples.contact(1))
    token = side.changes(None).token
    world.fake.people.people[there]["memberships"] = []
    world.fake.people.touch(there)
    assert side.changes(token).gone == (there,)


def test_new_contacts_are_in_the_group_and_among_all_contacts(world: BookWorld, side: Side[Contact]) -> None:
    made = stored(next(iter(side.write(creations(1)))))
    groups = [
        row["contactGroupMembership"]["contactGroupResourceName"]
        for row in world.fake.people.people[made.id]["memberships"]
    ]
    assert groups == [world.group, MY_CONTACTS]


def test_all_contacts_are_a_group_too(world: BookWorld) -> None:
    there = world.add(samples.contact(1))
    side = world.provider().open_group(RemoteId(MY_CONTACTS))
    assert [found.id for found in side.changes(None).found] == [there]
    (found,) = side.fetch([there])
    assert found.object is not None
    assert found.object.categories == ("CRM",)


def test_groups_are_listed_with_all_contacts_first(world: BookWorld) -> None:
    listed = world.provider().groups()
    assert [(each.name, each.default) for each in listed] == [
        ("My Contacts", True),
        ("Starred", False),
        ("CRM", False),
    ]


def test_labels_that_are_missing_are_added_once(world: BookWorld, side: Side[Contact]) -> None:
    both = [replace(samples.contact(each), categories=("Customers", "Riga")) for each in range(2)]
    outcomes = list(side.write([Create(IdempotencyKey(each.uid), each) for each in both]))
    assert all(stored(outcome).object.categories == ("Customers", "Riga") for outcome in outcomes)
    names = [each["name"] for each in world.fake.people.groups.values()]
    assert (names.count("Customers"), names.count("Riga")) == (1, 1)


def test_many_contacts_take_few_requests(world: BookWorld, side: Side[Contact]) -> None:
    made = [stored(outcome) for outcome in side.write(creations(250))]
    assert len({each.id for each in made}) == 250
    calls = [call for call in world.fake.calls if "batchCreate" in call]
    assert len(calls) == 2
    updates = [Update(each.id, samples.edited_contact(each.object), each.version) for each in made]
    assert all(isinstance(outcome, Stored) for outcome in side.write(updates))
    assert list(side.write([Delete(each.id) for each in made])) == [Deleted(each.id) for each in made]
    assert len(world.fake.calls) < 20


def test_keys_are_looked_up_once_and_not_at_all_after_a_listing(world: BookWorld) -> None:
    side = world.open()
    assert side.changes(None).found == ()
    before = len(world.fake.calls)
    list(side.write(creations(2)))
    assert not [call for call in world.fake.calls[before:] if "connections" in call]


def test_one_stale_contact_does_not_hold_up_a_batch(world: BookWorld, side: Side[Contact]) -> None:
    """It changes between our look and our write, and Google turns away the batch as a whole."""
    made = [stored(outcome) for outcome in side.write(creations(3))]
    text = "Request person.etag is different than the current person.etag."
    stale = refused(400, text, word="FAILED_PRECONDITION")
    world.fake.faults.append(Fault(stale, lambda _, request: made[1].id.encode() in request.body, times=2))
    updates = [Update(each.id, samples.edited_contact(each.object), each.version) for each in made]
    first, second, third = side.write(updates)
    assert isinstance(second, PreconditionFailed)
    assert {stored(first).id, stored(third).id} == {made[0].id, made[2].id}


def test_one_bad_contact_does_not_hold_up_a_batch(world: BookWorld, side: Side[Contact]) -> None:
    bad = refused(400, "Invalid phone number.", word="INVALID_ARGUMENT")
    world.fake.faults.append(Fault(bad, lambda _, request: b"person-1" in request.body, times=2))
    first, second, third = side.write(creations(3))
    assert isinstance(second, Refused)
    assert len({stored(first).id, stored(third).id}) == 2


def test_a_batch_that_fails_as_a_whole_fails_for_each_and_is_looked_up(world: BookWorld, side: Side[Contact]) -> None:
    lost = Fault(refused(500, "Backend Error"), lambda call, _: "batchCreate" in call, after=True)
    world.fake.faults.append(lost)
    assert all(isinstance(outcome, TemporaryError) for outcome in side.write(creations(3)))
    assert all(stored(outcome).existed for outcome in side.write(creations(3)))
    assert len(side.changes(None).found) == 3


def test_an_expired_token(world: BookWorld, side: Side[Contact]) -> None:
    token = side.changes(None).token
    world.add(samples.contact(1))
    world.fake.people.oldest = world.fake.people.latest
    with pytest.raises(TokenExpired):
        side.changes(token)
    with pytest.raises(TokenExpired):
        side.changes(SyncToken("people-0 1"))


def test_a_contact_that_got_another_name_of_its_own(world: BookWorld, side: Side[Contact]) -> None:
    there = world.add(samples.contact(1))
    token = side.changes(None).token
    person = world.fake.people.people[there]
    person["metadata"]["previousResourceNames"] = ["people/former"]
    world.fake.people.touch(there)
    changes = side.changes(token)
    assert ([found.id for found in changes.found], changes.gone) == ([there], ("people/former",))


def test_pictures_are_sent_only_when_they_are_others(world: BookWorld, side: Side[Contact]) -> None:
    with_photo = samples.CONTACTS["a photo"]
    made = stored(next(iter(side.write([Create(IdempotencyKey("key"), with_photo)]))))
    assert made.object.photo == with_photo.photo
    before = len(world.fake.people.pictures)
    edited = replace(samples.edited_contact(made.object), photo=with_photo.photo)
    made = stored(next(iter(side.write([Update(made.id, edited, made.version)]))))
    assert len(world.fake.people.pictures) == before
    made = stored(next(iter(side.write([Update(made.id, replace(edited, photo=None), made.version)]))))
    assert made.object.photo is None


def test_a_group_that_is_gone_is_told_at_a_creation(world: BookWorld, side: Side[Contact]) -> None:
    assert side.changes(None).found == ()
    world.remove()
    with pytest.raises(NotFound):
        list(side.write(creations(1)))


PERSON: dict[str, Any] = {"resourceName": "people/c1", "etag": "1", "names": [{"givenName": "Ada"}]}
PROFILE = {"metadata": {"source": {"type": "PROFILE"}}}


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"names": [{"familyName": "B", "honorificPrefix": "Dr."}]}, "name", Name("B", prefixes="Dr.")),
        ({"names": [{"unstructuredName": "Ada B"}]}, "formatted_name", "Ada B"),
        ({"names": [{"givenName": "Ada", "displayName": "Ada"}]}, "formatted_name", "Ada"),
        ({"fileAses": [{"value": "The countess"}]}, "formatted_name", "The countess"),
        ({"names": [], "organizations": [{"name": "ACME"}]}, "kind", ContactKind.ORGANIZATION),
        ({"names": [], "organizations": [{"name": "ACME"}]}, "formatted_name", "ACME"),
        ({"names": []}, "kind", ContactKind.PERSON),
        ({"phoneNumbers": [{"value": "1", "type": "workFax"}]}, "phones", (Labelled("1", "fax"),)),
        ({"phoneNumbers": [{"value": "1", "type": "main"}]}, "phones", (Labelled("1", "main"),)),
        ({"emailAddresses": [{"value": "a@b.c", "metadata": {"primary": True}}]}, "emails", (Labelled("a@b.c"),)),
        ({"emailAddresses": [{"value": "a@b.c", **PROFILE}]}, "emails", ()),
        ({"birthdays": [{"date": {"month": 2, "day": 29}}]}, "birthday", Birthday(2, 29)),
        ({"birthdays": [{"text": "in spring"}]}, "birthday", None),
        ({"birthdays": [{"date": {"year": 1815, "month": 12, "day": 10}}]}, "birthday", Birthday(12, 10, 1815)),
        ({"addresses": [{"formattedValue": "1 A St"}]}, "addresses", (Address("1 A St"),)),
        ({"imClients": [{"username": "ada", "protocol": "jabber"}]}, "messaging", (Labelled("xmpp:ada"),)),
        ({"imClients": [{"username": "ada"}]}, "messaging", (Labelled("ada"),)),
        ({"emailAddresses": "nonsense", "metadata": 1, "photos": [1]}, "emails", ()),
    ],
)
def test_fields_are_read(raw: dict[str, Any], field: str, value: object) -> None:
    assert getattr(read_person(PERSON | raw, {}), field) == value


@pytest.mark.parametrize(
    "day", [{"month": 2, "day": 30}, {"month": 13, "day": 1}, {"year": 2027, "month": 2, "day": 29}]
)
def test_a_birthday_that_does_not_exist(day: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        read_person(PERSON | {"birthdays": [{"date": day}]}, {})


RICH: dict[str, Any] = PERSON | {
    "names": [{"givenName": "Ada", "familyName": "L", "phoneticGivenName": "Eida", "displayName": "Ada L"}],
    "emailAddresses": [{"value": "Ada@example.com", "type": "work", "displayName": "Her office"}],
    "phoneNumbers": [{"value": "1", "type": "homeFax", "canonicalForm": "+1"}],
    "addresses": [{"streetAddress": "A", "countryCode": "LV", "formattedValue": "A!", "type": "home"}],
    "organizations": [{"name": "ACME", "symbol": "AC"}, {"name": "Before"}],
    "urls": [{"value": "https://a.example", "type": "blog"}, {"value": "https://b.example"}],
    "birthdays": [{"text": "in spring"}],
    "clientData": [{"key": "x", "value": "y"}],
}


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({}, "names", [{"givenName": "Ada", "familyName": "L", "phoneticGivenName": "Eida"}]),
        ({"name": Name("M", "Ada")}, "names", [{"givenName": "Ada", "familyName": "M", "phoneticGivenName": "Eida"}]),
        ({}, "phoneNumbers", [{"value": "1", "type": "homeFax"}]),
        ({"phones": (Labelled("1", "work"),)}, "phoneNumbers", [{"value": "1", "type": "work"}]),
        ({"phones": (Labelled("2", "fax"),)}, "phoneNumbers", [{"value": "2", "type": "workFax"}]),
        ({}, "addresses", [{"streetAddress": "A", "countryCode": "LV", "formattedValue": "A!", "type": "home"}]),
        ({"addresses": (Address("B"),)}, "addresses", [{"streetAddress": "B"}]),
        ({"organization": ""}, "organizations", [{"name": "Before"}]),
        ({"title": "CEO"}, "organizations", [{"name": "ACME", "symbol": "AC", "title": "CEO"}, {"name": "Before"}]),
        ({"url": ""}, "urls", [{"value": "https://b.example"}]),
        ({}, "birthdays", [{"text": "in spring"}]),
        ({"birthday": Birthday(5, 1)}, "birthdays", [{"date": {"month": 5, "day": 1}}]),
        ({}, "clientData", [{"key": "x", "value": "y"}]),
        ({"formatted_name": "The countess"}, "fileAses", [{"value": "The countess"}]),
        (
            {"emails": (Labelled("ada@example.com", "home", primary=True),)},
            "emailAddresses",
            [
                {
                    "value": "ada@example.com",
                    "type": "home",
                    "displayName": "Her office",
                    "metadata": {"sourcePrimary": True},
                }
            ],
        ),
    ],
)
def test_fields_are_written_into_what_is_there(change: dict[str, Any], field: str, value: object) -> None:
    contact = replace(read_person(RICH, {}), **change)
    assert write_person(contact, RICH, [])[field] == value


def test_an_organization_is_a_contact_without_a_name(world: BookWorld, side: Side[Contact]) -> None:
    wanted = Contact("o", ContactKind.ORGANIZATION, "ACME", organization="ACME", phones=(Labelled("+371 2000 0001"),))
    made = stored(next(iter(side.write([Create(IdempotencyKey("key"), wanted)]))))
    assert same(made.object, wanted, TRAITS.expresses)
    assert "names" not in world.fake.people.people[made.id]


def test_a_name_without_parts_is_left_to_google(world: BookWorld, side: Side[Contact]) -> None:
    wanted = Contact("p", formatted_name="Anna Bērziņa", photo=Photo(samples.PICTURE, "image/png"))
    made = stored(next(iter(side.write([Create(IdempotencyKey("key"), wanted)]))))
    assert made.object.formatted_name == "Anna Bērziņa"


def test_a_write_that_says_nothing_new_is_none(world: BookWorld, side: Side[Contact]) -> None:
    for name, sample in samples.CONTACTS.items():
        made = stored(next(iter(side.write([Create(IdempotencyKey(name), sample)]))))
        before = world.fake.people.latest
        again = stored(next(iter(side.write([Update(made.id, made.object, made.version)]))))
        assert (again.version, world.fake.people.latest) == (made.version, before), name
