"""Round after round of an incremental sync, one of whose runs meets a fault: it ends equal, and the state says why.

A round changes, adds and deletes something on both sides, events and contacts, and an occurrence of a series. Then a
run meets one fault, and later runs meet none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bridge.core.event import Event
from bridge.core.person import Person
from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.services.sync.scenarios.troubles import RIGHT, Faulty, Trouble
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, TOMORROW, World

CLEAN = 4
"""Runs within which everything has settled."""


@dataclass
class Course:
    """A connection that syncs events and contacts, through round after round."""

    world: World
    account: Faulty
    round: int = 0

    def __post_init__(self) -> None:
        self.people: list[Person] = []
        start = datetime.combine(TOMORROW, time(8), UTC)
        weekly: dict[str, Any] = {
            "start": start,
            "end": start + timedelta(hours=1),
            "recurrence": ("RRULE:FREQ=DAILY;COUNT=9",),
        }
        self.series = self.world.calendar.add(Event("series@elsewhere", summary="Standup", **weekly))
        self.world.connect(CALENDAR, CONTACTS)
        for _ in range(2):  # after which each round deletes something too
            self.change()
            self.world.run()
        assert self.world.quiet()

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
        fault = trouble.fault(nth, self.account)
        self.account.fake.faults.append(fault)
        self.world.run()
        state, needs_sign_in = self.world.state(), self.world.row().problem is ProblemKind.SIGN_IN
        met = fault.seen >= nth
        assert state.startswith(trouble.states if met else RIGHT), (state, self.world.row())
        self.account.recover()
        if needs_sign_in:
            self.world.connections.reconnect(None, self.world.number)
        self.settle()
        return met

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
