"""Queries about users, their choices and their devices."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import Table, and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from bridge.core.activity import ActivityType
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from bridge.store.memo import forget, known, remember, remembered
from bridge.store.models import (
    ActivityTypeRow,
    ColleagueCalendarRow,
    DeviceRow,
    SignInFailureRow,
    TypeOptionRow,
    UserRow,
)
from bridge.store.rows import columns_of, record_of
from bridge.store.tables import Executor

Record = TypeVar("Record")

# Tables rather than mapped classes where requests read: a row is read by name, and nothing keeps track of it.
_U, _D, _T, _O = (cast("Table", row.__table__).c for row in (UserRow, DeviceRow, ActivityTypeRow, TypeOptionRow))
_F = cast("Table", SignInFailureRow.__table__).c
_FAILED = exists().where(_F.account == bindparam("account"), _F.address == bindparam("address"))
_BY_KEY = (
    select(*_U, *_D, _FAILED)
    .select_from(cast("Table", UserRow.__table__).join(cast("Table", DeviceRow.__table__), _D.user_id == _U.id))
    .where(_D.key_hash == bindparam("key"), _D.revoked_at.is_(None))
    .where(or_(_U.login == bindparam("login"), _U.email == bindparam("login")), _U.enabled)
)

_ALL = select(*_U).order_by(_U.login)
_SOME = _ALL.where(_U.id.in_(bindparam("ids", expanding=True)))
_TYPES = select(*_T).order_by(_T.position, _T.id)
_OPTIONS = select(*_O).where(_O.user_id == bindparam("user"))
_CHOICES = (
    select(*_T, _O.user_id, _O.shown_as.label("chosen_as"), _O.color.label("chosen_color"), _O.reminder_minutes)
    .outerjoin(_O.user_id.table, and_(_O.type_key == _T.key, _O.user_id == bindparam("user")))
    .order_by(_T.position, _T.id)
)


@dataclass(frozen=True, slots=True)
class Device:
    """An app password as its owner sees it: everything but the password."""

    id: int
    user_id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    last_client: str
    revoked_at: datetime | None
    last_address: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The user and the device that an app password means. ``failed``: there are failed sign-ins to forget."""

    user: User
    device: Device
    failed: bool


def user_by_login(session: Session, login: str) -> User | None:
    """Find a user by login."""
    row = session.scalar(select(UserRow).where(UserRow.login == login))
    return record_of(User, row) if row else None


def users(session: Session, ids: Collection[int] | None = None) -> dict[int, User]:
    """All users, or some, by id."""
    if ids is None:
        return remembered(session, "users", lambda: _by_id(session.execute(_ALL)))
    some: dict[int, User] = remembered(session, "some_users", dict)
    wanted = set(ids)
    if not some.keys() >= wanted:
        some |= _by_id(session.execute(_SOME, {"ids": list(wanted)}))
    found = [some[user_id] for user_id in wanted if user_id in some]
    return {user.id: user for user in sorted(found, key=lambda user: user.login)}


def _by_id(rows: Iterable[Any]) -> dict[int, User]:
    return {row.id: record_of(User, row) for row in rows}


def know_users(session: Session, found: Iterable[User]) -> None:
    """Remember users whom another statement has read along the way."""
    some: dict[int, User] = remembered(session, "some_users", dict)
    some |= {user.id: user for user in found}


def read_user(values: Sequence[Any]) -> User:
    """Build a user from the values of all columns of the table."""
    return _read(User, _U, values)


def save_user(session: Session, user: User, *, now: datetime, password_hash: str | None = None) -> User:
    """Add a user, or change one. A ``password_hash`` of ``None`` leaves the password alone."""
    forget(session)
    row = session.get(UserRow, user.id) if user.id else UserRow(created_at=now)
    assert row is not None  # noqa: S101 - ids come from the database
    for name, value in columns_of(user, "id").items():
        setattr(row, name, value)
    if password_hash is not None:
        row.password_hash = password_hash
    session.add(row)
    session.flush()
    return record_of(User, row)


def activity_types(session: Session) -> dict[str, ActivityType]:
    """All activity types by key, in their order."""

    def load() -> dict[str, ActivityType]:
        return {row.key: record_of(ActivityType, row) for row in session.execute(_TYPES)}

    return remembered(session, "activity_types", load)


def save_activity_type(session: Session, kind: ActivityType) -> ActivityType:
    """Add an activity type, or change the one with its key."""
    forget(session)
    row = session.scalar(select(ActivityTypeRow).where(ActivityTypeRow.key == kind.key)) or ActivityTypeRow()
    for name, value in columns_of(kind, "id").items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return record_of(ActivityType, row)


