"""Look at one side: what is new or changed there since the last time, and what is gone."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import TokenExpired
from bridge.ports import Changes, Found, RemoteId, Side, SyncToken

T = TypeVar("T", Event, Contact)


class Readable(Protocol[T]):
    """What can be looked at: the reading half of a ``Side``."""

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """See ``Side.changes``."""
        ...

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """See ``Side.fetch``."""
        ...


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A side that is read for as long as it takes: ``keep`` renews the lease meanwhile."""

    side: Side[T]
    keep: Callable[[], None]

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """See ``Side.changes``."""
        changes = self.side.changes(since)
        self.keep()
        return changes

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """See ``Side.fetch``."""
        for found in self.side.fetch(ids):
            self.keep()
            yield found


@dataclass(frozen=True, slots=True)
class Look(Generic[T]):
    """What a side showed.

    ``found`` are the objects whose version is not the one we know, by id; ``gone`` those we know that are no longer
    there. ``total`` is how many objects there are, where the listing was complete.
    """

    found: Mapping[str, Found[T]]
    gone: frozenset[str]
    token: SyncToken | None
    total: int | None = None


def look(
    side: Readable[T],
    token: SyncToken | None,
    known: Mapping[str, str],
    again: Collection[str] = (),
    expected: Collection[str] = (),
    tied: Collection[str] = (),
) -> Look[T]:
    """List a side and bring what is worth a look.

    ``known`` maps the ids that we know to their versions; ``again`` are ids to look at whatever their version.
    ``expected`` were created after the token: one that is not told of has been deleted since, and a server need not
    tell of what came and went between two listings (RFC 6578 3.5).
    What is ``tied`` and missing from a complete listing is asked for by itself before it counts as gone: a listing may
    lag behind what we have just created, and what was edited here would be created a second time.
    What is listed and not brought was deleted meanwhile, or a part of the service lags behind another: nothing is
    concluded. What is brought in another version than it is listed in was changed meanwhile, or is what it was before.
    In all these cases the token stays where it was, so that the next look asks again.
    A token that has expired makes the listing complete. Raises what ``Side`` does; nothing is concluded from a
    listing that broke off.
    """
    changes = _changes(side, token)
    listed = {found.id: found for found in changes.found}
    gone = known.keys() - listed.keys() if changes.complete else known.keys() & set(changes.gone)
    fresh = {id_: found for id_, found in listed.items() if known.get(id_) != found.version or id_ in again}
    asked = {id_ for id_, found in fresh.items() if found.object is None and not found.problem}
    asked |= {RemoteId(id_) for id_ in (*again, *expected) if id_ not in listed and id_ not in gone}
    doubtful = {RemoteId(id_) for id_ in gone & set(tied)} if changes.complete else set()
    asked |= doubtful
    brought = {found.id: found for found in side.fetch(sorted(asked))} if asked else {}
    unseen = {id_ for id_ in asked if id_ in listed and id_ not in brought}
    other = {id_ for id_ in brought.keys() & listed.keys() if brought[id_].version not in {"", listed[id_].version}}
    late = doubtful & brought.keys()
    missing = (asked - brought.keys() - unseen) & known.keys()
    found = {str(id_): brought.get(id_, entry) for id_, entry in fresh.items() if id_ not in asked or id_ in brought}
    found |= {str(id_): entry for id_, entry in brought.items()}
    reached = _before(token, changes) if unseen or other or late else changes.token
    return Look(found, frozenset(gone - late | missing), reached, len(listed) + len(late) if changes.complete else None)


def _before(token: SyncToken | None, changes: Changes[T]) -> SyncToken | None:
    """The token that makes a side tell of the same changes once more."""
    return None if changes.complete else token


def bring(side: Readable[T], seen: Look[T], ids: Collection[str]) -> Look[T]:
    """Add objects to a look that the listing did not tell of."""
    asked = {RemoteId(id_) for id_ in ids} - seen.found.keys() - seen.gone
    if not asked:
        return seen
    brought = {str(found.id): found for found in side.fetch(sorted(asked))}
    return replace(seen, found={**seen.found, **brought}, gone=seen.gone | (asked - brought.keys()))


def _changes(side: Readable[T], token: SyncToken | None) -> Changes[T]:
    if token is None:
        return side.changes(None)
    try:
        return side.changes(token)
    except TokenExpired:
        return side.changes(None)
