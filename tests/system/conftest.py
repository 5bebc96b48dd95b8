"""Servers that tests share, each with users of its own, and one for a test that ends it roughly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import BOTH, PostgreSQLServer
from tests.system.crm import Crm
from tests.system.server import Account, ServerProcess, serving


@pytest.fixture(scope="session")
def _over_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, f"sqlite:///{folder}/davbridge.sqlite3") as running:
        yield running


@pytest.fixture(scope="session")
def _over_postgresql(
    postgresql_server: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    url = postgresql_server.create()
    with serving(tmp_path_factory.mktemp("server"), url) as running:
        yield running
    postgresql_server.drop(url)


@pytest.fixture
def server(_over_sqlite: ServerProcess) -> Iterator[ServerProcess]:
    """A running server over SQLite."""
    yield _over_sqlite
    _over_sqlite.check()


@pytest.fixture(params=BOTH)
def any_server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A running server over SQLite, then one over PostgreSQL."""
    running: ServerProcess = request.getfixturevalue(f"_over_{request.param}")
    yield running
    running.check()


@pytest.fixture
def own_server(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server for this test alone, over SQLite, then over PostgreSQL."""
    with serving(tmp_path / "server", database_url) as running:
        yield running


@pytest.fixture
def anna(any_server: ServerProcess) -> Account:
    """A user with a device, found by every client from the server's address."""
    return any_server.add_user("anna")


@pytest.fixture
def crm(any_server: ServerProcess, anna: Account) -> Crm:
    """What the CRM knows of anna."""
    return Crm(any_server, anna)
