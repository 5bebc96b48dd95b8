"""Writing the mapped properties of an ``Event`` into a component, each only where it differs (D11, D16)."""

from dataclasses import replace
from datetime import UTC, datetime

from bridge.core.contentline import Component, ContentLine, Params, escape_text, make_line, printable, read_line
from bridge.core.event import Attendee, Event, EventKind, Moment, Privacy
from bridge.core.ical_draft import Draft
from bridge.core.ical_event import (
    CONFERENCES,
    RECURRENCE,
    address_of,
    attendees,
    categories,
    conference_lines,
    conference_url,
    is_done,
    read_component,
    text_value,
)
from bridge.core.ical_times import end_name, end_of, fit_end, implied_end, moment_line, moment_of, moments_of
from bridge.core.ical_values import DAY, add, from_timestamp, identity, same_moment, timestamp
from bridge.core.rrule import Rule, parse_rule
from bridge.core.timezones import Zones, zone_name
from bridge.errors import Invalid, MappingError

_SEASONS = tuple(DAY * days for days in (91, 182, 273))


def write_fields(component: Component, event: Event, zones: Zones, stamp: datetime) -> Component:
    """Return the component with the properties that differ from ``event`` replaced; the same object if none does.

    Reminders are left alone. Raises ``MappingError`` for an event that iCalendar cannot express.
    """
    before = read_component(component, zones)
    draft = Draft(component)
    _write_texts(draft, event)
    _write_start(draft, event, before, zones)
    _write_end(draft, event, before, zones)
    _write_recurrence(draft, event, before, zones)
    _write_state(draft, event, before)
    _write_done(draft, event, before, stamp)
    _write_links(draft, event, before)
    _write_conference(draft, event)
    _write_attendees(draft, event)
    if draft.changed:
        _write_stamps(draft, event, before, zones, stamp)
    return draft.component


def utc_line(name: str, moment: datetime) -> ContentLine:
    """Write a property that is always in UTC; a naive time is taken for UTC."""
    return moment_line(name, from_timestamp(timestamp(moment), UTC))


def _write_texts(draft: Draft, event: Event) -> None:
    texts = {
        "SUMMARY": event.summary,
        "DESCRIPTION": event.description,
        "LOCATION": event.location,
        "COLOR": event.color,
        "X-CRM-TYPE": event.type_key,
    }
    for name, text in texts.items():
        _write_text(draft, name, text)
    if draft.component.value("URL") != make_line("URL", event.url.strip()).value:
        _put_or_drop(draft, "URL", event.url.strip())
    wanted = tuple(filter(None, (category.strip() for category in event.categories)))
    line = make_line("CATEGORIES", ",".join(escape_text(category) for category in wanted))
    if categories(draft.component) != categories(Component("", (line,))):
        draft.drop("CATEGORIES") if not wanted else draft.put(line)


def _write_text(draft: Draft, name: str, text: str) -> None:
    line = make_line(name, escape_text(text))
    if text_value(draft.component, name) == text_value(Component("", (line,)), name):
        return
    old = draft.component.line(name)
    params: Params = tuple(param for param in old.params if param[0] == "LANGUAGE") if old else ()
    _put_or_drop(draft, name, line.value, params)
    if name == "DESCRIPTION":
        draft.drop("X-ALT-DESC")


def _put_or_drop(draft: Draft, name: str, value: str, params: Params = ()) -> None:
    if value:
        draft.put(make_line(name, value, params))
    else:
        draft.drop(name)


def _write_start(draft: Draft, event: Event, before: Event, zones: Zones) -> None:
    if event.start is None:
        if draft.component.name == EventKind.EVENT:
            raise MappingError("DTSTART", "An event needs a start.")
        if before.start is not None:
            draft.drop("DTSTART", "DURATION")
    elif not _same_start(before, event):
        draft.put(moment_line("DTSTART", event.start, _like(draft, event.start, zones, "DTSTART")))


def _same_start(before: Event, event: Event) -> bool:
    """Whether both begin at the same time, a series in every season too."""
    one, other = before.start, event.start
    if not same_moment(one, other) or not (before.recurrence and event.recurrence):
        return same_moment(one, other)
    if not isinstance(one, datetime) or not isinstance(other, datetime):
        return True
    return all(same_moment(add(one, season), add(other, season)) for season in _SEASONS)


