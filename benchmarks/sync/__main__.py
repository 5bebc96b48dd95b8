"""``python -m benchmarks.sync``: first syncs, unchanged runs and single changes, with a stock Radicale and without."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.processes import NotStarted
from benchmarks.sync.course import Course, Measured, Say
from benchmarks.sync.office import Ticking, made
from benchmarks.sync.own_services import our_exchange, our_google, our_graph
from benchmarks.sync.remotes import NOTHING_HELD, InMemory, Other, stock
from benchmarks.sync.report import Report, update
from bridge.ports import Clock

OwnService = Callable[[Clock], AbstractContextManager[Other]]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many objects of each kind one call measures.

    ``stock`` are brought to an empty stock Radicale, ``filled`` found in one that has everything already.
    """

    stock: Sequence[int] = ()
    filled: Sequence[int] = ()
    memory: Sequence[int] = ()
    google: Sequence[int] = ()
    graph: Sequence[int] = ()
    exchange: Sequence[int] = ()

    @property
    def own_services(self) -> Sequence[tuple[str, OwnService, Sequence[int]]]:
        """Those of ours that are measured, by name."""
        return (
            ("google", our_google, self.google),
            ("graph", our_graph, self.graph),
            ("exchange", our_exchange, self.exchange),
        )


def carry_out(plan: Plan, command: str, say: Say) -> Report:
    """Measure everything. Raises ``NotStarted``."""
    begun, before = datetime.now(UTC), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="davbridge-benchmark-") as below:
        measured = list(_measured(Path(below), plan, say))
    return Report(command, begun, (before, os.getloadavg()[0]), measured)


def _measured(folder: Path, plan: Plan, say: Say) -> Iterator[Measured]:
    for size in plan.memory:
        clock, place = Ticking(), folder / f"memory-{size}"
        place.mkdir()
        yield from Course(InMemory(clock), size, clock, say).carry_out(place)
    for name, own, size in ((name, own, size) for name, own, sizes in plan.own_services for size in sizes):
        clock, place = Ticking(), folder / f"{name}-{size}"
        place.mkdir()
        with own(clock) as account:
            yield from Course(account, size, clock, say).carry_out(place)
    for size, filled in [*((size, False) for size in plan.stock), *((size, True) for size in plan.filled)]:
        place = folder / f"stock-{size}-{filled}"
        place.mkdir()
        with stock(place, made(size) if filled else NOTHING_HELD) as server:
            yield from Course(server, size, Ticking(), say, filled).carry_out(place)


def _say(text: str) -> None:
    """Tell how far it is, apart from the result."""
    click.echo(f"{datetime.now(UTC):%H:%M:%S} {text}", err=True)


@click.command()
@click.option("--n", "stock", multiple=True, type=click.IntRange(1), help="Objects of each kind; may be repeated.")
@click.option("--filled", multiple=True, type=click.IntRange(1), help="The same where all is on both sides already.")
@click.option("--memory", multiple=True, type=click.IntRange(1), help="The same with an account in memory.")
@click.option("--google", multiple=True, type=click.IntRange(1), help="The same at a Google of our own.")
@click.option("--graph", multiple=True, type=click.IntRange(1), help="The same at a Microsoft 365 of our own.")
@click.option("--exchange", multiple=True, type=click.IntRange(1), help="The same at an Exchange of our own.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write everything to this file.")
@click.option("--update-readme", is_flag=True, help="Write the table of docs/benchmarks.md anew.")
def main(
    json_file: Path | None,
    *,
    update_readme: bool,
    **sizes: Sequence[int],
) -> None:
    """Measure the sync engine on this machine, and judge the targets.

    Stock Radicale takes about a tenth of a second for each object that is new to it, and more the fuller it is: measure
    large collections with --filled.
    """
    command = " ".join(["python -m benchmarks.sync", *_without_files(sys.argv[1:])])
    named = Plan(**{name: sorted(numbers) for name, numbers in sizes.items()})
    plan = named if any(sizes.values()) else Plan(stock=[2000], filled=[10_000], memory=[10_000])
    try:
        found = carry_out(plan, command, _say)
    except NotStarted as error:
        raise click.ClickException(str(error)) from error
    if json_file is not None:
        json_file.write_text(found.json(), encoding="utf-8")
    if update_readme:
        update(PAGE, found.block())
    click.echo(found.text())
    for wrong in found.wrong()[:20]:
        click.echo(f"WRONG: {wrong}", err=True)
    sys.exit(1 if found.wrong() else 0)


def _without_files(arguments: Sequence[str]) -> list[str]:
    """The arguments that say what was measured, not where it was written."""
    kept = [word for before, word in zip(["", *arguments], arguments, strict=False) if "--json" not in {before, word}]
    return [word for word in kept if word != "--update-readme"]


if __name__ == "__main__":
    main()
