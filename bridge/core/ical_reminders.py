"""Write the reminders of an event into calendar text: only what differs, and none that a reminder cannot say."""

from collections.abc import Sequence
from datetime import timedelta

from bridge.core.contentline import Component, escape_text, make_line
from bridge.core.event import Event
from bridge.core.ical_times import moment_of
from bridge.core.ical_values import format_duration, identity, read_duration
from bridge.core.timezones import Zones
from bridge.errors import Invalid


def with_reminders(calendar: Component, event: Event) -> Component:
    """Return the calendar with a VALARM for each reminder of the event and of its exceptions (RFC 5545 3.6.6).

    An alarm whose offset from the start is still wanted stays as it is, and so do alarms at a fixed time or counted
    from the end, which ``Event`` does not know.
    """
    zones = Zones(calendar)
    wanted = {identity(one.recurrence_id): one for one in (event, *event.overrides)}

    def changed(child: Component) -> Component:
        one = wanted.get(identity(moment_of(child, "RECURRENCE-ID", zones))) if child.name == event.kind else None
        return _with_alarms(child, one) if one is not None else child

    children = tuple(changed(child) if isinstance(child, Component) else child for child in calendar.children)
    return Component(calendar.name, children)


def _with_alarms(component: Component, event: Event) -> Component:
    missing = list(event.reminders)
    kept = []
    for child in component.children:
        offset = _offset(child) if isinstance(child, Component) else None
        if offset in missing:
            missing.remove(offset)
        elif offset is not None:
            continue
        kept.append(child)
    if len(kept) == len(component.children) and not missing:
        return component
    return Component(component.name, (*kept, *_alarms(missing, event.summary)))


def _offset(alarm: Component) -> timedelta | None:
    trigger = alarm.line("TRIGGER") if alarm.name == "VALARM" else None
    if trigger is None or trigger.param("RELATED").upper() == "END":
        return None
    try:
        return read_duration(trigger.value)
    except Invalid:
        return None  # an absolute time


def _alarms(reminders: Sequence[timedelta], summary: str) -> list[Component]:
    return [
        Component(
            "VALARM",
            (
                make_line("ACTION", "DISPLAY"),
                make_line("DESCRIPTION", escape_text(summary)),
                make_line("TRIGGER", format_duration(reminder)),
            ),
        )
        for reminder in reminders
    ]
