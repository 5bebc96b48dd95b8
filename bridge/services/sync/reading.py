"""Read both sides of a flow and decide what follows, without a session while the remote is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from bridge.core import guard
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.guard import Limits
from bridge.core.plan import ActionKind
from bridge.errors import DangerousPlan
from bridge.ports import Clock, SyncToken
from bridge.services.sync.flows import OpenFlow, options_digest
from bridge.services.sync.looking import Kept, Look, bring, look
from bridge.services.sync.planning import Deletions, Plan, Planner
from bridge.store import links, runs
from bridge.store.database import Database
from bridge.store.links import LinkHead
from bridge.store.models.sync import LinkState

T = TypeVar("T", Event, Contact)


@dataclass(frozen=True)
class Read(Generic[T]):
    """What a look at both sides led to. ``anew``: options have changed, so that everything was judged once more.

    ``confirmed`` are the links whose objects this listing had to tell of for the first time.
    """

    plan: Plan[T]
    ours_token: SyncToken | None
    theirs_token: SyncToken | None
    anew: bool
    confirmed: frozenset[int]


@dataclass(frozen=True)
class Reading(Generic[T]):
    """Reads one flow. ``keep`` is called again and again while it does, since that may take long."""

    database: Database
    clock: Clock
    flow: OpenFlow[T]
    keep: Callable[[], None] = lambda: None

    def read(self) -> Read[T]:
        """Look at both sides; cursors are from before the look. Raises what the sides do."""
        flow, row = self.flow, self.flow.row
        here, there = Kept(flow.ours, self.keep), Kept(flow.theirs, self.keep)
        with self.database.read() as session:
            heads = links.heads(session, row.id)
            waiting = set() if flow.kind.asks else runs.conflicting(session, row.id)
        anew = row.confirmed_options not in {"", options_digest(row)}
        now = self.clock.now()
        again = [head for head in heads if _is_due(head, now) or head.local_id in waiting]
        expected = [head for head in heads if head.tries == 0 and head.retry_at is not None]
        ours = look(
            here,
            SyncToken(row.ours_token) if row.ours_token and not anew else None,
            {str(head.local_id): _known(head, ours=True, anew=anew) for head in heads if head.local_id is not None},
            {str(head.local_id) for head in again if head.local_id is not None},
        )
        theirs = look(
            there,
            SyncToken(row.theirs_token) if row.theirs_token and not anew else None,
            {head.remote_id: _known(head, ours=False, anew=anew) for head in heads if head.remote_id is not None},
            {head.remote_id for head in again if head.remote_id is not None},
            {head.remote_id for head in expected if head.remote_id is not None},
            {head.remote_id for head in heads if head.remote_id is not None and head.state is LinkState.LINKED},
        )
        touched = [head for head in heads if _touches(head, ours, theirs)]
        ours = bring(here, ours, _left_behind(touched, ours=True))
        theirs = bring(there, theirs, _left_behind(touched, ours=False))
        with self.database.read() as session:
            full = links.links(session, [head.id for head in touched])
        plan = Planner(flow.kind, flow.decide, heads, full, ours, theirs).plan()
        created = {step.link.id for step in plan.steps if step.action is ActionKind.CREATE_THERE and step.link}
        confirmed = frozenset(head.id for head in expected) - created
        return Read(plan, ours.token, theirs.token, anew, confirmed)


def judged(plan: Plan[T], deletions: Deletions, limits: Limits, *, options_changed: bool) -> Plan[T]:
    """The plan, if it may be carried out: the mass-delete guard (R22), and deletions by changed options (R19).

    Raises ``DangerousPlan`` where a person must decide.
    """
    if deletions is Deletions.RESTORE:
        return plan.restored()
    if deletions is Deletions.ACCEPT:
        return plan
    danger = guard.check(plan.counts(), limits)
    if danger is not None:
        raise DangerousPlan(danger.message, danger.counts)
    ruled_out = [step for step in plan.steps if step.action is ActionKind.DELETE_THERE and step.because is not None]
    if options_changed and ruled_out:
        raise DangerousPlan(
            f"The changed options would delete {len(ruled_out)} objects there.", {"delete_there": len(ruled_out)}
        )
    return plan


def _is_due(head: LinkHead, now: datetime) -> bool:
    """Whether something that failed is tried again now."""
    return head.tries > 0 and not head.parked and (head.retry_at is None or head.retry_at <= now)


def _known(head: LinkHead, *, ours: bool, anew: bool) -> str:
    """The version that need not be looked at again; none where changed options may change the verdict."""
    if anew and (ours or head.state is LinkState.LEFT_OUT):
        return ""
    return (head.seen_ours or head.ours_version) if ours else (head.seen_theirs or head.theirs_version)


def _touches(head: LinkHead, ours: Look[T], theirs: Look[T]) -> bool:
    mine, other = str(head.local_id), head.remote_id or ""
    return mine in ours.found or mine in ours.gone or other in theirs.found or other in theirs.gone


def _left_behind(touched: Sequence[LinkHead], *, ours: bool) -> set[str]:
    """Objects that hold something else than was agreed and told of no change: their bases are not what they hold."""
    if ours:
        return {str(h.local_id) for h in touched if h.local_id is not None and (h.seen_ours or h.tries)}
    return {h.remote_id for h in touched if h.remote_id is not None and (h.seen_theirs or h.tries)}
