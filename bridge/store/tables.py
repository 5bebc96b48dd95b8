"""The tables of the DAV side, for statements of every request.

Tables rather than mapped classes: a row is read by name, and nothing keeps track of it.
"""

from typing import cast

from sqlalchemy import Table

from bridge.store.models import CollectionRow, OccurrenceRow, ResourceRow, UserRow

COLLECTIONS, RESOURCES, OCCURRENCES, USERS = (
    cast("Table", row.__table__) for row in (CollectionRow, ResourceRow, OccurrenceRow, UserRow)
)
