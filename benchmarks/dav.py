"""``python -m benchmarks.dav``: davbridge beside stock Radicale and Xandikos, with the same data and client."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click
import psycopg
from psycopg import sql

from benchmarks import growth, report, runs
from benchmarks.postgresql import private_server
from benchmarks.processes import NotStarted
from benchmarks.report import Report
from benchmarks.runs import Outcome, Pace
from benchmarks.servers import Davbridge, Radicale, Setup, Xandikos
from benchmarks.targets import POSTGRESQL

README = Path(__file__).resolve().parents[1] / "README.md"
PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures."""

    sizes: Sequence[int]
    pace: Pace
    xandikos: bool = True
    postgresql: str = ""
    growth: int = 0


def carry_out(plan: Plan, command: str) -> Report:
    """Measure everything. Raises ``NotStarted``."""
    begun, before = datetime.now(UTC), os.getloadavg()[0]
    outcomes, grown = [], None
    with tempfile.TemporaryDirectory(prefix="davbridge-benchmark-") as below:
        folder = Path(below)
        for size in plan.sizes:
            with _setups(plan, size) as setups:
                outcomes.append(_measure(folder, setups, size, plan))
        if plan.growth:
            few = max(1, min(1000, plan.growth // 10))
            grown = growth.measure(folder, few, plan.growth, plan.pace, _say)
    return Report(command, begun, (before, os.getloadavg()[0]), outcomes, grown)


def _measure(folder: Path, setups: Sequence[Setup], size: int, plan: Plan) -> Outcome:
    """Operations always; the mixed load with the smallest size, PUTs beside polls with the largest."""
    outcome = Outcome(size)
    with runs.peers(folder, setups, size, _say) as found:
        outcome.versions = {peer.server.name: peer.server.version for peer in found}
        outcome.closing = [peer.server.name for peer in found if runs.closes(peer.server)]
        outcome.operations = runs.measure_operations(found, plan.pace, _say)
        if size == max(plan.sizes):
            runs.measure_puts(found, plan.pace, outcome)
        if size == min(plan.sizes):
            outcome.loads = runs.measure_loads(found, plan.pace, _say)
        outcome.memory = dict(runs.measure_memory(found))
    return outcome


@contextmanager
def _setups(plan: Plan, size: int) -> Iterator[list[Setup]]:
    """The servers of a run; a PostgreSQL server or database exists as long as it lasts."""
    with ExitStack() as open_until_then:
        setups: list[Setup] = [Davbridge()]
        if plan.postgresql:
            base = open_until_then.enter_context(private_server()) if plan.postgresql == PRIVATE else plan.postgresql
            setups.append(Davbridge(POSTGRESQL, open_until_then.enter_context(_database(base, f"benchmark_{size}"))))
        setups.append(Radicale())
        if plan.xandikos:
            setups.append(Xandikos())
        yield setups


@contextmanager
def _database(base: str, name: str) -> Iterator[str]:
    """Make a database on a server, and drop it in the end."""
    identifier = sql.Identifier(name)
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(identifier))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        yield f"{base}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def _say(text: str) -> None:
    """Tell how far it is, apart from the result."""
    click.echo(f"{datetime.now(UTC):%H:%M:%S} {text}", err=True)


@click.command()
@click.option("--n", "sizes", multiple=True, type=click.IntRange(1), help="Events and cards; may be repeated.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Visits to each server.")
@click.option("--seconds", default=1.0, show_default=True, help="For one operation on one server in one round.")
@click.option("--load-seconds", default=4.0, show_default=True, help="For the mixed load with one number of clients.")
@click.option("--load-rounds", default=1, show_default=True, type=click.IntRange(1), help="Repetitions of that.")
@click.option(
    "--growth",
    "grown",
    default=None,
    metavar="N",
    type=click.IntRange(2),
    help="Also davbridge with so many activities.",
)
@click.option("--postgresql", default="", metavar="URL", help="Also davbridge on this server; “private” starts one.")
@click.option("--without-xandikos", is_flag=True, help="Leave Xandikos out.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write everything to this file.")
@click.option("--update-readme", is_flag=True, help="Write the table of the README anew.")
def main(  # noqa: PLR0913 - one argument for each option
    sizes: Sequence[int],
    rounds: int,
    seconds: float,
    load_seconds: float,
    load_rounds: int,
    grown: int | None,
    postgresql: str,
    json_file: Path | None,
    *,
    without_xandikos: bool,
    update_readme: bool,
) -> None:
    """Measure davbridge beside stock Radicale and Xandikos on this machine, and judge the targets."""
    pace = Pace(rounds, seconds=seconds, load_seconds=load_seconds, load_rounds=load_rounds)
    xandikos = not without_xandikos and find_spec("xandikos") is not None
    if not without_xandikos and not xandikos:
        _say("Xandikos is not installed; it is left out.")
    command = " ".join(["python -m benchmarks.dav", *_without_files(sys.argv[1:])])
    plan = Plan(sorted(sizes) or [1000], pace, xandikos, postgresql.rstrip("/"), grown or 0)
    try:
        found = carry_out(plan, command)
    except NotStarted as error:
        raise click.ClickException(str(error)) from error
    if json_file is not None:
        json_file.write_text(found.json(), encoding="utf-8")
    if update_readme:
        report.update_readme(README, report.readme_block(found))
    click.echo(found.text())
    for wrong in found.errors()[:20]:
        click.echo(f"WRONG: {wrong}", err=True)
    sys.exit(1 if found.errors() else 0)


def _without_files(arguments: Sequence[str]) -> list[str]:
    """The arguments that say what was measured, not where it was written."""
    kept = [word for before, word in zip(["", *arguments], arguments, strict=False) if "--json" not in {before, word}]
    return [word for word in kept if word != "--update-readme"]


if __name__ == "__main__":
    main()
