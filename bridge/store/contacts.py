"""Queries about persons, organizations and labels."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import BindParameter, Select, Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from bridge.core.contact import Name, Photo
from bridge.core.person import Label, Organization, Person
from bridge.store import letters
from bridge.store.memo import forget, remembered
from bridge.store.models import (
    LabelRow,
    OrganizationLabelRow,
    OrganizationRow,
    PersonEmailRow,
    PersonLabelRow,
    PersonRow,
    PhotoRow,
)
from bridge.store.rows import columns_of, record_of

# Tables rather than mapped classes, and statements that every write needs built once.
_PERSONS, _PERSON_LABELS, _PERSON_EMAILS, _LABELS, _COMPANIES, _COMPANY_LABELS = (
    cast("Table", row.__table__)
    for row in (PersonRow, PersonLabelRow, PersonEmailRow, LabelRow, OrganizationRow, OrganizationLabelRow)
)
_P, _O = _PERSONS.c, _COMPANIES.c
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BY_ID = (
    select(*_P, _LABELS.c.name.label("label"))
    .select_from(_PERSONS.outerjoin(_PERSON_LABELS.join(_LABELS), _PERSON_LABELS.c.person_id == _P.id))
    .where(_P.id.in_(_IDS))
    .order_by(_P.id)
)
_COMPANIES_BY_ID = (
    select(*_O, _LABELS.c.name.label("label"))
    .select_from(_COMPANIES.outerjoin(_COMPANY_LABELS.join(_LABELS), _COMPANY_LABELS.c.organization_id == _O.id))
    .where(_O.id.in_(_IDS))
    .order_by(_O.id)
)
_OWNERS = select(_P.owner_id).where(_P.id.in_(_IDS)).distinct()
_ADD = insert(_PERSONS).returning(_P.id)
_CHANGE = update(_PERSONS).where(_P.id == bindparam("row"))
_ADD_COMPANY = insert(_COMPANIES).returning(_O.id)
_CHANGE_COMPANY = update(_COMPANIES).where(_O.id == bindparam("row"))
_FORGET_COMPANY_LABELS = delete(_COMPANY_LABELS).where(_COMPANY_LABELS.c.organization_id == bindparam("organization"))
_FORGET_KEYS = (
    delete(_PERSON_EMAILS).where(_PERSON_EMAILS.c.person_id == bindparam("person")),
    delete(_PERSON_LABELS).where(_PERSON_LABELS.c.person_id == bindparam("person")),
)
_BORNE = (
    select(_PERSON_LABELS.c.person_id, _LABELS.c.name)
    .select_from(_PERSON_LABELS.join(_LABELS, _LABELS.c.id == _PERSON_LABELS.c.label_id))
    .where(_PERSON_LABELS.c.person_id.in_(_IDS))
)

_PARTS = ("family", "given", "additional", "prefixes", "suffixes")


def persons(session: Session, ids: Collection[int], *, photos: bool = True) -> dict[int, Person]:
    """Some persons by id, deleted ones included; without their photos if those are not wanted."""
    if not ids:
        return {}
    found = list(_with_labels(session.execute(_BY_ID, {"ids": list(ids)})))
    pictures = _photos(session, {row.photo_id for row, _ in found if row.photo_id is not None}) if photos else {}
    return {row.id: _person(row, labels, pictures) for row, labels in found}


def owners_of_persons(session: Session, ids: Collection[int]) -> set[int]:
    """Who owns these persons."""
    return set(session.scalars(_OWNERS, {"ids": list(ids)}))


def person_ids(session: Session, *, owner_id: int, label_id: int | None = None) -> list[int]:
    """The ids of a user's live persons; if a label is given, of those who bear it."""
    query = select(PersonRow.id).where(PersonRow.deleted.is_(False), PersonRow.owner_id == owner_id)
    query = query.order_by(PersonRow.id)
    if label_id is not None:
        query = query.join(PersonLabelRow).where(PersonLabelRow.label_id == label_id)
    return list(session.scalars(query))


