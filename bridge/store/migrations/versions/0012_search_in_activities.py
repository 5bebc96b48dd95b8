"""Search in the subjects of activities by a trigram index."""

from collections.abc import Sequence

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_REMOVE = "INSERT INTO activity_search(activity_search, rowid, subject) VALUES ('delete', old.id, old.subject);"
_ADD = "INSERT INTO activity_search(rowid, subject) VALUES (new.id, new.subject);"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE activity_search USING fts5("
        "subject, content='activities', content_rowid='id', tokenize='trigram')"
    )
    op.execute(f"CREATE TRIGGER activities_search_added AFTER INSERT ON activities BEGIN {_ADD} END")
    op.execute(f"CREATE TRIGGER activities_search_removed AFTER DELETE ON activities BEGIN {_REMOVE} END")
    op.execute(
        "CREATE TRIGGER activities_search_changed AFTER UPDATE OF subject ON activities "
        f"WHEN old.subject IS NOT new.subject BEGIN {_REMOVE} {_ADD} END"
    )
    op.execute("INSERT INTO activity_search(activity_search) VALUES ('rebuild')")


def _postgresql() -> None:
    """As the index of contacts: without the extension a search scans."""
    op.execute(
        "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
        "CREATE INDEX ix_activities_search ON activities USING gin (lower(subject) gin_trgm_ops); "
        "EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL; END $$"
    )
