"""Activities as their users see and change them on the page: their own, and of others what they may see (R10–R12)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Visibility
from bridge.core.event import Privacy
from bridge.core.projection.options import LinkedRecords
from bridge.core.user import User
from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services.activities import Activities
from bridge.services.activity_filters import EVERYONE, FIRST_DAY, LAST_DAY, Filters, Progress, Span, window_of
from bridge.services.actor import Actor
from bridge.services.settings import Settings
from bridge.store import accounts, activities
from bridge.store.activity_list import Found, Key, Query, list_activities, visible_ids
from bridge.store.database import Database
from bridge.store.models.journal import RecordKind, Source
from bridge.store.record_search import Named, find_named, named

PAGE = 50
LONGEST = timedelta(days=31)
_PAST = timedelta(days=31)  # how far back the occurrences of a series are shown


@dataclass(frozen=True, slots=True)
class Line:
    """An activity as a viewer sees it. ``starts`` is its due moment in the viewer's time zone, or its day.

    ``masked``: all but the time, the owner and that it is busy is hidden (R10). ``occurrence``: one of a series.
    """

    activity: Activity
    owner: User | None
    key: Key
    starts: date | datetime | None
    links: LinkedRecords = field(default_factory=LinkedRecords)
    own: bool = True
    masked: bool = False
    occurrence: bool = False
    overdue: bool = False

    @property
    def day(self) -> date | None:
        """The day that it is due on."""
        return self.starts.date() if isinstance(self.starts, datetime) else self.starts


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list. ``before`` and ``behind`` are where the neighbouring pages end and begin, if there are."""

    lines: tuple[Line, ...]
    before: Key | None = None
    behind: Key | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An activity as a form gives it. ``day`` and ``at`` are meant in the user's time zone; notes are HTML."""

    subject: str
    type_key: str
    day: date | None = None
    at: time | None = None
    duration: timedelta | None = None
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
    done: bool = False


class ActivityDesk:
    """What one user does with activities. ``viewer`` is that user; what they may not see is not there for them."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, records: Activities) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._records = records

    def owners(self) -> list[User]:
        """Whose activities there are to choose from."""
        with self._database.read() as session:
            return [user for user in accounts.users(session).values() if user.enabled]

    def page(self, viewer: User, filters: Filters, *, behind: Key | None = None, before: Key | None = None) -> Page:
        """One page of what a viewer may see, the one behind or before a place. Raises ``NotFound`` for an owner."""
        newest_first = filters.progress is Progress.DONE
        with self._database.read() as session:
            query = self._query(session, viewer, filters)
            query = replace(query, behind=before or behind, backwards=newest_first is (before is None))
            found = list_activities(session, query)
            lines = self._lines(session, viewer, found[:PAGE])
        more, lines = len(found) > PAGE, lines[::-1] if before else lines
        up, down = (more, True) if before else (behind is not None, more)
        keys = [line.key for line in lines]
        return Page(tuple(lines), keys[0] if up and keys else None, keys[-1] if down and keys else None)

    def _query(self, session: Session, viewer: User, filters: Filters) -> Query:
        now, zone = self._clock.now(), ZoneInfo(viewer.time_zone)
        horizon = now - _PAST, now + timedelta(days=self._settings.series_horizon_days)
        done = {Progress.DONE: True, Progress.OPEN: False, Progress.OVERDUE: False}.get(filters.progress)
        overdue = (now.astimezone(zone).date(), now) if filters.progress is Progress.OVERDUE else None
        return Query(
            viewer.id,
            horizon,
            owner_id=_owner_id(session, viewer, filters.owner),
            type_key=filters.type_key,
            done=done,
            overdue=overdue,
            text=filters.text.strip(),
            window=window_of(filters, now, zone),
            undated=filters.span is Span.UNDATED,
            limit=PAGE + 1,
        )

    def _lines(self, session: Session, viewer: User, found: Sequence[Found]) -> list[Line]:
        links = activities.linked_records(session, [each.activity for each in found])
        users = accounts.users(session)
        return [self._line(viewer, each, users, links[each.activity.id]) for each in found]

    def _line(self, viewer: User, found: Found, users: Mapping[int, User], links: LinkedRecords) -> Line:
        activity, now, zone = found.activity, self._clock.now(), ZoneInfo(viewer.time_zone)
        owner, own = users.get(activity.owner_id), activity.owner_id == viewer.id
        masked = not own and activity.privacy is not Privacy.PUBLIC
        starts = _local(found, zone)
        line = Line(_mask(activity) if masked else activity, owner, found.key, starts, own=own, masked=masked)
        if masked:
            return replace(line, occurrence=found.occurrence is not None)
        overdue = not activity.done and found.occurrence is None and is_past(starts, now, zone)
        seen = links.visible_to(viewer.id)
        return replace(line, links=seen, occurrence=found.occurrence is not None, overdue=overdue)

    def show(self, viewer: User, activity_id: int) -> Line:
        """One activity. Raises ``NotFound`` for what the viewer may not see, and for what is gone."""
        with self._database.read() as session:
            found = activities.activities(session, visible_ids(session, viewer.id, [activity_id]))
            if not found:
                raise NotFound(f"There is no activity {activity_id}.")
            activity = found[activity_id]
            return self._lines(session, viewer, [Found(activity, _key(activity))])[0]

    def occurrences(self, viewer: User, activity_id: int) -> list[datetime]:
        """When a series takes place, in the viewer's time zone (R11). Raises ``NotFound``."""
        self.show(viewer, activity_id)
        zone = ZoneInfo(viewer.time_zone)
        return [start.astimezone(zone) for start, _ in self._records.occurrences(activity_id)]

    def candidates(self, viewer: User, kind: RecordKind, text: str) -> list[Named]:
        """Deals, persons or organizations that a viewer may link, whose names contain a text; the exact ones first."""
        if not text.strip():
            return []
        with self._database.read() as session:
            return find_named(session, viewer.id, kind, text.strip())

    def names(self, viewer: User, kind: RecordKind, ids: Sequence[int]) -> dict[int, str]:
        """The names of records, as far as the viewer may see them."""
        with self._database.read() as session:
            return named(session, viewer.id, kind, ids)

    def add(self, viewer: User, draft: Draft) -> str:
        """Add an activity of one's own. Returns the run that takes it back. Raises ``Invalid`` or ``NotFound``."""
        self._check(viewer, draft, None)
        actor = _actor(viewer)
        self._records.create(actor, _applied(Activity("", viewer.id), draft, ZoneInfo(viewer.time_zone)))
        return actor.run or ""

    def change(self, viewer: User, activity_id: int, draft: Draft) -> str:
        """Change one's own activity. Raises ``NotFound``, ``Invalid``, or ``Conflict`` for a series (R11)."""
        zone = ZoneInfo(viewer.time_zone)
        self._check(viewer, draft, self._own(viewer, activity_id))
        return self._edit(viewer, activity_id, lambda before: _applied(before, draft, zone))

    def mark(self, viewer: User, activity_id: int, *, done: bool) -> str:
        """Mark one's own activity as done, or as open again. Raises ``NotFound``."""
        return self._edit(viewer, activity_id, lambda before: replace(before, done=done))

    def delete(self, viewer: User, activity_id: int) -> str:
        """Delete one's own activity, softly. Raises ``NotFound``, or ``Conflict`` for a series (R11)."""
        return self._edit(viewer, activity_id, lambda before: replace(before, deleted=True))

    def _edit(self, viewer: User, activity_id: int, edit: Callable[[Activity], Activity]) -> str:
        """Change what is still the viewer's. Returns the run that takes it back."""
        actor = _actor(viewer)
        self._records.change(actor, activity_id, lambda before: edit(_still(viewer, before)))
        return actor.run or ""

    def _own(self, viewer: User, activity_id: int) -> Activity:
        return _still(viewer, self._records.get(activity_id))

    def _check(self, viewer: User, draft: Draft, before: Activity | None) -> None:
        """Refuse what no activity can be, and links to what its owner may not see."""
        if draft.day is not None and not FIRST_DAY <= draft.day <= LAST_DAY:
            raise Invalid(f"The day lies between {FIRST_DAY.year} and {LAST_DAY.year}.")
        if draft.duration is not None and not timedelta() <= draft.duration <= LONGEST:
            raise Invalid(f"An activity lasts {LONGEST.days} days at most.")
        for kind in (RecordKind.DEAL, RecordKind.PERSON, RecordKind.ORGANIZATION):
            field_name = f"{kind.value}_id"
            wanted = getattr(draft, field_name)
            if wanted is None or (before is not None and getattr(before, field_name) == wanted):
                continue
            if wanted not in self.names(viewer, kind, [wanted]):
                raise NotFound(f"There is no {kind.value} {wanted}.")


