"""The journal: every change that a client, a sync or a person made, with before and after (R21)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class Source(StrEnum):
    """Where a change came from."""

    DAV = "dav"
    CRM = "crm"
    IMPORT = "import"
    UNDO = "undo"
    SYNC = "sync"


class JournalAction(StrEnum):
    """What a change did to its object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class RecordKind(StrEnum):
    """The kinds of CRM records."""

    ACTIVITY = "activity"
    DEAL = "deal"
    PERSON = "person"
    ORGANIZATION = "organization"
    LABEL = "label"


class JournalRow(Base):
    """One change of one record. ``owner_id`` is whose data it is; a label is nobody's.

    ``before`` and ``after`` hold the record as JSON and, where there is one, its owner's resource with href and
    text. ``lost`` are the values that a merge decided against (R23). ``undoes`` points to the entry that this one
    took back.
    """

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant(), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    client: Mapped[str] = mapped_column(String(255), default="")
    source: Mapped[Source] = mapped_column(text_enum(Source))
    action: Mapped[JournalAction] = mapped_column(text_enum(JournalAction))
    kind: Mapped[RecordKind] = mapped_column(text_enum(RecordKind))
    record_id: Mapped[int] = mapped_column(BigInteger, index=True)
    title: Mapped[str] = mapped_column(Text, default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    lost: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    run: Mapped[str | None] = mapped_column(String(64), index=True)
    undoes: Mapped[int | None] = mapped_column(ForeignKey("journal.id"))
