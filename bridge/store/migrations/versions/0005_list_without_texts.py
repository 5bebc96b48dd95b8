"""List names and entity tags from an index, without a look at the rows and their texts."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("resources", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_resources_collection_id_deleted_href_etag"),
            ["collection_id", "deleted", "href", "etag"],
            unique=False,
        )
