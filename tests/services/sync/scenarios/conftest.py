"""Every scenario runs over an account in memory and on stock Radicale; with "make chaos" on stock Xandikos too."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.harness import Office
from tests.providers.servers import RemoteServer, radicale, xandikos
from tests.services.sync.scenarios.dav_remote import dav_account
from tests.services.sync.scenarios.memory_remote import MemoryOther
from tests.services.sync.scenarios.world import World
from tests.system.chaos import CHAOS

NAMES = ("radicale", "xandikos") if CHAOS else ("radicale",)  # Xandikos alone takes as long as the rest
SERVERS = tuple(pytest.param(name, marks=pytest.mark.xdist_group(f"sync with {name}")) for name in NAMES)


@pytest.fixture(scope="session")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture(scope="session")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


@contextmanager
def _world(kind: str, office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    if kind == "memory":
        yield World(office, MemoryOther(office.clock))
        return
    with dav_account(request.getfixturevalue(f"{kind}_server"), office.clock) as other:
        yield World(office, other)


@pytest.fixture(scope="session")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios") / "davbridge.sqlite3"


@pytest.fixture(scope="session")
def scenario_database(scenario_file: Path, sqlite_template: Path) -> Iterator[Database]:
    """One for all scenarios, since most of the time of a short test goes into statements that are new to an engine."""
    shutil.copyfile(sqlite_template, scenario_file)
    with closing(Database(f"sqlite:///{scenario_file}")) as database:
        yield database


@pytest.fixture
def office(scenario_database: Database, scenario_file: Path, sqlite_template: Path) -> Office:
    """A database without rows."""
    with closing(sqlite3.connect(sqlite_template)) as empty, closing(sqlite3.connect(scenario_file)) as used:
        empty.backup(used)
    return Office(scenario_database)


@pytest.fixture(params=("memory", *SERVERS))
def world(office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    """An office and an account elsewhere, in each of three services."""
    with _world(request.param, office, request) as made:
        yield made


@pytest.fixture
def memory_world(office: Office) -> World:
    """With the account in memory, for what no real server can be brought to do."""
    return World(office, MemoryOther(office.clock))


@pytest.fixture(params=SERVERS)
def dav_world(office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    """With the account on a real server, for what only those do."""
    with _world(request.param, office, request) as made:
        yield made
