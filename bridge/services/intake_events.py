"""Take an event or task that a DAV client writes into an activity (R11, R21, R23, D4, D7, D18)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.core import contentline, ical, recurrence, rules
from bridge.core.activity import Activity, Deal
from bridge.core.contentline import Component
from bridge.core.event import Event, EventKind
from bridge.core.merge import FieldConflict, Version
from bridge.core.person import Organization, Person
from bridge.core.projection.activities import ActivityFields, apply_fields, fields_of_activity, fields_of_event
from bridge.core.projection.options import CalendarOptions
from bridge.core.user import User
from bridge.errors import NotAllowed
from bridge.services.choices import calendar_options
from bridge.services.intake import Put, carry_over, check_uid, earlier_texts, merged_with
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.settings import Settings
from bridge.store import activities, contacts
from bridge.store.models.journal import RecordKind

_COMPONENT_NAMES = {"VEVENT": "events", "VTODO": "tasks", "VJOURNAL": "journal entries", "VFREEBUSY": "free-busy times"}


def take_event(session: Session, put: Put, settings: Settings, *, now: datetime) -> Change:
    """Decide what becomes of the activity. Raises ``Invalid``, ``NotAllowed`` or ``Conflict`` with a sentence."""
    calendar = _checked(session, put)
    theirs = ical.event(calendar)
    options = calendar_options(session, put.owner, settings)
    before = _activity(session, put, theirs.uid)
    persons = persons_of(session, theirs, put.owner)
    conflicts: tuple[FieldConflict, ...] = ()
    if before is None or put.existing is None:
        after = _new(before, theirs, put, options, persons, now)
    else:
        after, conflicts = _edited(session, put, before, theirs, options, persons, now)
    after = with_allowed_links(session, before, after, put.owner)
    after = replace(after, series=theirs.is_series, deleted=False)
    text = ClientText(put.collection.id, put.href, contentline.serialize(calendar), calendar)
    return Change(before, after, written=text, conflicts=conflicts)


def _checked(session: Session, put: Put) -> Component:
    """Read the body and refuse what this collection does not take (D7, RFC 4791 5.3.2.1)."""
    calendar = ical.read(put.body)
    kind = ical.component_kind(calendar)
    if kind != put.collection.component:
        wanted = _COMPONENT_NAMES.get(put.collection.component, put.collection.component)
        raise NotAllowed(
            f"This collection takes {wanted} only, not {_COMPONENT_NAMES.get(kind, kind or 'empty calendars')}.",
            condition="C:supported-calendar-component",
        )
    recurrence.check(calendar)
    uid = ical.uid(calendar)
    if not uid:
        uid = put.existing.resource.uid if put.existing else put.href.rpartition(".")[0] or put.href
        calendar = ical.with_uid(calendar, uid)
    check_uid(session, put, uid, "C:no-uid-conflict")
    return calendar


def _activity(session: Session, put: Put, uid: str) -> Activity | None:
    """The activity that is written: the one shown at the href, or one of this UID that was deleted here."""
    if put.placed is None or put.placed.source.activity_id is None:
        return None
    found = activities.activities(session, [put.placed.source.activity_id]).get(put.placed.source.activity_id)
    if found is None or found.owner_id != put.owner.id or found.uid != uid:
        return None
    return found if put.existing is not None or found.deleted else None


def _new(
    before: Activity | None,
    theirs: Event,
    put: Put,
    options: CalendarOptions,
    persons: dict[str, int],
    now: datetime,
) -> Activity:
    """A new activity, or a deleted one that a client brings back: an edit beats a deletion (R23)."""
    record = before or Activity(theirs.uid, put.owner.id, visibility=options.default_visibility)
    said = _read(theirs, options, _assumed_type(None, theirs.kind, options), persons)
    kept = fields_of_activity(record)
    said = replace(
        said,
        deal_id=said.deal_id or kept.deal_id,
        person_id=said.person_id or kept.person_id or next(iter(said.participants), None),
        organization_id=said.organization_id or kept.organization_id,
    )
    return apply_fields(record, said, now=theirs.done_at or now)


def _edited(
    session: Session,
    put: Put,
    before: Activity,
    theirs: Event,
    options: CalendarOptions,
    persons: dict[str, int],
    now: datetime,
) -> tuple[Activity, tuple[FieldConflict, ...]]:
    assert put.existing is not None  # noqa: S101 - the caller has looked
    kind = _assumed_type(before, theirs.kind, options)

    def read(text: str) -> Version[ActivityFields]:
        return Version(text, _read(ical.event(ical.read(text)), options, kind, persons))

    ours = read(put.existing.resource.text)
    shown = ours.fields
    earlier = [] if put.guarded else [read(t) for t in earlier_texts(session, RecordKind.ACTIVITY, before.id)]
    said = _read(theirs, options, kind, persons)
    said = replace(
        said,
        deal_id=said.deal_id or shown.deal_id,
        person_id=said.person_id or shown.person_id,
        organization_id=said.organization_id or shown.organization_id,
    )
    merged, conflicts = merged_with(ours, earlier, Version(put.body, said))
    record = fields_of_activity(before)
    return apply_fields(before, carry_over(record, shown, merged), now=theirs.done_at or now), conflicts


def _read(event: Event, options: CalendarOptions, assumed: str, persons: dict[str, int]) -> ActivityFields:
    """Read an event. A type that is shown in another collection is not taken: the event would jump there (R27)."""
    said = fields_of_event(event, options, type_key=assumed, persons=persons)
    if options.option(said.type).shown_as is not event.kind:
        said = replace(said, type=assumed)
    return said


def _assumed_type(before: Activity | None, kind: EventKind, options: CalendarOptions) -> str:
    """The type of an object that names none: the present one, else the user's default, else the first that fits."""
    candidates = [before.type] if before is not None else []
    candidates += [options.default_type, *(key for key, found in options.types.items() if found.active)]
    return next((key for key in candidates if options.option(key).shown_as is kind), options.default_type)


def persons_of(session: Session, event: Event, owner: User) -> dict[str, int]:
    """The persons that the attendees are matched to: those whom the owner may see, the owner's own first."""
    found = contacts.persons_by_email(session, {a.email for a in event.attendees if a.email})
    result = {}
    for email, persons in found.items():
        visible = [person for person in persons if rules.visible_to(person, owner.id)]
        if visible:
            result[email] = min(visible, key=lambda person: (person.owner_id != owner.id, person.id)).id
    return result


def with_allowed_links(session: Session, before: Activity | None, after: Activity, owner: User) -> Activity:
    """Take links only to records that exist and that the owner may see (R12): ids from a client prove nothing."""

    def allowed(name: str, load: Callable[[int], Deal | Person | Organization | None]) -> int | None:
        present: int | None = getattr(before, name) if before is not None else None
        wanted: int | None = getattr(after, name)
        found = load(wanted) if wanted is not None and wanted != present else None
        return wanted if found is not None and rules.visible_to(found, owner.id) else present

    return replace(
        after,
        deal_id=allowed("deal_id", lambda i: activities.deals(session, [i]).get(i)),
        person_id=allowed("person_id", lambda i: contacts.persons(session, [i], photos=False).get(i)),
        organization_id=allowed("organization_id", lambda i: contacts.organizations(session, [i]).get(i)),
    )
