"""Worlds by the thousand: a state of both sides is made once, and put back in a millisecond."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.core.scope import Direction, FlowKind
from bridge.ports import RemoteId, Traits
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.remote import TRAITS
from bridge.store.connections import Connection
from tests.harness import Office
from tests.services.sync.mortal import MortalDatabase
from tests.services.sync.sides import Appointments, People, Shape, Sides
from tests.services.sync.world import World

_LESS = replace(TRAITS, keeps_uid=False, has_sync_token=False, guards_writes=False)
_POOR_EVENT = frozenset({"summary", "start", "end", "recurrence", "overrides", "cancelled"})
_POOR_CONTACT = frozenset({"name", "formatted_name", "phones", "emails"})
_SHM = Path("/dev/shm")  # where it is there, nothing has to wait for a disk


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of flow with a kind of remote."""

    kind: FlowKind = FlowKind.CALENDAR
    traits: Traits = TRAITS
    lists_objects: bool = True
    direction: Direction = Direction.TWO_WAY
    edits_come_back: bool = True
    include_links: bool = False

    @property
    def both_ways(self) -> bool:
        return self.direction is Direction.TWO_WAY


VARIANTS = {
    "events": Variant(),
    "events, with links": Variant(include_links=True),
    "events, listed by name": Variant(lists_objects=False),
    "events, no token": Variant(traits=replace(TRAITS, has_sync_token=False)),
    "events, no guard": Variant(traits=replace(TRAITS, guards_writes=False)),
    "events, new UIDs": Variant(traits=replace(TRAITS, keeps_uid=False)),
    "events, little said": Variant(traits=replace(TRAITS, expresses=_POOR_EVENT)),
    "events, the least": Variant(traits=replace(_LESS, expresses=_POOR_EVENT), lists_objects=False),
    "events one way": Variant(direction=Direction.ONE_WAY),
    "events one way, for good": Variant(direction=Direction.ONE_WAY, edits_come_back=False),
    "contacts": Variant(FlowKind.CONTACTS),
    "contacts, the least": Variant(FlowKind.CONTACTS, replace(_LESS, expresses=_POOR_CONTACT), lists_objects=False),
    "contacts one way": Variant(FlowKind.CONTACTS, direction=Direction.ONE_WAY),
}


@dataclass(frozen=True)
class _State:
    """Everything that a world consists of."""

    tables: sqlite3.Connection
    collection: Collection[Any]
    connection: Connection
    now: datetime


class Playground:
    """One world, put into one of the states as often as needed."""

    def __init__(self, folder: Path, template: Path) -> None:
        file = folder / "davbridge.sqlite3"
        file.write_bytes(template.read_bytes())
        self.database = MortalDatabase(f"sqlite:///{file}")
        self.world = World(Office(self.database))
        self._raw = sqlite3.connect(file)
        self._states: dict[tuple[Variant, bool], _State] = {}
        self._start = self._saved()
        self._now = self.world.office.clock.moment

    def close(self) -> None:
        self.database.close()
        self._raw.close()
        self._start.close()
        for state in self._states.values():
            state.tables.close()

    def put(self, variant: Variant, *, filled: bool) -> Sides:
        """Begin anew: with nothing on either side, or with six things that both have."""
        state = self._states.get((variant, filled))
        if state is None:
            state = self._states[variant, filled] = self._made(variant, filled=filled)
        world = self.world
        state.tables.backup(self._raw)
        world.office.clock.moment = state.now
        world.connection = state.connection
        self._show(state.collection.branch())
        self.database.revive()
        world.remote.script.clear()
        world.remote.calls.clear()
        return Appointments(world) if variant.kind is FlowKind.CALENDAR else People(world)

    def _show(self, collection: Collection[Any]) -> None:
        world, id_ = self.world, RemoteId(collection.id)
        world.account.revoked = False
        if collection.id == world.group.id:
            world.group = world.account.groups[id_] = collection
        else:
            world.calendar = world.account.calendars[id_] = collection

    def _made(self, variant: Variant, *, filled: bool) -> _State:
        world = self.world
        self._start.backup(self._raw)
        world.office.clock.moment = self._now
        calendar = variant.kind is FlowKind.CALENDAR
        old: Collection[Any] = world.calendar if calendar else world.group
        new: Collection[Any] = Collection(
            old.id, old.name, variant.traits, world.office.clock, default=True, lists_objects=variant.lists_objects
        )
        self._show(new)
        options: dict[str, Any] = {"direction": variant.direction}
        if calendar:
            options |= {"edits_come_back": variant.edits_come_back, "include_links": variant.include_links}
        connection = world.connect(variant.kind, **options)
        if filled:
            sides: Sides = Appointments(world) if calendar else People(world)
            for value, shape in enumerate(Shape):
                sides.create_ours(f"o{value}", value, shape)
                sides.create_theirs(f"t{value}", 10 + value, shape)
            world.run()
            assert dict(world.run().counts) == {}
        return _State(self._saved(), new.branch(), connection, world.office.clock.moment)

    def _saved(self) -> sqlite3.Connection:
        saved = sqlite3.connect(":memory:")
        self._raw.backup(saved)
        return saved


@contextmanager
def playground(template: Path) -> Iterator[Playground]:
    """A playground in memory, where the system has such a folder."""
    place = str(_SHM) if _SHM.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, closing(Playground(Path(folder), template)) as opened:
        yield opened
