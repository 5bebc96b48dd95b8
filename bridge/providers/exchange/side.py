"""A folder of Exchange as a ``Side``: what calendars and contacts have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from bridge.errors import BridgeError, Invalid, MappingError, PreconditionFailed, Refused, TemporaryError, TokenExpired
from bridge.ports import (
    Changes,
    Create,
    Delete,
    Deleted,
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
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.items import Items, Ref, portions
from bridge.providers.exchange.xml import Element
from bridge.providers.one_by_one import concerns_one_object

Result = TypeVar("Result")
Sent = TypeVar("Sent")

BATCHES = 10
"""How many of them are written or read together, so that what belongs to their objects fills few others."""

_TOKEN = "ews-1 "  # noqa: S105 - how our tokens begin; another listing than this one needs another number


class Held(Protocol[T]):
    """An object as it is there, with all that belongs to it."""

    @property
    def version(self) -> Version:
        """Its change key."""
        ...

    def found(self) -> Found[T]:
        """What a listing tells of it."""
        ...


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """An object whose item was written: what it shall say, and what was there before. ``anew``: its times were set."""

    wanted: T
    before: Held[T] | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What has to be set in an item, if anything. ``anew``: its times are among it."""

    updates: Element | None
    anew: bool = False


class FolderSide(ABC, Generic[T]):
    """A folder. Ids are those of items, versions their change keys."""

    def __init__(self, items: Items, traits: Traits) -> None:
        self._items = items
        self._traits = traits
        self._made: dict[str, str] | None = None

    @property
    def traits(self) -> Traits:
        """What a folder there can do."""
        return self._traits

    @abstractmethod
    def _held(self, ids: Collection[str]) -> Mapping[str, Held[T]]:
        """These objects, as far as they are there."""

    @abstractmethod
    def _drawn(self, create: Create[T]) -> Element:
        """A new item. Raises ``MappingError``."""

    @abstractmethod
    def _draft(self, wanted: T, there: Held[T]) -> Draft:
        """What makes an item say what is wanted. Raises ``MappingError`` and ``Invalid``."""

    @abstractmethod
    def _complete(self, jobs: Mapping[str, Job[T]]) -> Mapping[str, BridgeError | None]:
        """Write what is no property of the item. Tells what was touched, and why that failed."""

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """See ``Side.changes``. Objects are only named: a listing of Exchange holds no bodies."""
        if since is not None and not (since > _TOKEN and since.startswith(_TOKEN) and since.isascii()):
            raise TokenExpired(f"The sync token is not one of {NAME}.", remote=NAME)
        listing = self._items.listing(since.removeprefix(_TOKEN) if since is not None else "")
        self._made = (self._made or {}) | {each.key: each.id for each in listing.found if each.key}
        found: tuple[Found[T], ...] = tuple(
            Found(RemoteId(each.id), Version(each.change_key), stamp=each.stamp) for each in listing.found
        )
        gone = tuple(map(RemoteId, listing.gone)) if since is not None else ()
        return Changes(found, gone, SyncToken(f"{_TOKEN}{listing.state}"), complete=since is None)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """See ``Side.fetch``."""
        for portion in portions(dict.fromkeys(ids), self._traits.max_fetch):
            for held in self._there(portion).values():
                yield held.found()

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """See ``Side.write``. Writes of one kind that follow each other share their requests."""
        for kind, run in groupby(writes, type):
            for portion in portions(run, self._traits.max_writes):
                if kind is Create:
                    yield from self._create([each for each in portion if isinstance(each, Create)])
                elif kind is Update:
                    yield from self._update([each for each in portion if isinstance(each, Update)])
                else:
                    yield from self._delete([each for each in portion if isinstance(each, Delete)])

    def _create(self, creates: Sequence[Create[T]]) -> Iterator[Outcome[T]]:
        outcomes: dict[str, Outcome[T]] = {}
        drawn: dict[str, Element] = {}
        known = self._known([each.key for each in creates])
        for each in creates:
            try:
                if each.key in known:
                    outcomes[each.key] = _stored(known[each.key], existed=True)
                else:
                    drawn[each.key] = self._drawn(each)
            except (MappingError, Refused) as error:
                outcomes[each.key] = error
        refs, fatal = self._sent_creations(drawn)
        objects: dict[str, T] = {each.key: each.object for each in creates}
        done = self._completed({ref.id: Job(objects[key]) for key, ref in refs.items() if isinstance(ref, Ref)})
        for key, ref in refs.items():
            outcomes[key] = done[ref.id] if isinstance(ref, Ref) else ref
        yield from _in_order([each.key for each in creates], outcomes)
        if fatal is not None:
            raise fatal

    def _sent_creations(self, drawn: Mapping[str, Element]) -> tuple[dict[str, Ref | BridgeError], BridgeError | None]:
        """Send the items; what became of each, up to an error that ends everything."""
        if not drawn:
            return {}, None
        made, self._made = self._made, None  # until it is known what was made
        refs, fatal = self._sent(self._items.create, list(drawn.values()))
        told = dict(zip(drawn, refs, strict=False))
        if made is not None and fatal is None and all(isinstance(ref, Ref) for ref in refs):
            self._made = made | {key: ref.id for key, ref in told.items() if isinstance(ref, Ref)}
        return told, fatal

    def _update(self, updates: Sequence[Update[T]]) -> Iterator[Outcome[T]]:
        there = self._there([each.id for each in updates])
        outcomes: dict[str, Outcome[T]] = {}
        drafts: dict[str, Draft] = {}
        for each in updates:
            try:
                drafts[each.id] = self._draft(each.object, _current(there.get(each.id), each.version))
            except Invalid as error:
                outcomes[each.id] = Refused(f"What is there cannot be read, so it is not changed: {error}")
            except (MappingError, Refused, PreconditionFailed) as error:
                outcomes[each.id] = error
        sent = {id_: each.updates for id_, each in drafts.items() if each.updates is not None}
        refs, fatal = self._sent(
            self._items.update, [(Ref(id_, there[id_].version), made) for id_, made in sent.items()]
        )
        done = dict(zip(sent, refs, strict=False))
        outcomes |= {id_: result for id_, result in done.items() if isinstance(result, BridgeError)}
        unsent = sent.keys() - done.keys()
        jobs: dict[str, Job[T]] = {
            each.id: Job(each.object, there[each.id], drafts[each.id].anew)
            for each in updates
            if each.id in drafts and each.id not in outcomes and each.id not in unsent
        }
        outcomes |= self._completed(jobs, written=sent.keys())
        yield from _in_order([each.id for each in updates], outcomes)
        if fatal is not None:
            raise fatal

    def _delete(self, deletes: Sequence[Delete]) -> Iterator[Outcome[T]]:
        versions = self._items.versions([each.id for each in deletes if each.version is not None])
        outcomes: dict[str, Outcome[T]] = {}
        doomed: list[Ref] = []
        for each in deletes:
            outcomes[each.id] = Deleted(each.id)
            if each.version is None or versions.get(each.id) == each.version:
                doomed.append(Ref(each.id))
            elif each.id in versions:
                outcomes[each.id] = PreconditionFailed("The object changed since it was read.", remote=NAME)
        errors, fatal = self._sent(self._items.delete, doomed)
        results = dict(zip((ref.id for ref in doomed), errors, strict=False))
        for ref in doomed:
            if ref.id not in results:
                del outcomes[ref.id]
            elif (error := results[ref.id]) is not None:
                outcomes[ref.id] = error
        yield from _in_order([each.id for each in deletes], outcomes)
        if fatal is not None:
            raise fatal

    def _sent(
        self, send: Callable[[Sequence[Sent]], Sequence[Result]], objects: Sequence[Sent]
    ) -> tuple[list[Result], BridgeError | None]:
        """Send objects batch by batch; what became of each, up to an error that ends everything."""
        done: list[Result] = []
        for portion in portions(objects, self._items.batch):
            try:
                results, fatal = _until_fatal(send(portion))
            except BridgeError as error:
                return done, error
            done += results
            if fatal is not None:
                return done, fatal
        return done, None

    def _known(self, keys: Sequence[str]) -> dict[str, Held[T]]:
        """What an earlier try has created already: known from the latest listing, or looked for."""
        made = self._made if self._made is not None else self._items.with_keys(keys)
        wanted = {key: made[key] for key in keys if key in made}
        there = self._held(list(wanted.values())) if wanted else {}
        return {key: there[id_] for key, id_ in wanted.items() if id_ in there}

    def _completed(self, jobs: Mapping[str, Job[T]], written: Collection[str] | None = None) -> dict[str, Outcome[T]]:
        """Write what else belongs to the objects, and read what is there now. ``written``: whose item was changed."""
        if not jobs:
            return {}
        touched = self._complete(jobs)
        stale = [id_ for id_ in jobs if written is None or id_ in written or id_ in touched]
        there = self._held(stale) if stale else {}
        shown = {id_: there.get(id_) if id_ in stale else job.before for id_, job in jobs.items()}
        return {id_: touched.get(id_) or _shown(held) for id_, held in shown.items()}

    def _there(self, ids: Sequence[str]) -> Mapping[str, Held[T]]:
        """These objects. Raises ``NotFound`` where one is missing, because the folder is gone."""
        found = self._held(ids)
        if len(found) < len(set(ids)):
            self._items.check()
        return found


