"""Our ``Event`` as one of Graph. Pure.

Attendees are never written. What is there and says the same is not sent, so that a body keeps its form and a place its
address.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from bridge.core.canonical_text import paragraphs
from bridge.core.digest import same
from bridge.core.event import Event, EventKind, Privacy
from bridge.errors import Invalid, MappingError
from bridge.providers.graph.body import read_body, write_body
from bridge.providers.graph.event_read import (
    FREE,
    PRIVACY,
    Raw,
    is_meeting,
    join_url,
    outlooks,
    place,
    text,
    texts,
)
from bridge.providers.graph.marks import (
    CANCELLED,
    COLOR,
    DONE,
    DROPPED,
    MEETING,
    MEMORY,
    REMINDERS,
    RULE,
    START,
    TYPE,
    UID,
    URL,
    ZONE,
    Memory,
    memory,
    remembered,
    text_of,
)
from bridge.providers.graph.pattern_read import read_rule, says
from bridge.providers.graph.pattern_write import write_recurrence
from bridge.providers.graph.times import iana, in_zone, read_time, span, wall
from bridge.providers.windows_names import name_of, zone_of

_SENSITIVITY = {Privacy.PUBLIC: "normal", Privacy.PRIVATE: "private", Privacy.CONFIDENTIAL: "confidential"}
_TIMES = ("start", "end", "isAllDay")
SILENT = frozenset(
    (
        *("categories", "showAs", "sensitivity", "isReminderOn", "reminderMinutesBeforeStart"),
        "singleValueExtendedProperties",
    )
)
"""What concerns the user's own copy alone, so that no guest hears of it."""


def new_event(event: Event, key: str, zone: tzinfo) -> dict[str, Any]:
    """The body that creates an event. ``zone`` is that of floating times. Raises ``MappingError``."""
    body, found = _drawn(event, {}, zone)
    body["singleValueExtendedProperties"] = remembered(found | {UID: event.uid}, key)
    return body


def edited_event(event: Event, raw: Raw, zone: tzinfo, *, anew: bool = False) -> dict[str, Any]:
    """What of ``raw`` has to be patched so that it says what ``event`` does; nothing where it does already.

    ``anew``: state the recurrence again, which makes Outlook forget its exceptions. Raises ``MappingError``.
    """
    body, found = _drawn(event, raw, zone)
    differing = {name: value for name, value in body.items() if not _says_already(name, value, raw)}
    if _same_times(body, raw, recurs=bool(event.recurrence)):
        differing = {name: value for name, value in differing.items() if name not in _TIMES}
    else:
        differing |= {name: body[name] for name in _TIMES}
    if event.recurrence and (anew or "start" in differing):
        differing |= {name: body[name] for name in ("start", "end", "recurrence")}
    there = memory(raw)
    kept = {name: value for name, value in there.items() if name == UID}
    if event.recurrence_id is None and _plain(found | kept) != _plain(there):
        differing["singleValueExtendedProperties"] = remembered(found | kept)
    return differing


def alone(event: Event) -> Event:
    """A detached instance as the single event that Graph takes it for."""
    return replace(event, recurrence_id=None, overrides=()) if event.recurrence_id is not None else event


def changes_series(body: Mapping[str, Any]) -> bool:
    """Whether a patch makes Outlook forget the exceptions of a series."""
    return "recurrence" in body or "start" in body


def _drawn(event: Event, raw: Raw, zone: tzinfo) -> tuple[dict[str, Any], Memory]:
    """Everything that we write, and what has to be remembered beside it."""
    if event.kind is not EventKind.EVENT:
        raise MappingError("kind", "A task cannot be stored in a calendar of Microsoft 365.")
    recurrence, event, found = _recurring(_anchored(event, zone))
    times = span(event.start, event.end, zone, recurs=recurrence is not None)
    native = outlooks(event.reminders)
    found |= {
        UID: text_of(memory(raw), UID),
        TYPE: event.type_key,
        DONE: event.done,
        CANCELLED: event.cancelled and raw.get("isCancelled") is not True,
        COLOR: event.color,
        URL: event.url,
        MEETING: event.conference_url if event.conference_url != join_url(raw) else "",
        ZONE: _zone_to_keep(event, times),
        REMINDERS: [round(each.total_seconds()) for each in event.reminders] if event.reminders != native else [],
    }
    body = {
        "subject": event.summary,
        "body": write_body(event.description, raw.get("body"), meeting=is_meeting(raw)),
        **times,
        "location": {"displayName": event.location},
        "recurrence": recurrence,
        "sensitivity": _SENSITIVITY[event.privacy],
        "showAs": "busy" if event.busy else "free",
        "categories": list(event.categories),
        "isReminderOn": bool(native),
    }
    if native:
        body["reminderMinutesBeforeStart"] = -round(native[0].total_seconds() / 60)
    return {name: value for name, value in body.items() if value is not None or name in raw}, found


