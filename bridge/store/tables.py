"""The tables of the DAV side, for statements of every request.

Tables rather than mapped classes: a row is read by name, and nothing keeps track of it.
"""

from typing import cast

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from bridge.store.models import CollectionRow, OccurrenceRow, ResourceRow, UserRow

COLLECTIONS, RESOURCES, OCCURRENCES, USERS = (
    cast("Table", row.__table__) for row in (CollectionRow, ResourceRow, OccurrenceRow, UserRow)
)

Executor = Session | Connection
"""What runs a statement. Requests that only read use a bare connection: a session costs more than the statement."""


def dialect_of(executor: Executor) -> str:
    """``sqlite`` or ``postgresql``."""
    return executor.dialect.name if isinstance(executor, Connection) else executor.get_bind().dialect.name
