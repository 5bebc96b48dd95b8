"""What is measured with one client: each operation asks, checks what came back, and tells how long it took."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from benchmarks import bodies, multistatus
from benchmarks.client import WrongAnswer
from benchmarks.corpus import FIRST_MONDAY, WEEK, WEEKS, family_name, host
from benchmarks.peer import Visit

BATCH = 50  # resources in a multiget


@dataclass(frozen=True, slots=True)
class Timed:
    """The seconds that the client waited, and how many rows came of it."""

    seconds: float
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """``run`` raises ``WrongAnswer``; ``title`` is what tables show."""

    key: str
    title: str
    run: Callable[[Visit], Timed]


def poll(visit: Visit) -> Timed:
    """Ask whether anything has changed."""
    answer = visit.client.propfind(visit.calendar, bodies.POLL, "0")
    found = multistatus.read(answer)
    if not (found.getctag and found.sync_token):
        raise WrongAnswer("no getctag or no sync-token")
    return Timed(answer.seconds)


def sync_nothing(visit: Visit) -> Timed:
    """Ask what has changed since just now."""
    answer = visit.client.report(visit.calendar, bodies.sync(visit.token()))
    found = multistatus.read(answer)
    multistatus.expect(set(), found)
    if not found.sync_token:
        raise WrongAnswer("no sync-token")
    return Timed(answer.seconds)


def sync_one(visit: Visit) -> Timed:
    """Ask what has changed since just before one event did."""
    token, changed = visit.token(), visit.changed_appointment()
    visit.put_changed(changed)
    answer = visit.client.report(visit.calendar, bodies.sync(token))
    multistatus.expect({changed.name}, multistatus.read(answer))
    return Timed(answer.seconds, 1)


def list_etags(visit: Visit) -> Timed:
    """List the entity tags of all events."""
    answer = visit.client.propfind(visit.calendar, bodies.ETAGS, "1")
    multistatus.expect(visit.peer.events, multistatus.read(answer))
    return Timed(answer.seconds, len(visit.peer.events))


def query_all(visit: Visit) -> Timed:
    """Ask for all events with a calendar-query, which some clients do instead."""
    answer = visit.client.report(visit.calendar, bodies.ALL_EVENTS)
    multistatus.expect(visit.peer.events, multistatus.read(answer))
    return Timed(answer.seconds, len(visit.peer.events))


def sync_first(visit: Visit) -> Timed:
    """Ask for everything with an empty sync-token. Stock Radicale adds what is deleted; that is let pass."""
    answer = visit.client.report(visit.calendar, bodies.sync(""))
    multistatus.expect(visit.peer.events, multistatus.read(answer))
    return Timed(answer.seconds, len(visit.peer.events))


def multiget(visit: Visit) -> Timed:
    """Fetch 50 events."""
    return _fetch(visit, visit.rng.sample(sorted(visit.peer.events), min(BATCH, len(visit.peer.events))))


def _fetch(visit: Visit, names: Iterable[str]) -> Timed:
    wanted = set(names)
    answer = visit.client.report(visit.calendar, bodies.multiget(visit.calendar + name for name in wanted))
    multistatus.expect(wanted, multistatus.read(answer), texts=True)
    return Timed(answer.seconds, len(wanted))


def whole_first_sync(visit: Visit) -> Timed:
    """List everything and fetch it in batches, as a new device does."""
    listing = sync_first(visit)
    names = sorted(visit.peer.events)
    batches = [_fetch(visit, names[start : start + BATCH]).seconds for start in range(0, len(names), BATCH)]
    return Timed(listing.seconds + sum(batches), len(names))


def week(visit: Visit) -> Timed:
    """Fetch what lies in a week, instances of series included."""
    monday = datetime.combine(FIRST_MONDAY, time(), UTC) + visit.rng.randrange(WEEKS - 52, WEEKS) * WEEK
    answer = visit.client.report(visit.calendar, bodies.between(monday, monday + timedelta(days=7)))
    wanted = visit.peer.corpus.in_range(monday, monday + timedelta(days=7))
    found = multistatus.read(answer)
    known = {name: each for name, each in found.members.items() if name not in visit.peer.fresh}
    multistatus.expect(wanted, multistatus.Multistatus(known, "", ""), texts=True)
    return Timed(answer.seconds, len(found.members))


def find_name(visit: Visit) -> Timed:
    """Find persons by a part of their names."""
    text = family_name(visit.rng.randrange(20) * 50)  # never the number of an organization
    return _find(visit, "FN", text, visit.peer.corpus.named(text))


def find_email(visit: Visit) -> Timed:
    """Find contacts by a part of their e-mail addresses."""
    text = host(visit.rng.randrange(max(1, min(1000, len(visit.peer.corpus.cards) // 7))))
    return _find(visit, "EMAIL", text, visit.peer.corpus.mailed(text))


def _find(visit: Visit, name: str, text: str, wanted: set[str]) -> Timed:
    answer = visit.client.report(visit.book, bodies.containing(name, text))
    multistatus.expect(wanted, multistatus.read(answer), texts=True)
    return Timed(answer.seconds, len(wanted))


def put_new(visit: Visit) -> Timed:
    """Create an event."""
    return Timed(visit.put_new(visit.new_appointment()), 1)


def put_update(visit: Visit) -> Timed:
    """Change an event."""
    return Timed(visit.put_changed(visit.changed_appointment()), 1)


def delete(visit: Visit) -> Timed:
    """Delete an event that was put before."""
    if not visit.peer.fresh:
        visit.put_new(visit.new_appointment())
    name = visit.peer.fresh.pop()
    answer = visit.client.send("DELETE", visit.calendar + name)
    if answer.status not in {200, 204}:
        raise WrongAnswer(f"DELETE: status {answer.status}")
    visit.peer.events.discard(name)
    if visit.client.send("GET", visit.calendar + name).status not in {404, 410}:
        raise WrongAnswer("what was deleted is still there")
    return Timed(answer.seconds, 1)


OPERATIONS = (
    Operation("poll", "poll: PROPFIND 0, getctag and sync-token", poll),
    Operation("sync_nothing", "sync-collection, nothing changed", sync_nothing),
    Operation("sync_one", "sync-collection, one change", sync_one),
    Operation("list_etags", "PROPFIND 1, all ETags", list_etags),
    Operation("query_all", "calendar-query, all events", query_all),
    Operation("sync_first", "first sync-collection", sync_first),
    Operation("multiget", "multiget of 50", multiget),
    Operation("whole_first_sync", "whole first sync in batches of 50", whole_first_sync),
    Operation("week", "calendar-query of one week", week),
    Operation("find_name", "addressbook-query on a name", find_name),
    Operation("find_email", "addressbook-query on an e-mail address", find_email),
    Operation("put_new", "PUT, new", put_new),
    Operation("put_update", "PUT, update", put_update),
    Operation("delete", "DELETE", delete),
)
