"""The journal: what happened, and taking it back (R21)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core.merge import changed_fields
from bridge.core.person import Label
from bridge.errors import Conflict, NotFound
from bridge.ports import Clock
from bridge.services import records, snapshots
from bridge.services.actor import Actor
from bridge.services.history import Event, Names
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.settings import Settings
from bridge.services.snapshots import Record, Snapshot
from bridge.store import accounts, journal
from bridge.store.database import Database
from bridge.store.journal import JournalEntry
from bridge.store.models.journal import JournalAction

# What a record keeps for itself: no undo gives these back.
_BOOKKEEPING = {"id", "updated_at", "created_at", "sequence"}


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did. ``left_alone`` names fields that somebody has changed since, which stay as they are.

    ``problem`` says why nothing of the change could be taken back, where it was one of a run.
    """

    entry_id: int
    title: str
    left_alone: tuple[str, ...] = ()
    problem: str = ""


class Journal:
    """Reading the journal, and undo."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def entries(
        self, *, login: str | None = None, since: datetime | None = None, limit: int | None = None
    ) -> list[JournalEntry]:
        """Entries about one user's data, or everybody's, the newest first."""
        with self._database.read() as session:
            owner = accounts.user_by_login(session, login) if login is not None else None
            if login is not None and owner is None:
                raise NotFound(f"There is no user “{login}”.")
            return journal.entries(session, owner_id=owner.id if owner else None, since=since, limit=limit)

    def events(
        self, *, login: str | None = None, since: datetime | None = None, limit: int | None = None
    ) -> list[Event]:
        """The same entries, readable."""
        found = self.entries(login=login, since=since, limit=limit)
        with self._database.read() as session:
            names = Names(session)
            return [names.event(entry) for entry in found]

    def undo(self, actor: Actor, entry_id: int) -> Undone:
        """Take one change back. Raises ``NotFound``, or ``Conflict`` when nothing of it can be taken back."""
        with self._database.write() as session:
            entry = journal.entry(session, entry_id)
            if entry is None:
                raise NotFound(
                    f"There is no journal entry {entry_id}.", remedy="Entries are kept for a limited time; list them."
                )
            return self._undo(session, actor, entry)

    def undo_run(self, actor: Actor, run: str) -> list[Undone]:
        """Take back everything that one import, sync run or undo did, the newest change first.

        A change that cannot be taken back does not hinder the others.
        """
        with self._database.write() as session:
            found = journal.entries(session, run=run)
            if not found:
                raise NotFound(f"There is no run “{run}” in the journal.")
            acting = replace(actor, run=actor.run or uuid4().hex)
            open_entries = [entry for entry in found if journal.undone_by(session, entry.id) is None]
            return [self._undo_or_tell(session, acting, entry) for entry in open_entries]

    def _undo_or_tell(self, session: Session, actor: Actor, entry: JournalEntry) -> Undone:
        try:
            change, left_alone = self._prepare(session, entry)
            _check_untouched(entry, change)
        except Conflict as conflict:
            return Undone(entry.id, entry.title, problem=str(conflict))
        records.write(session, actor, self._settings, [change], now=self._clock.now())
        return Undone(entry.id, entry.title, left_alone)

    def _undo(self, session: Session, actor: Actor, entry: JournalEntry) -> Undone:
        change, left_alone = self._prepare(session, entry)
        records.write(session, actor, self._settings, [change], now=self._clock.now())
        return Undone(entry.id, entry.title, left_alone)

    def _prepare(self, session: Session, entry: JournalEntry) -> tuple[Change, tuple[str, ...]]:
        """The change that takes an entry back, and what it leaves alone. Raises ``Conflict`` if there is none."""
        if journal.undone_by(session, entry.id) is not None:
            raise Conflict(f"Journal entry {entry.id} has been undone already.")
        present = snapshots.record_by_id(session, entry.kind, entry.record_id)
        if present is None or entry.after is None:
            raise Conflict(f"What journal entry {entry.id} changed is gone.")
        after = Snapshot.from_json(entry.kind, entry.after)
        before = Snapshot.from_json(entry.kind, entry.before) if entry.before else None
        wanted, left_alone = restored(entry, before, after, present)
        text = _text_to_restore(session, before, after, present)
        if wanted == present and (text is None or text.text == after.text):
            raise Conflict(f"Everything that journal entry {entry.id} changed has been changed again since.")
        return Change(present, wanted, written=text, undoes=entry.id), left_alone


def _check_untouched(entry: JournalEntry, change: Change) -> None:
    """Raise ``Conflict`` where a run would take away something new that somebody has worked on since."""
    if entry.action is not JournalAction.CREATE or entry.after is None or isinstance(change.before, Label):
        return
    made = Snapshot.from_json(entry.kind, entry.after).record
    if change.before is not None and changed_fields(made, change.before) - _BOOKKEEPING:
        raise Conflict("It has been changed since.")


def restored(
    entry: JournalEntry, before: Snapshot | None, after: Snapshot, present: Record
) -> tuple[Record, tuple[str, ...]]:
    """The record with the change taken back, and the fields that were changed again since.

    A creation becomes a deletion; a deletion is taken back as a whole; of an update each field goes back that still
    is as the update left it.
    """
    if before is None or (entry.action is JournalAction.CREATE and not isinstance(present, Label)):
        if isinstance(present, Label):
            raise Conflict("A label that is in use cannot be taken back.")
        return replace(present, deleted=True), ()
    values: dict[str, Any] = {}
    left_alone = []
    for name in sorted(changed_fields(before.record, after.record) - _BOOKKEEPING):
        if getattr(present, name) == getattr(after.record, name):
            values[name] = getattr(before.record, name)
        else:
            left_alone.append(name)
    return replace(present, **values), tuple(left_alone)


def _text_to_restore(session: Session, before: Snapshot | None, after: Snapshot, present: Record) -> ClientText | None:
    """The resource's old text, unless somebody has written another one since."""
    if before is None or not before.text or before.collection_id is None:
        return None
    owner_id = getattr(present, "owner_id", None)
    now = snapshots.take(session, present, owner_id)
    if now.text and now.text != after.text:
        return None
    return ClientText(before.collection_id, before.href, before.text)
