"""R3: stopping, reconnecting, adding an account anew and changing the calendar never make a duplicate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.services.sync.planning import Deletions
from bridge.store.models.sync import ConnectionState, LinkState
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, World


def stop_and_reconnect(world: World) -> None:
    world.connections.stop(None, world.number)
    world.connections.reconnect(None, world.number)
    world.start()


def stop_and_add_anew(world: World) -> None:
    former = world.number
    world.connections.stop(None, world.number)
    assert world.add() == former
    world.start()


def remove_and_connect(world: World) -> None:
    world.connections.remove(None, world.number)
    world.connect(CALENDAR, CONTACTS)


def change_the_calendar_and_change_back(world: World) -> None:
    home = world.other.add_calendar("Home")
    world.choose_shelf(CALENDAR, home.id)
    world.start()
    world.run()
    world.choose_shelf(CALENDAR, world.calendar.id)
    world.start()


def leave_and_choose_again(world: World) -> None:
    for kind in (CALENDAR, CONTACTS):
        world.connections.leave(None, world.number, kind)
    world.choose_shelf(CALENDAR, world.calendar.id)
    world.choose_shelf(CONTACTS, world.group.id)
    world.start()


WAYS = (
    stop_and_reconnect,
    stop_and_add_anew,
    remove_and_connect,
    change_the_calendar_and_change_back,
    leave_and_choose_again,
)


@pytest.fixture
def synced(world: World) -> World:
    """Three activities and events, three persons and contacts, all in step."""
    for number in range(2):
        world.activity(f"Call {number}")
        world.person(f"Anna {number}", f"anna{number}@kalns.example")
    world.event("Lunch")
    world.contact("Jānis Liepa", "janis@liepa.example")
    world.connect(CALENDAR, CONTACTS)
    world.run()
    assert (world.there(), world.group.titles()) == (world.here(), world.people())
    return world


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
def test_starting_again_duplicates_nothing(synced: World, way: Callable[[World], None]) -> None:
    before = (synced.here(), synced.people())
    way(synced)
    counts = synced.counts()
    assert set(counts) <= {"matched"}, counts
    assert (synced.here(), synced.people()) == before
    assert (synced.there(), synced.group.titles()) == before
    assert len(synced.links()) == len(synced.links(CONTACTS)) == 3
    assert synced.quiet()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
def test_what_changed_meanwhile_is_carried_over_afterwards(synced: World, way: Callable[[World], None]) -> None:
    """An edit on either side while nothing runs duplicates nothing either."""
    synced.later()
    synced.change_activity(synced.activities()[0], location="Room 4")
    synced.calendar.edit(synced.calendar.find("Lunch"), location="Canteen")
    way(synced)
    synced.counts()
    assert synced.there() == synced.here() == ["Call 0", "Call 1", "Lunch"]
    assert sorted(each.location for each in synced.activities()) == ["", "Canteen", "Room 4"]
    assert sorted(each.location for each in synced.calendar.all().values()) == ["", "Canteen", "Room 4"]
    assert synced.quiet()


def test_former_links_are_adopted(synced: World) -> None:
    """The list of accounts that were synced before keeps them: nothing has to be matched."""
    before = sorted(link.id for link in synced.links())
    synced.connections.stop(None, synced.number)
    assert synced.row().state is ConnectionState.STOPPED
    assert synced.state() == "Not connected"
    synced.connections.reconnect(None, synced.number)
    assert synced.state() == "Choose settings"
    synced.start()
    assert synced.counts() == {}
    assert sorted(link.id for link in synced.links()) == before


def test_what_was_deleted_while_nothing_ran_goes_on_the_other_side_too(synced: World) -> None:
    synced.connections.stop(None, synced.number)
    synced.calendar.delete(synced.calendar.find("Lunch"))
    synced.connections.reconnect(None, synced.number)
    synced.start()
    assert synced.counts() == {"deleted here": 1}
    assert synced.there() == synced.here() == ["Call 0", "Call 1"]


def test_a_connection_that_was_removed_matches_everything_anew(synced: World) -> None:
    synced.connections.remove(None, synced.number)
    synced.connect()
    preview = synced.preview()
    assert preview.counts() == {"matched": 3}
    assert synced.counts() == {"matched": 3}
    assert {link.state for link in synced.links()} == {LinkState.LINKED}


def test_another_calendar_gets_everything_and_the_former_keeps_what_it_has(synced: World) -> None:
    home = synced.other.add_calendar("Home")
    synced.choose_shelf(CALENDAR, home.id)
    synced.start()
    assert synced.counts(Deletions.ASK) == {"created there": 3}
    assert home.titles() == synced.there() == synced.here()
    synced.calendar.edit(synced.calendar.find("Lunch"), summary="Left behind")
    assert synced.quiet()
