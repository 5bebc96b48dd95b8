"""Every scenario runs over an account in memory and on stock Radicale, and those that are ``CHOSEN`` over services
of our own.

With "make chaos", all of them run over those and stock Xandikos too.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.harness import Office
from tests.providers.servers import RemoteServer, radicale, xandikos
from tests.services.sync.scenarios.dav_remote import dav_account
from tests.services.sync.scenarios.exchange_remote import exchange_account
from tests.services.sync.scenarios.google_remote import google_account
from tests.services.sync.scenarios.graph_remote import graph_account
from tests.services.sync.scenarios.memory_remote import MemoryOther
from tests.services.sync.scenarios.world import World
from tests.system.chaos import CHAOS

FAKES = ("google", "graph", "exchange")
"""Services of our own that speak a provider's API; with each, only ``CHOSEN`` ones run unless with "make chaos"."""

CHOSEN = frozenset(
    {
        "test_starting_again_duplicates_nothing",  # R3
        "test_an_activity_that_is_handed_on_leaves_the_calendar",  # R5
        "test_the_past_stays_where_it_is",  # R6
        "test_one_way_takes_no_new_events",  # R7
        "test_a_copy_is_an_object_of_its_own",  # R7
        "test_only_the_chosen_types_go_out",  # R8
        "test_the_block_never_grows_and_never_comes_in",  # R9
        "test_private_ones_stay_where_they_are_when_left_out",  # R10
        "test_an_occurrence_that_is_edited_there_is_edited_here",  # R11
        "test_incoming_ones_are_as_visible_as_chosen",  # R12
        "test_guests_of_an_event_stay_there",  # R13
        "test_one_way_brings_contacts_and_sends_none",  # R15
        "test_a_run_that_was_killed_at_a_write_is_made_up_for",  # R16
        "test_addresses_of_both_sides_are_kept",  # R17
        "test_a_preview_tells_what_the_run_then_does",  # R19
        "test_edits_and_deletions_of_a_run_can_be_taken_back",  # R21
        "test_mass_deletion_there_asks_first",  # R22
        "test_different_fields_are_merged",  # R23
        "test_what_we_wrote_is_no_news",  # R24
    }
)

FEW = {
    "graph": frozenset(
        {
            "test_one_way_takes_no_new_events",  # R7
            "test_an_occurrence_that_is_edited_there_is_edited_here",  # R11
            "test_guests_of_an_event_stay_there",  # R13
            "test_a_run_that_was_killed_at_a_write_is_made_up_for",  # R16
            "test_addresses_of_both_sides_are_kept",  # R17
            "test_mass_deletion_there_asks_first",  # R22
            "test_what_we_wrote_is_no_news",  # R24
        }
    )
}
"""Fewer, for a service that shares most of its ways with another one."""

NAMES = ("radicale", "xandikos") if CHAOS else ("radicale",)  # Xandikos alone takes as long as the rest
SERVERS = tuple(pytest.param(name, marks=pytest.mark.xdist_group(f"sync with {name}")) for name in NAMES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs over a service of our own with "make chaos" only."""
    met: set[tuple[str, str]] = set()
    left_out = [] if CHAOS else [item for item in items if _is_left_out(item, met)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item: pytest.Item, met: set[tuple[str, str]]) -> bool:
    """Of one test with several parameters, the first that is met is chosen."""
    if not isinstance(item, pytest.Function) or Path(__file__).parent not in item.path.parents:
        return False
    kind = item.callspec.params.get("world") if hasattr(item, "callspec") else None
    if kind not in FAKES:
        return False
    one = (str(kind), item.originalname)
    chosen = item.originalname in FEW.get(str(kind), CHOSEN) and one not in met
    met.add(one)
    return not chosen


@pytest.fixture(scope="session")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture(scope="session")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


@contextmanager
def _world(kind: str, office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    if kind == "memory":
        yield World(office, MemoryOther(office.clock))
        return
    if kind == "google":
        with google_account(office.clock) as account:
            yield World(office, account)
        return
    if kind == "graph":
        with graph_account(office.clock) as microsoft:
            yield World(office, microsoft)
        return
    if kind == "exchange":
        with exchange_account(office.clock) as mailbox:
            yield World(office, mailbox)
        return
    with dav_account(request.getfixturevalue(f"{kind}_server"), office.clock) as other:
        yield World(office, other)


@pytest.fixture(scope="session")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios") / "davbridge.sqlite3"


@pytest.fixture(scope="session")
def scenario_database(scenario_file: Path, sqlite_template: Path) -> Iterator[Database]:
    """One for all scenarios, since most of the time of a short test goes into statements that are new to an engine."""
    shutil.copyfile(sqlite_template, scenario_file)
    with closing(Database(f"sqlite:///{scenario_file}")) as database:
        yield database


@pytest.fixture
def office(scenario_database: Database, scenario_file: Path, sqlite_template: Path) -> Office:
    """A database without rows."""
    with closing(sqlite3.connect(sqlite_template)) as empty, closing(sqlite3.connect(scenario_file)) as used:
        empty.backup(used)
    return Office(scenario_database)


@pytest.fixture(params=("memory", *FAKES, *SERVERS))
def world(office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    """An office and an account elsewhere, in each of the services."""
    with _world(request.param, office, request) as made:
        yield made


@pytest.fixture(params=("memory", *SERVERS))
def card_world(office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    """With an account whose contacts are cards, with UIDs and kinds of their own; Google's have neither."""
    with _world(request.param, office, request) as made:
        yield made


@pytest.fixture
def memory_world(office: Office) -> World:
    """With the account in memory, for what no real server can be brought to do."""
    return World(office, MemoryOther(office.clock))


@pytest.fixture(params=SERVERS)
def dav_world(office: Office, request: pytest.FixtureRequest) -> Iterator[World]:
    """With the account on a real server, for what only those do."""
    with _world(request.param, office, request) as made:
        yield made
