"""Let the index of UIDs say what is deleted: SQLite looked them up in the longer index of listings instead."""

from collections.abc import Sequence

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("resources", schema=None) as batch_op:
        batch_op.drop_index("ix_resources_collection_id_uid")
        batch_op.create_index(
            batch_op.f("ix_resources_collection_id_uid_deleted"), ["collection_id", "uid", "deleted"], unique=False
        )
