"""A series with its exceptions, which are items of their own at Exchange, as one object. Pure.

A deleted occurrence leaves no more than its start in the series: that is an EXDATE, unless we remember that it was an
exception which is cancelled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo

from bridge.core.canonical_event import is_rule
from bridge.core.contentline import read_line
from bridge.core.digest import same
from bridge.core.event import Event, Moment
from bridge.core.ical_times import moments_of
from bridge.core.rrule import parse_rule, starts
from bridge.core.timezones import Zones
from bridge.errors import Invalid, MappingError
from bridge.ports import Found, RemoteId, Version
from bridge.providers.exchange.event_read import (
    EXPRESSES,
    change_key,
    in_zone,
    moment_name,
    raw_id,
    read_event,
    read_zone,
)
from bridge.providers.exchange.fields import MORE, UID, read_own
from bridge.providers.exchange.more import read_more
from bridge.providers.exchange.patterns import Pattern, first_start, pattern_of, read_pattern, rule_of
from bridge.providers.exchange.xml import Element, child, rows, text
from bridge.providers.exchange.zones import day_of, read_instant, read_moment
from bridge.providers.occurrences import instance, start_key

Key = object


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it is there: a single event, or a master with the exceptions that were changed."""

    raw: Element
    exceptions: tuple[Element, ...] = field(default=())

    @property
    def id(self) -> RemoteId:
        """The id of the item."""
        return RemoteId(raw_id(self.raw))

    @property
    def version(self) -> Version:
        """Its change key: that of a series moves with its exceptions, which are stored in it."""
        return Version(change_key(self.raw))

    @property
    def has_deletions(self) -> bool:
        """Whether occurrences were taken out."""
        return child(self.raw, "DeletedOccurrences") is not None

    def event(self, home: tzinfo) -> Event:
        """The whole object. Raises ``Invalid``."""
        event = read_event(self.raw, home)
        found = child(self.raw, "Recurrence")
        if found is None:
            return event
        pattern = read_pattern(found)
        event = _begun(self.raw, pattern, event)
        lines, cancelled = _lines(self.raw, pattern, event, home)
        event = replace(event, recurrence=lines)
        changed = (exception(event, each, home) for each in self.exceptions)
        missing = (replace(instance(event, at), cancelled=True) for at in cancelled)
        kept = (each for each in changed if not says_nothing(event, each))
        return replace(event, overrides=(*missing, *kept))

    def found(self, home: tzinfo) -> Found[Event]:
        """The object as a listing tells it."""
        stamp = read_own(self.raw, UID)
        try:
            return Found(self.id, self.version, self.event(home), stamp=stamp)
        except Invalid as error:
            return Found(self.id, self.version, problem=str(error), stamp=stamp)


def exception_ids(raw: Element) -> list[str]:
    """The items of the occurrences that were changed."""
    found = (child(each, "ItemId") for each in rows(raw, "ModifiedOccurrences"))
    return [each.get("Id", "") for each in found if each is not None]


def exception(series: Event, raw: Element, home: tzinfo) -> Event:
    """A changed occurrence. Raises ``Invalid``."""
    read = read_event(raw, home)
    at = _beside(series, text(raw, "OriginalStart") or text(raw, "Start"), _zone(raw, home))
    if not read_own(raw, MORE):
        read = _inheriting(read, series)
    start, end = _like(read.start, series), _like(read.end, series)
    return replace(read, uid=series.uid, start=start, end=end, recurrence=(), recurrence_id=at)


def deletions(raw: Element, series: Event, home: tzinfo) -> dict[Key, Moment]:
    """The occurrences that were taken out of a series, by what tells them apart. Raises ``Invalid``."""
    zone = _zone(raw, home)
    found = (_beside(series, text(each, "Start"), zone) for each in rows(raw, "DeletedOccurrences"))
    return {start_key(each): each for each in found}


def excluded(event: Event) -> dict[Key, Moment]:
    """The occurrences that a series shall not have."""
    dates = {start_key(at): at for line in event.recurrence if not is_rule(line) for at in _dates(line)}
    gone = (each.recurrence_id for each in event.overrides if each.cancelled)
    return dates | {start_key(at): at for at in gone if at is not None}


def index_of(event: Event, at: Moment) -> int:
    """Which occurrence of a series begins at ``at``, from 1. Raises ``MappingError`` where none does."""
    assert event.start is not None  # noqa: S101 - a series has one
    pattern = pattern_of(event.recurrence, event.start)
    first, wanted = (
        _wall(first_start(pattern, event.start)),
        _wall(in_zone(at, event.start) if isinstance(at, datetime) else at),
    )
    if pattern.kind == "Absolute":
        months = 12 if pattern.month else pattern.interval
        passed = (wanted.year - first.year) * 12 + wanted.month - first.month
        if wanted >= first and passed % months == 0 and wanted.time() == first.time():
            return passed // months + 1
        raise _stray()
    rule = parse_rule(rule_of(replace(pattern, count=None, until=None), first).partition(":")[2])
    for number, moment in enumerate(starts(rule, first, first, wanted), 1):
        if moment == wanted:
            return number
    raise _stray()


