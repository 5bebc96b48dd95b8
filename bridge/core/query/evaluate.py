"""Whether an object satisfies a filter, and the part of it that was asked for."""

from dataclasses import dataclass
from datetime import tzinfo

from bridge.core.contentline import Component, serialize
from bridge.core.query.alarms import trigger
from bridge.core.query.filters import CardFilter, CompFilter, Filter, TimeRange
from bridge.core.query.instances import Instances
from bridge.core.query.properties import card_matches, prop_matches
from bridge.core.query.selection import Selection, select
from bridge.core.query.spans import free_busy_in, span_in, task_in
from bridge.core.query.times import Times
from bridge.core.recurrence import expand, limit_recurrence_set
from bridge.core.timezones import Zones

FOREVER = 2**62

_INSIDE = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")


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
    return span_in(first, FOREVER if last is None else last, TimeRange(start, end))


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
        match component.name:
            case "VCALENDAR":
                inside = [inner for inner in component.components if inner.name in _INSIDE]
                found = any(self.overlaps(inner, wanted, component) for inner in inside)
            case "VEVENT" | "VJOURNAL":
                found = any(span_in(*instance, wanted) for instance in self.instances.events(component, wanted))
            case "VTODO":
                found = any(task_in(task, wanted) for task in self.instances.tasks(component, wanted))
            case "VFREEBUSY":
                found = self._free_busy(component, wanted)
            case "VALARM":
                found = parent is not None and self._alarm(component, wanted, parent)
            case _:
                found = False
        return found

    def _free_busy(self, component: Component, wanted: TimeRange) -> bool:
        start, end = self.times.at(component, "DTSTART"), self.times.at(component, "DTEND")
        if start is not None and end is not None:
            return free_busy_in(start, end, wanted)
        return any(span_in(*period, wanted) for period in self.times.periods(component))

    def _alarm(self, alarm: Component, wanted: TimeRange, parent: Component) -> bool:
        found = trigger(alarm, self.times)
        if found is None:
            return False
        if found.at is not None:
            return found.goes_off(found.at, wanted)
        instances = self.instances.of(parent, found.reach(wanted))
        return any(
            found.goes_off((last if found.from_end else first) + found.offset, wanted) for first, last in instances
        )


def retrieve(whole: Component, selection: Selection, floating: tzinfo) -> str:
    """Return the wanted part of an object as text (RFC 4791 9.6)."""
    if selection.expand is not None:
        whole = expand(whole, *selection.expand, floating)
    elif selection.limit is not None:
        whole = limit_recurrence_set(whole, *selection.limit, floating)
    return serialize(whole if selection.part is None else select(whole, selection.part))