def _until_fatal(outcomes: Sequence[Result]) -> tuple[list[Result], BridgeError | None]:
    """The outcomes up to an error that concerns everything, and that error."""
    for at, each in enumerate(outcomes):
        if isinstance(each, BridgeError) and not concerns_one_object(each):
            return list(outcomes[:at]), each
    return list(outcomes), None


def _in_order(ids: Sequence[str], outcomes: Mapping[str, Outcome[T]]) -> Iterator[Outcome[T]]:
    """The outcomes up to the first that is not known."""
    for id_ in ids:
        if id_ not in outcomes:
            return
        yield outcomes[id_]


def _current(there: Held[T] | None, version: Version | None) -> Held[T]:
    """What is there, if it is what the writer knows."""
    if there is None:
        raise PreconditionFailed("The object is gone.", remote=NAME)
    if version is not None and version != there.version:
        raise PreconditionFailed("The object changed since it was read.", remote=NAME)
    return there


def _shown(held: Held[T] | None) -> Outcome[T]:
    """What is there after a write, or why nobody can tell."""
    if held is None:
        return TemporaryError(f"{NAME} took the object, but does not show it.", remote=NAME)
    try:
        return _stored(held)
    except Refused as error:
        return error


def _stored(held: Held[T], *, existed: bool = False) -> Stored[T]:
    found = held.found()
    if found.object is None:
        raise Refused(f"{NAME} has this object, and it cannot be read: {found.problem}")
    return Stored(found.id, found.version, found.object, existed)
