"""What a user chose about one sync: the scope within which objects travel (R5–R12, R15, R23)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.core.activity import Visibility


class FlowKind(StrEnum):
    """What a flow of a connection carries."""

    CALENDAR = "calendar"
    CONTACTS = "contacts"


class Direction(StrEnum):
    """The sync type (R7, R15). One-way is CRM to calendar, and for contacts provider to CRM."""

    TWO_WAY = "two-way"
    ONE_WAY = "one-way"


class PrivatePolicy(StrEnum):
    """What becomes of private events (R10)."""

    AS_PRIVATE = "as-private"
    AS_PUBLIC = "as-public"
    SKIP = "skip"


class ConflictPolicy(StrEnum):
    """Who wins a field that both sides changed (R23). ``CALENDAR`` stands for the remote, contacts included."""

    NEWEST = "newest"
    CRM = "crm"
    CALENDAR = "calendar"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class CalendarScope:
    """The options of a calendar's flow.

    ``types`` are the activity types that go out, ``None`` for all (R8). ``since`` is when the sync was started: what
    ended before is not taken up (R6); ``None`` while it is only previewed. ``edits_come_back`` lets a one-way sync
    take edits of events that came from activities (R7).
    """

    user_id: int
    direction: Direction = Direction.TWO_WAY
    types: frozenset[str] | None = None
    default_type: str = "meeting"
    private: PrivatePolicy = PrivatePolicy.AS_PRIVATE
    include_links: bool = True
    visibility: Visibility = Visibility.EVERYONE
    edits_come_back: bool = True
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactScope:
    """The options of a flow of contacts (R14, R15)."""

    user_id: int
    direction: Direction = Direction.TWO_WAY
    visibility: Visibility = Visibility.EVERYONE
