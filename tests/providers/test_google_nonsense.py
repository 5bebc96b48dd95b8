"""Answers of Google that make no sense: whatever they hold, a side tells it as the port says."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from bridge.errors import (
    BridgeError,
    MappingError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import Create, Delete, IdempotencyKey, Side, Stored, Update, Write
from tests.fakes.google.answers import ok
from tests.fakes.google.nonsense import Spoiler
from tests.fakes.google.server import Fault
from tests.providers.fault_course import book_objects, calendar_objects
from tests.providers.google_world import book_world, calendar_world
from tests.providers.servers import Reply
from tests.system.chaos import amount

OUTCOMES = (PreconditionFailed, Refused, MappingError, TemporaryError)
RAISED = (TemporaryError, SignInNeeded, PermissionMissing, NotFound, TokenExpired)
WORLDS: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar": (calendar_world, calendar_objects),
    "contacts": (book_world, lambda: book_objects("categories")),
}


def _ask(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except RAISED as error:
        return error


def _write(side: Side[Any], writes: list[Write[Any]]) -> list[Any]:
    found = _ask(lambda: list(side.write(writes)))
    if isinstance(found, BridgeError):
        return []
    assert len(found) == len(writes)
    assert all(not isinstance(each, BridgeError) or isinstance(each, OUTCOMES) for each in found), found
    return list(found)


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(amount(quick=8, full=60)))
def test_nonsense_is_an_outcome_or_an_error_of_the_port(kind: str, seed: int) -> None:
    opened, objects = WORLDS[kind]
    with opened() as world:
        side: Side[Any] = world.open()
        there = [each for each in side.write(_creations("before", objects())) if isinstance(each, Stored)]
        token = side.changes(None).token
        world.edit(there[0].id, there[1].object)
        spoiler = Spoiler(Random(seed))
        world.fake.faults = [Fault(spoiler, times=None, after=True)]
        for anew in (world.open(), world.open()):
            provider = world.provider()
            for ask in (provider.check, provider.calendars, provider.groups):
                _ask(ask)
            _ask(lambda anew=anew: anew.changes(None))
            _ask(lambda anew=anew: anew.changes(token))
            _ask(lambda anew=anew: list(anew.fetch([each.id for each in there])))
            _write(anew, [Update(each.id, each.object, each.version) for each in there])
            _write(anew, [Update(each.id, objects()[0]) for each in there])
            _write(anew, _creations("after", objects()))
            _write(anew, [Delete(each.id, each.version) for each in there])
        assert spoiler.done
        world.fake.mistakes.clear()  # what was spoiled is sent back, and refused


def _creations(name: str, objects: list[Any]) -> list[Write[Any]]:
    return [Create(IdempotencyKey(f"{name}-{at}"), each) for at, each in enumerate(objects)]


@pytest.mark.parametrize("kind", WORLDS)
def test_a_list_whose_next_page_is_always_the_same_is_none(kind: str) -> None:
    page = {"items": [], "connections": [], "contactGroups": [], "nextPageToken": "again", "nextSyncToken": "1"}
    with WORLDS[kind][0]() as world:
        world.always(ok(page))
        with pytest.raises(TemporaryError, match="circles"):
            world.open().changes(None)
        assert len(world.fake.calls) == 2


@pytest.mark.parametrize("kind", WORLDS)
def test_what_is_listed_twice_is_there_once(kind: str) -> None:
    def twice(reply: Reply) -> Reply:
        rows = {name: each * 2 for name, each in json.loads(reply.body).items() if isinstance(each, list)}
        return ok(json.loads(reply.body) | rows)

    opened, objects = WORLDS[kind]
    with opened() as world:
        ids = [world.add(each) for each in objects()]
        world.fake.faults = [Fault(twice, times=None, after=True)]
        assert sorted(found.id for found in world.open().changes(None).found) == sorted(ids)


@pytest.mark.parametrize("kind", WORLDS)
def test_an_answer_about_another_object_is_none(kind: str) -> None:
    """What one object is, is never written to another one."""
    opened, objects = WORLDS[kind]
    with opened() as world:
        first, second = (world.add(each) for each in objects()[:2])
        known = {found.id: found for found in world.open().fetch([first, second])}

        def swap(reply: Reply) -> Reply:
            text = reply.body.decode().replace(first, "?").replace(second, first).replace("?", second)
            return Reply(reply.status, reply.headers, text.encode())

        world.fake.faults = [Fault(swap, lambda call, _: call.lower().endswith("get"), times=None, after=True)]
        outcomes = list(world.open().write([Update(id_, objects()[2], known[id_].version) for id_ in known]))
        assert all(isinstance(each, TemporaryError | PreconditionFailed) for each in outcomes), outcomes
        world.fake.faults = []
        assert {found.id: found.version for found in world.open().fetch(known)} == {
            id_: found.version for id_, found in known.items()
        }
