"""Queries about links: which of our records is which remote object, and writes that were cut short."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import String, Table, bindparam, delete, func, insert, select, type_coerce, update
from sqlalchemy.orm import Session

from bridge.store.models import IntentRow, LinkRow
from bridge.store.models.sync import LinkState
from bridge.store.rows import columns_of, record_of

_LINKS, _INTENTS = (cast("Table", row.__table__) for row in (LinkRow, IntentRow))
_L, _I = _LINKS.c, _INTENTS.c
_BATCH = 10_000  # ids in a statement; SQLite takes 32,766 values
_STATES = {state.value: state for state in LinkState}

# The state comes as text: to make 10,000 enumeration members by the column's type takes longer than to read the rows.
_HEADS = (
    select(
        _L.id,
        _L.local_id,
        _L.remote_id,
        _L.uid,
        _L.ours_version,
        _L.theirs_version,
        _L.seen_ours,
        _L.seen_theirs,
        type_coerce(_L.state, String),
        _L.tries,
        _L.retry_at,
        _L.parked,
    )
    .where(_L.flow_id == bindparam("flow"))
    .order_by(_L.id)
)

_OPEN = select(*_I).where(_I.flow_id == bindparam("flow")).order_by(_I.id)


@dataclass(frozen=True, slots=True)
class LinkHead:
    """A link without what it costs to read: neither bases nor moments of writes."""

    id: int
    local_id: int | None
    remote_id: str | None
    uid: str
    ours_version: str
    theirs_version: str
    seen_ours: str
    seen_theirs: str
    state: LinkState
    tries: int
    retry_at: datetime | None
    parked: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Ties one of our records to one remote object.

    Versions and bases (as JSON) are what each side held when they last agreed, ``seen_ours`` and ``seen_theirs``
    versions that could not be brought into agreement since. ``writes`` are moments in ISO 8601. ``retry_at`` is when
    to try again; without ``tries`` the object was created there, and the next listing has to tell of it. ``id`` is 0
    until stored.
    """

    flow_id: int
    local_id: int | None
    remote_id: str | None
    updated_at: datetime
    uid: str = ""
    ours_version: str = ""
    theirs_version: str = ""
    seen_ours: str = ""
    seen_theirs: str = ""
    ours_base: Mapping[str, Any] | None = None
    theirs_base: Mapping[str, Any] | None = None
    state: LinkState = LinkState.LINKED
    writes: Sequence[str] = field(default_factory=list)
    tries: int = 0
    retry_at: datetime | None = None
    parked: bool = False
    problem: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that is about to happen there, under an idempotency key.

    ``before`` and ``after`` are the remote's object as JSON, as it is and as it should be. ``id`` is 0 until stored.
    """

    flow_id: int
    run_id: str
    action: str
    key: str
    fence: int
    created_at: datetime
    local_id: int | None = None
    remote_id: str | None = None
    title: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    id: int = 0


def heads(session: Session, flow_id: int) -> list[LinkHead]:
    """Every link of a flow, in whatever state, without what is costly."""
    rows = session.execute(_HEADS, {"flow": flow_id})
    return [
        LinkHead(id_, local, remote, uid, ours, theirs, our, their, _STATES[state], tries, retry_at, parked)
        for id_, local, remote, uid, ours, theirs, our, their, state, tries, retry_at, parked in rows
    ]


def links(session: Session, ids: Collection[int]) -> dict[int, Link]:
    """Some links in full, by id."""
    found: dict[int, Link] = {}
    for batch in _batches(ids):
        rows = session.execute(select(*_L).where(_L.id.in_(batch)))
        found.update((row.id, record_of(Link, row)) for row in rows)
    return found


def links_of_record(session: Session, flow_ids: Collection[int], local_id: int) -> list[Link]:
    """The links of one of our records in some flows (R20)."""
    query = select(*_L).where(_L.local_id == local_id, _L.flow_id.in_(flow_ids)).order_by(_L.id)
    return [record_of(Link, row) for row in session.execute(query)]


def links_to(session: Session, flow_ids: Collection[int], remote_id: str) -> list[Link]:
    """The links to a remote object in some flows (R20)."""
    query = select(*_L).where(_L.remote_id == remote_id, _L.flow_id.in_(flow_ids)).order_by(_L.id)
    return [record_of(Link, row) for row in session.execute(query)]


def count(session: Session, flow_ids: Collection[int]) -> dict[int, int]:
    """How many objects are linked in each of these flows."""
    query = select(_L.flow_id, func.count()).where(_L.flow_id.in_(flow_ids), _L.state == LinkState.LINKED)
    found = {row[0]: int(row[1]) for row in session.execute(query.group_by(_L.flow_id))}
    return {flow: found.get(flow, 0) for flow in flow_ids}


def add_links(session: Session, new: Sequence[Link]) -> list[int]:
    """Store new links; their ids, in order."""
    if not new:
        return []
    adding = insert(_LINKS).returning(_L.id, sort_by_parameter_order=True)
    return list(session.execute(adding, [columns_of(link, "id") for link in new]).scalars())


_SAVE = update(_LINKS).where(_L.id == bindparam("link"))


def save_links(session: Session, changed: Sequence[Link]) -> None:
    """Replace stored links."""
    if changed:
        session.connection().execute(_SAVE, [{**columns_of(link, "id"), "link": link.id} for link in changed])


def confirm(session: Session, ids: Collection[int]) -> None:
    """Remember of links that what was created there has been told of by a listing."""
    for batch in _batches(ids):
        session.execute(update(_LINKS).where(_L.id.in_(batch), _L.tries == 0).values(retry_at=None))


def delete_links(session: Session, ids: Collection[int]) -> None:
    """Forget links."""
    for batch in _batches(ids):
        session.execute(delete(_LINKS).where(_L.id.in_(batch)))


def add_intents(session: Session, new: Sequence[Intent]) -> list[int]:
    """Announce writes; the intents' ids, in order."""
    if not new:
        return []
    adding = insert(_INTENTS).returning(_I.id, sort_by_parameter_order=True)
    return list(session.execute(adding, [columns_of(intent, "id") for intent in new]).scalars())


def intents(session: Session, flow_id: int) -> list[Intent]:
    """The writes of a flow that were announced and whose end is not known, the oldest first."""
    return [record_of(Intent, row) for row in session.execute(_OPEN, {"flow": flow_id})]


def delete_intents(session: Session, ids: Collection[int]) -> None:
    """Forget announced writes: how they ended is stored."""
    for batch in _batches(ids):
        session.execute(delete(_INTENTS).where(_I.id.in_(batch)))


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    every = list(ids)
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]
