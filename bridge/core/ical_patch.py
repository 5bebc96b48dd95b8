"""From the neutral ``Event`` to calendar text: fresh, into a client's own text, or from one kind into the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.core.contentline import Component, ContentLine, escape_text, make_line, serialize
from bridge.core.event import Event, EventKind
from bridge.core.ical_fields import utc_line, write_fields
from bridge.core.ical_object import PRODID, component_kind, objects, tzids, uid, uid_of, with_uid
from bridge.core.ical_times import moment_of
from bridge.core.ical_values import format_duration, identity
from bridge.core.timezones import RuleZone, Zones, vtimezone, zone_name

_NOT_FOR_TASKS = {"CONFIRMED", "TENTATIVE"}
_TASK_PROGRESS = {"PERCENT-COMPLETE", "COMPLETED"}


def draw(event: Event, *, prodid: str = PRODID, stamp: datetime) -> Component:
    """Return a fresh calendar for an event or task, with the VTIMEZONEs of its zones and a VALARM for each reminder.

    ``stamp`` is an aware time for DTSTAMP. Raises ``MappingError`` for what iCalendar cannot express.
    """
    header = (make_line("VERSION", "2.0"), make_line("PRODID", escape_text(prodid)), make_line("CALSCALE", "GREGORIAN"))
    return patch(Component("VCALENDAR", header), event, stamp=stamp)


def render(event: Event, *, prodid: str = PRODID, stamp: datetime) -> str:
    """Return the text of what ``draw`` draws."""
    return serialize(draw(event, prodid=prodid, stamp=stamp))


def patch(calendar: Component, event: Event, *, stamp: datetime) -> Component:
    """Return the calendar with the mapped properties that differ from ``event`` replaced.

    Everything else stays byte for byte, reminders included; applied twice it changes nothing more. DTSTAMP,
    LAST-MODIFIED and SEQUENCE follow only where something else changed in that component. Exceptions that ``event``
    does not have are removed, those that are missing are added, and so are VTIMEZONEs for new zones. The kind of the
    component and its UID stay. Raises ``MappingError`` for what iCalendar cannot express.
    """
    zones = Zones(calendar)
    kind = EventKind(component_kind(calendar) or event.kind)
    own_uid = uid(calendar) or event.uid
    wanted: dict[object, Event] = {}
    for one in (event, *event.overrides):
        wanted.setdefault(identity(one.recurrence_id), one)
    present = set()
    children: list[ContentLine | Component] = []
    for child in calendar.children:
        if isinstance(child, ContentLine) or child.name != kind:
            children.append(child)
            continue
        key = identity(moment_of(child, "RECURRENCE-ID", zones))
        present.add(key)
        if key in wanted:
            children.append(write_fields(child, wanted[key], zones, stamp))
    missing = (one for key, one in wanted.items() if key not in present)
    children.extend(_fresh(replace(one, kind=kind, uid=own_uid), zones, stamp) for one in missing)
    changed = Component(calendar.name, tuple(children))
    if own_uid and not all(uid_of(component) for component in objects(changed)):
        changed = with_uid(changed, own_uid)
    return _with_zones(changed, calendar, event)


def convert(calendar: Component, kind: EventKind, event: Event, *, stamp: datetime) -> Component:
    """Return the calendar with its events as tasks or its tasks as events, patched to ``event``.

    All lines that are not mapped stay; what only the other kind knows (STATUS:CONFIRMED, PERCENT-COMPLETE …) goes.
    """
    children = (
        _renamed(child, kind) if isinstance(child, Component) and child.name in set(EventKind) else child
        for child in calendar.children
    )
    converted = Component(calendar.name, tuple(children))
    overrides = tuple(replace(one, kind=kind) for one in event.overrides)
    return patch(converted, replace(event, kind=kind, overrides=overrides), stamp=stamp)


def _fresh(event: Event, zones: Zones, stamp: datetime) -> Component:
    """A component of our own."""
    kind = event.kind
    lines = [make_line("UID", escape_text(event.uid))] if event.uid else []
    if kind is EventKind.EVENT:
        lines += [make_line("STATUS", "CONFIRMED"), make_line("TRANSP", "OPAQUE")]
    blank = Component(kind, tuple(lines))
    written = write_fields(blank, event, zones, stamp)
    own = [utc_line("DTSTAMP", stamp)]
    own += [utc_line("CREATED", event.created)] if event.created else []
    own += [utc_line("LAST-MODIFIED", event.modified)] if event.modified else []
    own += [make_line("SEQUENCE", str(event.sequence))] if event.sequence else []
    dropped = {line.name for line in own} | {"LAST-MODIFIED", "SEQUENCE"}
    kept = tuple(child for child in written.children if child.name not in dropped)
    alarms = tuple(_alarm(reminder, event.summary) for reminder in event.reminders)
    return Component(kind, (*kept[: len(lines[:1])], *own, *kept[len(lines[:1]) :], *alarms))


def _alarm(reminder: timedelta, summary: str) -> Component:
    lines = (
        make_line("ACTION", "DISPLAY"),
        make_line("DESCRIPTION", escape_text(summary)),
        make_line("TRIGGER", format_duration(reminder)),
    )
    return Component("VALARM", lines)


def _with_zones(changed: Component, before: Component, event: Event) -> Component:
    """The calendar with a VTIMEZONE for each zone that it did not name before."""
    defined = {component.value("TZID") for component in before.components if component.name == "VTIMEZONE"}
    named = {tzid for component in objects(before) for tzid in tzids(component)}
    new = dict.fromkeys(tzid for component in objects(changed) for tzid in tzids(component))
    known = dict(_zones_of(event))
    others = Zones(before)
    added = []
    for tzid in new:
        zone = known.get(tzid) or others.get(tzid)
        if tzid not in defined | named and isinstance(zone, ZoneInfo | RuleZone):
            added.append(_definition(tzid, zone, event))
    if not added:
        return changed
    children = changed.children
    place = next(index for index, child in enumerate(children) if isinstance(child, Component))
    return Component(changed.name, (*children[:place], *added, *children[place:]))


def _zones_of(event: Event) -> Iterator[tuple[str, tzinfo]]:
    for one in (event, *event.overrides):
        for moment in (one.start, one.end, one.recurrence_id):
            if isinstance(moment, datetime) and moment.tzinfo is not None and zone_name(moment.tzinfo):
                yield zone_name(moment.tzinfo), moment.tzinfo


def _definition(tzid: str, zone: ZoneInfo | RuleZone, event: Event) -> Component:
    if isinstance(zone, RuleZone):
        return zone.component
    starts = (one.start or one.end for one in (event, *event.overrides))
    first = min((start.year for start in starts if start is not None), default=1970)
    definition = vtimezone(zone, first)
    if definition.value("TZID") == tzid:
        return definition
    return Component("VTIMEZONE", (make_line("TZID", escape_text(tzid)), *definition.components))


def _renamed(component: Component, kind: EventKind) -> Component:
    """The component as one of the other kind, with the same lines as far as that kind has them."""
    if component.name == kind:
        return component
    task = kind is EventKind.TASK
    old, new = ("DTEND", "DUE") if task else ("DUE", "DTEND")
    children: list[ContentLine | Component] = []
    for child in component.children:
        if isinstance(child, Component):
            children.append(child)
        elif child.name == old:
            children.append(make_line(new, child.value, child.params))
        elif not _only_other_kind(child, task=task):
            children.append(child)
    return Component(kind, tuple(children))


def _only_other_kind(line: ContentLine, *, task: bool) -> bool:
    status = line.value.strip().upper() if line.name == "STATUS" else ""
    if task:
        return line.name == "X-CRM-DONE" or status in _NOT_FOR_TASKS
    return line.name in _TASK_PROGRESS or (bool(status) and status != "CANCELLED")
