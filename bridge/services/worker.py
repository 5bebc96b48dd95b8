"""The worker: finds out which connections are to be run, and runs them.

A run is asked for by a change here and by the timer (both found by looking, every two seconds, so that a burst of
changes makes one run), by a remote that tells of a change (``Queue.wake``), and by a person. Several workers may run
beside each other: the queue keeps most of them from doing the same, and the lease of the connection all of them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.core.backoff import next_try
from bridge.errors import BridgeError, Conflict
from bridge.ports import Clock
from bridge.services.queue import Order, Queue, Trigger
from bridge.services.sync.lease import LeaseLost
from bridge.services.sync.pacing import Stop, Stopping
from bridge.services.sync.report import RunReport
from bridge.store import connections, journal, runs
from bridge.store.connections import Connection
from bridge.store.database import Database

_LOG = logging.getLogger(__name__)
_BUSY = timedelta(seconds=5)  # how long an order waits for a run in progress that began before it was asked for
_DAY = timedelta(days=1)


class Runner(Protocol):
    """What runs a connection."""

    def run(self, connection_id: int, trigger: str) -> RunReport:
        """Run it, and note in the database when to do so again.

        Raises ``Conflict`` while another process runs it, and for a connection that is not to be run.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a worker works: so many runs at once, so often a look, so long to end, so many days of history."""

    threads: int = 4
    look_every: timedelta = timedelta(seconds=2)
    interval: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(seconds=15)
    keep_days: int = 30


@dataclass(frozen=True, slots=True)
class _Failure:
    """A connection whose run left nothing behind but an error, again and again."""

    tries: int
    until: datetime


class Worker:
    """Looks what is due, and carries out what the queue holds. ``stop`` is the one that the runner obeys.

    ``afterwards`` is called with the connection of each run that was carried out, in its thread.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        queue: Queue,
        runner: Runner,
        stop: Stop,
        pattern: Pattern,
        afterwards: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._queue = queue
        self._runner = runner
        self._stop = stop
        self._pattern = pattern
        self._afterwards = afterwards
        self._failures: dict[int, _Failure] = {}
        self._running: set[int] = set()
        self._pruned_at: datetime | None = None
        self._trouble = ""
        queue.perform_by(self.perform)

    def work(self, pause: Callable[[timedelta], bool]) -> None:
        """Work until ``pause``, which lets so much time pass, says that it is enough.

        Then runs in progress finish the write they are at, give their lease back, and are gone on with another time.
        Raises ``TemporaryError`` when the queue cannot be opened.
        """
        threads = self._queue.threads(self._pattern.threads, self._pattern.grace)
        threads.start()
        try:
            while not pause(self._pattern.look_every):
                self.look()
                threads.check_worker_health()
        finally:
            self._stop.set()
            threads.stop(graceful=True)

    def look(self) -> None:
        """Queue what is due, and once a day forget what is old. What goes wrong is logged: the next look is soon."""
        try:
            self._queue_due()
            self._prune()
        except BridgeError as error:
            if self._trouble != str(error):
                _LOG.warning("The sync waits: %s %s", error, error.remedy)
            self._trouble = str(error)
        except Exception:  # noqa: BLE001 - a bug in one look must not end the runs in progress
            _LOG.exception("Looking for what is due ended by a bug.")
        else:
            self._trouble = ""

    def perform(self, order: Order) -> None:
        """Carry out an order, unless a run that began since it was asked for has served it."""
        if self._stop.is_set:
            self._queue.put_back(order, timedelta(0))
            return
        with self._database.read() as session:
            connection = connections.connection(session, order.connection_id)
        if connection is None or _is_served(order, connection):
            return
        if order.connection_id in self._running or _is_running(connection, self._clock.now()):
            self._wait_for_the_run(order)
            return
        self._run(order)

    def _run(self, order: Order) -> None:
        self._running.add(order.connection_id)
        try:
            self._carry_out(order)
        finally:
            self._running.discard(order.connection_id)

    def _carry_out(self, order: Order) -> None:
        try:
            self._runner.run(order.connection_id, order.trigger.value)
            self._afterwards(order.connection_id)
        except Stopping:
            self._queue.put_back(order, timedelta(0))
        except LeaseLost:
            _LOG.warning("Connection %s was taken over by another worker.", order.connection_id)
            self._wait_for_the_run(order)
        except Conflict as conflict:
            self._not_run(order, conflict)
        except BridgeError as error:
            _LOG.warning("Connection %s cannot be run: %s", order.connection_id, error)
            self._failed(order, error)
        except Exception as error:  # noqa: BLE001 - nor must one in a run
            _LOG.exception("A run of connection %s ended by a bug.", order.connection_id)
            self._failed(order, error)
        else:
            self._failures.pop(order.connection_id, None)

    def _not_run(self, order: Order, conflict: Conflict) -> None:
        """Somebody else was quicker, or the connection is not to be run any more."""
        with self._database.read() as session:
            connection = connections.connection(session, order.connection_id)
        if connection is not None and _is_running(connection, self._clock.now()):
            self._wait_for_the_run(order)
        else:
            self._failed(order, conflict)

    def _wait_for_the_run(self, order: Order) -> None:
        """A run in progress may have read the remote before it changed. Of what is due here the next look knows."""
        if order.trigger in {Trigger.PUSH, Trigger.MANUAL}:
            self._queue.put_back(order, _BUSY)

    def _failed(self, order: Order, error: Exception) -> None:
        """Leave a connection alone for a while, since no run has noted when to come back to it."""
        now = self._clock.now()
        before = self._failures.get(order.connection_id)
        tries = before.tries + 1 if before else 1
        until = next_try(now, order.connection_id, tries, interval=self._pattern.interval)
        self._failures[order.connection_id] = _Failure(tries, until)
        _LOG.info("Connection %s is left alone until %s: %s", order.connection_id, until, error)

    def _queue_due(self) -> None:
        now = self._clock.now()
        with self._database.read() as session:
            ids = connections.due(session, now)
            found = [connections.connection(session, each) for each in ids]
        alone = {each for each, failure in self._failures.items() if failure.until > now} | self._running
        self._queue.put_all((each.id, _trigger(each, now)) for each in found if each and each.id not in alone)

    def _prune(self) -> None:
        now = self._clock.now()
        if self._pruned_at is not None and now - self._pruned_at < _DAY:
            return
        before = now - timedelta(days=self._pattern.keep_days)
        with self._database.write() as session:
            journal.prune(session, before)
            runs.prune(session, before)
        self._pruned_at = now


def _is_served(order: Order, connection: Connection) -> bool:
    return connection.last_attempt_at is not None and connection.last_attempt_at > order.asked_at


def _is_running(connection: Connection, now: datetime) -> bool:
    return connection.lease_until is not None and connection.lease_until > now


def _trigger(connection: Connection, now: datetime) -> Trigger:
    """Why a connection is due: it is tried again, its time has come, or else something changed here."""
    ripe = connection.retry_at is not None or (connection.next_run_at is not None and connection.next_run_at <= now)
    return Trigger.TIMER if ripe else Trigger.CHANGE
