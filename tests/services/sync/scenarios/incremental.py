"""Round after round of an incremental sync: each changes, adds and deletes something on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bridge.core.event import Event
from bridge.core.person import Person
from tests.services.sync.scenarios.meeting import LATER, Meeting
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, TOMORROW


@dataclass
class Course(Meeting):
    """A connection that syncs events, contacts and an occurrence of a series, through round after round."""

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
        world.activity(f"ours {n}", LATER, n % 24)
        world.event(f"theirs {n}", LATER, n % 24)
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

    def check(self) -> None:
        super().check()
        assert self.world.calendar.all()[self.series].overrides
