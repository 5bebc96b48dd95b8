"""Time zones as iCalendar components, in both directions (RFC 5545 3.6.5)."""

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from bridge.core.contentline import Component, ContentLine, escape_text, make_line
from bridge.core.event import Moment
from bridge.core.ical_values import DAY, EPOCH, SECOND, format_moment, from_timestamp, read_moment, timestamp
from bridge.core.rrule import Frequency, parse_rule, starts
from bridge.errors import Invalid

# Rules are worked out this far; later times keep the last offset.
LAST_YEAR = 2100
MAX_CHANGES = 2000
MAX_OBSERVANCES = 200

_FIRST_YEAR = 1900
_PROOF_YEAR = 2060
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the offset: when (POSIX seconds), from which offset to which (seconds), and its name."""

    at: int
    before: int
    after: int
    name: str = ""
    daylight: bool = False

    @property
    def wall(self) -> datetime:
        """The wall clock that shows at the moment of change, as TZOFFSETFROM and DTSTART count it."""
        return EPOCH + timedelta(seconds=self.at + self.before)


class RuleZone(tzinfo):
    """A zone made from a VTIMEZONE whose name means nothing elsewhere; ``component`` is that VTIMEZONE.

    Wall times that exist twice or not at all follow ``fold`` as PEP 495 says.
    """

    def __init__(self, component: Component) -> None:
        self.component = component
        self.key = component.value("TZID")
        self._changes = sorted(_read_changes(component), key=lambda change: change.at)
        if not self._changes:
            raise Invalid(f"The time zone {self.key[:80]!r} has no usable rule.")
        self._instants = [change.at for change in self._changes]

    def __repr__(self) -> str:
        return f"RuleZone({self.key!r})"

    def __reduce__(self) -> tuple[type["RuleZone"], tuple[Component]]:
        return RuleZone, (self.component,)

    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        """Return the offset that the wall clock of ``moment`` has."""
        offset = self._changes[0].before
        if moment is not None:
            wall = (moment.replace(tzinfo=None) - EPOCH) // SECOND
            offset = self._offset_of_wall(wall, moment.fold)
        return timedelta(seconds=offset)

    def dst(self, moment: datetime | None, /) -> timedelta:
        """Return zero: a VTIMEZONE does not tell how much of an offset is daylight saving."""
        del moment
        return timedelta()

    def tzname(self, moment: datetime | None, /) -> str:
        """Return the TZID."""
        del moment
        return self.key

    def fromutc(self, moment: datetime, /) -> datetime:
        """Return the wall clock for an instant given in UTC."""
        instant = (moment.replace(tzinfo=None) - EPOCH) // SECOND
        index = bisect_right(self._instants, instant) - 1
        offset = self._changes[index].after if index >= 0 else self._changes[0].before
        local = moment + timedelta(seconds=offset)
        return local.replace(fold=int(self._offset_of_wall(instant + offset, 0) != offset))

    def _offset_of_wall(self, wall: int, fold: int) -> int:
        index = bisect_right(self._instants, wall + DAY // SECOND) - 1
        while index >= 0:
            change = self._changes[index]
            early, late = sorted((change.before, change.after))
            if wall >= change.at + late or (fold and wall >= change.at + early):
                return change.after
            index -= 1
        return self._changes[0].before


def vtimezone(zone: ZoneInfo, first_year: int, last_year: int | None = None) -> Component:
    """Return the VTIMEZONE of a zone, right for every time from ``first_year`` on.

    Rules that repeat become RRULEs without an end. Changes that follow no rule are listed, up to ``last_year`` or, if
    that is ``None``, for at least ten years and to 2037.
    """
    first = min(max(first_year, _FIRST_YEAR), _PROOF_YEAR - 10)
    return _vtimezone(zone, first, max(first, min(last_year or max(first + 10, 2037), LAST_YEAR)))


@lru_cache(maxsize=512)
def _vtimezone(zone: ZoneInfo, first: int, last: int) -> Component:
    changes = [change for year in range(first - 1, max(last, _PROOF_YEAR) + 1) for change in _changes_of(zone, year)]
    groups: dict[tuple[int, int, str, bool], list[_Change]] = defaultdict(list)
    ruled = _ruled_from(changes)
    for change in changes:
        if change.wall.year <= last or change.wall.year >= ruled:
            groups[change.before, change.after, change.name, change.daylight].append(change)
    observances: list[Component] = []
    if not changes or changes[0].wall.year >= first:
        observances.append(_initial(zone, first))
    for group in groups.values():
        observances.extend(_observances(group, ruled))
    return Component("VTIMEZONE", (make_line("TZID", escape_text(zone.key)), *observances))


def _read_changes(component: Component) -> Iterator[_Change]:
    for observance in component.components[:MAX_OBSERVANCES]:
        if observance.name in {"STANDARD", "DAYLIGHT"}:
            before, after = (_read_offset(observance.value(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
            for wall in _read_onsets(observance):
                yield _Change((wall - EPOCH) // SECOND - before, before, after)


def _read_onsets(observance: Component) -> Iterator[datetime]:
    begin = _at_wall(read_moment(observance.value("DTSTART")), timedelta())
    end = datetime(LAST_YEAR, 12, 31)  # noqa: DTZ001 - wall clock
    yield begin
    offset = timedelta(seconds=_read_offset(observance.value("TZOFFSETFROM")))
    for line in observance.all("RRULE")[:1]:
        rule = parse_rule(line.value)
        if rule.frequency is not Frequency.YEARLY:
            raise Invalid("The rule of a time zone must be a yearly one.")
        until = min(end, _at_wall(rule.until, offset)) if rule.until else end
        yield from islice(starts(rule, begin, begin, until), MAX_CHANGES)
    for line in observance.all("RDATE"):
        for value in filter(None, line.value.split(",")):
            yield _at_wall(read_moment(value.partition("/")[0]), offset)


def _at_wall(moment: Moment, offset: timedelta) -> datetime:
    """The wall clock of an onset, which may be written in UTC or, wrongly, as a date."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    try:
        return moment.replace(tzinfo=None) + (offset if moment.tzinfo else timedelta())
    except OverflowError as error:
        raise Invalid(f"{format_moment(moment)} is too near to the end of time.") from error


