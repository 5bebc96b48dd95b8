"""The CRM: activities and what they are linked to, in the vocabulary of the Pipedrive API v2."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, Time
from sqlalchemy.orm import Mapped, mapped_column

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled
from bridge.core.event import EventKind, Privacy
from bridge.store.models.base import Base, text_enum
from bridge.store.types import BirthdayText, Instant, NameList, Seconds, ValueList


class Record:
    """What every CRM record has. ``deleted`` marks a soft deletion (R21)."""

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    deleted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class ActivityTypeRow(Base):
    """An activity type: call, meeting, task, deadline, email, lunch, or a custom one.

    ``shown_as`` and ``reminder`` are the company's choice for users who have made none (R27).
    """

    __tablename__ = "activity_types"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    color: Mapped[str] = mapped_column(String(32), default="")
    default_duration: Mapped[timedelta] = mapped_column(Seconds())
    busy: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    former_names: Mapped[tuple[str, ...]] = mapped_column(NameList())
    shown_as: Mapped[EventKind] = mapped_column(text_enum(EventKind), default=EventKind.EVENT)
    reminder: Mapped[timedelta | None] = mapped_column(Seconds())


class OrganizationRow(Record, Base):
    """An organization."""

    __tablename__ = "organizations"

    uid: Mapped[str] = mapped_column(String(1000), index=True)
    name: Mapped[str] = mapped_column(Text, default="")
    emails: Mapped[tuple[Labelled, ...]] = mapped_column(ValueList(Labelled))
    phones: Mapped[tuple[Labelled, ...]] = mapped_column(ValueList(Labelled))
    addresses: Mapped[tuple[Address, ...]] = mapped_column(ValueList(Address))
    note: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)


class PhotoRow(Base):
    """A picture, kept apart from the rows that are read all day. ``digest`` is the SHA-256 of the bytes."""

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class PersonRow(Record, Base):
    """A person."""

    __tablename__ = "persons"

    uid: Mapped[str] = mapped_column(String(1000), index=True)
    name: Mapped[str] = mapped_column(Text, default="")
    family: Mapped[str] = mapped_column(Text, default="")
    given: Mapped[str] = mapped_column(Text, default="")
    additional: Mapped[str] = mapped_column(Text, default="")
    prefixes: Mapped[str] = mapped_column(Text, default="")
    suffixes: Mapped[str] = mapped_column(Text, default="")
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    job_title: Mapped[str] = mapped_column(Text, default="")
    emails: Mapped[tuple[Labelled, ...]] = mapped_column(ValueList(Labelled))
    phones: Mapped[tuple[Labelled, ...]] = mapped_column(ValueList(Labelled))
    addresses: Mapped[tuple[Address, ...]] = mapped_column(ValueList(Address))
    messaging: Mapped[tuple[Labelled, ...]] = mapped_column(ValueList(Labelled))
    birthday: Mapped[Birthday | None] = mapped_column(BirthdayText())
    note: Mapped[str] = mapped_column(Text, default="")
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photos.id"))
    visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)


class PersonEmailRow(Base):
    """An e-mail address of a person in lower case, for matching guests and duplicates (R17)."""

    __tablename__ = "person_emails"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), primary_key=True, index=True)


class LabelRow(Base):
    """A label of persons and organizations."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(1000), unique=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)


class PersonLabelRow(Base):
    """A person bears a label."""

    __tablename__ = "person_labels"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id", ondelete="CASCADE"), primary_key=True, index=True)


class OrganizationLabelRow(Base):
    """An organization bears a label."""

    __tablename__ = "organization_labels"

    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id", ondelete="CASCADE"), primary_key=True, index=True)


class DealRow(Record, Base):
    """A deal, as far as calendars show it."""

    __tablename__ = "deals"

    title: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)


class ActivityRow(Record, Base):
    """An activity. ``due_time`` is UTC; without it ``due_date`` is a whole day."""

    __tablename__ = "activities"
    __table_args__ = (
        Index(None, "owner_id", "due_date", "due_time", "done", "deleted"),  # one's own list
        Index(None, "due_date", "due_time", "done", "deleted"),  # everybody's
    )

    uid: Mapped[str] = mapped_column(String(1000), index=True)
    subject: Mapped[str] = mapped_column(Text, default="")
    type: Mapped[str] = mapped_column(String(64), index=True)
    due_date: Mapped[date | None]
    due_time: Mapped[time | None] = mapped_column(Time())
    duration: Mapped[timedelta | None] = mapped_column(Seconds())
    done: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None] = mapped_column(Instant())
    busy: Mapped[bool] = mapped_column(default=True)
    privacy: Mapped[Privacy] = mapped_column(text_enum(Privacy), default=Privacy.PUBLIC)
    visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)
    location: Mapped[str] = mapped_column(Text, default="")
    conference_url: Mapped[str] = mapped_column(Text, default="")
    public_description: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    series: Mapped[bool] = mapped_column(default=False)
    cancelled: Mapped[bool] = mapped_column(default=False)
    sequence: Mapped[int] = mapped_column(default=0)


class ParticipantRow(Base):
    """A person who takes part in an activity, in the order of ``position``."""

    __tablename__ = "activity_participants"

    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)
