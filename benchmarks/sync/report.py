"""Tables, targets and JSON of the sync benchmark, and its block in the documentation."""

import json
import math
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.sync.course import BACK, BOTH, CONTACTS, EVENTS, MATCH, NOTHING, OUT, Measured
from benchmarks.sync.own_services import EXCHANGE, GOOGLE, GRAPH
from benchmarks.sync.remotes import MEMORY, STOCK
from benchmarks.targets import Verdict

BEGIN, END = "<!-- sync benchmark: begin -->", "<!-- sync benchmark: end -->"
_JUDGED = 10_000
_FIRST = 20.0  # seconds of our own for 10,000 contacts
_UNCHANGED = 1.0  # seconds of our own
_SHARE = 1 / 3
_REQUESTS = 5
_MORE = 1.2  # times the requests that it takes at the least
_PORTIONS: Mapping[str, Mapping[tuple[str, str], tuple[int, ...]]] = {
    STOCK: {
        (EVENTS, OUT): (1,),
        (EVENTS, MATCH): (50,),
        (EVENTS, BACK): (50,),
        (CONTACTS, OUT): (1,),
        (CONTACTS, MATCH): (50,),
        (CONTACTS, BACK): (50,),
    },
    GOOGLE: {
        (EVENTS, OUT): (50,),
        (EVENTS, NOTHING): (2500, 2500),  # what has changed, and the whole calendar, since there are series among it
        (EVENTS, BACK): (2500,),
        (CONTACTS, OUT): (200,),
        (CONTACTS, NOTHING): (1000,),
        (CONTACTS, BACK): (1000,),
    },
    GRAPH: {
        (EVENTS, OUT): (20,),
        (EVENTS, NOTHING): (999, 2500, 400),
        (EVENTS, BACK): (999, 2500, 400),  # all, those of two years, and series by twenties
        (CONTACTS, OUT): (20,),
        (CONTACTS, NOTHING): (999,),
        (CONTACTS, BACK): (999, 999),
    },
    EXCHANGE: {
        (EVENTS, OUT): (100, 100),  # one that writes, and one that tells what became of it
        (EVENTS, NOTHING): (512,),
        (EVENTS, BACK): (512, 100),
        (CONTACTS, OUT): (100, 100),
        (CONTACTS, NOTHING): (512,),
        (CONTACTS, BACK): (512, 100),
    },
}
"""How many objects go into one request at the most, for each kind of request that it takes.

The run right after a first one is told of all that was just written: a listing of changes names its author nowhere.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured. ``begun`` is aware; ``load`` is the load average before and after."""

    command: str
    begun: datetime
    load: tuple[float, float]
    measured: Sequence[Measured]

    def text(self) -> str:
        """Everything, in Markdown."""
        head = (
            f"{self.begun:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"load average {self.load[0]:.1f} before and {self.load[1]:.1f} after. `{self.command}`"
        )
        return f"{head}\n\n{self._table()}\n\n## Targets\n\n{self._verdicts()}"

    def block(self) -> str:
        """What the documentation shows."""
        told = f"Measured on {self.begun:%Y-%m-%d} with {os.cpu_count()} cores by `{self.command}`."
        return f"{self._table()}\n\n{self._verdicts()}\n\n{told}"

    def json(self) -> str:
        """Everything, for programs."""
        found = {
            "command": self.command,
            "begun": self.begun.isoformat(),
            "load_average": self.load,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "measured": [asdict(each) for each in self.measured],
            "verdicts": [asdict(each) for each in verdicts(self.measured)],
        }
        return json.dumps(found, indent=1)

    def wrong(self) -> list[str]:
        """Everything that a run should have done otherwise."""
        return [f"{_title(each)}: {text}" for each in self.measured for text in each.wrong]

    def _table(self) -> str:
        heading = ("remote, run", "seconds", "waiting", "our own", "share", "our CPU", "requests", "memory, MB")
        return _table(heading, [_row(each) for each in self.measured])

    def _verdicts(self) -> str:
        marks = {True: "reached", False: "**missed**", None: "–"}
        rows = [(v.what, v.wanted, v.found, marks[v.reached]) for v in verdicts(self.measured)]
        return _table(("", "wanted", "found", ""), rows)


def verdicts(measured: Sequence[Measured]) -> list[Verdict]:
    """Judge every run that a target is about."""
    return [verdict for each in measured for verdict in _judged(each)]


def _judged(one: Measured) -> Iterator[Verdict]:
    title, right, big = _title(one), not one.wrong, one.size >= _JUDGED
    asked = sum(one.requests.values())
    if one.step == OUT and one.remote == STOCK:
        yield Verdict(f"{title}: our own share", "under a third", f"{one.share:.0%}", one.share < _SHARE and right)
    portions = _PORTIONS.get(one.remote, {}).get((one.what, one.step), ())
    if portions:
        least = sum(math.ceil(one.size / portion) for portion in portions)
        found = f"{asked:,}, at the least {least:,}"
        enough = asked <= least * _MORE + 3 and right
        yield Verdict(f"{title}: requests", "20 % more than needed at most", found, enough)
    alone = one.remote in {MEMORY, STOCK}  # others compute in this process too
    if one.step in {OUT, MATCH, BACK} and alone:
        reached = (one.cpu < _FIRST and right) if big else None
        yield Verdict(f"{title}: our CPU", f"under {_FIRST:g} s with {_JUDGED:,}", f"{one.cpu:.1f} s", reached)
    if one.step.startswith(NOTHING) and alone:
        reached = (one.cpu < _UNCHANGED and right) if big else None
        yield Verdict(f"{title}: our CPU", f"under {_UNCHANGED:g} s with {_JUDGED:,}", f"{one.cpu:.2f} s", reached)
    if one.step.startswith(NOTHING) and (alone or one.what == BOTH):
        yield Verdict(f"{title}: requests", f"{_REQUESTS} at most", f"{asked}", asked <= _REQUESTS and right)


def _title(one: Measured) -> str:
    what = "contacts and events" if one.what == BOTH else one.what
    return f"{one.remote}, {one.size:,} {what}, {one.step}"


def _row(one: Measured) -> Sequence[str]:
    asked = ", ".join(f"{number:,} {method}" for method, number in sorted(one.requests.items()))
    mark = " !" if one.wrong else ""
    times = (f"{value:,.2f}" for value in (one.seconds, one.waited, one.own))
    memory = f"{one.peak / 2**20:.0f}" if one.peak else ""
    return (f"{_title(one)}{mark}", *times, f"{one.share:.0%}", f"{one.cpu:,.2f}", asked, memory)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def update(file: Path, block: str) -> None:
    """Put the block between its two marks. Raises ``ValueError`` where they are missing."""
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file.name} lacks the marks {BEGIN} and {END}.")
    file.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")
