"""What people have said about contacts that look alike (R17)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base
from bridge.store.types import Instant


class DistinctPersonsRow(Base):
    """Two persons who are not one, however alike they look. ``person_id`` is the smaller id."""

    __tablename__ = "distinct_persons"
    __table_args__ = (CheckConstraint("person_id < other_id", name="order"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True, index=True)
    said_at: Mapped[datetime] = mapped_column(Instant())
