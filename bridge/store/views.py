"""What the store hands out about collections and resources: value objects, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.store.models.resources import CollectionKind


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar or address book in the home of ``owner`` (a login).

    ``subject_id`` is the user whose records it shows. ``component`` is ``VEVENT``, ``VTODO`` or ``VCARD``.
    ``floating_zone`` is the IANA zone in which floating and all-day times of this collection are meant.
    """

    id: int
    uid: str
    owner: str
    owner_id: int
    subject_id: int
    name: str
    kind: CollectionKind
    component: str
    generation: int
    revision: int
    modified_at: datetime
    floating_zone: str
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def read_only(self) -> bool:
        """Colleagues' calendars may only be read."""
        return self.subject_id != self.owner_id

    @property
    def sync_token(self) -> str:
        """The RFC 6578 token of the present state: an absolute URI."""
        return f"urn:x-davbridge:sync:{self.uid}:{self.generation}:{self.revision}"

    @property
    def etag(self) -> str:
        """Changes whenever anything in the collection does (the ctag), without quotes."""
        return f"{self.generation}-{self.revision}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A calendar or address object resource, or its tombstone (``deleted``).

    ``first_start`` and ``last_end`` are POSIX seconds; ``None`` means undated and for ever. ``etag`` has no quotes.
    ``settled``: one of its occurrences is known to lie in the time range that was asked for.
    """

    href: str
    uid: str
    component: str
    etag: str
    text: str
    revision: int
    modified_at: datetime
    first_start: int | None = None
    last_end: int | None = None
    recurring: bool = False
    deleted: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a collection since a sync-token. ``truncated``: there is more after ``token`` (507)."""

    token: str
    resources: tuple[Resource, ...]
    truncated: bool = False
