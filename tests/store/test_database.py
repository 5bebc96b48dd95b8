from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from bridge.errors import BridgeError, ConfigError, Conflict, Invalid, NotFound, TemporaryError
from bridge.store import engines, models
from bridge.store.database import Database
from tests.database import PostgreSQLServer, free_port

AT = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
SHORT = timedelta(milliseconds=200)


def on_postgresql(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.postgresql(pytest.mark.xdist_group("postgresql")(test))


def user(login: str = "ann", **values: object) -> models.UserRow:
    return models.UserRow(login=login, time_zone="UTC", created_at=AT, **values)


def add(database: Database, *rows: models.Base) -> None:
    with database.write() as session:
        session.add_all(rows)


def logins(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(models.UserRow.login).order_by(models.UserRow.login)))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(models.UserRow)) or 0


def counter(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(models.UserRow.past_days)).one()


def increase(database: Database, times: int) -> None:
    """Read, then write what was read plus one: loses updates unless the transactions take turns."""
    for _ in range(times):
        with database.write() as session:
            row = session.scalars(select(models.UserRow).with_for_update()).one()
            row.past_days += 1


def increase_elsewhere(url: str, times: int) -> None:
    with closing(Database(url)) as database:
        increase(database, times)


def test_written_rows_can_be_read_and_used_after_the_session(database: Database) -> None:
    row = user(name="Ann")
    add(database, row)
    assert (row.id, row.name, row.created_at) == (1, "Ann", AT)
    assert logins(database) == ["ann"]


@pytest.mark.parametrize("error", [NotFound("gone"), RuntimeError("bug"), KeyboardInterrupt()])
def test_exception_takes_everything_back_and_leaves_unchanged(database: Database, error: BaseException) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(user())
            session.flush()
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert logins(database) == []


def test_reading_session_sees_one_state_while_others_write(database: Database) -> None:
    add(database, user("a"))
    with database.read() as session:
        assert count(session) == 1
        add(database, user("b"))
        assert count(session) == 1
        assert logins(database) == ["a", "b"]
    with database.read() as session:
        assert count(session) == 2


def test_reading_session_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"read-?only"), database.read() as session:
        session.execute(text("INSERT INTO labels (uid, name) VALUES ('u', 'n')"))
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM labels")) == 0


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as session:
        session.add(user())
        session.flush()
        assert logins(database) == []


def test_writers_in_threads_lose_no_update(database: Database) -> None:
    add(database, user())
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: increase(database, 15), range(4)))
    assert counter(database) == 60


def test_writers_in_processes_lose_no_update(database: Database, database_url: str) -> None:
    add(database, user())
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(increase_elsewhere, [database_url] * 2, [30] * 2))
    assert counter(database) == 60


def test_forked_process_uses_connections_of_its_own(database: Database) -> None:
    add(database, user())
    for _ in range(3):
        fork(lambda: increase(database, 5))
        increase(database, 5)
    assert counter(database) == 30


