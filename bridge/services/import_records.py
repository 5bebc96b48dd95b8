"""Import of the JSON that an export wrote: records with their texts, under new ids."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from bridge.core import ical, recurrence, rules, vcard
from bridge.core.activity import Activity, ActivityType, Deal
from bridge.core.event import EventKind
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from bridge.errors import BridgeError, Invalid
from bridge.services import records, snapshots
from bridge.services.export_records import FORMAT, VERSION
from bridge.services.import_objects import ObjectPiece
from bridge.services.importing import Importing, Progress, Result, refused, stable, store_all
from bridge.services.principals import ACTIVITIES, CONTACTS
from bridge.services.records import Change
from bridge.services.rendering import ClientText
from bridge.services.snapshots import from_json
from bridge.store import accounts, activities, collections, contacts, placements
from bridge.store.models.journal import RecordKind
from bridge.store.models.resources import CollectionKind

Owned = Activity | Deal | Person | Organization
Found = TypeVar("Found", Person, Organization, Deal)
_BROKEN = (KeyError, TypeError, ValueError, AttributeError)
_SECTIONS = (
    ("organizations", RecordKind.ORGANIZATION),
    ("persons", RecordKind.PERSON),
    ("deals", RecordKind.DEAL),
    ("activities", RecordKind.ACTIVITY),
)
_STAMPS = {"created_at", "updated_at", "id"}


@dataclass(slots=True)
class Ids:
    """What the ids of the export are called here, by kind. Filled while the import goes on."""

    known: dict[RecordKind, dict[int, int]] = field(default_factory=lambda: {kind: {} for kind in RecordKind})

    def get(self, kind: RecordKind, old: int | None) -> int | None:
        """The id here; ``None`` for what did not come along."""
        return self.known[kind].get(old or 0)


def import_records(importing: Importing, text: str, progress: Progress) -> Sequence[Result]:
    """Store what an export wrote. What is there already, by UID, is brought to the exported state."""
    content = _content(text)
    ids = Ids()
    try:
        _take_types(importing, content["activity_types"])
        _take_choices(importing, content["choices"])
        with importing.database.read() as session:
            _find_linked(session, importing.owner.id, content["linked"], ids)
        pieces, results = _pieces(importing, content, ids)
    except _BROKEN as error:
        raise Invalid("The export is damaged: a part of it is missing or has another form.") from error
    return [*results, *store_all(importing.database, pieces, progress)]


def _content(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("The file is not JSON.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Invalid("The file is not an export of davbridge.")
    if content.get("version") != VERSION:
        raise Invalid(f"The export is of version {content.get('version')}; this program reads version {VERSION}.")
    return content


def _pieces(
    importing: Importing, content: Mapping[str, Any], ids: Ids
) -> tuple[list["RecordPiece | ObjectPiece"], list[Result]]:
    """The records in the order in which they refer to each other, then the group cards."""
    pieces: list[RecordPiece | ObjectPiece] = []
    results: list[Result] = []
    for section, kind in _SECTIONS:
        for number, values in enumerate(content[section], 1):
            try:
                pieces.append(_piece(importing, ids, kind, values))
            except Invalid as error:
                results.append(refused(f"{section} {number}", error))
    for number, group in enumerate(content["groups"], 1):
        try:
            card = vcard.read(group["text"])
        except BridgeError as error:
            results.append(refused(f"groups {number}", error))
        else:
            what, uid, wish = vcard.contact(card).formatted_name, vcard.uid(card), str(group["href"])
            pieces.append(ObjectPiece(importing, what, uid, "VCARD", CONTACTS, group["text"], wish))
    return pieces, results


def _piece(importing: Importing, ids: Ids, kind: RecordKind, values: Mapping[str, Any]) -> "RecordPiece":
    try:
        given = {"owner_id": importing.owner.id, "deleted": False, "updated_at": None} | dict(values)
        resource = given.pop("resource", None)
        record = from_json(kind, given)
        text = ClientText(0, str(resource["href"]), str(resource["text"])) if resource else None
    except Exception as error:  # cattrs raises groups of many kinds
        raise Invalid("The record is damaged: a value is missing or has another form.") from error
    if not isinstance(record, Owned):
        raise Invalid("The record is of an unknown kind.")
    if text is not None and not isinstance(record, Deal):
        _check_text(record, text.text)
    return RecordPiece(importing, ids, kind, record, text, str(resource["collection"]) if resource else "")


def _check_text(record: Activity | Person | Organization, text: str) -> None:
    """Refuse a text that is broken or belongs to another record: files can be edited."""
    if isinstance(record, Activity):
        calendar = ical.read(text)
        recurrence.check(calendar)
        uid = ical.uid(calendar)
    else:
        uid = vcard.uid(vcard.to_v3(vcard.read(text)))
    if uid != record.uid:
        raise Invalid("The text of the record has another UID than the record.")


@dataclass(frozen=True, slots=True)
class RecordPiece:
    """One record with its text."""

    importing: Importing
    ids: Ids
    kind: RecordKind
    record: Owned
    text: ClientText | None
    collection: str

    @property
    def what(self) -> str:
        """Its name and kind."""
        return f"{self.kind.value} {records.title_of(self.record)}"

    def store(self, session: Session) -> None:
        """Write it under the id that it has here, or a new one."""
        before = self._present(session)
        after = replace(self._linked(), id=before.id if before else 0)
        if isinstance(after, Activity) and after.type not in accounts.activity_types(session):
            raise Invalid(f"There is no activity type “{after.type}”.")
        importing = self.importing
        change = Change(before, after, written=self._text(session, before))
        now = importing.clock.now()
        (saved,) = records.write(session, importing.actor, importing.settings, [change], now=now)
        self.ids.known[self.kind][self.record.id] = saved.record.id

    def look(self, session: Session) -> object:
        """The record and its text; from now on others that refer to it find its id."""
        present = self._present(session)
        if present is None:
            return None
        self.ids.known[self.kind][self.record.id] = present.id
        values = {f.name: getattr(present, f.name) for f in fields(present) if f.name not in _STAMPS}
        return values, stable(snapshots.take(session, present, present.owner_id).text)

    def _present(self, session: Session) -> Owned | None:
        """The owner's record with this UID, a deleted one too; a deal has none and is known by what it says."""
        owner_id = self.importing.owner.id
        found: Sequence[Owned]
        match self.record:
            case Activity(uid=uid):
                found = activities.activities_by_uid(session, uid)
            case Person(uid=uid):
                found = contacts.persons_by_uid(session, uid)
            case Organization(uid=uid):
                found = contacts.organizations_by_uid(session, uid)
            case Deal(title=title):
                linked = self._linked()
                found = [d for d in activities.deals_by_title(session, title) if _same_links(d, linked)]
        own = [record for record in found if record.owner_id == owner_id]
        return min(own, key=lambda record: (record.deleted, record.id), default=None)

    def _linked(self) -> Owned:
        """The record with the ids that its links have here."""
        record = self.record
        if isinstance(record, Organization):
            return record
        company_id = self.ids.get(RecordKind.ORGANIZATION, record.organization_id)
        if isinstance(record, Person):
            return replace(record, organization_id=company_id)
        person_id = self.ids.get(RecordKind.PERSON, record.person_id)
        if isinstance(record, Deal):
            return replace(record, organization_id=company_id, person_id=person_id)
        people = (self.ids.get(RecordKind.PERSON, person) for person in record.participants)
        return replace(
            record,
            deal_id=self.ids.get(RecordKind.DEAL, record.deal_id),
            person_id=person_id,
            organization_id=company_id,
            participants=tuple(person for person in people if person is not None),
        )

    def _text(self, session: Session, before: Owned | None) -> ClientText | None:
        """The exported text for the collection of its name, or, where that is missing, for the one that takes it."""
        if self.text is None:
            return None
        login = self.importing.owner.login
        fallback = ACTIVITIES if isinstance(self.record, Activity) else CONTACTS
        wanted = CollectionKind.CALENDAR if isinstance(self.record, Activity) else CollectionKind.ADDRESS_BOOK
        named = collections.collection(session, login, self.collection)
        if named is None or named.read_only or named.kind is not wanted:
            named = collections.collection(session, login, fallback)
        if named is None:
            return None
        placed = placements.placed_at(session, named.id, self.text.href)
        own = placed is not None and before is not None and placed.source == snapshots.source_of(before)
        href = self.text.href if placed is None or own else ""
        return ClientText(named.id, href, self.text.text)


