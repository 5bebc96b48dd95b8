"""Let nobody be mailed because of a sync: the switch goes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_column("invitations")
    op.execute(sa.text("DELETE FROM option_defaults WHERE key = 'invitations'"))
