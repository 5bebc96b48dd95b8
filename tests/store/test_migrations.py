from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import inspect, text

from bridge.errors import BridgeError
from bridge.store import migrations
from bridge.store.database import Database, newest_version
from bridge.store.models import Base


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    with closing(Database(empty_url)) as database:
        yield database


def change(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(text(statement))


def migrate(url: str) -> list[str]:
    with closing(Database(url)) as database:
        database.migrate()
        return database.check_schema()


def test_versions_make_exactly_the_tables_of_the_models(empty: Database) -> None:
    empty.migrate()
    assert empty.check_schema() == []
    with empty.read() as session:
        found = {name for name in inspect(session.connection()).get_table_names() if "_search" not in name}
    assert found == {*Base.metadata.tables, "alembic_version"}


def test_migrating_again_changes_nothing(empty: Database) -> None:
    empty.migrate()
    change(empty, "INSERT INTO labels (id, uid, name) VALUES (1, 'u', 'Customer')")
    empty.migrate()
    with empty.read() as session:
        assert session.execute(text("SELECT name FROM labels")).scalars().all() == ["Customer"]


def test_a_start_with_the_newest_version_needs_no_alembic(sqlite_url: str) -> None:
    program = (
        "import sys; from bridge.store.database import Database; "
        f"Database({sqlite_url!r}).migrate(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_newest_version_is_that_of_alembic(empty: Database) -> None:
    empty.migrate()
    with empty.read() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest_version()]


def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes:
        assert list(processes.map(migrate, [empty_url] * 3)) == [[], [], []]


def test_database_without_tables_is_reported(empty: Database) -> None:
    assert empty.check_schema() == ["The database has no tables yet. Run “davbridge migrate”."]


def test_database_of_a_later_version_is_left_alone(empty: Database) -> None:
    empty.migrate()
    change(empty, "UPDATE alembic_version SET version_num = '9999'")
    sentence = "The database is of version 9999, which this version of davbridge does not know."
    assert empty.check_schema() == [sentence]
    with pytest.raises(BridgeError) as caught:
        empty.migrate()
    assert str(caught.value) == sentence
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DROP INDEX ix_journal_run", "The table journal lacks the index ix_journal_run."),
        ("CREATE INDEX ix_more ON users (email)", "The table users should not have the index ix_more."),
        ("ALTER TABLE users DROP COLUMN language", "The table users lacks the column language."),
        ("ALTER TABLE users ADD COLUMN more integer", "The table users should not have the column more."),
        ("CREATE TABLE more (id integer)", "The database should not have the table more."),
        ("DROP TABLE type_options", "The database lacks the table type_options."),
    ],
)
def test_differences_are_told_in_sentences(empty: Database, statement: str, sentence: str) -> None:
    empty.migrate()
    change(empty, statement)
    assert sentence in empty.check_schema()


@pytest.mark.postgresql
@pytest.mark.xdist_group("postgresql")
def test_changed_column_is_told(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        change(database, "ALTER TABLE users ALTER COLUMN email TYPE integer USING 0, ALTER COLUMN name DROP NOT NULL")
        assert sorted(database.check_schema()) == [
            "The column users.email has another type than it should.",
            "The column users.name has another nullable than it should.",
        ]


def test_failing_version_leaves_the_tables_as_they_were(empty: Database) -> None:
    change(empty, "CREATE TABLE users (id integer)")  # stands in the way of the first version
    with pytest.raises(Exception, match="users"):
        empty.migrate()
    with empty.read() as session:
        assert "labels" not in inspect(session.connection()).get_table_names()


def test_broken_reference_stops_the_migration_on_sqlite(sqlite_database: Database, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as file:
        file.execute("INSERT INTO person_labels VALUES (1, 1)")
        file.commit()
    missing = pytest.raises(BridgeError, match="person_labels refers to a missing row")
    with missing, sqlite_database._writers.connect() as connection:
        migrations.upgrade(connection)
