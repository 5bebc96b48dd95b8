"""How fast remotes are asked: token buckets for accounts and providers, and a halt when the program stops.

The buckets belong to one process and are shared by its threads. That is enough for accounts, because the lease lets
only one process at a time run a connection. A rate for a whole provider holds for each worker process: where there are
several, each gets its share of the quota by configuration.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bridge.core import bucket
from bridge.core.bucket import Bucket, Rate
from bridge.errors import BridgeError, TemporaryError

LONGEST_WAIT = 64.0
"""Seconds. Whoever would have to wait longer gives the thread back and comes again."""


class Stopping(TemporaryError):
    """The program is ending: leave everything as it is; the next run goes on from here."""


class Stop:
    """Tells every thread that the program is ending."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """End: whoever waits goes on at once, and nothing new is begun. Not for signal handlers."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether the program is ending."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the program."""
        self._event.wait(seconds)

    def check(self) -> None:
        """Raise ``Stopping`` when the program is ending."""
        if self.is_set:
            raise Stopping("The program is being stopped.", retry_after=timedelta(0))


class Buckets:
    """All buckets of a process, by name. ``now`` are seconds that only grow."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def take(self, rates: Mapping[str, Rate], calls: int) -> float:
        """Take calls from each of these buckets: the seconds to wait before making them."""
        with self._lock:
            now = self._now()
            return max((self._take(name, rate, now, calls) for name, rate in rates.items()), default=0.0)

    def pause(self, rates: Mapping[str, Rate], seconds: float) -> None:
        """Let nobody take from these buckets for so long."""
        with self._lock:
            now = self._now()
            for name, rate in rates.items():
                present = self._buckets.get(name) or bucket.full(rate, now)
                self._buckets[name] = bucket.pause(present, rate, now, seconds)

    def _take(self, name: str, rate: Rate, now: float, calls: int) -> float:
        present = self._buckets.get(name) or bucket.full(rate, now)
        self._buckets[name], seconds = bucket.take(present, rate, now, calls)
        return seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one account may be asked. ``rates`` are those of every bucket that its calls count in, by name."""

    buckets: Buckets
    rates: Mapping[str, Rate] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)

    def before(self, calls: int = 1) -> None:
        """Wait for the turn of so many calls.

        Raises ``Stopping``, or ``TemporaryError`` when the turn is so far away that the thread is better used.
        """
        self.stop.check()
        seconds = self.buckets.take(self.rates, calls)
        if seconds > LONGEST_WAIT:
            raise TemporaryError("The quota is used up for now.", retry_after=timedelta(seconds=seconds))
        if seconds > 0:
            self.stop.wait(seconds)
            self.stop.check()

    def heard(self, error: BridgeError) -> None:
        """Obey what the remote asked for with an error: everybody who asks this account waits as long."""
        if isinstance(error, TemporaryError) and error.retry_after is not None and not isinstance(error, Stopping):
            self.buckets.pause(self.rates, error.retry_after.total_seconds())
