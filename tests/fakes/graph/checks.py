"""What Graph takes for an event, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from tests.fakes.graph.answers import Refusal

Raw = dict[str, Any]

WRITABLE = frozenset(
    (
        *("subject", "body", "start", "end", "isAllDay", "location", "recurrence", "sensitivity", "showAs"),
        *("categories", "isReminderOn", "reminderMinutesBeforeStart", "singleValueExtendedProperties", "importance"),
    )
)
ONLY_NEW = frozenset(("transactionId",))
SILENT = frozenset(
    (
        *("categories", "showAs", "sensitivity", "isReminderOn", "reminderMinutesBeforeStart"),
        "singleValueExtendedProperties",
    )
)
_WORDS = {
    "sensitivity": {"normal", "personal", "private", "confidential"},
    "showAs": {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
}


def mistakes(body: Raw, *, new: bool) -> list[str]:
    """What of a body Graph would not know, or should never be sent."""
    known = WRITABLE | (ONLY_NEW if new else frozenset())
    found = [f"an event has no {name} to write" for name in body.keys() - known]
    found += [f"{name} is {body[name]!r}" for name, words in _WORDS.items() if name in body and body[name] not in words]
    names = [row["id"] for row in body.get("singleValueExtendedProperties", ())]
    return found + ([f"a property twice: {names}"] if len(names) != len(set(names)) else [])


def check_event(event: Raw) -> None:
    """Raise what the service tells about an event that cannot be."""
    start, end = (event.get(name) or {} for name in ("start", "end"))
    if not start.get("dateTime") or not end.get("dateTime"):
        raise Refusal(400, "ErrorPropertyValidationFailure", "Start and end are required.")
    begin, finish = moment(start), moment(end)
    if finish < begin:
        raise Refusal(400, "ErrorPropertyValidationFailure", "The end date must be after the start date.")
    if event.get("isAllDay"):
        midnight = all(each.replace(tzinfo=None).time() == datetime.min.time() for each in (begin, finish))
        if not midnight or start["timeZone"] != end["timeZone"] or begin == finish:
            text = "The duration of an event marked as All day must be at least 24 hours, from midnight to midnight."
            raise Refusal(400, "ErrorInvalidRequest", text)


def moment(found: Raw) -> datetime:
    """A time as an aware moment."""
    return datetime.fromisoformat(found["dateTime"]).replace(tzinfo=zone(found["timeZone"]))


def zone(name: str) -> tzinfo:
    """A zone by its name in Windows or in the IANA database."""
    if name in {"UTC", "tzone://Microsoft/Utc"}:
        return UTC
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ValueError, KeyError, OSError) as error:
        raise Refusal(400, "TimeZoneNotSupportedException", f"{name} is not supported.") from error


def told(at: datetime, name: str) -> Raw:
    """A moment as Graph tells it: seven digits behind the second."""
    return {"dateTime": f"{at.astimezone(zone(name)).replace(tzinfo=None).isoformat()}.0000000", "timeZone": name}
