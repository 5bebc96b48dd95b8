"""Conflicts that wait for a person (R23): what both sides say, and carrying out a choice for each field.

Nothing is written to either side here. The bases of the link are moved instead, so that the chosen side is the only
one that has changed since both agreed: the next run then carries its value over, with every check and its journal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.reconcile import Agreed
from bridge.core.scope import ConflictPolicy, FlowKind
from bridge.core.series_merge import TIME
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotFound
from bridge.ports import Clock, Found, RemoteId
from bridge.services.connection_rules import visible
from bridge.services.sync.flows import Flows, Opened, OpenFlow
from bridge.services.sync.lease import Lease, leased
from bridge.services.sync.run import LEASE, owner
from bridge.store import connections, links, runs
from bridge.store.connections import Flow
from bridge.store.database import Database
from bridge.store.links import Link
from bridge.store.models.sync import ConnectionState, ResultOutcome
from bridge.store.runs import Result

T = TypeVar("T", Event, Contact)
_MOST = 20
_NAME = ("name", "formatted_name")


class Pick(StrEnum):
    """Whose value is right."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Disputed:
    """A part that both sides changed: one field, or ``time`` or ``name`` for all that go together.

    ``before`` is what they agreed on last, by field; so are ``ours`` and ``theirs``.
    """

    part: str
    before: Mapping[str, Any]
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """An object in conflict. ``parts`` is empty when both sides agree again, or one of them is gone."""

    link_id: int
    kind: FlowKind
    title: str
    local_id: int | None
    parts: tuple[Disputed, ...] = ()


class Resolving:
    """Shows conflicts side by side, and settles them as their user chooses."""

    def __init__(self, database: Database, clock: Clock, flows: Flows) -> None:
        self._database = database
        self._clock = clock
        self._flows = flows

    def conflicts(self, viewer: User, connection_id: int) -> list[Open]:
        """The conflicts of a connection, the latest first. Raises ``NotFound``, and what the remote raises."""
        opened = self._opened(viewer, connection_id)
        found: list[Open] = []
        for flow in opened.flows:
            found += self._disputes(opened, flow)
        return found[:_MOST]

    def resolve(self, viewer: User, connection_id: int, link_id: int, choices: Mapping[str, Pick]) -> None:
        """Let the chosen side win in each part of one object; the next run, due at once, carries it out.

        Raises ``Invalid`` unless every part is chosen, ``NotFound`` where there is no such conflict, ``Conflict`` while
        the connection runs, and what the remote raises.
        """
        opened = self._opened(viewer, connection_id)
        with leased(self._database, self._clock, connection_id, owner(), LEASE) as lease:
            for flow in opened.flows:
                with self._database.read() as session:
                    link = _conflicting(session, flow).get(link_id)
                if link is not None:
                    self._settle(lease, opened, flow, link, choices)
                    return
        raise NotFound("There is no such conflict any more.")

    def _opened(self, viewer: User, connection_id: int) -> Opened:
        with self._database.read() as session:
            visible(viewer, connections.connection(session, connection_id), connection_id)
        opened = self._flows.open(connection_id)
        return replace(opened, connection=replace(opened.connection, policy=ConflictPolicy.ASK))

    def _disputes(self, opened: Opened, flow: Flow) -> list[Open]:
        with self._database.read() as session:
            tied = list(_conflicting(session, flow).values())[:_MOST]
        if not tied:
            return []
        if flow.kind is FlowKind.CALENDAR:
            return _Table(self._flows.calendar(opened, flow, "")).lay(tied)
        return _Table(self._flows.contacts(opened, flow, "")).lay(tied)

    def _settle(self, lease: Lease, opened: Opened, flow: Flow, link: Link, choices: Mapping[str, Pick]) -> None:
        if flow.kind is FlowKind.CALENDAR:
            moved = _Table(self._flows.calendar(opened, flow, "")).moved(link, choices)
        else:
            moved = _Table(self._flows.contacts(opened, flow, "")).moved(link, choices)
        now = self._clock.now()
        with lease.transaction() as session:
            links.save_links(session, [replace(moved, tries=1, retry_at=now, parked=False, updated_at=now)])
            _forget(session, link)
            found = connections.connection(session, opened.connection.id, lock=True)
            if found is not None and found.state is ConnectionState.ACTIVE:
                connections.save_connection(session, replace(found, next_run_at=now))


