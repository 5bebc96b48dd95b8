"""Where runs wait for a worker: huey over an SQLite file, or over Redis where several machines run workers.

The queue only says what to do soon. What must not be lost is in the database, where the next look finds it again: a
queue that was emptied, or a worker that died with a run in its hands, makes syncs later and nothing else.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import ModuleType
from typing import Any

from bridge.errors import TemporaryError
from bridge.ports import Clock

_IDLE = 1.0  # seconds, at most, between two looks of an idle thread into an SQLite file


class Trigger(StrEnum):
    """Who asks for a run."""

    MANUAL = "manual"
    PUSH = "push"
    CHANGE = "change"
    TIMER = "timer"


_PRIORITY = {Trigger.MANUAL: 3, Trigger.CHANGE: 2, Trigger.PUSH: 2, Trigger.TIMER: 1}


@dataclass(frozen=True, slots=True)
class Order:
    """A run that was asked for, and when."""

    connection_id: int
    trigger: Trigger
    asked_at: datetime


class Queue:
    """Runs that wait. Opened at its first use, in the process that uses it.

    ``address`` is ``sqlite:///FILE`` or ``redis://…``. Methods raise ``TemporaryError`` with ``remote="queue"`` when it
    is out of reach.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._huey: Any = None
        self._run: Any = None
        self._perform: Callable[[Order], None] | None = None

    def wake(self, connection_id: int) -> bool:
        """Run a connection because its remote says that something changed there. For hooks."""
        return self.put(connection_id, Trigger.PUSH)

    def put(self, connection_id: int, trigger: Trigger) -> bool:
        """Let a connection be run soon. Whether it had to be added, see ``put_all``."""
        return self.put_all([(connection_id, trigger)]) > 0

    def put_all(self, wanted: Iterable[tuple[int, Trigger]]) -> int:
        """Let connections be run soon: how many had to be added. One that waits as urgently already is not.

        Two processes that ask at the same moment may both add one; whoever carries out the second finds it served.
        """
        with self._translating():
            huey = self._opened()
            urgency: dict[int, int] = {}
            for order in self._waiting(huey):
                _note(urgency, order.connection_id, order.trigger)
            new = [(each, trigger) for each, trigger in wanted if _note(urgency, each, trigger)]
            for connection_id, trigger in new:
                huey.enqueue(self._task(Order(connection_id, trigger, self._clock.now())))
            return len(new)

    def put_back(self, order: Order, delay: timedelta) -> None:
        """Let an order wait again, for so long at least."""
        with self._translating():
            self._opened().add_schedule(self._task(order, eta=self._clock.now() + delay))

    def waiting(self) -> list[Order]:
        """What waits, the most urgent first; then what was put back."""
        with self._translating():
            return list(self._waiting(self._opened()))

    def ready(self) -> None:
        """Raise ``TemporaryError`` when the queue does not answer."""
        with self._translating():
            self._opened().pending_count()

    def close(self) -> None:
        """Let go of the file or the server."""
        with self._lock:
            if self._huey is not None:
                engine().close(self._huey)
            self._huey = None

    def perform_by(self, perform: Callable[[Order], None]) -> None:
        """Say what carries orders out in this process."""
        self._perform = perform

    def perform_next(self) -> bool:
        """Carry out the most urgent order, in this thread. Whether there was one."""
        with self._translating():
            task = self._opened().dequeue()
        if task is not None:
            self._opened().execute(task)
        return task is not None

    def threads(self, number: int, grace: timedelta) -> Any:
        """Threads that carry out orders; not started yet. ``grace`` is how long ``stop(graceful=True)`` waits."""
        with self._translating():
            seconds = grace.total_seconds()
            return engine().Threads(self._opened(), number, periodic=False, max_delay=_IDLE, shutdown_timeout=seconds)

    def _opened(self) -> Any:
        with self._lock:
            if self._huey is None:
                self._huey = engine().open_queue(self._address)
                self._run = self._huey.task(name="run")(self._carry_out)
            return self._huey

    def _carry_out(self, connection_id: int, trigger: str, asked_at: str) -> None:
        if self._perform is not None:
            self._perform(Order(connection_id, Trigger(trigger), datetime.fromisoformat(asked_at)))

    def _task(self, order: Order, eta: datetime | None = None) -> Any:
        arguments = (order.connection_id, order.trigger.value, order.asked_at.isoformat())
        naive = eta.astimezone(UTC).replace(tzinfo=None) if eta else None  # huey counts in UTC without saying so
        return self._run.task_class(args=arguments, eta=naive, priority=_PRIORITY[order.trigger])

    def _waiting(self, huey: Any) -> Iterator[Order]:
        for task in (*huey.pending(), *huey.scheduled()):
            connection_id, trigger, asked_at = task.args
            yield Order(connection_id, Trigger(trigger), datetime.fromisoformat(asked_at))

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except engine().FAILURES as error:
            raise TemporaryError(
                "The queue of the sync is out of reach.",
                remote="queue",
                remedy="Look at “[sync] queue” in the configuration, and at the file or server that it names.",
            ) from error


def engine() -> ModuleType:
    """huey, and Redis with it: both take long to load, and most processes ask nothing of the queue."""
    from bridge.services import queue_engine  # noqa: PLC0415

    return queue_engine


def _note(urgency: dict[int, int], connection_id: int, trigger: Trigger) -> bool:
    """Remember how urgently a connection is wanted. Whether that is more than before."""
    more = _PRIORITY[trigger] > urgency.get(connection_id, 0)
    if more:
        urgency[connection_id] = _PRIORITY[trigger]
    return more
