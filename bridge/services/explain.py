"""Why is it there, or why not? (R20) For every collection of a user's home, by the rules that draw it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core import ical, recurrence, rules
from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.person import Organization, Person
from bridge.core.projection.activities import event_of_activity
from bridge.core.projection.options import LinkedRecords
from bridge.core.rules import LeaveOut, Verdict
from bridge.core.user import User
from bridge.errors import NotFound
from bridge.ports import Clock
from bridge.services.choices import calendar_options
from bridge.services.history import Event, Names
from bridge.services.placement import kept_text, present_resources
from bridge.services.records import title_of
from bridge.services.settings import Settings
from bridge.services.snapshots import KINDS, shown_by, source_of
from bridge.store import accounts, activities, collections, contacts, journal, placements
from bridge.store.database import Database
from bridge.store.models.journal import JournalAction, RecordKind
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import Placed, Source
from bridge.store.views import Collection

Shown = Activity | Person | Organization
_MOST = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Whether a record is in one collection: at ``href`` since ``since``, or not, by a rule, with reason and remedy.

    ``masked``: it is shown as busy only (R10).
    """

    collection: str
    href: str = ""
    since: datetime | None = None
    masked: bool = False
    rule: str = ""
    reason: str = ""
    remedy: str = ""

    @property
    def there(self) -> bool:
        """Whether clients see it there."""
        return bool(self.href)


@dataclass(frozen=True, slots=True)
class Answer:
    """One record that fits the question, and where it is. ``deleted_by`` tells who deleted it, as far as known."""

    kind: str
    id: int
    uid: str
    title: str
    owner: str
    places: tuple[Place, ...]
    deleted_by: Event | None = None


