"""Queries about runs: what a sync did, object by object, and what it wrote there (R18–R21)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Table, bindparam, delete, false, func, insert, or_, select, update
from sqlalchemy.orm import Session

from bridge.store.models import RemoteChangeRow, ResultRow, RunRow
from bridge.store.models.sync import ResultOutcome, RunOutcome
from bridge.store.rows import columns_of, record_of

Item = TypeVar("Item")

_RUNS, _RESULTS, _CHANGES = (cast("Table", row.__table__) for row in (RunRow, ResultRow, RemoteChangeRow))
_R, _S, _X = _RUNS.c, _RESULTS.c, _CHANGES.c
_BATCH = 5_000  # values in a statement

# What every run asks is built once: that takes longer than to run it.
_SAVE = update(_RUNS).where(_R.id == bindparam("which"))
_UNFINISHED = (_R.connection_id == bindparam("connection"), _R.outcome == RunOutcome.RUNNING)
_INTERRUPT = (
    update(_RUNS)
    .where(*_UNFINISHED)
    .values(outcome=RunOutcome.INTERRUPTED, finished_at=bindparam("now"))
    .returning(_R.id)
)
_CONFLICTING = select(_S.local_id).where(_S.flow_id == bindparam("flow"), _S.outcome == ResultOutcome.CONFLICT)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one connection. ``trigger`` is who began it: manual, timer, change, push or preview."""

    id: str
    connection_id: int
    trigger: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: RunOutcome = RunOutcome.RUNNING
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    remedy: str = ""
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What last became of one object. ``local_id`` or ``remote_id`` may be unknown. ``id`` is 0 until stored."""

    flow_id: int
    run_id: str
    outcome: ResultOutcome
    at: datetime
    local_id: int | None = None
    remote_id: str | None = None
    title: str = ""
    action: str = ""
    rule: str = ""
    reason: str = ""
    remedy: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class RemoteChange:
    """One write there; ``before`` and ``after`` are the remote's object as JSON. ``id`` is 0 until stored."""

    flow_id: int
    run_id: str
    remote_id: str
    at: datetime
    action: str
    local_id: int | None = None
    title: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    undone: bool = False
    id: int = 0


def add_run(session: Session, run: Run) -> None:
    """Store the beginning of a run."""
    session.execute(insert(_RUNS), columns_of(run) | {"id": run.id})


def save_run(session: Session, run: Run) -> None:
    """Store how a run stands."""
    session.execute(_SAVE, {**columns_of(run, "id"), "which": run.id})


def run(session: Session, run_id: str) -> Run | None:
    """One run."""
    row = session.execute(select(*_R).where(_R.id == run_id)).first()
    return record_of(Run, row) if row else None


def runs(session: Session, connection_id: int, limit: int = 20) -> list[Run]:
    """The runs of a connection, the newest first."""
    query = select(*_R).where(_R.connection_id == connection_id).order_by(_R.started_at.desc(), _R.id)
    return [record_of(Run, row) for row in session.execute(query.limit(limit))]


def interrupt_runs(session: Session, connection_id: int, *, now: datetime) -> list[str]:
    """Close the runs whose process has died, as the holder of the lease; their ids."""
    return list(session.execute(_INTERRUPT, {"connection": connection_id, "now": now}).scalars())


def put_results(session: Session, flow_id: int, new: Sequence[Result]) -> None:
    """Replace what is known of these objects."""
    forget_results(
        session,
        flow_id,
        local_ids=[result.local_id for result in new if result.local_id is not None],
        remote_ids=[result.remote_id for result in new if result.remote_id is not None],
    )
    if new:
        session.execute(insert(_RESULTS), [columns_of(result, "id") for result in new])


def forget_results(
    session: Session, flow_id: int, *, local_ids: Collection[int] = (), remote_ids: Collection[str] = ()
) -> None:
    """Forget what is known of some objects of a flow."""
    for local_batch in _batches(list(local_ids)):
        session.execute(delete(_RESULTS).where(_S.flow_id == flow_id, _S.local_id.in_(local_batch)))
    for remote_batch in _batches(list(remote_ids)):
        session.execute(delete(_RESULTS).where(_S.flow_id == flow_id, _S.remote_id.in_(remote_batch)))


