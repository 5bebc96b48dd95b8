"""Fixtures that give each test a database of its own, already migrated: SQLite, PostgreSQL, or both in turn."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bridge.store.database import Database

BOTH = (
    "sqlite",
    pytest.param("postgresql", marks=(pytest.mark.postgresql, pytest.mark.xdist_group("postgresql"))),
)
INITIAL = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
}

_EMPTY = """
DO $$
DECLARE found record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', found.tablename);
    END LOOP;
    FOR found IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname = 'public' LOOP
        PERFORM setval(quote_ident(found.sequencename)::regclass, 1, false);
    END LOOP;
END $$
"""
_SHAPE = """
SELECT (SELECT md5(string_agg(concat_ws(' ', table_name, column_name, udt_name, character_maximum_length), ','
                          ORDER BY 1))
        FROM information_schema.columns WHERE table_schema = 'public'),
       (SELECT md5(string_agg(indexdef, ',' ORDER BY 1)) FROM pg_indexes WHERE schemaname = 'public'),
       (SELECT version_num FROM alembic_version)
"""


class PostgreSQLServer:
    """A private server on a free port of the loopback interface, with a migrated template."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.data = folder / "data"
        self.port = free_port()
        self._user = _unprivileged(folder)
        subprocess.run(
            [*self._user, programs / "initdb", "-D", self.data, "-U", "postgres", *INITIAL],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        self._log = (folder / "log").open("wb")
        self._process = self._start(folder)
        self._uses = 0
        self._shared = ""
        self._migrated_shape: object = None
        self._admin = self._connect()
        self._admin.execute("CREATE DATABASE template_migrated")
        with closing(Database(self.url("template_migrated"))) as database:
            database.migrate()

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template1") -> str:
        """Copy a template under a new name, and return the copy's address."""
        name = f"test_{uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2]
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def emptied(self) -> str:
        """The address of the one migrated database that tests share in turn, without rows.

        To delete rows takes a small part of the time that a copy of the template takes, or TRUNCATE. A test that
        changed the tables themselves, and every hundredth use, has a new copy made.
        """
        self._uses += 1
        if self._shared and (self._uses % 100 == 0 or self._shape() != self._migrated_shape):
            self.drop(self._shared)
            self._shared = ""
        if not self._shared:
            self._shared = self.create("template_migrated")
            self._migrated_shape = self._shape()
            return self._shared
        self.end_connections(self._shared)
        with psycopg.connect(self._shared, autocommit=True) as connection:
            connection.execute(_EMPTY)
        return self._shared

    def _shape(self) -> object:
        with psycopg.connect(self._shared) as connection:
            return connection.execute(_SHAPE).fetchone()

    def end_connections(self, url: str) -> None:
        """Cut every connection to a database, as a restart of the server would."""
        statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
        self._admin.execute(statement, [url.rpartition("/")[2]])

    def stop(self) -> None:
        self._admin.close()
        self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        self._process.wait(timeout=30)
        self._log.close()

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [*self._user, self.programs / "postgres", "-D", self.data, "-p", str(self.port), *settings]
        return subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, cwd=folder)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        for _ in range(200):
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                try:
                    code = self._process.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    continue
                pytest.fail(f"PostgreSQL ended with {code}: {Path(self._log.name).read_text()}")
        self._process.kill()
        pytest.fail(f"PostgreSQL does not answer: {Path(self._log.name).read_text()}")


def put_anew(template: Path, file: Path) -> None:
    """Put a copy of an SQLite database where another one was. Whoever still has that open keeps it."""
    for name in ("", "-wal", "-shm"):
        Path(f"{file}{name}").unlink(missing_ok=True)
    shutil.copyfile(template, file)


_known: dict[str, Database] = {}


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database, for one test, with what earlier tests have taught its engine.

    Most of the time of a short test goes into statements that are new to an engine.
    """
    database = _known.get(url) or _known.setdefault(url, Database(url))
    with closing(database):
        yield database


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: find how to run it as its own user. The server ends when the tests do."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0:
        return [setpriv, "--pdeathsig", "INT"] if setpriv else []
    shutil.chown(folder, "postgres")
    assert setpriv, "root needs setpriv (util-linux) to start PostgreSQL"
    return [setpriv, "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "INT"]


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs Debian's postgresql package.")
    pytest.skip("Debian's postgresql package is not installed")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """One server for all tests of a process; not below pytest's own folder, which other users may not enter."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="davbridge-postgresql-"))
    try:
        server = PostgreSQLServer(programs, folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQLServer) -> str:
    """The address of a migrated PostgreSQL database without rows."""
    return postgresql_server.emptied()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    with closing(Database(f"sqlite:///{file}")) as database:
        database.migrate()
    return file


@pytest.fixture(scope="session")
def _sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite") / "davbridge.sqlite3"


@pytest.fixture
def sqlite_url(sqlite_template: Path, _sqlite_file: Path) -> str:
    """The address of a migrated SQLite database without rows: always the same one, of a new file."""
    put_anew(sqlite_template, _sqlite_file)
    return f"sqlite:///{_sqlite_file}"


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    with opened(sqlite_url) as database:
        yield database


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database without rows: SQLite, then PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database without rows: SQLite, then PostgreSQL."""
    with opened(database_url) as database:
        yield database


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
    url = server.create()
    yield url
    server.drop(url)
