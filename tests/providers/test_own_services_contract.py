"""The contract of ``Side``, kept by the providers of Google, Microsoft 365 and Exchange over services of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.core.contact import Contact
from bridge.core.event import Event
from tests.contract.side_contract import ContactSideContract, EventSideContract
from tests.contract.trouble_contract import CollectionTroubleContract, ConnectionTroubleContract, ObjectTroubleContract
from tests.providers import exchange_world, google_world, graph_world

WORLDS: dict[str, Any] = {"google": google_world, "graph": graph_world, "exchange": exchange_world}


class TestCalendar(
    EventSideContract,
    ObjectTroubleContract[Event],
    CollectionTroubleContract[Event],
    ConnectionTroubleContract[Event],
):
    @pytest.fixture(params=WORLDS)
    def world(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        with WORLDS[request.param].calendar_world() as world:
            world.list_by(3)  # listings take several requests
            yield world


class TestContacts(
    ContactSideContract,
    ObjectTroubleContract[Contact],
    CollectionTroubleContract[Contact],
    ConnectionTroubleContract[Contact],
):
    @pytest.fixture(params=WORLDS)
    def world(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        with WORLDS[request.param].book_world() as world:
            world.list_by(3)
            yield world
