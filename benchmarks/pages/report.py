"""The table, the targets and the JSON of the page's benchmark."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median

from benchmarks.targets import Verdict

PAGE, LIST = 50.0, 100.0  # milliseconds, in the median
MANY = 100_000  # activities, for which the target of the list is


@dataclass(frozen=True, slots=True)
class Measured:
    """A page. ``asks``: it waits for an account elsewhere. ``activities`` is how many there were in all.

    ``cpu`` is what the server computed for one answer, in seconds. Unlike the time it hardly depends on what else the
    machine does.
    """

    name: str
    path: str
    status: int
    octets: int
    activities: int
    asks: bool
    cpu: float
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """Milliseconds."""
        return 1000 * median(self.seconds)

    @property
    def worst(self) -> float:
        """The value that one in twenty exceeds, in milliseconds."""
        return 1000 * sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]


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

    def json(self) -> str:
        """Everything, for programs."""
        found = {
            "command": self.command,
            "begun": self.begun.isoformat(),
            "load_average": self.load,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "measured": [asdict(each) | {"median": each.median, "p95": each.worst} for each in self.measured],
            "verdicts": [asdict(each) for each in verdicts(self.measured)],
        }
        return json.dumps(found, indent=1)

    def _table(self) -> str:
        rows = [
            (
                f"{each.name}{' (asks the account)' if each.asks else ''}",
                f"{each.activities:,}",
                str(each.status),
                f"{each.median:.1f}",
                f"{each.worst:.1f}",
                f"{1000 * each.cpu:.1f}",
                f"{each.octets / 1000:.0f}",
            )
            for each in self.measured
        ]
        return _table(("page", "activities", "status", "median, ms", "p95, ms", "CPU, ms", "kB"), rows)

    def _verdicts(self) -> str:
        marks = {True: "reached", False: "**missed**", None: "–"}
        rows = [(v.what, v.wanted, v.found, marks[v.reached]) for v in verdicts(self.measured)]
        return _table(("", "wanted", "found", ""), rows)


def verdicts(measured: Sequence[Measured]) -> list[Verdict]:
    """Judge the slowest page of each kind."""
    small = [each for each in measured if each.activities < MANY and not each.asks]
    large = [each for each in measured if each.activities >= MANY]
    return [
        *_judged("every page, demo data", PAGE, small),
        *_judged(f"the list of activities, {MANY:,} activities", LIST, large),
    ]


def _judged(what: str, most: float, measured: Sequence[Measured]) -> list[Verdict]:
    if not measured:
        return []
    slowest = max(measured, key=lambda each: each.median)
    found = f"{slowest.median:.0f} ms at most ({slowest.name})"
    return [Verdict(what, f"under {most:.0f} ms in the median", found, slowest.median < most)]


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
