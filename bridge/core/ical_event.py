"""From calendar components to the neutral ``Event``."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.core.contentline import Component, ContentLine, split_text_list, text_of, unescape_text
from bridge.core.event import Attendee, Event, EventKind, Links, Privacy
from bridge.core.ical_object import objects, uid_of
from bridge.core.ical_times import end_of, moment_of
from bridge.core.ical_values import read_duration, read_moment
from bridge.core.timezones import Zones
from bridge.errors import Invalid

RECURRENCE = ("RRULE", "RDATE", "EXDATE", "EXRULE")
CONFERENCES = ("X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL")

_MAILTO = "mailto:"


def event(calendar: Component) -> Event:
    """Return the event or task of a resource with its exceptions.

    Without a master, the first detached instance stands for the whole (D18). Raises ``Invalid`` for other kinds of
    objects and for unreadable times.
    """
    zones = Zones(calendar)
    found = [read_component(component, zones) for component in objects(calendar)]
    if not found:
        raise Invalid("The calendar holds no event or task.", condition="C:valid-calendar-object-resource")
    main = next((one for one in found if one.recurrence_id is None), found[0])
    return replace(main, overrides=tuple(one for one in found if one is not main))


def read_component(component: Component, zones: Zones) -> Event:
    """Return what one VEVENT or VTODO says. Raises ``Invalid`` for other components and unreadable times."""
    if component.name not in set(EventKind):
        raise Invalid(f"{component.name} is neither an event nor a task.", condition="C:supported-calendar-component")
    return Event(
        uid=uid_of(component),
        kind=EventKind(component.name),
        summary=text_value(component, "SUMMARY"),
        start=moment_of(component, "DTSTART", zones),
        end=end_of(component, zones),
        description=text_value(component, "DESCRIPTION"),
        location=text_value(component, "LOCATION"),
        url=component.value("URL"),
        conference_url=conference_url(component),
        categories=categories(component),
        color=text_value(component, "COLOR"),
        type_key=text_value(component, "X-CRM-TYPE"),
        links=Links(*(_number(component, name) for name in ("X-CRM-DEAL", "X-CRM-PERSON", "X-CRM-ORG"))),
        done=is_done(component),
        done_at=instant(component, "COMPLETED") if is_done(component) else None,
        cancelled=component.value("STATUS").upper() == "CANCELLED",
        busy=component.value("TRANSP").upper() != "TRANSPARENT",
        privacy=_privacy(component),
        reminders=tuple(_reminders(component)),
        attendees=attendees(component),
        recurrence=tuple(text_of(line) for line in component.lines if line.name in RECURRENCE),
        recurrence_id=moment_of(component, "RECURRENCE-ID", zones),
        sequence=_number(component, "SEQUENCE") or 0,
        created=instant(component, "CREATED"),
        modified=instant(component, "LAST-MODIFIED"),
    )


def text_value(component: Component, name: str) -> str:
    """Return the text of a property, or ``""``."""
    line = component.line(name)
    return unescape_text(line.value) if line else ""


def categories(component: Component) -> tuple[str, ...]:
    """Return all categories of all CATEGORIES lines, without white space around them."""
    texts = (text.strip() for line in component.all("CATEGORIES") for text in split_text_list(line.value))
    return tuple(text for text in texts if text)


def conference_lines(component: Component) -> list[ContentLine]:
    """Return the lines that may hold the address of a conference, the most telling first (RFC 7986 5.11)."""
    lines = [line for line in component.all("CONFERENCE") if line.value.strip()]
    lines.sort(key=lambda line: "VIDEO" not in (feature.upper() for feature in line.param_values("FEATURE")))
    return lines + [line for line in component.lines if line.name in CONFERENCES and line.value.strip()]


def conference_url(component: Component) -> str:
    """Return the address of the conference, or ``""``."""
    return next((line.value.strip() for line in conference_lines(component)), "")


def is_done(component: Component) -> bool:
    """Whether anything says that it is done: our own mark, or STATUS, PERCENT-COMPLETE or COMPLETED."""
    if component.value("X-CRM-DONE").upper() == "TRUE" or component.value("STATUS").upper() == "COMPLETED":
        return True
    if component.name != "VTODO":
        return False
    return component.value("PERCENT-COMPLETE") == "100" or bool(component.value("COMPLETED"))


def instant(component: Component, name: str) -> datetime | None:
    """Return a UTC time such as COMPLETED; ``None`` where it is missing or unreadable."""
    try:
        moment = read_moment(component.value(name), UTC)
    except Invalid:
        return None
    return moment if isinstance(moment, datetime) else None


def address_of(line: ContentLine) -> str:
    """Return the e-mail address of ATTENDEE or ORGANIZER, or the address as it is if it is no e-mail."""
    value = line.value.strip()
    if value.lower().startswith(_MAILTO):
        return value[len(_MAILTO) :]
    return line.param("EMAIL") or value


def attendees(component: Component) -> tuple[Attendee, ...]:
    """Return the organizer and the attendees in their order, each address once."""
    found: dict[str, Attendee] = {}
    for line in component.lines:
        if line.name not in {"ATTENDEE", "ORGANIZER"} or not (email := address_of(line)):
            continue
        known = found.get(email.lower(), Attendee(email))
        if line.name == "ORGANIZER":
            known = replace(known, organizer=True)
        else:
            known = replace(known, status=line.param("PARTSTAT").upper() or known.status)
        found[email.lower()] = replace(known, name=known.name or line.param("CN"))
    return tuple(found.values())


def _privacy(component: Component) -> Privacy:
    value = component.value("CLASS").upper()
    return Privacy(value) if value in set(Privacy) else Privacy.PUBLIC


def _number(component: Component, name: str) -> int | None:
    text = component.value(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _reminders(component: Component) -> Iterator[timedelta]:
    for alarm in component.components:
        trigger = alarm.line("TRIGGER") if alarm.name == "VALARM" else None
        if trigger is None or trigger.param("RELATED").upper() == "END":
            continue
        try:
            yield read_duration(trigger.value)
        except Invalid:
            continue  # an absolute time
