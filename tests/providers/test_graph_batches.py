"""How requests for many events of Microsoft 365 are gathered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.core.digest import same
from bridge.errors import SignInNeeded
from bridge.ports import Create, IdempotencyKey, RemoteId, Stored
from tests.contract import samples
from tests.fakes.graph.answers import refused
from tests.fakes.graph.server import Fault
from tests.providers.graph_world import CalendarWorld, calendar_world


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


def test_requests_are_as_few_as_the_batches_allow(world: CalendarWorld) -> None:
    side = world.open()
    token = side.changes(None).token
    assert world.fake.calls == ["events.delta", "events.list"]
    world.fake.calls.clear()
    outcomes = list(side.write([Create(IdempotencyKey(f"key-{n}"), samples.event(n)) for n in range(60)]))
    assert world.fake.calls == ["batch"] * 3
    world.fake.calls.clear()
    assert len(side.changes(token).found) == 60
    assert world.fake.calls == ["events.delta"]
    world.fake.calls.clear()
    ids = [outcome.id for outcome in outcomes if isinstance(outcome, Stored)]
    assert len(list(side.fetch(ids))) == 60
    assert world.fake.calls == ["batch"] * 3


def test_exceptions_of_many_series_share_their_requests(world: CalendarWorld) -> None:
    side = world.open()
    side.changes(None)
    world.fake.calls.clear()
    changed = samples.EVENTS["a series with several exceptions"]
    events = [samples.event(n) if n % 4 else replace(changed, uid=f"series-{n}") for n in range(20)]
    outcomes = list(side.write([Create(IdempotencyKey(str(n)), event) for n, event in enumerate(events)]))
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    for outcome, event in zip(outcomes, events, strict=True):
        assert same(outcome.object, event, side.traits.expresses)
    rounds = max(len(event.overrides) + len(event.recurrence) - 1 for event in events)
    assert world.fake.calls == ["batch"] * (3 + rounds)  # whatever the number of series


def test_very_many_are_read_with_the_whole_calendar(world: CalendarWorld) -> None:
    ids = [world.add(samples.event(n)) for n in range(205)]
    ids.append(world.add(samples.EVENTS["a series with several exceptions"]))
    world.delete(ids.pop(7))
    found = list(world.open().fetch([*ids, RemoteId("gone")]))
    assert {each.id for each in found} == set(ids)
    assert found[-1].object is not None
    assert found[-1].object.overrides
    assert world.fake.calls == ["events.list", "batch", "calendars.get"]


def test_a_series_that_was_listed_is_read_once(world: CalendarWorld) -> None:
    ids = [world.add(replace(samples.EVENTS["a series"], uid=f"series-{n}")) for n in range(20)]
    side = world.open()
    side.changes(None)
    world.fake.inner.clear()
    assert len(list(side.fetch(ids))) == 20
    assert world.fake.inner == ["events.get"] * 20


def test_a_token_that_ends_while_a_batch_is_carried_out_is_renewed(world: CalendarWorld) -> None:
    ended = refused(401, "InvalidAuthenticationToken")
    world.fake.faults = [Fault(ended, lambda call, _: call == "events.create", nth=2, times=2)]
    outcomes = list(world.open().write([Create(IdempotencyKey(str(n)), samples.event(n)) for n in range(4)]))
    assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes
    assert world.fake.oauth.refreshes == 1
    world.fake.faults = [Fault(ended, lambda call, _: call == "events.create", times=None)]
    with pytest.raises(SignInNeeded):
        list(world.open().write([Create(IdempotencyKey(str(n)), samples.event(n)) for n in range(5, 9)]))