def says_nothing(series: Event, override: Event) -> bool:
    """Whether an exception is just what the series itself says: Exchange cannot forget one."""
    assert override.recurrence_id is not None  # noqa: S101 - an exception has one
    return same(instance(series, override.recurrence_id), override, EXPRESSES)


def _lines(raw: Element, pattern: Pattern, event: Event, home: tzinfo) -> tuple[tuple[str, ...], list[Moment]]:
    """The lines of a recurrence as they were written, as far as they hold, and the occurrences that are cancelled."""
    assert event.start is not None  # noqa: S101 - it was read
    gone = deletions(raw, event, home)
    more = read_more(read_own(raw, MORE))
    cancelled = {key: at for key, at in gone.items() if moment_name(at) in more.dropped}
    gone = {key: at for key, at in gone.items() if key not in cancelled}
    if not _still_holds(more.rule, pattern, event.start):
        return (rule_of(pattern, event.start), *map(_exdate, gone.values())), list(cancelled.values())
    lines = []
    for line in more.rule:
        dates = {} if is_rule(line) else {start_key(at): at for at in _dates(line)}
        lines += [line] if dates.keys() <= gone.keys() else [_exdate(at) for key, at in dates.items() if key in gone]
        gone = {key: at for key, at in gone.items() if key not in dates}
    return (*lines, *map(_exdate, gone.values())), list(cancelled.values())


def _begun(raw: Element, pattern: Pattern, event: Event) -> Event:
    """A series with the start that it was given, where its rule leaves that one out and nothing changed since."""
    more = read_more(read_own(raw, MORE))
    if not more.first or event.start is None or event.end is None:
        return event
    try:
        wall: Moment = datetime.fromisoformat(more.first) if "T" in more.first else date.fromisoformat(more.first)
    except ValueError:
        return event
    zone = event.start.tzinfo if isinstance(event.start, datetime) else None
    start = wall.replace(tzinfo=zone) if isinstance(wall, datetime) else wall
    if isinstance(start, datetime) is not isinstance(event.start, datetime) or not _still_holds(
        more.rule, pattern, start
    ):
        return event
    if first_start(pattern, start) != event.start:
        return event
    return replace(event, start=start, end=event.end - (day_of(event.start) - day_of(start)))


def _still_holds(written: Sequence[str], pattern: Pattern, start: Moment) -> bool:
    try:
        return bool(written) and pattern_of(written, start) == pattern
    except MappingError:
        return False


def _dates(line: str) -> Iterator[Moment]:
    try:
        found = read_line(line.strip())
        yield from (at for at, _ in moments_of(found, Zones()))
    except Invalid:
        return


def _inheriting(read: Event, series: Event) -> Event:
    """An exception that nothing is remembered of, with what is remembered of its series."""
    return replace(
        read,
        type_key=series.type_key,
        done=series.done,
        color=series.color,
        url=series.url,
        conference_url=read.conference_url or series.conference_url,
        links=series.links,
    )


def _exdate(at: Moment) -> str:
    return f"EXDATE:{moment_name(at)}" if isinstance(at, datetime) else f"EXDATE;VALUE=DATE:{moment_name(at)}"


def _beside(series: Event, told: str, zone: tzinfo) -> Moment:
    """A start of an occurrence in the form of the start of its series. Raises ``Invalid``."""
    if isinstance(series.start, datetime):
        return in_zone(read_instant(told), series.start)
    return read_moment(told, zone, whole_day=True)


def _zone(raw: Element, home: tzinfo) -> tzinfo:
    """The zone in which days begin."""
    return read_zone(raw, "StartTimeZone", "", home) or home


def _like(moment: Moment | None, series: Event) -> Moment | None:
    return in_zone(moment, series.start) if isinstance(moment, datetime) else moment


def _wall(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None, fold=0, microsecond=0)
    return datetime.combine(day_of(moment), time())


def _stray() -> MappingError:
    return MappingError("overrides", "An exception of this series belongs to none of its occurrences.")


def by_start(series: Event, exceptions: Sequence[Element], home: tzinfo) -> Mapping[Key, Element]:
    """Changed occurrences by what tells them apart. What cannot be read is passed over."""
    found: dict[Key, Element] = {}
    for raw in exceptions:
        try:
            found[start_key(_beside(series, text(raw, "OriginalStart"), _zone(raw, home)))] = raw
        except Invalid:
            continue
    return found


def is_series(raw: Element) -> bool:
    """Whether an item is the master of a series."""
    return child(raw, "Recurrence") is not None
