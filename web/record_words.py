"""Fields of records and their values, as people read them."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import format_date, format_datetime, format_time, format_timedelta, gettext, lazy_gettext

_MOST = 500  # characters of a value
_ACTIVITY = {
    "subject": lazy_gettext("Subject"),
    "summary": lazy_gettext("Subject"),
    "type": lazy_gettext("Type"),
    "type_key": lazy_gettext("Type"),
    "due_date": lazy_gettext("Due date"),
    "due_time": lazy_gettext("Due time"),
    "duration": lazy_gettext("Duration"),
    "time": lazy_gettext("When it takes place"),
    "start": lazy_gettext("Start"),
    "end": lazy_gettext("End"),
    "recurrence": lazy_gettext("Repetition"),
    "overrides": lazy_gettext("Exceptions"),
    "done": lazy_gettext("Done"),
    "busy": lazy_gettext("Busy"),
    "cancelled": lazy_gettext("Cancelled"),
    "privacy": lazy_gettext("Privacy"),
    "visibility": lazy_gettext("Visible to"),
    "location": lazy_gettext("Place"),
    "conference_url": lazy_gettext("Video call"),
    "public_description": lazy_gettext("Description"),
    "description": lazy_gettext("Description"),
    "note": lazy_gettext("Note"),
    "reminders": lazy_gettext("Reminders"),
    "attendees": lazy_gettext("Guests"),
    "participants": lazy_gettext("Participants"),
    "deal_id": lazy_gettext("Deal"),
    "person_id": lazy_gettext("Person"),
    "organization_id": lazy_gettext("Organization"),
    "deleted": lazy_gettext("Deleted"),
    "text": lazy_gettext("Details that only the calendar or address book shows"),
}
_CONTACT = {
    "name": lazy_gettext("Name"),
    "formatted_name": lazy_gettext("Displayed name"),
    "organization": lazy_gettext("Organization"),
    "department": lazy_gettext("Department"),
    "title": lazy_gettext("Job title"),
    "emails": lazy_gettext("E-mail addresses"),
    "phones": lazy_gettext("Phone numbers"),
    "addresses": lazy_gettext("Addresses"),
    "messaging": lazy_gettext("Messaging"),
    "birthday": lazy_gettext("Birthday"),
    "url": lazy_gettext("Web address"),
    "categories": lazy_gettext("Categories"),
    "labels": lazy_gettext("Labels"),
    "photo": lazy_gettext("Photo"),
    "color": lazy_gettext("Colour"),
}
_NAMES = _ACTIVITY | _CONTACT
_WORDS = {
    "PUBLIC": lazy_gettext("public"),
    "PRIVATE": lazy_gettext("private"),
    "CONFIDENTIAL": lazy_gettext("confidential"),
    "everyone": lazy_gettext("everyone"),
    "owner": lazy_gettext("only the owner"),
}


def field_name(name: str) -> str:
    """What a field is called."""
    return str(_NAMES.get(name, name.replace("_", " ")))


def field_value(value: Any) -> str:
    """A value as text: times in the user's zone, lists in one line, a dash for nothing."""
    text = _text(value).strip()
    return f"{text[: _MOST - 1]}…" if len(text) > _MOST else text or "–"


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(gettext("yes") if value else gettext("no"))
        case datetime() | date() | time() | timedelta():
            return _moment(value)
        case bytes():
            return str(gettext("(a picture)"))
    parts = _parts(value)
    if parts is not None:
        return (", " if is_dataclass(value) else "; ").join(filter(None, map(_text, parts)))
    plain = str(getattr(value, "value", value))
    return str(_WORDS.get(plain, plain))


def _parts(value: Any) -> Iterable[Any] | None:
    """What a value consists of, ``None`` for a single one."""
    if isinstance(value, Mapping):
        return value.values()
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value) if _tells(each.name)]
    return value if isinstance(value, (tuple, list, frozenset)) else None


def _moment(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        return str(format_timedelta(value, threshold=1.1))
    if isinstance(value, time):
        return str(format_time(datetime.combine(date(2000, 1, 1), value, UTC), "short", rebase=False))
    if not isinstance(value, datetime):
        return str(format_date(value, "medium"))
    return str(format_datetime(value, "medium", rebase=value.tzinfo is not None))


def _tells(name: str) -> bool:
    return name not in {"primary", "media_type", "uid", "sequence", "created", "modified"}
