"""Read collections and resources, all in one consistent state of the database."""

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bridge.errors import Invalid
from bridge.store import collections, placements, resources
from bridge.store.tables import Executor
from bridge.store.views import Changes, Collection, Resource

TOKEN_PREFIX = "urn:x-davbridge:sync:"  # noqa: S105 - a sync-token, not a secret


class Reader:
    """What DAV requests read, in one snapshot of the database."""

    def __init__(self, session: Executor) -> None:
        self._session = session

    def home(self, owner: str) -> list[Collection]:
        """All collections in a principal's home."""
        return collections.collections_in_home(self._session, owner)

    def collection(self, owner: str, name: str) -> Collection | None:
        """One collection of a home."""
        return collections.collection(self._session, owner, name)

    def get(self, collection: Collection, href: str) -> Resource | None:
        """One live resource with its text."""
        return resources.resource(self._session, collection.id, href)

    def get_many(self, collection: Collection, hrefs: Some[str]) -> Mapping[str, Resource]:
        """The live resources among these, by href."""
        found = resources.resources_by_href(self._session, collection.id, list(hrefs))
        return {resource.href: resource for resource in found}

    def listing(self, collection: Collection, *, text: bool) -> Iterator[Resource]:
        """All live resources; without their texts if only names and entity tags are wanted."""
        return resources.listing(self._session, collection.id, text=text)

    def tags(self, collection: Collection) -> list[tuple[str, str]]:
        """Name and entity tag of every live resource."""
        return resources.tags(self._session, collection.id)

    def texts(self, collection: Collection, hrefs: Some[str]) -> list[tuple[str, str, str]]:
        """Name, entity tag and text of the live resources among these."""
        return resources.texts(self._session, collection.id, list(hrefs))

    def in_range(self, collection: Collection, start: int | None, end: int | None, *, text: bool) -> Iterator[Resource]:
        """Live resources that may overlap a range of POSIX seconds, and undated ones."""
        return resources.in_range(self._session, collection.id, start, end, text=text)

    def search(self, collection: Collection, text: str) -> Iterator[Resource]:
        """Live resources whose unfolded text contains a string, whatever the case of its ASCII letters."""
        return resources.containing(self._session, collection, text)

    def has_uid(self, collection: Collection, uid: str) -> bool:
        """Whether a live resource has this UID."""
        return bool(placements.hrefs_with_uid(self._session, collection.id, uid))

    def changes(self, collection: Collection, token: str, limit: int | None = None) -> Changes:
        """What changed since a sync-token; without one, everything there is (RFC 6578 3.4, 3.5).

        ``collection`` was read in this snapshot. Tokens never expire. One of another generation, from before a backup
        was restored, is answered with everything and all tombstones. Raises ``Invalid`` for a token that was never
        ours.
        """
        since = _revision_of(collection, token)
        more = limit + 1 if limit is not None else None
        found = resources.changed_since(self._session, collection.id, since, more, tombstones=bool(token))
        if limit is None or len(found) <= limit:
            return Changes(collection.sync_token, tuple(found))
        shown = tuple(found[:limit])
        return Changes(replace(collection, revision=shown[-1].revision).sync_token, shown, truncated=True)


def _revision_of(collection: Collection, token: str) -> int:
    if not token:
        return 0
    uid, _, rest = token.removeprefix(TOKEN_PREFIX).partition(":")
    generation, _, revision = rest.partition(":")
    known = token.startswith(TOKEN_PREFIX) and uid == collection.uid
    if not known or not (generation.isascii() and generation.isdigit() and revision.isascii() and revision.isdigit()):
        raise Invalid("This sync-token was not given out for this collection.", condition="D:valid-sync-token")
    same = int(generation) == collection.generation and int(revision) <= collection.revision
    return int(revision) if same else 0
