"""The JSON of an export: a user's records, and beside each the resource that clients see."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Deal
from bridge.core.person import Organization, Person
from bridge.core.user import User
from bridge.services.rendering import in_batches
from bridge.services.snapshots import Record, source_of, to_json
from bridge.store import accounts, activities, collections, contacts, placements

FORMAT, VERSION = "davbridge-export", 1
_BOOKKEEPING = ("owner_id", "deleted", "updated_at")


def export_records(session: Session, owner: User, *, now: datetime) -> str:
    """Write everything that a user owns, so that ``import_records`` makes the same of it.

    ``linked`` names the records of others that the user's records refer to; they are found again by UID or title.
    """
    own = _Own(session, owner)
    organizations = own.read(contacts.organizations, contacts.organization_ids(session, owner_id=owner.id))
    persons = own.read(contacts.persons, contacts.person_ids(session, owner_id=owner.id))
    deals = own.read(activities.deals, activities.deal_ids(session, owner.id))
    entries = own.read(activities.activities, activities.activity_ids(session, owner_ids=[owner.id]))
    content = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now.isoformat(),
        "login": owner.login,
        "activity_types": [_type(kind) for kind in accounts.activity_types(session).values()],
        "choices": {key: _choice(option) for key, option in accounts.type_options(session, owner.id).items()},
        "linked": _linked(session, owner.id, [*organizations, *persons, *deals, *entries]),
        "organizations": own.written(organizations),
        "persons": own.written(persons),
        "groups": own.groups(),
        "deals": own.written(deals),
        "activities": own.written(entries),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


class _Own:
    """What one user owns, read in portions."""

    def __init__(self, session: Session, owner: User) -> None:
        self._session = session
        shown = collections.collections_showing(session, [owner.id])
        self._names = {c.id: c.name for c in shown if not c.read_only}

    def read(self, load: Callable[[Session, Sequence[int]], dict[int, Any]], ids: Sequence[int]) -> list[Any]:
        return [record for batch in in_batches(ids) for record in load(self._session, batch).values()]

    def written(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        return [written for batch in in_batches(records) for written in self._batch(batch)]

    def _batch(self, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
        column = source_of(records[0]).column[0] if source_of(records[0]) else ""  # type: ignore[union-attr]
        placed = self._resources(column, [record.id for record in records]) if column else {}
        for record in records:
            values = {name: value for name, value in to_json(record).items() if name not in _BOOKKEEPING}
            yield values | ({"resource": placed[record.id]} if record.id in placed else {})

    def groups(self) -> list[dict[str, Any]]:
        found = self._resources("label_id", contacts.label_ids(self._session))
        return list(found.values())

    def _resources(self, column: str, ids: Sequence[int]) -> dict[int, dict[str, str]]:
        return {
            placed.source.column[1]: {
                "collection": self._names[placed.collection_id],
                "href": placed.resource.href,
                "text": placed.resource.text,
            }
            for placed in placements.showing(self._session, column, ids)
            if placed.collection_id in self._names and not placed.resource.deleted
        }


def _type(kind: Any) -> dict[str, Any]:
    values = asdict(kind)
    values["default_duration"] = kind.default_duration.total_seconds()
    values["reminder"] = None if kind.reminder is None else kind.reminder.total_seconds()
    del values["id"]
    return values


def _choice(option: Any) -> dict[str, Any]:
    minutes = None if option.reminder is None else int(-option.reminder.total_seconds() // 60)
    return {"shown_as": option.shown_as.value, "color": option.color, "reminder_minutes": minutes}


def _linked(session: Session, owner_id: int, records: Iterable[Record]) -> dict[str, list[dict[str, Any]]]:
    """The records of others that these refer to."""
    persons: set[int] = set()
    companies: set[int] = set()
    deals: set[int] = set()
    for record in records:
        if isinstance(record, Activity):
            deals.add(record.deal_id or 0)
            persons.update(record.participants)
        if isinstance(record, Activity | Deal):
            persons.add(record.person_id or 0)
        if isinstance(record, Activity | Deal | Person):
            companies.add(record.organization_id or 0)
    found: list[Deal | Person | Organization] = [
        *(r for batch in in_batches(sorted(deals)) for r in activities.deals(session, batch).values()),
        *(r for batch in in_batches(sorted(persons)) for r in contacts.persons(session, batch, photos=False).values()),
        *(r for batch in in_batches(sorted(companies)) for r in contacts.organizations(session, batch).values()),
    ]
    result: dict[str, list[dict[str, Any]]] = {"deals": [], "persons": [], "organizations": []}
    for other in found:
        if other.owner_id == owner_id or other.deleted:
            continue
        if isinstance(other, Deal):
            result["deals"].append({"id": other.id, "title": other.title})
        else:
            name = "persons" if isinstance(other, Person) else "organizations"
            result[name].append({"id": other.id, "uid": other.uid, "name": other.name})
    return result
