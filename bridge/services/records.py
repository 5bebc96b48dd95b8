"""Write CRM records: the one place where a record changes, is journaled, and is carried into every resource.

Whoever changes a record, a client, the page, an import or an undo, calls ``write`` inside a transaction of theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Deal
from bridge.core.merge import FieldConflict, changed_fields
from bridge.core.person import Label, Organization, Person
from bridge.services import snapshots
from bridge.services.actor import Actor
from bridge.services.address_books import (
    refresh_labels,
    refresh_organizations,
    refresh_person,
    refresh_saved_persons,
)
from bridge.services.redrawing import redraw
from bridge.services.rendering import ClientText, refresh_activity, refresh_saved_activities
from bridge.services.settings import Settings
from bridge.services.snapshots import KINDS, Record, Snapshot
from bridge.store import activities, collections, contacts, journal, placements, redraws
from bridge.store.journal import JournalEntry
from bridge.store.models.journal import JournalAction, RecordKind
from bridge.store.models.resources import Cause

# What of a record other records' resources show. A change of anything else concerns its own resource only.
_SHOWN_ELSEWHERE = {
    Deal: {"title", "visibility", "owner_id", "deleted"},
    Person: {"name", "phones", "emails", "visibility", "owner_id", "deleted"},
    Organization: {"name", "visibility", "owner_id", "deleted"},
    Label: {"name"},
}
_CAUSES: Mapping[type[Record], Cause] = {
    Deal: Cause.DEAL,
    Person: Cause.PERSON,
    Organization: Cause.ORGANIZATION,
    Label: Cause.LABEL,
}
_IN_GROUPS = {"labels", "uid", "owner_id", "deleted"}


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a record.

    ``before`` is the stored record, or ``None`` for a new one. ``written`` is the text that a client has just put;
    ``conflicts`` are what a merge left out; ``undoes`` is the journal entry that this takes back.
    """

    before: Record | None
    after: Record
    written: ClientText | None = None
    conflicts: Sequence[FieldConflict] = ()
    undoes: int | None = None


def write(
    session: Session, actor: Actor, settings: Settings, changes: Sequence[Change], *, now: datetime
) -> list[Snapshot]:
    """Save records, refresh every resource that depends on them, and write the journal. What is stored now.

    All records are saved before anything is drawn, so that records which show each other are drawn once.
    """
    _lock(session, changes)
    before = [_snapshot(session, change.before, actor) for change in changes]
    saved = _save_all(session, changes, now=now)
    _refresh_all(session, settings, changes, saved, now=now)
    after = [snapshots.take(session, record, _owner_id(record, actor)) for record in saved]
    entries = []
    for change, old, new in zip(changes, before, after, strict=True):
        entry = _entry(actor, old, new, _owner_id(new.record, actor), now=now)
        lost = {conflict.field: str(conflict.lost) for conflict in change.conflicts}
        entries.append(replace(entry, lost=lost, undoes=change.undoes))
    journal.add_entries(session, entries)
    placements.forget_resources(session)  # a long transaction would gather them all
    return after


def _lock(session: Session, changes: Sequence[Change]) -> None:
    """Let nobody else write the resources of these records from before they are read."""
    found = (record for change in changes for record in (change.before, change.after))
    owners = {record.owner_id for record in found if isinstance(record, Activity | Person | Organization)}
    if owners:
        collections.lock_collections(session, owners)


def _snapshot(session: Session, record: Record | None, actor: Actor) -> Snapshot | None:
    return snapshots.take(session, record, _owner_id(record, actor)) if record is not None else None


def _owner_id(record: Record, actor: Actor) -> int | None:
    """Whose data a change concerns. A label belongs to nobody: its changes are noted with who made them."""
    return actor.user_id if isinstance(record, Label) else record.owner_id


def _save_all(session: Session, changes: Sequence[Change], *, now: datetime) -> list[Record]:
    """Save records in their order; where several of a kind are new, all of these at once."""
    saved: dict[int, Record] = {}
    for kind in (Activity, Person):
        new = [at for at, change in enumerate(changes) if _is_new(change) and isinstance(change.after, kind)]
        if len(new) > 1:
            saved |= zip(new, _add_all(session, [changes[at].after for at in new], now=now), strict=True)
    for at, change in enumerate(changes):
        if at not in saved:
            saved[at] = _save(session, change.before, change.after, now=now)
    return [saved[at] for at in range(len(changes))]


def _is_new(change: Change) -> bool:
    return change.before is None and not change.after.id


def _add_all(session: Session, new: Sequence[Record], *, now: datetime) -> list[Record]:
    """Add new activities, or new persons."""
    events = [replace(r, updated_at=now, created_at=r.created_at or now) for r in new if isinstance(r, Activity)]
    people = [replace(r, updated_at=now, created_at=r.created_at or now) for r in new if isinstance(r, Person)]
    _add_labels(session, None, [name for person in people for name in person.labels])
    people = [replace(person, labels=tuple(sorted(set(person.labels)))) for person in people]
    saved: list[Record] = []
    if events:
        ids = activities.add_activities(session, events)
        saved += [replace(event, id=key) for key, event in zip(ids, events, strict=True)]
    if people:
        ids = contacts.add_persons(session, people)
        saved += [replace(person, id=key) for key, person in zip(ids, people, strict=True)]
    for source in filter(None, map(snapshots.source_of, saved)):
        placements.nothing_shows(session, source)
    return saved


