"""Tables for people, JSON for programs, and the block of the README."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.growth import Growth
from benchmarks.operations import OPERATIONS
from benchmarks.runs import Outcome
from benchmarks.samples import Samples
from benchmarks.targets import OURS, STOCK, best, verdicts

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run found. ``begun`` is aware; ``load`` is the system's load average before and after."""

    command: str
    begun: datetime
    load: tuple[float, float]
    outcomes: Sequence[Outcome]
    growth: Growth | None

    def text(self) -> str:
        """All tables, in Markdown."""
        parts = [self._machine()]
        for outcome in self.outcomes:
            parts += _tables(outcome)
        parts.append(_verdict_table(self))
        return "\n\n".join(part for part in parts if part)

    def _machine(self) -> str:
        versions = {name: version for outcome in self.outcomes for name, version in outcome.versions.items() if version}
        servers = ", ".join(f"{name} {version}" for name, version in versions.items())
        return (
            f"{self.begun:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}; {servers}. Load average {self.load[0]:.1f} before and "
            f"{self.load[1]:.1f} after. `{self.command}`"
        )

    def json(self) -> str:
        """Everything, with every single time."""
        found: dict[str, Any] = {
            "command": self.command,
            "begun": self.begun.isoformat(),
            "load_average": self.load,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "packages": {name: metadata.version(name) for name in ("radicale", "sqlalchemy", "gunicorn")},
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "growth": asdict(self.growth) if self.growth else None,
            "verdicts": [asdict(each) for each in verdicts(self.outcomes, self.growth)],
        }
        return json.dumps(found, indent=1, default=sorted)

    def errors(self) -> list[str]:
        """Every wrong answer of this project, in a sentence."""
        found = [
            f"N = {outcome.size:,}, {key}: {error}"
            for outcome in self.outcomes
            for key, by_server in outcome.operations.items()
            for name, samples in by_server.items()
            if name.startswith(OURS)
            for error in samples.errors
        ]
        found += [
            f"N = {outcome.size:,}, {clients} clients: {error}"
            for outcome in self.outcomes
            for clients, by_server in outcome.loads.items()
            for name, loads in by_server.items()
            if name.startswith(OURS)
            for each in loads
            for error in each.errors
        ]
        return found + [f"growth: {error}" for error in (self.growth.errors if self.growth else ())]


def _tables(outcome: Outcome) -> Iterator[str]:
    servers = list(outcome.versions)
    yield f"## N = {outcome.size:,}\n\nMedian / p95 in milliseconds [repetitions]; ! counts wrong answers."
    heading = ["operation", *servers, *(f"{name}: × {STOCK}" for name in servers if name.startswith(OURS))]
    yield _table(heading, [_operation_row(outcome, each.key, each.title, servers) for each in OPERATIONS])
    if outcome.loads:
        rows = [[f"{c} clients", *(_load_cell(outcome, c, name) for name in servers)] for c in outcome.loads]
        yield "Mixed load (80 % polls, 15 % syncs, 5 % PUTs): requests per second, p95 in milliseconds."
        yield _table(["", *servers], rows)
    if outcome.put_alone:
        rows = [
            ["alone", *(_cell(outcome.put_alone.get(name)) for name in servers)],
            ["while four clients poll", *(_cell(outcome.put_polled.get(name)) for name in servers)],
        ]
        yield _table(["PUT, update", *servers], rows)
    yield _memory_table(outcome, servers)
    if outcome.closing:
        yield f"A new connection for every request, because the server closes it: {', '.join(outcome.closing)}."


def _operation_row(outcome: Outcome, key: str, title: str, servers: Sequence[str]) -> list[str]:
    by_server = outcome.operations.get(key, {})
    ours = [name for name in servers if name.startswith(OURS)]
    factors = [_factor(by_server.get(name), by_server.get(STOCK)) for name in ours]
    return [title, *(_cell(by_server.get(name)) for name in servers), *factors]


def _cell(samples: Samples | None) -> str:
    if samples is None:
        return ""
    wrong = f" !{len(samples.errors)}" if samples.errors else ""
    if samples.median is None or samples.p95 is None:
        return f"–{wrong}"
    return f"{_number(samples.median * 1000)} / {_number(samples.p95 * 1000)} [{len(samples.seconds)}]{wrong}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _factor(ours: Samples | None, stock: Samples | None) -> str:
    if ours is None or stock is None or ours.median is None or stock.median is None:
        return ""
    return f"× {_number(stock.median / ours.median)}"


def _load_cell(outcome: Outcome, clients: int, name: str) -> str:
    loads = outcome.loads[clients].get(name, [])
    if not loads:
        return ""
    errors = sum(len(each.errors) for each in loads)
    p95 = max(each.p95 for each in loads)
    wrong = f" !{errors}" if errors else ""
    return f"{_number(best(outcome, clients, name) or 0)}, p95 {_number(p95 * 1000)} [{len(loads)}]{wrong}"


def _memory_table(outcome: Outcome, servers: Sequence[str]) -> str:
    if not any(outcome.memory.values()):
        return ""
    cells = [
        ", ".join(f"{each.rss >> 20} / {each.pss >> 20}" for each in outcome.memory.get(name, ())) for name in servers
    ]
    return _table(["memory of each process, MB (RSS / PSS)", *servers], [["after everything above", *cells]])


def _verdict_table(report: Report) -> str:
    marks = {True: "reached", False: "**missed**", None: "–"}
    rows = [[v.what, v.wanted, v.found, marks[v.reached]] for v in verdicts(report.outcomes, report.growth)]
    return "## Targets\n\n" + _table(["", "wanted", "found", ""], rows)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def readme_block(report: Report) -> str:
    """The table of the README: medians with the largest size, and the mixed load, with the command that makes them."""
    outcome = max(report.outcomes, key=lambda each: each.size)
    loaded = next((each for each in report.outcomes if each.loads), None)
    servers = list(outcome.versions)
    rows = [[each.title, *_plain_row(outcome, each.key, servers)] for each in OPERATIONS]
    heading = [f"median, ms, with {outcome.size:,} events and contacts", *servers, f"× {STOCK}"]
    parts = [_table(heading, rows)]
    if loaded is not None:
        cells = [[f"{c} clients", *(_load_cell(loaded, c, name) for name in servers)] for c in loaded.loads]
        parts.append(_table([f"mixed load, requests/s, {loaded.size:,} events", *servers], cells))
    parts.append(f"Measured on {report.begun:%Y-%m-%d} with {os.cpu_count()} cores by `{report.command}`.")
    return "\n\n".join(parts)


def _plain_row(outcome: Outcome, key: str, servers: Sequence[str]) -> list[str]:
    by_server = outcome.operations.get(key, {})
    medians = [by_server[name].median if name in by_server else None for name in servers]
    marks = ["!" if name in by_server and by_server[name].errors else "" for name in servers]
    cells = [f"{_number(m * 1000) if m is not None else '–'}{mark}" for m, mark in zip(medians, marks, strict=True)]
    return [*cells, _factor(by_server.get(OURS), by_server.get(STOCK))]


def update_readme(file: Path, block: str) -> None:
    """Put the block between its two marks. Raises ``ValueError`` where they are missing."""
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file.name} lacks the marks {BEGIN} and {END}.")
    file.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")
