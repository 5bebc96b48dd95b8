"""Put finished texts where they belong, touch nothing that is the same, and leave tombstones behind (RFC 6578)."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from sqlalchemy.orm import Session

from bridge.store import collections, placements
from bridge.store.placements import Addition, Index, Placed, Source
from bridge.store.views import Resource

_WORTH_INDEXING = 30 * 24 * 3600  # seconds
_PLAIN = re.compile(r"[A-Za-z0-9._@+=~-]{1,200}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a record should look like in one collection. ``href`` is given when a client has chosen it.

    ``first_start`` and ``last_end`` are POSIX seconds as in ``Resource``; ``index`` is what finds it.
    ``for_colleague``: it goes into somebody's read-only view.
    """

    collection_id: int
    uid: str
    component: str
    text: str
    href: str = ""
    first_start: int | None = None
    last_end: int | None = None
    recurring: bool = False
    index: Index = field(default_factory=Index)
    for_colleague: bool = False


def etag_of(text: str) -> str:
    """The strong entity tag of a text, without quotes."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def href_of(uid: str, component: str) -> str:
    """The name of a resource that is born in the CRM: its UID where that is a plain name, else a digest of it."""
    stem = uid if _PLAIN.fullmatch(uid) and not uid.startswith(".") else hashlib.sha256(uid.encode()).hexdigest()[:32]
    return f"{stem}.{'vcf' if component == 'VCARD' else 'ics'}"


def present_resources(session: Session, sources: Iterable[Source]) -> dict[Source, list[Placed]]:
    """The resources and tombstones that show these records, which must be of one kind."""
    present: dict[Source, list[Placed]] = {source: [] for source in sources}
    if present:
        column = next(iter(present)).column[0]
        for placed in placements.showing(session, column, [source.column[1] for source in present]):
            present[placed.source].append(placed)
    return present


def place(
    session: Session,
    wanted: Mapping[Source, Sequence[Wanted]],
    present: Mapping[Source, Sequence[Placed]],
    *,
    now: datetime,
) -> int:
    """Make the resources that show these records exactly the wanted ones. How many resources changed.

    ``present`` is what ``present_resources`` found. A resource that is no longer wanted becomes a tombstone; one
    whose text is the same is left alone; every change takes a revision of its own.
    """
    changes: dict[int, list[_Change]] = {}
    for source, targets in wanted.items():
        for change in _changes(session, source, targets, present[source]):
            changes.setdefault(change.collection_id, []).append(change)
    return sum(_write(session, collection, found, now=now) for collection, found in sorted(changes.items()))


@dataclass(frozen=True, slots=True)
class _Change:
    """A resource to write over ``placed``, or as a new one. ``silent``: only what finds it changes, no revision."""

    collection_id: int
    placed: Placed | None
    source: Source
    resource: Resource
    index: Index
    silent: bool = False
    for_colleague: bool = False


def _changes(session: Session, source: Source, targets: Sequence[Wanted], present: Sequence[Placed]) -> list[_Change]:
    found = []
    kept: set[int] = set()
    for target in targets:
        placed = _placed_for(session, target, present)
        if placed is not None:
            kept.add(placed.id)
        same = placed is not None and placed.source == source and _same(placed.resource, target)
        if placed is None or not same or _found_otherwise(placed, target):
            finished = _finished(target, placed)
            change = _Change(target.collection_id, placed, source, finished, target.index, same, target.for_colleague)
            found.append(change)
    lost = [placed for placed in present if placed.id not in kept and not placed.resource.deleted]
    return found + [_Change(p.collection_id, p, source, _tombstone(p.resource), Index()) for p in lost]


def _found_otherwise(placed: Placed, target: Wanted) -> bool:
    """Whether the same text must be found in another way: its zone has changed, or its known occurrences run out."""
    span = (placed.resource.first_start, placed.resource.last_end)
    more = (target.index.known_until or 0) - (placed.known_until or 0)
    return span != (target.first_start, target.last_end) or more > _WORTH_INDEXING


def _placed_for(session: Session, target: Wanted, present: Sequence[Placed]) -> Placed | None:
    """The row to write to: the one at a chosen href, else the record's live one here, else its tombstone."""
    here = [p for p in present if p.collection_id == target.collection_id]
    if target.href:
        same = next((p for p in here if p.resource.href == target.href), None)
        return same or placements.placed_at(session, target.collection_id, target.href)
    return next((p for p in here if not p.resource.deleted), here[-1] if here else None)


