"""Keep calendars in step with CRM rows: every change of an activity ends here, whoever made it.

``refresh_activities`` computes what an activity looks like in each collection that shows it and has the differences
written. It may be called for too many activities: what looks the same is left alone.
"""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core import contentline, ical, recurrence, rules
from bridge.core.activity import Activity
from bridge.core.contentline import Component
from bridge.core.event import Event, EventKind, Privacy
from bridge.core.ical_values import timestamp
from bridge.core.projection.activities import event_of_activity, masked_event
from bridge.core.projection.options import CalendarOptions, LinkedRecords
from bridge.core.rules import Include, LeaveOut
from bridge.core.user import User
from bridge.services.choices import calendar_options
from bridge.services.placement import Wanted, kept_text, place, present_resources
from bridge.services.settings import Settings
from bridge.store import accounts, activities, collections
from bridge.store.models.resources import INDEXED_AHEAD, INDEXED_PAST, LONGEST, CollectionKind
from bridge.store.placements import Index, Placed, Source
from bridge.store.views import Collection

BATCH = 500
DAWN = -(2**40)  # POSIX seconds, before every time that a calendar can say
MOST_INDEXED = 3_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ClientText:
    """What a client has just written: it becomes the text of the owner's resource, at the href it chose.

    ``content`` is the same text, for those who need not read it again.
    """

    collection_id: int
    href: str
    text: str
    content: Component | None = field(default=None, compare=False, repr=False)


def refresh_activities(session: Session, ids: Some[int], settings: Settings, *, now: datetime) -> int:
    """Bring the resources of these activities up to date. How many resources changed."""
    changed = 0
    for batch in in_batches(sorted(set(ids))):
        owners = activities.owners(session, batch)
        collections.lock_collections(session, owners)
        found = activities.activities(session, batch).values()
        changed += _refresh(session, list(found), owners, settings, {}, now)
    return changed


def refresh_activity(
    session: Session, activity: Activity, settings: Settings, *, now: datetime, written: ClientText | None = None
) -> int:
    """Bring the resources of an activity up to date that this transaction has just saved.

    ``written`` is the text that a client has just written.
    """
    texts = {activity.id: written} if written is not None else {}
    return refresh_saved_activities(session, [activity], settings, texts, now=now)


def refresh_saved_activities(
    session: Session,
    found: Sequence[Activity],
    settings: Settings,
    written: Mapping[int, ClientText],
    *,
    now: datetime,
) -> int:
    """The same for several activities, with the texts of clients by the activities' ids."""
    owners = {activity.owner_id for activity in found}
    collections.lock_collections(session, owners)
    return _refresh(session, found, owners, settings, written, now)


