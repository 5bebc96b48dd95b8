"""What is common to taking events and cards from DAV clients."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy.orm import Session

from bridge.core.clients import ClientTraits
from bridge.core.merge import FieldConflict, Version, changed_fields, likely_base, merge
from bridge.core.user import User
from bridge.errors import Conflict, Invalid
from bridge.services.actor import Actor
from bridge.services.snapshots import Snapshot
from bridge.store import journal, placements
from bridge.store.models.journal import RecordKind
from bridge.store.placements import Placed
from bridge.store.views import Collection

Fields = TypeVar("Fields")

MOST_VERSIONS = 10  # changes of one resource that an unguarded write may lag behind
MAX_UID = 1000  # octets: indexes hold it


@dataclass(frozen=True, slots=True)
class Put:
    """A client writes ``body`` to ``href``.

    ``placed`` is the resource or tombstone that is there. ``guarded`` tells that the client has proved to know the
    present version (If-Match); an unguarded write may be based on any earlier one (D4). ``uid_is_free``: the caller has
    looked whether the collection holds something with this UID.
    """

    actor: Actor
    client: ClientTraits
    owner: User
    collection: Collection
    href: str
    body: str
    placed: Placed | None
    guarded: bool
    uid_is_free: bool = False

    @property
    def existing(self) -> Placed | None:
        """The live resource that the client overwrites."""
        return self.placed if self.placed is not None and not self.placed.resource.deleted else None


def check_uid(session: Session, put: Put, uid: str, condition: str) -> None:
    """Refuse a second resource with one UID, and a new UID for an old resource (RFC 4791 5.3.2.1, RFC 6352 6.3.2.1)."""
    if len(uid.encode()) > MAX_UID:
        raise Invalid(f"A UID has at most {MAX_UID} octets.", condition=condition)
    if put.uid_is_free:
        return
    if put.existing is not None:
        if put.existing.resource.uid == uid:
            return
        raise Conflict(
            "The UID of a resource cannot change; the resource has another one.",
            condition=condition,
            href=put.href,
        )
    others = [href for href in placements.hrefs_with_uid(session, put.collection.id, uid) if href != put.href]
    if others:
        raise Conflict("There is already a resource with this UID.", condition=condition, href=others[0])


def merged_with(
    ours: Version[Fields], earlier: Sequence[Version[Fields]], theirs: Version[Fields]
) -> tuple[Fields, tuple[FieldConflict, ...]]:
    """Merge what a client wrote with what is stored. ``earlier`` are the versions that it may be based on instead."""
    base = likely_base([ours, *earlier], theirs) if earlier else ours
    return merge(base.fields, ours.fields, theirs.fields)


def carry_over(record: Fields, shown: Fields, merged: Fields) -> Fields:
    """Apply to a record's own fields what the merge changed of those that the resource showed.

    The two differ where a resource cannot say what the record says, for instance "no duration".
    """
    return replace(record, **{name: getattr(merged, name) for name in changed_fields(shown, merged)})  # type: ignore[type-var]


def earlier_texts(session: Session, kind: RecordKind, record_id: int, collection_id: int | None = None) -> list[str]:
    """The texts that the record's resource had before, the newest first, as far as the journal goes back.

    With ``collection_id``, only those in that collection: a label is shown in many.
    """
    found = journal.entries_of_record(session, kind, record_id, limit=MOST_VERSIONS)
    kept = [Snapshot.from_json(kind, values) for entry in found for values in (entry.after, entry.before) if values]
    texts = (one.text for one in kept if collection_id in {None, one.collection_id})
    return [text for text in dict.fromkeys(texts) if text]
