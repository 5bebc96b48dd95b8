"""The times that the properties of a calendar object hold, as POSIX seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bridge.core.contentline import Component, ContentLine
from bridge.core.event import Moment
from bridge.core.ical_times import moments_of
from bridge.core.ical_values import DAY, add, read_duration, read_moment, timestamp
from bridge.core.query.filters import TimeRange
from bridge.core.query.spans import moment_in, span_in
from bridge.core.timezones import Zones
from bridge.errors import Invalid


@dataclass(frozen=True, slots=True)
class Times:
    """Reads the times of one calendar; floating times and dates are meant in the zone ``floating``.

    What cannot be read counts as missing.
    """

    zones: Zones
    floating: tzinfo

    def moment(self, line: ContentLine) -> Moment | None:
        """Return the date or time of a property."""
        try:
            return read_moment(line.value, self.zones.get(line.param("TZID")))
        except Invalid:
            return None

    def seconds(self, moment: Moment) -> int:
        """Return the instant of a date or time; of a date, its midnight."""
        return timestamp(moment, self.floating)

    def duration(self, component: Component) -> timedelta | None:
        """Return the DURATION of a component."""
        try:
            return read_duration(component.value("DURATION"))
        except Invalid:
            return None

    def property_in(self, line: ContentLine, wanted: TimeRange) -> bool:
        """Say whether the value of a property lies in the range; a date is its whole day."""
        moment = self.moment(line)
        if moment is None:
            return False
        if isinstance(moment, datetime):
            return moment_in(self.seconds(moment), wanted)
        return span_in(self.seconds(moment), self.seconds(add(moment, DAY)), wanted)

    def periods(self, line: ContentLine) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the periods of a FREEBUSY property."""
        try:
            for start, end in moments_of(line, self.zones):
                if end is not None:
                    finish = add(start, end) if isinstance(end, timedelta) else end
                    yield self.seconds(start), self.seconds(finish)
        except Invalid:
            return
