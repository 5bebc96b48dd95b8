"""The course of a measurement: what is run one after another with one remote, and what each run has to have done."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.sync.office import Office, Ticking, made, office
from benchmarks.sync.remotes import Other
from bridge.core.scope import FlowKind
from bridge.services.sync.report import RunReport
from bridge.store.models.sync import RunOutcome

Say = Callable[[str], None]
CONTACTS, EVENTS, BOTH = "contacts", "events", "both"
OUT, BACK, NOTHING, HERE, THERE = "first sync", "first sync, the other way", "nothing changed", "one here", "one there"
MATCH = "first sync, all on both sides"
_KINDS = {CONTACTS: FlowKind.CONTACTS, EVENTS: FlowKind.CALENDAR}
_PAUSE = timedelta(minutes=10)  # two turns of the timer
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Times are seconds: ``waited`` for the remote, ``own`` everything else, ``cpu`` of our process.

    ``peak`` is the most memory that our process held, in bytes, 0 where the system does not tell. ``wrong`` says what
    it did not do that it should have.
    """

    remote: str
    size: int
    what: str
    step: str
    seconds: float
    waited: float
    cpu: float
    peak: int
    requests: Mapping[str, int]
    wrong: tuple[str, ...] = ()

    @property
    def own(self) -> float:
        """Everything but waiting."""
        return self.seconds - self.waited

    @property
    def share(self) -> float:
        """Our own part of the time."""
        return self.own / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Course:
    """One remote and so many objects of each kind. ``filled``: the remote has all of them from the beginning."""

    other: Other
    size: int
    clock: Ticking
    say: Say
    filled: bool = False

    def carry_out(self, folder: Path) -> Iterator[Measured]:
        """Bring everything there, or find it there; change single things; bring it all into an empty database."""
        with office(folder / "full", made(self.size), self.other, self.clock) as full:
            for what, kind in _KINDS.items():
                full.choose(kind)
                yield self._first(full, what)
                yield from self._afterwards(full, what, kind)
            full.choose(*FlowKind)
            full.run()  # what was left for a while is looked at as a whole, once
            self.clock.advance(_PAUSE)
            yield self._one(full, BOTH, NOTHING, {})
        with office(folder / "empty", Corpus((), ()), self.other, self.clock) as empty:
            for what, kind in _KINDS.items():
                empty.choose(kind)
                yield self._one(empty, what, BACK, {"created here": self.size})
            empty.choose(*FlowKind)
            empty.run()
            self.clock.advance(_PAUSE)
            yield self._one(empty, BOTH, f"{NOTHING} since the other way", {})

    def _first(self, full: Office, what: str) -> Measured:
        if self.filled:
            return self._one(full, what, MATCH, {"matched": self.size})
        return self._one(full, what, OUT, {"created there": self.size})

    def _afterwards(self, full: Office, what: str, kind: FlowKind) -> Iterator[Measured]:
        yield self._one(full, what, NOTHING, {})
        full.edit(kind)
        yield self._one(full, what, HERE, {"changed there": 1})
        self.other.edit(kind)
        yield self._one(full, what, THERE, {"changed here": 1})

    def _one(self, side: Office, what: str, step: str, wanted: Mapping[str, int]) -> Measured:
        self.other.asked()
        _forget_peak()
        begun, computed = time.perf_counter(), time.process_time()
        report = side.run()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - computed
        asked = self.other.asked()
        wrong = tuple(_wrong(report, wanted, self._unlike(side, what)))
        found = Measured(
            self.other.name, self.size, what, step, seconds, report.waited, cpu, _peak(), dict(asked), wrong
        )
        self.say(
            f"{self.other.name}, {self.size:,} {what}, {step}: {seconds:.2f} s, own {found.own:.2f}, CPU {cpu:.2f}"
        )
        return found

    def _unlike(self, side: Office, what: str) -> Iterator[str]:
        """What the sides do not both hold."""
        kinds: Collection[FlowKind] = [_KINDS[what]] if what in _KINDS else list(FlowKind)
        for kind in kinds:
            here, there = side.uids(kind), self.other.uids(kind)
            unlike = here != there and (self.other.keeps_uids or not here.isdisjoint(there))
            if unlike or not len(here) == len(there) == self.size:
                yield f"{len(here)} here, {len(there)} there, {len(here & there)} on both sides"


def _wrong(report: RunReport, wanted: Mapping[str, int], unlike: Iterator[str]) -> Iterator[str]:
    if report.outcome is not RunOutcome.DONE:
        yield f"{report.outcome}: {report.message}"
    if dict(report.counts) != dict(wanted):
        yield f"{dict(report.counts)} instead of {dict(wanted)}"
    yield from unlike


def _forget_peak() -> None:
    """Let the system measure from now on (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