def type_options(session: Session, user_id: int) -> dict[str, TypeOption]:
    """How a user wants activity types shown (R27)."""

    def load() -> dict[str, TypeOption]:
        rows = session.execute(_OPTIONS, {"user": user_id})
        return {row.type_key: _type_option(row.shown_as, row.color, row.reminder_minutes) for row in rows}

    return remembered(session, ("type_options", user_id), load)


def types_and_options(session: Session, user_id: int) -> tuple[dict[str, ActivityType], dict[str, TypeOption]]:
    """``activity_types`` and, of those, ``type_options``, with one statement."""
    if not known(session, "activity_types") and not known(session, ("type_options", user_id)):
        rows = session.execute(_CHOICES, {"user": user_id}).all()
        remember(session, "activity_types", {row.key: record_of(ActivityType, row) for row in rows})
        chosen = [row for row in rows if row.user_id is not None]
        options = {row.key: _type_option(row.chosen_as, row.chosen_color, row.reminder_minutes) for row in chosen}
        remember(session, ("type_options", user_id), options)
    return activity_types(session), type_options(session, user_id)


def save_type_option(session: Session, user_id: int, type_key: str, option: TypeOption) -> None:
    """Keep a user's choice for one type."""
    forget(session)
    minutes = None if option.reminder is None else int(-option.reminder.total_seconds() // 60)
    session.merge(
        TypeOptionRow(
            user_id=user_id,
            type_key=type_key,
            shown_as=option.shown_as,
            color=option.color,
            reminder_minutes=minutes,
        )
    )
    session.flush()


def _type_option(shown_as: EventKind, color: str, minutes: int | None) -> TypeOption:
    return TypeOption(shown_as, color, None if minutes is None else -timedelta(minutes=minutes))


def colleagues_of(session: Session, viewer_id: int) -> list[int]:
    """Whose calendars a user wants to see."""
    query = select(ColleagueCalendarRow.subject_id).where(ColleagueCalendarRow.viewer_id == viewer_id)
    return list(session.scalars(query))


def set_colleagues(session: Session, viewer_id: int, subjects: Collection[int]) -> None:
    """Choose whose calendars a user wants to see."""
    session.execute(delete(ColleagueCalendarRow).where(ColleagueCalendarRow.viewer_id == viewer_id))
    rows: Sequence[Mapping[str, int]] = [{"viewer_id": viewer_id, "subject_id": subject} for subject in subjects]
    if rows:
        session.execute(insert(ColleagueCalendarRow), rows)


def add_device(session: Session, *, user_id: int, name: str, key_hash: str, now: datetime) -> Device:
    """Keep the keyed hash of a new app password."""
    row = DeviceRow(user_id=user_id, name=name, key_hash=key_hash, created_at=now, last_client="")
    session.add(row)
    session.flush()
    return record_of(Device, row)


def devices(session: Session, user_id: int | None = None) -> list[Device]:
    """All devices, or those of one user, revoked ones included."""
    query = select(DeviceRow).order_by(DeviceRow.id)
    if user_id is not None:
        query = query.where(DeviceRow.user_id == user_id)
    return [record_of(Device, row) for row in session.scalars(query)]


def device_by_key(session: Executor, login: str, key_hash: str, account: str, address: str) -> Found | None:
    """Find the usable device with this keyed hash, of the enabled user with this login or e-mail address.

    ``account`` and ``address`` name the attempt among the failed sign-ins.
    """
    values = {"login": login, "key": key_hash, "account": account, "address": address}
    found = session.execute(_BY_KEY, values).first()
    if found is None:
        return None
    end = len(_U) + len(_D)
    return Found(_read(User, _U, found[: len(_U)]), _read(Device, _D, found[len(_U) : end]), bool(found[end]))


def _read(kind: type[Record], columns: ReadOnlyColumnCollection[str, Any], values: Sequence[Any]) -> Record:
    """Build a record from the values of a table's columns: two tables of a join have columns of one name."""
    by_name = dict(zip(columns.keys(), values, strict=True))
    return kind(**{field.name: by_name[field.name] for field in fields(kind)})  # type: ignore[arg-type]


def touch_device(session: Session, device_id: int, *, now: datetime, client: str, address: str) -> None:
    """Remember that a device was used, and from where (a keyed hash)."""
    values = {"last_used_at": now, "last_client": client[:255], "last_address": address}
    session.execute(update(DeviceRow).where(DeviceRow.id == device_id).values(values))


def revoke_device(session: Session, device_id: int, *, now: datetime) -> bool:
    """Make an app password useless. Whether there was a usable one."""
    found = session.execute(
        update(DeviceRow).where(DeviceRow.id == device_id, DeviceRow.revoked_at.is_(None)).values(revoked_at=now)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


def count_users(session: Session) -> int:
    """How many users there are."""
    return session.scalar(select(func.count()).select_from(UserRow)) or 0
