"""Queries about results of syncs as pages show them."""

from collections.abc import Collection
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from bridge.store.models import ResultRow, RunRow
from bridge.store.models.sync import ResultOutcome
from bridge.store.rows import record_of
from bridge.store.runs import Result, Run

_S, _R = (cast("Table", row.__table__).c for row in (ResultRow, RunRow))


def result(session: Session, result_id: int) -> Result | None:
    """One result."""
    row = session.execute(select(*_S).where(_S.id == result_id)).first()
    return record_of(Result, row) if row else None


def page(
    session: Session, flow_ids: Collection[int], outcomes: Collection[ResultOutcome], *, before: int, limit: int
) -> list[Result]:
    """The latest results of some flows with these outcomes; those below the id ``before``, unless it is 0."""
    query = select(*_S).where(_S.flow_id.in_(flow_ids), _S.outcome.in_(outcomes)).order_by(_S.id.desc())
    if before:
        query = query.where(_S.id < before)
    return [record_of(Result, row) for row in session.execute(query.limit(limit))]


def latest_runs(session: Session, connection_ids: Collection[int]) -> list[Run]:
    """The latest run of each of these connections."""
    latest = (
        select(_R.connection_id, func.max(_R.started_at).label("started_at"))
        .where(_R.connection_id.in_(connection_ids))
        .group_by(_R.connection_id)
        .subquery()
    )
    same = (_R.connection_id == latest.c.connection_id) & (_R.started_at == latest.c.started_at)
    query = select(*_R).join(latest, same).order_by(_R.id)
    return [record_of(Run, row) for row in session.execute(query)]
