"""How a connection is doing: one of nine states, and three different times (R18)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.store.connections import Connection, Flow
from bridge.store.models.sync import ConnectionState, ProblemKind

_LONGEST_REASON = 60  # characters; a longer one is told beside the state


class Condition(StrEnum):
    """The nine states."""

    NOT_CONNECTED = "not-connected"
    CHOOSE = "choose-settings"
    FIRST_SYNC = "first-sync"
    UP_TO_DATE = "up-to-date"
    WAITING = "waiting"
    RECONNECT = "reconnect"
    PAUSED = "paused"
    PAUSED_BY_ADMIN = "paused-by-admin"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a connection. Times are UTC.

    ``percent`` is how far a first sync is. ``problem`` and ``remedy`` are sentences. ``next_run`` is when it is tried
    next, if it is.
    """

    condition: Condition
    percent: int = 0
    problem: str = ""
    remedy: str = ""
    last_success: datetime | None = None
    last_attempt: datetime | None = None
    next_run: datetime | None = None


def status(
    connection: Connection | None, flows: Collection[Flow], now: datetime, *, all_paused: bool = False
) -> Status:
    """Say how a connection is doing. ``flows`` are its own; ``all_paused``: an administrator stopped everything."""
    if connection is None:
        return Status(Condition.NOT_CONNECTED)
    chosen = [flow for flow in flows if flow.enabled]
    condition = _condition(connection, chosen, all_paused=all_paused)
    runs = condition in {Condition.FIRST_SYNC, Condition.UP_TO_DATE, Condition.WAITING}
    planned = connection.retry_at or connection.next_run_at
    unconfirmed = condition is Condition.DECISION and connection.problem is not ProblemKind.DECISION
    return Status(
        condition,
        percent=_percent(chosen) if condition is Condition.FIRST_SYNC else 0,
        problem=_CHANGED if unconfirmed else connection.problem_text,
        remedy=_CONFIRM.format(connection.id) if unconfirmed else connection.problem_remedy,
        last_success=connection.last_success_at,
        last_attempt=connection.last_attempt_at,
        next_run=max(planned, now) if runs and planned is not None else None,
    )


_CHANGED = "What goes back and forth was changed, and has not been confirmed yet."
_CONFIRM = "Look at what would happen (“davbridge connection preview {}”), then start it again."


def _condition(connection: Connection, chosen: Collection[Flow], *, all_paused: bool) -> Condition:
    match connection.state:
        case ConnectionState.STOPPED:
            return Condition.NOT_CONNECTED
        case ConnectionState.CHOOSING:
            return Condition.RECONNECT if connection.problem is ProblemKind.SIGN_IN else Condition.CHOOSE
        case _ if all_paused or connection.paused_by_admin:
            return Condition.PAUSED_BY_ADMIN
        case ConnectionState.PAUSED:
            return Condition.PAUSED
    return _active(connection, chosen)


def _active(connection: Connection, chosen: Collection[Flow]) -> Condition:
    match connection.problem:
        case ProblemKind.SIGN_IN | ProblemKind.PERMISSION:
            return Condition.RECONNECT
        case _ if not chosen:
            return Condition.CHOOSE
        case _ if not connection.confirmed:
            return Condition.DECISION
        case ProblemKind.DECISION:
            return Condition.DECISION
        case ProblemKind.WAITING | ProblemKind.BROKEN:
            return Condition.WAITING
    finished = all(flow.confirmed_options for flow in chosen)
    return Condition.UP_TO_DATE if finished else Condition.FIRST_SYNC


def _percent(flows: Collection[Flow]) -> int:
    """How far the first sync is: 100 only when all is done, which is no first sync any more."""
    total = sum(flow.first_total for flow in flows)
    done = sum(min(flow.first_done, flow.first_total) for flow in flows)
    return min(99, 100 * done // total) if total else 0


def words(found: Status, zone: ZoneInfo) -> str:
    """The state in words, with times of a zone."""
    match found.condition:
        case Condition.FIRST_SYNC:
            return f"First sync {found.percent} %"
        case Condition.WAITING:
            return f"Waiting ({', '.join(_waiting(found, zone))})"
    return _WORDS[found.condition]


def _waiting(found: Status, zone: ZoneInfo) -> list[str]:
    reason = found.problem.rstrip(".")
    told = [reason] if 0 < len(reason) <= _LONGEST_REASON else []
    return [*told, f"next try {found.next_run.astimezone(zone):%H:%M}" if found.next_run else "next try soon"]


_WORDS = {
    Condition.NOT_CONNECTED: "Not connected",
    Condition.CHOOSE: "Choose settings",
    Condition.UP_TO_DATE: "Up to date",
    Condition.RECONNECT: "Reconnect needed",
    Condition.PAUSED: "Paused by you",
    Condition.PAUSED_BY_ADMIN: "Paused by admin",
    Condition.DECISION: "Stopped: needs your decision",
}
