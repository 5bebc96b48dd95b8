"""Our own store as a side of a sync: what activities and persons have in common.

Ids are those of the records. Each write exists twice: ``create_in``, ``update_in`` and ``delete_in`` work within a
transaction of the caller's, who keeps the link in the same one, and ``write`` gives each object one of its own.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import (
    BridgeError,
    Conflict,
    Invalid,
    MappingError,
    NotAllowed,
    PreconditionFailed,
    Refused,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import (
    Changes,
    Clock,
    Create,
    Delete,
    Deleted,
    Found,
    IdempotencyKey,
    Outcome,
    RemoteId,
    Stored,
    SyncToken,
    Traits,
    Update,
    Version,
    Write,
)
from bridge.services.actor import Actor
from bridge.services.intake import MAX_UID
from bridge.services.settings import Settings
from bridge.store.database import Database
from bridge.store.memo import forget
from bridge.store.views import Collection as Place

T = TypeVar("T", Event, Contact)

NAME = "CRM"
_MOST_DIGITS = 18  # an id that is longer was never ours


class LocalSide(ABC, Generic[T]):
    """One user's activities or persons. See ``Side`` for the contract; ``actor`` is the run that writes."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, user_id: int, actor: Actor) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._user_id = user_id
        self._actor = actor

    expresses: frozenset[str]

    @property
    def traits(self) -> Traits:
        """What our own records and the texts beside them can do."""
        return Traits(NAME, max_fetch=500, max_writes=100, expresses=self.expresses)

    @abstractmethod
    def changes(self, since: SyncToken | None) -> Changes[T]:
        """List what the user owns, or what happened to it. Objects come by ``fetch``."""

    @abstractmethod
    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """Bring objects as this connection shows them."""

    @abstractmethod
    def create_in(self, session: Session, key: IdempotencyKey, obj: T) -> Stored[T]:
        """Add an object within the caller's transaction. Raises the errors of one object (see ``Side.write``)."""

    @abstractmethod
    def update_in(self, session: Session, id: RemoteId, obj: T, version: Version | None) -> Stored[T]:  # noqa: A002
        """Let an object say what ``obj`` says, within the caller's transaction. Raises as ``create_in``."""

    @abstractmethod
    def delete_in(self, session: Session, id: RemoteId, version: Version | None) -> Deleted:  # noqa: A002
        """Delete an object, softly, within the caller's transaction. Raises ``PreconditionFailed``."""

    @abstractmethod
    def create_new_in(self, session: Session, new: Sequence[tuple[IdempotencyKey, T]]) -> list[Stored[T]]:
        """Add objects of which none is there, with few statements. Raises as ``create_in``."""

    @abstractmethod
    def known_uids(self, session: Session, uids: Collection[str]) -> set[str]:
        """Those of these UIDs that something has or had here. Nobody else writes here from now on."""

    def create_all_in(self, session: Session, creations: Sequence[tuple[IdempotencyKey, T]]) -> list[Outcome[T]]:
        """Add many objects, within the caller's transaction; one outcome for each, in their order.

        What is certainly new goes together. If one of these is refused, each goes by itself.
        """
        uids = [obj.uid for _, obj in creations]
        known = self.known_uids(session, {uid for uid in uids if uid})
        new = [at for at, uid in enumerate(uids) if uid and uid not in known and uids.count(uid) == 1]
        made: dict[int, Outcome[T]] = {}
        try:
            with session.begin_nested():
                made = dict(zip(new, self.create_new_in(session, [creations[at] for at in new]), strict=True))
        except BridgeError:
            forget(session)  # what was written is gone again
        return [made.get(at) or self._created(session, *each) for at, each in enumerate(creations)]

    def _created(self, session: Session, key: IdempotencyKey, obj: T) -> Outcome[T]:
        try:
            with session.begin_nested():
                return self.create_in(session, key, obj)
        except BridgeError as error:
            forget(session)
            return error

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """Carry out writes, one transaction for each."""
        for one in writes:
            yield self._outcome(one)

    def _outcome(self, write: Write[T]) -> Outcome[T]:
        try:
            with one_object(), self._database.write() as session:
                match write:
                    case Create():
                        return self.create_in(session, write.key, write.object)
                    case Update():
                        return self.update_in(session, write.id, write.object, write.version)
                    case Delete():
                        return self.delete_in(session, write.id, write.version)
        except (PreconditionFailed, Refused, MappingError, TemporaryError) as error:
            return error


