"""A run that meets one fault, and later ones that meet none: it ends equal, and the state says why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta

from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.services.sync.scenarios.troubles import RIGHT, Faulty, Trouble
from tests.services.sync.scenarios.world import TOMORROW, World
from tests.system.chaos import CHAOS

LATER = TOMORROW + timedelta(days=30)
"""Yet to come after all rounds: what is over does not travel (R6)."""

CLEAN = 4
"""Runs within which everything has settled."""


@dataclass
class Meeting(ABC):
    """An account at a fake, to which something is done again and again before the run."""

    world: World
    account: Faulty

    @abstractmethod
    def change(self) -> None:
        """What people do on both sides before the run."""

    def strike(self, trouble: Trouble) -> None:
        """Let the third request fail, or the first that is meant; with "make chaos", each of them in turn."""
        nth = 1 if CHAOS or trouble.calls != ("",) else 3
        assert self.meet(trouble, nth)
        while CHAOS and self.meet(trouble, nth + 1):
            nth += 1

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
