"""Two server processes, eight clients, the CRM and followers, all at one collection at once."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

import pytest
from sqlalchemy import select

from bridge.core.activity import Activity
from bridge.store.models.resources import CollectionRow, ResourceRow
from tests.harness import Reply, ics
from tests.system.chaos import amount
from tests.system.connection import Connection
from tests.system.crm import Crm
from tests.system.following import Follower, tags, texts
from tests.system.server import Account, ServerProcess

CLIENTS, COUNTERS = 8, 2
SECONDS = amount(quick=6, full=60)
TRIES = 1000  # to win against seven others; never reached unless guarded writes stop winning
TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
FOLLOWERS = {"plainly": (None, False), "by threes": (3, False), "one by one": (1, False), "reading": (10, True)}


@dataclass
class Tally:
    """What clients were told, by the name of the resource."""

    counted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    won: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    born: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    own: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        for name in ("counted", "refused", "won", "tried", "born", "gone"):
            getattr(self, name).update(getattr(other, name))
        self.own |= other.own


class Writer:
    """One client: it draws by lot what to do next, and minds every answer."""

    def __init__(self, account: Account, number: int, over: threading.Event) -> None:
        self.tally = Tally()
        self._path = account.path("activities")
        self._account = account
        self._number = number
        self._over = over
        self._random = Random(number)
        self._stale: dict[str, str] = {}
        self._numbers = count()

    def run(self) -> Tally:
        actions: dict[Callable[[], None], int] = {
            self._increment: 8,
            self._insist_on_stale: 2,
            self._race: 2,
            self._race_for_uid: 2,
            self._create: 3,
            self._update: 2,
            self._delete: 1,
            self._toss: 3,
        }
        while not self._over.is_set():
            with Connection(self._account) as self._connection:  # now and then another process
                for act in self._random.choices(list(actions), list(actions.values()), k=20):
                    act()
        return self.tally

    def _increment(self) -> None:
        """Read, add one, and write what was read: again and again until nobody was quicker."""
        name = f"counter-{self._random.randrange(COUNTERS)}.ics"
        for _ in range(TRIES):
            found = self._get(name)
            number = int(re.search(r"X-COUNT:(\d+)\r\n", found.text)[1]) + 1
            changed = re.sub(r"X-COUNT:\d+", f"X-COUNT:{number}", found.text)
            changed = re.sub(r"SUMMARY:.*\r\n", f"SUMMARY:Counted {number}\r\n", changed)
            if self._put(name, changed, 204, 412, If_Match=found.etag).status == 204:
                self.tally.counted[name] += 1
                self._stale[name] = found.etag
                return
            self.tally.refused[name] += 1
        pytest.fail("A guarded write never wins.")

    def _insist_on_stale(self) -> None:
        for name, etag in self._stale.items():
            self._put(name, ics("SUMMARY:Lost", *TIMES, uid=name), 412, If_Match=etag)
            self._expect(self._connection.delete(self._path + name, If_Match=etag), 412)

    def _race(self) -> None:
        """Everybody creates this one, and it is created once."""
        name = f"race-{self.tally.tried.total()}.ics"
        body = ics(f"SUMMARY:Won by {self._number}", *TIMES, uid=name)
        self.tally.tried[name] += 1
        reply = self._put(name, body, 201, 412, If_None_Match="*")
        self.tally.won[name] += reply.status == 201

    def _race_for_uid(self) -> None:
        """Everybody creates it under another name: one UID is in a calendar once (RFC 4791 5.3.2.1)."""
        uid = f"race-{self.tally.tried.total()}-uid"
        self.tally.tried[uid] += 1
        reply = self._put(f"{uid}-{self._number}.ics", ics("SUMMARY:Twin", *TIMES, uid=uid), 201, 403, 409)
        self.tally.won[uid] += reply.status == 201

    def _create(self) -> None:
        name = f"own-{self._number}-{next(self._numbers)}.ics"
        self._put(name, ics("SUMMARY:0", *TIMES, uid=name), 201)
        self.tally.own[name] = "0"

    def _update(self) -> None:
        """Nobody else touches it, so that the guard must hold."""
        if self.tally.own:
            name = self._random.choice(sorted(self.tally.own))
            found, subject = self._get(name), str(self._random.random())
            assert f"SUMMARY:{self.tally.own[name]}\r\n" in found.text
            changed = re.sub(r"SUMMARY:.*\r\n", f"SUMMARY:{subject}\r\n", found.text)
            self._put(name, changed, 204, If_Match=found.etag)
            self.tally.own[name] = subject

    def _delete(self) -> None:
        if self.tally.own:
            name = self._random.choice(sorted(self.tally.own))
            self._expect(self._connection.delete(self._path + name, If_Match=self._get(name).etag), 204)
            del self.tally.own[name]

    def _toss(self) -> None:
        """Create it if it is gone, else delete it: each happens as often as it was acknowledged."""
        name = f"tossed-{self._random.randrange(3)}.ics"
        found = self._expect(self._connection.get(self._path + name), 200, 404)
        if found.status == 404:
            body = ics(f"SUMMARY:Tossed {self._number} {next(self._numbers)}", *TIMES, uid=name)
            self.tally.born[name] += self._put(name, body, 201, 412, If_None_Match="*").status == 201
        else:
            reply = self._connection.delete(self._path + name, If_Match=found.etag)
            self.tally.gone[name] += self._expect(reply, 204, 404, 412).status == 204

    def _get(self, name: str) -> Reply:
        return self._expect(self._connection.get(self._path + name), 200)

    def _put(self, name: str, body: str, *statuses: int, **headers: str) -> Reply:
        return self._expect(self._connection.put(self._path + name, body, **headers), *statuses)

    def _expect(self, reply: Reply, *statuses: int) -> Reply:
        assert reply.status in statuses, (reply.status, reply.headers.get("Retry-After"), reply.text)
        return reply


def follow(account: Account, follower: Follower, over: threading.Event) -> int:
    """Ask all the while, and at the end for the rest. How often."""
    with Connection(account) as connection:
        for asked in count(1):
            ended = over.is_set()
            more = follower.step(connection)
            if ended and not more:
                return asked
    raise AssertionError


def write_from_crm(crm: Crm, counters: list[Activity], over: threading.Event) -> dict[str, str]:
    """Change another field of what the clients write. The last values, by UID."""
    last: dict[str, str] = {}
    for number in count():
        for found in counters:
            last[found.uid] = f"Room {number}"
            crm.change(found, lambda each, room=last[found.uid]: replace(each, location=room))
        if over.wait(0.05):
            return last
    raise AssertionError


@contextmanager
def bounded() -> Iterator[threading.Event]:
    """An event that comes when the time is over."""
    over = threading.Event()
    timer = threading.Timer(SECONDS, over.set)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        over.set()


def assert_revisions_are_unique(server: ServerProcess, account: Account) -> None:
    query = (
        select(ResourceRow.revision)
        .join(CollectionRow)
        .where(CollectionRow.owner_id == server.services.principals.find(account.login).id)
        .where(CollectionRow.name == "activities")
    )
    with server.services.database.read() as session:
        found = Counter(session.scalars(query))
    assert [revision for revision, times in found.items() if times > 1] == []
    with server.services.resources.reading() as reader:
        collection = reader.collection(account.login, "activities")
    assert collection is not None
    assert max(found) == collection.revision


def test_nothing_is_lost_between_clients_and_processes(any_server: ServerProcess, anna: Account, crm: Crm) -> None:
    path = anna.path("activities")
    counters = [f"counter-{n}.ics" for n in range(COUNTERS)]
    with Connection(anna) as connection:
        for name in counters:
            body = ics("SUMMARY:Counted 0", "X-COUNT:0", *TIMES, uid=name)
            assert connection.put(path + name, body).status == 201
    followers = {name: Follower(path, limit, texts=read) for name, (limit, read) in FOLLOWERS.items()}
    tally, last = _under_load(anna, crm, list(followers.values()))

    with Connection(anna) as connection:
        fresh, read = tags(connection, path), texts(connection, path)
    assert read.keys() == fresh.keys()
    for name, follower in followers.items():
        assert follower.known == (read if follower.texts else fresh), name
    subjects = {activity.uid: activity for activity in crm.activities()}
    for name in counters:
        assert f"X-COUNT:{tally.counted[name]}\n" in read[path + name]
        assert subjects[name].subject == f"Counted {tally.counted[name]}"
        assert subjects[name].location == last[name]
        assert tally.counted[name] > 0
    assert {name: tally.won[name] for name in tally.tried} == dict.fromkeys(tally.tried, 1)
    for name in tally.born:
        assert tally.born[name] - tally.gone[name] == (path + name in fresh)
    own = {href.removeprefix(path) for href in fresh if href.startswith(f"{path}own-")}
    assert own == tally.own.keys()
    for name, subject in tally.own.items():
        assert f"SUMMARY:{subject}\n" in read[path + name]
    assert len(subjects) == len(fresh)
    assert_revisions_are_unique(any_server, anna)


def _under_load(account: Account, crm: Crm, followers: list[Follower]) -> tuple[Tally, dict[str, str]]:
    """Everybody at once for a while. What the writers were told, and what the CRM wrote last."""
    tally, finished = Tally(), threading.Event()
    with bounded() as over, ThreadPoolExecutor(CLIENTS + len(followers) + 1) as pool:
        counters = [found for found in crm.activities() if found.uid.startswith("counter-")]
        writers = [pool.submit(Writer(account, number, over).run) for number in range(CLIENTS)]
        following = [pool.submit(follow, account, follower, finished) for follower in followers]
        from_crm = pool.submit(write_from_crm, crm, counters, over)
        try:
            for each in writers:
                tally.add(each.result(timeout=SECONDS + 60))
            last = from_crm.result(timeout=60)
        finally:
            over.set()
            finished.set()
        asked = [each.result(timeout=120) for each in following]
    assert min(asked) > 1
    return tally, last