def _read_offset(value: str) -> int:
    """Seconds of a UTC-OFFSET (RFC 5545 3.3.14); hours beyond a day are refused."""
    digits = value.lstrip("+-")
    if value[:1] not in {"+", "-"} or not digits.isascii() or not digits.isdigit() or len(digits) not in {4, 6}:
        raise Invalid(f"{value[:20]!r} is no offset from UTC.")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:] or 0)
    if seconds >= 86400:
        raise Invalid(f"{value[:20]!r} is no offset from UTC.")
    return -seconds if value[0] == "-" else seconds


@lru_cache(maxsize=4096)
def _changes_of(zone: ZoneInfo, year: int) -> tuple[_Change, ...]:
    """Every change of the offset within a year of UTC, found by looking at each day and then halving it."""
    begin, end = (timestamp(datetime(number, 1, 1, tzinfo=UTC)) for number in (year, year + 1))
    days = range(begin, end + 1, 86400)
    seen = [_offset(zone, day) for day in days]
    return tuple(
        _change_between(zone, day, day + 86400)
        for day, before, after in zip(days, seen, seen[1:], strict=False)
        if before != after
    )


def _change_between(zone: ZoneInfo, left: int, right: int) -> _Change:
    """The change that lies after ``left`` and not after ``right``."""
    before, after = _offset(zone, left), _offset(zone, right)
    while right - left > 1:
        middle = (left + right) // 2
        left, right = (middle, right) if _offset(zone, middle) == before else (left, middle)
    was, now = from_timestamp(right - 1, zone), from_timestamp(right, zone)
    return _Change(right, before, after, zone.tzname(now) or "", _is_daylight(was, now))


