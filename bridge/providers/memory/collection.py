"""A calendar or a group of contacts in memory: its objects, and the log of everything that happened to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from threading import RLock
from typing import Generic

from bridge.core.contact import ContactKind
from bridge.core.event import Event, EventKind
from bridge.errors import MappingError, PreconditionFailed, Refused
from bridge.ports import Clock, IdempotencyKey, RemoteId, T, Traits, Version

_IDENTITY = frozenset({"uid", "kind", "recurrence_id", "created", "modified"})


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """An object in one version. ``marks`` are what the remote knows of it that ``object`` cannot say.

    ``stamp`` is the UID that it was created with and ``key`` the key of that creation. ``problem`` tells why it cannot
    be read.
    """

    id: RemoteId
    version: Version
    object: T
    key: IdempotencyKey | None = None
    stamp: str = ""
    marks: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One write: what was there before it (``None`` for an addition) and after it (``None`` for a deletion)."""

    id: RemoteId
    before: Resource[T] | None
    after: Resource[T] | None


class Collection(Generic[T]):
    """Holds objects in versions. Its methods act as the service does by itself, or for another of its users.

    The revision is the number of writes so far; a version names the one that made it. Several threads may share one.
    """

    def __init__(
        self,
        id: RemoteId,  # noqa: A002 - the field's term
        name: str,
        traits: Traits,
        clock: Clock,
        *,
        default: bool = False,
        color: str = "",
        lists_objects: bool = True,
    ) -> None:
        self.id = id
        self.name = name
        self.traits = traits
        self.default = default
        self.color = color
        self.lists_objects = lists_objects
        self.mails: list[str] = []
        self._epoch = 1
        self._clock = clock
        self._lock = RLock()
        self._log: list[Change[T]] = []
        self._resources: dict[RemoteId, Resource[T]] = {}
        self._keys: dict[IdempotencyKey, RemoteId] = {}
        self._ids = 0

    @property
    def revision(self) -> int:
        """How many writes there were."""
        return len(self._log)

    @property
    def epoch(self) -> int:
        """Changes when what was known of earlier revisions is no longer told."""
        return self._epoch

    @property
    def resources(self) -> Mapping[RemoteId, Resource[T]]:
        """What is there, as it is now."""
        with self._lock:
            return dict(self._resources)

    def at(self, revision: int) -> Mapping[RemoteId, Resource[T]]:
        """What was there after so many writes."""
        with self._lock:
            there = dict(self._resources)
            for change in reversed(self._log[revision:]):
                if change.before is None:
                    del there[change.id]
                else:
                    there[change.id] = change.before
            return there

    def touched(self, since: int, until: int) -> tuple[RemoteId, ...]:
        """The ids that were written between two revisions, each once, in order of the first write."""
        with self._lock:
            return tuple(dict.fromkeys(change.id for change in self._log[since:until]))

    def created_by(self, key: IdempotencyKey) -> Resource[T] | None:
        """The object that a creation made, if it is still there."""
        with self._lock:
            return self._resources.get(self._keys[key]) if key in self._keys else None

    def get(self, id: RemoteId) -> Resource[T] | None:  # noqa: A002 - the field's term
        """One object."""
        return self._resources.get(id)

    def add(self, obj: T, key: IdempotencyKey | None = None) -> Resource[T]:
        """Create an object, with an id that was never used. Raises ``MappingError`` for a kind it does not know."""
        kept = self._kept(obj)
        with self._lock:
            self._ids += 1
            id_ = RemoteId(f"{self.id}/{self._ids}")
            if not self.traits.keeps_uid:
                kept = _named(kept, f"{self._ids}@{self.id}")
            if isinstance(kept, Event):
                kept = replace(kept, created=self._clock.now())
            stamp = "" if key is None else obj.uid
            resource = self._write(id_, lambda version: Resource(id_, version, kept, key, stamp))
            if key is not None:
                self._keys[key] = id_
            return resource

    def edit(self, id: RemoteId, obj: T, version: Version | None = None) -> Resource[T]:  # noqa: A002
        """Change what an object says; the UID and the marks stay.

        Raises ``PreconditionFailed`` when it is gone or has another version than the one given, and ``Refused`` when
        it is one that cannot be read.
        """
        kept = self._kept(obj)
        with self._lock:
            before = self.expect(id, version)
            if before.problem:
                raise Refused(f"What is there cannot be read, so it is not changed: {before.problem}")
            kept = _named(kept, before.object.uid)
            if isinstance(kept, Event) and isinstance(before.object, Event):
                kept = replace(kept, created=before.object.created)
            return self._write(id, lambda version: replace(before, version=version, object=kept))

    def remove(self, id: RemoteId, version: Version | None = None) -> None:  # noqa: A002 - the field's term
        """Delete an object. What is gone stays gone; raises ``PreconditionFailed`` when the version is another one."""
        with self._lock:
            if id in self._resources:
                before = self.expect(id, version)
                del self._resources[id]
                self._log.append(Change(id, before, None))

    def expect(self, id: RemoteId, version: Version | None) -> Resource[T]:  # noqa: A002 - the field's term
        """What is there, if it has that version. Raises ``PreconditionFailed``."""
        found = self._resources.get(id)
        if found is None:
            raise PreconditionFailed("The object is gone.", remote=self.traits.name)
        if version is not None and version != found.version:
            raise PreconditionFailed("The object changed since it was read.", remote=self.traits.name)
        return found

    def mark(self, id: RemoteId, mark: str) -> None:  # noqa: A002 - the field's term
        """Let the service know something of an object that we have no words for."""
        with self._lock:
            before = self._resources[id]
            self._write(id, lambda version: replace(before, version=version, marks=before.marks | {mark}))

    def spoil(self, id: RemoteId, problem: str) -> None:  # noqa: A002 - the field's term
        """Make an object one that cannot be read; an empty problem mends it."""
        with self._lock:
            before = self._resources[id]
            self._write(id, lambda version: replace(before, version=version, problem=problem))

    def copy(self, id: RemoteId) -> Resource[T]:  # noqa: A002 - the field's term
        """Duplicate an object as a calendar program does: another id and UID, and the stamp is copied along."""
        with self._lock:
            source = self._resources[id]
            added = self.add(_named(source.object, f"copy {self._ids} of {source.object.uid}"))
            return self._write(added.id, lambda version: replace(added, version=version, stamp=source.stamp))

    def branch(self) -> "Collection[T]":
        """The same collection as it is now, tokens and history included; what happens to one leaves the other alone."""
        other: Collection[T] = Collection(
            self.id,
            self.name,
            self.traits,
            self._clock,
            default=self.default,
            color=self.color,
            lists_objects=self.lists_objects,
        )
        with self._lock:
            other.mails, other._log = list(self.mails), list(self._log)
            other._resources, other._keys = dict(self._resources), dict(self._keys)
            other._ids, other._epoch = self._ids, self._epoch
        return other

    def forget_history(self) -> None:
        """Let every token that was given out expire."""
        self._epoch += 1

    def _kept(self, obj: T) -> T:
        """What of an object survives here."""
        expresses = self.traits.expresses
        if expresses is not None and "kind" not in expresses and obj.kind not in (EventKind.EVENT, ContactKind.PERSON):
            raise MappingError("kind", f"There is no {obj.kind} in {self.traits.name}.")
        return obj if expresses is None else _limited(obj, expresses | _IDENTITY)

    def _write(self, id: RemoteId, make: Callable[[Version], Resource[T]]) -> Resource[T]:  # noqa: A002
        resource = make(Version(f"v{self.revision + 1}"))
        resource = replace(resource, object=replace(resource.object, modified=self._clock.now()))
        self._log.append(Change(id, self._resources.get(id), resource))
        self._resources[id] = resource
        if self.traits.mails_attendees and isinstance(resource.object, Event):
            self.mails += [attendee.email for attendee in resource.object.attendees]
        return resource


def _limited(obj: T, survives: frozenset[str]) -> T:
    lost = {
        field.name: field.default
        for field in fields(obj)
        if field.name not in survives and field.default is not MISSING
    }
    kept = replace(obj, **lost)
    if isinstance(kept, Event):
        return replace(kept, overrides=_each(kept.overrides, lambda override: _limited(override, survives)))
    return kept


def _named(obj: T, uid: str) -> T:
    if isinstance(obj, Event):
        return replace(obj, uid=uid, overrides=_each(obj.overrides, lambda override: _named(override, uid)))
    return replace(obj, uid=uid)


def _each(overrides: Sequence[Event], change: Callable[[Event], Event]) -> tuple[Event, ...]:
    return tuple(map(change, overrides))
