"""Search in contacts by a trigram index."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_REMOVE = "INSERT INTO resource_search(resource_search, rowid, search) VALUES ('delete', old.id, old.search);"
_ADD = "INSERT INTO resource_search(rowid, search) VALUES (new.id, new.search);"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE resource_search USING fts5("
        "search, content='resources', content_rowid='id', tokenize='trigram')"
    )
    op.execute(
        f"CREATE TRIGGER resources_search_added AFTER INSERT ON resources WHEN new.search IS NOT NULL BEGIN {_ADD} END"
    )
    op.execute(
        "CREATE TRIGGER resources_search_removed AFTER DELETE ON resources WHEN old.search IS NOT NULL "
        f"BEGIN {_REMOVE} END"
    )
    op.execute(
        "CREATE TRIGGER resources_search_lost AFTER UPDATE OF search ON resources "
        f"WHEN old.search IS NOT NULL AND old.search IS NOT new.search BEGIN {_REMOVE} END"
    )
    op.execute(
        "CREATE TRIGGER resources_search_changed AFTER UPDATE OF search ON resources "
        f"WHEN new.search IS NOT NULL AND old.search IS NOT new.search BEGIN {_ADD} END"
    )


def _postgresql() -> None:
    """The extension is a trusted one: whoever may create in the database may have it. Without it a search scans."""
    op.execute(
        "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
        "CREATE INDEX ix_resources_search ON resources USING gin (search gin_trgm_ops); "
        "EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL; END $$"
    )
