"""Listings of a collection in memory: what the service sends, and what we make of it when it makes no sense."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic

from bridge.errors import TemporaryError, TokenExpired
from bridge.ports import Changes, Found, RemoteId, SyncToken, T
from bridge.providers.memory.collection import Collection, Resource
from bridge.providers.memory.line import Faults, broken_off
from bridge.providers.memory.misbehaviour import BreaksOff, LagsBehind, LeavesOut, Repeats

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Sent(Generic[T]):
    """What the service sends: the ids, what is there under them (``None``: it is gone), and how many it counts."""

    members: tuple[tuple[RemoteId, Resource[T] | None], ...]
    total: int
    token: SyncToken | None
    complete: bool


def send(collection: Collection[T], since: SyncToken | None, faults: Faults) -> Sent[T]:
    """List a collection, all of it where it cannot tell what changed. Raises ``TokenExpired``."""
    revision = collection.revision  # read first: what happens meanwhile is told again
    complete = since is None or not collection.traits.has_sync_token
    start = 0 if since is None or complete else _revision(collection, since)
    lags = faults.of(LagsBehind)
    if lags:
        revision = max(start, revision - lags[0].writes)
    there = collection.at(revision) if lags else collection.resources
    ids = tuple(there) if complete else collection.touched(start, revision)
    token = SyncToken(f"{collection.epoch}-{revision}") if collection.traits.has_sync_token else None
    return _garbled(Sent(tuple((id_, there.get(id_)) for id_ in ids), len(ids), token, complete), faults)


def understood(sent: Sent[T], *, with_objects: bool) -> Changes[T]:
    """Turn an answer into changes. Raises ``TemporaryError`` when it contradicts itself."""
    ids = {id_ for id_, _ in sent.members}
    if len(ids) < len(sent.members):
        raise TemporaryError("The service listed an object twice.")
    if len(ids) != sent.total:
        raise TemporaryError(f"The service listed {len(ids)} of {sent.total} objects.")
    found = tuple(found_of(there, with_object=with_objects) for _, there in sent.members if there is not None)
    gone = tuple(id_ for id_, there in sent.members if there is None)
    return Changes(found, gone, sent.token, sent.complete)


def found_of(there: Resource[T], *, with_object: bool = True) -> Found[T]:
    """One object as a listing or a fetch tells it."""
    if there.problem:
        return Found(there.id, there.version, problem=there.problem, stamp=there.stamp)
    return Found(there.id, there.version, there.object if with_object else None, stamp=there.stamp)


def seen(collection: Collection[T], faults: Faults) -> Mapping[RemoteId, Resource[T]]:
    """What a fetch finds: what is there, or was there where it lags behind."""
    lags = faults.of(LagsBehind)
    return collection.at(max(0, collection.revision - lags[0].writes)) if lags else collection.resources


def _revision(collection: Collection[T], token: SyncToken) -> int:
    epoch, _, revision = token.partition("-")
    known = epoch == str(collection.epoch) and _NUMBER.fullmatch(revision)
    if not known or int(revision) > collection.revision:
        raise TokenExpired("The service does not know this token any more.", remote=collection.traits.name)
    return int(revision)


def _garbled(sent: Sent[T], faults: Faults) -> Sent[T]:
    for breaks in faults.of(BreaksOff):
        raise broken_off(min(breaks.after, sent.total))
    for leaves in faults.of(LeavesOut):
        sent = replace(sent, members=sent.members[: max(0, len(sent.members) - leaves.count)])
    for repeats in faults.of(Repeats):
        sent = replace(sent, members=sent.members + sent.members[: repeats.count])
    return sent
