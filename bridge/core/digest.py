"""What of an object counts as a change, and a digest of it (R24).

Two objects with the same digest say the same, whoever wrote them: a version that differs while the digest does not is
no change. Digests are the same in every process and are kept in the database.
"""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeVar

from bridge.core.canonical_contact import canonical_contact
from bridge.core.canonical_event import canonical_event
from bridge.core.contact import Address, Birthday, Contact, Labelled, Name, Photo
from bridge.core.event import Attendee, Event, Links
from bridge.core.timezones import zone_name

T = TypeVar("T", Event, Contact)

_ALWAYS = frozenset({"uid", "recurrence_id"})  # who an object is does not depend on what a remote can express
_CLASSES: tuple[type[Any], ...] = (Event, Attendee, Links, Contact, Name, Labelled, Address, Birthday, Photo)


def _shape(kind: type[Any]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]], tuple[Any, ...]]:
    """The names of the fields, what reads their values at once, and their defaults."""
    by_name = {field.name: field.default for field in fields(kind)}
    names = tuple(sorted(by_name))
    return names, attrgetter(*names), tuple(by_name[name] for name in names)


_SHAPES = {kind: _shape(kind) for kind in _CLASSES}


def canonical(obj: T, expresses: frozenset[str] | None = None) -> T:
    """Return what counts of an object, in normal form; ``expresses`` limits it to these fields of the class.

    Its times are comparable within a normal form only: compare with ``same`` or ``encoded``, since Python holds two
    wall clocks for equal whenever they show the same instant.
    """
    if expresses is not None:
        obj = _limited(obj, expresses)
    if isinstance(obj, Event):
        return canonical_event(obj)
    return canonical_contact(obj)


def digest(obj: T, expresses: frozenset[str] | None = None) -> str:
    """Return the SHA-256 of what counts of an object, in hexadecimal."""
    return sha256(encoded(canonical(obj, expresses)).encode("ascii")).hexdigest()


def same(one: T, other: T, expresses: frozenset[str] | None = None) -> bool:
    """Whether two objects say the same, as far as ``expresses`` goes."""
    return one is other or encoded(canonical(one, expresses)) == encoded(canonical(other, expresses))


def encoded(value: object) -> str:
    """Write a value as JSON in one stable form. Fields with their default are left out, so a new field harms none."""
    return _ENCODER.encode(value)


def _limited(obj: T, expresses: frozenset[str]) -> T:
    kept = expresses | _ALWAYS
    names, _, defaults = _SHAPES[type(obj)]
    changes = {name: default for name, default in zip(names, defaults, strict=True) if name not in kept}
    if isinstance(obj, Event) and obj.overrides and "overrides" in expresses:
        changes["overrides"] = tuple(_limited(override, expresses) for override in obj.overrides)
    return replace(obj, **changes)


def _plain(value: Any) -> Any:
    """What JSON has no form for. A time with a zone that has a name is its wall clock and that name."""
    if isinstance(value, datetime):
        zone = zone_name(value.tzinfo)
        return [value.replace(tzinfo=None).isoformat(), zone, value.fold] if zone else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return [value.days, value.seconds, value.microseconds]
    if isinstance(value, bytes):
        return sha256(value).hexdigest()
    names, values, defaults = _SHAPES[type(value)]
    told = zip(names, values(value), defaults, strict=True)
    return {name: said for name, said, default in told if said is not default and said != default}


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))