def _anchored(event: Event, zone: tzinfo) -> Event:
    """The event with its floating times in a zone."""
    moments = (in_zone(each, zone) if isinstance(each, datetime) else each for each in (event.start, event.end))
    start, end = moments
    return replace(event, start=start, end=end)


def _recurring(event: Event) -> tuple[dict[str, Any] | None, Event, Memory]:
    """The recurrence, the event at its first start there, and what has to be remembered of both.

    Single dates that are left out are no part of it: they are deleted one by one.
    """
    rules = [line for line in event.recurrence if not line.upper().startswith("EXDATE")]
    if not rules or event.start is None:
        if event.recurrence:
            raise MappingError("recurrence", "A series without a rule cannot be stored in Microsoft 365.")
        return None, event, {}
    if len(rules) > 1:
        raise MappingError("recurrence", "Microsoft 365 has one rule for each series, and no single dates beside it.")
    (rule,) = rules
    written, first = write_recurrence(rule, event.start)
    read = read_rule(written, first)
    there = replace(event, recurrence=(read,), start=first)
    asked = replace(event, recurrence=(rule,), start=first)
    later = wall(first) - wall(event.start)
    end = event.end + later if event.end is not None else None
    found: Memory = {
        RULE: rule if first != event.start or not same(there, asked, frozenset({"recurrence", "start"})) else "",
        START: wall(event.start).isoformat() if first != event.start else "",
        DROPPED: sorted(
            wall(each.recurrence_id).date().isoformat()
            for each in event.overrides
            if each.cancelled and each.recurrence_id is not None
        ),
    }
    return written, replace(event, start=first, end=end), found


def _zone_to_keep(event: Event, times: Mapping[str, Any]) -> str:
    """The name of the zone, if the one that is written stands for another zone too."""
    name = iana(event.start)
    if not name or name_of(getattr(event.start, "tzinfo", None)) != times["start"]["timeZone"]:
        return ""
    return name if zone_of(times["start"]["timeZone"]) != getattr(event.start, "tzinfo", None) else ""


def _says_already(name: str, value: Any, raw: Raw) -> bool:
    """Whether what is there means what we would write."""
    if name not in raw:
        return False
    normal = _NORMAL.get(name)
    if normal is None:
        return bool(raw[name] == value)
    meeting = is_meeting(raw)
    return normal({name: value}, meeting) == normal(raw, meeting)


_NORMAL: Mapping[str, Callable[[Raw, bool], object]] = {
    "subject": lambda raw, _: text(raw, "subject"),
    "body": lambda raw, meeting: paragraphs(read_body(raw.get("body"), meeting=meeting)),
    "location": lambda raw, _: place(raw),
    "recurrence": lambda raw, _: says(raw["recurrence"]) if isinstance(raw["recurrence"], Mapping) else None,
    "sensitivity": lambda raw, _: PRIVACY.get(text(raw, "sensitivity"), Privacy.PUBLIC),
    "showAs": lambda raw, _: text(raw, "showAs") in FREE,
    "categories": lambda raw, _: sorted(texts(raw, "categories")),
}


def _same_times(body: Mapping[str, Any], raw: Raw, *, recurs: bool) -> bool:
    """Whether start and end are what they should be; of a series, their zone too."""
    if raw.get("isAllDay") is not body["isAllDay"]:
        return False
    if recurs and not body["isAllDay"] and text(raw, "originalStartTimeZone") != body["start"]["timeZone"]:
        return False
    whole = body["isAllDay"] is True
    try:
        return all(
            read_time(raw.get(name), whole_day=whole) == read_time(body[name], whole_day=whole)
            for name in ("start", "end")
        )
    except Invalid:
        return False


def _plain(found: Memory) -> str:
    """What is remembered, to compare."""
    rows = remembered({name: value for name, value in found.items() if name != MEMORY})
    return rows[0]["value"]
