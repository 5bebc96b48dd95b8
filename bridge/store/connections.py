"""Queries about connections: what users chose, who runs one now, and which ones are due."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from bridge.core.activity import Visibility
from bridge.core.scope import ConflictPolicy, Direction, FlowKind, PrivatePolicy
from bridge.store.models import ConnectionRow, FlowRow, OptionDefaultRow
from bridge.store.models.sync import ConnectionState, ProblemKind
from bridge.store.rows import columns_of, record_of
from bridge.store.tables import COLLECTIONS, USERS

PAUSED = "paused"
"""The company-wide option that stops every connection (R18, R30)."""

_CONNECTIONS, _FLOWS = (cast("Table", row.__table__) for row in (ConnectionRow, FlowRow))
_C, _F = _CONNECTIONS.c, _FLOWS.c
_LEASE = ("lease_owner", "lease_until", "fence")
_TRIED_AGAIN = (ProblemKind.WAITING, ProblemKind.BROKEN)
_REVISION = re.compile(r"[0-9]+-[0-9]+")


# What every run asks is built once: that takes longer than to run it.
_THIS, _THAT_FLOW = _C.id == bindparam("which"), _F.id == bindparam("which")
_MINE = (_THIS, _C.fence == bindparam("ours"))
_FREE = or_(_C.lease_until.is_(None), _C.lease_until <= bindparam("now"))
_ONE = select(*_C).where(_THIS)
_ONE_LOCKED = _ONE.with_for_update()
_SOME_FLOWS = select(*_F).where(_F.connection_id.in_(bindparam("connections", expanding=True)))
_IN_ORDER = _SOME_FLOWS.order_by(_F.connection_id, _F.kind, _F.id)
_CHANGE, _CHANGE_FLOW = update(_CONNECTIONS).where(_THIS), update(_FLOWS).where(_THAT_FLOW)
_ACQUIRE = _CHANGE.where(_FREE).values(
    lease_owner=bindparam("owner"), lease_until=bindparam("until"), fence=_C.fence + 1
)
_HELD = select(_C.id).where(*_MINE, _C.lease_until.is_not(None)).with_for_update()
_RENEW = update(_CONNECTIONS).where(*_MINE, _C.lease_until.is_not(None)).values(lease_until=bindparam("until"))
_RELEASE = update(_CONNECTIONS).where(*_MINE).values(lease_owner="", lease_until=None)
_OWN_REVISIONS = select(*(COLLECTIONS.c[name] for name in ("owner_id", "name", "generation", "revision"))).where(
    COLLECTIONS.c.owner_id == COLLECTIONS.c.subject_id, COLLECTIONS.c.owner_id.in_(bindparam("users", expanding=True))
)
_FINISH = _CHANGE_FLOW.values(
    ours_token=bindparam("ours"),
    theirs_token=bindparam("theirs"),
    confirmed_options=bindparam("options"),
    first_done=_F.first_total,
)


@dataclass(frozen=True, slots=True)
class Connection:
    """One user's link to one account. Times are UTC; ``interval`` is in seconds, 0 for the installation's.

    ``secret`` is sealed. ``id`` is 0 until stored.
    """

    user_id: int
    provider: str
    created_at: datetime
    address: str = ""
    url: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)
    name: str = ""
    state: ConnectionState = ConnectionState.CHOOSING
    paused_by_admin: bool = False
    problem: ProblemKind | None = None
    problem_text: str = ""
    problem_remedy: str = ""
    confirmed: bool = False
    policy: ConflictPolicy = ConflictPolicy.NEWEST
    interval: int = 0
    next_run_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    retry_at: datetime | None = None
    tries: int = 0
    lease_owner: str = ""
    lease_until: datetime | None = None
    fence: int = 0
    stopped_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """What goes between the CRM and one calendar or group of contacts, and how.

    One that is not ``enabled`` is not chosen, or was left for another and keeps its links. ``id`` is 0 until stored.
    """

    connection_id: int
    kind: FlowKind
    enabled: bool = False
    collection_id: str = ""
    collection_name: str = ""
    direction: Direction = Direction.TWO_WAY
    types: frozenset[str] | None = None
    default_type: str = "meeting"
    private: PrivatePolicy = PrivatePolicy.AS_PRIVATE
    include_links: bool = True
    visibility: Visibility = Visibility.EVERYONE
    edits_come_back: bool = True
    started_at: datetime | None = None
    ours_token: str | None = None
    theirs_token: str | None = None
    confirmed_options: str = ""
    first_total: int = 0
    first_done: int = 0
    id: int = 0

    @property
    def writes_there(self) -> bool:
        """Whether anything of ours goes there at all (R7, R15)."""
        return self.kind is FlowKind.CALENDAR or self.direction is Direction.TWO_WAY


@dataclass(frozen=True, slots=True)
class OptionDefault:
    """The company's value of an option, as JSON; ``forced``: users cannot change it (R30)."""

    key: str
    value: Any
    forced: bool = False


