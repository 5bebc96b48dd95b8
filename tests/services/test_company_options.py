"""What an administrator decides for everybody (R30)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.core.scope import ConflictPolicy, Direction, PrivatePolicy
from bridge.errors import ConfigError, Invalid, NotAllowed
from bridge.services.company_options import CompanyOptions
from bridge.services.status import Condition
from bridge.store.database import Database
from bridge.vault import FernetVault, new_key, read_keys
from tests.harness import Office
from tests.services.connection_world import CALENDAR, CONTACTS, SECRET, World, make_world


@pytest.fixture
def world(office: Office) -> World:
    return make_world(office)


@pytest.fixture
def sqlite_world(sqlite_database: Database) -> World:
    """For what does not depend on the database."""
    return make_world(Office(sqlite_database))


def test_new_connections_get_them(world: World) -> None:
    world.company.set(world.boss, "calendar.types", ["call"])
    world.company.set(None, "policy", "crm")
    world.company.set(None, "contacts.direction", "one-way")
    shown = world.show(world.add())
    assert shown.flow(CALENDAR).types == frozenset({"call"})
    assert shown.flow(CONTACTS).direction is Direction.ONE_WAY
    assert shown.connection.policy is ConflictPolicy.CRM


def test_a_mere_default_may_be_changed(sqlite_world: World) -> None:
    sqlite_world.company.set(None, "calendar.include_links", False)
    number = sqlite_world.add()
    sqlite_world.services.change_flow(None, number, CALENDAR, lambda flow: replace(flow, include_links=True))
    assert sqlite_world.show(number).flow(CALENDAR).include_links


def test_a_forced_value_is_everybodys_at_once_and_fixed(world: World) -> None:
    number = world.running()
    world.company.set(world.boss, "calendar.private", "as-public", forced=True)
    world.company.set(world.boss, "interval", 3600, forced=True)
    shown = world.show(number)
    assert (shown.flow(CALENDAR).private, shown.connection.interval) == (PrivatePolicy.AS_PUBLIC, 3600)
    assert shown.connection.confirmed
    with pytest.raises(NotAllowed, match=r"calendar\.private.*fixed"):
        world.services.change_flow(None, number, CALENDAR, lambda flow: replace(flow, private=PrivatePolicy.AS_PRIVATE))
    with pytest.raises(NotAllowed, match="interval"):
        world.services.change(None, number, lambda row: replace(row, interval=900))
    world.company.clear(world.boss, "interval")
    world.services.change(None, number, lambda row: replace(row, interval=900))


def test_a_forced_value_that_takes_objects_away_must_be_confirmed(world: World) -> None:
    number = world.running()
    fence = world.run(number)
    world.company.set(world.boss, "calendar.private", "skip", forced=True)
    assert not world.goes_on(number, fence)
    assert world.show(number).status.condition is Condition.DECISION
    world.services.start(world.anna, number, confirmed=True)
    assert world.services.active() == [number]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("calendar.color", "red", "no option “calendar.color”"),
        ("calendar.private", "maybe", "one of: as-private, as-public, skip"),
        ("calendar.types", "call", "a list of words"),
        ("calendar.types", [1], "a list of words"),
        ("calendar.include_links", 1, "on or off"),
        ("calendar.default_type", "", "a word"),
        ("interval", True, "seconds"),
        ("interval", "60", "seconds"),
        ("policy", None, "one of"),
    ],
)
def test_a_wrong_value_is_refused(sqlite_world: World, key: str, value: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        sqlite_world.company.set(None, key, value)
    assert sqlite_world.company.all() == {}


def test_only_administrators_decide(sqlite_world: World) -> None:
    with pytest.raises(NotAllowed):
        sqlite_world.company.set(sqlite_world.anna, "interval", 60)
    with pytest.raises(NotAllowed):
        sqlite_world.company.clear(sqlite_world.anna, "interval")


def test_keys_can_be_exchanged(world: World, tmp_path: Path) -> None:
    number = world.running()
    (tmp_path / "keys").write_text(new_key())
    keys = read_keys(tmp_path / "keys")
    before = world.row(number).secret
    assert CompanyOptions(world.database, FernetVault(b"s" * 32, keys)).rotate_keys() == 1
    after = world.row(number).secret
    assert after != before
    with pytest.raises(ConfigError):
        world.services.calendars(None, number)
    assert FernetVault(b"another" * 8, keys).open(after) == SECRET
