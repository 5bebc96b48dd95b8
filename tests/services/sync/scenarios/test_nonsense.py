"""Nonsense in the answers of Google, in the middle of runs: it deletes nothing, and the state is told in words."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from bridge.store.models.sync import RunOutcome
from tests.fakes.google.server import Fault
from tests.harness import Office
from tests.providers.nonsense import Spoiler
from tests.services.sync.scenarios.google_remote import google_account
from tests.services.sync.scenarios.incremental import Course
from tests.services.sync.scenarios.world import World
from tests.system.chaos import amount

RUNS = 3


@pytest.fixture
def course(office: Office) -> Iterator[Course]:
    with google_account(office.clock) as other:
        yield Course(World(office, other), other)
        other.fake.mistakes.clear()  # what was spoiled is sent back, and refused


@pytest.mark.parametrize("seed", range(amount(quick=2, full=150)))
def test_nonsense_deletes_nothing(course: Course, seed: int) -> None:
    world = course.world
    fake = course.account.fake
    course.change()
    world.run()
    _edit(course)
    before = _held(course)
    spoiler = Spoiler(Random(seed), whole=True)
    fake.faults = [Fault(spoiler, lambda call, _: call != "token", times=None, after=True)]
    for _ in range(RUNS):
        world.later(70)
        report = world.run()
        assert not any("deleted" in each for each in report.counts), (report, spoiler.done)
        assert world.state()
    assert spoiler.done
    fake.faults = []
    assert _held(course) >= before
    for _ in range(RUNS):
        world.later(70)
        world.connections.reconnect(None, world.number)
        report = world.run()
    assert report.outcome in {RunOutcome.DONE, RunOutcome.PARTLY, RunOutcome.DECISION}, (report, spoiler.done)
    assert _held(course) >= before


def _edit(course: Course) -> None:
    world = course.world
    world.later(10)
    here = {each.subject: each for each in world.activities()}
    world.change_activity(here[f"ours {course.round}"], location="Elsewhere")
    world.calendar.edit(world.calendar.find(f"theirs {course.round}"), location="There")
    world.change_person(course.people[-1], job_title="Chief")
    world.group.edit(world.group.find(f"Their {course.round}"), note="Note")


def _held(course: Course) -> list[int]:
    """How much there is of everything."""
    world = course.world
    fake = course.account.fake
    events = [each for each in fake.calendars.known[world.calendar.id].events.values() if each["status"] != "cancelled"]
    people = [each for each in fake.people.people.values() if "deleted" not in each["metadata"]]
    return [len(world.activities()), len(world.people()), len(events), len(people)]
