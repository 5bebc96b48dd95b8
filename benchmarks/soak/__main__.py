"""``python -m benchmarks.soak``: generated requests against a server of its own; fails on 5xx and on growth."""

import sys
import tempfile
from contextlib import closing
from pathlib import Path

import click

from benchmarks import filling
from benchmarks.corpus import make
from benchmarks.filling import LOGIN
from benchmarks.processes import NotStarted, free_port
from benchmarks.servers import Davbridge, bridge_config, bridge_environ
from benchmarks.soak.running import Found, Growth, Plan, soak
from bridge import bootstrap
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption

BOUND = 60_000_000  # bytes that all processes together may grow by, once warm
_SHARE = 0.5  # of the time, to get warm: each process keeps the room that its largest request once took
_MEGA = 1_000_000


def carry_out(folder: Path, plan: Plan) -> tuple[Found, Growth, str]:
    """Serve a few records and soak the server. Also what it wrote to its log. Raises ``NotStarted``."""
    environ = bridge_environ(folder, free_port())
    config = bridge_config(environ)
    password = filling.fill(config, make(20))
    with closing(bootstrap.build(config)) as services:
        services.principals.choose_type(LOGIN, "task", TypeOption(shown_as=EventKind.TASK))
    running = Davbridge().start(folder, environ, password)
    try:
        found, growth = soak(running.account, running.process, plan)
        with closing(bootstrap.build(config)) as services:
            problems = [*services.health.check_resources(_quietly), *services.health.check_rules(_quietly)]
        found.failures.extend(f"doctor: {each.problem}" for each in problems)
    finally:
        running.process.stop()
    return found, growth, running.process.log.read_text(errors="replace")


def _quietly(_done: int, _total: int) -> None:
    """Nobody waits for this."""


def report(found: Found, growth: Growth) -> str:
    """Say what happened, for people."""
    statuses = ", ".join(f"{status} × {number}" for status, number in sorted(found.statuses.items()))
    methods = ", ".join(f"{method} × {number}" for method, number in found.methods.most_common())
    return (
        f"{found.requests} requests: {methods}\nanswers: {statuses}\n"
        f"memory: {growth.warm / _MEGA:.0f} MB when warm, {growth.end / _MEGA:.0f} MB at the end "
        f"({growth.grown / _MEGA:+.1f} MB; bound {BOUND / _MEGA:.0f} MB)\n"
        f"connections closed without notice: {found.reopened}\nfailures: {len(found.failures)}"
    )


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="How long.")
@click.option("--clients", default=4, show_default=True, type=click.IntRange(1), help="How many ask at once.")
@click.option("--seed", default="soak", show_default=True, help="Another one draws other requests.")
def main(minutes: float, clients: int, seed: str) -> None:
    """Send generated requests, valid, odd and hostile, to a server over SQLite."""
    seconds = minutes * 60
    plan = Plan(seconds, seconds * _SHARE, clients, seed)
    with tempfile.TemporaryDirectory(prefix="davbridge-soak-") as folder:
        try:
            found, growth, log = carry_out(Path(folder), plan)
        except NotStarted as error:
            raise click.ClickException(str(error)) from error
    click.echo(report(found, growth))
    at = log.find("Traceback")
    for wrong in [*found.failures[:20], *([log[max(at - 500, 0) : at + 3000]] if at >= 0 else [])]:
        click.echo(f"WRONG: {wrong}", err=True)
    sys.exit(1 if found.failures or at >= 0 or growth.grown > BOUND else 0)


if __name__ == "__main__":
    main()
