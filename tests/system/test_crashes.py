"""Kill the server in the middle of writes, again and again: whatever it had acknowledged is there."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.database import BOTH
from tests.harness import Reply, ics
from tests.system.chaos import CHAOS, amount
from tests.system.connection import Connection
from tests.system.following import Follower, tags, texts
from tests.system.server import Account, ServerProcess

CLIENTS = 4
CRASHES = amount(quick=2, full=50)
MOST = 40  # acknowledged writes between two crashes
TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
GONE = None
CUT_OFF = (OSError, HTTPException)


@dataclass
class Life:
    """What may be true of one resource: what was acknowledged last, or what was asked for when the server died."""

    acknowledged: str | None = GONE
    asked: str | None = GONE

    @property
    def possible(self) -> set[str | None]:
        return {self.acknowledged, self.asked}


class Writer:
    """A client with resources of its own. It stops when its connection breaks."""

    def __init__(self, account: Account, number: int) -> None:
        self.lives: dict[str, Life] = {}
        self._account = account
        self._path = account.path("activities")
        self._prefix = f"{number}-"
        self._random = Random(number)
        self._numbers = count()

    def run(self, acknowledged: Callable[[], None], over: threading.Event) -> None:
        with Connection(self._account) as connection:
            while not over.is_set():
                try:
                    self._write(connection)
                except CUT_OFF:
                    return
                acknowledged()

    def _write(self, connection: Connection) -> None:
        alive = [name for name, life in self.lives.items() if life.acknowledged is not GONE]
        choice = self._random.random()
        if choice < 0.5 or not alive:
            name = f"{self._prefix}{next(self._numbers)}.ics"
            self._put(connection, name, If_None_Match="*")
        elif choice < 0.85:
            name = self._random.choice(alive)
            self._put(connection, name, If_Match=connection.get(self._path + name).etag)
        else:
            name = self._random.choice(alive)
            etag = connection.get(self._path + name).etag
            self._send(name, GONE, lambda: connection.delete(self._path + name, If_Match=etag), 204)

    def _put(self, connection: Connection, name: str, **guard: str) -> None:
        subject = f"{name} {self._random.random()}"
        body = ics(f"SUMMARY:{subject}", *TIMES, uid=name)
        self._send(name, subject, lambda: connection.put(self._path + name, body, **guard), 201, 204)

    def _send(self, name: str, wanted: str | None, send: Callable[[], Reply], *statuses: int) -> None:
        life = self.lives.setdefault(name, Life())
        life.asked = wanted
        reply = send()
        assert reply.status in statuses, (reply.status, reply.text)
        life.acknowledged = wanted


@dataclass
class Storm:
    """One server, what its clients know, and every state to which a token was handed out."""

    server: ServerProcess
    account: Account
    writers: list[Writer]
    follower: Follower
    earlier: list[Follower] = field(default_factory=list)
    written: int = 0

    def crash(self, kill: Callable[[], None], after: int) -> None:
        """Kill while everybody writes, and the follower asks."""
        enough, over, numbers = threading.Event(), threading.Event(), count(1)

        def acknowledged() -> None:
            self.written += 1
            if next(numbers) >= after:
                enough.set()

        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            running = [pool.submit(writer.run, acknowledged, over) for writer in self.writers]
            running.append(pool.submit(self._follow, over))
            try:
                assert enough.wait(timeout=60)
                kill()
            finally:
                over.set()
            for each in running:
                each.result(timeout=60)

    def _follow(self, over: threading.Event) -> None:
        with Connection(self.account) as connection:
            while not over.is_set():
                try:
                    self.follower.step(connection)
                except CUT_OFF:
                    return

    def look(self) -> None:
        """Whatever was acknowledged is there, and the follower goes on from the token that it has."""
        path = self.account.path("activities")
        with Connection(self.account) as connection:
            found, fresh = texts(connection, path), tags(connection, path)
            self.follower.catch_up(connection)
        assert found.keys() == fresh.keys()
        assert self.follower.known == fresh
        self.earlier.append(self.follower.copy())
        self.earlier.append(Follower(path, 7, False, self.follower.token, dict(fresh)))
        for writer in self.writers:
            for name, life in writer.lives.items():
                present = _subject(found.get(path + name))
                assert present in life.possible, name
                life.acknowledged = life.asked = present
        alive = sum(life.acknowledged is not GONE for writer in self.writers for life in writer.lives.values())
        assert len(fresh) == alive

    def look_from_every_token(self) -> None:
        path = self.account.path("activities")
        with Connection(self.account) as connection:
            fresh = tags(connection, path)
            for follower in self.earlier:
                follower.catch_up(connection)
                assert follower.known == fresh


def _subject(text: str | None) -> str | None:
    return re.search(r"SUMMARY:(.*)", text)[1] if text is not None else GONE


def _workers(server: ServerProcess) -> list[int]:
    assert server.process is not None
    master = server.process.pid
    return [int(each) for each in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def _kill_one_worker(server: ServerProcess) -> None:
    """The kernel's out-of-memory killer takes one; the master starts another, and the rest goes on."""
    os.kill(_workers(server)[0], signal.SIGKILL)


def _opens(server: ServerProcess) -> bool:
    """Whether SQLite finds its file sound, before anybody repairs anything."""
    if not server.database_url.startswith("sqlite"):
        return True
    with closing(sqlite3.connect(server.database_url.removeprefix("sqlite:///"))) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def _crashes() -> Iterator[tuple[int, bool]]:
    """After how many writes, and whether everything is killed or one worker."""
    random = Random(0)
    for number in range(CRASHES):
        yield random.randint(1, MOST), number % 3 != 1


@pytest.mark.parametrize("database_url", BOTH if CHAOS else ["sqlite"], indirect=True)
def test_what_was_acknowledged_outlives_every_crash(own_server: ServerProcess) -> None:
    account = own_server.add_user("anna")
    writers = [Writer(account, number) for number in range(CLIENTS)]
    storm = Storm(own_server, account, writers, Follower(account.path("activities")))
    for after, everything in _crashes():
        own_server.services.close()  # nobody else holds the database open when it happens
        if everything:
            storm.crash(own_server.kill, after)
            assert _opens(own_server)
            own_server.start()
        else:
            storm.crash(lambda: _kill_one_worker(own_server), after)
        storm.look()
    assert storm.written >= CRASHES
    storm.look_from_every_token()
    assert ": no findings." in own_server.run("doctor")
    own_server.restart()
    storm.look()
