"""Users, what they chose, and their devices."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bridge.core.activity import Visibility
from bridge.core.event import EventKind
from bridge.core.user import Role
from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class UserRow(Base):
    """A person who signs in, with their choices for calendars and address books (R9, R12, R14, R27)."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    email: Mapped[str] = mapped_column(String(255), default="")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(text_enum(Role), default=Role.REGULAR)
    enabled: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64))
    may_add_people: Mapped[bool] = mapped_column(default=True)
    may_add_organizations: Mapped[bool] = mapped_column(default=True)
    default_type: Mapped[str] = mapped_column(String(64), default="meeting")
    default_visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)
    include_links: Mapped[bool] = mapped_column(default=True)
    group_cards: Mapped[bool] = mapped_column(default=False)
    past_days: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant())


class TypeOptionRow(Base):
    """How a user wants one activity type shown (R27). No row: as an event, in the type's own colour, no reminder."""

    __tablename__ = "type_options"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    type_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    shown_as: Mapped[EventKind] = mapped_column(text_enum(EventKind), default=EventKind.EVENT)
    color: Mapped[str] = mapped_column(String(32), default="")
    reminder_minutes: Mapped[int | None]


class ColleagueCalendarRow(Base):
    """``viewer_id`` wants to see the calendar of ``subject_id`` (R27)."""

    __tablename__ = "colleague_calendars"

    viewer_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)


class DeviceRow(Base):
    """An app password (R25). ``key_hash`` is a keyed hash of it: one indexed lookup signs a request in.

    ``last_address`` is a keyed hash of where it was last used from.
    """

    __tablename__ = "devices"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant())
    last_used_at: Mapped[datetime | None] = mapped_column(Instant())
    last_client: Mapped[str] = mapped_column(String(255), default="")
    last_address: Mapped[str] = mapped_column(String(64), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(Instant())
