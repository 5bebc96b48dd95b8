"""How a connection shows a user's activities: as events, under options of its own (R8 to R12)."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bridge.core import ical
from bridge.core.activity import Activity
from bridge.core.contentline import Component
from bridge.core.event import Event, EventKind, Links, Privacy
from bridge.core.linkblock import strip_block
from bridge.core.projection.activities import event_of_activity
from bridge.core.projection.options import CalendarOptions, LinkedRecords
from bridge.core.scope import CalendarScope, PrivatePolicy
from bridge.errors import NotFound
from bridge.ports import Version
from bridge.services.choices import calendar_options
from bridge.services.placement import kept_text, present_resources
from bridge.services.rendering import in_batches
from bridge.services.settings import Settings
from bridge.store import accounts, activities, changed, collections
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import Placed, Source


@dataclass(frozen=True, slots=True)
class Shown:
    """An activity as a connection shows it. ``calendar`` is what the owner's devices read, the last time they did."""

    activity: Activity
    calendar: Component | None
    event: Event
    version: Version


@dataclass(frozen=True, slots=True)
class Parts:
    """An activity with what its event is made of, and the version that these make."""

    activity: Activity
    linked: LinkedRecords
    version: Version


class Showing:
    """Shows one user's activities, as long as a session lasts. Raises ``NotFound`` for a user who is gone."""

    def __init__(self, session: Session, settings: Settings, scope: CalendarScope) -> None:
        owner = accounts.users(session, [scope.user_id]).get(scope.user_id)
        if owner is None:
            raise NotFound("The user of this connection is gone.")
        self._session = session
        self._scope = scope
        self.owner = owner
        self.own = calendar_options(session, owner, settings)
        self.options = _of_connection(self.own, scope)
        home = collections.collections_in_home(session, owner.login)
        self.calendars = [one for one in home if one.kind is CollectionKind.CALENDAR and not one.read_only]
        self.digest = _digest(self.options, scope.private)

    def one(self, activity_id: int) -> Shown | None:
        """One activity, if it is there and the user's own. Raises as ``show``."""
        for parts in self.parts([activity_id]):
            return self.show(parts, self.present([parts])[Source(activity_id=activity_id)])
        return None

    def several(self, ids: Collection[int]) -> dict[int, Shown]:
        """Some activities that are there and the user's own. Raises as ``show``."""
        batch = list(self.parts(ids))
        present = self.present(batch)
        return {one.activity.id: self.show(one, present[Source(activity_id=one.activity.id)]) for one in batch}

    def calendar_for(self, kind: EventKind) -> int:
        """The owner's collection for events or tasks; 0 if there is none."""
        return next((one.id for one in self.calendars if one.component == kind), 0)

    def versions(self, ids: Collection[int]) -> dict[int, Version]:
        """The version of each of these activities that is there and the user's own (R5)."""
        return {parts.activity.id: parts.version for parts in self.parts(ids)}

    def parts(self, ids: Collection[int]) -> Iterator[Parts]:
        """Gather what the events of these activities are made of; those that are gone or not owned are left out."""
        for batch in in_batches(sorted(set(ids))):
            found = activities.activities(self._session, batch).values()
            own = [one for one in found if one.owner_id == self.owner.id and not one.deleted]
            linked = activities.linked_records(self._session, own) if self._scope.include_links else {}
            drawn = changed.drawn_as(self._session, [one.id for one in own])
            for one in own:
                visible = linked.get(one.id, LinkedRecords()).visible_to(self.owner.id)
                yield Parts(one, visible, _digest(self.digest, one, visible, drawn.get(one.id)))

    def present(self, parts: Collection[Parts]) -> dict[Source, list[Placed]]:
        """What clients wrote and read of these activities: what ``show`` needs of each."""
        return present_resources(self._session, [Source(activity_id=one.activity.id) for one in parts])

    def show(self, parts: Parts, present: Sequence[Placed]) -> Shown:
        """Make the event. Raises ``Invalid`` or ``MappingError`` if it cannot be made."""
        calendar = self._kept(present)
        previous = as_event(ical.event(calendar)) if calendar is not None else None
        event = event_of_activity(parts.activity, parts.linked, self.options, previous)
        event = replace(event, uid=parts.activity.uid, modified=parts.activity.updated_at)
        return Shown(parts.activity, calendar, self._outward(event), parts.version)

    def _kept(self, present: Sequence[Placed]) -> Component | None:
        """What a client wrote or would read: it says what the record cannot. Another owner's is their own."""
        text, mine = kept_text(present, {one.id for one in self.calendars})
        if not text:
            return None
        calendar = ical.read(text)
        return calendar if mine else ical.for_colleague(calendar)

    def _outward(self, event: Event) -> Event:
        """The event with its exceptions as the options want them: the projection knows the series as a whole only."""
        overrides = event.overrides
        if not self.options.include_links:
            overrides = tuple(
                replace(one, description=strip_block(one.description), links=Links(), url=event.url)
                for one in overrides
            )
        if self._scope.private is PrivatePolicy.AS_PUBLIC:
            event = replace(event, privacy=Privacy.PUBLIC)
            overrides = tuple(replace(one, privacy=Privacy.PUBLIC) for one in overrides)
        return replace(event, overrides=overrides) if overrides != event.overrides else event


def as_event(event: Event) -> Event:
    """A task on its way to a calendar: its time is taken from the activity, a series keeps its own (R11)."""
    if event.kind is EventKind.EVENT:
        return event
    if not event.is_series:
        return replace(event, kind=EventKind.EVENT, start=None, end=None)
    overrides = tuple(replace(one, kind=EventKind.EVENT, start=one.start or one.end) for one in event.overrides)
    return replace(event, kind=EventKind.EVENT, start=event.start or event.end, overrides=overrides)


def _of_connection(own: CalendarOptions, scope: CalendarScope) -> CalendarOptions:
    """The user's options with the connection's instead where it has them; every type is shown as an event."""
    types = {key: replace(option, shown_as=EventKind.EVENT) for key, option in own.type_options.items()}
    return replace(
        own,
        type_options=types,
        default_type=scope.default_type,
        default_visibility=scope.visibility,
        include_links=scope.include_links,
    )


def _digest(*values: object) -> Version:
    """Differs whenever the values do. All of them are value objects, whose representation says everything."""
    return Version(hashlib.sha256(repr(values).encode(errors="surrogatepass")).hexdigest()[:32])
