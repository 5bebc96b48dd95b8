"""What DAV clients read and write. Each method is one use case with a transaction of its own."""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bridge.core.activity import Activity
from bridge.core.clients import client_traits
from bridge.core.person import Organization, Person
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotAllowed, NotFound, PreconditionFailed
from bridge.ports import Clock
from bridge.services import placement, records, snapshots
from bridge.services.actor import Actor
from bridge.services.intake import Put
from bridge.services.intake_cards import take_card
from bridge.services.intake_events import take_event
from bridge.services.reading import Reader
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.settings import Settings
from bridge.store import collections, contacts, placements
from bridge.store.database import Database
from bridge.store.models.resources import CollectionKind
from bridge.store.placements import Placed
from bridge.store.views import Changes, Collection, Resource

MAX_NAME = 1000  # octets of a resource's name: indexes hold it


@dataclass(frozen=True, slots=True)
class Stored:
    """The outcome of a write. ``exact``: what is stored is, byte for byte, what the client sent (RFC 4791 5.3.4)."""

    etag: str
    created: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the client demands of the present state (RFC 9110 13.1). Entity tags are without quotes.

    ``if_match`` of ``None`` means that nothing is demanded; ``("*",)`` that there is something. ``if_none_match``
    is ``If-None-Match: *``: there is nothing yet.
    """

    if_match: tuple[str, ...] | None = None
    if_none_match: bool = False

    def check(self, existing: Resource | None) -> bool:
        """Raise ``PreconditionFailed`` unless it holds. Whether it proves that the client knows the present state."""
        if self.if_none_match and existing is not None:
            raise PreconditionFailed("There is already a resource at this address.")
        if self.if_match is None:
            return False
        if existing is None:
            raise PreconditionFailed("The resource is gone.")
        if "*" not in self.if_match and existing.etag not in self.if_match:
            raise PreconditionFailed("The resource has changed meanwhile.", remedy="Fetch it again.")
        return "*" not in self.if_match


class Resources:
    """Collections and resources for DAV."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    # Reading

    def one_state(self) -> AbstractContextManager[None]:
        """Let all that a request reads, the sign-in included, be one state of the database until it writes."""
        return self._database.one_state()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read several things in one consistent state."""
        with self._database.snapshot() as connection:
            yield Reader(connection)

    def home(self, owner: str) -> list[Collection]:
        """All collections in a principal's home."""
        with self.reading() as reader:
            return reader.home(owner)

    def collection(self, owner: str, name: str) -> Collection | None:
        """One collection of a home."""
        with self.reading() as reader:
            return reader.collection(owner, name)

    def get(self, collection: Collection, href: str) -> Resource | None:
        """One live resource with its text."""
        with self.reading() as reader:
            return reader.get(collection, href)

    def get_many(self, collection: Collection, hrefs: Some[str]) -> Mapping[str, Resource]:
        """The live resources among these, by href."""
        with self.reading() as reader:
            return reader.get_many(collection, hrefs)

    def listing(self, collection: Collection, *, text: bool) -> Iterator[Resource]:
        """All live resources; without their texts if only names and entity tags are wanted."""
        with self.reading() as reader:
            yield from reader.listing(collection, text=text)

    def has_uid(self, collection: Collection, uid: str) -> bool:
        """Whether a live resource has this UID."""
        with self.reading() as reader:
            return reader.has_uid(collection, uid)

    def changes(self, collection: Collection, token: str, limit: int | None = None) -> Changes:
        """What changed in a collection, as it is now, since a sync-token. See ``Reader.changes``."""
        with self.reading() as reader:
            fresh = reader.collection(collection.owner, collection.name)
            if fresh is None:
                raise NotFound("The collection is gone.")
            return reader.changes(fresh, token, limit)

    # Writing

    def put(self, actor: Actor, owner: str, name: str, href: str, body: str, precondition: Precondition) -> Stored:
        """Create or replace a resource and what it stands for. Raises what is wrong, in a sentence."""
        with self._database.write() as session:
            return self.put_in(session, actor, owner, name, href, body, precondition)

    def put_in(
        self, session: Session, actor: Actor, owner: str, name: str, href: str, body: str, precondition: Precondition
    ) -> Stored:
        """Do the same within a transaction of the caller's, who must roll back on an error."""
        now = self._clock.now()
        collection, user = self._writable(session, owner, name)
        _check_size(body, self._settings.max_resource_size, collection)
        _check_name(href)
        placed = placements.placed_at(session, collection.id, href)
        existing = placed.resource if placed is not None and not placed.resource.deleted else None
        guarded = precondition.check(existing)
        put = Put(actor, client_traits(actor.client), user, collection, href, body, placed, guarded=guarded)
        if collection.kind is CollectionKind.CALENDAR:
            changes = [take_event(session, put, self._settings, now=now)]
        else:
            changes = take_card(session, put, self._settings, now=now)
        written = records.write(session, actor, self._settings, changes, now=now)
        text = next(found.text for change, found in zip(changes, written, strict=True) if change.written is not None)
        return Stored(placement.etag_of(text), created=existing is None, exact=text == body)

    def delete(self, actor: Actor, owner: str, name: str, href: str, precondition: Precondition) -> None:
        """Delete a resource and, softly, what it stands for."""
        now = self._clock.now()
        with self._database.write() as session:
            collection, user = self._writable(session, owner, name)
            placed = placements.placed_at(session, collection.id, href)
            if placed is None or placed.resource.deleted:
                raise NotFound("There is no such resource.")
            precondition.check(placed.resource)
            records.write(session, actor, self._settings, _deletions(session, placed, user), now=now)
            if placed.source.label_id is not None:
                placement.bury(session, placed, now=now)

    def move(
        self,
        actor: Actor,
        owner: str,
        source: tuple[str, str],
        goal: tuple[str, str],
        precondition: Precondition,
        *,
        overwrite: bool,
    ) -> bool:
        """Rename a resource, given and wanted as collection and name. Whether nothing was replaced (RFC 4918 9.9).

        Between collections only where its kind fits, and each takes one kind only.
        """
        now = self._clock.now()
        with self._database.write() as session:
            collection, user = self._writable(session, owner, source[0])
            placed = placements.placed_at(session, collection.id, source[1])
            if placed is None or placed.resource.deleted:
                raise NotFound("There is no such resource.")
            precondition.check(placed.resource)
            goal_collection, _ = self._writable(session, owner, goal[0])
            if goal_collection.id != collection.id:
                raise NotAllowed(
                    "This collection takes another kind of objects.", condition=_supported(goal_collection)
                )
            _check_name(goal[1])
            target = placements.placed_at(session, collection.id, goal[1])
            replaced = target is not None and not target.resource.deleted
            if replaced and not overwrite:
                raise PreconditionFailed("There is already a resource at the destination.")
            if target is not None and replaced and target.id != placed.id:
                changes = _deletions(session, target, user)
                records.write(session, actor, self._settings, changes, now=now)
            if source != goal:
                self._redraw_at(session, placed, ClientText(collection.id, goal[1], placed.resource.text))
            return not replaced

    def _redraw_at(self, session: Session, placed: Placed, text: ClientText) -> None:
        """Show the same record at another address; at the old one a tombstone stays."""
        record = snapshots.shown_by(session, placed.source)
        if record is not None:
            records.refresh(session, self._settings, record, record, now=self._clock.now(), written=text)

    def set_properties(self, owner: str, name: str, properties: Mapping[str, str | None]) -> None:
        """Keep what a client sets on a collection (D12): a value, or ``None`` to remove it. Clark names."""
        with self._database.write() as session:
            collection = collections.collection(session, owner, name)
            if collection is None:
                raise NotFound("There is no such collection.")
            kept = {**collection.properties, **properties}
            values = {key: value for key, value in kept.items() if value is not None}
            collections.set_properties(session, collection.id, values, now=self._clock.now())

    def _writable(self, session: Session, owner: str, name: str) -> tuple[Collection, User]:
        found = collections.collection_to_write(session, owner, name)
        if found is None:
            raise Conflict("There is no such collection.", condition="D:resource-must-be-null")
        if found[0].read_only:
            raise NotAllowed("This is a colleague's calendar; it can only be read.", condition="D:need-privileges")
        return found


