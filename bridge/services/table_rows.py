"""Tables (CSV) of activities or persons: what each row says. Pure reading, no database."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from io import StringIO
from typing import TypeVar
from zoneinfo import ZoneInfo

from bridge.core import richtext
from bridge.core.activity import ActivityType
from bridge.core.contact import Address, Birthday, Labelled, Name
from bridge.core.event import Privacy
from bridge.errors import Invalid

Value = TypeVar("Value")


class TableKind(StrEnum):
    """What the rows of a table are."""

    ACTIVITIES = "activities"
    PERSONS = "persons"


COLUMNS = {
    TableKind.ACTIVITIES: (
        *("uid", "subject", "type", "due_date", "due_time", "duration", "done", "busy", "private", "location"),
        *("conference_url", "description", "note", "deal", "person", "organization"),
    ),
    TableKind.PERSONS: (
        *("uid", "name", "given", "family", "organization", "job_title", "email", "phone", "mobile", "street"),
        *("postal_code", "city", "country", "birthday", "labels", "note"),
    ),
}
_YES, _NO = {"yes", "true", "1", "x", "y"}, {"no", "false", "0", "n"}
_DAY = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)|(?P<day2>\d\d?)\.(?P<month2>\d\d?)\.(?P<year2>\d{4})"
)
_DURATION = re.compile(r"(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, from 1, and its values by column, without spaces around them."""

    line: int
    values: Mapping[str, str]

    def get(self, column: str) -> str:
        """The value of a column; ``""`` where there is none."""
        return self.values.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose heading has been understood. A row with too many values has the surplus under ``""``."""

    kind: TableKind
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(text: str) -> Table:
    """Read a table with commas, semicolons or tabs. Raises ``Invalid`` for a heading that is not understood."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        columns = tuple(name.strip().lower().replace(" ", "_") for name in next(reader, []))
        kind = _kind(columns)
        rows = tuple(_rows(reader, columns))
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} is not CSV: {error}.") from error
    return Table(kind, columns, rows)


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _kind(columns: tuple[str, ...]) -> TableKind:
    kind = TableKind.ACTIVITIES if "subject" in columns else TableKind.PERSONS
    unknown = [name for name in columns if name not in COLUMNS[kind]]
    if not columns or unknown or len(set(columns)) < len(columns):
        wrong = f"the columns {', '.join(repr(name) for name in unknown)}" if unknown else "the first line"
        raise Invalid(
            f"The table is not understood: {wrong}.",
            remedy=f"Activities have the columns {', '.join(COLUMNS[TableKind.ACTIVITIES])}; "
            f"persons {', '.join(COLUMNS[TableKind.PERSONS])}.",
        )
    return kind


def _rows(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Row]:
    first = 2
    for values in reader:
        if any(value.strip() for value in values):
            surplus = {"": "surplus"} if len(values) > len(columns) else {}
            pairs = zip(columns, (value.strip() for value in values), strict=False)
            yield Row(first, dict(pairs) | surplus)
        first = reader.line_num + 1  # type: ignore[attr-defined]


def activity_values(row: Row, types: Mapping[str, ActivityType], zone: ZoneInfo) -> dict[str, object]:
    """The fields of an activity that the row gives; times are meant in ``zone``. Raises ``Invalid``."""
    _check_width(row)
    values: dict[str, object] = {}
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "subject": ("subject", _needed),
        "type": ("type", lambda text: _type(text, types)),
        "duration": ("duration", _duration),
        "done": ("done", _switch),
        "busy": ("busy", _switch),
        "private": ("privacy", lambda text: Privacy.PRIVATE if _switch(text) else Privacy.PUBLIC),
        "location": ("location", str),
        "conference_url": ("conference_url", str),
        "description": ("public_description", richtext.to_html),
        "note": ("note", richtext.to_html),
    }
    for column, (name, read) in readers.items():
        if column in row.values and (row.get(column) or column in {"subject", "location", "description", "note"}):
            values[name] = _reading(column, read, row.get(column))
    return values | _due(row, zone)


