"""A first sync of which one request fails, each in turn: what every remote with a fake of ours has to stand."""

from __future__ import annotations

from typing import Any, Protocol

from bridge.core.digest import same
from bridge.errors import BridgeError, TemporaryError
from bridge.ports import Create, IdempotencyKey, RemoteId, Side, Stored, Update
from tests.contract import samples
from tests.fakes.google.server import Fault
from tests.providers.servers import Reply


class FaultyFake(Protocol):
    """A server that can be told to fail."""

    faults: list[Fault]


class FaultyWorld(Protocol):
    """A side at such a server."""

    @property
    def fake(self) -> FaultyFake: ...

    def open(self) -> Any: ...

    def delete(self, id: RemoteId) -> None: ...  # noqa: A002 - the field's term


def calendar_objects() -> list[Any]:
    return [samples.event(1), samples.EVENTS["a series with several exceptions"], samples.event(2)]


def book_objects(last: str) -> list[Any]:
    """A plain contact, one with a photo, and the sample of this name."""
    return [samples.contact(1), samples.CONTACTS["a photo"], samples.CONTACTS[last]]


def creations(objects: list[Any]) -> list[Any]:
    return [Create(IdempotencyKey(f"key-{at}"), each) for at, each in enumerate(objects)]


def write(side: Side[Any], objects: list[Any]) -> list[Any]:
    """Create all of them. A run that is broken off ends with its error."""
    found: list[Any] = []
    try:
        found += side.write(creations(objects))
    except BridgeError as error:
        found.append(error)
    return found


def strike_everywhere(world: FaultyWorld, objects: list[Any], fault: Reply, *, after: bool, step: int = 1) -> None:
    """Let each request fail, or each ``step``-th; however the first try ends, the second one completes it."""
    nth = 1
    while True:
        strike = Fault(fault, nth=nth, after=after)
        world.fake.faults = [strike]
        errors = [each for each in write(world.open(), objects) if isinstance(each, BridgeError)]
        if strike.seen < nth:
            break
        assert all(isinstance(error, TemporaryError) for error in errors), errors
        world.fake.faults = []
        settled(world, objects)
        empty(world)
        nth += step
    assert nth > len(objects)


def settled(world: FaultyWorld, objects: list[Any]) -> None:
    """Try again, as the engine does: what is there already is brought to what it should be."""
    side: Side[Any] = world.open()
    again = write(side, objects)
    assert all(isinstance(outcome, Stored) for outcome in again), again
    for outcome, wanted in zip(again, objects, strict=True):
        if not same(outcome.object, wanted, side.traits.expresses):
            (repaired,) = side.write([Update(outcome.id, wanted, outcome.version)])
            assert isinstance(repaired, Stored), repaired
            assert same(repaired.object, wanted, side.traits.expresses)
    assert len(side.changes(None).found) == len(objects)


def empty(world: FaultyWorld) -> None:
    for found in world.open().changes(None).found:
        world.delete(found.id)
