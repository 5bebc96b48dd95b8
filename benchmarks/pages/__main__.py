"""``python -m benchmarks.pages``: how long every page takes, and the list of very many activities."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import click

from benchmarks.client import WrongAnswer
from benchmarks.pages.report import MANY, Measured, Report
from benchmarks.pages.site import ASKING, Site, open_site
from benchmarks.processes import NotStarted, cpu_seconds
from bridge.services.demo import Size

_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How often each page is loaded, and how many activities the long list has; none: it is left out."""

    rounds: int
    many: int


def carry_out(plan: Plan, command: str) -> Report:
    """Measure everything. Raises ``NotStarted`` and ``WrongAnswer``."""
    begun, before = datetime.now(UTC), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="davbridge-benchmark-") as below:
        measured = list(_measured(Path(below), plan))
    return Report(command, begun, (before, os.getloadavg()[0]), measured)


def _measured(folder: Path, plan: Plan) -> Iterator[Measured]:
    size = Size()
    with open_site(folder / "demo", size, connected=True, say=_say) as site:
        total = size.users * size.activities
        for name, path in site.pages.items():
            yield _measure(site, name, path, total, plan.rounds)
    if plan.many:
        with open_site(folder / "many", Size(2, plan.many // 2, 10), connected=False, say=_say) as site:
            for name, query in _lists().items():
                yield _measure(site, name, f"/activities/?{urlencode(query)}", plan.many, plan.rounds)


def _lists() -> Mapping[str, Mapping[str, str]]:
    """Ways to look at the list of activities."""
    everybody = {"owner": "everyone", "status": "all"}
    later = datetime.now(UTC).date() + timedelta(days=20)
    return {
        "activities": {},
        "activities, everybody's": everybody,
        "activities, overdue": {"status": "overdue"},
        "activities, done": {"status": "done"},
        "activities, calls of everybody": {**everybody, "type": "call"},
        "activities, this week": {**everybody, "time": "this-week"},
        "activities, a period": {**everybody, "time": "period", "from": later.isoformat()},
        "activities, a word": {**everybody, "q": "renewal"},
        "activities, a word that nobody uses": {**everybody, "q": "xyzzy"},
    }


def _measure(site: Site, name: str, path: str, total: int, rounds: int) -> Measured:
    first = site.browser.get(path)
    if first.status >= _SERVER_ERROR and name not in ASKING:
        raise WrongAnswer(f"{path}: status {first.status}")
    before = cpu_seconds(site.process.ids())
    seconds = [site.browser.get(path).seconds for _ in range(rounds)]
    cpu = (cpu_seconds(site.process.ids()) - before) / rounds
    return Measured(name, path, first.status, len(first.body), total, name in ASKING, cpu, seconds)


def _say(text: str) -> None:
    """Tell how far it is, apart from the result."""
    click.echo(f"{datetime.now(UTC):%H:%M:%S} {text}", err=True)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True, help="How often each page is loaded.")
@click.option("--many", type=click.IntRange(0), default=MANY, show_default=True, help="Activities of the long list.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write everything to this file.")
def main(rounds: int, many: int, json_file: Path | None) -> None:
    """Measure how long the page takes to answer on this machine, and judge the targets."""
    command = f"python -m benchmarks.pages --rounds {rounds} --many {many}"
    try:
        found = carry_out(Plan(rounds, many), command)
    except (NotStarted, WrongAnswer) as error:
        raise click.ClickException(str(error)) from error
    if json_file is not None:
        json_file.write_text(found.json(), encoding="utf-8")
    click.echo(found.text())


if __name__ == "__main__":
    main()
