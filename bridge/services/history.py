"""What journal entries say, for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.core.merge import changed_fields
from bridge.services.snapshots import Snapshot
from bridge.store import accounts
from bridge.store.journal import JournalEntry

_BOOKKEEPING = {"id", "uid", "owner_id", "created_at", "updated_at", "sequence", "done_at"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a record that a change touched. A value that was or is not there is ``None``."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Event:
    """One journal entry, readable. ``by`` is who did it, ``device`` through what, ``client`` with which program."""

    id: int
    at: datetime
    owner: str
    by: str
    device: str
    client: str
    source: str
    action: str
    kind: str
    title: str
    changes: tuple[FieldChange, ...]
    lost: tuple[str, ...]
    run: str | None
    undoes: int | None


class Names:
    """Logins of users and names of devices, read once."""

    def __init__(self, session: Session) -> None:
        self._logins = {user.id: user.login for user in accounts.users(session).values()}
        self._devices = {device.id: device.name for device in accounts.devices(session)}

    def event(self, entry: JournalEntry) -> Event:
        """Make one entry readable."""
        return Event(
            id=entry.id,
            at=entry.at,
            owner=self._logins.get(entry.owner_id or 0, ""),
            by=self._logins.get(entry.actor_id or 0, "the system"),
            device=self._devices.get(entry.device_id or 0, ""),
            client=entry.client,
            source=entry.source.value,
            action=entry.action.value,
            kind=entry.kind.value,
            title=entry.title,
            changes=field_changes(entry),
            lost=tuple(sorted(entry.lost)),
            run=entry.run,
            undoes=entry.undoes,
        )


def field_changes(entry: JournalEntry) -> tuple[FieldChange, ...]:
    """The fields that an entry changed, from and to. Of a new record, none; a changed text alone is ``text``."""
    if entry.before is None or entry.after is None:
        return ()
    before, after = Snapshot.from_json(entry.kind, entry.before), Snapshot.from_json(entry.kind, entry.after)
    names = sorted(changed_fields(before.record, after.record) - _BOOKKEEPING)
    found = [FieldChange(name, getattr(before.record, name), getattr(after.record, name)) for name in names]
    if not found and before.text != after.text:
        found.append(FieldChange("text", None, None))
    return tuple(found)
