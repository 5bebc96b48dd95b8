"""Rows to records and back: columns bear the names of the records' fields."""

from collections.abc import Hashable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

Record = TypeVar("Record")


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("Any", kind)))


def record_of(kind: type[Record], row: Any, **more: Any) -> Record:
    """Build a record from a row; ``more`` gives the fields that are no columns."""
    return kind(**{name: getattr(row, name) for name in _names(cast("Hashable", kind)) if name not in more}, **more)


def columns_of(record: Any, *without: str) -> dict[str, Any]:
    """The column values of a record. A new record (``id`` 0) has no ``id`` yet."""
    values = {name: getattr(record, name) for name in _names(cast("Hashable", type(record))) if name not in without}
    if not values.get("id"):
        values.pop("id", None)
    return values
