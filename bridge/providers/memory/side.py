"""A calendar or a group in memory as a ``Side``."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from bridge.errors import NotFound, PermissionMissing, Refused
from bridge.ports import (
    Changes,
    Create,
    Delete,
    Found,
    Outcome,
    RemoteId,
    Stored,
    SyncToken,
    T,
    Traits,
    Update,
    Version,
    Write,
)
from bridge.providers.memory import collection as memory
from bridge.providers.memory.line import Faults, Line, broken_off
from bridge.providers.memory.listing import found_of, seen, send, understood
from bridge.providers.memory.misbehaviour import BreaksOff, Call
from bridge.providers.memory.remote import TRAITS, MemoryAccount
from bridge.providers.one_by_one import one_by_one

R = TypeVar("R")


class MemorySide(Generic[T]):
    """One collection over one line. ``find`` gets it from the account, or raises ``NotFound``."""

    def __init__(
        self,
        line: Line,
        id: RemoteId,  # noqa: A002 - the field's term
        find: Callable[[MemoryAccount], memory.Collection[T]],
    ) -> None:
        self._line = line
        self._id = id
        self._find: Callable[[MemoryAccount], memory.Collection[T]] = find

    @property
    def traits(self) -> Traits:
        """What the collection can do at present; what any can do when it is gone."""
        account = self._line.account
        try:
            return TRAITS if account is None else self._find(account).traits
        except NotFound:
            return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """See ``Side.changes``."""

        def act(there: memory.Collection[T], faults: Faults) -> Changes[T]:
            return understood(send(there, since, faults), with_objects=there.lists_objects)

        return self._call(Call.CHANGES, act)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """See ``Side.fetch``. One request brings so many objects as the traits say."""
        waiting = iter(dict.fromkeys(ids))
        while portion := tuple(islice(waiting, self.traits.max_fetch)):
            yield from self._fetch(portion)

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """See ``Side.write``. Every write is a request."""
        return one_by_one(writes, self._create, self._update, self._delete)

    def _fetch(self, ids: Sequence[RemoteId]) -> Iterator[Found[T]]:
        def act(there: memory.Collection[T], faults: Faults) -> tuple[list[Found[T]], tuple[BreaksOff, ...]]:
            resources = seen(there, faults)
            return [found_of(resources[id_]) for id_ in ids if id_ in resources], faults.of(BreaksOff)

        found, breaks = self._call(Call.FETCH, act, *ids)
        if not breaks:
            yield from found
            return
        yield from found[: breaks[0].after]
        raise broken_off(min(breaks[0].after, len(found)))

    def _create(self, write: Create[T]) -> Stored[T]:
        def act(there: memory.Collection[T], _: Faults) -> Stored[T]:
            _writable(there)
            earlier = there.created_by(write.key)
            if earlier is not None and earlier.problem:
                raise Refused(f"It is there already and cannot be read: {earlier.problem}")
            return _stored(earlier or there.add(write.object, write.key), existed=earlier is not None)

        return self._call(Call.CREATE, act, write.key, write.object.uid)

    def _update(self, write: Update[T]) -> Stored[T]:
        version = self._compared(write.id, write.version)

        def act(there: memory.Collection[T], _: Faults) -> Stored[T]:
            _writable(there)
            return _stored(there.edit(write.id, write.object, version))

        return self._call(Call.UPDATE, act, write.id, write.object.uid)

    def _delete(self, write: Delete) -> None:
        version = self._compared(write.id, write.version, gone=True)

        def act(there: memory.Collection[T], _: Faults) -> None:
            _writable(there)
            there.remove(write.id, version)

        self._call(Call.DELETE, act, write.id)

    def _compared(self, id: RemoteId, version: Version | None, *, gone: bool = False) -> Version | None:  # noqa: A002
        """The version that the service is asked to compare. Where it cannot, we read and compare ourselves."""
        if version is None or self.traits.guards_writes:
            return version

        def act(there: memory.Collection[T], _: Faults) -> None:
            if not (gone and there.get(id) is None):
                there.expect(id, version)

        self._call(Call.FETCH, act, id)
        return None

    def _call(self, call: Call, act: Callable[[memory.Collection[T], Faults], R], *subjects: str) -> R:
        return self._line.call(call, lambda account, faults: act(self._find(account), faults), self._id, *subjects)


def _writable(there: memory.Collection[T]) -> None:
    if there.traits.read_only:
        raise PermissionMissing(f"write to {there.name}", remote=there.traits.name)


def _stored(resource: memory.Resource[T], *, existed: bool = False) -> Stored[T]:
    return Stored(resource.id, resource.version, resource.object, existed)
