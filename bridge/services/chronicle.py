"""The journal as its page shows it: filtered, in pages, as a table for spreadsheets, and with undo (R21)."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import uuid4

from bridge.core.user import Role, User
from bridge.errors import NotFound
from bridge.services.actor import Actor
from bridge.services.connection_rules import governs
from bridge.services.history import Event, FieldChange, Names
from bridge.services.journal import Journal, Undone
from bridge.services.sync.undoing import Undoing
from bridge.store import connections, journal, journal_search, runs
from bridge.store.database import Database
from bridge.store.journal_search import JournalFilter
from bridge.store.models.journal import Source

__all__ = ["Chronicle", "Entry", "JournalFilter", "Part", "table"]

_PAGE = 50
_MOST_ROWS = 10_000
_BATCH = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
COLUMNS = ("entry", "time", "owner", "by", "device", "client", "source", "action", "kind", "title", "changes", "run")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, and whether it was taken back already."""

    event: Event
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries, the latest first. ``more`` is the id to go on from, 0 at the end."""

    entries: tuple[Entry, ...]
    more: int = 0


class Chronicle:
    """The journal for one viewer: of their own data, or for administrators of everybody's."""

    def __init__(self, database: Database, history: Journal, undoing: Undoing) -> None:
        self._database = database
        self._journal = history
        self._undoing = undoing

    def entries(self, viewer: User, wanted: JournalFilter, *, before: int = 0) -> Part:
        """One page. A viewer who is no administrator is shown nobody else's data, whatever the filter says."""
        with self._database.read() as session:
            found = journal_search.search(session, _allowed(viewer, wanted), before=before, limit=_PAGE + 1)
            shown = found[:_PAGE]
            undone = journal_search.undone(session, [entry.id for entry in shown])
            names = Names(session)
            entries = tuple(Entry(names.event(entry), entry.id in undone) for entry in shown)
        return Part(entries, shown[-1].id if len(found) > _PAGE else 0)

    def export(self, viewer: User, wanted: JournalFilter) -> str:
        """The latest 10,000 entries that fit, as CSV with a header. Times are UTC."""
        return table(self._all(viewer, wanted))

    def undo(self, viewer: User, actor: Actor, entry_id: int) -> Undone:
        """Take one change back. Raises ``NotFound`` also for what is not the viewer's, and ``Conflict``."""
        with self._database.read() as session:
            entry = journal.entry(session, entry_id)
        if entry is None or not (governs(viewer) or _owner(entry.owner_id, entry.actor_id) == viewer.id):
            raise NotFound("There is no such entry in the journal.")
        return self._journal.undo(replace(actor, run=actor.run or uuid4().hex), entry_id)

    def undo_run(self, viewer: User, actor: Actor, run_id: str) -> list[Undone]:
        """Take a whole run back. Raises ``NotFound``, ``Conflict`` while it is running, and what the remote raises."""
        with self._database.read() as session:
            run = runs.run(session, run_id)
            connection = connections.connection(session, run.connection_id) if run else None
            if connection is not None:
                allowed = governs(viewer) or connection.user_id == viewer.id
            else:
                allowed = governs(viewer) or journal_search.belongs_to(session, run_id, viewer.id)
        if not allowed:
            raise NotFound("There is no such run.")
        return self._undoing.undo_run(replace(actor, run=actor.run or uuid4().hex), run_id)

    def undo_there(self, viewer: User, actor: Actor, change_id: int) -> Undone:
        """Take back one write on the other side. Raises what ``undo`` does, and what the remote raises."""
        with self._database.read() as session:
            change = runs.remote_change(session, change_id)
            run = runs.run(session, change.run_id) if change else None
            connection = connections.connection(session, run.connection_id) if run else None
        if connection is None or not (governs(viewer) or connection.user_id == viewer.id):
            raise NotFound("There is no such change.")
        return self._undoing.undo_remote(replace(actor, run=actor.run or uuid4().hex), change_id)

    def _all(self, viewer: User, wanted: JournalFilter) -> Iterator[Event]:
        before = 0
        with self._database.read() as session:
            names = Names(session)
            for _ in range(_MOST_ROWS // _BATCH):
                found = journal_search.search(session, _allowed(viewer, wanted), before=before, limit=_BATCH)
                yield from map(names.event, found)
                if len(found) < _BATCH:
                    return
                before = found[-1].id


def actor(viewer: User, client: str) -> Actor:
    """Who takes something back on the page."""
    return Actor(viewer.id, Source.UNDO, client=client[:255], run=uuid4().hex)


def table(events: Iterator[Event]) -> str:
    """Events as CSV (RFC 4180), in which no program finds a formula."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for event in events:
        writer.writerow([harmless(value) for value in _row(event)])
    return text.getvalue()


def harmless(text: str) -> str:
    """A cell that spreadsheets take for text: what begins like a formula gets an apostrophe."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def told(value: Any) -> str:
    """A value of a record in words that every language understands."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (tuple, list, frozenset)):
        return ", ".join(told(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {told(each)}" for key, each in value.items())
    return str(getattr(value, "value", value))


def _row(event: Event) -> tuple[str, ...]:
    return (
        str(event.id),
        event.at.isoformat(),
        event.owner,
        event.by,
        event.device,
        event.client,
        event.source,
        event.action,
        event.kind,
        event.title,
        "; ".join(map(_change, event.changes)),
        event.run or "",
    )


def _change(change: FieldChange) -> str:
    if change.before is None and change.after is None:
        return change.field
    return f"{change.field}: {told(change.before)} → {told(change.after)}"


def _allowed(viewer: User, wanted: JournalFilter) -> JournalFilter:
    return wanted if viewer.role is Role.ADMIN else replace(wanted, owner_id=viewer.id)


def _owner(owner_id: int | None, actor_id: int | None) -> int | None:
    return owner_id if owner_id is not None else actor_id
