"""Records as JSON and back: what the journal keeps of before and after, and what export writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from cattrs.preconf.json import make_converter
from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Deal
from bridge.core.person import Label, Organization, Person
from bridge.store import activities, collections, contacts, placements
from bridge.store.models.journal import RecordKind
from bridge.store.placements import Source

Record = Activity | Deal | Person | Organization | Label

KINDS: dict[type[Record], RecordKind] = {
    Activity: RecordKind.ACTIVITY,
    Deal: RecordKind.DEAL,
    Person: RecordKind.PERSON,
    Organization: RecordKind.ORGANIZATION,
    Label: RecordKind.LABEL,
}
_TYPES: dict[RecordKind, type[Record]] = {kind: record for record, kind in KINDS.items()}

_converter = make_converter()
_converter.register_unstructure_hook(time, lambda value: value.isoformat())
_converter.register_structure_hook(time, lambda value, _: time.fromisoformat(value))
_converter.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
_converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))


def to_json(record: Record) -> dict[str, Any]:
    """Write a record as plain JSON values."""
    values: dict[str, Any] = _converter.unstructure(record)
    return values


def from_json(kind: RecordKind, values: Mapping[str, Any]) -> Record:
    """Build a record from what ``to_json`` wrote."""
    return _converter.structure(values, _TYPES[kind])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record and, where it has one, its owner's resource: the collection, the href and the text."""

    record: Record
    collection_id: int | None = None
    href: str = ""
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write the snapshot for the journal."""
        return {
            "record": to_json(self.record),
            "collection_id": self.collection_id,
            "href": self.href,
            "text": self.text,
        }

    @classmethod
    def from_json(cls, kind: RecordKind, values: Mapping[str, Any]) -> "Snapshot":
        """Read what the journal kept."""
        record = from_json(kind, values["record"])
        return cls(record, values["collection_id"], values["href"], values["text"])


def record_by_id(session: Session, kind: RecordKind, record_id: int) -> Record | None:
    """The record of this kind and id, deleted ones included."""
    match kind:
        case RecordKind.ACTIVITY:
            return activities.activities(session, [record_id]).get(record_id)
        case RecordKind.DEAL:
            return activities.deals(session, [record_id]).get(record_id)
        case RecordKind.PERSON:
            return contacts.persons(session, [record_id]).get(record_id)
        case RecordKind.ORGANIZATION:
            return contacts.organizations(session, [record_id]).get(record_id)
        case RecordKind.LABEL:
            return contacts.labels(session, [record_id]).get(record_id)


def shown_by(session: Session, source: Source) -> Record | None:
    """The record that a resource shows."""
    column, record_id = source.column
    return record_by_id(session, RecordKind(column.removesuffix("_id")), record_id)


def source_of(record: Record) -> Source | None:
    """What a resource that shows this record refers to; deals have none."""
    match record:
        case Activity():
            return Source(activity_id=record.id)
        case Person():
            return Source(person_id=record.id)
        case Organization():
            return Source(organization_id=record.id)
        case Label():
            return Source(label_id=record.id)
        case Deal():
            return None


def take(session: Session, record: Record, owner_id: int | None) -> Snapshot:
    """Photograph a record together with the resource in its owner's home."""
    source = source_of(record)
    if source is None or owner_id is None:
        return Snapshot(record)
    own = {c.id for c in collections.collections_showing(session, [owner_id]) if not c.read_only}
    column, value = source.column
    for placed in placements.showing(session, column, [value]):
        if placed.collection_id in own and not placed.resource.deleted:
            return Snapshot(record, placed.collection_id, placed.resource.href, placed.resource.text)
    return Snapshot(record)