def add_connection(session: Session, connection: Connection) -> Connection:
    """Store a new connection; the same with its id."""
    row = ConnectionRow(**columns_of(connection))
    session.add(row)
    session.flush()
    return record_of(Connection, row)


def connection(session: Session, connection_id: int, *, lock: bool = False) -> Connection | None:
    """One connection. ``lock``: nobody else writes it, or within its lease, until the transaction ends."""
    row = session.execute(_ONE_LOCKED if lock else _ONE, {"which": connection_id}).first()
    return record_of(Connection, row) if row else None


def connections(session: Session, user_id: int | None = None) -> list[Connection]:
    """All connections, or those of one user, the oldest first."""
    query = select(*_C).order_by(_C.id)
    if user_id is not None:
        query = query.where(_C.user_id == user_id)
    return [record_of(Connection, row) for row in session.execute(query)]


def save_connection(session: Session, connection: Connection) -> None:
    """Change a connection that was read with ``lock``. The lease has its own functions and stays as it is."""
    session.execute(_CHANGE, {**columns_of(connection, "id", *_LEASE), "which": connection.id})


def remove_connection(session: Session, connection_id: int) -> None:
    """Forget a connection with its flows, links, results and runs."""
    session.execute(delete(ConnectionRow).where(_C.id == connection_id))


def set_attempt(session: Session, connection_id: int, now: datetime) -> None:
    """Remember when a run began (R18)."""
    session.execute(_CHANGE, {"which": connection_id, "last_attempt_at": now})


def set_secret(session: Session, connection_id: int, sealed: str) -> None:
    """Replace the credentials, sealed."""
    session.execute(_CHANGE, {"which": connection_id, "secret": sealed})


def flows(session: Session, connection_ids: Collection[int]) -> list[Flow]:
    """The flows of some connections, enabled or not, in the order of the connections; calendars first."""
    rows = session.execute(_IN_ORDER, {"connections": list(connection_ids)})
    return [record_of(Flow, row) for row in rows]


def add_flow(session: Session, flow: Flow) -> Flow:
    """Store a new flow; the same with its id."""
    row = FlowRow(**columns_of(flow))
    session.add(row)
    session.flush()
    return record_of(Flow, row)


def save_flow(session: Session, flow: Flow) -> None:
    """Change a flow. The connection is locked meanwhile, or its lease is held."""
    session.execute(_CHANGE_FLOW, {**columns_of(flow, "id"), "which": flow.id})


def finish_flow(session: Session, flow_id: int, ours: str | None, theirs: str | None, options: str) -> None:
    """Remember up to where both sides were read, everything stored, and under which options (a digest)."""
    session.execute(_FINISH, {"which": flow_id, "ours": ours, "theirs": theirs, "options": options})


def set_tokens(session: Session, flow_id: int, ours: str | None, theirs: str | None) -> None:
    """Replace up to where both sides were read; ``None`` to read everything again."""
    session.execute(_CHANGE_FLOW, {"which": flow_id, "ours_token": ours, "theirs_token": theirs})


def set_progress(session: Session, flow_id: int, done: int, total: int) -> None:
    """Remember how far the first sync is (R16)."""
    session.execute(_CHANGE_FLOW, {"which": flow_id, "first_done": done, "first_total": total})


def option_defaults(session: Session) -> dict[str, OptionDefault]:
    """The company's values, by key (R30)."""
    return {row.key: record_of(OptionDefault, row) for row in session.scalars(select(OptionDefaultRow))}


def save_option_default(session: Session, default: OptionDefault) -> None:
    """Set the company's value of an option."""
    session.merge(OptionDefaultRow(**columns_of(default)))
    session.flush()


def remove_option_default(session: Session, key: str) -> None:
    """Leave an option to the users again."""
    session.execute(delete(OptionDefaultRow).where(OptionDefaultRow.key == key))


