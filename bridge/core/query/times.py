"""The times that the properties of a component hold, as POSIX seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from bridge.core.contentline import Component, ContentLine
from bridge.core.event import Moment
from bridge.core.ical_values import add, read_duration, read_moment, timestamp
from bridge.core.query.filters import TimeRange
from bridge.core.query.spans import TaskTimes, moment_in, span_in
from bridge.core.timezones import Zones
from bridge.errors import Invalid

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Times:
    """Reads the times of one calendar; floating times and dates are meant in the zone ``floating``.

    What cannot be read counts as missing: a query must not fail for one odd resource.
    """

    zones: Zones
    floating: tzinfo

    def moment(self, line: ContentLine | None) -> Moment | None:
        """Return the date or time of a property."""
        if line is None:
            return None
        try:
            return read_moment(line.value, self.zones.get(line.param("TZID")))
        except Invalid:
            return None

    def at(self, component: Component, name: str) -> int | None:
        """Return the instant of a property of the component; of a date, its midnight."""
        moment = self.moment(component.line(name))
        return None if moment is None else self.seconds(moment)

    def seconds(self, moment: Moment) -> int:
        """Return the instant of a date or time."""
        return timestamp(moment, self.floating)

    def event(self, component: Component) -> tuple[int, int] | None:
        """Return begin and end of an event (RFC 5545 3.6.1), ``None`` for one without DTSTART."""
        start = self.moment(component.line("DTSTART"))
        if start is None:
            return None
        end = self.moment(component.line("DTEND"))
        if end is None:
            end = self._end_by_duration(component, start)
        begin = self.seconds(start)
        return begin, max(begin, self.seconds(end))

    def task(self, component: Component) -> TaskTimes:
        """Return what decides where a task lies."""
        start, due = self.moment(component.line("DTSTART")), self.at(component, "DUE")
        duration = self.duration(component)
        by_duration = due is None and start is not None and duration is not None
        if start is not None and duration is not None and by_duration:
            due = self.seconds(add(start, duration))
        return TaskTimes(
            None if start is None else self.seconds(start),
            due,
            self.at(component, "COMPLETED"),
            self.at(component, "CREATED"),
            by_duration,
        )

    def duration(self, component: Component) -> timedelta | None:
        """Return DURATION, if it can be read."""
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
        return span_in(self.seconds(moment), self.seconds(add(moment, _DAY)), wanted)

    def periods(self, component: Component) -> Iterator[tuple[int, int]]:
        """Yield the periods of all FREEBUSY properties."""
        for line in component.all("FREEBUSY"):
            yield from self.line_periods(line)

    def line_periods(self, line: ContentLine) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the periods of one property (RFC 5545 3.3.9)."""
        for value in line.value.split(","):
            first, _, last = value.strip().partition("/")
            try:
                start = read_moment(first)
                end = add(start, read_duration(last)) if last[:1] in "P+" else read_moment(last)
            except Invalid:
                continue
            yield self.seconds(start), self.seconds(end)

    def _end_by_duration(self, component: Component, start: date) -> Moment:
        duration = self.duration(component)
        if duration is not None:
            return add(start, duration)
        return start if isinstance(start, datetime) else add(start, _DAY)
