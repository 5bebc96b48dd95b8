"""What the contract needs to know of the service behind a side."""

from typing import Protocol

from bridge.ports import RemoteId, Side, T


class World(Protocol[T]):
    """A calendar or group that is empty at first, and another user of it, who acts behind the side's back."""

    def open(self) -> Side[T]:
        """A side over it, as a process that has just started would open it."""
        ...

    def add(self, obj: T) -> RemoteId:
        """Another user adds an object."""
        ...

    def edit(self, id: RemoteId, obj: T) -> None:  # noqa: A002 - the field's term
        """Another user replaces what an object says, and keeps its UID."""
        ...

    def delete(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        """Another user deletes an object."""
        ...

    def mark(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        """Another user, or the service, adds something to an object that ``Event`` and ``Contact`` cannot say."""
        ...

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002 - the field's term
        """Whether the object still has what ``mark`` added."""
        ...

    def mails(self) -> int:
        """How many messages the service has sent to attendees."""
        ...


class ObjectTrouble(World[T], Protocol[T]):
    """A service in which single objects make trouble."""

    def spoil(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        """Make an object one that nobody can read."""
        ...

    def never_taken(self) -> T:
        """An object that the service will always refuse, or that cannot be expressed there."""
        ...

    def fail_once(self, obj: T) -> None:
        """The next write of this object fails at the service, which does not say when to try again."""
        ...


class CollectionTrouble(World[T], Protocol[T]):
    """A service in which the calendar or group itself may change."""

    def remove(self) -> None:
        """Its owner deletes it."""
        ...


class ConnectionTrouble(World[T], Protocol[T]):
    """A service that may turn away all requests."""

    def overload(self) -> None:
        """From now on it asks to come back in 30 seconds."""
        ...

    def talk_nonsense(self) -> None:
        """From now on its answers are not what they should be."""
        ...

    def revoke(self) -> None:
        """From now on the sign-in is no longer accepted."""
        ...

    def forbid(self) -> None:
        """From now on a consent is missing."""
        ...
