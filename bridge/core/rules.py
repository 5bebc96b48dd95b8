"""Does this object belong to this calendar or sync? Listings, syncs and "Why?" (R20) ask the same functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Contact, ContactKind, Name
from bridge.core.event import Event, EventKind, Privacy
from bridge.core.event_span import last_end
from bridge.core.person import Organization, Person
from bridge.core.scope import CalendarScope, ContactScope, Direction, PrivatePolicy


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


def one_way(scope: CalendarScope | ContactScope) -> LeaveOut | None:
    """Why new objects do not travel against the direction of a sync (R7, R15); ``None`` where both ways are open."""
    if scope.direction is Direction.TWO_WAY:
        return None
    remedy = "Choose the two-way sync."
    if isinstance(scope, ContactScope):
        return LeaveOut("R15", "The sync brings contacts from the provider to the CRM only.", remedy)
    return LeaveOut(
        "R7", "The sync brings activities to the calendar only: its events do not become activities.", remedy
    )


def outgoing_activity(
    activity: Activity, event: Event, scope: CalendarScope, *, zone: tzinfo, now: datetime, linked: bool
) -> Verdict:
    """Decide whether an activity, shown as ``event``, goes out (R5 and the rules of ``outgoing_event``)."""
    reason = owned(activity, scope.user_id)
    return reason or outgoing_event(event, scope, zone=zone, now=now, linked=linked)


def outgoing_event(event: Event, scope: CalendarScope, *, zone: tzinfo, now: datetime, linked: bool) -> Verdict:
    """Decide whether the event of a user's own activity goes out (R6, R8, R10).

    ``zone`` is where dates and floating times are meant. ``linked``: the activity is in the calendar already.
    """
    if scope.types is not None and event.type_key not in scope.types:
        return LeaveOut(
            "R8",
            f"Activities of the type “{event.type_key}” are not synced.",
            "Select this type in the settings.",
        )
    return _in_calendar(event, scope, zone=zone, now=now, linked=linked) or Include()


def incoming_event(event: Event, scope: CalendarScope, *, zone: tzinfo, now: datetime, linked: bool) -> Verdict:
    """Decide whether an event of the calendar comes in (R6, R10). Whether new ones do at all, ``one_way`` tells."""
    return _in_calendar(event, scope, zone=zone, now=now, linked=linked) or Include()


def outgoing_person(person: Person, contact: Contact, scope: ContactScope, *, linked: bool) -> Verdict:
    """Decide whether a person, shown as ``contact``, goes out (R15)."""
    if person.deleted:
        return LeaveOut("R21", "It was deleted.", "Undo the deletion in the journal.")
    if person.owner_id != scope.user_id:
        return LeaveOut("R15", "It is owned by somebody else.", "Make this user its owner in the CRM.")
    return outgoing_contact(contact, scope, linked=linked)


def outgoing_contact(contact: Contact, scope: ContactScope, *, linked: bool) -> Verdict:  # noqa: ARG001 - as all rules
    """Decide whether the contact of a user's own person goes out (R15)."""
    return _of_a_person(contact, linked=linked) or Include()


def incoming_contact(
    contact: Contact,
    scope: ContactScope,  # noqa: ARG001 - as all rules
    *,
    may_add_people: bool,
    may_add_organizations: bool,
    linked: bool,
) -> Verdict:
    """Decide whether a contact of the chosen group comes in (R14, R15). Permissions matter for new ones only."""
    if (reason := _of_a_person(contact, linked=linked)) is not None:
        return reason
    if not linked and not may_add_people:
        return _permission_missing("people")
    if not linked and not may_add_organizations:
        return _permission_missing("organizations")
    return Include()


def _in_calendar(event: Event, scope: CalendarScope, *, zone: tzinfo, now: datetime, linked: bool) -> LeaveOut | None:
    if event.start is None and event.end is None:
        return LeaveOut("R27", "It has no date, and a calendar shows only what has one.", "Give it a date.")
    if scope.private is PrivatePolicy.SKIP and event.privacy is not Privacy.PUBLIC:
        return LeaveOut(
            "R10",
            "It is private, and private events are not synced.",
            "Let private events be synced, or make it public.",
        )
    return None if linked else _in_the_future(event, scope.since or now, zone)


def _in_the_future(event: Event, since: datetime, zone: tzinfo) -> LeaveOut | None:
    """What is linked and grows old stays; only what would be new has to end after the sync was started (R6)."""
    end = last_end(event, zone)
    if end is None or end >= since.timestamp():
        return None
    return LeaveOut(
        "R6",
        "It was over before the sync was started, and only what lies in the future is taken up.",
        "Move it into the future if it is still to come.",
    )


def _of_a_person(contact: Contact, *, linked: bool) -> LeaveOut | None:
    if contact.kind is not ContactKind.PERSON:
        kind = "an organization" if contact.kind is ContactKind.ORGANIZATION else "a group"
        return LeaveOut("R15", f"It is {kind}, and only persons are synced.", "Nothing: it stays where it is.")
    if linked or contact.formatted_name.strip() or contact.name != Name() or contact.emails or contact.phones:
        return None
    return LeaveOut("R15", "It has no name, no e-mail address and no phone number.", "Give it a name.")


def _permission_missing(what: str) -> LeaveOut:
    return LeaveOut(
        "R14",
        f"The permission to add {what} is missing, and a new contact may need it.",
        f"Ask an administrator for the permission “add {what}”.",
    )
