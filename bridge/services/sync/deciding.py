"""The answer to the mass-delete guard's question (R22): a run that accepts the deletions, or restores what is gone."""

import logging
from threading import Thread

from bridge.core.user import User
from bridge.errors import BridgeError
from bridge.services.connection_rules import visible
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import RunReport
from bridge.services.sync.run import Sync
from bridge.store import connections
from bridge.store.database import Database

PATIENCE = 20.0
"""Seconds after which whoever decided does not wait any longer: the run goes on, and its progress is shown."""

_LOG = logging.getLogger(__name__)


class Deciding:
    """Carries out decisions, each in a thread of its own. What is cut short asks again."""

    def __init__(self, database: Database, sync: Sync, *, patience: float = PATIENCE) -> None:
        self._database = database
        self._sync = sync
        self._patience = patience

    def decide(self, viewer: User, connection_id: int, deletions: Deletions) -> RunReport | None:
        """Run a connection with this answer; ``None`` while the run goes on.

        Raises ``NotFound``, and what ``Sync.run`` does.
        """
        with self._database.read() as session:
            visible(viewer, connections.connection(session, connection_id), connection_id)
        ended: list[RunReport | BridgeError] = []

        def carry_out() -> None:
            try:
                ended.append(self._sync.run(connection_id, deletions=deletions))
            except BridgeError as error:
                ended.append(error)
            except Exception as bug:  # noqa: BLE001 - it must not get lost in a thread
                _LOG.exception("A run that somebody decided about ended by a bug.")
                ended.append(BridgeError(f"Something unexpected happened: {type(bug).__name__}. The log tells more."))

        run = Thread(target=carry_out, name=f"decision about connection {connection_id}", daemon=True)
        run.start()
        run.join(self._patience)
        if ended and isinstance(ended[0], BridgeError):
            raise ended[0]
        return ended[0] if ended and isinstance(ended[0], RunReport) else None
