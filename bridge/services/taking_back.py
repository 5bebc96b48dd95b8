"""Taking back what one has just done oneself on the page (R21)."""

from bridge.core.user import User
from bridge.errors import NotFound
from bridge.services.actor import Actor
from bridge.services.journal import Journal, Undone
from bridge.store import journal
from bridge.store.database import Database
from bridge.store.models.journal import Source


class TakingBack:
    """Undoes runs for those who made them."""

    def __init__(self, database: Database, entries: Journal) -> None:
        self._database = database
        self._entries = entries

    def undo(self, viewer: User, run: str) -> list[Undone]:
        """Take back a run that is all the viewer's own doing. Raises ``NotFound`` for any other."""
        with self._database.read() as session:
            found = journal.entries(session, run=run) if run else []
        if not found or any(entry.actor_id != viewer.id for entry in found):
            raise NotFound("There is nothing to take back.")
        return self._entries.undo_run(Actor(viewer.id, Source.UNDO, client="page"), run)