def _check_size(body: str, limit: int, collection: Collection) -> None:
    if limit and len(body.encode(errors="surrogatepass")) > limit:
        prefix = "C" if collection.kind is CollectionKind.CALENDAR else "CR"
        raise NotAllowed(f"The object is larger than {limit} bytes.", condition=f"{prefix}:max-resource-size")


def _supported(collection: Collection) -> str:
    calendar = collection.kind is CollectionKind.CALENDAR
    return "C:supported-calendar-component" if calendar else "CR:supported-address-data"


def _check_name(href: str) -> None:
    if not href or "/" in href or len(href.encode()) > MAX_NAME or any(ord(c) < 32 or c == "\x7f" for c in href):
        raise Invalid(f"The name of a resource has 1 to {MAX_NAME} octets, and no slash or control character.")


def _deletions(session: Session, placed: Placed, owner: User) -> Sequence[Change]:
    """What a deletion means: the record goes, softly; of a group card only the label goes from its members."""
    if placed.source.label_id is not None:
        return _unlabelled(session, placed.source.label_id, owner.id)
    record = snapshots.shown_by(session, placed.source)
    if not isinstance(record, Activity | Person | Organization):
        raise NotFound("There is no such resource.")
    return [Change(record, replace(record, deleted=True))]


def _unlabelled(session: Session, label_id: int, owner_id: int) -> list[Change]:
    name = contacts.labels(session, [label_id])[label_id].name
    people = contacts.persons(session, contacts.person_ids(session, owner_id=owner_id, label_id=label_id))
    companies = contacts.organizations(
        session, contacts.organization_ids(session, owner_id=owner_id, label_id=label_id)
    )
    bearers: list[Person | Organization] = [*people.values(), *companies.values()]
    return [Change(b, replace(b, labels=tuple(n for n in b.labels if n != name))) for b in bearers]
