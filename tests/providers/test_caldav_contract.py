"""The contract of ``Side``, kept by the CalDAV provider over stock Radicale and Xandikos."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.core.contact import Contact
from bridge.core.event import Event
from tests.contract.side_contract import ContactSideContract, EventSideContract
from tests.contract.trouble_contract import CollectionTroubleContract, ConnectionTroubleContract, ObjectTroubleContract
from tests.providers.caldav_world import BookWorld, CalendarWorld, book_world, calendar_world
from tests.providers.servers import RemoteServer, radicale, xandikos


@pytest.fixture(scope="module")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture(scope="module")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


class TroubledCalendar(
    EventSideContract,
    ObjectTroubleContract[Event],
    CollectionTroubleContract[Event],
    ConnectionTroubleContract[Event],
):
    """A calendar on a server."""


class TroubledBook(
    ContactSideContract,
    ObjectTroubleContract[Contact],
    CollectionTroubleContract[Contact],
    ConnectionTroubleContract[Contact],
):
    """An address book on a server."""


class TestRadicaleCalendar(TroubledCalendar):
    @pytest.fixture
    def world(self, radicale_server: RemoteServer) -> Iterator[CalendarWorld]:
        with calendar_world(radicale_server) as world:
            yield world


class TestRadicaleBook(TroubledBook):
    @pytest.fixture
    def world(self, radicale_server: RemoteServer) -> Iterator[BookWorld]:
        with book_world(radicale_server) as world:
            yield world


class TestXandikosCalendar(TroubledCalendar):
    @pytest.fixture
    def world(self, xandikos_server: RemoteServer) -> Iterator[CalendarWorld]:
        with calendar_world(xandikos_server) as world:
            yield world


class TestXandikosBook(TroubledBook):
    @pytest.fixture
    def world(self, xandikos_server: RemoteServer) -> Iterator[BookWorld]:
        with book_world(xandikos_server) as world:
            yield world