def _is_daylight(was: datetime, now: datetime) -> bool:
    """Whether the change begins daylight saving; Ireland and Morocco count theirs as negative in winter."""
    before, after = was.dst() or timedelta(), now.dst() or timedelta()
    return after > before or (after == before and after > timedelta())


def _offset(zone: ZoneInfo, instant: int) -> int:
    return (from_timestamp(instant, zone).utcoffset() or timedelta()) // SECOND


def _ruled_from(changes: Sequence[_Change]) -> int:
    """The first year from which on every year has the same changes by rule; beyond the last year if none has."""
    years: dict[int, list[_Change]] = {year: [] for year in range(_PROOF_YEAR - 40, _PROOF_YEAR + 1)}
    for change in changes:
        years.setdefault(change.wall.year, []).append(change)
    ruled = LAST_YEAR + 1
    tail: dict[int, list[_Change]] = {}
    for year in sorted(years, reverse=True):
        if not years[year] or (tail and len(years[year]) != len(next(iter(tail.values())))):
            break
        tail[year] = years[year]
        if any(_rule([found[index] for found in tail.values()]) is None for index in range(len(years[year]))):
            break
        ruled = year
    return ruled if _PROOF_YEAR - ruled >= 10 else LAST_YEAR + 1


def _rule(changes: Sequence[_Change]) -> str | None:
    """The RRULE that makes all of these changes, one a year, if there is one."""
    kinds = {
        (change.before, change.after, change.name, change.wall.month, change.wall.weekday(), change.wall.time())
        for change in changes
    }
    if len(kinds) != 1:
        return None
    wall = changes[0].wall
    days = [change.wall.day for change in changes]
    lengths = [monthrange(change.wall.year, change.wall.month)[1] for change in changes]
    by_day, prefix = _WEEKDAYS[wall.weekday()], f"FREQ=YEARLY;BYMONTH={wall.month};BYDAY="
    if all(length - day < 7 for day, length in zip(days, lengths, strict=True)):
        return f"{prefix}-1{by_day}"
    if len({(day - 1) // 7 for day in days}) == 1:
        return f"{prefix}{(days[0] - 1) // 7 + 1}{by_day}"
    if max(days) - min(days) < 7 and min(days) + 6 <= min(lengths):
        return f"{prefix}{by_day};BYMONTHDAY=" + ",".join(str(min(days) + index) for index in range(7))
    return None


def _initial(zone: ZoneInfo, year: int) -> Component:
    """The observance that is in force when the first year begins."""
    begin = datetime(year, 1, 1, tzinfo=zone)
    offset = (begin.utcoffset() or timedelta()) // SECOND
    change = _Change(timestamp(begin), offset, offset, begin.tzname() or "", (begin.dst() or timedelta()) > timedelta())
    return _observance(change, ())


def _observances(group: Sequence[_Change], ruled: int) -> Iterator[Component]:
    """One observance for the changes that are listed and one for those that follow a rule."""
    listed = [change for change in group if change.wall.year < ruled]
    regular = [change for change in group if change.wall.year >= ruled]
    if listed:
        dates = ",".join(format_moment(change.wall) for change in listed[1:])
        yield _observance(listed[0], (make_line("RDATE", dates),) if dates else ())
    slots: dict[int, list[_Change]] = defaultdict(list)
    for change in regular:
        slots[change.wall.month].append(change)
    for changes in slots.values():
        yield _observance(changes[0], (make_line("RRULE", _rule(changes) or ""),))


def _observance(change: _Change, recurrence: tuple[ContentLine, ...]) -> Component:
    lines = (
        make_line("DTSTART", format_moment(change.wall)),
        *recurrence,
        make_line("TZOFFSETFROM", _format_offset(change.before)),
        make_line("TZOFFSETTO", _format_offset(change.after)),
        make_line("TZNAME", escape_text(change.name)),
    )
    return Component("DAYLIGHT" if change.daylight else "STANDARD", lines)


def _format_offset(seconds: int) -> str:
    hours, minutes, rest = abs(seconds) // 3600, abs(seconds) % 3600 // 60, abs(seconds) % 60
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}" + (f"{rest:02}" if rest else "")