def fork(work: Callable[[], None]) -> None:
    """Run ``work`` in a child that ends without pytest's own farewell."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@on_postgresql
def test_fork_during_a_transaction_leaves_the_transaction_alone(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        with database.write() as session:
            session.add(user("parent"))
            session.flush()
            fork(lambda: add(database, user("child")))
        assert logins(database) == ["child", "parent"]


def test_closed_database_opens_again(database: Database) -> None:
    database.close()
    add(database, user())
    assert logins(database) == ["ann"]


def test_more_readers_than_connections_take_turns(database_url: str) -> None:
    with closing(Database(database_url, pool_size=1)) as database:
        barrier = threading.Barrier(8)

        def read(_: int) -> int:
            with database.read() as session:
                found = count(session)
                barrier.wait(10)
                return found

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(read, range(8))) == [0] * 8


# --- failures ---


@pytest.fixture
def hasty(database_url: str) -> Iterator[Database]:
    """A database that hardly waits for locks."""
    with closing(Database(database_url, busy_timeout=SHORT)) as database:
        yield database


def test_locked_database_is_a_temporary_error(database: Database, hasty: Database) -> None:
    add(database, user())
    with database.write() as session:
        session.execute(update(models.UserRow).values(past_days=1))
        with pytest.raises(TemporaryError, match="busy") as caught:
            increase(hasty, 1)
        assert caught.value.remote == "database"
    increase(hasty, 1)
    assert counter(hasty) == 2


def test_waiting_writers_of_one_process_give_up_too(hasty: Database) -> None:
    add(hasty, user())
    with hasty.write() as session:
        session.execute(update(models.UserRow).values(past_days=1))
        with pytest.raises(TemporaryError, match="busy"):
            increase(hasty, 1)
    assert counter(hasty) == 1


@pytest.mark.parametrize("values", [{"login": "ann"}, {"id": 1}])
def test_same_key_twice_is_a_conflict(database: Database, values: dict[str, object]) -> None:
    add(database, user(id=1))
    with pytest.raises(Conflict, match="exists already"):
        add(database, user(**{"login": "other", **values}))
    assert logins(database) == ["ann"]


def test_conflict_at_the_commit_is_translated_too(database: Database) -> None:
    add(database, user())
    with pytest.raises(Conflict), database.write() as session:
        session.add(user())


def test_missing_reference_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict, match="does not exist"):
        add(database, models.DeviceRow(user_id=77, name="", key_hash="k", created_at=AT))


def test_used_row_is_kept(database: Database) -> None:
    add(database, user(id=1))
    add(database, models.DealRow(owner_id=1, created_at=AT, updated_at=AT))
    with pytest.raises(Conflict), database.write() as session:
        session.execute(text("DELETE FROM users"))
    assert logins(database) == ["ann"]


def test_bug_is_not_translated(database: Database) -> None:
    for statement in "SELECT nothing FROM nowhere", "INSERT INTO labels (id) VALUES (1)":
        with pytest.raises(Exception, match=r"nowhere|null|NULL") as caught, database.write() as session:
            session.execute(text(statement))
        assert not isinstance(caught.value, BridgeError)


def test_errors_do_not_tell_personal_data(database: Database) -> None:
    with pytest.raises(Exception, match=r"no such table|does not exist") as caught, database.write() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "0171 123456"})
    assert "123456" not in str(caught.value)


@on_postgresql
@pytest.mark.parametrize("values", [{"name": "a\0b"}, {"name": "x" * 300}, {"past_days": 2**31}])
def test_value_that_does_not_fit_is_invalid(postgresql_url: str, values: dict[str, object]) -> None:
    with closing(Database(postgresql_url)) as database, pytest.raises(Invalid):
        add(database, user(**values))


def test_full_disk_is_a_temporary_error(sqlite_database: Database) -> None:
    add(sqlite_database, user(id=1))
    with sqlite_database.write() as session:
        session.execute(text("PRAGMA max_page_count = 1"))  # from here on, as if the disk ended here
    with pytest.raises(TemporaryError, match="disk") as caught:
        add(sqlite_database, models.PhotoRow(digest="d", media_type="image/png", data=bytes(10**6)))
    assert "space" in caught.value.remedy


def test_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary, " * 100)
    with (
        closing(Database(f"sqlite:///{file}")) as database,
        pytest.raises(TemporaryError, match="not an SQLite database"),
    ):
        logins(database)
    assert file.read_text().startswith("Dear diary")


def test_server_out_of_reach_is_a_temporary_error() -> None:
    with closing(Database(f"postgresql://ann:geheim@127.0.0.1:{free_port()}/x")) as database:
        for use in (lambda: logins(database), lambda: add(database, user()), database.migrate, database.check_schema):
            with pytest.raises(TemporaryError, match=r"cannot be reached: .*refused") as caught:
                use()
            assert caught.value.remote == "database"
            assert "geheim" not in str(caught.value)


@on_postgresql
def test_lost_connection_is_a_temporary_error_once(postgresql_url: str, postgresql_server: PostgreSQLServer) -> None:
    with closing(Database(postgresql_url)) as database:
        assert logins(database) == []
        postgresql_server.end_connections(postgresql_url)
        with pytest.raises(TemporaryError, match="cannot be reached"):
            logins(database)
        assert logins(database) == []


@on_postgresql
def test_idle_connection_is_asked_before_use(
    postgresql_url: str, postgresql_server: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "IDLE_SECONDS", 0.0)
    with closing(Database(postgresql_url)) as database:
        assert logins(database) == []
        postgresql_server.end_connections(postgresql_url)
        assert logins(database) == []


# --- addresses and files ---


@pytest.mark.parametrize(
    "url", ["", "davbridge", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://h/x"]
)
def test_unusable_address_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError):
        Database(url)


def test_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be opened"):
        Database(f"sqlite:///{tmp_path}/file/davbridge.sqlite3")


def test_file_is_made_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "davbridge.sqlite3"
    with closing(Database(f"sqlite:///{file}")) as database:
        database.migrate()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes["davbridge.sqlite3"] == 0o600
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_dialect_is_named(database: Database, database_url: str) -> None:
    assert database.dialect == database_url.partition(":")[0]


@pytest.mark.parametrize("kind", ["read", "write"])
def test_sqlite_is_set_up_for_durability(sqlite_database: Database, kind: str) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with getattr(sqlite_database, kind)() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in pragmas}
    assert found == pragmas


def test_closing_leaves_one_file(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(Database(sqlite_url)) as database:
        add(database, user())
        assert logins(database) == ["ann"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT login FROM users").fetchall() == [("ann",)]


def test_requests_do_without_libraries_that_they_do_not_need(sqlite_url: str) -> None:
    """Each of the processes that answer requests would carry them around in memory."""
    program = f"import sys; from bridge.store.database import Database; Database({sqlite_url!r}); "
    program += "sys.exit(bool({'alembic', 'psycopg'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_second_database_of_the_same_file_leaves_the_locks_of_the_first(sqlite_url: str) -> None:
    """Else another process would take itself for the only one, and do away with the log that the first one reads."""
    write = "INSERT INTO labels (uid, name) VALUES ('{0}', '{0}')"
    elsewhere = (
        "import os, sqlite3, sys\nfor statement in sys.argv[2:]:\n connection = sqlite3.connect(sys.argv[1])\n"
        " connection.execute(statement)\n connection.commit()\n if 'two' in statement: os._exit(0)\n connection.close()"
    )
    with closing(Database(sqlite_url)) as first:
        for asked in (first.write, first.read):
            with asked() as session:
                assert session.execute(text("SELECT name FROM labels")).all() == []
        Database(sqlite_url).close()
        file, statements = sqlite_url.removeprefix("sqlite:///"), [write.format(name) for name in ("one", "two")]
        subprocess.run([sys.executable, "-c", elsewhere, file, *statements], check=True, timeout=60)
        with first.read() as session:
            assert session.execute(text("SELECT name FROM labels")).scalars().all() == ["one", "two"]
