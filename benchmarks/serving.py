"""``python -m benchmarks.serving``: ways to run davbridge's WSGI application, under the mixed load."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import click

from benchmarks import bodies, corpus, filling, load
from benchmarks.client import Account, Client
from benchmarks.corpus import Corpus
from benchmarks.load import Load
from benchmarks.processes import Memory, Process, cpu_seconds, free_port, memory
from benchmarks.runs import LOADS
from benchmarks.servers import bridge_config, bridge_environ

_APPLICATION = "benchmarks.wsgi:application"
_CALENDAR = f"/dav/{filling.LOGIN}/activities/"


@dataclass(frozen=True, slots=True)
class Variant:
    """A server and its processes and threads. ``needs`` is the package; ``words`` follow the address."""

    name: str
    needs: str
    words: Sequence[str]

    def command(self, port: int) -> Sequence[str]:
        """How it is started with this Python."""
        address = {
            "gunicorn": ("gunicorn", "--bind", f"127.0.0.1:{port}", "--keep-alive", "65", "--log-level", "warning"),
            "granian": ("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"),
            "waitress": ("waitress", "--listen", f"127.0.0.1:{port}"),
        }[self.needs]
        return (sys.executable, "-m", *address, *self.words, _APPLICATION)


def _gthread(workers: int, threads: int) -> Variant:
    words = ("--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads))
    return Variant(f"gunicorn gthread, {workers} × {threads}", "gunicorn", words)


def _granian(workers: int, threads: int) -> Variant:
    words = ("--workers", str(workers), "--blocking-threads", str(threads))
    return Variant(f"granian, {workers} × {threads}", "granian", words)


VARIANTS = (
    _gthread(1, 8),
    _gthread(2, 4),
    _gthread(2, 2),
    _gthread(2, 1),
    Variant("gunicorn sync, 2", "gunicorn", ("--worker-class", "sync", "--workers", "2")),
    _granian(1, 1),
    _granian(2, 1),
    _granian(2, 2),
    Variant("waitress, 1 × 8", "waitress", ("--threads", "8")),
)


@dataclass
class Outcome:
    """What was measured of one variant: the loads by number of clients, and its memory after the last one.

    ``cpu`` is how many seconds its processes computed for each of the requests of one load. Unlike the rate it hardly
    depends on what else the machine does.
    """

    loads: dict[int, list[Load]]
    cpu: dict[int, list[float]]
    memory: Sequence[Memory] = ()
    closes: bool = False


def compare(folder: Path, size: int, rounds: int, seconds: float) -> Mapping[str, Outcome]:
    """Start each variant in turn over one database, in every round, and put the load on it."""
    found, environ = corpus.make(size), bridge_environ(folder, 1)
    password = filling.fill(bridge_config(environ), found)
    variants = [each for each in VARIANTS if find_spec(each.needs)]
    outcomes = {
        each.name: Outcome({clients: [] for clients in LOADS}, {clients: [] for clients in LOADS}) for each in variants
    }
    serial = 0
    for _ in range(rounds):
        for variant in variants:
            port = free_port()
            process = Process(variant.command(port), port, folder / "log", environ)
            process.start()
            try:
                account = Account(port, filling.LOGIN, password)
                serial = _measure(outcomes[variant.name], process, account, found, seconds, serial)
            finally:
                process.stop()
            rates = ", ".join(f"{loads[-1].per_second:.0f}" for loads in outcomes[variant.name].loads.values())
            click.echo(f"{datetime.now(UTC):%H:%M:%S} {variant.name}: {rates} requests/s", err=True)
    return outcomes


def _measure(outcome: Outcome, process: Process, account: Account, found: Corpus, seconds: float, serial: int) -> int:
    """Measure one start of one variant. How many loads there have been by then."""
    for _ in range(8):  # so that every process and thread has served once
        with Client(account) as client:
            client.propfind(_CALENDAR, bodies.POLL, "0")
            outcome.closes = client.closed > 0
    for clients in LOADS:
        serial += 1
        before = cpu_seconds(process.ids())
        done = load.mixed(account, _CALENDAR, found.single()[0], clients, seconds, serial)
        outcome.loads[clients].append(done)
        outcome.cpu[clients].append((cpu_seconds(process.ids()) - before) / max(1, done.requests))
    outcome.memory = memory(process.ids())
    return serial


def table(outcomes: Mapping[str, Outcome]) -> str:
    """A table in Markdown: medians over the rounds."""
    heading = [
        "requests/s (p95, ms; CPU per request, ms)",
        *(f"{clients} clients" for clients in LOADS),
        "errors",
        "PSS, MB",
        "keep-alive",
    ]
    lines = [heading, ["---"] * len(heading)]
    for name, outcome in outcomes.items():
        cells = [_cell(loads, outcome.cpu[clients]) for clients, loads in outcome.loads.items()]
        errors = sum(len(each.errors) for loads in outcome.loads.values() for each in loads)
        held = " + ".join(str(each.pss >> 20) for each in outcome.memory)
        lines.append([name, *cells, str(errors), held, "no" if outcome.closes else "yes"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(loads: Sequence[Load], cpu: Sequence[float]) -> str:
    if not loads:
        return "–"
    rate, p95 = median(each.per_second for each in loads), median(each.p95 for each in loads)
    return f"{rate:,.0f} ({p95 * 1000:.1f}; {median(cpu) * 1000:.2f})"


@click.command()
@click.option("--n", "size", default=1000, show_default=True, type=click.IntRange(1), help="Events and cards.")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Starts of each variant.")
@click.option("--seconds", default=4.0, show_default=True, help="For each load.")
def main(size: int, rounds: int, seconds: float) -> None:
    """Compare servers for the WSGI application, to choose one."""
    with tempfile.TemporaryDirectory(prefix="davbridge-serving-") as below:
        click.echo(table(compare(Path(below), size, rounds, seconds)))


if __name__ == "__main__":
    main()
