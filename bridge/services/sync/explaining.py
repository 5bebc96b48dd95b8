"""Why is this object there, or not (R20): what the last runs noted, and what the rules say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.rules import LeaveOut
from bridge.core.scope import ContactScope, FlowKind
from bridge.core.user import User
from bridge.errors import NotFound
from bridge.ports import Clock, RemoteId, Traits
from bridge.services.explain import Answer, Explain
from bridge.services.settings import Settings
from bridge.services.sync.acting import OurSide
from bridge.services.sync.flows import actor_of, calendar_scope, found_connection
from bridge.services.sync.kinds import Kind, calendar_kind, contacts_kind
from bridge.services.sync.local_contacts import LocalContacts
from bridge.services.sync.local_events import LocalEvents
from bridge.store import accounts, connections, links, runs
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.links import Link
from bridge.store.models.sync import ConnectionState, LinkState, ProblemKind, ResultOutcome
from bridge.store.runs import Result

T = TypeVar("T", Event, Contact)
_KINDS = {"activity": FlowKind.CALENDAR, "person": FlowKind.CONTACTS}
_MOST = 20
_CLAIMS = {ResultOutcome.FAILED, ResultOutcome.PARKED, ResultOutcome.LEFT_OUT, ResultOutcome.CONFLICT}


@dataclass(frozen=True, slots=True)
class Synced:
    """Whether one object is synced: ``there`` since a moment as ``remote_id``, or not, with rule, reason and remedy."""

    kind: str
    title: str
    there: bool
    local_id: int | None = None
    remote_id: str = ""
    since: datetime | None = None
    rule: str = ""
    reason: str = ""
    remedy: str = ""


class SyncExplain:
    """Answers "why?" for connections."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, explain: Explain) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._explain = explain

    def why(self, login: str, item: str, connection_id: int) -> list[Synced]:
        """Explain what fits ``item`` (an id, UID, href or part of a title) for one of the user's connections.

        Raises ``NotFound`` for an unknown login, and for a connection that is not this user's.
        """
        return self.of(self._explain.why(login, item), login, item, connection_id)

    def of(self, found: Sequence[Answer], login: str, item: str, connection_id: int) -> list[Synced]:
        """Explain the same where it is known what of ours fits, as ``Explain.why`` finds it."""
        with self._database.read() as session:
            user = accounts.user_by_login(session, login)
            connection = found_connection(session, connection_id)
            if user is None or connection.user_id != user.id:
                raise NotFound(f"The user “{login}” has no connection {connection_id}.")
            flows = [flow for flow in connections.flows(session, [connection_id]) if flow.enabled]
        asked = _Asked(self._database, self._clock, self._settings, user, connection)
        answers = asked.records([answer for answer in found if answer.kind in _KINDS], flows)
        known = {(_KINDS[answer.kind], answer.local_id) for answer in answers}
        others = [(flow.kind, each) for flow in flows for each in asked.remote(flow, item.strip())]
        return answers + [each for kind, each in others if each.local_id is None or (kind, each.local_id) not in known]