class Explain:
    """Answers "why?" about activities, persons and organizations."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def why(self, login: str, item: str) -> list[Answer]:
        """Explain what fits ``item``: an id, a UID, an href or address, or a part of a subject or name.

        What the user owns comes first; records of others are searched when none of the user's fits. Nothing at all
        fits: the answer is empty. Raises ``NotFound`` for an unknown login.
        """
        with self._database.read() as session:
            user = accounts.user_by_login(session, login)
            if user is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            names = Names(session)
            home = collections.collections_in_home(session, login)
            asked = _Asked(session, user, home, self._settings, self._clock.now(), names)
            return asked.answers(asked.find(item.strip()))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question about one user's home."""

    session: Session
    user: User
    home: Sequence[Collection]
    settings: Settings
    now: datetime
    names: Names

    def find(self, item: str) -> list[Shown]:
        """The records that may be meant."""
        for search in (self._by_id, self._by_uid, self._by_href, self._by_name):
            found = list({(type(record), record.id): record for record in search(item)}.values())
            own = [record for record in found if record.owner_id == self.user.id]
            if found:
                return (own or found)[:_MOST] if search == self._by_name else found[:_MOST]
        return []

    def _by_id(self, item: str) -> Iterator[Shown]:
        if item.isascii() and item.isdigit() and len(item) <= 18:
            ids = [int(item)]
            yield from activities.activities(self.session, ids).values()
            yield from contacts.persons(self.session, ids, photos=False).values()
            yield from contacts.organizations(self.session, ids).values()

    def _by_uid(self, item: str) -> Iterator[Shown]:
        yield from activities.activities_by_uid(self.session, item)
        yield from contacts.persons_by_uid(self.session, item)
        yield from contacts.organizations_by_uid(self.session, item)

    def _by_href(self, item: str) -> Iterator[Shown]:
        """A name in the user's home, or a whole address; tombstones remember what they showed."""
        name = item.rstrip("/").rpartition("/")[2]
        for collection in self.home:
            for href in dict.fromkeys((name, unquote(name))):
                placed = placements.placed_at(self.session, collection.id, href)
                record = shown_by(self.session, placed.source) if placed else None
                if isinstance(record, Shown):
                    yield record

    def _by_name(self, item: str) -> Iterator[Shown]:
        """The user's records first; others' only where the user has none."""
        others = (user.id for user in accounts.users(self.session).values() if user.id != self.user.id)
        for owner_id in (self.user.id, *others):
            found: list[Shown] = [
                *activities.find_activities(self.session, owner_id, item, _MOST),
                *contacts.find_persons(self.session, owner_id, item, _MOST),
                *contacts.find_organizations(self.session, owner_id, item, _MOST),
            ]
            yield from found
            if found and owner_id == self.user.id:
                return

    def answers(self, records: Sequence[Shown]) -> list[Answer]:
        """Explain records; what each of them is shown by and linked to is read for all at once."""
        linked = activities.linked_records(self.session, [each for each in records if isinstance(each, Activity)])
        present: dict[Source, list[Placed]] = {}
        for kind in (Activity, Person, Organization):
            present |= present_resources(self.session, [_source(each) for each in records if isinstance(each, kind)])
        return [
            self._answer(each, present[_source(each)], linked[each.id] if isinstance(each, Activity) else _ALONE)
            for each in records
        ]

    def _answer(self, record: Shown, present: Sequence[Placed], linked: LinkedRecords) -> Answer:
        """Go through the collections of the home that take records of this kind."""
        wanted = CollectionKind.CALENDAR if isinstance(record, Activity) else CollectionKind.ADDRESS_BOOK
        deletion = self._deletion(record) if record.deleted else None
        places = (self._place(record, c, present, linked, deletion) for c in self.home if c.kind is wanted)
        return Answer(
            kind=KINDS[type(record)].value,
            id=record.id,
            uid=record.uid,
            title=title_of(record),
            owner=accounts.users(self.session, [record.owner_id])[record.owner_id].login,
            places=tuple(places),
            deleted_by=deletion,
        )

    def _place(
        self,
        record: Shown,
        collection: Collection,
        present: Sequence[Placed],
        linked: LinkedRecords,
        deletion: Event | None,
    ) -> Place:
        verdict = self._verdict(record, collection, present, linked)
        live = [p.resource for p in present if p.collection_id == collection.id and not p.resource.deleted]
        if isinstance(verdict, LeaveOut):
            if deletion is not None and record.deleted:
                verdict = replace(verdict, remedy=f"Undo it with “davbridge undo {deletion.id}”.")
            place = Place(collection.name, rule=verdict.rule, reason=verdict.reason, remedy=verdict.remedy)
            return replace(place, href=live[0].href, since=live[0].modified_at) if live else place
        if live:
            return Place(collection.name, href=live[0].href, since=live[0].modified_at, masked=verdict.masked)
        return Place(
            collection.name,
            reason="By the rules it belongs here, but it is not here.",
            remedy="Run “davbridge doctor”, which finds what is out of step.",
        )

    def _verdict(
        self, record: Shown, collection: Collection, present: Sequence[Placed], linked: LinkedRecords
    ) -> Verdict:
        if not isinstance(record, Activity):
            return rules.in_address_book(record, user_id=collection.owner_id)
        owner = accounts.users(self.session, [record.owner_id])[record.owner_id]
        options = calendar_options(self.session, owner, self.settings)
        last_end = self._last_end(record, owner, present, linked)
        reachable = rules.within_reach(last_end, self.now, self.user.past_days)
        if collection.read_only:
            return rules.in_colleagues_calendar(
                record,
                subject_id=collection.subject_id,
                viewer_id=collection.owner_id,
                linked=linked.all,
                reachable=reachable,
            )
        return rules.in_own_calendar(
            record,
            user_id=collection.owner_id,
            component=EventKind(collection.component),
            shown_as=options.option(record.type).shown_as,
            reachable=reachable,
        )

    def _last_end(
        self, activity: Activity, owner: User, present: Sequence[Placed], linked: LinkedRecords
    ) -> int | None:
        """Where it ends, by the text that the owner has or had; without one, by the record."""
        if activity.due_date is None:
            return None
        text, _ = kept_text(present, ())
        if not text:
            options = calendar_options(self.session, owner, self.settings)
            text = ical.render(event_of_activity(activity, linked, options), stamp=self.now)
        return recurrence.span(ical.read(text), ZoneInfo(owner.time_zone))[1]

    def _deletion(self, record: Shown) -> Event | None:
        kind = RecordKind(KINDS[type(record)])
        for entry in journal.entries_of_record(self.session, kind, record.id):
            if entry.action is JournalAction.DELETE or (entry.undoes and entry.action is not JournalAction.UPDATE):
                return self.names.event(entry)
        return None


def _source(record: Shown) -> Source:
    source = source_of(record)
    assert source is not None  # noqa: S101 - every record here is shown by resources
    return source


_ALONE = LinkedRecords()
