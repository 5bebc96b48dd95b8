"""The tables as the databases store them, below the column types of the models, and their rows as lines of JSON."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Time,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from bridge.errors import Invalid
from bridge.store.archive import LINE_BYTES
from bridge.store.models import Base

Convert = Callable[[Any], Any]


class PlainTable:
    """A table of the models whose columns give and take what is stored: text for an enumeration, naive UTC times."""

    def __init__(self, model: Table) -> None:
        self.name = model.name
        self.columns = tuple(column.name for column in model.columns)
        self.table = Table(model.name, MetaData(), *(_plain_column(column) for column in model.columns))
        self.key = tuple(column.name for column in model.primary_key)
        self.counter = model.autoincrement_column.name if model.autoincrement_column is not None else None
        self.self_references = tuple(
            key.parent.name for key in sorted(model.foreign_keys, key=str) if key.column.table is model
        )
        self.has_bytes = any(isinstance(column.type, LargeBinary) for column in self.table.columns)
        self._encode = [(at, each) for at, column in enumerate(self.table.columns) if (each := _encoder(column.type))]
        self._decode = [_decoder(column) for column in model.columns]

    def to_line(self, row: Sequence[Any]) -> bytes:
        """Write a row. Raises ``Invalid`` for one that could not be read again."""
        values = list(row)
        for at, encode in self._encode:
            if values[at] is not None:
                values[at] = encode(values[at])
        try:
            line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # half a surrogate pair, which JSON columns may hold
            line = json.dumps(values, separators=(",", ":")).encode()
        if len(line) >= LINE_BYTES:
            raise Invalid(f"A row of {self.name} is too large for a backup.")
        return line + b"\n"

    def from_line(self, line: bytes) -> dict[str, Any]:
        """Read a row. Raises ``Invalid`` if its values are not those of the columns."""
        try:
            values = _of(list)(json.loads(line))
            return {
                name: None if value is None else decode(value)
                for name, decode, value in zip(self.columns, self._decode, values, strict=True)
            }
        except (ValueError, TypeError, RecursionError) as error:
            raise Invalid(f"The backup is damaged: a row of {self.name} cannot be read.") from error


def plain_tables() -> list[PlainTable]:
    """List every table, those that others refer to first."""
    return [PlainTable(table) for table in Base.metadata.sorted_tables]


def _plain_column(column: Column[Any]) -> Column[Any]:
    return Column(column.name, _plain_type(column.type), primary_key=column.primary_key, autoincrement=False)


def _plain_type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    stored = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(stored, Enum):
        return String()
    return JSON(none_as_null=True) if isinstance(stored, JSON) else stored


def _encoder(kind: TypeEngine[Any]) -> Convert | None:
    """Say how a stored value becomes JSON; ``None`` if it is JSON already."""
    if isinstance(kind, DateTime | Date | Time):
        return lambda value: value.isoformat()
    if isinstance(kind, LargeBinary):
        return lambda value: b64encode(value).decode("ascii")
    return None


def _decoder(column: Column[Any]) -> Convert:
    """Say how a stored value comes from JSON; raises ``ValueError`` or ``TypeError`` for anything else.

    SQLite would take any type in any column, so what arrives is compared with the column's type.
    """
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, Enum):
        return _one_of(frozenset(kind.enums))
    for generic, decode in _DECODERS:
        if isinstance(kind, generic):
            return decode
    raise NotImplementedError(f"backups know no column of type {kind!r}")


def _of(expected: type) -> Convert:
    def decode(value: Any) -> Any:
        if type(value) is not expected:  # a bool is no int here
            raise TypeError(value)
        return value

    return decode


def _one_of(allowed: frozenset[str]) -> Convert:
    def decode(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(value)
        return value

    return decode


def _integer(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def _naive(value: Any) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is not None:
        raise ValueError(value)
    return found


_DECODERS: tuple[tuple[type[TypeEngine[Any]], Convert], ...] = (
    (DateTime, _naive),
    (Date, date.fromisoformat),
    (Time, time.fromisoformat),
    (LargeBinary, lambda value: b64decode(value, validate=True)),
    (JSON, lambda value: value),
    (Boolean, _of(bool)),
    (Integer, _integer),
    (String, _of(str)),
)
