"""What ``Side`` promises, sentence by sentence (``bridge/ports.py``).

A test of an implementation inherits ``EventSideContract`` or ``ContactSideContract`` (or its read-only counterpart)
and provides the fixture ``world``. What is asked follows from the traits of the side.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Generic

import pytest

from bridge.core.contact import Contact
from bridge.core.digest import same
from bridge.core.event import Event
from bridge.errors import PermissionMissing, PreconditionFailed, Refused, TokenExpired
from bridge.ports import (
    Changes,
    Create,
    Delete,
    Deleted,
    Found,
    IdempotencyKey,
    Outcome,
    RemoteId,
    Side,
    Stored,
    SyncToken,
    T,
    Update,
    Version,
    Write,
)
from tests.contract import samples
from tests.contract.world import World

NONSENSE = ["", "nonsense", "1", "-1", "0-0", "9" * 5000, "https://example.com/ns/sync/1", "日本 \n<x/>"]


class Basics(Generic[T]):
    """The objects to try, and how to ask."""

    @pytest.fixture
    def world(self) -> World[T]:
        raise NotImplementedError("An implementation provides its world.")

    @pytest.fixture
    def side(self, world: World[T]) -> Side[T]:
        return world.open()

    def plain(self, number: int) -> T:
        raise NotImplementedError

    def edited(self, obj: T) -> T:
        raise NotImplementedError

    def create(self, side: Side[T], obj: T, key: str = "key") -> Stored[T]:
        return stored(one(side, Create(IdempotencyKey(key), obj)))

    def assert_holds(self, side: Side[T], id_: RemoteId, obj: T) -> Found[T]:
        (found,) = side.fetch([id_])
        assert found.id == id_
        assert found.problem == ""
        assert found.object is not None
        assert_same(side, found.object, obj)
        return found


def one(side: Side[T], write: Write[T]) -> Outcome[T]:
    (outcome,) = side.write([write])
    return outcome


def stored(outcome: Outcome[T]) -> Stored[T]:
    assert isinstance(outcome, Stored), repr(outcome)
    return outcome


def assert_same(side: Side[T], one_: T, other: T) -> None:
    assert same(one_, other, side.traits.expresses), f"{one_}\n\n{other}"


def assert_is_fetched(side: Side[T], outcome: Stored[T]) -> None:
    """What a write says that it stored is what ``fetch`` brings."""
    (found,) = side.fetch([outcome.id])
    assert found.object is not None
    assert (found.id, found.version, found.object.uid) == (outcome.id, outcome.version, outcome.object.uid)
    assert same(found.object, outcome.object)


def ids(found: Iterable[Found[T]]) -> list[RemoteId]:
    return sorted(each.id for each in found)


def told(changes: Changes[T]) -> list[RemoteId]:
    return [*(found.id for found in changes.found), *changes.gone]


class ReadingContract(Basics[T]):
    """``changes`` and ``fetch``."""

    def test_an_empty_side_lists_nothing(self, side: Side[T]) -> None:
        changes = side.changes(None)
        assert (changes.found, changes.gone, changes.complete) == ((), (), True)
        assert (changes.token is not None) or not side.traits.has_sync_token

    def test_a_listing_from_nothing_is_complete(self, side: Side[T], world: World[T]) -> None:
        there = [world.add(self.plain(number)) for number in range(5)]
        world.delete(there.pop(2))
        changes = side.changes(None)
        assert changes.complete
        assert ids(changes.found) == sorted(there)

    def test_a_complete_listing_leaves_out_what_is_gone(self, side: Side[T], world: World[T]) -> None:
        gone, stays = world.add(self.plain(1)), world.add(self.plain(2))
        assert ids(side.changes(None).found) == sorted([gone, stays])
        world.delete(gone)
        changes = side.changes(None)
        assert ids(changes.found) == [stays]
        assert gone not in changes.gone

    def test_a_listing_brings_an_object_or_names_it(self, side: Side[T], world: World[T]) -> None:
        wanted: dict[RemoteId, T] = {world.add(self.plain(number)): self.plain(number) for number in range(3)}
        for found in side.changes(None).found:
            assert found.version
            assert found.problem == ""
            if found.object is not None:
                assert_same(side, found.object, wanted[found.id])
            assert self.assert_holds(side, found.id, wanted[found.id]).version == found.version

    def test_after_a_token_only_what_happened_is_told(self, side: Side[T], world: World[T]) -> None:
        there = [world.add(self.plain(number)) for number in range(4)]
        token = side.changes(None).token
        assert (token is not None) or not side.traits.has_sync_token
        world.edit(there[1], self.edited(self.plain(1)))
        world.delete(there[2])
        added = world.add(self.plain(9))
        changes = side.changes(token)
        if changes.complete:
            assert not side.traits.has_sync_token
            assert ids(changes.found) == sorted([there[0], there[1], there[3], added])
        else:
            assert {there[1], added} <= set(ids(changes.found))
            assert list(changes.gone) == [there[2]]

    def test_nothing_is_told_where_nothing_happened(self, side: Side[T], world: World[T]) -> None:
        there = world.add(self.plain(1))
        changes = side.changes(side.changes(None).token)
        if side.traits.has_sync_token:
            assert (changes.found, changes.gone, changes.complete) == ((), (), False)
        else:
            assert ids(changes.found) == [there]

    def test_tokens_follow_each_other_and_nothing_is_left_out(self, side: Side[T], world: World[T]) -> None:
        known: dict[RemoteId, Version] = {}
        token = None
        there: list[RemoteId] = []
        for step in range(6):
            there.append(world.add(self.plain(step)))
            if step % 2:
                world.edit(there[0], self.plain(10 + step))
            if step % 3 == 2:
                world.delete(there.pop())
            changes = side.changes(token)
            known = _after(known, changes)
            token = changes.token
            assert known == _after({}, side.changes(None))
        assert sorted(known) == sorted(there)

    def test_an_old_token_tells_everything_since(self, side: Side[T], world: World[T]) -> None:
        first = side.changes(None)
        there = world.add(self.plain(1))
        second = side.changes(first.token)
        other = world.add(self.plain(2))
        assert ids(side.changes(first.token).found) == sorted([there, other])
        assert other in told(side.changes(second.token))

    def test_a_new_process_may_use_the_token_of_an_earlier_one(self, side: Side[T], world: World[T]) -> None:
        token = side.changes(None).token
        added = world.add(self.plain(1))
        assert told(world.open().changes(token)) == [added]

    def test_no_id_is_told_twice(self, side: Side[T], world: World[T]) -> None:
        token = side.changes(None).token
        there, gone = world.add(self.plain(1)), world.add(self.plain(2))
        world.edit(there, self.edited(self.plain(1)))
        world.edit(gone, self.edited(self.plain(2)))
        world.edit(there, self.plain(3))
        world.delete(gone)
        for changes in (side.changes(None), side.changes(token)):
            assert len(told(changes)) == len(set(told(changes)))
            assert ids(changes.found) == [there]

    def test_a_version_changes_with_the_object(self, side: Side[T], world: World[T]) -> None:
        there = world.add(self.plain(1))
        before = side.changes(None).found[0].version
        assert side.changes(None).found[0].version == before
        world.edit(there, self.edited(self.plain(1)))
        assert side.changes(None).found[0].version != before

    @pytest.mark.parametrize("token", NONSENSE, ids=lambda token: ascii(token[:20]))
    def test_a_malformed_token_has_expired(self, side: Side[T], world: World[T], token: str) -> None:
        there = world.add(self.plain(1))
        if side.traits.has_sync_token:
            with pytest.raises(TokenExpired):
                side.changes(SyncToken(token))
        assert ids(side.changes(None).found) == [there]

    def test_fetch_brings_each_object_once(self, side: Side[T], world: World[T]) -> None:
        wanted: dict[RemoteId, T] = {world.add(self.plain(number)): self.plain(number) for number in range(4)}
        found = list(side.fetch([*wanted, *wanted]))
        assert ids(found) == sorted(wanted)
        for each in found:
            self.assert_holds(side, each.id, wanted[each.id])

    def test_fetch_brings_only_what_it_is_asked_for(self, side: Side[T], world: World[T]) -> None:
        there = [world.add(self.plain(number)) for number in range(3)]
        assert ids(side.fetch({there[1]})) == [there[1]]
        assert list(side.fetch([])) == []

    def test_fetch_leaves_out_what_is_gone(self, side: Side[T], world: World[T]) -> None:
        there = [world.add(self.plain(number)) for number in range(3)]
        world.delete(there[0])
        assert ids(side.fetch(there)) == sorted(there[1:])
        assert list(side.fetch([there[0]])) == []

    def test_fetch_takes_more_ids_than_one_request_names(self, side: Side[T], world: World[T]) -> None:
        portion = min(side.traits.max_fetch, 60)
        there = [world.add(self.plain(number)) for number in range(portion + 1)]
        assert ids(side.fetch(there)) == sorted(there)

    def test_fetch_brings_the_present_version(self, side: Side[T], world: World[T]) -> None:
        there = world.add(self.plain(1))
        before = self.assert_holds(side, there, self.plain(1))
        world.edit(there, self.edited(self.plain(1)))
        assert self.assert_holds(side, there, self.edited(self.plain(1))).version != before.version

    def test_a_uid_is_told_as_it_is_there(self, side: Side[T], world: World[T]) -> None:
        (found,) = side.fetch([world.add(self.plain(1))])
        assert found.object is not None
        assert found.object.uid
        assert found.object.uid == self.plain(1).uid or not side.traits.keeps_uid

    def test_reading_changes_nothing(self, side: Side[T], world: World[T]) -> None:
        there = world.add(self.plain(1))
        before = side.changes(None)
        list(side.fetch([there]))
        assert side.changes(None).found == before.found


class ReadOnlyContract(ReadingContract[T]):
    """A side that lets us look, and no more."""

    def test_nothing_is_written(self, side: Side[T], world: World[T]) -> None:
        assert side.traits.read_only
        there = world.add(self.plain(1))
        before = side.changes(None).found
        writes: list[Write[T]] = [
            Create(IdempotencyKey("key"), self.plain(2)),
            Update(there, self.edited(self.plain(1))),
            Update(there, self.edited(self.plain(1)), before[0].version),
            Delete(there),
        ]
        for write in writes:
            assert _refuses(side, write), write
        assert side.changes(None).found == before


class WritingContract(ReadingContract[T]):
    """``write``."""

    def test_it_is_declared_writable(self, side: Side[T]) -> None:
        assert not side.traits.read_only

    def test_a_creation_tells_what_is_there_now(self, side: Side[T]) -> None:
        outcome = self.create(side, self.plain(1))
        assert not outcome.existed
        assert_is_fetched(side, outcome)
        assert ids(side.changes(None).found) == [outcome.id]

    def test_a_created_object_keeps_its_uid_where_that_is_promised(self, side: Side[T]) -> None:
        outcome = self.create(side, self.plain(1))
        assert outcome.object.uid
        assert (outcome.object.uid == self.plain(1).uid) or not side.traits.keeps_uid

    def test_a_stamp_names_the_object_that_it_came_from(self, side: Side[T]) -> None:
        outcome = self.create(side, self.plain(1))
        (found,) = side.fetch([outcome.id])
        assert found.stamp in ("", self.plain(1).uid)

    def test_a_creation_is_not_carried_out_twice(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        again = self.create(world.open(), self.plain(1))
        assert again.existed
        assert (again.id, again.version) == (first.id, first.version)
        assert_is_fetched(side, again)
        assert ids(side.changes(None).found) == [first.id]

    def test_a_creation_finds_what_somebody_changed_since(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        changed = self.edited(first.object)
        world.edit(first.id, changed)
        again = self.create(world.open(), self.plain(1))
        assert again.existed
        assert again.id == first.id
        assert again.version != first.version
        assert_same(side, again.object, changed)
        assert_is_fetched(side, again)
        assert ids(side.changes(None).found) == [first.id]

    def test_creations_with_other_keys_are_other_objects(self, side: Side[T]) -> None:
        made = [self.create(side, self.plain(number), f"key-{number}").id for number in range(3)]
        assert len(set(made)) == 3
        assert ids(side.changes(None).found) == sorted(made)

    def test_an_update_tells_what_is_there_now(self, side: Side[T]) -> None:
        first = self.create(side, self.plain(1))
        changed = self.edited(first.object)
        outcome = stored(one(side, Update(first.id, changed, first.version)))
        assert outcome.id == first.id
        assert outcome.version != first.version
        assert not outcome.existed
        assert outcome.object.uid == first.object.uid
        assert_same(side, outcome.object, changed)
        assert_is_fetched(side, outcome)

    def test_an_update_keeps_what_the_remote_holds_beyond(self, side: Side[T], world: World[T]) -> None:
        there = world.add(self.plain(1))
        world.mark(there)
        assert world.is_marked(there)
        (found,) = side.fetch([there])
        assert found.object is not None
        stored(one(side, Update(there, self.edited(found.object), found.version)))
        self.assert_holds(side, there, self.edited(self.plain(1)))
        assert world.is_marked(there)

    def test_an_update_without_a_version_takes_whatever_is_there(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        world.edit(first.id, self.edited(first.object))
        outcome = stored(one(side, Update(first.id, self.plain(3))))
        self.assert_holds(side, first.id, self.plain(3))
        assert outcome.object.uid == first.object.uid  # who an object is never travels

    def test_an_update_with_a_stale_version_changes_nothing(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        theirs = self.edited(first.object)
        world.edit(first.id, theirs)
        before = side.changes(None).found
        assert isinstance(one(side, Update(first.id, self.plain(3), first.version)), PreconditionFailed)
        self.assert_holds(side, first.id, theirs)
        assert side.changes(None).found == before

    def test_the_version_of_an_own_write_is_good_for_the_next(self, side: Side[T]) -> None:
        last = self.create(side, self.plain(1))
        for number in (2, 3):
            last = stored(one(side, Update(last.id, self.plain(number), last.version)))
        assert one(side, Delete(last.id, last.version)) == Deleted(last.id)

    def test_a_version_is_good_only_once(self, side: Side[T]) -> None:
        first = self.create(side, self.plain(1))
        stored(one(side, Update(first.id, self.plain(2), first.version)))
        assert isinstance(one(side, Update(first.id, self.plain(3), first.version)), PreconditionFailed)
        assert isinstance(one(side, Delete(first.id, first.version)), PreconditionFailed)
        self.assert_holds(side, first.id, self.plain(2))

    @pytest.mark.parametrize("with_version", [True, False])
    def test_an_update_of_what_is_gone_fails(self, side: Side[T], world: World[T], with_version: bool) -> None:
        first = self.create(side, self.plain(1))
        world.delete(first.id)
        version = first.version if with_version else None
        assert isinstance(one(side, Update(first.id, self.plain(2), version)), PreconditionFailed)
        assert side.changes(None).found == ()

    def test_a_deletion_deletes(self, side: Side[T]) -> None:
        first, other = self.create(side, self.plain(1), "a"), self.create(side, self.plain(2), "b")
        token = side.changes(None).token
        assert one(side, Delete(first.id, first.version)) == Deleted(first.id)
        assert list(side.fetch([first.id])) == []
        assert ids(side.changes(None).found) == [other.id]
        changes = side.changes(token)
        assert changes.complete or changes.gone == (first.id,)

    def test_a_deletion_without_a_version_takes_whatever_is_there(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        world.edit(first.id, self.edited(first.object))
        assert one(side, Delete(first.id)) == Deleted(first.id)
        assert side.changes(None).found == ()

    def test_a_deletion_with_a_stale_version_changes_nothing(self, side: Side[T], world: World[T]) -> None:
        first = self.create(side, self.plain(1))
        theirs = self.edited(first.object)
        world.edit(first.id, theirs)
        assert isinstance(one(side, Delete(first.id, first.version)), PreconditionFailed)
        self.assert_holds(side, first.id, theirs)

    @pytest.mark.parametrize("with_version", [True, False])
    def test_to_delete_what_is_gone_is_no_error(self, side: Side[T], world: World[T], with_version: bool) -> None:
        first = self.create(side, self.plain(1))
        world.delete(first.id)
        delete = Delete(first.id, first.version if with_version else None)
        assert [one(side, delete), one(side, delete)] == [Deleted(first.id)] * 2

    def test_outcomes_come_in_the_order_of_the_writes(self, side: Side[T], world: World[T]) -> None:
        kept, stale, gone, doomed = (self.create(side, self.plain(number), f"key-{number}") for number in range(4))
        world.edit(stale.id, self.edited(stale.object))
        world.delete(gone.id)
        writes: list[Write[T]] = [
            Create(IdempotencyKey("new-1"), self.plain(11)),
            Update(stale.id, self.plain(12), stale.version),
            Update(kept.id, self.edited(kept.object), kept.version),
            Update(gone.id, self.plain(13)),
            Delete(doomed.id, doomed.version),
            Create(IdempotencyKey("new-2"), self.plain(14)),
        ]
        first, second, third, fourth, fifth, sixth = side.write(writes)
        assert_same(side, stored(first).object, self.plain(11))
        assert isinstance(second, PreconditionFailed)
        assert stored(third).id == kept.id
        assert isinstance(fourth, PreconditionFailed)
        assert fifth == Deleted(doomed.id)
        assert_same(side, stored(sixth).object, self.plain(14))
        there = [kept.id, stale.id, stored(first).id, stored(sixth).id]
        assert ids(side.changes(None).found) == sorted(there)
        self.assert_holds(side, stale.id, self.edited(stale.object))

    def test_an_outcome_is_told_when_it_happened(self, side: Side[T]) -> None:
        creations = [Create(IdempotencyKey(f"key-{number}"), self.plain(number)) for number in range(3)]
        outcomes = iter(side.write(creations))
        first = stored(next(outcomes))
        assert_is_fetched(side, first)
        assert len(list(outcomes)) == 2
        assert len(side.changes(None).found) == 3

    def test_more_writes_than_one_request_takes(self, side: Side[T]) -> None:
        number = min(side.traits.max_writes, 60) + 1
        creations = [Create(IdempotencyKey(f"key-{each}"), self.plain(each)) for each in range(number)]
        made = [stored(outcome).id for outcome in side.write(creations)]
        assert ids(side.changes(None).found) == sorted(set(made))
        assert list(side.write([Delete(each) for each in made])) == [Deleted(each) for each in made]
        assert side.changes(None).found == ()

    def test_no_writes_have_no_outcomes(self, side: Side[T]) -> None:
        assert list(side.write([])) == []

    def test_own_writes_are_told_after_a_token(self, side: Side[T]) -> None:
        first = self.create(side, self.plain(1), "a")
        token = side.changes(None).token
        changed = stored(one(side, Update(first.id, self.edited(first.object), first.version)))
        added = self.create(side, self.plain(2), "b")
        versions = {found.id: found.version for found in side.changes(token).found}
        assert versions == {changed.id: changed.version, added.id: added.version}

    def test_an_object_becomes_another_one_altogether(self, side: Side[T]) -> None:
        """Every field can be set and emptied again."""
        outcome = self.create(side, self.plain(1))
        last = self.plain(1)
        for wanted in chain(self._askable(side).values(), [last]):
            if wanted.kind != last.kind:  # a component never becomes another one
                continue
            outcome = stored(one(side, Update(outcome.id, wanted, outcome.version)))
            assert_same(side, outcome.object, wanted)
        assert_is_fetched(side, outcome)

    def test_every_sample_is_found_as_it_was_created(self, side: Side[T], subtests: pytest.Subtests) -> None:
        for number, (name, sample) in enumerate(self._askable(side).items()):
            with subtests.test(name):
                outcome = self.create(side, sample, f"sample-{number}")
                assert_same(side, outcome.object, sample)
                self.assert_holds(side, outcome.id, sample)
                assert one(side, Delete(outcome.id, outcome.version)) == Deleted(outcome.id)

    def test_every_sample_of_another_user_is_read(
        self, side: Side[T], world: World[T], subtests: pytest.Subtests
    ) -> None:
        for name, sample in self._askable(side).items():
            with subtests.test(name):
                id_ = world.add(sample)
                self.assert_holds(side, id_, sample)
                world.delete(id_)

    def _askable(self, side: Side[T]) -> dict[str, T]:
        raise NotImplementedError


class _Events(Basics[Event]):
    def plain(self, number: int) -> Event:
        return samples.event(number)

    def edited(self, obj: Event) -> Event:
        return samples.edited_event(obj)


class _Contacts(Basics[Contact]):
    def plain(self, number: int) -> Contact:
        return samples.contact(number)

    def edited(self, obj: Contact) -> Contact:
        return samples.edited_contact(obj)


class EventSideContract(_Events, WritingContract[Event]):
    """A calendar that we may write to."""

    def _askable(self, side: Side[Event]) -> dict[str, Event]:
        expresses = side.traits.expresses
        events = {k: v for k, v in samples.EVENTS.items() if side.traits.floating_times or not samples.is_floating(v)}
        return events | (samples.TASKS if expresses is None or "kind" in expresses else {})

    def test_nobody_is_mailed(self, side: Side[Event], world: World[Event]) -> None:
        mails = side.traits.mails_attendees
        obj = self.plain(1) if mails else samples.EVENTS["attendees"]
        outcome = self.create(side, obj)
        outcome = stored(one(side, Update(outcome.id, self.edited(outcome.object), outcome.version)))
        assert one(side, Delete(outcome.id, outcome.version)) == Deleted(outcome.id)
        assert world.mails() == 0

    def test_an_exception_is_added_and_taken_back(self, side: Side[Event]) -> None:
        series, excepted = samples.EVENTS["a series"], samples.EVENTS["a series with several exceptions"]
        outcome = self.create(side, series)
        for wanted in (excepted, series):
            outcome = stored(one(side, Update(outcome.id, wanted, outcome.version)))
            assert_same(side, outcome.object, wanted)
        assert ids(side.changes(None).found) == [outcome.id]


class ContactSideContract(_Contacts, WritingContract[Contact]):
    """A group of contacts that we may write to."""

    def _askable(self, side: Side[Contact]) -> dict[str, Contact]:
        return samples.CONTACTS

    def test_nobody_is_mailed(self, side: Side[Contact], world: World[Contact]) -> None:
        outcome = self.create(side, self.plain(1))
        assert one(side, Delete(outcome.id, outcome.version)) == Deleted(outcome.id)
        assert world.mails() == 0


class ReadOnlyEventSideContract(_Events, ReadOnlyContract[Event]):
    """A calendar that we may only read."""


class ReadOnlyContactSideContract(_Contacts, ReadOnlyContract[Contact]):
    """A group of contacts that we may only read."""


def _after(known: dict[RemoteId, Version], changes: Changes[T]) -> dict[RemoteId, Version]:
    there = {} if changes.complete else known
    there = there | {found.id: found.version for found in changes.found}
    return {id_: version for id_, version in there.items() if id_ not in changes.gone}


def _refuses(side: Side[T], write: Write[T]) -> bool:
    """As a whole, or for each object."""
    try:
        return all(isinstance(outcome, Refused | PermissionMissing) for outcome in side.write([write]))
    except PermissionMissing:
        return True
