"""The options of a connection: which ones there are, the company's values for them, and what a change means (R30)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from bridge.core.activity import ActivityType, Visibility
from bridge.core.scope import ConflictPolicy, Direction, FlowKind, PrivatePolicy
from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed
from bridge.store.connections import Connection, Flow, OptionDefault

Holder = TypeVar("Holder", Connection, Flow)
Load = Callable[[Any], Any]

SHORTEST, LONGEST = 60, 86_400
"""Seconds between two runs of the timer that a user may choose; 0 is the installation's."""


@dataclass(frozen=True, slots=True)
class SyncOption:
    """One option: the field of which flow, or (no ``kind``) of the connection; ``load`` reads its JSON."""

    key: str
    kind: FlowKind | None
    field: str
    load: Load


def _one_of(kind: type[StrEnum]) -> Load:
    def load(value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError:
            raise Invalid(f"It must be one of: {', '.join(each.value for each in kind)}.") from None

    return load


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid("It must be on or off (true or false).")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Invalid("It must be a word.")
    return value


def _names(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Invalid("It must be a list of words, or null for all.")
    return frozenset(value)


def _seconds(value: Any) -> int:
    if type(value) is not int or (value != 0 and not SHORTEST <= value <= LONGEST):
        raise Invalid(f"It must be from {SHORTEST} to {LONGEST} seconds, or 0 for what is usual here.")
    return value


_CALENDAR, _CONTACTS = FlowKind.CALENDAR, FlowKind.CONTACTS
OPTIONS: Mapping[str, SyncOption] = {
    option.key: option
    for option in (
        SyncOption("calendar.direction", _CALENDAR, "direction", _one_of(Direction)),
        SyncOption("calendar.types", _CALENDAR, "types", _names),
        SyncOption("calendar.default_type", _CALENDAR, "default_type", _word),
        SyncOption("calendar.private", _CALENDAR, "private", _one_of(PrivatePolicy)),
        SyncOption("calendar.include_links", _CALENDAR, "include_links", _switch),
        SyncOption("calendar.visibility", _CALENDAR, "visibility", _one_of(Visibility)),
        SyncOption("calendar.edits_come_back", _CALENDAR, "edits_come_back", _switch),
        SyncOption("contacts.direction", _CONTACTS, "direction", _one_of(Direction)),
        SyncOption("contacts.visibility", _CONTACTS, "visibility", _one_of(Visibility)),
        SyncOption("policy", None, "policy", _one_of(ConflictPolicy)),
        SyncOption("interval", None, "interval", _seconds),
    )
}


def read_value(key: str, value: Any) -> Any:
    """The value of an option from its JSON. Raises ``Invalid`` for an unknown option or a wrong value."""
    if key not in OPTIONS:
        raise Invalid(f"There is no option “{key}”.", remedy=f"The options are: {', '.join(OPTIONS)}.")
    try:
        return OPTIONS[key].load(value)
    except Invalid as error:
        raise Invalid(f"{key}: {error}") from None


def new_flow(connection_id: int, kind: FlowKind, user: User, defaults: Mapping[str, OptionDefault]) -> Flow:
    """A flow as it is before its user chooses anything: the company's values, else the user's own."""
    flow = Flow(connection_id, kind, visibility=user.default_visibility)
    if kind is FlowKind.CALENDAR:
        flow = replace(flow, default_type=user.default_type, include_links=user.include_links)
    return with_company_values(flow, kind, defaults)


def with_company_values(
    holder: Holder, kind: FlowKind | None, defaults: Mapping[str, OptionDefault], *, forced_only: bool = False
) -> Holder:
    """The same with the company's values, or only with those that it forces."""
    values = {
        option.field: option.load(defaults[key].value)
        for key, option in OPTIONS.items()
        if option.kind is kind and key in defaults and (defaults[key].forced or not forced_only)
    }
    return replace(holder, **values)


def options_of(holder: Connection | Flow) -> dict[str, Any]:
    """The values of a flow's or a connection's options, by key."""
    kind = holder.kind if isinstance(holder, Flow) else None
    return {key: getattr(holder, option.field) for key, option in OPTIONS.items() if option.kind is kind}


def with_options_of(holder: Holder, edited: Holder) -> Holder:
    """The same with the options of an edited copy, and nothing else of it. Raises ``Invalid`` for a wrong value."""
    kind = holder.kind if isinstance(holder, Flow) else None
    fields = [option.field for option in OPTIONS.values() if option.kind is kind]
    if isinstance(edited, Connection):
        read_value("interval", edited.interval)
        fields.append("name")
    return replace(holder, **{name: getattr(edited, name) for name in fields})


def narrows(before: Flow, after: Flow) -> bool:
    """Whether a change of options takes objects away that are there now (R19)."""
    fewer_types = after.types is not None and (before.types is None or not before.types <= after.types)
    skips = after.private is PrivatePolicy.SKIP and before.private is not PrivatePolicy.SKIP
    return fewer_types or skips


def check_free(defaults: Mapping[str, OptionDefault], before: Connection | Flow, after: Connection | Flow) -> None:
    """Raise ``NotAllowed`` for a change of what the company has fixed (R30)."""
    known = options_of(before)
    for key, value in options_of(after).items():
        if value != known[key] and key in defaults and defaults[key].forced:
            raise NotAllowed(f"The option “{key}” is fixed for everybody here.", remedy="Ask an administrator.")


def check_types(known: Mapping[str, ActivityType], before: Flow, after: Flow) -> None:
    """Raise ``Invalid`` for activity types that there are not (R8)."""
    wanted = (after.types or frozenset()) - (before.types or frozenset())
    wanted |= {after.default_type} - {before.default_type}
    unknown = ", ".join(f"“{key}”" for key in sorted(wanted - known.keys()))
    if unknown:
        raise Invalid(f"There is no activity type {unknown}.", remedy=f"The types are: {', '.join(known)}.")
