"""Generated histories through Google, Microsoft 365 and Exchange: in the end both sides agree.

The steps are those of ``histories.py``. What only an account in memory can be brought to do is a plain run here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.core.event import Event
from bridge.errors import Conflict
from bridge.ports import RemoteId
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import RunReport
from bridge.store.database import Database
from bridge.store.models.sync import ProblemKind, RunOutcome
from tests.harness import NOW, Office
from tests.services.sync.histories import (
    CopyThere,
    Create,
    Edit,
    Fails,
    Forget,
    Garbled,
    History,
    Remove,
    Revoked,
    Run,
    Step,
    Trouble,
    Where,
    histories,
)
from tests.services.sync.scenarios.accounts import ACCOUNTS
from tests.services.sync.scenarios.troubles import TROUBLES
from tests.services.sync.scenarios.world import World
from tests.services.sync.sides import Part, Shape, first_word
from tests.system.chaos import CHAOS, amount

LATER = (NOW + timedelta(days=30)).date()
MOST_FAILURES = 2  # of a history: an object that fails three times is parked, and stays different
MOST_RUNS = 5
_FAILURES = {
    "unsent": dict.fromkeys(ACCOUNTS, "500"),
    "unheard": dict.fromkeys(ACCOUNTS, "answer lost"),
    "quota": {"google": "403 rate limit", "graph": "429", "exchange": "busy"},
}


@dataclass
class Life:
    """What people did to one thing."""

    edited: bool = False
    removed: bool = False


@dataclass
class Story:
    """Plays one history on a calendar that is synced both ways."""

    world: World
    remote: str
    other: Any
    lives: dict[str, Life] = field(default_factory=dict)
    failures: int = 0

    def play(self, step: Step) -> None:
        self.world.later(10)
        match step:
            case Create(where, shape):
                self._create(where, shape)
            case Edit(Where.OURS, pick, part):
                self._edit_here(pick, part)
            case Edit(Where.THEIRS, pick, part):
                self._edit_there(pick, part)
            case Remove(where, pick):
                self._remove(where, pick)
            case CopyThere(pick):
                self._copy_there(pick)
            case Forget():
                self.other.forget()
            case Run(trouble):
                self._run(trouble)

    def _create(self, where: Where, shape: Shape) -> None:
        number = len(self.lives)
        name, day = f"n{number}", LATER + timedelta(days=number)
        self.lives[name] = Life()
        if where is Where.OURS:
            self.world.activity(f"{name} new", day, None if shape is Shape.WHOLE_DAY else number % 24)
            return
        start = datetime(day.year, day.month, day.day, number % 24, tzinfo=UTC)
        event = Event(f"{name}@elsewhere", summary=f"{name} new", start=start, end=start + timedelta(hours=1))
        if shape is Shape.WHOLE_DAY:
            event = replace(event, start=day, end=day + timedelta(days=1))
        self.world.calendar.add(
            replace(event, recurrence=("RRULE:FREQ=DAILY;COUNT=5",) if shape is Shape.SERIES else ())
        )

    def _edit_here(self, pick: int, part: Part) -> None:
        picked = _picked({each.id: each for each in self.world.activities()}, pick, lambda each: each.subject)
        if picked is None or picked.series or part not in {Part.TITLE, Part.TIME, Part.OWN}:
            return
        name, number = first_word(picked.subject), len(self.lives) + pick
        changes: dict[Part, dict[str, Any]] = {
            Part.TITLE: {"subject": f"{name} ours {number}"},
            Part.TIME: {"due_date": LATER + timedelta(days=40 + number)},
            Part.OWN: {"public_description": f"<p>{number}</p>"},
        }
        self.world.change_activity(picked, **changes[part])
        self.lives[name].edited = True

    def _edit_there(self, pick: int, part: Part) -> None:
        events = self.world.calendar.all()
        id_ = _picked({id_: id_ for id_ in events}, pick, lambda each: events[each].summary)
        if id_ is None or part is Part.TIME:
            return
        event, name = events[id_], first_word(events[id_].summary)
        if part is Part.TITLE:
            self.world.calendar.edit(id_, summary=f"{name} theirs {pick}")
        elif part is Part.OWN:
            self.world.calendar.edit(id_, location=str(pick))
        elif part is Part.EXCEPTION and event.recurrence:
            self._except(id_, event, name)
        self.lives[name].edited |= part is not Part.NOTHING

    def _copy_there(self, pick: int) -> None:
        events = self.world.calendar.all()
        id_ = _picked({id_: id_ for id_ in events}, pick, lambda each: events[each].summary)
        if id_ is not None and not events[id_].overrides:  # whose names are their own
            name = f"n{len(self.lives)}"
            self.lives[name] = Life(edited=True)
            self.world.calendar.edit(self.world.calendar.copy(id_), summary=f"{name} copy")

    def _except(self, id_: RemoteId, event: Event, name: str) -> None:
        assert isinstance(event.start, datetime)
        at = event.start + timedelta(days=1)
        changed = replace(event, summary=f"{name} exception", recurrence=(), overrides=(), recurrence_id=at, start=at)
        self.world.calendar.edit(id_, overrides=(replace(changed, end=at + timedelta(hours=2)),))

    def _remove(self, where: Where, pick: int) -> None:
        if where is Where.OURS:
            here = _picked({each.id: each for each in self.world.activities()}, pick, lambda each: each.subject)
            if here is not None:
                self.world.delete_activity(here)
                self.lives[first_word(here.subject)].removed = True
            return
        events = self.world.calendar.all()
        there = _picked({id_: id_ for id_ in events}, pick, lambda each: events[each].summary)
        if there is not None:
            self.world.calendar.delete(there)
            self.lives[first_word(events[there].summary)].removed = True

    def _run(self, trouble: Trouble | None) -> None:
        match trouble:
            case Fails(nth, how) if self.failures < MOST_FAILURES:
                self.failures += 1
                fault = TROUBLES[self.remote][_FAILURES[how][self.remote]].fault(nth, self.other)
                self.other.fake.faults.append(fault)
            case Garbled("breaks off"):
                self.other.break_listings()
            case Revoked():
                self.other.revoke()
        self.run()
        self.other.recover()

    def run(self, deletions: Deletions = Deletions.ASK) -> RunReport | None:
        if self.world.row().problem is ProblemKind.SIGN_IN:
            self.world.connections.reconnect(None, self.world.number)
        try:
            return self.world.run(deletions)
        except Conflict:
            return None

    def calm_down(self) -> None:
        for _ in range(MOST_RUNS):
            self.world.later(70)
            report = self.run()
            if report is not None and report.outcome is RunOutcome.DECISION:
                report = self.run(Deletions.ACCEPT)
            assert report is not None
            if not report.counts and report.outcome is RunOutcome.DONE:
                return
        raise AssertionError(f"After {MOST_RUNS} runs there is still something to do: {self.world.told()}")

    def check(self) -> None:
        here = [first_word(each.subject) for each in self.world.activities()]
        there = [first_word(each.summary) for each in self.world.calendar.all().values()]
        assert sorted(here) == sorted(there)
        assert len(set(there)) == len(there), there
        for name, life in self.lives.items():
            if not life.removed:
                assert name in there, f"{name} is lost: {life}"
            elif not life.edited:
                assert name not in there, f"{name} came back: {life}"
        assert self.world.quiet()


def _picked(present: dict[Any, Any], pick: int, title: Any) -> Any:
    """One of those that are there, by the alphabet."""
    ordered = sorted(present.values(), key=lambda each: str(title(each)))
    return ordered[pick % len(ordered)] if ordered else None


@contextmanager
def story(remote: str, template: Path, folder: Path) -> Iterator[Story]:
    """A calendar that is synced both ways, with nothing in it."""
    file = folder / "history.sqlite3"
    for each in folder.glob("history.sqlite3*"):
        each.unlink()
    shutil.copyfile(template, file)
    with closing(Database(f"sqlite:///{file}")) as database:
        office = Office(database)
        with ACCOUNTS[remote](office.clock) as other:
            world = World(office, other)
            world.connect()
            yield Story(world, remote, other)


@pytest.mark.parametrize("remote", ACCOUNTS if CHAOS else ["google"])
def test_whatever_happens_both_sides_agree_in_the_end(remote: str, sqlite_template: Path, tmp_path: Path) -> None:
    played = 0

    @settings(
        max_examples=amount(quick=2, full=80),
        suppress_health_check=list(HealthCheck),
        database=None,
        deadline=None,
        derandomize=not CHAOS,
    )
    @given(histories())
    def play(history: History) -> None:
        nonlocal played
        with story(remote, sqlite_template, tmp_path) as told:
            for step in history.steps:
                told.play(step)
            told.calm_down()
            told.check()
        played += 1

    play()
    assert played
