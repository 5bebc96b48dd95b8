"""Rows to records and back: columns bear the names of the records' fields."""

from dataclasses import fields
from typing import Any, TypeVar

Record = TypeVar("Record")


def record_of(kind: type[Record], row: Any, **more: Any) -> Record:
    """Build a record from a row; ``more`` gives the fields that are no columns."""
    names = (f.name for f in fields(kind) if f.name not in more)  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names}, **more)


def columns_of(record: Any, *without: str) -> dict[str, Any]:
    """The column values of a record. A new record (``id`` 0) has no ``id`` yet."""
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in without}
    if not values.get("id"):
        values.pop("id", None)
    return values
