"""Let what is to be drawn again have other causes than its type."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("redraws", sa.Column("cause", sa.String(length=32), nullable=True))
    op.alter_column("redraws", "type_key", new_column_name="cause_key")
    op.execute("UPDATE redraws SET cause = 'type' WHERE cause_key <> ''")
