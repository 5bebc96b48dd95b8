"""Events and contacts as JSON and back: what both sides last agreed on, and what a write there changed.

Only what differs from a field's default is written. Times follow RFC 9557: ``2026-12-01`` is a day,
``2026-12-01T10:00:00`` floats, ``…Z`` is UTC, ``…+02:00[Europe/Riga]`` is in a zone. A time in a zone that only a
VTIMEZONE describes carries that VTIMEZONE.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.json import JsonConverter, make_converter

from bridge.core import contentline
from bridge.core.contact import Contact
from bridge.core.event import Event, Moment
from bridge.core.ical_values import is_utc
from bridge.core.timezones import RuleZone

Value = TypeVar("Value")


def to_json(value: Event | Contact) -> dict[str, Any]:
    """Write an object as plain JSON values."""
    values: dict[str, Any] = _converter.unstructure(value)
    return values


def event_from_json(values: Mapping[str, Any]) -> Event:
    """Build an event from what ``to_json`` wrote."""
    return _converter.structure(values, Event)


def contact_from_json(values: Mapping[str, Any]) -> Contact:
    """Build a contact from what ``to_json`` wrote."""
    return _converter.structure(values, Contact)


def _moment_to_json(moment: Moment) -> str | dict[str, Any]:
    text = moment.isoformat()
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return text
    if is_utc(moment.tzinfo):
        return moment.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(moment.tzinfo, RuleZone):
        rules = contentline.serialize(moment.tzinfo.component)
        return {"at": moment.replace(tzinfo=None).isoformat(), "fold": moment.fold, "zone": rules}
    return f"{text}[{moment.tzinfo.key}]" if isinstance(moment.tzinfo, ZoneInfo) else text


def _moment_from_json(value: Any, _: object = None) -> Moment | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return datetime.fromisoformat(value["at"]).replace(tzinfo=_rule_zone(value["zone"]), fold=value["fold"])
    if len(value) == len("2026-12-01"):
        return date.fromisoformat(value)
    text, _sign, name = value.removesuffix("]").partition("[")
    moment = datetime.fromisoformat(text)
    return _in_zone(moment, name) if name else moment


def _in_zone(moment: datetime, name: str) -> datetime:
    """The time in its zone; the offset tells which of two equal wall times is meant."""
    try:
        zoned = moment.replace(tzinfo=ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return moment  # no longer known here: the instant stays
    later = zoned.replace(fold=1)
    return later if zoned.utcoffset() != moment.utcoffset() == later.utcoffset() else zoned


@lru_cache(maxsize=256)
def _rule_zone(rules: str) -> RuleZone:
    return RuleZone(contentline.parse(rules)[0])


def _instant_from_json(value: str | None, _: object = None) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if value is not None else None


def _made() -> JsonConverter:
    converter = make_converter(detailed_validation=False)
    converter.register_unstructure_hook(datetime, _moment_to_json)
    converter.register_unstructure_hook(date, _moment_to_json)
    converter.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
    converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    # By a function: the converter has ideas of its own about unions.
    converter.register_structure_hook_func(lambda kind: kind == Moment | None, _moment_from_json)
    converter.register_structure_hook_func(lambda kind: kind == datetime | None, _instant_from_json)
    converter.register_unstructure_hook_factory(
        is_dataclass,
        lambda kind: make_dict_unstructure_fn(
            kind, converter, _cattrs_omit_if_default=True, **_special(kind, converter)
        ),
    )
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda kind: make_dict_structure_fn(kind, converter, **_special(kind, converter)),
    )
    return converter


def _special(kind: type[Any], converter: JsonConverter) -> dict[str, Any]:
    """How an event refers to events, which a generated function cannot know while it is generated."""
    if kind is not Event:
        return {}
    return {
        "overrides": override(
            unstruct_hook=lambda events: [converter.unstructure(event) for event in events],
            struct_hook=lambda values, _: tuple(converter.structure(value, Event) for value in values),
        )
    }


_converter = _made()
