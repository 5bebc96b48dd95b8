"""What DAV clients see: collections and their finished resources."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class CollectionKind(StrEnum):
    """What a collection holds: RFC 4791 calendar or RFC 6352 address book."""

    CALENDAR = "calendar"
    ADDRESS_BOOK = "addressbook"


class Drawn(StrEnum):
    """Records of which resources are drawn."""

    ACTIVITY = "activity"
    PERSON = "person"
    ORGANIZATION = "organization"


class Cause(StrEnum):
    """What has changed, so that the records that show it are to be drawn again."""

    TYPE = "type"
    DEAL = "deal"
    PERSON = "person"
    ORGANIZATION = "organization"
    LABEL = "label"
    DAY = "day"


LONGEST = 31 * 24 * 3600  # seconds
INDEXED_PAST, INDEXED_AHEAD = timedelta(days=3 * 365), timedelta(days=2 * 365)


class CollectionRow(Base):
    """A calendar or address book in a principal's home.

    ``subject_id`` is the user whose records it shows; a collection whose subject is not its owner is a colleague's
    calendar and read-only. ``revision`` counts changes and is taken in the transaction of the write;
    ``generation`` changes when an older state of the database is restored. ``properties`` are what clients set
    (displayname, colour, order …; D12), keyed by Clark names.
    """

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(300))
    kind: Mapped[CollectionKind] = mapped_column(text_enum(CollectionKind))
    component: Mapped[str] = mapped_column(String(16))
    generation: Mapped[int] = mapped_column(default=1)
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    properties: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    modified_at: Mapped[datetime] = mapped_column(Instant())
    swept_on: Mapped[date | None]


class ResourceRow(Base):
    """A calendar or address object resource: its finished text and all that lists and queries need.

    ``etag`` is strong and without quotes. ``first_start`` and ``last_end`` are POSIX seconds; no ``first_start``
    means undated, no ``last_end`` for ever. ``wide`` marks what recurs or lasts longer than ``LONGEST``: all others
    that touch a time range start at most so long before it. The occurrences of a recurring one from ``indexed_from``
    to ``indexed_until`` are in ``resource_occurrences``. ``search`` is the text in which contacts are searched:
    unfolded, in small letters, without pictures. ``revision`` is the collection's counter at the last change. A
    deleted resource stays as a tombstone for clients that have not heard of it yet (RFC 6578 3.5.2); its text is
    kept, unseen.
    """

    __tablename__ = "resources"
    __table_args__ = (
        UniqueConstraint("collection_id", "href"),
        Index(None, "collection_id", "revision"),
        Index(None, "collection_id", "uid", "deleted"),  # or SQLite looks a UID up in the index of whole listings
        Index(None, "collection_id", "wide", "first_start"),
        Index(None, "collection_id", "deleted", "href", "etag"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    href: Mapped[str] = mapped_column(String(1000))
    uid: Mapped[str] = mapped_column(String(1000))
    component: Mapped[str] = mapped_column(String(16))
    etag: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    first_start: Mapped[int | None] = mapped_column(BigInteger)
    last_end: Mapped[int | None] = mapped_column(BigInteger)
    recurring: Mapped[bool] = mapped_column(default=False)
    wide: Mapped[bool] = mapped_column(default=False)
    indexed_from: Mapped[int | None] = mapped_column(BigInteger)
    indexed_until: Mapped[int | None] = mapped_column(BigInteger)
    search: Mapped[str | None] = mapped_column(Text)
    deleted: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(BigInteger)
    modified_at: Mapped[datetime] = mapped_column(Instant())
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    label_id: Mapped[int | None] = mapped_column(ForeignKey("labels.id"), index=True)


class OccurrenceRow(Base):
    """One occurrence of a recurring resource, in POSIX seconds: what time ranges (RFC 4791 9.9) and the CRM ask for."""

    __tablename__ = "resource_occurrences"
    __table_args__ = (Index(None, "collection_id", "starts", "ends", "resource_id"),)

    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True)
    starts: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ends: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))


class RedrawRow(Base):
    """One kind of a user's records, all or those with one ``cause``, to be drawn again, and how far that has come.

    ``cause_key`` says which type, deal, person, organization or label it was, or in which calendar it is another day.
    ``after_id`` is the last record that is drawn again; ``total`` is how many there were at the beginning. A later row
    that asks for the same or for more takes an earlier one's place.
    """

    __tablename__ = "redraws"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Drawn] = mapped_column(text_enum(Drawn))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    cause: Mapped[Cause | None] = mapped_column(text_enum(Cause))
    cause_key: Mapped[str] = mapped_column(String(64), default="")
    after_id: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    ended: Mapped[bool] = mapped_column(default=False)
