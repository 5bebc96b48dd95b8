"""Reminders of an event that is there already: those that are not wanted go, those that are missing come. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core import ical
from bridge.core.contentline import Component, ContentLine
from bridge.core.event import Event
from bridge.core.ical_event import read_component
from bridge.core.timezones import Zones


def with_reminders(calendar: Component, event: Event, stamp: datetime) -> Component:
    """The calendar with the reminders of ``event``. Alarms at absolute times or relative to the end stay."""
    zones = Zones(calendar)
    wanted = {one.recurrence_id: one for one in (event, *event.overrides)}

    def mended(child: ContentLine | Component) -> ContentLine | Component:
        if isinstance(child, ContentLine) or child.name != event.kind:
            return child
        there = read_component(child, zones)
        one = wanted.get(there.recurrence_id)
        if one is None or set(one.reminders) == set(there.reminders):
            return child
        return _mended(child, replace(one, overrides=()), stamp)

    return Component(calendar.name, tuple(mended(child) for child in calendar.children))


def _mended(component: Component, event: Event, stamp: datetime) -> Component:
    kept: list[ContentLine | Component] = []
    present: set[timedelta] = set()
    for child in component.children:
        offsets = _offsets(child)
        if not offsets or offsets[0] in event.reminders:
            kept.append(child)
            present.update(offsets)
    fresh = (alarm for alarm in _alarms(ical.draw(event, stamp=stamp)) if _offsets(alarm)[0] not in present)
    return Component(component.name, (*kept, *fresh))


def _alarms(calendar: Component) -> Iterator[Component]:
    for component in calendar.components:
        yield from (inner for inner in component.components if inner.name == "VALARM")


def _offsets(child: ContentLine | Component) -> tuple[timedelta, ...]:
    """How long before the start an alarm rings; nothing for anything else."""
    if isinstance(child, ContentLine) or child.name != "VALARM":
        return ()
    return read_component(Component("VEVENT", (child,)), Zones()).reminders
