"""The contract of ``Side``, kept by the Exchange provider over a server of our own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.core.contact import Contact
from bridge.core.event import Event
from tests.contract.side_contract import ContactSideContract, EventSideContract
from tests.contract.trouble_contract import CollectionTroubleContract, ConnectionTroubleContract, ObjectTroubleContract
from tests.providers.exchange_world import BookWorld, CalendarWorld, book_world, calendar_world


class TestExchangeCalendar(
    EventSideContract,
    ObjectTroubleContract[Event],
    CollectionTroubleContract[Event],
    ConnectionTroubleContract[Event],
):
    @pytest.fixture
    def world(self) -> Iterator[CalendarWorld]:
        with calendar_world() as world:
            world.mailbox.page = 3  # listings take several requests
            yield world


class TestExchangeContacts(
    ContactSideContract,
    ObjectTroubleContract[Contact],
    CollectionTroubleContract[Contact],
    ConnectionTroubleContract[Contact],
):
    @pytest.fixture
    def world(self) -> Iterator[BookWorld]:
        with book_world() as world:
            world.mailbox.page = 3
            yield world
