"""What a run writes on our side asks for no other run, and nothing that somebody else writes meanwhile is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.contact import Contact
from bridge.core.scope import FlowKind
from bridge.errors import TokenExpired
from bridge.ports import SyncToken
from bridge.providers.memory.misbehaviour import Call, Fault, Meanwhile, Moment
from bridge.services.sync.catching_up import caught_up
from bridge.store import connections
from bridge.store.database import Database
from tests.harness import CRM, Office
from tests.services.sync.world import World


@pytest.fixture
def world(database: Database) -> World:
    return World(Office(database))


def due(world: World) -> list[int]:
    with world.office.database.read() as session:
        return connections.due(session, world.office.clock.now())


def after_a_run(world: World) -> None:
    """The timer's turn is over; only a change here makes a connection due."""
    with world.office.database.write() as session:
        found = connections.connection(session, world.connection.id, lock=True)
        assert found is not None
        soon = world.office.clock.now() + timedelta(minutes=5)
        connections.save_connection(session, replace(found, next_run_at=soon))


def token_of(world: World, kind: FlowKind = FlowKind.CALENDAR) -> SyncToken:
    token = world.flow(kind).ours_token
    assert token is not None
    return SyncToken(token)


def moved(world: World, token: SyncToken, kind: FlowKind = FlowKind.CALENDAR) -> bool:
    opened = world.flows.open(world.connection.id)
    flow = world.flow(kind)
    if kind is FlowKind.CALENDAR:
        side = world.flows.calendar(opened, flow, "test").ours
        return caught_up(world.office.database, side, flow, world.user.id, token) != token
    people = world.flows.contacts(opened, flow, "test").ours
    return caught_up(world.office.database, people, flow, world.user.id, token) != token


@pytest.mark.parametrize("kind", list(FlowKind))
def test_what_a_run_takes_in_asks_for_no_other_run(world: World, kind: FlowKind) -> None:
    world.event("Lunch")
    world.event("Dinner", hour=19)
    world.group.add(Contact("anna@elsewhere", formatted_name="Anna Kalna"))
    world.connect(kind)
    world.run()
    after_a_run(world)
    assert due(world) == []
    report = world.run()
    assert dict(report.counts) == {}


def test_an_edit_that_comes_in_asks_for_no_other_run(world: World) -> None:
    world.activity("Call Anna")
    world.connect()
    world.run()
    (there,) = world.ids()
    world.edit(there, summary="Call Anna Kalna")
    assert dict(world.run().counts) == {"changed here": 1}
    after_a_run(world)
    assert due(world) == []


def test_a_deletion_that_comes_in_asks_for_no_other_run(world: World) -> None:
    world.event("Lunch")
    world.event("Dinner", hour=19)
    world.connect()
    world.run()
    (there, _) = world.ids()
    world.calendar.remove(there)
    assert dict(world.run().counts) == {"deleted here": 1}
    after_a_run(world)
    assert due(world) == []


def test_what_somebody_else_writes_during_a_run_is_found(world: World) -> None:
    first = world.activity("Call Anna")
    world.connect()
    world.run()
    world.event("Lunch")
    world.activity("Call Juris", hour=11)

    def act() -> None:
        world.office.activities.change(CRM, first.id, lambda each: replace(each, subject="Call Anna Kalna"))
        world.activity("Call Zane", hour=12)

    world.remote.misbehave(Fault(Call.CREATE, Meanwhile(act, Moment.AFTER)))
    assert dict(world.run().counts) == {"created there": 1, "created here": 1}
    after_a_run(world)
    assert due(world) == [world.connection.id]
    assert dict(world.run().counts) == {"changed there": 1, "created there": 1}
    assert sorted(event.summary for event in world.events()) == [
        "Call Anna Kalna",
        "Call Juris",
        "Call Zane",
        "Lunch",
    ]


def test_what_somebody_deletes_during_a_run_is_found(world: World) -> None:
    first = world.activity("Call Anna")
    world.connect()
    world.run()
    world.event("Lunch")
    world.activity("Call Juris", hour=11)
    act = Meanwhile(lambda: world.office.activities.delete(CRM, first.id), Moment.AFTER)
    world.remote.misbehave(Fault(Call.CREATE, act))
    world.run()
    assert dict(world.run().counts) == {"deleted there": 1}


def test_the_cursor_stays_where_something_else_was_written(world: World) -> None:
    activity = world.activity("Call Anna")
    world.connect()
    world.run()
    before = token_of(world)
    assert not moved(world, before)
    world.office.activities.change(CRM, activity.id, lambda each: replace(each, subject="Call Juris"))
    assert not moved(world, before)
    world.run()
    assert moved(world, before)


def test_the_cursor_stays_where_it_means_nothing_any_more(world: World) -> None:
    world.activity("Call Anna")
    world.connect()
    world.run()
    opened = world.flows.open(world.connection.id)
    side = world.flows.calendar(opened, world.flow(), "test").ours
    lost = SyncToken("nonsense")
    with pytest.raises(TokenExpired):
        side.changes(lost)
    assert caught_up(world.office.database, side, world.flow(), world.user.id, lost) == lost
    assert caught_up(world.office.database, side, world.flow(), world.user.id, None) is None
