"""Take back what a run did, on both sides, or one single write there (R21).

What was written there is written back unless somebody has changed it since; what was written here is undone by the
journal. Afterwards the links agree with what that changed and with nothing else: the next run repeats nothing, and
still carries over what people have done meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, Conflict, NotFound
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
from bridge.store.models.sync import LinkState, ResultOutcome
from bridge.store.runs import RemoteChange, Result

T = TypeVar("T", Event, Contact)
_RECORDS = {FlowKind.CALENDAR: RecordKind.ACTIVITY, FlowKind.CONTACTS: RecordKind.PERSON}
_REASON = "What synced it was taken back: both sides stay as they are."
_REMEDY = "Let it be looked at again."


class Undoing:
    """Undo of whole runs, whatever they were, and of what they wrote there."""

    def __init__(self, database: Database, clock: Clock, flows: Flows, history: Journal) -> None:
        self._database = database
        self._clock = clock
        self._flows = flows
        self._journal = history

    def undo_run(self, actor: Actor, run_id: str) -> list[Undone]:
        """Take a run back. Raises ``NotFound``, ``Conflict`` while the connection runs, and what the remote raises."""
        with self._database.read() as session:
            run = runs.run(session, run_id)
            written = runs.remote_changes(session, run_id=run_id)
            entries = journal.entries(session, run=run_id)
        if run is None:
            return self._journal.undo_run(actor, run_id)
        records = {
            kind: {entry.record_id for entry in entries if entry.kind is record} for kind, record in _RECORDS.items()
        }
        with leased(self._database, self._clock, run.connection_id, owner(), LEASE) as lease:
            backs = self._backs(lease, run.connection_id, written, records)
            for each in backs:
                each.remember()
            told = self._journal.undo_run(actor, run_id) if entries else []
            return told + [undone for each in backs for undone in each.take()]

    def written(self, run_id: str) -> list[RemoteChange]:
        """What a run wrote on the other side, the newest first. Raises ``NotFound``."""
        with self._database.read() as session:
            if runs.run(session, run_id) is None:
                raise NotFound(f"There is no run “{run_id}” of a sync.")
            return runs.remote_changes(session, run_id=run_id)

    def undo_remote(self, actor: Actor, change_id: int) -> Undone:  # noqa: ARG002 - there, it is the account's own doing
        """Take back one write on the other side. Raises as ``undo_run``; ``Conflict`` where it was undone already."""
        with self._database.read() as session:
            change = runs.remote_change(session, change_id)
            run = runs.run(session, change.run_id) if change is not None else None
        if change is None or run is None:
            raise NotFound(f"There is no change {change_id} on another side any more.")
        if change.undone:
            raise Conflict("This has been undone already.")
        with leased(self._database, self._clock, run.connection_id, owner(), LEASE) as lease:
            back = next(each for each in self._backs(lease, run.connection_id, [change], {}) if each.changes)
            return back.take()[0]

    def _backs(
        self,
        lease: Lease,
        connection_id: int,
        written: Sequence[RemoteChange],
        records: Mapping[FlowKind, Collection[int]],
    ) -> "list[_Back[Event] | _Back[Contact]]":
        """What there is to take back in each flow, also in one that was left for another calendar meanwhile."""
        opened = self._flows.open(connection_id)
        with self._database.read() as session:
            every = connections.flows(session, [connection_id])
        concerned = {change.flow_id for change in written} | {flow.id for flow in opened.flows}
        return [
            self._back(lease, opened, flow, written, records.get(flow.kind, ()))
            for flow in every
            if flow.id in concerned
        ]

    def _back(
        self, lease: Lease, opened: Opened, flow: Flow, written: Sequence[RemoteChange], records: Collection[int]
    ) -> "_Back[Event] | _Back[Contact]":
        changes = [change for change in written if change.flow_id == flow.id and not change.undone]
        undo_id = uuid4().hex
        parts = (self._database, self._clock, lease, undo_id)
        if flow.kind is FlowKind.CALENDAR:
            return _Back(*parts, self._flows.calendar(opened, flow, undo_id), changes, records)
        return _Back(*parts, self._flows.contacts(opened, flow, undo_id), changes, records)


@dataclass(frozen=True, slots=True)
class _Turn(Generic[T]):
    """An object before and after it was taken back; ``None`` where there was or is none."""

    before: Found[T] | None
    after: Found[T] | None


@dataclass
class _Back(Generic[T]):
    """Takes back what was written in one flow: ``changes`` there, and here what the journal undoes of ``records``."""

    database: Database
    clock: Clock
    lease: Lease
    run_id: str
    flow: OpenFlow[T]
    changes: Sequence[RemoteChange]
    records: Collection[int]
    _ours: dict[str, Found[T]] = field(default_factory=dict)

    def remember(self) -> None:
        """Look at our records before the journal undoes them."""
        self._ours = self._held()

    def take(self) -> list[Undone]:
        """Write back, and let the links know of it."""
        asked = sorted({RemoteId(change.remote_id) for change in self.changes})
        present = {str(found.id): found for found in self.flow.theirs.fetch(asked)} if asked else {}
        told, theirs = [], {}
        for change in self.changes:
            self.lease.keep()
            undone, turn = self._one(change, present.get(change.remote_id))
            told.append(undone)
            if turn is not None:
                theirs[change.id] = turn
        now_ours = self._held()
        ours = {record: _Turn(self._ours.get(str(record)), now_ours.get(str(record))) for record in self.records}
        self._agree(ours, theirs)
        return told

    def _held(self) -> dict[str, Found[T]]:
        asked = [RemoteId(str(record)) for record in sorted(self.records)]
        return {str(found.id): found for found in self.flow.ours.fetch(asked)} if asked else {}

    def _one(self, change: RemoteChange, present: Found[T] | None) -> tuple[Undone, _Turn[T] | None]:
        """Write one change back."""
        write = self._write(change, present)
        if isinstance(write, str):
            return Undone(0, change.title, problem=write), None
        outcome = next(iter(self.flow.theirs.write([write])))
        if isinstance(outcome, BridgeError):
            return Undone(0, change.title, problem=str(outcome)), None
        with self.lease.transaction() as session:
            runs.mark_undone(session, [change.id])
        after = Found(outcome.id, outcome.version, outcome.object) if isinstance(outcome, Stored) else None
        return Undone(0, change.title), _Turn(present, after)

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

    def _agree(self, ours: Mapping[int, _Turn[T]], theirs: Mapping[int, _Turn[T]]) -> None:
        """Carry what was taken back into the links; what is left of a pair stays, and is never taken as new."""
        with self.lease.transaction() as session:
            for record, turn in ours.items():
                link = self._tied(session, record, "") or self._blank(record, None)
                self._settle(session, replace(link, ours_base=self._moved(link.ours_base, turn)), turn)
            for change in self.changes:
                turn_there = theirs.get(change.id)
                if turn_there is not None:
                    known = self._tied(session, change.local_id, change.remote_id)
                    link = known or self._blank(change.local_id, change.remote_id)
                    there = turn_there.after.id if turn_there.after else link.remote_id
                    base = self._moved(link.theirs_base, turn_there)
                    self._settle(session, replace(link, remote_id=there, theirs_base=base), turn_there)
            connections.set_tokens(session, self.flow.row.id, None, None)

    def _tied(self, session: Session, local_id: int | None, remote_id: str) -> Link | None:
        flow = [self.flow.row.id]
        known = links.links_to(session, flow, remote_id) if remote_id else []
        known += links.links_of_record(session, flow, local_id) if local_id else []
        return next(iter(known), None)

    def _blank(self, local_id: int | None, remote_id: str | None) -> Link:
        return Link(self.flow.row.id, local_id, remote_id, self.clock.now(), state=LinkState.RELEASED)

    def _settle(self, session: Session, link: Link, turn: _Turn[T]) -> None:
        """Store a link after one of its objects was taken back. Its versions stay: the next run looks at both."""
        if turn.before == turn.after or (turn.after is None and not link.id):
            return
        made_or_gone = turn.before is None or turn.after is None
        told = replace(
            link,
            state=LinkState.RELEASED if made_or_gone else link.state,
            seen_ours="",
            seen_theirs="",
            tries=0,
            retry_at=None,
            parked=False,
        )
        if told.id:
            links.save_links(session, [told])
        else:
            links.add_links(session, [told])
        if told.state is LinkState.RELEASED:
            runs.put_results(session, told.flow_id, [self._released(told, turn)])

    def _moved(self, base: Mapping[str, Any] | None, turn: _Turn[T]) -> Mapping[str, Any] | None:
        """A base with what was taken back, and without what else has changed since."""
        before, after = (self._dump(found) for found in (turn.before, turn.after))
        if base is None or before is None or after is None:
            return base
        kept = dict(base)
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                kept.pop(name, None)
                kept |= {name: after[name]} if name in after else {}
        return kept

    def _dump(self, found: Found[T] | None) -> Mapping[str, Any] | None:
        return self.flow.kind.dump(found.object) if found is not None and found.object is not None else None

    def _released(self, link: Link, turn: _Turn[T]) -> Result:
        shown = turn.after or turn.before
        title = self.flow.kind.title(shown.object) if shown is not None and shown.object is not None else ""
        return Result(
            link.flow_id,
            self.run_id,
            ResultOutcome.LEFT_OUT,
            self.clock.now(),
            local_id=link.local_id,
            remote_id=link.remote_id,
            title=title,
            action="released",
            rule="R21",
            reason=_REASON,
            remedy=_REMEDY,
        )