def acquire(session: Session, connection_id: int, owner: str, now: datetime, lease_for: timedelta) -> int | None:
    """Take the right to run a connection: its fencing number, or ``None`` while somebody else holds it."""
    values = {"which": connection_id, "owner": owner, "now": now, "until": now + lease_for}
    return session.execute(_ACQUIRE.returning(_C.fence), values).scalar_one_or_none()


def renew(session: Session, connection_id: int, fence: int, now: datetime, lease_for: timedelta) -> bool:
    """Keep a lease longer. Whether it was still ours: an expired one is, until somebody takes it over."""
    found = session.execute(_RENEW, {"which": connection_id, "ours": fence, "until": now + lease_for})
    return bool(found.rowcount)  # type: ignore[attr-defined]


def held(session: Session, connection_id: int, fence: int) -> bool:
    """Whether the lease with this number is still ours, and will be until the transaction ends: the row is locked."""
    return session.execute(_HELD, {"which": connection_id, "ours": fence}).first() is not None


def release(session: Session, connection_id: int, fence: int) -> None:
    """Give a lease back, if it is still ours."""
    session.execute(_RELEASE, {"which": connection_id, "ours": fence})


def revoke(session: Session, connection_id: int) -> None:
    """End whatever run there is: its next write is refused, and the lease is free."""
    ended = _CHANGE.values(lease_owner="", lease_until=None, fence=_C.fence + 1)
    session.execute(ended, {"which": connection_id})


def our_revisions(session: Session, user_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """``generation-revision`` of each collection of a user's own records, by user and name."""
    found: dict[int, dict[str, str]] = {user: {} for user in user_ids}
    for owner, name, generation, revision in session.execute(_OWN_REVISIONS, {"users": list(user_ids)}):
        found[owner][name] = f"{generation}-{revision}"
    return found


def changed_since(token: str, revisions: Mapping[str, str]) -> bool:
    """Whether a collection has another revision than the token of our side says.

    The token is a JSON object; its strings like ``1-17``, by the names of collections, are what was read last.
    """
    try:
        values = dict(json.loads(token))
    except (ValueError, TypeError):
        return True  # nobody knows what was read: look again
    read = {name: text for name, text in values.items() if isinstance(text, str) and _REVISION.fullmatch(text)}
    return any(revisions.get(name) != text for name, text in read.items())


def due(session: Session, now: datetime) -> list[int]:
    """Connections to run now: their time has come, or something changed here since they read our side last.

    A connection that waits, is being run, or needs a person is not among them.
    """
    rows = session.execute(_runnable(now)).all()
    if not rows or _all_paused(session):
        return []
    ripe = [row for row in rows if _ripe(row, now)]
    known = {row.id for row in ripe}
    rest = [row for row in rows if row.id not in known and row.ours_token is not None]
    revisions = our_revisions(session, {row.user_id for row in rest}) if rest else {}
    changed = (row for row in rest if changed_since(row.ours_token, revisions[row.user_id]))
    return list(dict.fromkeys(row.id for row in _in_order(ripe, changed)))


def _runnable(now: datetime) -> Any:
    joined = _CONNECTIONS.join(USERS, USERS.c.id == _C.user_id).join(_FLOWS, _F.connection_id == _C.id)
    return (
        select(_C.id, _C.user_id, _C.next_run_at, _C.retry_at, _F.ours_token)
        .select_from(joined)
        .where(USERS.c.enabled, _F.enabled, _C.confirmed, _C.paused_by_admin.is_(False))
        .where(_C.state == ConnectionState.ACTIVE, or_(_C.problem.is_(None), _C.problem.in_(_TRIED_AGAIN)))
        .where(or_(_C.lease_until.is_(None), _C.lease_until <= now), or_(_C.retry_at.is_(None), _C.retry_at <= now))
        .order_by(_C.id)
    )


def _all_paused(session: Session) -> bool:
    row = session.get(OptionDefaultRow, PAUSED)
    return row is not None and row.value is True


def _ripe(row: Any, now: datetime) -> bool:
    return row.retry_at is not None or (row.next_run_at is not None and row.next_run_at <= now)


def _in_order(ripe: Iterable[Any], changed: Iterable[Any]) -> Iterable[Any]:
    """A change here is somebody waiting for it: it goes before what only the clock asks for."""
    yield from changed
    yield from ripe
