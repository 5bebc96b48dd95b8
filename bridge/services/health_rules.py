"""Would anything look different if it were drawn now? Tried in transactions that are rolled back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.errors import Invalid
from bridge.services.address_books import refresh_organizations, refresh_persons
from bridge.services.rendering import in_batches, refresh_activities
from bridge.services.settings import Settings
from bridge.store import accounts, activities, collections, contacts, placements
from bridge.store.database import Database

BATCH = 200
Progress = Callable[[int, int], None]
Refresh = Callable[[Session, Sequence[int]], int]


@dataclass(frozen=True, slots=True)
class OutOfStep:
    """A record that is not shown as the rules say."""

    kind: str
    id: int
    owner: str


class _Tried(Exception):
    """Carries out how many resources would change."""

    def __init__(self, changed: int) -> None:
        super().__init__()
        self.changed = changed


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    ids: Sequence[int]
    refresh: Refresh


def out_of_step(database: Database, settings: Settings, now: datetime, progress: Progress) -> Iterator[OutOfStep]:
    """Records of enabled users that are not shown as the rules say, found without changing anything."""
    with database.read() as session:
        users = [user for user in accounts.users(session).values() if user.enabled]
    for done, user in enumerate(users, 1):
        for kind in _kinds(database, settings, user, now):
            for batch in in_batches(kind.ids, BATCH):
                for record_id in _differing(database, kind, batch, now):
                    yield OutOfStep(kind.name, record_id, user.login)
        progress(done, len(users))


def _kinds(database: Database, settings: Settings, user: User, now: datetime) -> list[_Kind]:
    with database.read() as session:
        events = activities.activity_ids(session, owner_ids=[user.id])
        people = contacts.person_ids(session, owner_id=user.id)
        companies = contacts.organization_ids(session, owner_id=user.id)
    return [
        _Kind("activity", events, lambda s, ids: refresh_activities(s, ids, settings, now=now)),
        _Kind("person", people, lambda s, ids: refresh_persons(s, ids, settings, now=now)),
        _Kind("organization", companies, lambda s, ids: refresh_organizations(s, ids, settings, now=now)),
    ]


def _differing(database: Database, kind: _Kind, batch: Sequence[int], now: datetime) -> Iterator[int]:
    """One try for the whole batch; only if that would change something, one for each."""
    if not _would_change(database, kind, batch, unreadable=True):
        return
    for record_id in batch:
        if _would_change(database, kind, [record_id], unreadable=False) and not (
            kind.name == "activity" and _awaits_sweep(database, record_id, now)
        ):
            yield record_id


def _would_change(database: Database, kind: _Kind, ids: Sequence[int], *, unreadable: bool) -> bool:
    """``unreadable`` is the answer for a text that cannot be read, which is found by looking at the rows."""
    try:
        with database.write() as session:
            _try(kind.refresh(session, ids))
    except _Tried as tried:
        return tried.changed > 0
    except Invalid:
        return unreadable


def _try(changed: int) -> NoReturn:
    """End the transaction without keeping anything."""
    raise _Tried(changed)


def _awaits_sweep(database: Database, activity_id: int, now: datetime) -> bool:
    """Whether it has only grown old since calendars of limited reach were last swept, as they are once a day (R27)."""
    with database.read() as session:
        present = [p for p in placements.showing(session, "activity_id", [activity_id]) if not p.resource.deleted]
        owner = activities.activities(session, [activity_id])[activity_id].owner_id
        shown = {c.id: c.owner_id for c in collections.collections_showing(session, [owner])}
        users = accounts.users(session, set(shown.values()))
    for placed in present:
        reach = users[shown[placed.collection_id]].past_days
        end = placed.resource.last_end
        if reach and end is not None and end < (now - timedelta(days=reach)).timestamp():
            return True
    return False
