"""Whether an object satisfies a filter, and the part of it that was asked for."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bridge.core.contentline import Component, serialize
from bridge.core.ical_values import from_timestamp
from bridge.core.query.alarms import trigger
from bridge.core.query.filters import CardFilter, CompFilter, Filter, TimeRange
from bridge.core.query.instances import Instances
from bridge.core.query.properties import card_matches, prop_matches
from bridge.core.query.selection import Selection, select
from bridge.core.query.spans import span_in
from bridge.core.query.times import Times
from bridge.core.recurrence import expand, limit_recurrence_set
from bridge.core.timezones import Zones

_DATED = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"})


def matches(whole: Component, wanted: Filter, floating: tzinfo) -> bool:
    """Say whether a calendar object or a vCard satisfies a filter.

    Floating times and dates are meant in ``floating`` (RFC 4791 7.3). Never raises: what cannot be read in the object
    does not match.
    """
    if isinstance(wanted, CardFilter):
        return card_matches(whole, wanted)
    if not wanted.defined:
        return whole.name != wanted.name
    times = Times(Zones(whole), floating)
    return whole.name == wanted.name and _Calendar(whole, times, Instances(whole, times)).matches(whole, wanted, None)


def touches(first: int, last: int | None, start: int | None, end: int | None) -> bool:
    """Say whether an event from ``first`` to ``last`` (``None``: for ever) overlaps a range, as RFC 4791 9.9 has it."""
    return span_in(first, math.inf if last is None else last, TimeRange(start, end))


@dataclass(frozen=True, slots=True)
class _Calendar:
    """One calendar object under evaluation."""

    whole: Component
    times: Times
    instances: Instances

    def matches(self, component: Component, wanted: CompFilter, parent: Component | None) -> bool:
        """RFC 4791 9.7.1: everything holds for this component."""
        return (
            all(prop_matches(component, prop, self.times.property_in) for prop in wanted.props)
            and all(self._inner(component, inner) for inner in wanted.comps)
            and (wanted.time_range is None or self.overlaps(component, wanted.time_range, parent))
        )

    def _inner(self, component: Component, wanted: CompFilter) -> bool:
        found = [inner for inner in component.components if inner.name == wanted.name]
        if not wanted.defined:
            return not found
        return any(self.matches(inner, wanted, component) for inner in found)

    def overlaps(self, component: Component, wanted: TimeRange, parent: Component | None) -> bool:
        """RFC 4791 9.9: some instance of the component lies in the range."""
        if component.name == "VCALENDAR":
            return any(self.overlaps(inner, wanted, component) for inner in component.components)
        if component.name == "VALARM":
            return parent is not None and self._alarm(component, wanted, parent)
        return component.name in _DATED and self.instances.overlaps(component, wanted)

    def _alarm(self, alarm: Component, wanted: TimeRange, parent: Component) -> bool:
        found = trigger(alarm, self.times)
        if found is None:
            return False
        if found.at is not None:
            return found.goes_off(found.at, wanted)
        instances = self.instances.spans(parent, found.reach(wanted))
        return any(
            found.goes_off((last if found.from_end else first) + found.offset, wanted) for first, last in instances
        )


def retrieve(whole: Component, selection: Selection, floating: tzinfo) -> str:
    """Return the wanted part of an object as text (RFC 4791 9.6)."""
    if selection.expand is not None:
        whole = expand(whole, *_window(selection.expand), floating)
    elif selection.limit is not None:
        whole = limit_recurrence_set(whole, *_window(selection.limit), floating)
    return serialize(whole if selection.part is None else select(whole, selection.part))


def _window(span: tuple[int, int]) -> tuple[datetime, datetime]:
    return from_timestamp(span[0], UTC), from_timestamp(span[1], UTC)
