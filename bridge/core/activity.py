"""CRM records of the calendar side, in the vocabulary of the Pipedrive API v2."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bridge.core.event import EventKind, Privacy


class Visibility(StrEnum):
    """Who may see a deal, person, organization or activity (R12)."""

    OWNER = "owner"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class ActivityType:
    """A kind of activity: ``key`` is what programs use (``call``), ``name`` what people read.

    ``former_names`` are names that it had before and that still stand in clients' texts. ``color`` is a CSS3 colour
    name (RFC 7986 5.9). ``default_duration`` is what a calendar shows for an activity
    with a time and no duration. ``busy`` is the default of new activities of this type. ``shown_as`` and ``reminder``
    (from the start) are for users who have chosen nothing for this type (R27).
    """

    key: str
    name: str
    color: str = ""
    default_duration: timedelta = timedelta(minutes=30)
    busy: bool = True
    active: bool = True
    position: int = 0
    former_names: tuple[str, ...] = ()
    shown_as: EventKind = EventKind.EVENT
    reminder: timedelta | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal, as far as calendars show it."""

    title: str
    owner_id: int
    visibility: Visibility = Visibility.EVERYONE
    person_id: int | None = None
    organization_id: int | None = None
    deleted: bool = False
    id: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity. ``due_time`` is UTC; without it ``due_date`` is a whole day in no particular zone.

    ``public_description`` and ``note`` are HTML; the note never leaves the CRM. ``participants`` are person ids.
    ``series`` marks a whole recurring series (R11), which only calendars may edit. ``id`` is 0 until stored.
    """

    uid: str
    owner_id: int
    subject: str = ""
    type: str = "task"
    due_date: date | None = None
    due_time: time | None = None
    duration: timedelta | None = None
    done: bool = False
    done_at: datetime | None = None
    busy: bool = True
    privacy: Privacy = Privacy.PUBLIC
    visibility: Visibility = Visibility.EVERYONE
    location: str = ""
    conference_url: str = ""
    public_description: str = ""
    note: str = ""
    deal_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None
    participants: tuple[int, ...] = ()
    series: bool = False
    cancelled: bool = False
    sequence: int = 0
    deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    id: int = 0

    @property
    def due(self) -> date | datetime | None:
        """The due moment: an aware UTC ``datetime``, a ``date`` for a whole day, or ``None``."""
        if self.due_date is None or self.due_time is None:
            return self.due_date
        return datetime.combine(self.due_date, self.due_time, tzinfo=UTC)