def in_batches(items: Sequence[Item], size: int = BATCH) -> Iterator[Sequence[Item]]:
    """Cut a sequence into portions that one statement can take."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class _View:
    """A collection and the choices by which it is drawn."""

    collection: Collection
    owner: User
    options: CalendarOptions


def _refresh(
    session: Session,
    found: Sequence[Activity],
    owners: Some[int],
    settings: Settings,
    written: Mapping[int, ClientText],
    now: datetime,
) -> int:
    linked = activities.linked_records(session, found)
    views = _views(session, owners, settings) if any(not activity.deleted for activity in found) else []
    present = present_resources(session, [Source(activity_id=activity.id) for activity in found])
    wanted = {}
    for activity in found:
        source = Source(activity_id=activity.id)
        own = [view for view in views if view.collection.subject_id == activity.owner_id]
        drawing = _Drawing(activity, linked[activity.id], present[source], written.get(activity.id), now)
        wanted[source] = [] if activity.deleted else drawing.everywhere(own)
    return place(session, wanted, present, now=now)


def _views(session: Session, subject_ids: Some[int], settings: Settings) -> list[_View]:
    types = accounts.activity_types(session)
    shown = [c for c in collections.collections_showing(session, subject_ids) if c.kind is CollectionKind.CALENDAR]
    users = accounts.users(session, {c.owner_id for c in shown} | set(subject_ids))
    options = {user.id: calendar_options(session, user, settings, types) for user in users.values()}
    return [_View(c, users[c.owner_id], options[c.subject_id]) for c in shown]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A finished calendar, the event that it says, its span in POSIX seconds, and its occurrences."""

    calendar: Component
    event: Event
    first: int
    last: int | None
    index: Index


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One activity on its way into the collections that show it."""

    activity: Activity
    linked: LinkedRecords
    present: Sequence[Placed]
    written: ClientText | None
    now: datetime

    def everywhere(self, views: Sequence[_View]) -> list[Wanted]:
        """What it should look like in each of these collections; nothing where the rules leave it out."""
        own_views = [view for view in views if not view.collection.read_only]
        if not own_views or self._undated(own_views[0].options):
            return []
        drawn = self._draw(own_views)
        own = (self._in_own(view, drawn) for view in own_views)
        others = (self._in_colleagues(view, drawn) for view in views if view.collection.read_only)
        return [found for found in (*own, *others) if found is not None]

    @property
    def _named(self) -> LinkedRecords:
        """What a calendar may name: an activity may be linked to what its own owner does not see (R12)."""
        return self.linked.visible_to(self.activity.owner_id)

    def _undated(self, options: CalendarOptions) -> bool:
        """Whether it has no place in a calendar: an event has a date, only a task may have none."""
        shown_as = options.option(self.activity.type).shown_as
        return isinstance(rules.dated(self.activity, shown_as), LeaveOut)

    def _draw(self, views: Sequence[_View]) -> _Drawn:
        """Patch the owner's text, or draw a new one."""
        options = views[0].options
        calendar, event = self._patched({view.collection.id for view in views}, options)
        first, last = recurrence.span(calendar, options.zone)
        return _Drawn(calendar, event, first, last, _index_of(calendar, event, first, options.zone, self.now))

    def _patched(self, own: set[int], options: CalendarOptions) -> tuple[Component, Event]:
        calendar = self._previous(own)
        if calendar is None:
            event = event_of_activity(self.activity, self._named, options)
            return ical.draw(event, stamp=self.activity.updated_at or self.now), event
        previous = ical.event(calendar)
        shown_as = options.option(self.activity.type).shown_as
        if shown_as is not previous.kind:
            event = event_of_activity(self.activity, self._named, options, _recast(previous, shown_as))
            converted = ical.convert(calendar, shown_as, event, stamp=self.now)
            return converted, ical.event(converted)
        event = event_of_activity(self.activity, self._named, options, previous)
        return (ical.patch(calendar, event, stamp=self.now) if event != previous else calendar), event

    def _previous(self, own: set[int]) -> Component | None:
        """What a client wrote; after a change of owner less what was for the other's devices."""
        if self.written and self.written.content:
            return self.written.content
        text, mine = (self.written.text, True) if self.written else kept_text(self.present, own)
        if not text:
            return None
        found = ical.read(text)
        return found if mine else ical.read(contentline.serialize(ical.for_colleague(found)))

    def _in_own(self, view: _View, drawn: _Drawn) -> Wanted | None:
        chosen = self.written if self.written and self.written.collection_id == view.collection.id else None
        verdict = rules.in_own_calendar(
            self.activity,
            user_id=view.owner.id,
            component=EventKind(view.collection.component),
            shown_as=EventKind(ical.component_kind(drawn.calendar)),
            reachable=chosen is not None or rules.within_reach(drawn.last, self.now, view.owner.past_days),
        )
        if not isinstance(verdict, Include):
            return None
        return self._wanted(view, drawn, drawn.calendar, href=chosen.href if chosen else "")

    def _in_colleagues(self, view: _View, drawn: _Drawn) -> Wanted | None:
        verdict = rules.in_colleagues_calendar(
            self.activity,
            subject_id=view.collection.subject_id,
            viewer_id=view.owner.id,
            linked=self.linked.all,
            reachable=rules.within_reach(drawn.last, self.now, view.owner.past_days),
        )
        if not isinstance(verdict, Include):
            return None
        calendar, event = drawn.calendar, drawn.event
        if event.kind is EventKind.TASK:
            blank = _recast(event, EventKind.EVENT) if event.is_series else Event(self.activity.uid)
            event = event_of_activity(self.activity, self._named, view.options, blank)
            stamp = self.activity.updated_at or self.now  # the same whenever it is drawn
            calendar = ical.convert(calendar, EventKind.EVENT, event, stamp=stamp)
        if verdict.masked or any(one.privacy is not Privacy.PUBLIC for one in drawn.event.overrides):
            masked = masked_event(event, view.options.private_text)
            return self._wanted(view, drawn, ical.draw(masked, stamp=event.modified or self.now))
        return self._wanted(view, drawn, ical.for_colleague(calendar))

    def _wanted(self, view: _View, drawn: _Drawn, calendar: Component, href: str = "") -> Wanted:
        return Wanted(
            collection_id=view.collection.id,
            uid=self.activity.uid,
            component=ical.component_kind(calendar),
            text=contentline.serialize(calendar),
            href=href,
            first_start=drawn.first,
            last_end=drawn.last,
            recurring=drawn.event.is_series,
            index=drawn.index,
            for_colleague=view.collection.read_only,
        )


def _recast(event: Event, kind: EventKind) -> Event:
    """An event on its way to a task, or back: its times are taken from the activity, a series keeps its own (R11)."""
    if not event.is_series:
        return replace(event, kind=kind, start=None, end=None)
    overrides = tuple(replace(one, kind=kind, start=one.start or one.end) for one in event.overrides)
    return replace(event, kind=kind, start=event.start or event.end, overrides=overrides)


def _index_of(calendar: Component, event: Event, first: int, zone: ZoneInfo, now: datetime) -> Index:
    """The occurrences of a series from some years ago to some years ahead; nothing for what does not recur.

    A series with very many ends earlier; beyond, a query looks at the text itself.
    """
    if not event.is_series or event.kind is not EventKind.EVENT:
        return Index()
    start, end = max(first, int((now - INDEXED_PAST).timestamp())), int((now + INDEXED_AHEAD).timestamp())
    if end <= start:
        return Index()
    window = (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
    found = islice(recurrence.occurrences(calendar, *window, zone), MOST_INDEXED + 1)
    spans = sorted((timestamp(one.start, zone), timestamp(one.end, zone)) for one in found)
    if len(spans) > MOST_INDEXED or any(ends - starts > LONGEST for starts, ends in spans):
        return Index()
    # Before its first start a series has no occurrence: what is known reaches back for ever.
    known_from = DAWN if start == first else start
    return Index(tuple(spans), known_from, end)