def find_persons(session: Session, owner_id: int, text: str, limit: int = 20) -> list[Person]:
    """A user's persons whose name contains a text, deleted ones included."""
    query = select(*_P).where(PersonRow.owner_id == owner_id, letters.contains(PersonRow.name, text))
    return list(_load_persons(session, query.order_by(PersonRow.id.desc()).limit(limit), photos=False).values())


def persons_by_uid(session: Session, uid: str) -> list[Person]:
    """All persons with a UID, deleted ones included."""
    return list(_load_persons(session, select(*_P).where(PersonRow.uid == uid), photos=True).values())


def persons_with_uids(session: Session, uids: Collection[str], owner_id: int) -> list[Person]:
    """A user's live persons with these UIDs."""
    query = select(*_P).where(PersonRow.uid.in_(uids), PersonRow.owner_id == owner_id, PersonRow.deleted.is_(False))
    return list(_load_persons(session, query, photos=True).values())


def uids_of_persons(session: Session, uids: Collection[str], owner_id: int) -> set[str]:
    """Those of these UIDs that a person of this user has, or had who was deleted. See ``uids_of_activities``."""
    found = session.execute(select(PersonRow.uid, PersonRow.owner_id).where(PersonRow.uid.in_(uids)))
    return {uid for uid, owner in found if owner == owner_id}


def persons_by_email(session: Session, emails: Collection[str]) -> dict[str, list[Person]]:
    """The live persons who have one of these addresses, by the address in lower case."""
    if not emails:
        return {}
    query = select(PersonEmailRow).where(PersonEmailRow.email.in_({email.lower() for email in emails}))
    keys = session.scalars(query).all()
    found = persons(session, {key.person_id for key in keys}, photos=False)
    result: dict[str, list[Person]] = defaultdict(list)
    for key in keys:
        if not found[key.person_id].deleted:
            result[key.email].append(found[key.person_id])
    return result


def _load_persons(session: Session, query: Select[Any], *, photos: bool) -> dict[int, Person]:
    rows = session.execute(query).all()
    labels = _grouped(session.execute(_BORNE, {"ids": [row.id for row in rows]})) if rows else {}
    pictures = _photos(session, {row.photo_id for row in rows if row.photo_id is not None}) if photos else {}
    return {row.id: _person(row, labels.get(row.id, ()), pictures) for row in rows}


def _person(row: Any, labels: tuple[str, ...], pictures: Mapping[int, Photo]) -> Person:
    parts = Name(**{part: getattr(row, part) for part in _PARTS})
    return record_of(Person, row, parts=parts, labels=labels, photo=pictures.get(row.photo_id or 0))


