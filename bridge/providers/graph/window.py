"""The part of time in which a calendar tells what changed. Pure.

It reaches from two months ago two years ahead, and is set anew every four weeks: the whole calendar is read once more.
Nothing is concluded from where it ends: what lies outside is there all the same (R6).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.core.event_span import last_end
from bridge.core.ical_values import timestamp
from bridge.errors import Invalid
from bridge.providers.graph.series import Held

_BACK = timedelta(days=60)
_AHEAD = timedelta(days=2 * 365)
_LIFETIME = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was set at ``begun``."""

    begun: datetime

    @property
    def options(self) -> dict[str, str]:
        """As Graph wants to know it."""
        return {"startDateTime": _utc(self.begun - _BACK), "endDateTime": _utc(self.begun + _AHEAD)}

    def is_current(self, now: datetime) -> bool:
        """Whether it need not be moved on yet."""
        return now - self.begun < _LIFETIME

    def misses(self, held: Held) -> bool:
        """Whether an object lies outside, so that it may have left the window. What cannot be read may."""
        try:
            event = held.event()
        except Invalid:
            return True
        if event.start is None:
            return True
        day = 86400  # zones of whole days
        last = last_end(event, UTC)
        before = last is not None and last <= (self.begun - _BACK).timestamp() + day
        return before or timestamp(event.start) >= (self.begun + _AHEAD).timestamp() - day


def window_at(now: datetime) -> Window:
    """The window of a moment, to the second."""
    return Window(now.astimezone(UTC).replace(microsecond=0))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
