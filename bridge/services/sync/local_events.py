"""A user's activities as a calendar: one side of every sync (R5 to R12)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.core.event import Event
from bridge.core.scope import CalendarScope
from bridge.errors import BridgeError, TokenExpired
from bridge.ports import Changes, Clock, Deleted, Found, IdempotencyKey, RemoteId, Stored, SyncToken, Version
from bridge.services import records
from bridge.services.actor import Actor
from bridge.services.records import Change
from bridge.services.rendering import in_batches
from bridge.services.settings import Settings
from bridge.services.sync.local import (
    NAME,
    LocalSide,
    Mark,
    check_size,
    check_version,
    gone,
    one_object,
    record_id,
    revisions_of,
    uid_for,
)
from bridge.services.sync.local_view import Showing, Shown
from bridge.services.sync.local_write import created as change_for_new
from bridge.services.sync.local_write import updated as change_for_edit
from bridge.store import activities, changed, collections
from bridge.store.database import Database
from bridge.store.placements import Source

# How long before its commit a transaction, or another machine's clock, may have named the time of a change.
MARGIN = timedelta(minutes=5)
MOST_TOLD = 1_000  # versions that a token remembers; beyond, changes within the margin are told twice
GONE = Version("")


class LocalEvents(LocalSide[Event]):
    """The activities of one user as a connection shows them; undated ones too, so that a rule can tell why not.

    The record has its say about what is not in ``expresses``: which type it is and how that is shown, what it is
    linked to, and where its page is. Everything is an event.
    """

    expresses = frozenset(one.name for one in fields(Event)) - {
        "kind",
        "type_key",
        "categories",
        "color",
        "links",
        "url",
    }

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        user_id: int,
        scope: CalendarScope,
        actor: Actor,
    ) -> None:
        super().__init__(database, clock, settings, user_id, actor)
        self._scope = replace(scope, user_id=user_id)

    def changes(self, since: SyncToken | None) -> Changes[Event]:
        """List every live activity of the user, or those that changed or came to look otherwise.

        What leaves the user's calendars (R27) is not gone; what is deleted or handed on to somebody else is.
        """
        now = self._clock.now()
        with self._database.read() as session:
            showing = self._showing(session)
            if since is None:
                versions = showing.versions(activities.activity_ids(session, owner_ids=[self._user_id]))
            else:
                versions = self._since(session, showing, Mark.read(since), now)
            mark = self._mark(session, showing, now)
        found: tuple[Found[Event], ...] = tuple(
            Found(_id(key), version) for key, version in versions.items() if version != GONE
        )
        lost = tuple(_id(key) for key, version in versions.items() if version == GONE)
        return Changes(found, lost, mark.token(), complete=since is None)

    def _since(self, session: Session, showing: Showing, mark: Mark, now: datetime) -> dict[int, Version]:
        """The version of everything that may have changed, ``GONE`` for what is no longer the user's."""
        if mark.options != showing.digest:
            raise TokenExpired("Other options show other events.", remote=NAME)
        if mark.at - MARGIN < now - timedelta(days=self._settings.journal_days):
            raise TokenExpired("It is longer ago than the journal reaches back.", remote=NAME)
        ids = self._recent(session, mark.at - MARGIN)
        for calendar in showing.calendars:
            ids |= changed.activities_drawn_since(session, calendar, mark.revision_of(calendar))
        present = showing.versions(ids)
        versions = {key: present.get(key, GONE) for key in sorted(ids)}
        return {key: version for key, version in versions.items() if mark.told.get(str(key)) != version}

    def _recent(self, session: Session, since: datetime) -> set[int]:
        """What the clock says may have changed: activities without a place in a calendar, and what is linked."""
        ids = changed.activities_since(session, self._user_id, since)
        ids |= changed.activities_handed_on(session, self._user_id, since)
        if self._scope.include_links:
            ids |= changed.activities_linked_since(session, self._user_id, since)
        return ids

    def _mark(self, session: Session, showing: Showing, now: datetime) -> Mark:
        recent = self._recent(session, now - MARGIN)
        told = {}
        if len(recent) <= MOST_TOLD:
            present = showing.versions(recent)
            told = {str(key): present.get(key, GONE) for key in sorted(recent)}
        return Mark(revisions_of(showing.calendars), now, showing.digest, told)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        """Bring activities as events, in batches. One that cannot be drawn has a problem."""
        for batch in in_batches(list(dict.fromkeys(ids))):
            with self._database.read() as session:
                found = list(self._fetched(session, batch))
            yield from found

    def _fetched(self, session: Session, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        showing = self._showing(session)
        batch = list(showing.parts([record_id(one) for one in ids]))
        present = showing.present(batch)
        for parts in batch:
            try:
                shown = showing.show(parts, present[Source(activity_id=parts.activity.id)])
            except BridgeError as error:
                yield Found(_id(parts.activity.id), parts.version, problem=str(error))
            else:
                yield Found(_id(parts.activity.id), shown.version, shown.event)

    def create_in(self, session: Session, key: IdempotencyKey, obj: Event) -> Stored[Event]:
        """Add an activity, or bring back one with this UID that was deleted; see ``LocalSide``."""
        collections.lock_collections(session, [self._user_id])
        with one_object():
            event = replace(obj, uid=uid_for(key, obj.uid))
            known = [one for one in activities.activities_by_uid(session, event.uid) if one.owner_id == self._user_id]
            live = next((one for one in known if not one.deleted), None)
            if live is not None:
                return replace(self._stored(session, live.id), existed=True)
            before = max(known, key=lambda one: one.id, default=None)
            change = change_for_new(session, self._showing(session), before, event, self._clock.now())
            return self._write(session, change)

    def known_uids(self, session: Session, uids: Collection[str]) -> set[str]:
        """See ``LocalSide``."""
        collections.lock_collections(session, [self._user_id])
        return activities.uids_of_activities(session, uids, self._user_id)

    def create_new_in(self, session: Session, new: Sequence[tuple[IdempotencyKey, Event]]) -> list[Stored[Event]]:
        """Add activities; see ``LocalSide``."""
        collections.lock_collections(session, [self._user_id])
        showing, now = self._showing(session), self._clock.now()
        with one_object():
            changes = [
                change_for_new(session, showing, None, replace(event, uid=uid_for(key, event.uid)), now)
                for key, event in new
            ]
            for change in changes:
                self._check(change)
            written = records.write(session, self._actor, self._settings, changes, now=now)
            shown = showing.several([one.record.id for one in written])
        return [_told(shown[one.record.id]) for one in written]

    def update_in(self, session: Session, id: RemoteId, obj: Event, version: Version | None) -> Stored[Event]:  # noqa: A002
        """Change of an activity what ``obj`` says differently from what is shown; see ``LocalSide``."""
        collections.lock_collections(session, [self._user_id])
        showing = self._showing(session)
        with one_object():
            shown = showing.one(record_id(id))
            if shown is None:
                raise gone()
            check_version(version, shown.version)
            change = change_for_edit(session, showing, shown, obj, self._clock.now())
            return self._write(session, change) if change else _told(shown)

    def delete_in(self, session: Session, id: RemoteId, version: Version | None) -> Deleted:  # noqa: A002
        """Delete an activity, softly; see ``LocalSide``."""
        collections.lock_collections(session, [self._user_id])
        parts = next(self._showing(session).parts([record_id(id)]), None)
        if parts is not None:
            check_version(version, parts.version)
            change = Change(parts.activity, replace(parts.activity, deleted=True))
            records.write(session, self._actor, self._settings, [change], now=self._clock.now())
        return Deleted(id)

    def _write(self, session: Session, change: Change) -> Stored[Event]:
        self._check(change)
        (written,) = records.write(session, self._actor, self._settings, [change], now=self._clock.now())
        return self._stored(session, written.record.id)

    def _check(self, change: Change) -> None:
        if change.written is not None:
            check_size(change.written.text, self._settings)

    def _stored(self, session: Session, activity_id: int) -> Stored[Event]:
        shown = self._showing(session).one(activity_id)
        if shown is None:
            raise gone()
        return _told(shown)

    def _showing(self, session: Session) -> Showing:
        return Showing(session, self._settings, self._scope)


def _id(activity_id: int) -> RemoteId:
    return RemoteId(str(activity_id))


def _told(shown: Shown) -> Stored[Event]:
    return Stored(_id(shown.activity.id), shown.version, shown.event)
