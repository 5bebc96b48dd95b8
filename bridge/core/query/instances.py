"""Where the components of one calendar object lie, recurring or not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC

from bridge.core.contentline import Component
from bridge.core.ical_values import from_timestamp
from bridge.core.query.filters import TimeRange
from bridge.core.query.spans import span_in
from bridge.core.query.times import Times
from bridge.core.recurrence import occurrences
from bridge.core.timerange import covers_undated
from bridge.errors import Invalid

FIRST_SECOND = -62135596800
LAST_SECOND = 253402300799


@dataclass(frozen=True, slots=True)
class Instances:
    """Finds the instances of single components; one that is overridden belongs to its override only.

    A component with a date that cannot be read has no instances: a query must not fail for it (D18).
    """

    calendar: Component
    times: Times

    def overlaps(self, component: Component, wanted: TimeRange) -> bool:
        """Say whether the component lies in the range (RFC 4791 9.9)."""
        if covers_undated(component, _window(wanted)) or next(self.spans(component, wanted), None) is not None:
            return True
        return component.name == "VFREEBUSY" and not component.line("DTSTART") and self._published(component, wanted)

    def spans(self, component: Component, wanted: TimeRange) -> Iterator[tuple[int, int]]:
        """Yield begin and end (POSIX seconds) of the instances in the range."""
        start, end = (from_timestamp(moment, UTC) for moment in _window(wanted))
        try:
            for found in occurrences(self._around(component), start, end, self.times.floating):
                if found.component is component:
                    yield self.times.seconds(found.start), self.times.seconds(found.end)
        except Invalid:
            return

    def _around(self, component: Component) -> Component:
        """The component with what it needs: time zones, and a series its overrides."""
        single = component.line("RECURRENCE-ID") is not None
        kept = (
            child
            for child in self.calendar.components
            if child is component
            or child.name == "VTIMEZONE"
            or (not single and child.line("RECURRENCE-ID") is not None)
        )
        return replace(self.calendar, children=tuple(kept))

    def _published(self, component: Component, wanted: TimeRange) -> bool:
        lines = component.all("FREEBUSY")
        return any(span_in(*period, wanted) for line in lines for period in self.times.periods(line))


def _window(wanted: TimeRange) -> tuple[int, int]:
    return (
        FIRST_SECOND if wanted.start is None else max(wanted.start, FIRST_SECOND),
        LAST_SECOND if wanted.end is None else min(wanted.end, LAST_SECOND),
    )