def _due(row: Row, zone: ZoneInfo) -> dict[str, object]:
    if "due_date" not in row.values and not row.get("due_time"):
        return {}
    day = _reading("due_date", _date, row.get("due_date"))
    moment = _reading("due_time", _time, row.get("due_time"))
    if moment is None:
        return {"due_date": day, "due_time": None}
    if day is None:
        raise Invalid("due_time needs a due_date.")
    utc = datetime.combine(day, moment, zone).astimezone(UTC)
    return {"due_date": utc.date(), "due_time": utc.time()}


def person_values(row: Row) -> dict[str, object]:
    """The fields of a person that the row gives. Raises ``Invalid``."""
    _check_width(row)
    given, family = row.get("given"), row.get("family")
    name = row.get("name") or f"{given} {family}".strip()
    if not name:
        raise Invalid("name is empty.")
    if not given and not family:
        given, _, family = name.rpartition(" ")
        given, family = (given, family) if given else (family, "")
    values: dict[str, object] = {"name": name, "parts": Name(family=family, given=given)}
    if "job_title" in row.values:
        values["job_title"] = row.get("job_title")
    if "email" in row.values:
        values["emails"] = _labelled([("work", row.get("email"))])
    if {"phone", "mobile"} & row.values.keys():
        values["phones"] = _labelled([("work", row.get("phone")), ("mobile", row.get("mobile"))])
    if "note" in row.values:
        values["note"] = row.get("note")
    if "labels" in row.values:
        values["labels"] = tuple(
            sorted({part.strip() for part in re.split("[;,|]", row.get("labels")) if part.strip()})
        )
    if row.get("birthday"):
        values["birthday"] = _reading("birthday", _birthday, row.get("birthday"))
    return values | _addresses(row)


def _addresses(row: Row) -> dict[str, object]:
    parts = {"street": "street", "postal_code": "postal_code", "locality": "city", "country": "country"}
    if not set(parts.values()) & row.values.keys():
        return {}
    address = Address(**{part: row.get(column) for part, column in parts.items()}, label="work")
    return {"addresses": (address,) if address != Address(label="work") else ()}


def _labelled(values: list[tuple[str, str]]) -> tuple[Labelled, ...]:
    found = [(label, value) for label, value in values if value]
    return tuple(Labelled(value, label, primary=number == 0) for number, (label, value) in enumerate(found))


def _check_width(row: Row) -> None:
    if "" in row.values:
        raise Invalid("The row has more values than the heading has columns.")


def _reading(column: str, read: Callable[[str], Value], text: str) -> Value:
    try:
        return read(text)
    except ValueError as error:
        raise Invalid(f"{column}: {error}") from error


def _needed(text: str) -> str:
    if not text:
        raise ValueError("it is empty.")
    return text


def _type(text: str, types: Mapping[str, ActivityType]) -> str:
    for key, kind in types.items():
        if text.casefold() in {key.casefold(), kind.name.casefold()}:
            return key
    raise ValueError(f"there is no activity type “{text}”.")


def _switch(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"“{text}” is neither yes nor no.")


def _date(text: str) -> date | None:
    if not text:
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}” is not a date such as 2026-11-21.")
    year, month, day = (int(found[name] or found[f"{name}2"]) for name in ("year", "month", "day"))
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no day “{text}”.") from None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text.zfill(5)).replace(tzinfo=None) if text else None
    except ValueError:
        raise ValueError(f"“{text}” is not a time such as 09:30.") from None


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}” is neither minutes nor hours and minutes such as 1:30.")
    return timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"]))


def _birthday(text: str) -> Birthday:
    day = _date(text)
    if day is None:
        raise ValueError("it is empty.")
    return Birthday(day.month, day.day, day.year)
