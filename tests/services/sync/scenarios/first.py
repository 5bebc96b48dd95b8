"""A first sync again and again, each time from two sides that know nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bridge.core.event import Event
from tests.services.sync.scenarios.meeting import LATER, Meeting
from tests.services.sync.scenarios.world import CALENDAR, CONTACTS, CRM


@dataclass
class First(Meeting):
    """Each side has something that the other lacks, and both have an event and a contact that are the same."""

    round: int = 0

    def change(self) -> None:
        self._clear()
        world, n = self.world, self.round = self.world, self.round + 1
        world.later(10)
        for name, hour in (("ours", 9), ("both", 11)):
            world.activity(f"{name} {n}", LATER, hour)
            world.person(f"{name} {n}", f"{name}{n}@example.com")
        for name, hour in (("theirs", 10), ("both", 11)):
            world.event(f"{name} {n}", LATER, hour)
            world.contact(f"{name} {n}", f"{name}{n}@example.com")
        self._add_series()
        world.connect(CALENDAR, CONTACTS)

    def check(self) -> None:
        super().check()
        (series,) = (each for each in self.world.calendar.all().values() if each.recurrence)
        assert series.overrides

    def _clear(self) -> None:
        world = self.world
        if world.number:
            world.connections.remove(None, world.number)
        for activity in world.activities():
            world.delete_activity(activity)
        for person in world.persons():
            world.office.contacts.delete_person(CRM, person.id)
        for event in world.calendar.all():
            world.calendar.delete(event)
        for contact in world.group.all():
            world.group.delete(contact)

    def _add_series(self) -> None:
        start = datetime.combine(LATER, time(8), UTC)
        times: dict[str, Any] = {"start": start, "end": start + timedelta(hours=1)}
        series = Event(f"series{self.round}@elsewhere", summary=f"Standup {self.round}", **times)
        at = start + timedelta(days=2)
        own = replace(series, summary="Standup, short", recurrence_id=at, start=at, end=at + timedelta(minutes=20))
        rule = ("RRULE:FREQ=DAILY;COUNT=5",)
        self.world.calendar.add(replace(series, recurrence=rule, overrides=(own,)))
