"""The neutral calendar object: what every calendar, device or provider can express.

Times: a ``date`` is an all-day value, an aware ``datetime`` an instant in a zone (``ZoneInfo`` or UTC), a naive
``datetime`` a floating time (RFC 5545 3.3.5, form 1). Ends are exclusive.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

Moment = date | datetime


class EventKind(StrEnum):
    """The iCalendar component that expresses an object."""

    EVENT = "VEVENT"
    TASK = "VTODO"


class Privacy(StrEnum):
    """RFC 5545 3.8.1.3 CLASS. Unknown and absent values read as public."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"
    CONFIDENTIAL = "CONFIDENTIAL"


@dataclass(frozen=True, slots=True)
class Attendee:
    """A calendar user: RFC 5545 3.8.4.1. ``status`` is the PARTSTAT in capitals."""

    email: str
    name: str = ""
    status: str = "NEEDS-ACTION"
    organizer: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """The CRM records an object is linked to, by their ids (X-CRM-DEAL, X-CRM-PERSON, X-CRM-ORG)."""

    deal_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One calendar object: an appointment, a task, or a whole series with its exceptions.

    ``end`` is DTEND of an event and DUE of a task. ``description`` is plain text. ``recurrence`` holds the raw,
    unfolded content lines RRULE, RDATE, EXDATE and EXRULE in their order. ``overrides`` are the exceptions of
    the series; each has ``recurrence_id``. An object with a ``recurrence_id`` of its own is a detached instance
    whose master is not here (D18). ``reminders`` are offsets from the start, negative before it.
    """

    uid: str
    kind: EventKind = EventKind.EVENT
    summary: str = ""
    start: Moment | None = None
    end: Moment | None = None
    description: str = ""
    location: str = ""
    url: str = ""
    conference_url: str = ""
    categories: tuple[str, ...] = ()
    color: str = ""
    type_key: str = ""
    links: Links = Links()
    done: bool = False
    done_at: datetime | None = None
    cancelled: bool = False
    busy: bool = True
    privacy: Privacy = Privacy.PUBLIC
    reminders: tuple[timedelta, ...] = ()
    attendees: tuple[Attendee, ...] = ()
    recurrence: tuple[str, ...] = ()
    recurrence_id: Moment | None = None
    overrides: tuple["Event", ...] = ()
    sequence: int = 0
    created: datetime | None = None
    modified: datetime | None = None

    @property
    def is_series(self) -> bool:
        """Whether this is more than one plain occurrence (R11)."""
        return bool(self.recurrence or self.overrides or self.recurrence_id is not None)
