"""What Exchange has no property for, in one of our own: JSON that remembers what was meant. Pure.

It proves nothing by itself: what is there and can be compared with it decides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bridge.core.event import Links

_TEXTS = frozenset(("rule", "dropped"))


@dataclass(frozen=True, slots=True)
class More:
    """What is remembered of an event.

    ``zone`` is the IANA name, ``rule`` are the lines of a recurrence, ``first`` is a start that does not fit them, and
    ``dropped`` are the occurrences that are cancelled, where others are simply not there.
    """

    type_key: str = ""
    done: bool = False
    cancelled: bool = False
    color: str = ""
    url: str = ""
    conference: str = ""
    links: tuple[int | None, ...] = ()
    reminders: tuple[int, ...] = ()
    zone: str = ""
    rule: tuple[str, ...] = ()
    first: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def linked(self) -> Links:
        """The ids of CRM records."""
        found = (*self.links, None, None, None)
        return Links(*found[:3])


def read_more(text: str) -> More:
    """Read the property; nonsense remembers nothing."""
    found = read_json(text)
    known = {each.name: _like(each.name, found[each.name], each.default) for each in fields(More) if each.name in found}
    return More(**{name: value for name, value in known.items() if value is not None})


def write_more(more: More) -> str:
    """Write the property; empty where there is nothing to remember."""
    values = ((each.name, getattr(more, each.name), each.default) for each in fields(More))
    return write_json({name: value for name, value, default in values if value != default})


def read_json(text: str) -> Mapping[str, Any]:
    """A JSON object, or an empty one."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(values: Mapping[str, Any]) -> str:
    """A JSON object in one line, empty for an empty one."""
    return json.dumps(values, separators=(",", ":"), sort_keys=True) if values else ""


def _like(name: str, value: object, default: object) -> Any:
    """A value of the kind that is expected there, or ``None``."""
    if not isinstance(default, tuple):
        return value if isinstance(value, type(default)) else None
    fits = _is_text if name in _TEXTS else _is_number
    return tuple(value) if isinstance(value, list) and all(map(fits, value)) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
