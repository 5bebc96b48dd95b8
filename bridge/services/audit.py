"""What administrators did: who, when, what, to what (R30)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from bridge.core.user import User
from bridge.ports import Clock
from bridge.services.connection_rules import check_governs
from bridge.store import audit
from bridge.store.audit import AuditEntry
from bridge.store.database import Database

_LONGEST = 255  # characters of a subject


class AuditAction(StrEnum):
    """What can be done."""

    ADD_USER = "user.add"
    CHANGE_USER = "user.change"
    SET_PASSWORD = "user.password"  # noqa: S105 - the name of an action
    ADD_TYPE = "type.add"
    CHANGE_TYPE = "type.change"
    MOVE_TYPE = "type.move"
    SET_OPTION = "option.set"
    CLEAR_OPTION = "option.clear"
    PAUSE_ALL = "pause.all"
    RESUME_ALL = "resume.all"
    SET_NOTICE = "notice.set"
    CLEAR_NOTICE = "notice.clear"
    SET_CLIENT = "client.set"
    CLEAR_CLIENT = "client.clear"


class Audit:
    """The record of administration. Entries are never changed and never taken away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(
        self, actor: User | None, action: AuditAction, subject: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        """Note what was done. ``actor`` is ``None`` for who runs the program. No secret belongs into the details."""
        who, login = (actor.id, actor.login) if actor else (None, "")
        entry = AuditEntry(self._clock.now(), who, login, action.value, subject[:_LONGEST], dict(details or {}))
        with self._database.write() as session:
            audit.add_audit(session, entry)

    def entries(self, viewer: User | None, *, before: int | None = None, limit: int = 100) -> Sequence[AuditEntry]:
        """Entries, the newest first, older than the one with the id ``before``. Raises ``NotAllowed``."""
        check_governs(viewer)
        with self._database.read() as session:
            return audit.audit_entries(session, before=before, limit=limit)


def differences(before: Any, after: Any, names: Sequence[str]) -> dict[str, list[str]]:
    """What of some fields has changed: from and to, as texts."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in names}
    return {name: [str(old), str(new)] for name, (old, new) in pairs.items() if old != new}
