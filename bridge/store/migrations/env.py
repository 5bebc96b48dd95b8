"""What Alembic runs: ``bridge.store.migrations`` has put the connection into its configuration."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Enum
from sqlalchemy.types import TypeDecorator

from bridge.store.migrations import ours
from bridge.store.models import Base


def render_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write what the database stores, so that a version does not change with the code."""
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    include_object=ours,
    render_as_batch=True,  # SQLite cannot alter a table: Alembic copies it
    render_item=render_type,
)
with context.begin_transaction():
    context.run_migrations()