@contextmanager
def one_object() -> Iterator[None]:
    """Say of what our own rules refuse that this object will not be taken."""
    try:
        yield
    except (Invalid, NotAllowed, Conflict) as error:
        raise Refused(str(error), remote=NAME, remedy=error.remedy) from error


def record_id(remote_id: RemoteId) -> int:
    """The record that an id means; 0, which no record has, for what is none of ours."""
    known = remote_id.isascii() and remote_id.isdigit() and len(remote_id) <= _MOST_DIGITS
    return int(remote_id) if known else 0


def uid_for(key: IdempotencyKey, uid: str) -> str:
    """The UID of a new object: its own, else one that is the same whenever the same creation is tried again."""
    if len(uid.encode()) > MAX_UID:
        raise Refused(f"A UID has at most {MAX_UID} octets.", remote=NAME)
    return uid or str(uuid5(NAMESPACE_URL, f"davbridge:sync:{key}"))


def check_size(text: str, settings: Settings) -> None:
    """Refuse what a client could not store either."""
    limit = settings.max_resource_size
    if limit and len(text.encode(errors="surrogatepass")) > limit:
        raise Refused(f"The object is larger than {limit} bytes.", remote=NAME)


def gone() -> BridgeError:
    """What an update of something says that is no longer there."""
    return PreconditionFailed("It was deleted, or is somebody else's now.", remote=NAME)


def check_version(wanted: Version | None, present: Version) -> None:
    """Raise ``PreconditionFailed`` unless the writer knows the present version."""
    if wanted is not None and wanted != present:
        raise PreconditionFailed("It has changed meanwhile.", remote=NAME)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a token says: the revision of each collection, when we looked, and under which options (a digest).

    ``told`` are the versions of what changed so shortly before that the next look will come across it again.
    """

    revisions: Mapping[str, tuple[int, int]]
    at: datetime
    options: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    def token(self) -> SyncToken:
        """Write the token."""
        revisions = {name: f"{generation}-{revision}" for name, (generation, revision) in self.revisions.items()}
        values = {**revisions, "at": self.at.isoformat(), "options": self.options, "told": self.told}
        return SyncToken(json.dumps(values, separators=(",", ":")))

    @classmethod
    def read(cls, token: SyncToken) -> "Mark":
        """Read a token. Raises ``TokenExpired`` for one that was never ours."""
        try:
            values = json.loads(token)
            at, options, told = datetime.fromisoformat(values.pop("at")), values.pop("options"), values.pop("told")
            revisions = {name: _revision(text) for name, text in values.items()}
            return cls(revisions, at, str(options), dict(told))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TokenExpired("This token was not given out here.", remote=NAME) from error

    def revision_of(self, place: Place) -> int:
        """The revision to look from. Raises ``TokenExpired`` where it says nothing about the present collection."""
        generation, revision = self.revisions.get(place.name, (0, 0))
        if generation != place.generation or revision > place.revision:
            raise TokenExpired("The collection is no longer the one that the token is about.", remote=NAME)
        return revision


def _revision(text: str) -> tuple[int, int]:
    generation, revision = text.split("-")
    return int(generation), int(revision)


def revisions_of(places: Collection[Place]) -> dict[str, tuple[int, int]]:
    """The present revisions, for a token."""
    return {place.name: (place.generation, place.revision) for place in places}
