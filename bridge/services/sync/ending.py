"""How a run ended, and what that makes of its connection (R18)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.core.backoff import next_run, next_try
from bridge.errors import BridgeError, DangerousPlan, NotFound, PermissionMissing, SignInNeeded, TemporaryError
from bridge.services.sync.pacing import Stopping
from bridge.store.connections import Connection
from bridge.store.models.sync import ProblemKind, ResultOutcome, RunOutcome

SOON = timedelta(minutes=1)
"""When a run is repeated in which some objects failed."""

_KINDS: tuple[tuple[type[BridgeError], ProblemKind, RunOutcome], ...] = (
    (SignInNeeded, ProblemKind.SIGN_IN, RunOutcome.FAILED),
    (PermissionMissing, ProblemKind.PERMISSION, RunOutcome.FAILED),
    (DangerousPlan, ProblemKind.DECISION, RunOutcome.DECISION),
    (NotFound, ProblemKind.DECISION, RunOutcome.FAILED),
    (TemporaryError, ProblemKind.WAITING, RunOutcome.FAILED),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """The outcome of a run. ``problem`` is what stands in the way of the next one, and ``retry_after`` how long."""

    outcome: RunOutcome
    problem: ProblemKind | None = None
    message: str = ""
    remedy: str = ""
    retry_after: timedelta | None = None

    def applied(self, connection: Connection, *, now: datetime, interval: timedelta) -> Connection:
        """The connection after this run. ``interval`` is the installation's pause between runs."""
        if self.outcome is RunOutcome.INTERRUPTED:
            return replace(connection, next_run_at=now)
        if self.problem is None:
            pause = timedelta(seconds=connection.interval) if connection.interval else interval
            return replace(
                connection,
                problem=None,
                problem_text="",
                problem_remedy="",
                tries=0,
                retry_at=None,
                last_success_at=now,
                next_run_at=next_run(
                    now, connection.id, min(pause, SOON) if self.outcome is RunOutcome.PARTLY else pause
                ),
            )
        tries = connection.tries + 1
        again = self.problem in {ProblemKind.WAITING, ProblemKind.BROKEN}
        retry_at = next_try(now, connection.id, tries, interval=interval, retry_after=self.retry_after)
        return replace(
            connection,
            problem=self.problem,
            problem_text=self.message,
            problem_remedy=self.remedy,
            tries=tries,
            retry_at=retry_at if again else None,
            next_run_at=None,
        )


def ending(error: Exception | None, counts: Mapping[str, int]) -> Ending:
    """Judge a run by the error that ended it, or by its counts where none did."""
    if error is None:
        failed = counts.get(ResultOutcome.FAILED.value, 0)
        return Ending(RunOutcome.PARTLY if failed else RunOutcome.DONE)
    if isinstance(error, Stopping):
        return Ending(RunOutcome.INTERRUPTED, message=str(error))
    if not isinstance(error, BridgeError):
        text = f"Something unexpected happened: {type(error).__name__}. The log tells more."
        return Ending(RunOutcome.FAILED, ProblemKind.BROKEN, text, "Tell your administrator.", timedelta(hours=1))
    for kind, problem, outcome in _KINDS:
        if isinstance(error, kind):
            after = error.retry_after if isinstance(error, TemporaryError) else None
            return Ending(outcome, problem, str(error), error.remedy, after)
    return Ending(RunOutcome.FAILED, ProblemKind.BROKEN, str(error), error.remedy)