def is_past(starts: date | datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a due moment, or the whole day, is over."""
    if isinstance(starts, datetime):
        return starts < now
    return starts is not None and starts < now.astimezone(zone).date()


def _owner_id(session: Session, viewer: User, owner: str) -> int | None:
    if owner in {"", viewer.login}:
        return viewer.id
    if owner == EVERYONE:
        return None
    found = accounts.user_by_login(session, owner)
    if found is None:
        raise NotFound(f"There is no user “{owner}”.")
    return found.id


def _key(activity: Activity) -> Key:
    return Key(activity.due_date, activity.due_time, activity.id)


def _local(found: Found, zone: ZoneInfo) -> date | datetime | None:
    if found.occurrence is not None:
        start = datetime.fromtimestamp(found.occurrence[0], UTC).astimezone(zone)
        return start if found.activity.due_time is not None else start.date()
    due = found.activity.due
    return due.astimezone(zone) if isinstance(due, datetime) else due


def _mask(activity: Activity) -> Activity:
    """All that others may know of a private activity (R10)."""
    return Activity(
        "",
        activity.owner_id,
        type="",
        due_date=activity.due_date,
        due_time=activity.due_time,
        duration=activity.duration,
        busy=True,
        privacy=activity.privacy,
        series=activity.series,
        id=activity.id,
    )


def _still(viewer: User, activity: Activity) -> Activity:
    """The activity, if it is there and this user's to change. Raises ``NotFound``."""
    if activity.deleted or activity.owner_id != viewer.id:
        raise NotFound(f"There is no activity {activity.id} of yours.")
    return activity


def _applied(before: Activity, draft: Draft, zone: ZoneInfo) -> Activity:
    day, at = draft.day, None
    if day is not None and draft.at is not None:
        moment = datetime.combine(day, draft.at, tzinfo=zone).astimezone(UTC)
        day, at = moment.date(), moment.time()
    return replace(
        before,
        subject=draft.subject,
        type=draft.type_key,
        due_date=day,
        due_time=at if draft.day is not None else draft.at,
        duration=draft.duration,
        done=draft.done,
        busy=draft.busy,
        privacy=draft.privacy,
        visibility=draft.visibility,
        location=draft.location,
        conference_url=draft.conference_url,
        public_description=draft.public_description,
        note=draft.note,
        deal_id=draft.deal_id,
        person_id=draft.person_id,
        organization_id=draft.organization_id,
    )


def _actor(viewer: User) -> Actor:
    return Actor(viewer.id, Source.CRM, client="page", run=uuid4().hex)
