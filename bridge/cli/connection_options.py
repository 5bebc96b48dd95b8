"""The options of ``connection add`` and ``connection set``: what the page lets a user choose."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click

from bridge.core.activity import Visibility
from bridge.core.scope import ConflictPolicy, Direction, FlowKind, PrivatePolicy
from bridge.services.connections import Connections
from bridge.services.sync_options import LONGEST, SHORTEST

Command = TypeVar("Command", bound=Callable[..., object])

NONE, ALL = "none", "all"
_DIRECTIONS = [each.value for each in Direction]
_VISIBILITIES = {"everyone": Visibility.EVERYONE, "owner": Visibility.OWNER}

_CHOICES = (
    click.option("--calendar", metavar="ID|NAME|default|none", help="Which calendar is synced."),
    click.option("--group", metavar="ID|NAME|default|none", help="Which group of contacts is synced."),
    click.option("--sync-type", type=click.Choice(_DIRECTIONS), help="One-way: from the CRM to the calendar."),
    click.option("--contacts-type", type=click.Choice(_DIRECTIONS), help="One-way: from the account to the CRM."),
    click.option("--types", metavar="TYPE,TYPE|all|none", help="Activity types that go out."),
    click.option("--default-type", metavar="TYPE", help="Type of activities made from new events."),
    click.option("--private", type=click.Choice([each.value for each in PrivatePolicy]), help="Private events."),
    click.option("--include-links/--no-include-links", default=None, help="Deal and contact information in events."),
    click.option("--visibility", type=click.Choice(list(_VISIBILITIES)), help="Who sees new activities."),
    click.option("--contacts-visibility", type=click.Choice(list(_VISIBILITIES)), help="Who sees new contacts."),
    click.option(
        "--edits-come-back/--no-edits-come-back",
        default=None,
        help="One-way: whether edits of events that came from activities change these.",
    ),
    click.option(
        "--policy", type=click.Choice([each.value for each in ConflictPolicy]), help="Who wins a conflict of edits."
    ),
    click.option(
        "--interval", type=click.IntRange(0, LONGEST), help=f"Seconds between runs, from {SHORTEST}; 0: usual."
    ),
)

Names = Mapping[str, tuple[str, Callable[[Any], Any]]]


def _types(text: str) -> frozenset[str] | None:
    if text == ALL:
        return None
    return frozenset(name.strip() for name in text.split(",") if name.strip()) if text != NONE else frozenset()


_CALENDAR: Names = {
    "sync_type": ("direction", Direction),
    "types": ("types", _types),
    "default_type": ("default_type", str),
    "private": ("private", PrivatePolicy),
    "include_links": ("include_links", bool),
    "visibility": ("visibility", _VISIBILITIES.__getitem__),
    "edits_come_back": ("edits_come_back", bool),
}
_CONTACTS: Names = {
    "contacts_type": ("direction", Direction),
    "contacts_visibility": ("visibility", _VISIBILITIES.__getitem__),
}
_CONNECTION: Names = {
    "name": ("name", str),
    "policy": ("policy", ConflictPolicy),
    "interval": ("interval", int),
}


def with_choices(command: Command) -> Command:
    """Give a command the options of a sync."""
    for option in reversed(_CHOICES):
        command = option(command)
    return command


def apply(services: Connections, connection_id: int, given: Mapping[str, Any]) -> bool:
    """Set what was given; whether there was anything. Options come first: a read-only group needs the one-way sync."""
    present = {name: value for name, value in given.items() if value is not None}
    for kind, names in ((FlowKind.CALENDAR, _CALENDAR), (FlowKind.CONTACTS, _CONTACTS)):
        values = _values(names, present)
        if values:
            services.change_flow(None, connection_id, kind, lambda flow, values=values: replace(flow, **values))  # type: ignore[misc]
    values = _values(_CONNECTION, present)
    if values:
        services.change(None, connection_id, lambda connection: replace(connection, **values))
    for kind, name in ((FlowKind.CALENDAR, "calendar"), (FlowKind.CONTACTS, "group")):
        if present.get(name) == NONE:
            services.leave(None, connection_id, kind)
        elif name in present:
            services.choose(None, connection_id, kind, present[name])
    return bool(present)


def _values(names: Names, given: Mapping[str, Any]) -> dict[str, Any]:
    return {field: read(given[name]) for name, (field, read) in names.items() if name in given}
