"""What goes wrong at Google in an incremental run, at each of its requests: it ends equal, and the state says why.

A round changes, adds and deletes something on both sides, events and contacts, and an occurrence of a series. Then a
run meets one fault, and later runs meet none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.core.event import Event
from bridge.core.person import Person
from bridge.ports import RemoteId, SignIn
from bridge.providers.google.push import GoogleHook
from bridge.services.push import Push, offer
from bridge.services.queue import Queue, Trigger
from bridge.services.sync.pacing import Stop
from bridge.services.worker import Pattern, Worker
from bridge.store.models.sync import RunOutcome
from tests.fakes.google.answers import DATE, refused
from tests.fakes.google.server import CUT, FakeGoogle, Fault
from tests.harness import Office
from tests.providers.servers import SILENCE, Reply
from tests.services.sync.scenarios.google_remote import SECRET, GoogleOther, google_account
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, TOMORROW, World
from tests.system.chaos import CHAOS

RIGHT, WAITING, RECONNECT = "Up to date", "Waiting", "Reconnect needed"
CLEAN = 4
"""Runs within which everything has settled."""


@dataclass(frozen=True)
class Trouble:
    """A fault of one kind. ``calls`` are the ends of the requests that it makes sense for, ``states`` what is shown."""

    reply: Reply
    calls: tuple[str, ...] = ("",)
    states: tuple[str, ...] = (WAITING, RIGHT)
    after: bool = False
    revoked: bool = False

    def fault(self, nth: int, fake: FakeGoogle) -> Fault:
        def strikes(call: str, _: object) -> bool:
            return call != "token" and call.endswith(self.calls)

        def revoke(reply: Reply) -> Reply:
            fake.oauth.revoked = True
            return self.reply

        return Fault(revoke if self.revoked else self.reply, strikes, nth=nth, after=self.after)


LISTS = (".list",)
LIMIT = "User-rate limit exceeded."
TROUBLES = {
    "cut": Trouble(CUT),
    "answer lost": Trouble(CUT, after=True),
    "silence": Trouble(SILENCE),
    "silence afterwards": Trouble(SILENCE, after=True),
    "a token that ended": Trouble(refused(401, "Invalid Credentials", "authError"), states=(RIGHT,)),
    "a consent that was revoked": Trouble(
        refused(401, "Invalid Credentials", "authError"), states=(RECONNECT, RIGHT), revoked=True
    ),
    "403 rate limit": Trouble(refused(403, "User-rate limit exceeded.", "userRateLimitExceeded")),
    "404 of a listing": Trouble(refused(404, "Not Found", "notFound"), LISTS, (WAITING, RIGHT, "Stopped", "Choose")),
    "404 of a write": Trouble(refused(404, "Not Found", "notFound"), (".update",)),
    "409": Trouble(refused(409, "The requested identifier already exists.", "duplicate"), (".insert",), after=True),
    "410 of a listing": Trouble(
        refused(410, "A full sync is required.", "fullSyncRequired"), LISTS, (RIGHT, "Stopped")
    ),
    "410 of a deletion": Trouble(
        refused(410, "Resource has been deleted", "deleted"), (".delete",), (RIGHT,), after=True
    ),
    "412": Trouble(refused(412, "Precondition Failed", "conditionNotMet"), (".update", ".delete")),
    "429": Trouble(refused(429, "Quota exceeded.", word="RESOURCE_EXHAUSTED")),
    "500": Trouble(refused(500, "Backend Error", "backendError")),
    "500 afterwards": Trouble(refused(500, "Backend Error", "backendError"), after=True),
    "503": Trouble(Reply(503, {"Date": DATE, "Retry-After": "20"}, b"<html>Service Unavailable</html>")),
}


class Course:
    """A connection that syncs events and contacts, through round after round."""

    def __init__(self, world: World, other: GoogleOther) -> None:
        self.world = world
        self.other = other
        self.fake = other.fake
        self.round = 0
        self.people: list[Person] = []
        start = datetime.combine(TOMORROW, time(8), UTC)
        weekly: dict[str, Any] = {
            "start": start,
            "end": start + timedelta(hours=1),
            "recurrence": ("RRULE:FREQ=DAILY;COUNT=9",),
        }
        self.series = other.calendar.add(Event("series@elsewhere", summary="Standup", **weekly))
        world.connect(CALENDAR, CONTACTS)
        for _ in range(2):  # after which each round deletes something too
            self.change()
            world.run()
        assert world.quiet()

    def change(self) -> None:
        """What people do on both sides between two runs."""
        world, n = self.world, self.round = self.world, self.round + 1
        world.later(10)
        here = {each.subject: each for each in world.activities()}
        world.activity(f"ours {n}", hour=n % 24)
        world.event(f"theirs {n}", hour=n % 24)
        self.people.append(world.person(f"Our {n}", phone=f"+371 2000{n:04}"))
        world.contact(f"Their {n}", phone=f"+371 2100{n:04}")
        self._edit_former(here, n - 1)
        self._drop(here, n - 2)
        self._except(n)

    def _edit_former(self, here: dict[str, Any], n: int) -> None:
        if f"ours {n}" not in here:
            return
        world = self.world
        world.change_activity(here[f"ours {n}"], note=f"<p>{self.round}</p>", location=f"Room {self.round}")
        world.calendar.edit(world.calendar.find(f"theirs {n}"), location=f"Hall {self.round}")
        world.change_person(self.people[n - 1], job_title=f"Chief {self.round}")
        world.group.edit(world.group.find(f"Their {n}"), note=f"Note {self.round}")

    def _drop(self, here: dict[str, Any], n: int) -> None:
        if f"ours {n}" not in here:
            return
        self.world.delete_activity(here[f"ours {n}"])
        self.world.calendar.delete(self.world.calendar.find(f"theirs {n}"))
        self.world.group.delete(self.world.group.find(f"Their {n}"))

    def _except(self, n: int) -> None:
        """Another occurrence of the series is called otherwise."""
        series = self.world.calendar.all()[self.series]
        assert isinstance(series.start, datetime)
        at = series.start + timedelta(days=n % 8)
        changed = replace(series, summary=f"Standup {n}", recurrence=(), overrides=(), recurrence_id=at, start=at)
        self.world.calendar.edit(self.series, overrides=(replace(changed, end=at + timedelta(minutes=30)),))

    def meet(self, trouble: Trouble, nth: int) -> bool:
        """One run with a fault at the ``nth`` request, and what follows. Whether there were so many requests."""
        self.change()
        fault = trouble.fault(nth, self.fake)
        self.fake.faults.append(fault)
        self.world.run()
        assert self.world.state().startswith(trouble.states), (self.world.state(), self.world.row())
        self.fake.faults.clear()
        if self.fake.oauth.revoked:
            self.fake.oauth.revoked = False
            self.world.connections.reconnect(None, self.world.number)
        self.settle()
        return fault.seen >= nth

    def settle(self) -> None:
        world = self.world
        for _ in range(CLEAN):
            world.later(70)
            if world.row().problem is not None:
                world.start()
            report = world.run()
            assert report.outcome in {RunOutcome.DONE, RunOutcome.PARTLY}, report
            if report.outcome is RunOutcome.DONE and not report.counts:
                break
        assert world.quiet()
        assert world.state().startswith(RIGHT)
        self.check()

    def check(self) -> None:
        """Both sides have the same, each thing once."""
        world = self.world
        here = [each for each in world.here() if not each.startswith("Standup")]
        there = [each for each in world.there() if not each.startswith("Standup")]
        assert here == there
        assert len(set(here)) == len(here)
        assert world.people() == world.group.titles()
        assert len(set(world.people())) == len(world.people())
        notes = {each.summary: each for each in world.calendar.all().values()}
        assert all(notes[each.subject].location == each.location for each in world.activities() if not each.series)
        series = world.calendar.all()[self.series]
        assert series.overrides


@pytest.fixture
def course(office: Office) -> Iterator[Course]:
    with google_account(office.clock) as other:
        yield Course(World(office, other), other)


SAMPLE = ("answer lost", "a token that ended", "a consent that was revoked", "410 of a listing", "412")


@pytest.mark.parametrize("name", TROUBLES if CHAOS else SAMPLE)
def test_whatever_request_fails_it_ends_equal(course: Course, name: str) -> None:
    """With "make chaos", each request fails in each way; otherwise one does in some."""
    nth = 1 if CHAOS or TROUBLES[name].calls != ("",) else 3
    assert course.meet(TROUBLES[name], nth)
    while CHAOS and course.meet(TROUBLES[name], nth + 1):
        nth += 1


@dataclass
class Told:
    """The course with a worker that is told of changes, as the program runs it."""

    course: Course
    queue: Queue
    push: Push
    worker: Worker

    def tell(self) -> None:
        """Google sends what is due."""
        headers = self.course.fake.calendars.channels
        for channel in headers.known.values():
            channel.number += 2
            self.push.hear_all("google", GoogleHook().read({}, _small(channel.headers("exists")), b""))

    def waiting(self) -> list[Trigger]:
        return [order.trigger for order in self.queue.waiting()]


def _small(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): text for name, text in headers.items()}


@pytest.fixture
def told(course: Course, tmp_path: Path) -> Iterator[Told]:
    world, clock = course.world, course.world.office.clock
    with closing(Queue(f"sqlite:///{tmp_path / 'queue'}", clock)) as queue:
        parts = (world.office.database, clock)
        opened = course.other.connector.open(SignIn(secret=SECRET), lambda _: None)
        hooks = {"google": GoogleHook}
        push = Push(*parts, b"k" * 32, queue, hooks, lambda _: opened, offer("https://dav.example.com"))
        runner: Any = world.sync
        worker = Worker(*parts, queue, runner, Stop(), Pattern(), push.tend)
        yield Told(course, queue, push, worker)


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
