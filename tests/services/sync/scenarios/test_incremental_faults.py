"""What goes wrong at Google, Microsoft 365 and Exchange in an incremental run, at each of its requests; and pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.ports import Notice, RemoteId, SignIn
from bridge.providers.google.push import GoogleHook
from bridge.providers.graph.push import GraphHook
from bridge.services.push import Push, offer
from bridge.services.queue import Queue, Trigger
from bridge.services.sync.pacing import Stop
from bridge.services.worker import Pattern, Worker
from tests.harness import Office
from tests.services.sync.scenarios.accounts import ACCOUNTS
from tests.services.sync.scenarios.google_remote import SECRET
from tests.services.sync.scenarios.incremental import Course
from tests.services.sync.scenarios.troubles import SAMPLES, TROUBLES
from tests.services.sync.scenarios.world import World
from tests.system.chaos import CHAOS

EACH = [pytest.param(remote, [name], id=f"{remote}-{name}") for remote in ACCOUNTS for name in TROUBLES[remote]]
SOME = [pytest.param(remote, SAMPLES[remote], id=remote) for remote in ACCOUNTS]


@pytest.fixture
def course(office: Office, remote: str) -> Iterator[Course]:
    with ACCOUNTS[remote](office.clock) as other:
        yield Course(World(office, other), other)


@pytest.mark.parametrize(("remote", "names"), EACH if CHAOS else SOME)
def test_whatever_request_fails_it_ends_equal(course: Course, remote: str, names: Sequence[str]) -> None:
    """With "make chaos", each request fails in each way; otherwise one does in some."""
    for name in names:
        course.strike(TROUBLES[remote][name])


def _google_tells(fake: Any) -> Iterator[Sequence[Notice] | str]:
    for channel in fake.calendars.channels.known.values():
        channel.number += 2
        headers = {name.lower(): text for name, text in channel.headers("exists").items()}
        yield GoogleHook().read({}, headers, b"")


def _graph_tells(fake: Any) -> Iterator[Sequence[Notice] | str]:
    for body in fake.subscriptions.message():
        yield GraphHook().read({}, {}, body)


HOOKS: dict[str, tuple[type, Callable[[Any], Iterator[Sequence[Notice] | str]]]] = {
    "google": (GoogleHook, _google_tells),
    "graph": (GraphHook, _graph_tells),
}
"""Those that tell of changes: what reads their messages, and what they send."""


@dataclass
class Told:
    """The course with a worker that is told of changes, as the program runs it."""

    remote: str
    course: Course
    queue: Queue
    push: Push
    worker: Worker

    def tell(self) -> None:
        """The service sends what is due."""
        for notices in HOOKS[self.remote][1](self.course.account.fake):
            assert not isinstance(notices, str)
            self.push.hear_all(self.remote, notices)

    def waiting(self) -> list[Trigger]:
        return [order.trigger for order in self.queue.waiting()]


@pytest.fixture
def told(course: Course, remote: str, tmp_path: Path) -> Iterator[Told]:
    world, clock = course.world, course.world.office.clock
    with closing(Queue(f"sqlite:///{tmp_path / 'queue'}", clock)) as queue:
        parts = (world.office.database, clock)
        opened: Any = world.other.connector.open(SignIn(secret=SECRET), lambda _: None)
        hooks = {remote: HOOKS[remote][0]}
        push = Push(*parts, b"k" * 32, queue, hooks, lambda _: opened, offer("https://dav.example.com"))
        runner: Any = world.sync
        worker = Worker(*parts, queue, runner, Stop(), Pattern(), push.tend)
        yield Told(remote, course, queue, push, worker)


@pytest.mark.parametrize("remote", HOOKS)
def test_a_push_that_comes_twice_makes_one_run_and_one_that_is_lost_none(told: Told) -> None:
    course, world = told.course, told.course.world
    world.later(10)
    told.queue.put(world.number, Trigger.TIMER)
    assert told.queue.perform_next()  # after which there is a channel
    world.later(1)
    found: RemoteId = world.event("told", hour=20)
    told.tell()
    told.tell()
    assert told.waiting() == [Trigger.PUSH]
    assert told.queue.perform_next()
    assert "told" in world.here()
    assert not told.queue.perform_next()
    world.later(1)
    world.calendar.edit(found, summary="not told")  # and the message is lost
    assert told.waiting() == []
    world.later(60)
    told.worker.look()
    assert told.waiting() == [Trigger.TIMER]
    assert told.queue.perform_next()
    assert "not told" in world.here()
    course.settle()
