"""The other side of a scenario: an account with calendars and groups, as another of its programs has it.

The same scenarios run over three of them: one in memory, stock Radicale and stock Xandikos. Troubles of the real
servers come from a proxy before them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.ports import Connector, RemoteId, T
from bridge.services.connections import NewAccount


class Shelf(ABC, Generic[T]):
    """A calendar or a group of contacts. Everything here is done by another program of the account's owner."""

    id: RemoteId
    name: str

    @abstractmethod
    def all(self) -> dict[RemoteId, T]:
        """What is there, by the ids that the engine knows."""

    @abstractmethod
    def add(self, obj: T) -> RemoteId:
        """Add an object."""

    @abstractmethod
    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002 - the port's term
        """Change fields of an object, now."""

    @abstractmethod
    def delete(self, id: RemoteId) -> None:  # noqa: A002 - the port's term
        """Delete an object."""

    @abstractmethod
    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002 - the port's term
        """Duplicate an object with all that is hidden in it, our marks included; it gets a UID of its own."""

    @abstractmethod
    def remove(self) -> None:
        """Delete the calendar or group itself."""

    def only(self) -> tuple[RemoteId, T]:
        """The one object that is there."""
        ((id_, obj),) = self.all().items()
        return id_, obj

    def find(self, title: str) -> RemoteId:
        """The id of the object with this title."""
        (found,) = (id_ for id_, obj in self.all().items() if title_of(obj) == title)
        return found

    def titles(self) -> list[str]:
        return sorted(title_of(obj) for obj in self.all().values())


class Other(ABC):
    """The account."""

    account: NewAccount
    connector: Connector
    calendar: Shelf[Event]
    group: Shelf[Contact]

    @abstractmethod
    def add_calendar(self, name: str) -> Shelf[Event]:
        """Make another calendar."""

    @abstractmethod
    def change_password(self, secret: str) -> None:
        """The account's owner changes the password, so that nobody gets in with the former one."""

    @abstractmethod
    def overload(self, seconds: int) -> None:
        """Too many requests, until ``recover``."""

    @abstractmethod
    def forbid_writing(self) -> None:
        """Let calendar and group be read only, until ``recover``."""

    @abstractmethod
    def talk_nonsense(self) -> None:
        """Answer everything with a page for people, until ``recover``."""

    @abstractmethod
    def break_listings(self) -> None:
        """Let every listing end in the middle, until ``recover``."""

    @abstractmethod
    def list_twice(self) -> None:
        """Tell an object twice in every listing, until ``recover``."""

    @abstractmethod
    def fail_for(self, uid: str) -> None:
        """Fail at every write of one object, until ``recover``."""

    @abstractmethod
    def refuse(self, uid: str) -> None:
        """Never take one object, until ``recover``."""

    @abstractmethod
    def say_uid(self, uid: str, instead: str) -> None:
        """Show a UID as another one, or none at all (``""``): what no good server does."""

    @abstractmethod
    def recover(self) -> None:
        """Behave again."""


def title_of(obj: Event | Contact) -> str:
    return obj.summary if isinstance(obj, Event) else obj.formatted_name


@dataclass
class Copies(Generic[T]):
    """Objects of one kind, each with another number."""

    pattern: T
    made: int = field(default=0)

    def next(self) -> T:
        self.made += 1
        return replace(self.pattern, uid=f"{self.made}-{self.pattern.uid}")
