"""Does this object belong to this calendar? The listing and "Why?" (R20) ask the same functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import EventKind, Privacy
from bridge.core.person import Organization, Person


@dataclass(frozen=True, slots=True)
class Include:
    """It belongs here. ``masked``: others see only that the owner is busy (R10)."""

    masked: bool = False


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """It does not: which rule says so, why, and what the reader can do."""

    rule: str
    reason: str
    remedy: str


Verdict = Include | LeaveOut


def visible_to(record: Deal | Person | Organization | Activity, user_id: int) -> bool:
    """Whether a user may see a record (R12)."""
    return not record.deleted and (record.owner_id == user_id or record.visibility is Visibility.EVERYONE)


def within_reach(last_end: int | None, now: datetime, past_days: int) -> bool:
    """Whether something that ends at ``last_end`` (POSIX seconds, ``None`` for ever) is recent enough (R27)."""
    if not past_days or last_end is None:
        return True
    return last_end >= (now - timedelta(days=past_days)).timestamp()


def owned(record: Activity | Person | Organization, user_id: int) -> LeaveOut | None:
    """Reasons that keep a record out of its own owner's collections and anyone's."""
    if record.deleted:
        return LeaveOut("R21", "It was deleted.", "Undo the deletion in the journal.")
    if record.owner_id != user_id:
        return LeaveOut("R5", "It is owned by somebody else.", "Make this user its owner in the CRM.")
    return None


def dated(activity: Activity, shown_as: EventKind) -> LeaveOut | None:
    """The reason that keeps an activity without a date out of a calendar (RFC 5545 3.6.1: an event has a DTSTART)."""
    if activity.due_date is not None or shown_as is EventKind.TASK:
        return None
    return LeaveOut(
        "R27",
        "It has no due date, and a calendar shows only what has one.",
        "Give it a due date, or let its type be shown as tasks.",
    )


def in_own_calendar(
    activity: Activity, *, user_id: int, component: EventKind, shown_as: EventKind, reachable: bool
) -> Verdict:
    """Decide about a user's own calendar (``component`` VEVENT) or task list (VTODO)."""
    if (reason := owned(activity, user_id) or dated(activity, shown_as)) is not None:
        return reason
    if shown_as is not component:
        kind, other = ("tasks", "calendar") if shown_as is EventKind.TASK else ("events", "task list")
        return LeaveOut(
            "R27",
            f"Activities of the type “{activity.type}” are shown as {kind}, not in this {other}.",
            "Look in the other collection, or change how this type is shown.",
        )
    if not reachable:
        return LeaveOut(
            "R27", "It lies further back than the calendar reaches.", "Let the calendar reach further back."
        )
    return Include()


def in_colleagues_calendar(
    activity: Activity,
    *,
    subject_id: int,
    viewer_id: int,
    linked: Iterable[Deal | Person | Organization],
    reachable: bool,
) -> Verdict:
    """Decide about ``viewer_id``'s view of the calendar of ``subject_id`` (R10, R12, R27)."""
    if (reason := owned(activity, subject_id) or dated(activity, EventKind.EVENT)) is not None:
        return reason
    if activity.visibility is Visibility.OWNER:
        return LeaveOut("R12", "Only its owner may see it.", "Ask its owner to make it visible to everyone.")
    if any(not visible_to(record, viewer_id) for record in linked if not record.deleted):
        return LeaveOut(
            "R12",
            "It is linked to a deal, person or organization that this user may not see.",
            "Ask the owner of that deal, person or organization to make it visible.",
        )
    if not reachable:
        return LeaveOut(
            "R27", "It lies further back than the calendar reaches.", "Let the calendar reach further back."
        )
    return Include(masked=activity.privacy is not Privacy.PUBLIC)


def in_address_book(record: Person | Organization, *, user_id: int) -> Verdict:
    """Decide about a user's address book (R15)."""
    return owned(record, user_id) or Include()
