"""What is particular to contacts of Microsoft 365."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled
from bridge.core.digest import same
from bridge.errors import PreconditionFailed, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Side, Stored, SyncToken, Update, Write
from bridge.providers.graph.contact_read import EXPRESSES
from bridge.providers.graph.contacts import DEFAULT
from tests.contract import samples
from tests.fakes.graph.server import Fault, graph
from tests.providers.graph_world import BookWorld, DefaultBookWorld, book_world, told_contact
from tests.providers.servers import Reply


@pytest.fixture
def world() -> Iterator[BookWorld]:
    with book_world() as world:
        yield world


def made(side: Side[Contact], contact: Contact) -> Stored[Contact]:
    (outcome,) = side.write([Create(IdempotencyKey("key"), contact)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def test_folders_are_listed_with_those_inside_and_the_default_one_first(world: BookWorld) -> None:
    world.fake.add_folder("AAkALgAAInner=", "Inner", world.folder.id)
    found = world.provider().groups()
    assert [(each.name, each.default) for each in found] == [("Contacts", True), ("CRM", False), ("CRM / Inner", False)]
    assert found[0].id == DEFAULT


def test_the_default_folder_is_one_too() -> None:
    with graph() as (fake, _):
        world = DefaultBookWorld(fake)
        side = world.open()
        token = side.changes(None).token
        outcome = made(side, samples.CONTACTS["a photo"])
        assert [each.id for each in world.open().changes(token).found] == [outcome.id]
        (found,) = world.open().fetch([outcome.id])
        assert found.object is not None
        assert same(found.object, samples.CONTACTS["a photo"], EXPRESSES)
        assert list(side.write([Delete(outcome.id, outcome.version)])) == [Deleted(outcome.id)]


def test_requests_are_as_few_as_the_batches_allow(world: BookWorld) -> None:
    side = world.open()
    token = side.changes(None).token
    assert world.fake.calls == ["contacts.delta", "contacts.list"]
    world.fake.calls.clear()
    ids = [
        outcome.id
        for outcome in side.write([Create(IdempotencyKey(f"key-{n}"), samples.contact(n)) for n in range(40)])
        if isinstance(outcome, Stored)
    ]
    assert world.fake.calls == ["batch"] * 2  # the listing has shown which keys are known
    world.fake.calls.clear()
    assert len(side.changes(token).found) == 40
    assert len(list(side.fetch(ids))) == 40
    assert world.fake.calls == ["contacts.delta", "batch", "batch"]


def test_a_creation_is_looked_for_where_nothing_was_listed(world: BookWorld) -> None:
    first = made(world.open(), samples.contact(1))
    again = made(world.open(), samples.contact(1))
    assert (again.id, again.existed, len(world.folder.contacts)) == (first.id, True, 1)


def test_what_outlook_has_no_place_for_is_remembered_until_somebody_edits_it(world: BookWorld) -> None:
    wanted = replace(
        samples.contact(1),
        emails=tuple(Labelled(f"{n}@example.com", "home", primary=n == 4) for n in range(5)),
        phones=tuple(Labelled(f"+371 2000 000{n}", label) for n, label in enumerate(("work", "work", "work", "car"))),
        addresses=(Address("One", label="work"), Address("Two", label="work"), Address("Three", label="lake")),
    )
    outcome = made(world.open(), wanted)
    assert same(outcome.object, wanted, EXPRESSES)
    raw = world.folder.contacts[outcome.id]
    assert [row["address"] for row in raw["emailAddresses"]] == ["4@example.com", "0@example.com", "1@example.com"]
    assert raw["businessPhones"] == ["+371 2000 0000", "+371 2000 0001"]
    assert (raw["businessAddress"], raw["otherAddress"]) == ({"street": "One"}, {"street": "Three"})
    world.folder.patch(outcome.id, {"emailAddresses": [{"address": "4@example.com", "name": "x"}]})
    (found,) = world.open().fetch([outcome.id])
    assert found.object is not None
    assert found.object.emails == (Labelled("4@example.com", "home", primary=True),)
    assert len(found.object.phones) == 4


def test_a_number_without_a_field_is_a_property(world: BookWorld) -> None:
    wanted = replace(samples.contact(1), phones=(Labelled("+371 6700 0004", "fax"), Labelled("77", "pager")))
    outcome = made(world.open(), wanted)
    shown = told_contact(world.folder, outcome.id)
    values = {row["id"]: row["value"] for row in shown["singleValueExtendedProperties"]}
    assert (values["String 0x3A24"], values["String 0x3A21"]) == ("+371 6700 0004", "77")
    (cleared,) = world.open().write([Update(outcome.id, replace(wanted, phones=()))])
    assert isinstance(cleared, Stored)
    assert cleared.object.phones == ()


@pytest.mark.parametrize(
    ("birthday", "there"),
    [(Birthday(5, 17, 1980), "1980-05-17T11:59:00Z"), (Birthday(2, 29), "1604-02-29T11:59:00Z"), (None, None)],
)
def test_a_birthday_is_near_noon(world: BookWorld, birthday: Birthday | None, there: str | None) -> None:
    outcome = made(world.open(), replace(samples.contact(1), birthday=birthday))
    assert world.folder.contacts[outcome.id]["birthday"] == there
    assert outcome.object.birthday == birthday
    world.folder.contacts[outcome.id]["birthday"] = there and f"{there[:10]}T00:00:00Z"
    (found,) = world.open().fetch([outcome.id])
    assert found.object is not None
    assert found.object.birthday == birthday


def test_an_organization_is_one(world: BookWorld) -> None:
    company = Contact("x", ContactKind.ORGANIZATION, "Kalns SIA", organization="Kalns SIA")
    assert made(world.open(), company).object.kind is ContactKind.ORGANIZATION


def test_a_picture_is_given_changed_and_taken_away(world: BookWorld) -> None:
    wanted = samples.CONTACTS["a photo"]
    outcome = made(world.open(), replace(wanted, photo=None))
    side = world.open()
    for photo in (wanted.photo, None):
        (outcome_,) = side.write([Update(outcome.id, replace(wanted, photo=photo))])
        assert isinstance(outcome_, Stored)
        assert outcome_.object.photo == photo
        (found,) = side.fetch([outcome.id])
        assert found.object is not None
        assert (found.object.photo, found.version) == (photo, outcome_.version)
    assert world.folder.pictures == {}


def test_nobody_guards_a_contact_so_it_is_compared_first(world: BookWorld) -> None:
    side = world.open()
    outcome = made(side, samples.contact(1))
    world.edit(outcome.id, samples.contact(2))
    stale: list[Write[Contact]] = [
        Update(outcome.id, samples.contact(3), outcome.version),
        Delete(outcome.id, outcome.version),
    ]
    for write in stale:
        (refused,) = side.write([write])
        assert isinstance(refused, PreconditionFailed)
    assert world.folder.contacts[outcome.id]["surname"] == samples.contact(2).name.family


def test_a_second_deletion_that_is_not_understood_is_none(world: BookWorld) -> None:
    there = world.add(samples.contact(1))

    def vanish(reply: Reply) -> Reply:
        world.delete(there)
        return reply

    world.fake.faults = [Fault(vanish, lambda call, _: call == "contacts.get")]
    assert list(world.open().write([Delete(there)])) == [Deleted(there)]


def test_a_row_without_a_version_is_fetched(world: BookWorld) -> None:
    """Small changes come without one at times."""
    side = world.open()
    token = side.changes(None).token
    there = world.add(samples.contact(1))
    del world.folder.contacts[there]["@odata.etag"]
    world.fake.mistakes.clear()
    (found,) = side.changes(token).found
    assert found.object is not None
    world.folder.touch(there)
    world.fake.mistakes.clear()  # a row of this kind is not among the recorded ones


@pytest.mark.parametrize("link", ["/me/messages", "/me/contactFolders/other/contacts/delta?x", "\u00e4"])
def test_a_token_leads_to_this_folder_only(world: BookWorld, link: str) -> None:
    with pytest.raises(TokenExpired):
        world.open().changes(SyncToken(f"contacts-1 {link}"))
    assert world.fake.calls == []
    assert list(world.open().fetch([RemoteId("a/b?c")])) == []