def _same_links(one: Deal, other: Owned) -> bool:
    return isinstance(other, Deal) and (one.person_id, one.organization_id) == (other.person_id, other.organization_id)


def _take_types(importing: Importing, types: Sequence[Mapping[str, Any]]) -> None:
    """Add the types that are missing here."""
    with importing.database.write() as session:
        present = accounts.activity_types(session)
        for values in types:
            if values["key"] in present:
                continue
            length = timedelta(seconds=values["default_duration"])
            former = tuple(values.get("former_names", ()))
            kind = ActivityType(**{**values, "default_duration": length, "former_names": former, **_shown(values)})
            accounts.save_activity_type(session, kind)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """How the type is shown to those who have chosen nothing; older exports do not say."""
    seconds = values.get("reminder")
    reminder = None if seconds is None else timedelta(seconds=seconds)
    return {"shown_as": EventKind(values.get("shown_as", EventKind.EVENT)), "reminder": reminder}


def _take_choices(importing: Importing, choices: Mapping[str, Mapping[str, Any]]) -> None:
    """Take the choices for types about which the user has chosen nothing yet."""
    login = importing.owner.login
    made = importing.principals.type_options(login)
    for key, values in choices.items():
        if key in made:
            continue
        minutes = values["reminder_minutes"]
        reminder = None if minutes is None else -timedelta(minutes=minutes)
        option = TypeOption(EventKind(values["shown_as"]), str(values["color"]), reminder)
        importing.principals.choose_type(login, key, option)


def _find_linked(session: Session, owner_id: int, linked: Mapping[str, Any], ids: Ids) -> None:
    """Find the records of others that the export refers to, as far as the owner may see them here (R12)."""

    def visible(kind: RecordKind, old: int, found: Sequence[Found]) -> None:
        allowed = [record for record in found if rules.visible_to(record, owner_id)]
        if allowed:
            ids.known[kind][old] = allowed[0].id

    for other in linked["organizations"]:
        visible(RecordKind.ORGANIZATION, other["id"], contacts.organizations_by_uid(session, other["uid"]))
    for other in linked["persons"]:
        visible(RecordKind.PERSON, other["id"], contacts.persons_by_uid(session, other["uid"]))
    for other in linked["deals"]:
        visible(RecordKind.DEAL, other["id"], activities.deals_by_title(session, other["title"]))
