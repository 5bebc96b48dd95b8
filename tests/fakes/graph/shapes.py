"""What an answer of Graph looks like: which fields there are, and of what kind. Learnt from recorded answers.

A kind is a type, several of them, the name of another shape, a list of one, or a set of the words that may stand there.
``?`` at the end of a field's name: it may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NULL = type(None)
TEXT = (str, NULL)

_TIME = {"dateTime": str, "timeZone": str}
_PERSON = {"name?": TEXT, "address?": TEXT}
_ANSWERS = {"none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"}
_ANSWERED = {"response": _ANSWERS, "time?": str}
_PLACE = {
    "displayName": str,
    "locationType": str,
    "uniqueIdType": str,
    "uniqueId?": str,
    "address?": dict,
    "coordinates?": dict,
}
_PATTERN = {
    "type": str,
    "interval": int,
    "month": int,
    "dayOfMonth": int,
    "index": str,
    "firstDayOfWeek": str,
    "daysOfWeek?": [str],
}
_RANGE = {"type": str, "startDate": str, "endDate": str, "recurrenceTimeZone": str, "numberOfOccurrences": int}
_ADDRESS = {f"{name}?": TEXT for name in ("street", "city", "state", "countryOrRegion", "postalCode")}

SHAPES: dict[str, dict[str, Any]] = {
    "time": _TIME,
    "person": _PERSON,
    "answered": _ANSWERED,
    "place": _PLACE,
    "pattern": _PATTERN,
    "range": _RANGE,
    "recurrence": {"pattern": "pattern", "range": "range"},
    "host": {"emailAddress": "person"},
    "guest": {"type": {"required", "optional", "resource"}, "status": "answered", "emailAddress": "person"},
    "body": {"contentType": {"html", "text"}, "content": str},
    "meeting": {"joinUrl": TEXT},
    "property": {"id": str, "value": str},
    "address": _ADDRESS,
    "event": {
        "@odata.etag": str,
        "@odata.type?": str,
        "@odata.context?": str,
        "id": str,
        "iCalUId": str,
        "uid": TEXT,
        "createdDateTime": str,
        "lastModifiedDateTime": str,
        "changeKey": str,
        "categories": [str],
        "transactionId": TEXT,
        "originalStartTimeZone": TEXT,
        "originalEndTimeZone": TEXT,
        "reminderMinutesBeforeStart": int,
        "isReminderOn": bool,
        "hasAttachments": bool,
        "subject": TEXT,
        "bodyPreview": str,
        "importance": {"low", "normal", "high"},
        "isAllDay": bool,
        "isCancelled": bool,
        "sensitivity": {"normal", "personal", "private", "confidential"},
        "isOrganizer": bool,
        "responseRequested": (bool, NULL),
        "seriesMasterId": TEXT,
        "webLink": TEXT,
        "onlineMeetingUrl": TEXT,
        "showAs": {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
        "type": {"singleInstance", "occurrence", "exception", "seriesMaster"},
        "isOnlineMeeting": bool,
        "onlineMeetingProvider": TEXT,
        "allowNewTimeProposals": bool,
        "occurrenceId": TEXT,
        "isDraft": bool,
        "hideAttendees": bool,
        "responseStatus": "answered",
        "body": "body",
        "start": "time",
        "end": "time",
        "location": "place",
        "locations": ["place"],
        "recurrence": ("recurrence", NULL),
        "attendees": ["guest"],
        "organizer": ("host", NULL),
        "onlineMeeting": ("meeting", NULL),
        "originalStart?": TEXT,
        "calendar@odata.associationLink?": str,
        "calendar@odata.navigationLink?": str,
        "singleValueExtendedProperties?": ["property"],
        "cancelledOccurrences?": [str],
        "exceptionOccurrences?": ["event"],
    },
    "occurrence": {
        "@odata.etag": str,
        "@odata.type?": str,
        "id": str,
        "seriesMasterId": str,
        "type": {"occurrence"},
        "start": "time",
        "end": "time",
    },
    "removed": {"id": str, "@removed": dict, "@odata.type?": str},
    "calendar": {
        "id": str,
        "name": str,
        "color": str,
        "hexColor": str,
        "canEdit": bool,
        "canShare": bool,
        "canViewPrivateItems": bool,
        "isDefaultCalendar": bool,
        "isRemovable": bool,
        "isTallyingResponses": bool,
        "changeKey": str,
        "owner": "person",
        "groupClassId?": str,
        "allowedOnlineMeetingProviders": [str],
        "defaultOnlineMeetingProvider": str,
        "@odata.context?": str,
    },
    "folder": {"id": str, "displayName": str, "parentFolderId": str, "@odata.context?": str},
    "contact": {
        "@odata.etag": str,
        "@odata.type?": str,
        "@odata.context?": str,
        "id": str,
        "changeKey?": str,
        **{f"{name}Address?": "address" for name in ("business", "home", "other")},
        **{f"{name}?": TEXT for name in ("birthday", "businessHomePage", "companyName", "department", "displayName")},
        **{f"{name}?": TEXT for name in ("fileAs", "generation", "givenName", "initials", "jobTitle", "manager")},
        **{f"{name}?": TEXT for name in ("middleName", "mobilePhone", "nickName", "officeLocation", "parentFolderId")},
        **{f"{name}?": TEXT for name in ("personalNotes", "profession", "spouseName", "surname", "title")},
        **{f"{name}?": TEXT for name in ("yomiCompanyName", "yomiGivenName", "yomiSurname", "assistantName")},
        **{f"{name}?": TEXT for name in ("createdDateTime", "lastModifiedDateTime")},
        **{f"{name}?": [str] for name in ("businessPhones", "homePhones", "imAddresses", "categories", "children")},
        "emailAddresses?": ["person"],
        "singleValueExtendedProperties?": ["property"],
        **{f"{name}EmailAddress?": ("person", NULL) for name in ("primary", "secondary", "tertiary")},
    },
    "user": {"@odata.context?": str, "displayName": TEXT, "mail": TEXT, "userPrincipalName": str},
    "setting": {"@odata.context?": str, "value": str},
    "subscription": {
        **{f"{name}": str for name in ("id", "resource", "changeType", "notificationUrl", "expirationDateTime")},
        "lifecycleNotificationUrl": TEXT,
        "clientState": TEXT,
        "creatorId": str,
        "applicationId": str,
        "@odata.context?": str,
        "notificationQueryOptions": TEXT,
        "includeResourceData": (bool, NULL),
    },
    "inner": {"date": str, "request-id": str, "client-request-id": str},
    "error": {"code": str, "message": str, "innerError?": "inner", "@event.existingEventId?": str},
    "failure": {"error": "error"},
}


def check(kind: Any, found: object, where: str) -> Iterator[str]:
    """What of an answer is not of this kind."""
    if isinstance(kind, str):
        yield from _fields(SHAPES[kind], found, where)
    elif isinstance(kind, list):
        if not isinstance(found, list):
            yield f"{where} is no list"
        else:
            for number, each in enumerate(found):
                yield from check(kind[0], each, f"{where}[{number}]")
    elif isinstance(kind, set):
        if found not in kind:
            yield f"{where} is {found!r}"
    elif isinstance(kind, tuple):
        if all(list(check(each, found, where)) for each in kind):
            yield f"{where} is {found!r}"
    elif not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        yield f"{where} is {found!r}"


def page(kind: str, found: Mapping[str, Any], where: str) -> Iterator[str]:
    """What of a page of a list is not as it should be. A listing of changes has rows of three kinds."""
    known = {"@odata.context", "@odata.nextLink", "@odata.deltaLink", "value"}
    yield from (f"{where} has {name}" for name in found.keys() - known)
    for number, row in enumerate(found["value"]):
        minimal = kind == "event" and row.get("type") == "occurrence" and "subject" not in row
        own = "removed" if "@removed" in row else "occurrence" if minimal else kind
        yield from check(own, row, f"{where}[{number}]")


def selected(kind: str, found: Mapping[str, Any], where: str) -> Iterator[str]:
    """The same for an object of which only some fields were asked for."""
    known = {name.removesuffix("?"): each for name, each in SHAPES[kind].items()}
    yield from (f"{where} has {name}" for name in found.keys() - known.keys())
    for name in found.keys() & known.keys():
        yield from check(known[name], found[name], f"{where}.{name}")


def _fields(shape: Mapping[str, Any], found: object, where: str) -> Iterator[str]:
    if not isinstance(found, Mapping):
        yield f"{where} is {found!r}"
        return
    known = {name.removesuffix("?"): kind for name, kind in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    yield from (f"{where} has {name}" for name in found.keys() - known.keys())
    yield from (f"{where} lacks {name}" for name in needed - found.keys())
    for name in found.keys() & known.keys():
        yield from check(known[name], found[name], f"{where}.{name}")
