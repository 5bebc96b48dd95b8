"""Faults that generated histories have found, each as small as it gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.store.database import Database
from bridge.store.models.sync import ResultOutcome, RunOutcome
from tests.harness import Office
from tests.services.sync.world import World


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return World(Office(sqlite_database))


def test_two_new_events_with_one_uid_do_not_end_the_run(world: World) -> None:
    first = world.event("Lunch")
    twin = replace(world.calendar.resources[first].object, summary="Supper")
    world.calendar.add(twin)
    world.event("Breakfast")
    world.connect()
    report = world.run()
    assert report.outcome is RunOutcome.DONE, report.message
    assert dict(report.counts) == {"created here": 2, "parked": 1}
    assert sorted(each.subject for each in world.activities()) == ["Breakfast", "Lunch"]
    (parked,) = [each for each in world.told() if each.outcome is ResultOutcome.PARKED]
    assert "same UID" in parked.reason
    assert dict(world.run().counts) == {}
    assert len(world.events()) == 3