def _like(draft: Draft, moment: Moment, zones: Zones, *names: str) -> ContentLine | None:
    """The line whose TZID means the zone of the moment, to be kept as it is spelled."""
    wanted = zone_name(moment.tzinfo) if isinstance(moment, datetime) else ""
    lines = (draft.component.line(name) for name in names)
    candidates = (line for line in lines if line is not None and line.param("TZID"))
    return next((line for line in candidates if wanted and zone_name(zones.get(line.param("TZID"))) == wanted), None)


def _write_end(draft: Draft, event: Event, before: Event, zones: Zones) -> None:
    kind = draft.component.name
    name = end_name(kind)
    end = fit_end(kind, event.start, event.end)
    current = implied_end(kind, event.start, end_of(draft.component, zones))
    if same_moment(current, implied_end(kind, event.start, end)) and (
        end is None or _same_start(before, event) or _is_exact(draft, end, zones)
    ):
        return
    if end is None:
        draft.drop(name, "DURATION")
        return
    line = moment_line(name, end, _like(draft, end, zones, name, "DTSTART"))
    draft.replace(lambda other: other.name in {name, "DURATION"}, line)


def _is_exact(draft: Draft, end: Moment, zones: Zones) -> bool:
    """Whether the end is written as it is, and not only read so by leniency or because none is given."""
    literal = moment_of(draft.component, end_name(draft.component.name), zones)
    return same_moment(literal, end) if literal is not None else draft.component.line("DURATION") is not None


def _write_recurrence(draft: Draft, event: Event, before: Event, zones: Zones) -> None:
    lines = [_recurrence_line(text) for text in event.recurrence]
    if _meaning(lines, zones) != _meaning([read_line(text) for text in before.recurrence], zones):
        draft.replace(lambda line: line.name in RECURRENCE, *lines)
    if event.recurrence_id is not None and not same_moment(event.recurrence_id, before.recurrence_id):
        draft.put(moment_line("RECURRENCE-ID", event.recurrence_id))


def _recurrence_line(text: str) -> ContentLine:
    line = read_line(text)
    if line.name not in RECURRENCE:
        raise MappingError("RRULE", f"{text[:60]!r} is no part of a recurrence.")
    return make_line(line.name, line.value, line.params)


def _meaning(lines: list[ContentLine], zones: Zones) -> frozenset[object]:
    """What the lines say, however it is written."""
    found: set[object] = set()
    for line in lines:
        try:
            if line.name in {"RRULE", "EXRULE"}:
                found.add((line.name, _essence(parse_rule(line.value))))
            else:
                found.update((line.name, identity(start), str(length)) for start, length in moments_of(line, zones))
        except Invalid:
            found.add((line.name, line.value))
    return frozenset(found)


def _essence(rule: Rule) -> Rule:
    """The rule without a WKST that makes no difference (RFC 5545 3.3.10)."""
    matters = rule.interval > 1 or rule.by_week or rule.by_position
    return rule if matters else replace(rule, week_start=0)


def _write_state(draft: Draft, event: Event, before: Event) -> None:
    is_event = draft.component.name == EventKind.EVENT
    if event.cancelled and not before.cancelled:
        draft.put(make_line("STATUS", "CANCELLED"))
    elif before.cancelled and not event.cancelled:
        done = "COMPLETED" if event.done else ""
        _put_or_drop(draft, "STATUS", "CONFIRMED" if is_event else done)
    if event.busy != before.busy:
        draft.put(make_line("TRANSP", "OPAQUE" if event.busy else "TRANSPARENT"))
    if event.privacy is not before.privacy:
        draft.put(make_line("CLASS", Privacy(event.privacy).value))


def _write_done(draft: Draft, event: Event, before: Event, stamp: datetime) -> None:
    if not event.done:
        if before.done:
            _reopen(draft)
        return
    if draft.component.name == EventKind.EVENT:
        if not before.done:
            draft.put(make_line("X-CRM-DONE", "TRUE"))
        return
    if before.done and (event.done_at is None or same_moment(event.done_at, before.done_at)):
        return
    if not event.cancelled:
        draft.put(make_line("STATUS", "COMPLETED"))
    draft.put(make_line("PERCENT-COMPLETE", "100"))
    draft.put(utc_line("COMPLETED", event.done_at or stamp))


