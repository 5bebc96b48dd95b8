"""Take an event that a sync brings into an activity and into what its owner's devices read (R8, R11, R12, R21)."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.core import contentline, ical
from bridge.core.activity import Activity
from bridge.core.contentline import Component
from bridge.core.event import Event, EventKind
from bridge.core.ical_reminders import with_reminders
from bridge.core.linkblock import strip_block
from bridge.core.projection.activities import (
    ActivityFields,
    apply_fields,
    event_of_activity,
    fields_of_activity,
    fields_of_event,
)
from bridge.core.projection.options import LinkedRecords
from bridge.core.user import User
from bridge.services.intake import carry_over
from bridge.services.intake_events import persons_of, with_allowed_links
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.sync.local_carry import carried
from bridge.services.sync.local_view import Showing, Shown


def created(session: Session, showing: Showing, before: Activity | None, event: Event, now: datetime) -> Change:
    """What a new event means: a new activity, or a deleted one that comes back (``before``).

    The event has its UID. Its type is the one that it names, else the connection's (R8).
    """
    record = before or Activity(event.uid, showing.owner.id, visibility=showing.options.default_visibility)
    said = fields_of_event(event, showing.options, persons=persons_of(session, event, showing.owner))
    kept = fields_of_activity(record)
    first = next(iter(said.participants), None)
    said = _with_links(said, replace(kept, person_id=kept.person_id or first))
    after = apply_fields(record, said, now=event.done_at or now)
    after = with_allowed_links(session, before, after, showing.owner)
    after = replace(after, series=event.is_series, deleted=False)
    drawn = replace(event, kind=EventKind.EVENT, description=strip_block(event.description))
    return Change(before, after, written=_written(showing, after, ical.draw(drawn, stamp=now)))


def updated(session: Session, showing: Showing, shown: Shown, wanted: Event, now: datetime) -> Change | None:
    """What an edit means: only what it says differently from what was shown. ``None`` if that is nothing."""
    before = shown.activity
    after = _edited(session, showing, shown, wanted, now)
    calendar = shown.calendar or _first_text(showing, shown.activity, now)
    own = ical.event(calendar)
    target = carried(own, shown.event, wanted)
    changed = ical.patch(calendar, target, stamp=now)
    if _reminders(target) != _reminders(own):
        changed = with_reminders(changed, target)
    after = replace(after, series=target.is_series)
    if after == before and changed == calendar:
        return None
    return Change(before, after, written=_written(showing, after, changed))


def _edited(session: Session, showing: Showing, shown: Shown, wanted: Event, now: datetime) -> Activity:
    before = shown.activity
    people = _people(session, shown.event, wanted, showing.owner)

    def read(event: Event) -> ActivityFields:
        return fields_of_event(event, showing.options, type_key=before.type, persons=people)

    was = read(shown.event)
    said = _with_links(read(wanted), was)
    fields = carry_over(fields_of_activity(before), was, said)
    after = apply_fields(before, fields, now=wanted.done_at or now)
    return with_allowed_links(session, before, after, showing.owner)


def _people(session: Session, shown: Event, wanted: Event, owner: User) -> dict[str, int]:
    return persons_of(session, shown, owner) | persons_of(session, wanted, owner)


def _with_links(said: ActivityFields, kept: ActivityFields) -> ActivityFields:
    """An event that names no deal, person or organization takes none away: few services keep such a mark."""
    return replace(
        said,
        deal_id=said.deal_id or kept.deal_id,
        person_id=said.person_id or kept.person_id,
        organization_id=said.organization_id or kept.organization_id,
    )


def _first_text(showing: Showing, activity: Activity, now: datetime) -> Component:
    """The text of an activity that has none yet, because it has no date."""
    event = event_of_activity(activity, LinkedRecords(), replace(showing.options, include_links=False))
    return ical.draw(replace(event, start=event.start or now), stamp=now)


def _reminders(event: Event) -> list[object]:
    return [(one.recurrence_id, one.reminders) for one in (event, *event.overrides)]


def _written(showing: Showing, after: Activity, calendar: Component) -> ClientText:
    """The text as if a client had written it; drawing turns an event into a task where its type is shown so (R27)."""
    text = contentline.serialize(calendar)
    content = ical.read(text)  # refuses what no client could have written
    return ClientText(showing.calendar_for(showing.own.option(after.type).shown_as), "", text, content)
