"""The recurrence set of one component: DTSTART, RRULE and RDATE without EXRULE and EXDATE (RFC 5545 3.8.5)."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import merge
from itertools import islice

from bridge.core.contentline import Component
from bridge.core.event import Moment
from bridge.core.ical_times import end_of, implied_end, moment_of, moments_of
from bridge.core.ical_values import DAY, EPOCH, add, from_timestamp, read_duration, timestamp
from bridge.core.rrule import MAX_COUNT, MAX_PERIODS, Frequency, Rule, parse_rule, starts
from bridge.core.timezones import Zones
from bridge.errors import Invalid

MAX_PER_DAY = 100

# The wall clock of a zone is never further away from UTC than this.
_SLACK = 2 * 86400
_FAR_FUTURE = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - wall clock
_LOOK_BACK = timedelta(days=800)

Instance = tuple[Moment, Moment]


def check_rule(value: str, start: Moment | None) -> Rule:
    """Read a rule and refuse one that explodes. Raises ``Invalid``."""
    rule = parse_rule(value)
    if rule.count is not None and rule.count > MAX_COUNT:
        raise Invalid(f"A series of {rule.count} events is more than the {MAX_COUNT} that are supported.")
    if max(1, len(rule.by_hour)) * max(1, len(rule.by_minute)) * max(1, len(rule.by_second)) > MAX_PER_DAY:
        raise Invalid(f"A series with more than {MAX_PER_DAY} events a day is not supported.")
    if rule.frequency < Frequency.HOURLY or rule.count is not None:
        return rule
    if rule.until is None:
        raise Invalid(f"A series with FREQ={rule.frequency.name} needs an end.")
    unit = {Frequency.HOURLY: 3600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}[rule.frequency]
    if start is not None and timestamp(rule.until) - timestamp(start) > MAX_PERIODS * unit * rule.interval:
        raise Invalid(f"A series with FREQ={rule.frequency.name} over so long a time is not supported.")
    return rule


class RecurrenceSet:
    """All instances of a component, generated only where a window asks for them.

    A DTSTART that does not fit its rule is still the first instance and counts for COUNT (RFC 5545 3.8.5.3).
    """

    def __init__(self, component: Component, anchor: Moment, zones: Zones, floating: tzinfo) -> None:
        self._component = component
        self._zones = zones
        self._floating = floating
        self._anchor = anchor
        self._zone = anchor.tzinfo if isinstance(anchor, datetime) else None
        self._wall = (
            datetime.combine(anchor, time()) if not isinstance(anchor, datetime) else anchor.replace(tzinfo=None)
        )
        self._rules = [self._counted(parse_rule(line.value)) for line in component.all("RRULE")]
        self._dates = [found for line in component.all("RDATE") for found in moments_of(line, zones)]
        self._duration, self._seconds = self._lengths()

    @property
    def endless(self) -> bool:
        """Whether a rule has no end."""
        return any(rule.endless for rule in self._rules)

    @property
    def first(self) -> int:
        """The POSIX seconds of the first start."""
        return min(timestamp(start, self._floating) for start, _ in [(self._anchor, None), *self._dates])

    @property
    def last(self) -> int:
        """The POSIX seconds of the last end, as far as rules have an end."""
        ends = [self._end(self._anchor, None), *(self._end(start, length) for start, length in self._dates)]
        ends += [self._end(self._moment(wall), None) for rule in self._rules if (wall := self._last_start(rule))]
        return max(timestamp(end, self._floating) for end in ends)

    @property
    def length(self) -> int:
        """How long an instance lasts, in seconds."""
        return self._seconds

    def between(self, low: int, high: int, without: Collection[Moment] = ()) -> Iterator[Instance]:
        """Yield start and end of the instances that may touch the window, without those that start at ``without``.

        A few that lie just outside of it are among them.
        """
        after = self._near(low - self._seconds - _SLACK)
        before = self._near(high + _SLACK)
        excluded = self._keys([*without, *self._excluded(after, before)])
        previous: object = None
        for start, length in self._merged(after, before):
            key = self._key(start)
            if key == previous or key in excluded or _day(start) in excluded:
                continue
            previous = key
            yield start, self._end(start, length)

    def _merged(self, after: datetime, before: datetime) -> Iterator[tuple[Moment, Moment | timedelta | None]]:
        streams = [
            ((self._moment(wall), None) for wall in self._generated(rule, after, before)) for rule in self._rules
        ]
        listed = sorted([(self._anchor, None), *self._dates], key=self._order)
        return merge(*streams, iter(listed), key=self._order)

    def _order(self, instance: tuple[Moment, Moment | timedelta | None]) -> int:
        return timestamp(instance[0], self._floating)

    def _generated(self, rule: Rule, after: datetime, before: datetime) -> Iterator[datetime]:
        until = self._until(rule)
        return starts(rule, self._wall, after, min(before, until) if until else before)

    def _until(self, rule: Rule) -> datetime | None:
        """UNTIL on the wall clock of DTSTART; a date includes its whole day."""
        if rule.until is None:
            return None
        if not isinstance(rule.until, datetime):
            return datetime.combine(rule.until, time.max.replace(microsecond=0))
        if rule.until.tzinfo is None or not isinstance(self._anchor, datetime):
            return rule.until.replace(tzinfo=None)
        return from_timestamp(timestamp(rule.until), self._zone or self._floating).replace(tzinfo=None)

    def _counted(self, rule: Rule) -> Rule:
        if rule.count is None or next(starts(rule, self._wall, self._wall, self._wall), None) is not None:
            return rule
        if rule.count == 1:  # DTSTART was the only one
            return replace(rule, until=EPOCH.replace(year=1), count=None)
        return replace(rule, count=rule.count - 1)

    def _last_start(self, rule: Rule) -> datetime | None:
        until = self._until(rule) or _FAR_FUTURE
        if rule.count is not None:
            return max(starts(rule, self._wall, self._wall, until), default=None)
        if until < self._wall:
            return None
        near = until - _LOOK_BACK if until - self._wall > _LOOK_BACK else self._wall
        return max(islice(starts(rule, self._wall, near, until), MAX_PERIODS), default=until)

    def _moment(self, wall: datetime) -> Moment:
        return wall.replace(tzinfo=self._zone) if isinstance(self._anchor, datetime) else wall.date()

    def _near(self, instant: int) -> datetime:
        return from_timestamp(instant, UTC).replace(tzinfo=None)

    def _lengths(self) -> tuple[timedelta | None, int]:
        """The nominal length if DURATION or dates give one, and the length in seconds."""
        start = moment_of(self._component, "DTSTART", self._zones)
        end = implied_end(self._component.name, start, end_of(self._component, self._zones))
        if start is None or end is None:
            return None, 0
        seconds = max(0, timestamp(end, self._floating) - timestamp(start, self._floating))
        if not isinstance(start, datetime):
            return (end - start if isinstance(end, date) else DAY), seconds
        line = self._component.line("DURATION")
        if line is not None and self._component.line("DTEND") is None and self._component.line("DUE") is None:
            return max(read_duration(line.value), timedelta()), seconds
        return None, seconds

    def _end(self, start: Moment, length: Moment | timedelta | None) -> Moment:
        if isinstance(length, timedelta):
            return add(start, length)
        if length is not None:
            return length
        if self._duration is not None:
            return add(start, self._duration)
        if not self._seconds or not isinstance(start, datetime):
            return start
        if start.tzinfo is None:
            return add(start, timedelta(seconds=self._seconds))
        return from_timestamp(timestamp(start) + self._seconds, start.tzinfo)

    def _excluded(self, after: datetime, before: datetime) -> Iterator[Moment]:
        for line in self._component.all("EXDATE"):
            yield from (moment for moment, _ in moments_of(line, self._zones))
        for line in self._component.all("EXRULE"):
            walls = self._generated(parse_rule(line.value), after, before)
            yield from (self._moment(wall) for wall in islice(walls, MAX_PERIODS))

    def _keys(self, moments: Collection[Moment]) -> frozenset[object]:
        return frozenset(self._key(moment) for moment in moments)

    def _key(self, moment: Moment) -> object:
        """What tells instances apart: the instant, or the day in a series of days; a date stands for its day."""
        if isinstance(moment, datetime) and isinstance(self._anchor, datetime):
            return timestamp(moment, self._floating)
        return _day(moment)


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
