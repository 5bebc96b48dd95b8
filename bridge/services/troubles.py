"""What did not go well in the syncs of a connection, and what its user does about it (R18, R20, R21)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.errors import NotFound
from bridge.ports import Clock
from bridge.services.connection_rules import visible
from bridge.store import connections, links, result_pages, runs
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.links import Link
from bridge.store.models.sync import ConnectionState, LinkState, ResultOutcome
from bridge.store.runs import RemoteChange, Result, Run

FAILED = frozenset({ResultOutcome.FAILED, ResultOutcome.PARKED})
OPEN = FAILED | {ResultOutcome.CONFLICT}
_PAGE = 50
_IGNORED = "It is not synced because you chose so."
_AGAIN = "Let it be looked at again."


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects of a connection are linked, left out by a rule, failed, or wait for a decision."""

    linked: int = 0
    left_out: int = 0
    failed: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Some results, the latest first. ``more`` is the id to go on from, 0 at the end."""

    results: tuple[Result, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class RunDetails:
    """One run: what it did, object by object as far as it was the last to do so, and what it wrote there."""

    run: Run
    results: Page
    changes: tuple[RemoteChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """Tallies and latest runs of some connections, by id."""

    tallies: Mapping[int, Tally] = field(default_factory=dict)
    latest: Mapping[int, Run] = field(default_factory=dict)


class Troubles:
    """The results of syncs. ``viewer`` is who asks; users see their own connections only, administrators all."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def overview(self, connection_ids: Collection[int]) -> Overview:
        """Counts of connections that the caller was shown already."""
        with self._database.read() as session:
            flows = _chosen(session, connection_ids)
            linked = links.count(session, [flow.id for flow in flows])
            counted = runs.count_results(session, [flow.id for flow in flows])
            latest = {run.connection_id: run for run in result_pages.latest_runs(session, connection_ids)}
        tallies = {
            number: _tally([flow for flow in flows if flow.connection_id == number], linked, counted)
            for number in connection_ids
        }
        return Overview(tallies, latest)

    def results(
        self, viewer: User, connection_id: int, outcomes: Collection[ResultOutcome], *, before: int = 0
    ) -> Page:
        """What became of objects, one page. Raises ``NotFound``."""
        with self._database.read() as session:
            flows = _flows(session, viewer, connection_id)
            found = result_pages.page(session, [f.id for f in flows], outcomes, before=before, limit=_PAGE + 1)
        return _page(found)

    def runs(self, viewer: User, connection_id: int, limit: int = 20) -> list[Run]:
        """The latest runs. Raises ``NotFound``."""
        with self._database.read() as session:
            _found(session, viewer, connection_id)
            return runs.runs(session, connection_id, limit)

    def run(self, viewer: User, run_id: str) -> RunDetails:
        """One run. Raises ``NotFound``."""
        with self._database.read() as session:
            run = runs.run(session, run_id)
            if run is None:
                raise NotFound("There is no such run.")
            flows = [flow.id for flow in _flows(session, viewer, run.connection_id)]
            found = runs.results(session, flows, run_id=run_id, limit=_PAGE + 1)
            changes = runs.remote_changes(session, run_id=run_id, flow_ids=flows, limit=_PAGE)
        return RunDetails(run, _page(found), tuple(changes))

    def retry(self, viewer: User, connection_id: int, result_id: int) -> None:
        """Look at an object again in the next run, which is due at once. Raises ``NotFound``."""
        with self._database.write() as session:
            connection, result = _of_result(session, viewer, connection_id, result_id)
            self._look_again(session, connection, [result])

    def retry_all(self, viewer: User, connection_id: int) -> int:
        """Look again at everything that failed; how many. Raises ``NotFound``."""
        with self._database.write() as session:
            connection = _found(session, viewer, connection_id, lock=True)
            flows = [flow.id for flow in _chosen(session, [connection_id])]
            failed = runs.results(session, flows, outcomes=FAILED)
            self._look_again(session, connection, failed)
            return len(failed)

    def ignore(self, viewer: User, connection_id: int, result_id: int) -> None:
        """Let an object be: it is not synced any more, and neither side's is taken as new. Raises ``NotFound``.

        A run in progress is ended, since it may be at this very object; the next one goes on.
        """
        now = self._clock.now()
        with self._database.write() as session:
            connection, result = _of_result(session, viewer, connection_id, result_id)
            link = _link(session, result) or Link(result.flow_id, result.local_id, result.remote_id, now)
            _keep(
                session, replace(link, state=LinkState.RELEASED, tries=0, retry_at=None, parked=False, updated_at=now)
            )
            told = replace(result, outcome=ResultOutcome.LEFT_OUT, action="released", at=now, rule="")
            runs.put_results(session, result.flow_id, [replace(told, reason=_IGNORED, remedy=_AGAIN)])
            connections.revoke(session, connection.id)

    def _look_again(self, session: Session, connection: Connection, found: Sequence[Result]) -> None:
        now = self._clock.now()
        for result in found:
            link = _link(session, result)
            if link is not None and link.state is not LinkState.RELEASED:
                _keep(session, replace(link, tries=max(1, link.tries), retry_at=now, parked=False))
                continue
            if link is not None:
                links.delete_links(session, [link.id])
            connections.set_tokens(session, result.flow_id, None, None)  # everything is listed, and this is new
        if connection.state is ConnectionState.ACTIVE:
            connections.save_connection(session, replace(connection, next_run_at=now))


def _tally(flows: Sequence[Flow], linked: Mapping[int, int], counted: Mapping[tuple[int, ResultOutcome], int]) -> Tally:
    def count(*outcomes: ResultOutcome) -> int:
        return sum(counted.get((flow.id, outcome), 0) for flow in flows for outcome in outcomes)

    return Tally(
        linked=sum(linked[flow.id] for flow in flows),
        left_out=count(ResultOutcome.LEFT_OUT),
        failed=count(*FAILED),
        conflicts=count(ResultOutcome.CONFLICT),
    )


def _page(found: Sequence[Result]) -> Page:
    shown = tuple(found[:_PAGE])
    return Page(shown, shown[-1].id if len(found) > _PAGE else 0)


def _found(session: Session, viewer: User, connection_id: int, *, lock: bool = False) -> Connection:
    return visible(viewer, connections.connection(session, connection_id, lock=lock), connection_id)


def _flows(session: Session, viewer: User, connection_id: int) -> list[Flow]:
    _found(session, viewer, connection_id)
    return _chosen(session, [connection_id])


def _chosen(session: Session, connection_ids: Collection[int]) -> list[Flow]:
    """What is synced now: calendars that were left keep results that concern nobody any more."""
    return [flow for flow in connections.flows(session, connection_ids) if flow.enabled]


def _of_result(session: Session, viewer: User, connection_id: int, result_id: int) -> tuple[Connection, Result]:
    connection = _found(session, viewer, connection_id, lock=True)
    result = result_pages.result(session, result_id)
    if result is None or result.flow_id not in {flow.id for flow in _chosen(session, [connection_id])}:
        raise NotFound("There is no such object any more.")
    return connection, result


def _link(session: Session, result: Result) -> Link | None:
    found: list[Link] = []
    if result.local_id is not None:
        found += links.links_of_record(session, [result.flow_id], result.local_id)
    if result.remote_id is not None:
        found += links.links_to(session, [result.flow_id], result.remote_id)
    return found[0] if found else None


def _keep(session: Session, link: Link) -> None:
    if link.id:
        links.save_links(session, [link])
    else:
        links.add_links(session, [link])
