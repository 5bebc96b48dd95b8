"""Answers of Microsoft 365 and Exchange that make no sense: an outcome or an error of the port, and never a loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from bridge.errors import NotFound, Refused, TemporaryError
from tests.fakes.graph.server import Fault
from tests.providers import exchange_world, graph_world
from tests.providers.fault_course import book_objects, calendar_objects
from tests.providers.nonsense import Ordeal, Spoiler
from tests.providers.servers import Reply
from tests.system.chaos import amount

WORLDS: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "calendar of Microsoft 365": (graph_world.calendar_world, calendar_objects),
    "contacts of Microsoft 365": (graph_world.book_world, partial(book_objects, "several phones")),
    "calendar of Exchange": (exchange_world.calendar_world, calendar_objects),
    "contacts of Exchange": (exchange_world.book_world, partial(book_objects, "several phones")),
}


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("seed", range(amount(quick=2, full=100)))
def test_nonsense_is_told_and_nothing_is_lost(kind: str, seed: int) -> None:
    opened, objects = WORLDS[kind]
    with opened() as world:
        spoiler = Spoiler(Random(seed))
        Ordeal(world, objects(), spoiler).pass_through()
        assert spoiler.done


def _leading(to: Callable[[str], object]) -> Callable[[Reply], Reply]:
    """A page whose link leads elsewhere."""

    def rewritten(reply: Reply) -> Reply:
        page = json.loads(reply.body)
        if "@odata.nextLink" in page:
            page["@odata.nextLink"] = to(page["@odata.nextLink"])
        return replace(reply, body=json.dumps(page).encode())

    return rewritten


def test_a_link_to_another_host_is_followed_on_our_own_way() -> None:
    with graph_world.calendar_world() as world:
        for each in calendar_objects():
            world.add(each)
        world.list_by(1)

        def elsewhere(link: str) -> str:
            return urlsplit(link)._replace(scheme="https", netloc="evil.example").geturl()

        world.fake.faults = [Fault(_leading(elsewhere), lambda call, _: call == "events.list", times=None)]
        assert len(world.open().changes(None).found) == 3


@pytest.mark.parametrize(
    "link", [7, {}, "http://[", "//evil.example", "ftp://evil.example/me", "nonsense", "\0", "/v1.0"]
)
def test_a_link_that_leads_nowhere_ends_the_listing(link: object) -> None:
    with graph_world.calendar_world() as world:
        for each in calendar_objects():
            world.add(each)
        world.list_by(1)
        world.fake.faults = [Fault(_leading(lambda _: link), lambda call, _: call == "events.list", times=None)]
        with pytest.raises((TemporaryError, NotFound, Refused)):
            world.open().changes(None)
        world.fake.mistakes.clear()


def test_pages_that_lead_back_have_an_end() -> None:
    with graph_world.calendar_world() as world:
        for each in calendar_objects():
            world.add(each)
        world.list_by(1)
        first = f"{world.fake.url}/v1.0/me/calendars/{quote(graph_world.WORK)}/events?$top=1"
        world.fake.faults = [Fault(_leading(lambda _: first), lambda call, _: call == "events.list", times=None)]
        with pytest.raises(TemporaryError, match="no end"):
            world.open().changes(None)
        assert world.fake.calls.count("events.list") <= 3
