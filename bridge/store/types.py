"""Column types that translate between the database and the core's value objects."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator

from bridge.core.contact import Address, Birthday, Labelled

Value = TypeVar("Value", Labelled, Address)


class Instant(TypeDecorator[datetime]):
    """An aware ``datetime``, stored as UTC without a zone so that SQLite and PostgreSQL sort it alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive times: a time without a zone is a bug, not a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None else None


class Seconds(TypeDecorator[timedelta]):
    """A duration, stored as whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Drop fractions: no calendar has them."""
        return int(value.total_seconds()) if value is not None else None

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002
        """Count seconds."""
        return timedelta(seconds=value) if value is not None else None


class ValueList(TypeDecorator[tuple[Value, ...]], Generic[Value]):
    """A tuple of small value objects (``Labelled``, ``Address``), stored as a JSON list."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: type[Value]) -> None:
        super().__init__()
        self.kind: type[Value] = kind

    def process_bind_param(self, value: Iterable[Value] | None, dialect: Dialect) -> list[dict[str, Any]]:  # noqa: ARG002
        """Write only what differs from the defaults, to keep rows small."""
        return [{k: v for k, v in asdict(item).items() if v} for item in value or ()]

    def process_result_value(self, value: Iterable[Mapping[str, Any]] | None, dialect: Dialect) -> tuple[Value, ...]:  # noqa: ARG002
        """Build the value objects again."""
        return tuple(self.kind(**{"value": "", **item} if self.kind is Labelled else item) for item in value or ())


class BirthdayText(TypeDecorator[Birthday]):
    """A birthday as ``1996-04-15``, or ``--04-15`` when the year is unknown."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Birthday | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write ISO 8601 (the truncated form is the one of vCard)."""
        if value is None:
            return None
        year = f"{value.year:04}" if value.year is not None else "-"
        return f"{year}-{value.month:02}-{value.day:02}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Birthday | None:  # noqa: ARG002
        """Read either form."""
        if value is None:
            return None
        year, month, day = value.rsplit("-", 2)
        return Birthday(int(month), int(day), None if year == "-" else int(year))


class NameList(TypeDecorator[tuple[str, ...]]):
    """A tuple of texts, stored as a JSON list."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> list[str]:  # noqa: ARG002
        """Write a list."""
        return list(value or ())

    def process_result_value(self, value: Iterable[str] | None, dialect: Dialect) -> tuple[str, ...]:  # noqa: ARG002
        """Build the tuple again."""
        return tuple(value or ())


class NameSet(TypeDecorator[frozenset[str]]):
    """A set of texts, or ``None`` for all there are, stored as a sorted JSON list or null."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> list[str] | None:  # noqa: ARG002
        """Write a list, in one order."""
        return None if value is None else sorted(value)

    def process_result_value(self, value: Iterable[str] | None, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002
        """Build the set again."""
        return None if value is None else frozenset(value)