def _refresh_all(
    session: Session, settings: Settings, changes: Sequence[Change], saved: Sequence[Record], *, now: datetime
) -> None:
    """Refresh what depends on each record. What is new shows only itself, so several of a kind are drawn at once."""
    pairs = list(zip(changes, saved, strict=True))
    texts = {id(record): change.written for change, record in pairs if change.written is not None}
    new = [record for change, record in pairs if _is_new(change)]
    events = [record for record in new if isinstance(record, Activity)]
    people = [record for record in new if isinstance(record, Person) and not record.labels]
    done: set[int] = set()
    if len(events) > 1:
        written = {record.id: texts[id(record)] for record in events if id(record) in texts}
        refresh_saved_activities(session, events, settings, written, now=now)
        done.update(map(id, events))
    if len(people) > 1:
        written = {record.id: texts[id(record)] for record in people if id(record) in texts}
        refresh_saved_persons(session, people, settings, written, now=now)
        done.update(map(id, people))
    for change, record in pairs:
        if id(record) not in done:
            refresh(session, settings, change.before, record, now=now, written=change.written)


def _save(session: Session, before: Record | None, after: Record, *, now: datetime) -> Record:
    saved = _saved(session, before, after, now=now)
    source = snapshots.source_of(saved)
    if before is None and not after.id and source is not None:
        placements.nothing_shows(session, source)
    return saved


def _saved(session: Session, before: Record | None, record: Record, *, now: datetime) -> Record:
    match record:
        case Activity():
            record = replace(record, updated_at=now, created_at=record.created_at or now)
            return activities.save_activity(session, record, before if isinstance(before, Activity) else None)
        case Person():
            _add_labels(session, before, record.labels)
            record = replace(record, updated_at=now, created_at=record.created_at or now)
            return contacts.save_person(session, record, before if isinstance(before, Person) else None)
        case Organization():
            _add_labels(session, before, record.labels)
            record = replace(record, updated_at=now, created_at=record.created_at or now)
            return contacts.save_organization(session, record, before if isinstance(before, Organization) else None)
        case Deal():
            return activities.save_deal(session, record, now=now)
        case Label():
            return contacts.save_label(session, record)


def _add_labels(session: Session, before: Record | None, names: Sequence[str]) -> None:
    if isinstance(before, Person | Organization) and before.labels == names:
        return
    known = contacts.labels_by_name(session, names)
    for name in dict.fromkeys(names):
        if name not in known:
            contacts.save_label(session, Label(uid=contacts.label_uid(name), name=name))


def refresh(
    session: Session,
    settings: Settings,
    before: Record | None,
    after: Record,
    *,
    now: datetime,
    written: ClientText | None = None,
) -> None:
    """Bring up to date exactly the resources that show this record: its own now, very many others in the background."""
    text = {after.id: written} if written is not None else None
    changed = changed_fields(before, after) if before is not None else frozenset({"labels", "name"})
    elsewhere = changed & _SHOWN_ELSEWHERE.get(type(after), set())
    match after:
        case Activity():
            refresh_activity(session, after, settings, now=now, written=written)
        case Person():
            refresh_person(session, after, settings, now=now, written=written)
        case Organization():
            refresh_organizations(session, [after.id], settings, now=now, written=text)
        case Label():
            refresh_labels(session, [after.id], now=now, written=text)
    cause = _CAUSES.get(type(after))
    if before is not None and elsewhere and cause is not None:
        redraw(session, redraws.showing(session, cause, after.id, now=now), settings, now=now)
    if isinstance(after, Person | Organization):
        _refresh_groups(session, before, after, changed, now=now)


def _refresh_groups(
    session: Session,
    before: Person | Organization | Deal | Activity | Label | None,
    after: Person | Organization,
    changed: frozenset[str],
    *,
    now: datetime,
) -> None:
    names = set(after.labels) | set(before.labels if isinstance(before, Person | Organization) else ())
    if names and changed & _IN_GROUPS:
        labels = contacts.labels_by_name(session, names).values()
        refresh_labels(session, [label.id for label in labels], now=now)


def _entry(
    actor: Actor, before: Snapshot | None, after: Snapshot, owner_id: int | None, *, now: datetime
) -> JournalEntry:
    record = after.record
    return JournalEntry(
        at=now,
        owner_id=owner_id,
        source=actor.source,
        action=_action(before.record if before else None, record),
        kind=KINDS[type(record)],
        record_id=record.id,
        title=title_of(record),
        before=before.to_json() if before else None,
        after=after.to_json(),
        actor_id=actor.user_id,
        device_id=actor.device_id,
        client=actor.client[:255],
        run=actor.run,
    )


def _action(before: Record | None, after: Record) -> JournalAction:
    if before is None:
        return JournalAction.CREATE
    gone = not isinstance(after, Label) and after.deleted
    was_gone = not isinstance(before, Label) and before.deleted
    if gone and not was_gone:
        return JournalAction.DELETE
    return JournalAction.CREATE if was_gone and not gone else JournalAction.UPDATE


def title_of(record: Record) -> str:
    """What people call a record."""
    match record:
        case Activity():
            return record.subject
        case Deal():
            return record.title
        case _:
            return record.name


def kind_of(record: Record) -> RecordKind:
    """The kind of a record."""
    return KINDS[type(record)]
