"""Remember which persons are no duplicates."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "distinct_persons",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("person_id < other_id", name=op.f("ck_distinct_persons_order")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_distinct_persons_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["persons.id"], name=op.f("fk_distinct_persons_other_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "other_id", name=op.f("pk_distinct_persons")),
    )
    with op.batch_alter_table("distinct_persons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_distinct_persons_other_id"), ["other_id"], unique=False)
