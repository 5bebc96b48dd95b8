"""Lists of names and entity tags are read from an index alone: the rows, and their texts, are ten times as large."""

from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from bridge.store import resources
from bridge.store.database import Database


def test_entity_tags_are_listed_without_a_look_at_the_rows(sqlite_database: Database) -> None:
    statement = str(resources._TAGS.compile(dialect=sqlite.dialect()))  # noqa: SLF001 - the statement itself is judged
    with sqlite_database.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {statement.replace('?', '1')}")).all()
    assert "COVERING INDEX ix_resources_collection_id_deleted_href_etag" in str(plan)
