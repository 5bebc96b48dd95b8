"""Move the cursor of our side past what a run has written itself, so that it does not ask for another run."""

from typing import TypeVar

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.errors import TokenExpired
from bridge.ports import Side, SyncToken
from bridge.store import connections, links
from bridge.store.connections import Flow
from bridge.store.database import Database

T = TypeVar("T", Event, Contact)


def caught_up(database: Database, side: Side[T], flow: Flow, user_id: int, token: SyncToken | None) -> SyncToken | None:
    """A later token of our side, if a look from ``token`` shows nothing but what the links know; else the same.

    That look is the one which the next run would begin with. Where it finds a version that no link has, or misses what
    is linked, somebody else has written meanwhile: then ``token`` stays, and the next run finds it. Whatever is
    written from now on is after the later token. So no change is passed over either way.
    """
    if token is None:
        return None
    with database.read() as session:
        revisions = connections.our_revisions(session, {user_id})[user_id]
        if not connections.changed_since(token, revisions):
            return token
        heads = links.heads(session, flow.id)
    try:
        changes = side.changes(token)
    except TokenExpired:
        return token
    known = {str(head.local_id): head.seen_ours or head.ours_version for head in heads if head.local_id is not None}
    foreign = any(known.get(found.id) != found.version for found in changes.found)
    if foreign or changes.complete or not known.keys().isdisjoint(changes.gone):
        return token
    return changes.token
