"""What reading costs: lists come from an index alone, and one request reads one state."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from bridge.core.user import User
from bridge.store import accounts, resources
from bridge.store.database import Database


def test_entity_tags_are_listed_without_a_look_at_the_rows(sqlite_database: Database) -> None:
    statement = str(resources._TAGS.compile(dialect=sqlite.dialect()))
    with sqlite_database.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {statement.replace('?', '1')}")).all()
    assert "COVERING INDEX ix_resources_collection_id_deleted_href_etag" in str(plan)


def test_snapshots_of_one_state_are_one_until_something_is_written(database: Database) -> None:
    count = text("SELECT count(*) FROM users")
    with database.one_state():
        with database.snapshot() as first:
            assert first.execute(count).scalar_one() == 0
        with database.snapshot() as second:
            assert second is first
        with database.write() as session:
            accounts.save_user(session, User("anna", "Europe/Riga"), now=datetime.now(UTC))
        with database.snapshot() as third:
            assert third.execute(count).scalar_one() == 1
    assert third.closed


def test_a_failure_does_not_spoil_the_rest_of_one_state(database: Database) -> None:
    with database.one_state():
        with pytest.raises(SQLAlchemyError), database.snapshot() as connection:
            connection.execute(text("SELECT no_such_column FROM users"))
        with database.snapshot() as connection:
            assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 0
