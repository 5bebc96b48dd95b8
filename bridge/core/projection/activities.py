"""Activity <-> Event.

Both directions go through ``ActivityFields``: what of an activity a calendar can express, in one canonical form.
Reading an event gives its fields; writing an activity changes only those parts of the previous event whose fields
differ. So nothing a client wrote is rewritten without need, and no mapping changes anything when applied twice (R24).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.core import richtext
from bridge.core.activity import Activity
from bridge.core.event import Event, EventKind, Links, Moment, Privacy
from bridge.core.ical_values import SECOND, from_timestamp, timestamp
from bridge.core.linkblock import LinkedNames, append_block, find_block, render_block, strip_block
from bridge.core.projection.options import CalendarOptions, LinkedRecords

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ActivityFields:
    """The part of an activity that calendars see. ``description`` is plain text without the fenced block.

    The ids are ``None`` where the event says nothing about them.
    """

    subject: str = ""
    type: str = ""
    due_date: date | None = None
    due_time: time | None = None
    duration: timedelta | None = None
    done: bool = False
    cancelled: bool = False
    busy: bool = True
    privacy: Privacy = Privacy.PUBLIC
    location: str = ""
    conference_url: str = ""
    description: str = ""
    deal_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None
    participants: tuple[int, ...] = ()


def fields_of_event(
    event: Event, options: CalendarOptions, *, type_key: str = "", persons: Mapping[str, int] | None = None
) -> ActivityFields:
    """Read what an event says about an activity.

    ``type_key`` is the type to assume when the event names none (the present one, or the user's default).
    ``persons`` maps e-mail addresses in lower case to the persons that attendees are matched to.
    """
    kind = _type_of(event, options) or type_key or options.default_type
    due_date, due_time, duration = _due_of(event, options.zone)
    conference = event.conference_url
    people = (persons or {}).get
    return ActivityFields(
        subject=event.summary.strip() or options.type_name(kind),
        type=kind,
        due_date=due_date,
        due_time=due_time,
        duration=duration,
        done=event.done,
        cancelled=event.cancelled,
        busy=event.busy,
        privacy=event.privacy,
        location="" if conference and event.location == conference else event.location,
        conference_url=conference,
        description=strip_block(event.description),
        deal_id=event.links.deal_id,
        person_id=event.links.person_id,
        organization_id=event.links.organization_id,
        participants=tuple(dict.fromkeys(p for a in event.attendees if (p := people(a.email.lower())) is not None)),
    )


def fields_of_activity(activity: Activity) -> ActivityFields:
    """Read the same from the record itself."""
    return ActivityFields(
        subject=activity.subject,
        type=activity.type,
        due_date=activity.due_date,
        due_time=activity.due_time,
        duration=activity.duration,
        done=activity.done,
        cancelled=activity.cancelled,
        busy=activity.busy,
        privacy=activity.privacy,
        location=activity.location,
        conference_url=activity.conference_url,
        description=richtext.to_text(activity.public_description).strip("\n"),
        deal_id=activity.deal_id,
        person_id=activity.person_id,
        organization_id=activity.organization_id,
        participants=activity.participants,
    )


def apply_fields(activity: Activity, fields: ActivityFields, *, now: datetime) -> Activity:
    """Write fields back into a record. The HTML of the description survives as long as its text is the same.

    SEQUENCE grows when the time changes (RFC 5545 3.8.7.4); ``done_at`` follows ``done``.
    """
    present = fields_of_activity(activity)
    moved = (present.due_date, present.due_time, present.duration) != (
        fields.due_date,
        fields.due_time,
        fields.duration,
    )
    same_text = present.description == fields.description
    return replace(
        activity,
        subject=fields.subject,
        type=fields.type,
        due_date=fields.due_date,
        due_time=fields.due_time,
        duration=fields.duration,
        done=fields.done,
        done_at=_done_at(activity, done=fields.done, now=now),
        cancelled=fields.cancelled,
        busy=fields.busy,
        privacy=fields.privacy,
        location=fields.location,
        conference_url=fields.conference_url,
        public_description=activity.public_description if same_text else richtext.to_html(fields.description),
        deal_id=fields.deal_id,
        person_id=fields.person_id,
        organization_id=fields.organization_id,
        participants=fields.participants,
        sequence=activity.sequence + 1 if moved and activity.id else activity.sequence,
    )


def event_of_activity(
    activity: Activity, linked: LinkedRecords, options: CalendarOptions, previous: Event | None = None
) -> Event:
    """Show an activity as an event, changing of ``previous`` only what the record says differently."""
    option = options.option(activity.type)
    if previous is None:
        reminders = (option.reminder,) if option.reminder is not None else ()
        event = Event(
            uid=activity.uid,
            kind=option.shown_as,
            color=options.color(activity.type),
            reminders=reminders,
            created=activity.created_at,
        )
        said = None
    else:
        event, said = previous, fields_of_event(previous, options, type_key=activity.type)
    event = _with_plain_fields(event, activity, said)
    event = _with_time(event, activity, options, said)
    event = _with_place(event, activity, said)
    event = _with_type(event, activity, options)
    event = _with_links(event, activity, linked, options, said)
    if said is None or event != previous:
        event = replace(event, sequence=max(event.sequence, activity.sequence), modified=activity.updated_at)
    return event


def masked_event(event: Event, text: str) -> Event:
    """What others see of a private event: when its owner is busy, and nothing else (R10)."""
    return Event(
        uid=event.uid,
        kind=EventKind.EVENT,
        summary=text,
        start=event.start,
        end=event.end,
        busy=event.busy,
        cancelled=event.cancelled,
        privacy=Privacy.PRIVATE,
        recurrence=event.recurrence,
        recurrence_id=event.recurrence_id,
        overrides=tuple(masked_event(override, text) for override in event.overrides),
        sequence=event.sequence,
        created=event.created,
        modified=event.modified,
    )


def _type_of(event: Event, options: CalendarOptions) -> str:
    """The type an event names: its CATEGORIES where they name one, else X-CRM-TYPE. Types are never created.

    A client that keeps X-CRM-TYPE without knowing it changes the CATEGORIES only, so these speak first.
    """
    names = options.type_keys_by_name()
    named = [names[c.casefold()] for c in event.categories if c.casefold() in names]
    if event.type_key in options.types and (not named or event.type_key in named):
        return event.type_key
    return named[0] if named else ""


def _due_of(event: Event, zone: ZoneInfo) -> tuple[date | None, time | None, timedelta | None]:
    """Due date, due time in UTC, and duration. A whole single day and a mere point in time have no duration."""
    moment = event.start if event.kind is EventKind.EVENT or event.end is None else event.end
    if moment is None:
        return None, None, None
    duration = _duration_of(event, zone) if event.kind is EventKind.EVENT else None
    if not isinstance(moment, datetime):
        return moment, None, None if duration == _DAY else duration
    utc = _same_instant(in_zone(moment, zone), UTC)
    return utc.date(), utc.time().replace(tzinfo=None), duration


def _duration_of(event: Event, zone: ZoneInfo) -> timedelta | None:
    if event.start is None or event.end is None or isinstance(event.start, datetime) != isinstance(event.end, datetime):
        return None
    if isinstance(event.start, datetime) and isinstance(event.end, datetime):
        seconds = timestamp(in_zone(event.end, zone)) - timestamp(in_zone(event.start, zone))
        length = timedelta(seconds=seconds)
    else:
        length = event.end - event.start
    return length if length > timedelta(0) else None


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """Give a floating time the zone in which it is meant."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _done_at(activity: Activity, *, done: bool, now: datetime) -> datetime | None:
    if not done:
        return None
    return activity.done_at if activity.done and activity.done_at else now


def _with_plain_fields(event: Event, activity: Activity, said: ActivityFields | None) -> Event:
    changes: dict[str, object] = {
        "busy": activity.busy,
        "privacy": activity.privacy,
        "cancelled": activity.cancelled,
        "done": activity.done,
    }
    if said is None or said.done != activity.done:
        changes["done_at"] = activity.done_at
    if said is None or said.subject != activity.subject:
        changes["summary"] = activity.subject
    return replace(event, **changes)  # type: ignore[arg-type]


def _with_time(event: Event, activity: Activity, options: CalendarOptions, said: ActivityFields | None) -> Event:
    """Move the event where the activity is, keeping the zone the client chose. Series keep their own time (R11)."""
    wanted = (activity.due_date, activity.due_time, activity.duration)
    if activity.series or (said is not None and (said.due_date, said.due_time, said.duration) == wanted):
        return event
    start = _shown_in(activity.due, event.start or event.end, options.zone)
    if event.kind is EventKind.TASK:
        return replace(event, start=None, end=start)
    if start is None:
        return replace(event, start=None, end=None)
    return replace(event, start=start, end=_end_of(start, activity, options))


def _shown_in(due: Moment | None, like: Moment | None, zone: ZoneInfo) -> Moment | None:
    """Express an instant as the client did: in its zone, or floating."""
    if not isinstance(due, datetime):
        return due
    if isinstance(like, datetime):
        if like.tzinfo is None:
            return _same_instant(due, zone).replace(tzinfo=None)
        return _same_instant(due, like.tzinfo)
    return _same_instant(due, zone)


def _same_instant(moment: datetime, zone: tzinfo) -> datetime:
    """The same instant in another zone, held within the years 1 to 9999."""
    return from_timestamp(timestamp(moment), zone)


def _end_of(start: Moment, activity: Activity, options: CalendarOptions) -> Moment:
    if not isinstance(start, datetime):
        return start + max(_DAY, timedelta(days=(activity.duration or _DAY).days))
    kind = options.types.get(activity.type)
    length = activity.duration or (kind.default_duration if kind else timedelta(minutes=30))
    return from_timestamp(timestamp(start) + length // SECOND, UTC if start.tzinfo is None else start.tzinfo).replace(
        tzinfo=start.tzinfo
    )


def _with_place(event: Event, activity: Activity, said: ActivityFields | None) -> Event:
    """The link of a conference stands in LOCATION too where that is empty: few clients show CONFERENCE."""
    if said is not None and (said.location, said.conference_url) == (activity.location, activity.conference_url):
        return event
    return replace(event, conference_url=activity.conference_url, location=activity.location or activity.conference_url)


def _with_type(event: Event, activity: Activity, options: CalendarOptions) -> Event:
    """Name the type in CATEGORIES beside the client's own, and follow its colour unless the client chose one."""
    names = options.type_keys_by_name()
    name = options.type_name(activity.type)
    if event.type_key == activity.type and name.casefold() in {c.casefold() for c in event.categories}:
        return event
    own = tuple(c for c in event.categories if c.casefold() not in names)
    named = [c for c in event.categories if c.casefold() in names]
    kept = event.categories if [c.casefold() for c in named] == [name.casefold()] else (name, *own)
    follows = event.color == options.color(event.type_key) or not event.color
    return replace(
        event,
        type_key=activity.type,
        categories=kept,
        color=options.color(activity.type) if follows and event.type_key else event.color,
    )


def _with_links(
    event: Event, activity: Activity, linked: LinkedRecords, options: CalendarOptions, said: ActivityFields | None
) -> Event:
    """Tell about deal, person and organization: ids, page address and the fenced block (R9)."""
    names = _names(linked) if options.include_links else LinkedNames()
    block = render_block(names, options.labels)
    text = fields_of_activity(activity).description
    if said is None or said.description != text or find_block(event.description) != block:
        event = replace(event, description=append_block(text, block))
    links = Links()
    if options.include_links:
        links = Links(activity.deal_id, activity.person_id, activity.organization_id)
    return replace(event, links=links, url=_page(event.url, activity, options))


def _page(url: str, activity: Activity, options: CalendarOptions) -> str:
    """The address of the activity's page, unless the client has put an address of its own there."""
    if not options.base_url or (url and not url.startswith(options.base_url)):
        return url
    return f"{options.base_url}/activities/{activity.id}" if options.include_links and activity.id else ""


def _names(linked: LinkedRecords) -> LinkedNames:
    deal, person, organization = linked.deal, linked.person, linked.organization
    shown = person is not None and not person.deleted
    return LinkedNames(
        deal=deal.title if deal and not deal.deleted else "",
        person=person.name if person and shown else "",
        person_details=tuple(item.value for item in (*person.phones[:2], *person.emails[:1]))
        if person and shown
        else (),
        organization=organization.name if organization and not organization.deleted else "",
        participants=tuple(p.name for p in linked.participants if not p.deleted and p != person),
    )