def results(
    session: Session,
    flow_ids: Collection[int],
    *,
    outcomes: Collection[ResultOutcome] | None = None,
    run_id: str | None = None,
    limit: int | None = None,
) -> list[Result]:
    """What became of the objects of some flows, the latest first."""
    query = select(*_S).where(_S.flow_id.in_(flow_ids)).order_by(_S.id.desc())
    if outcomes is not None:
        query = query.where(_S.outcome.in_(outcomes))
    if run_id is not None:
        query = query.where(_S.run_id == run_id)
    return [record_of(Result, row) for row in session.execute(query.limit(limit) if limit else query)]


def results_of(
    session: Session, flow_ids: Collection[int], *, local_id: int | None = None, remote_id: str | None = None
) -> list[Result]:
    """What became of one object, known by either id, the latest first (R20)."""
    known = [_S.local_id == local_id] if local_id is not None else []
    known += [_S.remote_id == remote_id] if remote_id is not None else []
    query = select(*_S).where(_S.flow_id.in_(flow_ids), or_(false(), *known)).order_by(_S.id.desc())
    return [record_of(Result, row) for row in session.execute(query)]


def conflicting(session: Session, flow_id: int) -> set[int]:
    """Our records of a flow that wait for a decision (R23)."""
    found = session.execute(_CONFLICTING, {"flow": flow_id}).scalars()
    return {local_id for local_id in found if local_id is not None}


def results_titled(session: Session, flow_ids: Collection[int], part: str, limit: int) -> list[Result]:
    """What became of the objects in whose titles a text stands, the latest first (R20)."""
    query = select(*_S).where(_S.flow_id.in_(flow_ids), _S.title.icontains(part, autoescape=True))
    return [record_of(Result, row) for row in session.execute(query.order_by(_S.id.desc()).limit(limit))]


def count_results(session: Session, flow_ids: Collection[int]) -> dict[tuple[int, ResultOutcome], int]:
    """How many objects of each flow had each outcome."""
    query = select(_S.flow_id, _S.outcome, func.count()).where(_S.flow_id.in_(flow_ids))
    return {
        (flow, outcome): number for flow, outcome, number in session.execute(query.group_by(_S.flow_id, _S.outcome))
    }


def add_remote_changes(session: Session, new: Sequence[RemoteChange]) -> list[int]:
    """Write down what was written there; the entries' ids, in order."""
    if not new:
        return []
    adding = insert(_CHANGES).returning(_X.id, sort_by_parameter_order=True)
    return list(session.execute(adding, [columns_of(change, "id") for change in new]).scalars())


def remote_changes(
    session: Session, *, run_id: str | None = None, flow_ids: Collection[int] | None = None, limit: int | None = None
) -> list[RemoteChange]:
    """What was written there, the newest first: by one run, in some flows, or all of it."""
    query = select(*_X).order_by(_X.id.desc())
    if run_id is not None:
        query = query.where(_X.run_id == run_id)
    if flow_ids is not None:
        query = query.where(_X.flow_id.in_(flow_ids))
    return [record_of(RemoteChange, row) for row in session.execute(query.limit(limit) if limit else query)]


def remote_change(session: Session, change_id: int) -> RemoteChange | None:
    """One entry."""
    row = session.execute(select(*_X).where(_X.id == change_id)).first()
    return record_of(RemoteChange, row) if row else None


def mark_undone(session: Session, ids: Collection[int]) -> None:
    """Remember that writes there were taken back."""
    for batch in _batches(list(ids)):
        session.execute(update(_CHANGES).where(_X.id.in_(batch)).values(undone=True))


def prune(session: Session, before: datetime) -> int:
    """Forget runs that ended, and writes there, before a moment; how many. The latest run of a connection stays."""
    latest = select(func.max(_R.started_at)).group_by(_R.connection_id)
    ended = (_R.finished_at < before, _R.started_at.not_in(latest))
    runs_gone = session.execute(delete(_RUNS).where(*ended)).rowcount  # type: ignore[attr-defined]
    changes_gone = session.execute(delete(_CHANGES).where(_X.at < before)).rowcount  # type: ignore[attr-defined]
    return int(runs_gone + changes_gone)


def _batches(values: list[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
