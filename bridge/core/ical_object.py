"""Calendar object resources as a whole: reading with RFC 4791's conditions, taking apart and joining files."""

from collections.abc import Iterable, Iterator

from bridge.core import recurrence
from bridge.core.contentline import Component, ContentLine, escape_text, make_line, parse, serialize, unescape_text
from bridge.core.ical_times import end_of, moment_of
from bridge.core.timezones import Zones
from bridge.errors import Invalid

PRODID = "-//davbridge//EN"

BAD_DATA = "C:valid-calendar-data"
BAD_RESOURCE = "C:valid-calendar-object-resource"

_OF_THE_OWNER = ("X-MOZ-", "X-APPLE-", "X-LIC-")


def read(text: str) -> Component:
    """Read the VCALENDAR of one calendar object resource (RFC 4791 4.1).

    Raises ``Invalid`` with the condition ``C:valid-calendar-data`` for text that is no iCalendar and with
    ``C:valid-calendar-object-resource`` for a calendar that is no resource. Much is let through that the RFCs do not
    allow but that real files contain: a missing VTIMEZONE, UID, VERSION or DTSTAMP, odd values of DTEND. A
    METHOD:PUBLISH, which exported files have and which asks for nothing (RFC 5546 1.4), is left out.
    """
    try:
        found = parse(text)
    except Invalid as error:
        raise Invalid(str(error), condition=BAD_DATA) from error
    calendars = [component for component in found if component.name == "VCALENDAR"]
    if len(calendars) != 1 or len(found) != 1:
        what = "no VCALENDAR" if not calendars else "more than one VCALENDAR"
        raise Invalid(f"The text holds {what if len(calendars) != 1 else 'more than a VCALENDAR'}.", condition=BAD_DATA)
    calendar = _without_publish(calendars[0])
    _check_resource(calendar)
    try:
        _check_times(calendar)
    except Invalid as error:
        raise Invalid(str(error), condition=BAD_DATA) from error
    return calendar


def objects(calendar: Component) -> Iterator[Component]:
    """Yield the events, tasks, journal entries and so on, but neither time zones nor extensions."""
    return (
        component
        for component in calendar.components
        if component.name != "VTIMEZONE" and not component.name.startswith("X-")
    )


def component_kind(calendar: Component) -> str:
    """Return ``VEVENT``, ``VTODO``, ``VJOURNAL`` …, or ``""`` for a calendar without any object."""
    return next((component.name for component in objects(calendar)), "")


def uid(calendar: Component) -> str:
    """Return the UID, or ``""``."""
    return next((found for component in objects(calendar) if (found := uid_of(component))), "")


def uid_of(component: Component) -> str:
    """Return the UID of an event or task, or ``""``."""
    return unescape_text(component.value("UID"))


def with_uid(calendar: Component, new_uid: str) -> Component:
    """Return the calendar with the UID in every object that has none."""
    line = make_line("UID", escape_text(new_uid))

    def identified(child: ContentLine | Component) -> ContentLine | Component:
        if isinstance(child, ContentLine) or child not in lacking:
            return child
        return Component(child.name, (line, *(other for other in child.children if other.name != "UID")))

    lacking = [component for component in objects(calendar) if not uid_of(component)]
    return Component(calendar.name, tuple(identified(child) for child in calendar.children))


def for_colleague(calendar: Component) -> Component:
    """Return a copy without what belongs to the owner's devices only: alarms, their states, and attachments."""

    def shown(child: ContentLine | Component) -> bool:
        if isinstance(child, Component):
            return child.name != "VALARM"
        return child.name != "ATTACH" and not child.name.startswith(_OF_THE_OWNER)

    def copied(component: Component) -> Component:
        if component.name == "VTIMEZONE":
            return component
        children = (copied(child) if isinstance(child, Component) else child for child in component.children)
        return Component(component.name, tuple(child for child in children if shown(child)))

    return copied(calendar)


