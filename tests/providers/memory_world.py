"""A remote in memory with one collection, as the contract and the tests of its misbehaviour need it."""

from datetime import timedelta
from typing import Generic

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import Refused, TemporaryError
from bridge.ports import RemoteId, SignIn, T, Traits
from bridge.providers.memory.collection import Collection
from bridge.providers.memory.misbehaviour import Call, Effect, Fault, Raises, quota
from bridge.providers.memory.provider import MemoryConnector, MemoryProvider
from bridge.providers.memory.remote import MemoryAccount, Remote
from bridge.providers.memory.side import MemorySide
from tests.contract import samples
from tests.harness import FixedClock

ADDRESS, SECRET = "anna@example.com", "s3cret"
MARK = "an attachment"


class MemoryWorld(Generic[T]):
    """One account and what is behind it; its other user writes past every fault."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.remote = Remote(self.clock, self.clock.advance)
        self.account: MemoryAccount = self.remote.add_account(ADDRESS, SECRET, "Anna")
        self.kept: list[str] = []

    @property
    def collection(self) -> Collection[T]:
        raise NotImplementedError

    def open(self) -> MemorySide[T]:
        raise NotImplementedError

    def never_taken(self) -> T:
        raise NotImplementedError

    def remove(self) -> None:
        raise NotImplementedError

    def provider(self, secret: str = SECRET) -> MemoryProvider:
        return MemoryConnector(self.remote).open(SignIn(address=ADDRESS, secret=secret), self.kept.append)

    def befall(self, call: Call, effect: Effect, nth: int = 1, times: int | None = 1, subject: str = "") -> None:
        self.remote.misbehave(Fault(call, effect, nth, times, subject))

    def add(self, obj: T) -> RemoteId:
        return self.collection.add(obj).id

    def edit(self, id_: RemoteId, obj: T) -> None:
        self.collection.edit(id_, obj)

    def delete(self, id_: RemoteId) -> None:
        self.collection.remove(id_)

    def mark(self, id_: RemoteId) -> None:
        self.collection.mark(id_, MARK)

    def is_marked(self, id_: RemoteId) -> bool:
        there = self.collection.get(id_)
        return there is not None and MARK in there.marks

    def mails(self) -> int:
        return len(self.collection.mails)

    def spoil(self, id_: RemoteId) -> None:
        self.collection.spoil(id_, "It has no start.")

    def fail_once(self, obj: T) -> None:
        self.befall(Call.WRITE, Raises(TemporaryError("500")), subject=obj.uid)

    def overload(self) -> None:
        self.remote.misbehave(quota(timedelta(seconds=30), times=None))

    def talk_nonsense(self) -> None:
        self.befall(Call.ANY, Raises(TemporaryError("The answer is HTML.")), times=None)

    def revoke(self) -> None:
        self.account.revoked = True

    def forbid(self) -> None:
        self.account.lacks = "calendar and contacts"


class CalendarWorld(MemoryWorld[Event]):
    def __init__(self, traits: Traits, *, lists_objects: bool = True) -> None:
        super().__init__()
        self._calendar = self.account.add_calendar("work", "Work", traits=traits, lists_objects=lists_objects)

    @property
    def collection(self) -> Collection[Event]:
        return self._calendar

    def open(self) -> MemorySide[Event]:
        return self.provider().open_calendar(RemoteId("work"))

    def never_taken(self) -> Event:
        self.befall(Call.WRITE, Raises(Refused("Not this one.")), times=None, subject="never")
        return Event("never", summary="Never", start=samples.event(1).start, end=samples.event(1).end)

    def remove(self) -> None:
        del self.account.calendars[self._calendar.id]


class GroupWorld(MemoryWorld[Contact]):
    def __init__(self, traits: Traits, *, lists_objects: bool = True) -> None:
        super().__init__()
        self._group = self.account.add_group("people", "People", traits=traits, lists_objects=lists_objects)

    @property
    def collection(self) -> Collection[Contact]:
        return self._group

    def open(self) -> MemorySide[Contact]:
        return self.provider().open_group(RemoteId("people"))

    def never_taken(self) -> Contact:
        self.befall(Call.WRITE, Raises(Refused("Not this one.")), times=None, subject="never")
        return Contact("never", formatted_name="Never")

    def remove(self) -> None:
        del self.account.groups[self._group.id]
