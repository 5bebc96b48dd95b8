"""What a run notes about each object: its link, its result, and the journal of what was written there.

Notes are gathered while a portion of works is carried out, and stored in the transaction that holds the writes on our
side which belong to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from bridge.core import breaker
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.plan import ActionKind
from bridge.core.rules import LeaveOut
from bridge.errors import BridgeError, PreconditionFailed
from bridge.ports import Create, Delete, Found, Update, Version
from bridge.services.sync.kinds import Kind
from bridge.services.sync.planning import LeftOut
from bridge.services.sync.working import Work, moments
from bridge.store import links, runs
from bridge.store.links import Intent, Link
from bridge.store.models.sync import LinkState, ResultOutcome
from bridge.store.runs import RemoteChange, Result

T = TypeVar("T", Event, Contact)

TRIES = 3
"""An object that failed so often is parked until it changes."""

_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
WORDS = {
    ActionKind.CREATE_THERE: "created there",
    ActionKind.CREATE_HERE: "created here",
    ActionKind.LINK: "matched",
    ActionKind.UPDATE_HERE: "changed here",
    ActionKind.UPDATE_THERE: "changed there",
    ActionKind.MERGE: "merged",
    ActionKind.DELETE_THERE: "deleted there",
    ActionKind.DELETE_HERE: "deleted here",
    ActionKind.RELEASE: "released",
    ActionKind.FORGET: "forgotten",
}


@dataclass
class Notes(Generic[T]):
    """Notes of one run about one flow."""

    kind: Kind[T]
    flow_id: int
    run_id: str
    fence: int
    now: datetime
    results: list[Result] = field(default_factory=list)
    _kept: list[Link] = field(default_factory=list)
    _dropped: list[int] = field(default_factory=list)
    _there: list[RemoteChange] = field(default_factory=list)

    def store(self, session: Session) -> None:
        """Write everything down."""
        links.delete_links(session, self._dropped)
        links.save_links(session, [link for link in self._kept if link.id])
        links.add_links(session, [link for link in self._kept if not link.id])
        runs.add_remote_changes(session, self._there)
        runs.put_results(session, self.flow_id, self.results)

    def ties(self, local_id: int) -> list[Link]:
        """The links of one of our records that are noted and not yet stored."""
        return [link for link in self._kept if link.local_id == local_id]

    def announce(self, session: Session, works: Sequence[Work[T]]) -> list[int]:
        """Write down at once what is about to be written there; the intents' ids."""
        return links.add_intents(session, [self._intent(work) for work in works])

    def _intent(self, work: Work[T]) -> Intent:
        step = work.step
        after = work.there.object if isinstance(work.there, Create | Update) else None
        return Intent(
            flow_id=self.flow_id,
            run_id=self.run_id,
            action=step.action.value,
            key=work.key,
            fence=self.fence,
            created_at=self.now,
            local_id=step.local_id,
            remote_id=step.remote_id,
            title=step.title,
            before=self._dump(step.theirs),
            after=self.kind.dump(after) if after is not None else None,
        )

    def wrote_there(self, work: Work[T], stored: Found[T] | None) -> None:
        """Keep what was there before and what is there now, so that it can be undone (R21)."""
        change = RemoteChange(
            flow_id=self.flow_id,
            run_id=self.run_id,
            remote_id=stored.id if stored else work.step.remote_id or "",
            at=self.now,
            action=work.step.action.value if not isinstance(work.there, Delete) else ActionKind.DELETE_THERE.value,
            local_id=work.step.local_id,
            title=work.step.title,
            before=self._dump(work.step.theirs),
            after=self._dump(stored),
        )
        self._there.append(change)

    def has_written(self, intent: Intent) -> None:
        """Keep what a write of an earlier run has changed there, after which that run had no time to note it."""
        change = RemoteChange(
            flow_id=self.flow_id,
            run_id=intent.run_id,
            remote_id=intent.remote_id or "",
            at=intent.created_at,
            action=intent.action if intent.after is not None else ActionKind.DELETE_THERE.value,
            local_id=intent.local_id,
            title=intent.title,
            before=intent.before,
            after=intent.after,
        )
        self._there.append(change)

    def tie(self, work: Work[T], ours: Found[T], theirs: Found[T], *, again: bool = False) -> None:
        """Note what both sides hold now as what they agree on. ``again``: look at both once more in the next run.

        What was created there has a time and no tries: the next listing has to tell of it, or it is gone again. What
        an earlier try has created may have been changed since: agreed is what we sent.
        """
        link = work.step.link or self._blank()
        wrote = work.there is not None or work.here is not None
        if again and isinstance(work.there, Create):
            theirs = Found(theirs.id, Version(""), work.there.object)
        again_at = self.now if again or isinstance(work.there, Create) else None
        open_conflict = bool(work.conflicts) and self._asks(work)
        tied = replace(
            link,
            local_id=int(ours.id),
            remote_id=theirs.id,
            uid=ours.object.uid if ours.object else link.uid,
            ours_version=link.ours_version if open_conflict else ours.version,
            theirs_version=link.theirs_version if open_conflict else theirs.version,
            ours_base=link.ours_base if open_conflict else self._dump(ours),
            theirs_base=link.theirs_base if open_conflict else self._dump(theirs),
            seen_ours=ours.version if open_conflict else "",
            seen_theirs=theirs.version if open_conflict else "",
            state=LinkState.LINKED,
            writes=self._writes(link) if wrote else link.writes,
            tries=1 if again else 0,
            retry_at=again_at,
            parked=False,
            problem="",
            updated_at=self.now,
        )
        self._save(tied, work.step.spare)
        self._result(work.step.action, tied, work.step.title, ResultOutcome.CONFLICT if open_conflict else None)

    def loosen(self, work: Work[T]) -> None:
        """Forget a link, or keep it so that its objects are never taken as new."""
        link, action = work.step.link or self._blank(), work.step.action
        if action is ActionKind.RELEASE:
            ours, theirs = work.step.ours, work.step.theirs
            released = replace(
                link,
                state=LinkState.RELEASED,
                ours_version=ours.version if ours else link.ours_version,
                theirs_version=theirs.version if theirs else link.theirs_version,
                updated_at=self.now,
            )
            self._kept.append(released)
            self._result(action, released, work.step.title, ResultOutcome.LEFT_OUT, work.step.because)
            return
        if link.id:
            self._dropped.append(link.id)
        self._result(action, link, work.step.title, None, work.step.because)

    def fail(self, work: Work[T], error: BridgeError) -> Result:
        """Note that an object failed, and when it is tried again (never, once it is parked)."""
        step = work.step
        link = step.link or replace(self._blank(), state=LinkState.PENDING)
        stale = isinstance(error, PreconditionFailed)
        tries = link.tries + 1
        parked = not stale and (error.permanent or tries >= TRIES)
        retry_at = None if parked else self.now + (timedelta(0) if stale else _PAUSES[min(tries, len(_PAUSES)) - 1])
        failed = replace(
            link,
            local_id=step.local_id,
            remote_id=step.remote_id,
            seen_ours=step.ours.version if step.ours else "",
            seen_theirs=step.theirs.version if step.theirs and not stale else "",
            tries=tries,
            retry_at=retry_at,
            parked=parked,
            problem=str(error),
            updated_at=self.now,
        )
        self._save(failed, step.spare)
        outcome = ResultOutcome.PARKED if parked else ResultOutcome.FAILED
        return self._result(step.action, failed, step.title, outcome, LeaveOut("", str(error), error.remedy))

    def leave_out(self, found: Sequence[LeftOut[T]]) -> None:
        """Note what does not travel, and why, so that nobody has to ask twice."""
        self._kept += [self._remembered(each) for each in found if each.theirs is not None or each.link is not None]
        self.results += [self._left(each) for each in found]

    def settle(self, settled: Sequence[Link]) -> None:
        """Note new versions that say nothing new."""
        self._kept += settled

    def _remembered(self, left: LeftOut[T]) -> Link:
        """The row that keeps an object from being looked at again before it changes."""
        link = left.link or replace(self._blank(), state=LinkState.LEFT_OUT)
        state = link.state if link.state in {LinkState.LINKED, LinkState.RELEASED} else LinkState.LEFT_OUT
        return replace(
            link,
            state=state,
            local_id=int(left.ours.id) if left.ours else link.local_id,
            remote_id=left.theirs.id if left.theirs else link.remote_id,
            seen_ours=left.ours.version if left.ours else link.seen_ours,
            seen_theirs=left.theirs.version if left.theirs else link.seen_theirs,
            tries=0,
            retry_at=None,
            parked=False,
            problem="",
            updated_at=self.now,
        )

    def _left(self, left: LeftOut[T]) -> Result:
        return Result(
            self.flow_id,
            self.run_id,
            ResultOutcome.LEFT_OUT,
            self.now,
            local_id=int(left.ours.id) if left.ours else None,
            remote_id=left.theirs.id if left.theirs else None,
            title=left.title,
            action="left out",
            rule=left.verdict.rule,
            reason=left.verdict.reason,
            remedy=left.verdict.remedy,
        )

    def _blank(self) -> Link:
        return Link(self.flow_id, None, None, self.now)

    def _writes(self, link: Link) -> list[str]:
        """The recent writes of this object with this one (R24)."""
        return [each.isoformat() for each in breaker.kept([*moments(link.writes), self.now], self.now)]

    def _asks(self, work: Work[T]) -> bool:
        return self.kind.asks and work.step.link is not None

    def _save(self, link: Link, spare: Link | None = None) -> None:
        if spare is not None:
            self._dropped.append(spare.id)
        self._kept.append(link)

    def _result(
        self,
        action: ActionKind,
        link: Link,
        title: str,
        outcome: ResultOutcome | None,
        why: LeaveOut | None = None,
    ) -> Result:
        result = Result(
            self.flow_id,
            self.run_id,
            outcome or ResultOutcome.DONE,
            self.now,
            local_id=link.local_id,
            remote_id=link.remote_id,
            title=title,
            action=WORDS[action],
            rule=why.rule if why else "",
            reason=why.reason if why else "",
            remedy=why.remedy if why else "",
        )
        self.results.append(result)
        return result

    def _dump(self, found: Found[T] | None) -> Mapping[str, Any] | None:
        return self.kind.dump(found.object) if found is not None and found.object is not None else None
