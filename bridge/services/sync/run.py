"""One run of one connection: lease, read, decide, act, finish (see ``docs/sync.md``).

No session is open while the remote is called. Cursors are taken before reading and stored when everything up to them
is done or noted, so that whatever ends a run early, the next one finds the rest.
"""

import logging
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core import guard
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.guard import USUAL, Limits
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, Conflict
from bridge.ports import Clock
from bridge.services.sync.acting import Acting, Tell
from bridge.services.sync.catching_up import caught_up
from bridge.services.sync.ending import Ending, ending
from bridge.services.sync.flows import Flows, Opened, OpenFlow, options_digest
from bridge.services.sync.lease import Lease, LeaseLost, leased
from bridge.services.sync.noting import WORDS
from bridge.services.sync.planning import Deletions, Plan
from bridge.services.sync.reading import Reading, judged
from bridge.services.sync.report import Planned, Preview, RunReport
from bridge.services.sync.working import Workshop
from bridge.store import connections, links, runs
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState
from bridge.store.runs import Run

T = TypeVar("T", Event, Contact)
LEASE = timedelta(minutes=2)
_LOG = logging.getLogger(__name__)


@dataclass
class _Course:
    """What a run has done so far."""

    run: Run
    counts: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    waited: float = 0.0


class Sync:
    """Runs connections."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        flows: Flows,
        *,
        lease: timedelta = LEASE,
        interval: timedelta = timedelta(minutes=5),
        limits: Limits = USUAL,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flows = flows
        self._lease = lease
        self._interval = interval
        self._limits = limits

    def run(
        self,
        connection_id: int,
        trigger: str = "manual",
        *,
        deletions: Deletions = Deletions.ASK,
        tell: Tell = lambda _: None,
    ) -> RunReport:
        """Bring both sides of a connection into step, as far as it goes today.

        Raises ``NotFound``; ``Conflict`` while another process runs it, and for a connection that was not confirmed
        or is paused. Whatever else goes wrong is the report's, and the connection's state.
        """
        opened = self._flows.open(connection_id)
        _check_active(opened)
        course = _Course(Run(uuid4().hex, connection_id, trigger, self._clock.now()))
        begin = partial(_begin, course.run)
        with leased(self._database, self._clock, connection_id, owner(), self._lease, begin) as lease:
            try:
                for flow in opened.flows:
                    self._flow(opened, flow, lease, course, deletions, tell)
                end = ending(None, course.counts)
            except LeaseLost:
                raise
            except BridgeError as error:
                end = ending(error, course.counts)
            except Exception as error:  # noqa: BLE001 - a bug ends the run, is logged, and shows as the connection's state
                _LOG.exception("A run of connection %s ended by a bug.", connection_id)
                end = ending(error, course.counts)
            return self._end(lease, course, end)

    def preview(self, connection_id: int) -> Preview:
        """Say what a run would do, without doing anything (R19). Raises what stands in the way."""
        opened = self._flows.open(connection_id)
        items: list[Planned] = []
        danger = ""
        for flow in opened.flows:
            if flow.kind is FlowKind.CALENDAR:
                listed, found = self._previewed(self._flows.calendar(opened, flow, "preview"))
            else:
                listed, found = self._previewed(self._flows.contacts(opened, flow, "preview"))
            items += listed
            danger = danger or found
        return Preview(tuple(items), danger)

    def _flow(
        self, opened: Opened, flow: connections.Flow, lease: Lease, course: _Course, deletions: Deletions, tell: Tell
    ) -> None:
        if flow.kind is FlowKind.CALENDAR:
            self._one_flow(opened, self._flows.calendar(opened, flow, course.run.id), lease, course, deletions, tell)
        else:
            self._one_flow(opened, self._flows.contacts(opened, flow, course.run.id), lease, course, deletions, tell)

    def _one_flow(
        self, opened: Opened, flow: OpenFlow[T], lease: Lease, course: _Course, deletions: Deletions, tell: Tell
    ) -> None:
        with _measured(flow, course):
            acting = Acting(
                flow.kind, flow.ours, flow.theirs, flow.row.id, course.run.id, lease, self._clock, tell, course.counts
            )
            acting.resume()
            lease.keep()
            read = Reading(self._database, self._clock, flow, lease.keep).read()
            plan = judged(read.plan, deletions, self._limits, options_changed=read.anew)
            acting.carry_out(plan, Workshop(flow.kind, flow.writes_here, flow.writes_there, self._clock.now()))
            ours_token = caught_up(self._database, flow.ours, flow.row, opened.user.id, read.ours_token)
            with lease.transaction() as session:
                links.confirm(session, read.confirmed)
                connections.finish_flow(session, flow.row.id, ours_token, read.theirs_token, options_digest(flow.row))

    def _previewed(self, flow: OpenFlow[T]) -> tuple[list[Planned], str]:
        plan = Reading(self._database, self._clock, flow).read().plan
        found = guard.check(plan.counts(), self._limits)
        return _listed(flow.row.kind, plan), found.message if found else ""

    def _end(self, lease: Lease, course: _Course, end: Ending) -> RunReport:
        now = self._clock.now()
        run = replace(
            course.run,
            finished_at=now,
            outcome=end.outcome,
            counts=dict(course.counts),
            message=end.message,
            remedy=end.remedy,
            requests=course.requests,
        )
        with lease.last_transaction() as session:
            runs.save_run(session, run)
            connection = connections.connection(session, lease.connection_id, lock=True)
            if connection is None:
                raise LeaseLost("The connection was removed meanwhile.")
            after = end.applied(connection, now=now, interval=self._interval)
            connections.save_connection(session, after)
        return RunReport(
            run.id, end.outcome, run.counts, end.message, end.remedy, after.retry_at, course.requests, course.waited
        )


def _begin(run: Run, session: Session) -> None:
    """Write down that a run begins, and close those whose process has died."""
    runs.interrupt_runs(session, run.connection_id, now=run.started_at)
    runs.add_run(session, run)
    connections.set_attempt(session, run.connection_id, run.started_at)


@contextmanager
def _measured(flow: OpenFlow[T], course: _Course) -> Iterator[None]:
    """Add up what a flow asked of the remote, however it ends."""
    try:
        yield
    finally:
        course.requests += flow.theirs.calls
        course.waited += flow.theirs.waited


def owner() -> str:
    """Who holds a lease, for whoever looks at the table."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _check_active(opened: Opened) -> None:
    connection = opened.connection
    if not opened.user.enabled:
        raise Conflict(f"The user “{opened.user.login}” is disabled.", remedy="Let an administrator enable them.")
    if connection.paused_by_admin:
        raise Conflict("An administrator has paused this connection.", remedy="Ask them to let it go on.")
    if connection.state is not ConnectionState.ACTIVE or not connection.confirmed:
        raise Conflict(
            "This connection has not been started.",
            remedy=f"Look at “davbridge connection preview {connection.id}”, then start it.",
        )


def _listed(kind: FlowKind, plan: Plan[T]) -> list[Planned]:
    """A plan as people read it."""
    steps = [
        Planned(
            kind,
            WORDS[step.action],
            step.title,
            step.local_id,
            step.remote_id,
            rule=step.because.rule if step.because else "",
            reason=step.because.reason if step.because else "",
        )
        for step in plan.steps
    ]
    return steps + [
        Planned(
            kind,
            "left out",
            left.title,
            int(left.ours.id) if left.ours else None,
            left.theirs.id if left.theirs else None,
            left.verdict.rule,
            left.verdict.reason,
            left.verdict.remedy,
        )
        for left in plan.left_out
    ]