def split(text: str) -> tuple[str, ...]:
    """Take a whole file apart into the texts of one resource per object, in the order of their first mention.

    Each gets the VTIMEZONEs that it names and the calendar's own lines, but no METHOD. Several calendars in a file
    and bare components without any calendar are understood too. Raises ``Invalid`` for text that is no iCalendar.
    """
    texts: list[str] = []
    loose: list[Component] = []
    try:
        found = parse(text)
    except Invalid as error:
        raise Invalid(str(error), condition=BAD_DATA) from error
    for component in found:
        if component.name == "VCALENDAR":
            texts.extend(_split_calendar(component))
        else:
            loose.append(component)
    if loose:
        header = (make_line("VERSION", "2.0"), make_line("PRODID", PRODID))
        texts.extend(_split_calendar(Component("VCALENDAR", (*header, *loose))))
    return tuple(texts)


def join(texts: Iterable[str]) -> str:
    """Put resources together into one file; each time zone is written once. Raises ``Invalid``."""
    zones: dict[str, Component] = {}
    others: list[Component] = []
    for text in texts:
        for component in (inner for calendar in parse(text) for inner in calendar.components):
            if component.name == "VTIMEZONE":
                zones.setdefault(component.value("TZID"), component)
            else:
                others.append(component)
    header = (make_line("VERSION", "2.0"), make_line("PRODID", PRODID))
    return serialize(Component("VCALENDAR", (*header, *zones.values(), *others)))


def tzids(component: Component) -> Iterator[str]:
    """Yield the TZIDs that the lines of a component and of those inside it name."""
    for line in component.lines:
        yield from line.param_values("TZID")
    for inner in component.components:
        if inner.name != "VTIMEZONE":
            yield from tzids(inner)


def _split_calendar(calendar: Component) -> Iterator[str]:
    zones = {component.value("TZID"): component for component in calendar.components if component.name == "VTIMEZONE"}
    header = tuple(line for line in calendar.lines if line.name != "METHOD")
    groups: dict[object, list[Component]] = {}
    for number, component in enumerate(objects(calendar)):
        groups.setdefault((uid_of(component) or number, component.name), []).append(component)
    for group in groups.values():
        named = dict.fromkeys(tzid for component in group for tzid in tzids(component))
        needed = (zones[tzid] for tzid in named if tzid in zones)
        yield serialize(Component("VCALENDAR", (*header, *needed, *group)))


def _without_publish(calendar: Component) -> Component:
    if calendar.value("METHOD").upper() != "PUBLISH":
        return calendar
    return Component(calendar.name, tuple(child for child in calendar.children if child.name != "METHOD"))


def _check_resource(calendar: Component) -> None:
    found = list(objects(calendar))
    kinds = {component.name for component in found}
    masters = [component for component in found if component.line("RECURRENCE-ID") is None]
    problem = ""
    if calendar.line("METHOD"):
        problem = "A scheduling message (METHOD) cannot be stored in a calendar."
    elif not found:
        problem = "The calendar holds no event or task."
    elif len(kinds) > 1:
        problem = f"The calendar mixes {' and '.join(sorted(kinds))}."
    elif len({uid_of(component) for component in found}) > 1 or (len(found) > 1 and not uid(calendar)):
        problem = "The calendar holds objects with different UIDs."
    elif len(masters) > 1:
        problem = f"The calendar holds the object {uid(calendar)[:100]!r} more than once."
    if problem:
        raise Invalid(problem, condition=BAD_RESOURCE)


def _check_times(calendar: Component) -> None:
    zones = Zones(calendar)
    for component in objects(calendar):
        if component.name == "VEVENT" and component.line("DTSTART") is None:
            raise Invalid("An event without DTSTART cannot be stored.")
        for name in ("DTSTART", "RECURRENCE-ID"):
            moment_of(component, name, zones)
        end_of(component, zones)
    recurrence.check(calendar)