def _reopen(draft: Draft) -> None:
    draft.drop("X-CRM-DONE", "PERCENT-COMPLETE", "COMPLETED")
    if is_done(draft.component):
        draft.drop("STATUS")


def _write_links(draft: Draft, event: Event, before: Event) -> None:
    links, old = event.links, before.links
    for name, wanted, known in (
        ("X-CRM-DEAL", links.deal_id, old.deal_id),
        ("X-CRM-PERSON", links.person_id, old.person_id),
        ("X-CRM-ORG", links.organization_id, old.organization_id),
    ):
        if wanted != known:
            _put_or_drop(draft, name, "" if wanted is None else str(wanted))


def _write_conference(draft: Draft, event: Event) -> None:
    line = make_line("CONFERENCE", event.conference_url.strip(), (("VALUE", ("URI",)), ("FEATURE", ("VIDEO",))))
    if line.value == conference_url(draft.component):
        return
    candidates = conference_lines(draft.component)
    if not line.value:
        draft.replace(lambda other: other in candidates)
        return
    old = candidates[:1]
    draft.replace(lambda other: other in old or other.name in CONFERENCES, line)


def _write_attendees(draft: Draft, event: Event) -> None:
    cleaned = (_cleaned(attendee) for attendee in event.attendees)
    wanted = {attendee.email.lower(): attendee for attendee in cleaned if attendee.email}
    known = {attendee.email.lower(): attendee for attendee in attendees(draft.component)}
    if wanted == known:
        return
    for name in ("ORGANIZER", "ATTENDEE"):
        for line in draft.component.all(name):
            email = address_of(line).lower()
            if email not in wanted or (name == "ORGANIZER" and not wanted[email].organizer):
                draft.replace(lambda other, gone=line: other is gone)  # type: ignore[misc]
    for email, attendee in wanted.items():
        if attendee != known.get(email):
            _write_attendee(draft, attendee)


def _cleaned(attendee: Attendee) -> Attendee:
    """The attendee as a line can carry it."""
    email = make_line("ATTENDEE", attendee.email.strip()).value
    return Attendee(
        email, printable(attendee.name).strip(), printable(attendee.status).strip().upper(), attendee.organizer
    )


def _write_attendee(draft: Draft, attendee: Attendee) -> None:
    address = attendee.email if ":" in attendee.email else f"mailto:{attendee.email}"
    names = ["ORGANIZER"] if attendee.organizer else []
    if not attendee.organizer or attendee.status != "NEEDS-ACTION" or _line_of(draft, "ATTENDEE", attendee):
        names.append("ATTENDEE")
    for name in names:
        old = _line_of(draft, name, attendee)
        changed = {"CN": attendee.name} | ({"PARTSTAT": attendee.status} if name == "ATTENDEE" else {})
        kept = tuple(param for param in old.params if param[0] not in changed) if old else ()
        params = kept + tuple((key, (value,)) for key, value in changed.items() if value)
        line = make_line(name, old.value if old else address, params)
        draft.replace(lambda other, gone=old: other is gone, line)  # type: ignore[misc]


def _line_of(draft: Draft, name: str, attendee: Attendee) -> ContentLine | None:
    email = attendee.email.lower()
    return next((line for line in draft.component.all(name) if address_of(line).lower() == email), None)


def _write_stamps(draft: Draft, event: Event, before: Event, zones: Zones, stamp: datetime) -> None:
    moved = (
        not _same_start(before, event)
        or not same_moment(before.end, end_of(draft.component, zones))
        or before.recurrence != read_component(draft.component, zones).recurrence
    )
    sequence = max(before.sequence + int(moved), event.sequence)
    if sequence != before.sequence:
        draft.put(make_line("SEQUENCE", str(sequence)))
    draft.put(utc_line("DTSTAMP", stamp))
    draft.put(utc_line("LAST-MODIFIED", stamp))
