"""Take back what a run did, on both sides (R21).

What was written there is written back unless somebody has changed it since; what was written here is undone by the
journal. Afterwards the links say that both sides agree as they are, so that the next run repeats nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotFound
from bridge.ports import Clock, Create, Delete, Found, IdempotencyKey, RemoteId, Stored, Update, Write
from bridge.services.actor import Actor
from bridge.services.journal import Journal, Undone
from bridge.services.sync.flows import Flows, Opened, OpenFlow
from bridge.services.sync.lease import Lease, leased
from bridge.services.sync.run import LEASE, owner
from bridge.store import connections, journal, links, runs
from bridge.store.connections import Flow
from bridge.store.database import Database
from bridge.store.links import Link
from bridge.store.models.journal import RecordKind
from bridge.store.models.sync import LinkState
from bridge.store.runs import RemoteChange

T = TypeVar("T", Event, Contact)
_RECORDS = {FlowKind.CALENDAR: RecordKind.ACTIVITY, FlowKind.CONTACTS: RecordKind.PERSON}


class Undoing:
    """Undo of whole runs, whatever they were."""

    def __init__(self, database: Database, clock: Clock, flows: Flows, history: Journal) -> None:
        self._database = database
        self._clock = clock
        self._flows = flows
        self._journal = history

    def undo_run(self, actor: Actor, run_id: str) -> list[Undone]:
        """Take a run back. Raises ``NotFound``, ``Conflict`` while the connection runs, and what the remote raises."""
        with self._database.read() as session:
            run = runs.run(session, run_id)
        if run is None:
            return self._journal.undo_run(actor, run_id)
        with leased(self._database, self._clock, run.connection_id, owner(), LEASE) as lease:
            opened = self._flows.open(run.connection_id)
            told: list[Undone] = []
            with self._database.read() as session:
                touched = {
                    kind: [entry.record_id for entry in journal.entries(session, run=run_id) if entry.kind is record]
                    for kind, record in _RECORDS.items()
                }
            told += self._here(actor, run_id)
            for flow in opened.flows:
                told += self._there(lease, opened, flow, run_id, touched[flow.kind])
            return told

    def _there(self, lease: Lease, opened: Opened, flow: Flow, run_id: str, records: Sequence[int]) -> list[Undone]:
        undo_id = uuid4().hex
        if flow.kind is FlowKind.CALENDAR:
            calendar = self._flows.calendar(opened, flow, undo_id)
            return _Back(self._database, self._clock, lease, calendar).take(run_id, records)
        contacts = self._flows.contacts(opened, flow, undo_id)
        return _Back(self._database, self._clock, lease, contacts).take(run_id, records)

    def _here(self, actor: Actor, run_id: str) -> list[Undone]:
        try:
            return self._journal.undo_run(actor, run_id)
        except NotFound:
            return []  # it wrote there only


@dataclass(frozen=True)
class _Back(Generic[T]):
    """Takes back what one run wrote there in one flow."""

    database: Database
    clock: Clock
    lease: Lease
    flow: OpenFlow[T]

    def take(self, run_id: str, records: Sequence[int]) -> list[Undone]:
        """Write back, and let the links say that both sides agree as they are now."""
        with self.database.read() as session:
            written = runs.remote_changes(session, run_id=run_id, flow_ids=[self.flow.row.id])
        todo: list[RemoteChange] = [change for change in written if not change.undone]
        present = self._present(change.remote_id for change in todo)
        told = []
        moved: dict[str, str] = {}
        for change in todo:
            self.lease.keep()
            undone, new_id = self._one(change, present.get(change.remote_id))
            told.append(undone)
            if new_id is not None:
                moved[change.remote_id] = new_id
        self._agree({*records, *(change.local_id or 0 for change in todo)}, {c.remote_id for c in todo}, todo, moved)
        return told

    def _one(self, change: RemoteChange, present: Found[T] | None) -> tuple[Undone, str | None]:
        """Write one change back; the new id, where an object had to be made anew."""
        write = self._write(change, present)
        if isinstance(write, str):
            return Undone(0, change.title, problem=write), None
        outcome = next(iter(self.flow.theirs.write([write])))
        if isinstance(outcome, BridgeError):
            return Undone(0, change.title, problem=str(outcome)), None
        with self.lease.transaction() as session:
            runs.mark_undone(session, [change.id])
        new_id = outcome.id if isinstance(outcome, Stored) and outcome.id != change.remote_id else None
        return Undone(0, change.title), new_id

    def _write(self, change: RemoteChange, present: Found[T] | None) -> Write[T] | str:
        """What puts the object back as it was, or why it is left alone."""
        kind = self.flow.kind
        if change.after is None:
            if present is not None or change.before is None:
                return "It is there again."
            return Create(IdempotencyKey(uuid4().hex), kind.load(dict(change.before)))
        if present is None or present.object is None:
            return "It is gone there."
        if kind.theirs_changed(kind.load(dict(change.after)), present.object):
            return "It has been changed there since."
        if change.before is None:
            return Delete(present.id, present.version)
        return Update(present.id, kind.load(dict(change.before)), present.version)

    def _present(self, ids: Iterable[str]) -> dict[str, Found[T]]:
        asked = sorted({RemoteId(id_) for id_ in ids if id_})
        return {found.id: found for found in self.flow.theirs.fetch(asked)} if asked else {}

    def _agree(
        self, records: set[int], remote: set[str], todo: Sequence[RemoteChange], moved: Mapping[str, str]
    ) -> None:
        with self.database.read() as session:
            tied: list[Link] = self._links(session, records, remote)
        ours = {found.id: found for found in self.flow.ours.fetch([RemoteId(str(i)) for i in sorted(records) if i])}
        theirs = self._present([*(link.remote_id or "" for link in tied), *moved.values()])
        now = self.clock.now()
        fresh = [
            Link(self.flow.row.id, change.local_id, moved[change.remote_id], now, state=LinkState.RELEASED)
            for change in todo
            if change.remote_id in moved and not any(link.local_id == change.local_id for link in tied)
        ]
        with self.lease.transaction() as session:
            for link in tied:
                self._settle(session, link, ours.get(RemoteId(str(link.local_id))), theirs.get(link.remote_id or ""))
            links.add_links(session, fresh)
            connections.set_tokens(session, self.flow.row.id, None, None)

    def _links(self, session: Session, records: set[int], remote: set[str]) -> list[Link]:
        flow = [self.flow.row.id]
        found = [link for record in records for link in links.links_of_record(session, flow, record)]
        found += [link for id_ in remote for link in links.links_to(session, flow, id_)]
        return list({link.id: link for link in found}.values())

    def _settle(self, session: Session, link: Link, mine: Found[T] | None, other: Found[T] | None) -> None:
        """Let a link say what is. What is left of a pair stays, and is never taken as new."""
        if mine is None and other is None:
            links.delete_links(session, [link.id])
            return
        links.save_links(
            session,
            [
                replace(
                    link,
                    state=LinkState.LINKED if mine and other else LinkState.RELEASED,
                    ours_version=mine.version if mine else "",
                    theirs_version=other.version if other else "",
                    ours_base=self.flow.kind.dump(mine.object) if mine and mine.object else None,
                    theirs_base=self.flow.kind.dump(other.object) if other and other.object else None,
                    seen_ours="",
                    seen_theirs="",
                    tries=0,
                    retry_at=None,
                    parked=False,
                    updated_at=self.clock.now(),
                )
            ],
        )
