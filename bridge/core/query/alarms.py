"""When alarms go off (RFC 5545 3.6.6, 3.8.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bridge.core.contentline import Component
from bridge.core.ical_values import SECOND, read_duration
from bridge.core.query.filters import TimeRange
from bridge.core.query.spans import moment_in
from bridge.core.query.times import Times
from bridge.errors import Invalid

MAX_REPEATS = 500


@dataclass(frozen=True, slots=True)
class Trigger:
    """When an alarm goes off the first time: at an instant, or ``offset`` seconds from the start or end.

    ``repeats`` more times follow, ``interval`` seconds apart.
    """

    at: int | None = None
    offset: int = 0
    from_end: bool = False
    repeats: int = 0
    interval: int = 0

    @property
    def length(self) -> int:
        """Seconds from the first time to the last."""
        return self.repeats * self.interval

    def reach(self, wanted: TimeRange) -> TimeRange:
        """Return where an instance must touch so that the alarm may go off in the range."""
        start = None if wanted.start is None else wanted.start - self.offset - self.length
        end = None if wanted.end is None else wanted.end - self.offset
        return TimeRange(None if start is None else start - 1, None if end is None else end + 1)

    def goes_off(self, first: int, wanted: TimeRange) -> bool:
        """Say whether the alarm that first goes off at ``first`` does so in the range, repetitions included."""
        return any(moment_in(moment, wanted) for moment in self._moments(first))

    def _moments(self, first: int) -> Iterator[int]:
        yield from (first + number * self.interval for number in range(self.repeats + 1))


def trigger(alarm: Component, times: Times) -> Trigger | None:
    """Read TRIGGER, REPEAT and DURATION of a VALARM, ``None`` where that is not possible."""
    line = alarm.line("TRIGGER")
    if line is None:
        return None
    repeats, interval = _repetition(alarm, times)
    moment = times.moment(line)
    if moment is not None:
        return Trigger(times.seconds(moment), repeats=repeats, interval=interval)
    try:
        offset = read_duration(line.value) // SECOND
    except Invalid:
        return None
    return Trigger(None, offset, line.param("RELATED").upper() == "END", repeats, interval)


def _repetition(alarm: Component, times: Times) -> tuple[int, int]:
    text = alarm.value("REPEAT")
    interval = times.duration(alarm)
    if not (text.isascii() and text.isdigit()) or interval is None or interval <= timedelta():
        return 0, 0
    return min(int(text[:6]), MAX_REPEATS), interval // SECOND