@dataclass(frozen=True)
class _Table(Generic[T]):
    """Lays both sides of links beside each other."""

    flow: OpenFlow[T]

    def lay(self, tied: Sequence[Link]) -> list[Open]:
        """Every link with its disputed parts."""
        ours = self._ours(tied)
        theirs = {found.id: found for found in self.flow.theirs.fetch([RemoteId(str(link.remote_id)) for link in tied])}
        return [
            self._one(link, ours.get(RemoteId(str(link.local_id))), theirs.get(RemoteId(str(link.remote_id))))
            for link in tied
        ]

    def moved(self, link: Link, choices: Mapping[str, Pick]) -> Link:
        """The link with its bases moved as chosen."""
        ours, theirs = self._present(link)
        shown = self._one(link, ours, theirs)
        if {part.part for part in shown.parts} - choices.keys() or not shown.parts:
            raise Invalid("Choose a side for each part.", remedy="Look at the conflict again: it may have changed.")
        base = {Pick.OURS: dict(link.ours_base or {}), Pick.THEIRS: dict(link.theirs_base or {})}
        present = {Pick.OURS: self._json(ours), Pick.THEIRS: self._json(theirs)}
        for part in shown.parts:
            loser = Pick.THEIRS if choices[part.part] is Pick.OURS else Pick.OURS
            for name in _fields(part.part):
                base[loser].pop(name, None)
                if name in present[loser]:
                    base[loser][name] = present[loser][name]
        return replace(link, ours_base=base[Pick.OURS], theirs_base=base[Pick.THEIRS])

    def _ours(self, tied: Sequence[Link]) -> Mapping[RemoteId, Found[T]]:
        return {found.id: found for found in self.flow.ours.fetch([RemoteId(str(link.local_id)) for link in tied])}

    def _present(self, link: Link) -> tuple[Found[T] | None, Found[T] | None]:
        theirs = list(self.flow.theirs.fetch([RemoteId(str(link.remote_id))]))
        return self._ours([link]).get(RemoteId(str(link.local_id))), theirs[0] if theirs else None

    def _one(self, link: Link, ours: Found[T] | None, theirs: Found[T] | None) -> Open:
        kind = self.flow.kind
        mine, other = (side.object if side else None for side in (ours, theirs))
        shown = mine or other
        opened = Open(link.id, self.flow.row.kind, kind.title(shown) if shown else "", link.local_id)
        if mine is None or other is None or link.ours_base is None or link.theirs_base is None:
            return opened
        agreed: Agreed[T] = Agreed(kind.load(link.ours_base), kind.load(link.theirs_base))
        merged = kind.settle(agreed, mine, other)
        parts = dict.fromkeys(_part(conflict.field) for conflict in merged.conflicts)
        return replace(opened, parts=tuple(_disputed(part, agreed.ours, mine, other) for part in parts))

    def _json(self, found: Found[T] | None) -> Mapping[str, Any]:
        if found is None or found.object is None:
            raise Conflict("One side of this object is gone.", remedy="The next run settles it.")
        return self.flow.kind.dump(found.object)


def _disputed(part: str, base: Event | Contact, ours: Event | Contact, theirs: Event | Contact) -> Disputed:
    names = [name for name in _fields(part) if getattr(ours, name) != getattr(theirs, name)] or list(_fields(part))
    before, mine, other = ({name: getattr(each, name) for name in names} for each in (base, ours, theirs))
    return Disputed(part, before, mine, other)


def _part(field: str) -> str:
    if field in TIME or field.startswith("overrides/"):
        return "time"
    return "name" if field in _NAME else field


def _fields(part: str) -> tuple[str, ...]:
    return {"time": tuple(TIME), "name": _NAME}.get(part, (part,))


def _conflicting(session: Session, flow: Flow) -> dict[int, Link]:
    """The links of a flow that wait for a decision, by id; the latest conflict first."""
    found: dict[int, Link] = {}
    for result in runs.results(session, [flow.id], outcomes=[ResultOutcome.CONFLICT]):
        for link in _links(session, result):
            found[link.id] = link
    return found


def _links(session: Session, result: Result) -> list[Link]:
    if result.local_id is None:
        return []
    return links.links_of_record(session, [result.flow_id], result.local_id)


def _forget(session: Session, link: Link) -> None:
    local = [link.local_id] if link.local_id is not None else []
    remote = [link.remote_id] if link.remote_id is not None else []
    runs.forget_results(session, link.flow_id, local_ids=local, remote_ids=remote)
