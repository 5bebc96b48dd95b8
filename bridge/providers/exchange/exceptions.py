"""Writing the exceptions of series: occurrences that were changed or taken out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from bridge.core.event import Event, Moment
from bridge.errors import BridgeError, Invalid, MappingError, Refused
from bridge.providers.exchange.event_read import raw_id
from bridge.providers.exchange.event_write import ITEM, changes, memory_of, remember
from bridge.providers.exchange.fields import updates
from bridge.providers.exchange.items import Items, Occurrence, Ref, portions
from bridge.providers.exchange.more import write_more
from bridge.providers.exchange.series import (
    Key,
    by_start,
    exception,
    excluded,
    index_of,
    says_nothing,
)
from bridge.providers.exchange.xml import Element
from bridge.providers.occurrences import instance, start_key
from bridge.providers.one_by_one import concerns_one_object

Target = Ref | Occurrence


@dataclass(frozen=True, slots=True)
class Series:
    """A series that has just been written: its item, what it shall say, and which exceptions there are."""

    id: str
    wanted: Event
    exceptions: tuple[Element, ...] = ()
    deleted: frozenset[Key] = frozenset()


class Exceptions:
    """Brings the exceptions of many series to what they should be, with two requests."""

    def __init__(self, items: Items, home: tzinfo) -> None:
        self._items = items
        self._home = home

    def bring(self, several: Sequence[Series]) -> dict[str, BridgeError | None]:
        """Write what differs. Tells which series were touched, and why that failed for one."""
        errors: dict[str, BridgeError | None] = {}
        changed: list[tuple[str, Target, Element]] = []
        dropped: list[tuple[str, Target]] = []
        for each in several:
            try:
                edits = [(each.id, target, made) for target, made in self._changed(each)]
                dropped += [(each.id, target) for target in self._dropped(each)]
                changed += edits
            except MappingError as error:
                errors[each.id] = error
            except Invalid as error:
                errors[each.id] = Refused(f"What is there cannot be read, so it is not changed: {error}")
        for portion in portions(changed, self._items.batch):
            results = self._items.update([(target, made) for _, target, made in portion])
            told = [each if isinstance(each, BridgeError) else None for each in results]
            _note(errors, [id_ for id_, _, _ in portion], told)
        for some in portions(dropped, self._items.batch):
            _note(errors, [id_ for id_, _ in some], self._items.delete([target for _, target in some]))
        return errors

    def _changed(self, series: Series) -> Iterator[tuple[Target, Element]]:
        """The occurrences that say something else than they should, and what has to be set."""
        present = by_start(series.wanted, series.exceptions, self._home)
        wanted = {start_key(at): each for at, each in _overrides(series.wanted)}
        gone = excluded(series.wanted)
        for key, override in wanted.items():
            raw = present.get(key)
            if raw is not None or not says_nothing(series.wanted, override):
                yield from self._change(series, override, raw)
        for key, raw in present.items():
            if key not in wanted and key not in gone:
                there = exception(series.wanted, raw, self._home)
                assert there.recurrence_id is not None  # noqa: S101 - it was just given one
                yield from self._change(series, instance(series.wanted, there.recurrence_id), raw)

    def _change(self, series: Series, wanted: Event, raw: Element | None) -> Iterator[tuple[Target, Element]]:
        assert wanted.recurrence_id is not None  # noqa: S101 - an exception has one
        usual = instance(series.wanted, wanted.recurrence_id)
        there = exception(series.wanted, raw, self._home) if raw is not None else usual
        memory = memory_of(raw) if raw is not None else ""
        fields = changes(
            replace(wanted, recurrence=(), overrides=()),
            there,
            self._home,
            memory=memory or write_more(remember(usual, self._home)),
        )
        if fields:
            target = Ref(raw_id(raw)) if raw is not None else self._occurrence(series, wanted.recurrence_id)
            yield target, updates(ITEM, fields)

    def _dropped(self, series: Series) -> Iterator[Target]:
        """The occurrences that are there and should not be. An EXDATE that meets none has no effect."""
        present = by_start(series.wanted, series.exceptions, self._home)
        for key, at in excluded(series.wanted).items():
            if key in series.deleted:
                continue
            if key in present:
                yield Ref(raw_id(present[key]))
                continue
            try:
                yield self._occurrence(series, at)
            except MappingError:
                continue

    def _occurrence(self, series: Series, at: Moment) -> Occurrence:
        return Occurrence(series.id, index_of(series.wanted, at))


def must_begin_anew(wanted: Event, deleted: frozenset[Key]) -> bool:
    """Whether an occurrence that was taken out is wanted again: only a new recurrence brings it back."""
    return not deleted <= excluded(wanted).keys()


def _overrides(event: Event) -> Iterator[tuple[Moment, Event]]:
    for each in event.overrides:
        if each.recurrence_id is not None and not each.cancelled:
            yield each.recurrence_id, each


def _note(errors: dict[str, BridgeError | None], ids: Sequence[str], results: Sequence[BridgeError | None]) -> None:
    """Keep the first error of each series. Raises what concerns everything."""
    for id_, error in zip(ids, results, strict=True):
        if error is not None and not concerns_one_object(error):
            raise error
        errors[id_] = errors.get(id_) or error
