"""Answers of Google that make no sense: whatever they hold, a side tells it as the port says."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from bridge.errors import PreconditionFailed, TemporaryError
from bridge.ports import Update
from tests.fakes.google.answers import ok
from tests.fakes.google.server import Fault
from tests.providers.fault_course import book_objects, calendar_objects
from tests.providers.google_world import book_world, calendar_world
from tests.providers.nonsense import Ordeal, Spoiler, ask
from tests.providers.servers import Reply
from tests.system.chaos import amount

WORLDS: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar": (calendar_world, calendar_objects),
    "contacts": (book_world, lambda: book_objects("categories")),
}


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(amount(quick=3, full=100)))
def test_nonsense_is_told_and_nothing_is_lost(kind: str, seed: int) -> None:
    opened, objects = WORLDS[kind]
    with opened() as world:
        spoiler = Spoiler(Random(seed), whole=True)
        Ordeal(world, objects(), spoiler).pass_through()
        assert spoiler.done


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(amount(quick=2, full=50)))
def test_nonsense_about_the_account_is_an_error_of_the_port(kind: str, seed: int) -> None:
    with WORLDS[kind][0]() as world:
        world.fake.faults = [Fault(Spoiler(Random(seed), whole=True), times=None, after=True)]
        for _ in range(5):
            provider = world.provider(access_token="")
            for call in (provider.check, provider.calendars, provider.groups):
                ask(call)


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
