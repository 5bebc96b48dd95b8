"""Queries about failed sign-ins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, case, delete, func, select
from sqlalchemy.orm import Session

from bridge.store.models import SignInFailureRow

_F = SignInFailureRow


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed from one address: with one account, and with how many accounts at all, each with its last time."""

    of_account: int
    of_account_at: datetime | None
    accounts: int
    at: datetime | None


def failures(session: Session, account: str, address: str, *, since: datetime) -> Failures:
    """What failed from an address after ``since``."""
    mine = _F.account == account
    query = select(
        func.coalesce(func.max(case((mine, _F.failures))), 0),
        func.max(case((mine, _F.failed_at))),
        func.count(),
        func.max(_F.failed_at),
    ).where(_F.address == address, _F.failed_at > since)
    of_account, of_account_at, accounts, at = session.execute(query).one()
    return Failures(of_account, of_account_at, accounts, at)


def note_failure(session: Session, account: str, address: str, *, now: datetime, since: datetime) -> None:
    """Count one more failure of an account from an address; from one on again when the last is not after ``since``."""
    make = _insert(session)
    table = _F.__table__
    assert isinstance(table, Table)  # noqa: S101 - a mapped class has one
    failures = case((table.c.failed_at > since, table.c.failures + 1), else_=1)
    new = make(table).values(address=address, account=account, failures=1, failed_at=now)
    session.execute(
        new.on_conflict_do_update(index_elements=["address", "account"], set_={"failures": failures, "failed_at": now})
    )


def _insert(session: Session) -> Callable[[Table], Any]:
    """The dialect's INSERT … ON CONFLICT. The other dialect, a tenth of a second to import, is never needed."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

        return insert
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite  # noqa: PLC0415

    return insert_sqlite


def prune_failures(session: Session, *, since: datetime, keep: int) -> None:
    """Forget what is not after ``since``, and all but about the newest ``keep`` addresses and accounts."""
    newest = session.scalar(select(func.max(_F.id))) or 0
    session.execute(delete(_F).where((_F.failed_at <= since) | (_F.id <= newest - keep)))


def forget_failures(session: Session, account: str, address: str) -> None:
    """Forget the failures of an account from an address."""
    session.execute(delete(_F).where(_F.address == address, _F.account == account))
