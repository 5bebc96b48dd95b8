"""What ``Side`` promises when something is wrong. An implementation inherits the classes whose trouble it can cause."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from bridge.errors import (
    BridgeError,
    MappingError,
    NotFound,
    PermissionMissing,
    Refused,
    SignInNeeded,
    TemporaryError,
)
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Outcome, Side, Stored, T, Update, Write
from tests.contract.side_contract import Basics, ids, one, stored
from tests.contract.world import CollectionTrouble, ConnectionTrouble, ObjectTrouble


class ObjectTroubleContract(Basics[T]):
    """One bad object does not disturb the others."""

    def test_what_cannot_be_read_is_listed_with_a_problem(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        good, bad = world.add(self.plain(1)), world.add(self.plain(2))
        world.spoil(bad)
        assert ids(side.changes(None).found) == sorted([good, bad])
        found = {each.id: each for each in side.fetch([good, bad])}
        assert found.keys() == {good, bad}
        assert found[good].object is not None
        assert found[bad].object is None
        assert found[bad].problem
        assert found[bad].version

    def test_what_cannot_be_read_is_told_after_a_token(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        bad = world.add(self.plain(1))
        token = side.changes(None).token
        world.spoil(bad)
        changes = side.changes(token)
        assert ids(changes.found) == [bad]
        assert changes.gone == ()

    def test_what_cannot_be_read_can_be_deleted(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        bad = world.add(self.plain(1))
        world.spoil(bad)
        assert one(side, Delete(bad)) == Deleted(bad)
        assert side.changes(None).found == ()

    def test_what_is_never_taken_is_an_outcome_among_others(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        never = Create(IdempotencyKey("never"), world.never_taken())
        first, refused, last = side.write([self._create(1), never, self._create(2)])
        assert isinstance(refused, Refused | MappingError)
        assert refused.permanent
        assert str(refused)
        assert ids(side.changes(None).found) == sorted([stored(first).id, stored(last).id])

    def test_an_update_to_what_is_never_taken_changes_nothing(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        there = stored(one(side, self._create(1)))
        before = side.changes(None).found
        outcome = one(side, Update(there.id, world.never_taken(), there.version))
        assert isinstance(outcome, Refused | MappingError)
        assert side.changes(None).found == before

    def test_a_failure_for_one_object_is_an_outcome_among_others(self, side: Side[T], world: ObjectTrouble[T]) -> None:
        world.fail_once(self.plain(2))
        first, failed, last = side.write([self._create(1), self._create(2), self._create(3)])
        assert isinstance(failed, TemporaryError)
        assert not failed.permanent
        assert {stored(first).id, stored(last).id} <= set(ids(side.changes(None).found))
        again = stored(one(side, self._create(2)))
        assert ids(side.changes(None).found) == sorted([stored(first).id, stored(last).id, again.id])

    def _create(self, number: int) -> Create[T]:
        return Create(IdempotencyKey(f"key-{number}"), self.plain(number))


class CollectionTroubleContract(Basics[T]):
    """The calendar or group is gone."""

    def test_every_method_says_so(self, side: Side[T], world: CollectionTrouble[T]) -> None:
        there: Stored[T] = stored(one(side, Create(IdempotencyKey("key"), self.plain(1))))
        token = side.changes(None).token
        world.remove()
        asked: list[Callable[[], object]] = [partial(side.changes, token), *_questions(side, there)]
        delete = asked.pop()
        for ask in asked:
            with pytest.raises(NotFound):
                ask()
        assert _answer(delete) in (NotFound, [Deleted(there.id)])  # to delete what is gone is no error


class ConnectionTroubleContract(Basics[T]):
    """The service turns everything away."""

    def test_overload_says_how_long_to_wait(self, side: Side[T], world: ConnectionTrouble[T]) -> None:
        there = self._one(side)
        world.overload()
        for error in _answers(side, there):
            assert isinstance(error, TemporaryError)
            assert error.retry_after == timedelta(seconds=30)
            assert not error.permanent

    def test_nonsense_is_a_temporary_error(self, side: Side[T], world: ConnectionTrouble[T]) -> None:
        there = self._one(side)
        world.talk_nonsense()
        for error in _answers(side, there):
            assert isinstance(error, TemporaryError)
            assert str(error)

    def test_a_revoked_sign_in_is_needed_again(self, side: Side[T], world: ConnectionTrouble[T]) -> None:
        there = self._one(side)
        world.revoke()
        assert {type(error) for error in _answers(side, there)} == {SignInNeeded}

    def test_a_missing_consent_is_named(self, side: Side[T], world: ConnectionTrouble[T]) -> None:
        there = self._one(side)
        world.forbid()
        for error in _answers(side, there):
            assert isinstance(error, PermissionMissing)
            assert error.what

    def _one(self, side: Side[T]) -> Stored[T]:
        return stored(one(side, Create(IdempotencyKey("key"), self.plain(1))))


def _questions(side: Side[T], there: Stored[T]) -> list[Callable[[], object]]:
    """One call of each method; the deletion comes last."""
    writes: list[Write[T]] = [
        Create(IdempotencyKey("other"), there.object),
        Update(there.id, there.object, there.version),
        Delete(there.id),
    ]
    return [
        partial(side.changes, None),
        lambda: list(side.fetch([there.id])),
        *(partial(_written, side, write) for write in writes),
    ]


def _written(side: Side[T], write: Write[T]) -> list[Outcome[T]]:
    return list(side.write([write]))


def _answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except BridgeError as error:
        return type(error)


def _answers(side: Side[T], there: Stored[T]) -> list[object]:
    """The error of each method, whether it was raised or is the outcome of the one write."""
    errors: list[object] = []
    for ask in _questions(side, there):
        try:
            answer = ask()
        except BridgeError as error:
            errors.append(error)
        else:
            assert isinstance(answer, list)
            errors += answer
    assert len(errors) == 5
    return errors
