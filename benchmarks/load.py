"""Many clients at once, each a process with a connection of its own, so that the client is not what is measured."""

import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from uuid import UUID

from benchmarks import bodies, multistatus
from benchmarks.client import CONNECTION_LOST, Account, Client, WrongAnswer
from benchmarks.corpus import Appointment
from benchmarks.samples import percentile
from benchmarks.texts import calendar

_POLLS, _SYNCS = 0.80, 0.95  # below the first: a poll; below the second: a sync; else a PUT
_OWN = 4  # events that each client has of its own and changes in turn


@dataclass(frozen=True, slots=True)
class Task:
    """What one client does: for so many seconds it sends one request after the other, beginning with this token."""

    account: Account
    calendar: str
    number: int
    seconds: float
    token: str
    sample: Appointment
    mix: tuple[float, float] = (_POLLS, _SYNCS)


@dataclass(frozen=True, slots=True)
class Done:
    """What one client saw: the seconds of each right answer, what was wrong, and which events it has put.

    ``first`` and ``last`` are when it began and when the last answer came, by a clock that all processes share.
    """

    seconds: Sequence[float]
    errors: Sequence[str]
    first: float
    last: float
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Load:
    """What all clients saw together: right answers per second, and their 95th percentile in seconds."""

    clients: int
    requests: int
    per_second: float
    p95: float
    errors: tuple[str, ...]
    names: frozenset[str]


def mixed(account: Account, path: str, sample: Appointment, clients: int, seconds: float, serial: int) -> Load:
    """80 % polls, 15 % sync-collections with the client's own token, 5 % PUTs, as fast as each client can.

    ``serial`` tells this load from others on the same store: each writes events of its own.
    """
    numbers = range(serial * 1000, serial * 1000 + clients)
    token = _token(account, path)
    return _run([Task(account, path, number, seconds, token, sample) for number in numbers], lambda: None)


def while_polled(
    account: Account, path: str, sample: Appointment, pollers: int, seconds: float, meanwhile: Callable[[], None]
) -> Load:
    """Run something of the caller's while other clients poll without pause."""
    token = _token(account, path)
    tasks = [Task(account, path, number, seconds, token, sample, (1.0, 1.0)) for number in range(pollers)]
    return _run(tasks, meanwhile)


def _token(account: Account, path: str) -> str:
    with Client(account) as client:
        return multistatus.token_of(client.propfind(path, bodies.POLL, "0"))


def _run(tasks: Sequence[Task], meanwhile: Callable[[], None]) -> Load:
    """Let a small program of its own fork the clients: this one is too large to be copied so often."""
    command = [sys.executable, "-m", "benchmarks.clients"]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:  # noqa: S603
        assert program.stdin is not None and program.stdout is not None  # noqa: PT018, S101 - they are pipes
        pickle.dump(tasks, program.stdin)
        program.stdin.close()
        program.stdout.readline()  # all clients are about to begin
        meanwhile()
        return _together(pickle.load(program.stdout))  # noqa: S301 - our own program wrote it


def _together(done: Sequence[Done]) -> Load:
    times = [each for client in done for each in client.seconds]
    lasted = max(client.last for client in done) - min(client.first for client in done)
    errors = tuple(error for client in done for error in client.errors)
    names = frozenset[str]().union(*(client.names for client in done))
    p95 = percentile(times, 0.95) if times else 0.0
    return Load(len(done), len(times), len(times) / lasted, p95, errors, names)


def work(task: Task) -> Done:
    """Be one client until the time is over."""
    with Client(task.account) as client:
        return _Worker(task, client).run()


class _Worker:
    """One client: its token, and the events of its own with the entity tags that it was given."""

    def __init__(self, task: Task, client: Client) -> None:
        self._task = task
        self._client = client
        self._rng = Random(f"client:{task.number}")  # noqa: S311 - which request comes next is no secret
        self._token = task.token
        self._etags: dict[str, str] = {}
        self._puts = 0

    def run(self) -> Done:
        """Send requests one after the other."""
        seconds, errors = [], []
        first = time.monotonic()
        while time.monotonic() < first + self._task.seconds:
            begun = time.perf_counter()
            try:
                self._next()
                seconds.append(time.perf_counter() - begun)
            except (WrongAnswer, *CONNECTION_LOST) as error:
                errors.append(f"{type(error).__name__}: {error}")
        return Done(seconds, errors, first, time.monotonic(), frozenset(self._etags))

    def _next(self) -> None:
        polls, syncs = self._task.mix
        chance = self._rng.random()
        if chance < polls:
            multistatus.token_of(self._client.propfind(self._task.calendar, bodies.POLL, "0"))
        elif chance < syncs:
            answer = self._client.report(self._task.calendar, bodies.sync(self._token))
            self._token = multistatus.token_of(answer)
        else:
            self._put()

    def _put(self) -> None:
        """Write an event of one's own: first new, then with the entity tag last seen."""
        found = self._own(self._puts % _OWN)
        self._puts += 1
        path, seen = self._task.calendar + found.name, self._etags.get(found.name)
        condition = {"If_None_Match": "*"} if seen is None else {"If_Match": seen}
        answer = self._client.put(path, calendar(found), **condition)
        if answer.status not in {200, 201, 204}:
            raise WrongAnswer(f"PUT: status {answer.status}")
        self._etags[found.name] = answer.etag or self._client.send("GET", path).etag

    def _own(self, number: int) -> Appointment:
        rng = Random(f"own:{self._task.number}:{number}")  # noqa: S311 - a name, no secret
        uid = UUID(int=rng.getrandbits(128), version=4)
        return replace(self._task.sample, uid=str(uid), subject=f"Mine {self._puts}")
