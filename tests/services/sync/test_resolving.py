"""Conflicts settled by a choice for each part (R23): the next run carries it out on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta

import pytest

from bridge.core.contact import Labelled, Name
from bridge.core.event import Event
from bridge.core.scope import ConflictPolicy, FlowKind
from bridge.errors import Invalid, NotFound
from bridge.services.sync.resolving import Open, Pick, Resolving
from bridge.store import connections
from bridge.store.database import Database
from bridge.store.models.sync import ResultOutcome
from tests.harness import CRM, Office
from tests.services.sync.world import World


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return World(Office(sqlite_database))


def resolving(world: World) -> Resolving:
    return Resolving(world.office.database, world.office.clock, world.flows)


def open_conflict(world: World) -> Open:
    (found,) = resolving(world).conflicts(world.user, world.connection.id)
    return found


def resolve(world: World, choices: Mapping[str, Pick]) -> None:
    conflict = open_conflict(world)
    resolving(world).resolve(world.user, world.connection.id, conflict.link_id, choices)
    step(world)
    assert resolving(world).conflicts(world.user, world.connection.id) == []
    assert {result.outcome for kind in kinds(world) for result in world.told(kind)} <= {ResultOutcome.DONE}


def kinds(world: World) -> list[FlowKind]:
    with world.office.database.read() as session:
        return [flow.kind for flow in connections.flows(session, [world.connection.id]) if flow.enabled]


def step(world: World) -> None:
    world.office.clock.advance(timedelta(minutes=1))
    world.run()


def tied(world: World) -> Event:
    world.connect(policy=ConflictPolicy.ASK)
    world.activity("Call", location="Riga")
    step(world)
    return world.events()[0]


def both_change(world: World, ours: Mapping[str, object], theirs: Mapping[str, object]) -> None:
    (activity,) = world.activities()
    world.office.activities.change(CRM, activity.id, lambda present: replace(present, **ours))  # type: ignore[arg-type]
    world.edit(next(world.ids()), **theirs)
    step(world)


def test_each_part_goes_its_own_way(world: World) -> None:
    tied(world)
    both_change(world, {"subject": "Ours", "location": "Oslo"}, {"summary": "Theirs", "location": "Turku"})
    assert [part.part for part in open_conflict(world).parts] == ["location", "summary"]
    resolve(world, {"summary": Pick.OURS, "location": Pick.THEIRS})
    assert [(each.summary, each.location) for each in world.events()] == [("Ours", "Turku")]
    assert [(each.subject, each.location) for each in world.activities()] == [("Ours", "Turku")]


@pytest.mark.parametrize(("pick", "hour"), [(Pick.OURS, 14), (Pick.THEIRS, 16)])
def test_when_it_takes_place_is_one_part(world: World, pick: Pick, hour: int) -> None:
    event = tied(world)
    assert event.start is not None
    assert event.end is not None
    later = {"start": event.start + timedelta(hours=6), "end": event.end + timedelta(hours=8)}
    both_change(world, {"due_time": time(14), "duration": timedelta(hours=1)}, later)
    (part,) = open_conflict(world).parts
    assert (part.part, set(part.ours)) == ("time", {"start", "end"})
    resolve(world, {"time": pick})
    (activity,) = world.activities()
    assert activity.due_time == time(hour)
    (event,) = world.events()
    assert event.start == activity.due


def test_what_both_sides_changed_alike_or_alone_is_no_part_of_it(world: World) -> None:
    tied(world)
    both_change(world, {"subject": "Ours", "location": "Oslo"}, {"summary": "Theirs", "description": "Bring cake."})
    assert [part.part for part in open_conflict(world).parts] == ["summary"]
    resolve(world, {"summary": Pick.THEIRS})
    assert [(each.summary, each.location) for each in world.events()] == [("Theirs", "Oslo")]
    assert "Bring cake." in world.activities()[0].public_description


@pytest.mark.parametrize("pick", Pick)
def test_contacts_too(world: World, pick: Pick) -> None:
    world.connect(FlowKind.CONTACTS, policy=ConflictPolicy.ASK)
    person = world.person("Anna Kalna", emails=(Labelled("anna@example.com", "work", primary=True),))
    step(world)
    (id_,) = world.group.resources
    world.office.contacts.change_person(CRM, person.id, lambda each: replace(each, name="Anna Ours"))
    found = world.group.resources[id_].object
    theirs = Name(family="Theirs", given="Anna")
    world.group.edit(id_, replace(found, name=theirs, formatted_name="Anna Theirs", modified=world.office.clock.now()))
    step(world)
    assert [part.part for part in open_conflict(world).parts] == ["name"]
    resolve(world, {"name": pick})
    expected = "Anna Ours" if pick is Pick.OURS else "Anna Theirs"
    assert [each.name for each in world.persons()] == [expected]
    assert [each.formatted_name for each in world.contacts()] == [expected]


def test_half_a_choice_changes_nothing(world: World) -> None:
    tied(world)
    both_change(world, {"subject": "Ours", "location": "Oslo"}, {"summary": "Theirs", "location": "Turku"})
    conflict, before = open_conflict(world), world.links()
    with pytest.raises(Invalid):
        resolving(world).resolve(world.user, world.connection.id, conflict.link_id, {"summary": Pick.OURS})
    assert world.links() == before
    assert open_conflict(world) == conflict


def test_a_side_that_is_gone_leaves_nothing_to_choose(world: World) -> None:
    tied(world)
    both_change(world, {"subject": "Ours"}, {"summary": "Theirs"})
    world.calendar.remove(next(world.ids()))
    assert open_conflict(world).parts == ()
    with pytest.raises(Invalid):
        resolving(world).resolve(world.user, world.connection.id, open_conflict(world).link_id, {"summary": Pick.OURS})


def test_conflicts_are_their_users(world: World) -> None:
    tied(world)
    both_change(world, {"subject": "Ours"}, {"summary": "Theirs"})
    other = world.office.user("other")
    conflict = open_conflict(world)
    with pytest.raises(NotFound):
        resolving(world).conflicts(other, world.connection.id)
    with pytest.raises(NotFound):
        resolving(world).resolve(other, world.connection.id, conflict.link_id, {"summary": Pick.OURS})
