"""The declarative base: one naming convention, so that migrations can name every constraint."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


def text_enum(kind: type[StrEnum]) -> Enum:
    """Store an enumeration by its value, as plain text that both databases and people can read."""

    def values(members: Any) -> list[str]:
        return [member.value for member in members]

    return Enum(kind, native_enum=False, length=32, values_callable=values, create_constraint=False)
