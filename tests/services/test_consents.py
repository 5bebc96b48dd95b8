"""Consents of any service, over both databases: what plugs in is a ``ConsentFlow``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge import bootstrap, config
from bridge.core.scope import FlowKind
from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound, PermissionMissing
from bridge.ports import Trip
from bridge.providers.memory.provider import MemoryConnector
from bridge.services.consents import Consents
from bridge.services.signing_in import SigningIn, Visitor
from bridge.store.database import Database
from bridge.vault import FernetVault
from tests.harness import Office
from tests.services.connection_world import ADDRESS, SECRET, World, make_world
from tests.web.conftest import KEY

BACK = "https://dav.example.com/connections/memory/back"


@dataclass
class Elsewhere:
    """A service that lets everybody consent who brings the word back."""

    is_set_up: bool = True
    word: str = "yes"

    def start(self, redirect_uri: str, kinds: Collection[FlowKind], *, address: str = "") -> tuple[str, Trip]:
        state = f"state {id(self)} {redirect_uri} {address}"
        return f"https://elsewhere.example/?{address}", Trip(state, "verifier", tuple(kind.value for kind in kinds))

    def finish(self, redirect_uri: str, trip: Trip, answer: Mapping[str, str]) -> str:
        assert (redirect_uri, trip.verifier) == (BACK, "verifier")
        if answer.get("word") != self.word:
            raise PermissionMissing(" and ".join(trip.wanted))
        return SECRET


@dataclass
class Desk:
    """Anna at the page."""

    world: World
    flow: Elsewhere
    consents: Consents
    visitor: Visitor

    @property
    def anna(self) -> User:
        return self.visitor.user

    def leave(self, *kinds: FlowKind, address: str = ADDRESS, connection_id: int | None = None) -> dict[str, str]:
        wanted = kinds or (FlowKind.CALENDAR,)
        self.consents.begin(self.visitor, "memory", BACK, wanted, address=address, connection_id=connection_id)
        return {"state": self.flow.start(BACK, wanted, address=address)[1].state, "word": "yes"}


@pytest.fixture
def desk(office: Office) -> Desk:
    return furnished(office)


@pytest.fixture
def sqlite_desk(sqlite_database: Database) -> Desk:
    """For what does not depend on the database."""
    return furnished(Office(sqlite_database))


def furnished(office: Office) -> Desk:
    world = make_world(office)
    signing_in = SigningIn(office.database, office.clock, KEY)
    visitor = signing_in.visitor(signing_in.begin(world.anna, "Firefox"))
    assert visitor is not None
    flow, connector = Elsewhere(), MemoryConnector(world.remote)
    flows = {"memory": lambda: flow}
    parts = (office.database, office.clock, KEY, FernetVault(KEY))
    return Desk(world, flow, Consents(*parts, flows, {"memory": connector}, world.services), visitor)


def test_a_consent_becomes_a_connection(desk: Desk) -> None:
    answer = desk.leave(FlowKind.CONTACTS, FlowKind.CALENDAR)
    journey = desk.consents.take(desk.visitor, "memory", answer)
    assert (journey.kinds, journey.address) == ((FlowKind.CALENDAR, FlowKind.CONTACTS), ADDRESS)
    assert "verifier" not in repr(journey)
    done = desk.consents.finish(desk.anna, journey, BACK, answer)
    assert done.added
    assert desk.world.show(done.connection_id).connection.address == ADDRESS
    answer = desk.leave(connection_id=done.connection_id)
    journey = desk.consents.take(desk.visitor, "memory", answer)
    again = desk.consents.finish(desk.anna, journey, BACK, answer)
    assert (again.connection_id, again.added) == (done.connection_id, False)


def test_of_two_who_come_back_at_once_one_is_let_in(desk: Desk) -> None:
    answer = desk.leave()

    def take() -> bool:
        try:
            desk.consents.take(desk.visitor, "memory", answer)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda _: take(), range(4))) == [False, False, False, True]


def test_a_journey_leads_back_from_its_own_service_only(sqlite_desk: Desk) -> None:
    answer = sqlite_desk.leave()
    with pytest.raises(NotAllowed):
        sqlite_desk.consents.take(sqlite_desk.visitor, "google", answer)


def test_a_refusal_connects_nothing(sqlite_desk: Desk) -> None:
    answer = sqlite_desk.leave(address="") | {"word": "no"}
    journey = sqlite_desk.consents.take(sqlite_desk.visitor, "memory", answer)
    with pytest.raises(PermissionMissing, match="calendar"):
        sqlite_desk.consents.finish(sqlite_desk.anna, journey, BACK, answer)
    assert sqlite_desk.world.services.all(None) == []


def test_a_connection_to_another_service_is_not_signed_in_to(sqlite_desk: Desk) -> None:
    with pytest.raises(NotFound):
        sqlite_desk.leave(address="", connection_id=7)


def test_a_service_that_is_not_set_up(sqlite_desk: Desk) -> None:
    sqlite_desk.flow.is_set_up = False
    assert not sqlite_desk.consents.offers("memory")
    assert not sqlite_desk.consents.offers("caldav")
    with pytest.raises(Invalid, match="not set up"):
        sqlite_desk.leave()


def test_what_an_administrator_enters_is_enough_and_wins(tmp_path: Path, sqlite_template: Path) -> None:
    (tmp_path / "crm.sqlite3").write_bytes(sqlite_template.read_bytes())
    text = "[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n[sync]\nqueue = sqlite:///queue\n"
    (tmp_path / "config.ini").write_text(text, encoding="utf-8")
    services = bootstrap.build(config.load(tmp_path / "config.ini", {}))
    try:
        office = Office(services.database)
        office.user("boss", role="admin")
        boss = services.principals.find("boss")
        assert not services.consents.offers("google")
        services.oauth_clients.set(boss, "google", "from-the-page", "secret")
        assert services.consents.offers("google")
        visitor = services.signing_in.visitor(services.signing_in.begin(boss, ""))
        assert visitor is not None
        there = services.consents.begin(visitor, "google", "https://here/back", [FlowKind.CALENDAR])
        assert "client_id=from-the-page&" in there
    finally:
        services.close()