def _with_labels(rows: Iterable[Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Each row once, with the labels of all that bear its id, in the order of their letters."""
    for _, group in groupby(rows, attrgetter("id")):
        row, *more = group
        yield row, tuple(sorted(one.label for one in (row, *more) if one.label is not None))


def _photos(session: Session, ids: Collection[int]) -> dict[int, Photo]:
    if not ids:
        return {}
    rows = session.scalars(select(PhotoRow).where(PhotoRow.id.in_(ids)))
    return {row.id: Photo(row.data, row.media_type) for row in rows}


def _labels_of(session: Session, column: Any, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    return _grouped(session.execute(select(column, LabelRow.name).join(LabelRow).where(column.in_(ids))))


def _grouped(rows: Iterable[Any]) -> dict[int, tuple[str, ...]]:
    """The labels of each record, in the order of their letters."""
    found: dict[int, list[str]] = defaultdict(list)
    for record_id, name in rows:
        found[record_id].append(name)
    return {key: tuple(sorted(value)) for key, value in found.items()}


def _person_columns(session: Session, person: Person) -> dict[str, Any]:
    values = columns_of(person, "id", "parts", "labels", "photo")
    values |= {part: getattr(person.parts, part) for part in _PARTS}
    values["photo_id"] = _photo_id(session, person.photo)
    return values


def save_person(session: Session, person: Person, before: Person | None = None) -> Person:
    """Add a person, or change one. Labels are given by name and must exist.

    ``before`` is what is stored, if that is known: it saves statements.
    """
    values = _person_columns(session, person)
    if person.id:
        session.execute(_CHANGE, {"row": person.id, **values})
        if before is not None and (before.emails, before.labels) == (person.emails, person.labels):
            return person
        for statement in _FORGET_KEYS:
            session.execute(statement, {"person": person.id})
    else:
        person = replace(person, id=session.execute(_ADD, values).scalar_one())
    _add_keys(session, {person.id: person})
    return replace(person, labels=tuple(sorted(set(person.labels))))


def add_persons(session: Session, new: Sequence[Person]) -> list[int]:
    """Add many new persons at once; their ids in the same order."""
    statement = insert(_PERSONS).returning(_P.id, sort_by_parameter_order=True)
    ids = list(session.scalars(statement, [_person_columns(session, person) for person in new]))
    _add_keys(session, dict(zip(ids, new, strict=True)))
    return ids


def _add_keys(session: Session, records: Mapping[int, Person]) -> None:
    emails = {(i, email.value.strip().lower()) for i, p in records.items() for email in p.emails if email.value.strip()}
    if emails:
        session.execute(insert(PersonEmailRow), [{"person_id": i, "email": email[:320]} for i, email in emails])
    known = labels_by_name(session, {name for person in records.values() for name in person.labels})
    borne = {(i, known[name].id) for i, person in records.items() for name in person.labels}
    if borne:
        session.execute(insert(PersonLabelRow), [{"person_id": i, "label_id": label} for i, label in borne])


def _photo_id(session: Session, photo: Photo | None) -> int | None:
    if photo is None:
        return None
    digest = sha256(photo.data).hexdigest()
    found = session.scalar(select(PhotoRow.id).where(PhotoRow.digest == digest))
    if found is None:
        row = PhotoRow(digest=digest, media_type=photo.media_type, data=photo.data)
        session.add(row)
        session.flush()
        found = row.id
    return found


def organizations(session: Session, ids: Collection[int]) -> dict[int, Organization]:
    """Some organizations by id, deleted ones included."""
    if not ids:
        return {}

    def load() -> dict[int, Organization]:
        rows = session.execute(_COMPANIES_BY_ID, {"ids": list(ids)})
        return {row.id: record_of(Organization, row, labels=labels) for row, labels in _with_labels(rows)}

    return load() if len(ids) > 1 else remembered(session, ("organization", *ids), load)


def organization_ids(session: Session, *, owner_id: int, label_id: int | None = None) -> list[int]:
    """The ids of a user's live organizations; if a label is given, of those that bear it."""
    query = select(OrganizationRow.id).where(OrganizationRow.deleted.is_(False), OrganizationRow.owner_id == owner_id)
    query = query.order_by(OrganizationRow.id)
    if label_id is not None:
        query = query.join(OrganizationLabelRow).where(OrganizationLabelRow.label_id == label_id)
    return list(session.scalars(query))


def organizations_by_name(session: Session, name: str) -> list[Organization]:
    """The live organizations with a name, whatever its case, the oldest first."""
    query = select(*_O).where(letters.equals(OrganizationRow.name, name.strip()), OrganizationRow.deleted.is_(False))
    return list(_load_organizations(session, query.order_by(OrganizationRow.id)).values())


def find_organizations(session: Session, owner_id: int, text: str, limit: int = 20) -> list[Organization]:
    """A user's organizations whose name contains a text, deleted ones included."""
    query = select(*_O).where(OrganizationRow.owner_id == owner_id, letters.contains(OrganizationRow.name, text))
    return list(_load_organizations(session, query.order_by(OrganizationRow.id.desc()).limit(limit)).values())


def organizations_by_uid(session: Session, uid: str) -> list[Organization]:
    """All organizations with a UID, deleted ones included."""
    return list(_load_organizations(session, select(*_O).where(OrganizationRow.uid == uid)).values())


def organizations_with_uids(session: Session, uids: Collection[str], owner_id: int) -> list[Organization]:
    """A user's live organizations with these UIDs."""
    query = select(*_O).where(
        OrganizationRow.uid.in_(uids), OrganizationRow.owner_id == owner_id, OrganizationRow.deleted.is_(False)
    )
    return list(_load_organizations(session, query).values())


def _load_organizations(session: Session, query: Select[Any]) -> dict[int, Organization]:
    rows = session.execute(query).all()
    labels = _labels_of(session, OrganizationLabelRow.organization_id, [row.id for row in rows])
    return {row.id: record_of(Organization, row, labels=labels.get(row.id, ())) for row in rows}


def save_organization(session: Session, organization: Organization, before: Organization | None = None) -> Organization:
    """Add an organization, or change one. Labels are given by name and must exist. ``before`` as in ``save_person``."""
    values = columns_of(organization, "id", "labels")
    forget(session, ("organization", organization.id))
    if organization.id:
        session.execute(_CHANGE_COMPANY, {"row": organization.id, **values})
        if before is not None and before.labels == organization.labels:
            return organization
        session.execute(_FORGET_COMPANY_LABELS, {"organization": organization.id})
    else:
        organization = replace(organization, id=session.execute(_ADD_COMPANY, values).scalar_one())
    known = labels_by_name(session, organization.labels)
    rows = [{"organization_id": organization.id, "label_id": known[name].id} for name in set(organization.labels)]
    if rows:
        session.execute(insert(_COMPANY_LABELS), rows)
    return replace(organization, labels=tuple(sorted(set(organization.labels))))


def labels(session: Session, ids: Collection[int]) -> dict[int, Label]:
    """Some labels by id."""
    return {row.id: record_of(Label, row) for row in session.scalars(select(LabelRow).where(LabelRow.id.in_(ids)))}


def label_ids(session: Session) -> list[int]:
    """The ids of all labels."""
    return list(session.scalars(select(LabelRow.id).order_by(LabelRow.id)))


def labels_by_name(session: Session, names: Collection[str]) -> dict[str, Label]:
    """The labels with these names."""
    if not names:
        return {}
    rows = session.scalars(select(LabelRow).where(LabelRow.name.in_(set(names))))
    return {row.name: record_of(Label, row) for row in rows}


def label_uid(name: str) -> str:
    """The UID of a label that is born in the CRM: the same for the same name, so that two writers agree."""
    return str(uuid5(NAMESPACE_URL, f"davbridge:label:{name}"))


def save_label(session: Session, label: Label) -> Label:
    """Add a label, or rename one."""
    if label.id:
        forget(session)  # whoever bears it
    row = session.get(LabelRow, label.id) if label.id else LabelRow()
    assert row is not None  # noqa: S101 - ids come from the database
    row.uid, row.name = label.uid, label.name
    session.add(row)
    session.flush()
    return record_of(Label, row)


def label_members(session: Session, label_id: int, owner_id: int) -> list[str]:
    """The UIDs of a user's persons and organizations that bear a label."""
    people = (
        select(PersonRow.uid)
        .join(PersonLabelRow)
        .where(PersonLabelRow.label_id == label_id, PersonRow.owner_id == owner_id, PersonRow.deleted.is_(False))
    )
    companies = (
        select(OrganizationRow.uid)
        .join(OrganizationLabelRow)
        .where(
            OrganizationLabelRow.label_id == label_id,
            OrganizationRow.owner_id == owner_id,
            OrganizationRow.deleted.is_(False),
        )
    )
    return sorted([*session.scalars(people), *session.scalars(companies)])
