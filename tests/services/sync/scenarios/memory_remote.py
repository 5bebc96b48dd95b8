"""The account in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import Refused, TemporaryError
from bridge.ports import RemoteId, T, Traits
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.misbehaviour import BreaksOff, Call, Fault, Raises, Repeats, quota
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import TRAITS, MemoryAccount, Remote
from bridge.services.connections import NewAccount
from tests.harness import FixedClock
from tests.services.sync.scenarios.remotes import Other, Shelf

ADDRESS, SECRET = "ilze@example.com", "correct horse"


class MemoryShelf(Shelf[T]):
    def __init__(self, account: MemoryAccount, collection: Collection[T]) -> None:
        self.account = account
        self.collection: Collection[T] = collection
        self.id = collection.id
        self.name = collection.name

    def all(self) -> dict[RemoteId, T]:
        return {id_: each.object for id_, each in self.collection.resources.items()}

    def add(self, obj: T) -> RemoteId:
        return self.collection.add(obj).id

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        self.collection.edit(id, replace(self.collection.resources[id].object, **changes))

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.collection.remove(id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        return self.collection.copy(id).id

    def remove(self) -> None:
        self.account.calendars.pop(self.id, None)
        self.account.groups.pop(self.id, None)


class MemoryOther(Other):
    def __init__(self, clock: FixedClock, traits: Traits = TRAITS) -> None:
        self.traits = traits
        self.remote = Remote(clock, wait=clock.advance)
        self.service = self.remote.add_account(ADDRESS, SECRET)
        self.connector = MemoryConnector(self.remote)
        self.account = NewAccount("memory", ADDRESS, secret=SECRET)
        self.calendar: Shelf[Event] = self.add_calendar("Work")
        self.group: Shelf[Contact] = MemoryShelf(self.service, self.service.add_group("customers", traits=traits))

    def add_calendar(self, name: str) -> Shelf[Event]:
        return MemoryShelf(self.service, self.service.add_calendar(name.lower(), name, traits=self.traits))

    def change_password(self, secret: str) -> None:
        self.service.secret = secret

    def overload(self, seconds: int) -> None:
        self.remote.misbehave(quota(timedelta(seconds=seconds), times=None))

    def forbid_writing(self) -> None:
        self._let_be(replace(self.traits, read_only=True))

    def talk_nonsense(self) -> None:
        self._befall(Call.ANY, Raises(TemporaryError("The answer is HTML.")))

    def break_listings(self) -> None:
        self._befall(Call.CHANGES, BreaksOff())

    def list_twice(self) -> None:
        self._befall(Call.CHANGES, Repeats())

    def fail_for(self, uid: str) -> None:
        self._befall(Call.WRITE, Raises(TemporaryError("It failed.")), uid)

    def refuse(self, uid: str) -> None:
        self._befall(Call.WRITE, Raises(Refused("Not this one.")), uid)

    def say_uid(self, uid: str, instead: str) -> None:
        for shelf in (self.calendar, self.group):
            assert isinstance(shelf, MemoryShelf)
            for id_, resource in shelf.collection.resources.items():
                if resource.object.uid == uid:
                    shelf.collection.remove(id_)
                    shelf.collection.add(replace(resource.object, uid=instead))

    def recover(self) -> None:
        self.remote.script.clear()
        self._let_be(self.traits)

    def _befall(self, call: Call, effect: Any, subject: str = "") -> None:
        self.remote.misbehave(Fault(call, effect, times=None, subject=subject))

    def _let_be(self, traits: Traits) -> None:
        for calendar in self.service.calendars.values():
            calendar.traits = traits
        for group in self.service.groups.values():
            group.traits = traits