def _same(resource: Resource, target: Wanted) -> bool:
    return not resource.deleted and resource.etag == etag_of(target.text)


def _finished(target: Wanted, placed: Placed | None) -> Resource:
    return Resource(
        href=placed.resource.href if placed else target.href,
        uid=target.uid,
        component=target.component,
        etag=etag_of(target.text),
        text=target.text,
        revision=0,
        modified_at=datetime.min,  # noqa: DTZ901 - _write sets both
        first_start=target.first_start,
        last_end=target.last_end,
        recurring=target.recurring,
    )


def _write(session: Session, collection_id: int, changes: Sequence[_Change], *, now: datetime) -> int:
    """Number the changes of one collection and write them. The collection's row is locked from here on."""
    loud = [change for change in changes if not change.silent]
    for change in changes:
        if change.silent and change.placed is not None:
            present = change.placed.resource
            kept = replace(change.resource, revision=present.revision, modified_at=present.modified_at)
            placements.change_resource(session, change.placed, change.source, kept, change.index)
    if not loud:
        return 0
    revisions = collections.next_revisions(session, collection_id, len(loud), now=now)
    hrefs = iter(_free_hrefs(session, collection_id, [c.resource for c in loud if c.placed is None]))
    added = []
    for revision, change in zip(revisions, loud, strict=True):
        finished = replace(change.resource, revision=revision, modified_at=now)
        if change.placed is not None:
            placements.change_resource(session, change.placed, change.source, finished, change.index)
        else:
            new = replace(finished, href=next(hrefs))
            added.append(Addition(collection_id, change.source, new, change.index, change.for_colleague))
    placements.add_resources(session, added)
    return len(loud)


def _free_hrefs(session: Session, collection_id: int, new: Sequence[Resource]) -> list[str]:
    """Names for new resources: the chosen ones, else from the UID; one that is taken gets a number."""
    born = [href_of(resource.uid, resource.component) for resource in new if not resource.href]
    taken = {resource.href for resource in new if resource.href}
    if born:
        taken |= placements.taken_hrefs(session, collection_id, born)
    result = []
    for resource in new:
        href = resource.href or _numbered(session, collection_id, href_of(resource.uid, resource.component), taken)
        taken.add(href)
        result.append(href)
    return result


def _numbered(session: Session, collection_id: int, name: str, taken: set[str]) -> str:
    """The name, or the first free one like it."""
    if name not in taken:
        return name
    stem, _, ending = name.rpartition(".")
    for number in count(2):
        free = f"{stem}-{number}.{ending}"
        if free not in taken and not placements.taken_hrefs(session, collection_id, [free]):
            break
    return free


def bury(session: Session, placed: Placed, *, now: datetime) -> None:
    """Turn a resource into a tombstone."""
    (revision,) = collections.next_revisions(session, placed.collection_id, 1, now=now)
    gone = replace(_tombstone(placed.resource), revision=revision, modified_at=now)
    placements.change_resource(session, placed, placed.source, gone, Index())


def _tombstone(resource: Resource) -> Resource:
    """The text stays with a tombstone, unseen: it may come back, for instance when the calendar reaches further."""
    return replace(resource, deleted=True, etag="", first_start=None, last_end=None)


def kept_text(present: Sequence[Placed], own: Collection[int]) -> tuple[str, bool]:
    """The latest text of a record that a client may have written, and whether it is its present owner's own.

    The owner's live text comes first (``own`` are the ids of their collections), then another's, after a change of
    owner, then what a tombstone has kept. What colleagues see is never a source: it says less.
    """
    texts = [placed for placed in present if not placed.for_colleague and placed.resource.text]

    def rank(placed: Placed) -> tuple[bool, bool, int]:
        live, mine = not placed.resource.deleted, placed.collection_id in own
        return (live, mine, placed.resource.revision)

    if not texts:
        return "", True
    best = max(texts, key=rank)
    return best.resource.text, best.collection_id in own