@dataclass(frozen=True)
class _Asked:
    database: Database
    clock: Clock
    settings: Settings
    user: User
    connection: Connection

    def records(self, answers: Sequence[Answer], flows: Sequence[Flow]) -> list[Synced]:
        """Look for records of ours."""
        by_kind = {flow.kind: flow for flow in flows}
        with self.database.read() as session:
            noted = [self._noted(session, by_kind.get(_KINDS[answer.kind]), answer) for answer in answers]
        return [
            self._record(answer, *found) if found is not None else _not_synced(answer)
            for answer, found in zip(answers, noted, strict=True)
        ]

    def _noted(
        self, session: Session, flow: Flow | None, answer: Answer
    ) -> tuple[Flow, Link | None, Result | None] | None:
        """What the runs of the flow have left behind about a record; nothing without a flow."""
        if flow is None:
            return None
        tied = next(iter(links.links_of_record(session, [flow.id], answer.id)), None)
        return flow, tied, next(iter(runs.results_of(session, [flow.id], local_id=answer.id)), None)

    def _record(self, answer: Answer, flow: Flow, tied: Link | None, told: Result | None) -> Synced:
        there = tied is not None and tied.state is LinkState.LINKED
        remote_id = (tied.remote_id if tied else None) or ""
        plain = Synced(
            answer.kind, answer.title, there, answer.id, remote_id, tied.updated_at if there and tied else None
        )
        if told is not None and told.outcome in _CLAIMS:
            return _because(plain, LeaveOut(told.rule, told.reason, told.remedy))
        if there:
            return plain
        return _because(plain, self._rule(answer, flow) or self._state() or _WAITS)

    def _rule(self, answer: Answer, flow: Flow) -> LeaveOut | None:
        """What the rules say about the record as it is now."""
        if flow.kind is FlowKind.CALENDAR:
            scope = calendar_scope(flow, self.connection)
            actor = actor_of(self.connection, "why")
            events = LocalEvents(self.database, self.clock, self.settings, self.user.id, scope, actor)
            zone, now = ZoneInfo(self.user.time_zone), self.clock.now()
            return _judge(events, calendar_kind(scope, _ANY, self.connection.policy, zone, now=now), answer.id)
        people = ContactScope(self.user.id, flow.direction, flow.visibility)
        persons = LocalContacts(
            self.database, self.clock, self.settings, self.user.id, people, actor_of(self.connection, "why")
        )
        return _judge(persons, contacts_kind(people, _ANY, self.connection.policy, self.user), answer.id)

    def _state(self) -> LeaveOut | None:
        """What keeps the whole connection from running."""
        connection = self.connection
        if connection.paused_by_admin:
            return LeaveOut("R18", "An administrator has paused this connection.", "Ask them to let it go on.")
        if connection.state is not ConnectionState.ACTIVE:
            word = {ConnectionState.PAUSED: "paused", ConnectionState.STOPPED: "stopped"}.get(connection.state)
            return LeaveOut("R18", f"This connection is {word or 'not started yet'}.", "Start it.")
        if connection.problem is not None:
            remedy = connection.problem_remedy or _REMEDIES.get(connection.problem, "")
            return LeaveOut("R18", connection.problem_text or "The last run did not end well.", remedy)
        return None

    def remote(self, flow: Flow, item: str) -> list[Synced]:
        """Look for what only the remote has: by its id, or by a part of its title."""
        with self.database.read() as session:
            found = runs.results_of(session, [flow.id], remote_id=item)
            found += [] if found else runs.results_titled(session, [flow.id], item, _MOST)
        kind = "event" if flow.kind is FlowKind.CALENDAR else "contact"
        return [_told(kind, result) for result in found]


_ANY = Traits("remote")
_WAITS = LeaveOut("", "The next run has not happened yet.", "Wait for it, or run “davbridge sync”.")
_REMEDIES = {
    ProblemKind.SIGN_IN: "Reconnect the account.",
    ProblemKind.DECISION: "Look at the preview and decide.",
    ProblemKind.WAITING: "Wait; it is tried again by itself.",
}


def _judge(side: OurSide[T], kind: Kind[T], record_id: int) -> LeaveOut | None:
    for found in side.fetch([RemoteId(str(record_id))]):
        if found.object is None:
            return LeaveOut("R22", found.problem, "Mend the object; it is looked at again when it changes.")
        verdict = kind.going(found.object, linked=False)
        return verdict if isinstance(verdict, LeaveOut) else None
    return LeaveOut("R5", "It is deleted, or owned by somebody else.", "Make this user its owner in the CRM.")


def _not_synced(answer: Answer) -> Synced:
    reason = f"This connection syncs no {'calendar' if answer.kind == 'activity' else 'contacts'}."
    plain = Synced(answer.kind, answer.title, there=False, local_id=answer.id)
    return _because(plain, LeaveOut("R7", reason, "Choose one."))


def _because(plain: Synced, why: LeaveOut) -> Synced:
    return Synced(
        plain.kind,
        plain.title,
        plain.there,
        plain.local_id,
        plain.remote_id,
        plain.since,
        why.rule,
        why.reason,
        why.remedy,
    )


def _told(kind: str, result: Result) -> Synced:
    done = result.outcome is ResultOutcome.DONE
    plain = Synced(kind, result.title, done, result.local_id, result.remote_id or "", result.at if done else None)
    return plain if done else _because(plain, LeaveOut(result.rule, result.reason, result.remedy))
