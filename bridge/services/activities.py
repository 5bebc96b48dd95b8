"""Activities and deals as the CRM changes them: the other way into the rows that clients see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from bridge.core.activity import Activity, ActivityType, Deal
from bridge.core.merge import changed_fields
from bridge.errors import Conflict, Invalid, NotFound
from bridge.ports import Clock
from bridge.services import records
from bridge.services.actor import Actor
from bridge.services.records import Change
from bridge.services.redrawing import redraw
from bridge.services.settings import Settings
from bridge.services.standard_types import ensure_types
from bridge.store import accounts, activities, collections, placements, redraws
from bridge.store.database import Database
from bridge.store.models.resources import Cause


class Activities:
    """Use cases of activities, deals and activity types."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def get(self, activity_id: int) -> Activity:
        """One activity, deleted or not. Raises ``NotFound``."""
        with self._database.read() as session:
            return _activity(session, activity_id)

    def owned_by(self, user_id: int) -> list[Activity]:
        """All live activities of a user."""
        with self._database.read() as session:
            ids = activities.activity_ids(session, owner_ids=[user_id])
            return list(activities.activities(session, ids).values())

    def occurrences(self, activity_id: int) -> list[tuple[datetime, datetime]]:
        """The read-only occurrences of a series that the CRM shows: the past month to the horizon (R11), in UTC."""
        now = self._clock.now()
        horizon = now + timedelta(days=self._settings.series_horizon_days)
        past = now - timedelta(days=31)
        with self._database.read() as session:
            found = placements.occurrences(session, activity_id, int(past.timestamp()), int(horizon.timestamp()))
        return [(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)) for start, end in found]

    def create(self, actor: Actor, activity: Activity) -> Activity:
        """Add an activity. A missing UID is made here."""
        with self._database.write() as session:
            _check(session, activity)
            new = replace(activity, uid=activity.uid or str(uuid4()), id=0)
            return self._write(session, actor, None, new)

    def change(self, actor: Actor, activity_id: int, edit: Callable[[Activity], Activity]) -> Activity:
        """Change an activity. Raises ``Conflict`` for a part of a series: those are edited in the calendar (R11)."""
        with self._database.write() as session:
            before = _locked(session, activity_id)
            after = replace(edit(before), id=before.id, uid=before.uid)
            if before.series and changed_fields(before, after) - {"owner_id", "done", "done_at", "deal_id"}:
                raise Conflict(
                    "This activity belongs to a series that comes from a calendar.",
                    remedy="Edit the series in the calendar it comes from.",
                )
            _check(session, after)
            moved = (before.due, before.duration) != (after.due, after.duration)
            after = replace(after, sequence=before.sequence + (1 if moved else 0))
            if after.done != before.done:
                after = replace(after, done_at=self._clock.now() if after.done else None)
            return self._write(session, actor, before, after)

    def delete(self, actor: Actor, activity_id: int) -> None:
        """Delete an activity, softly (R21)."""
        with self._database.write() as session:
            before = _locked(session, activity_id)
            self._write(session, actor, before, replace(before, deleted=True))

    def _write(self, session: Session, actor: Actor, before: Activity | None, after: Activity) -> Activity:
        (written,) = records.write(session, actor, self._settings, [Change(before, after)], now=self._clock.now())
        saved = written.record
        assert isinstance(saved, Activity)  # noqa: S101 - what was written comes back
        return saved

    def save_deal(self, actor: Actor, deal: Deal) -> Deal:
        """Add a deal, or change or delete one; the activities linked to it are drawn again."""
        with self._database.write() as session:
            before = activities.deals(session, [deal.id]).get(deal.id) if deal.id else None
            (written,) = records.write(session, actor, self._settings, [Change(before, deal)], now=self._clock.now())
            saved = written.record
            assert isinstance(saved, Deal)  # noqa: S101 - what was written comes back
            return saved

    def types(self) -> Sequence[ActivityType]:
        """All activity types, in their order."""
        with self._database.read() as session:
            return list(accounts.activity_types(session).values())

    def ensure_types(self) -> None:
        """Add the standard activity types where there are none at all."""
        with self._database.write() as session:
            ensure_types(session)

    def save_type(self, kind: ActivityType) -> ActivityType:
        """Add or change an activity type; the activities of this type are drawn again. Former names are kept."""
        with self._database.write() as session:
            before = accounts.activity_types(session).get(kind.key)
            if before is not None and before.name != kind.name:
                former = dict.fromkeys((*before.former_names, before.name))
                kind = replace(kind, former_names=tuple(name for name in former if name != kind.name))
            saved = accounts.save_activity_type(session, kind)
            now = self._clock.now()
            redraw(session, redraws.showing(session, Cause.TYPE, kind.key, now=now), self._settings, now=now)
            return saved


def _activity(session: Session, activity_id: int) -> Activity:
    found = activities.activities(session, [activity_id]).get(activity_id)
    if found is None:
        raise NotFound(f"There is no activity {activity_id}.")
    return found


def _locked(session: Session, activity_id: int) -> Activity:
    """The activity as it stays until the transaction ends."""
    collections.lock_collections(session, [_activity(session, activity_id).owner_id])
    return _activity(session, activity_id)


def _check(session: Session, activity: Activity) -> None:
    if activity.type not in accounts.activity_types(session):
        raise Invalid(f"There is no activity type “{activity.type}”.")
    if activity.due_time is not None and activity.due_date is None:
        raise Invalid("A due time needs a due date.")
    if activity.owner_id not in accounts.users(session, [activity.owner_id]):
        raise Invalid("The owner of an activity must be a user.")
