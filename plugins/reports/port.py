"""What the reports need to know about collections and resources."""

import collections.abc
from collections.abc import Iterator, Mapping
from typing import Protocol

from bridge.store.views import Changes, Collection, Resource


class ResourceReader(Protocol):
    """Reads one consistent state. Whatever it yields may be consumed once and in any order."""

    def collection(self, owner: str, name: str) -> Collection | None:
        """Return the collection ``name`` in the home of the login ``owner``, if there is one."""

    def get_many(self, collection: Collection, hrefs: collections.abc.Collection[str]) -> Mapping[str, Resource]:
        """Return the live resources of these names, with their texts; what does not exist is left out."""

    def listing(self, collection: Collection, *, text: bool) -> Iterator[Resource]:
        """Yield all live resources; without ``text`` their texts are empty."""

    def tags(self, collection: Collection) -> list[tuple[str, str]]:
        """Return name and entity tag of every live resource."""

    def texts(
        self, collection: Collection, hrefs: collections.abc.Collection[str]
    ) -> collections.abc.Sequence[tuple[str, str, str]]:
        """Return name, entity tag and text of the live resources of these names; what does not exist is left out."""

    def in_range(self, collection: Collection, start: int | None, end: int | None, *, text: bool) -> Iterator[Resource]:
        """Yield the live resources that may touch the time from ``start`` to ``end`` (POSIX seconds, ``None`` is open).

        These are at least all with ``first_start < end`` and ``last_end >= start`` and the undated ones; of those that
        recur, each one must be looked at more closely.
        """

    def changes(self, collection: Collection, token: str, limit: int | None) -> Changes:
        """Return what changed since the sync-token, tombstones included; an empty token lists only what exists.

        At most ``limit`` resources. Raises ``Invalid`` with ``D:valid-sync-token`` for a token that was never ours.
        """

    def search(self, collection: Collection, text: str) -> Iterator[Resource]:
        """Yield at least all live resources whose unfolded text contains ``text``, which is in small ASCII letters.

        Capitals and small letters of ASCII are the same; the resources come with their texts.
        """
