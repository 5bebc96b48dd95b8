"""The contract of ``Side``, kept by the Google provider over a Google of our own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.core.contact import Contact
from bridge.core.event import Event
from tests.contract.side_contract import ContactSideContract, EventSideContract
from tests.contract.trouble_contract import CollectionTroubleContract, ConnectionTroubleContract, ObjectTroubleContract
from tests.providers.google_world import BookWorld, CalendarWorld, book_world, calendar_world


class TestGoogleCalendar(
    EventSideContract,
    ObjectTroubleContract[Event],
    CollectionTroubleContract[Event],
    ConnectionTroubleContract[Event],
):
    @pytest.fixture
    def world(self) -> Iterator[CalendarWorld]:
        with calendar_world() as world:
            world.calendar.page = 3  # listings take several requests
            yield world


class TestGoogleContacts(
    ContactSideContract,
    ObjectTroubleContract[Contact],
    CollectionTroubleContract[Contact],
    ConnectionTroubleContract[Contact],
):
    @pytest.fixture
    def world(self) -> Iterator[BookWorld]:
        with book_world() as world:
            world.fake.people.page = 3
            yield world
