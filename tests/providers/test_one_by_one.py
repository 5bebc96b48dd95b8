from collections.abc import Iterator
from datetime import timedelta

import pytest

from bridge.core.event import Event
from bridge.errors import (
    BridgeError,
    Invalid,
    MappingError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Outcome, RemoteId, Stored, Update, Version
from bridge.providers.one_by_one import concerns_one_object, one_by_one

EVENT = Event("u")
GONE = RemoteId("gone")
OF_ONE_OBJECT = [
    PreconditionFailed("It changed meanwhile."),
    Refused("It is too long."),
    MappingError("RRULE", "There are no leap seconds here."),
    TemporaryError("500"),
]
OF_THE_CONNECTION = [
    TemporaryError("429", retry_after=timedelta(seconds=30)),
    TemporaryError("429, at once", retry_after=timedelta(0)),
    SignInNeeded("Revoked."),
    PermissionMissing("write"),
    NotFound("The calendar is gone."),
    TokenExpired("Not an answer to a write."),
    Invalid("Not an answer of a remote."),
]


class Remote:
    """Writes down what it is asked, and fails for the ids and keys that it was told."""

    def __init__(self, failing: dict[str, BaseException] | None = None) -> None:
        self.failing = failing or {}
        self.asked: list[str] = []

    def _ask(self, name: str) -> Stored[Event]:
        self.asked.append(name)
        if name in self.failing:
            raise self.failing[name]
        return Stored(RemoteId(name), Version("1"), EVENT)

    def create(self, write: Create[Event]) -> Stored[Event]:
        return self._ask(write.key)

    def update(self, write: Update[Event]) -> Stored[Event]:
        return self._ask(write.id)

    def delete(self, write: Delete) -> None:
        self._ask(write.id)

    def write(self, *names: str) -> Iterator[Outcome[Event]]:
        kinds = [
            Create(IdempotencyKey(name), EVENT) if name.startswith("c") else Update(RemoteId(name), EVENT)
            for name in names
        ]
        return one_by_one(kinds, self.create, self.update, self.delete)


def stored(name: str) -> Stored[Event]:
    return Stored(RemoteId(name), Version("1"), EVENT)


def test_each_write_is_carried_out_by_its_own_function_in_order() -> None:
    remote = Remote()
    writes = [Update(RemoteId("u1"), EVENT), Delete(GONE), Create(IdempotencyKey("c1"), EVENT)]
    outcomes = list(one_by_one(writes, remote.create, remote.update, remote.delete))
    assert outcomes == [stored("u1"), Deleted(GONE), stored("c1")]
    assert remote.asked == ["u1", "gone", "c1"]


def test_nothing_is_asked_before_its_outcome_is_wanted() -> None:
    remote = Remote()
    outcomes = remote.write("c1", "u2")
    assert remote.asked == []
    assert next(outcomes) == stored("c1")
    assert remote.asked == ["c1"]


@pytest.mark.parametrize("error", OF_ONE_OBJECT, ids=repr)
def test_an_error_of_one_object_is_its_outcome(error: BridgeError) -> None:
    assert concerns_one_object(error)
    remote = Remote({"u2": error})
    assert list(remote.write("c1", "u2", "c3")) == [stored("c1"), error, stored("c3")]


@pytest.mark.parametrize("error", OF_ONE_OBJECT, ids=repr)
def test_a_deletion_may_fail_for_one_object_too(error: BridgeError) -> None:
    remote = Remote({GONE: error})
    assert list(one_by_one([Delete(GONE)], remote.create, remote.update, remote.delete)) == [error]


@pytest.mark.parametrize("error", OF_THE_CONNECTION, ids=repr)
def test_an_error_of_the_connection_ends_the_sequence(error: BridgeError) -> None:
    remote = Remote({"u2": error})
    outcomes = remote.write("c1", "u2", "c3")
    assert next(outcomes) == stored("c1")
    with pytest.raises(type(error)) as raised:
        next(outcomes)
    assert raised.value is error
    assert remote.asked == ["c1", "u2"]


def test_a_bug_is_not_made_an_outcome() -> None:
    with pytest.raises(KeyError):
        list(Remote({"c1": KeyError("etag")}).write("c1"))


def test_no_writes_have_no_outcomes() -> None:
    assert list(Remote().write()) == []
