"""``davbridge sync`` and ``davbridge connection preview``: run a connection now, or say what a run would do (R19)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json, progress, table
from bridge.errors import BridgeError
from bridge.services.sync.acting import Progress
from bridge.services.sync.planning import Deletions
from bridge.services.sync.report import Planned, Preview, RunReport
from bridge.store.models.sync import RunOutcome
from bridge.store.runs import Result


@click.command("sync")
@click.argument("connections", type=int, nargs=-1, metavar="[CONNECTION]…")
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@click.option(
    "--deletions",
    type=click.Choice([each.value for each in Deletions]),
    default=Deletions.ASK.value,
    show_default=True,
    help="What becomes of suspiciously many deletions: ask, accept them, or restore what is gone.",
)
@as_json
@pass_program
@click.pass_context
def sync(
    ctx: click.Context, program: Program, connections: tuple[int, ...], deletions: str, *, preview: bool, as_json: bool
) -> None:
    """Run CONNECTIONs now, all active ones if none is named, and tell what became of each object."""
    wanted = connections or tuple(program.services.connections.active())
    if preview:
        previews = {number: program.services.sync.preview(number) for number in wanted}
        _show_previews(previews, as_json=as_json)
        return
    reports = []
    failed = False
    for number in wanted:
        report, results = _run(program, number, Deletions(deletions), quiet=as_json)
        failed = failed or report.outcome is not RunOutcome.DONE
        reports.append((number, report, results))
    program.finish_drawing()
    if as_json:
        print_json([_json(number, report, results) for number, report, results in reports])
    elif not wanted:
        click.echo("No connection is active. Start one with “davbridge connection start”.")
    if failed:
        ctx.exit(1)


@click.command("preview")
@click.argument("connection", type=int)
@as_json
@pass_program
def preview(program: Program, connection: int, *, as_json: bool) -> None:
    """Say what the next run of CONNECTION would do, without doing it."""
    _show_previews({connection: program.services.sync.preview(connection)}, as_json=as_json)


def _run(program: Program, number: int, deletions: Deletions, *, quiet: bool) -> tuple[RunReport, list[Result]]:
    results: list[Result] = []
    with progress(f"connection {number}") as advance:

        def tell(step: Progress) -> None:
            results.append(step.result)
            advance(step.done, step.total)

        try:
            report = program.services.sync.run(number, "manual", deletions=deletions, tell=tell)
        except BridgeError as error:
            report = RunReport("", RunOutcome.FAILED, message=str(error), remedy=error.remedy)
    if not quiet:
        _show(number, report, results)
    return report, results


def _show(number: int, report: RunReport, results: Sequence[Result]) -> None:
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(report.counts.items())) or "nothing to do"
    click.echo(f"Connection {number}: {_OUTCOMES[report.outcome]}: {told}.")
    for result in results:
        click.echo(f"  {result.action}: “{plain(result.title)}” {_ids(result.local_id, result.remote_id)}".rstrip())
        if result.reason:
            click.echo(f"    {plain(result.reason)} {plain(result.remedy)}".rstrip())
    if report.message:
        click.echo(f"  {plain(report.message)} {plain(report.remedy)}".rstrip())
    if report.retry_at:
        click.echo(f"  The next try is at {moment(report.retry_at)} UTC.")
    if report.outcome is RunOutcome.DECISION:
        click.echo("  Decide with --deletions accept, or --deletions restore.")


_OUTCOMES = {
    RunOutcome.DONE: "up to date",
    RunOutcome.PARTLY: "done but for what failed",
    RunOutcome.FAILED: "not done",
    RunOutcome.DECISION: "stopped, needs your decision",
    RunOutcome.RUNNING: "still running",
    RunOutcome.INTERRUPTED: "interrupted",
}


def _ids(local_id: int | None, remote_id: str | None) -> str:
    return plain(f"({local_id if local_id is not None else '–'} ↔ {remote_id or '–'})")


def _json(number: int, report: RunReport, results: Sequence[Result]) -> dict[str, object]:
    return {"connection": number, **asdict(report), "results": [asdict(result) for result in results]}


def _show_previews(previews: dict[int, Preview], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "connection": number,
                    "counts": found.counts(),
                    "danger": found.danger,
                    "items": [asdict(item) for item in found.items],
                }
                for number, found in previews.items()
            ]
        )
        return
    for number, found in previews.items():
        counts = Counter(found.counts())
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items())) or "nothing to do"
        click.echo(f"Connection {number} would do: {told}.")
        if found.danger:
            click.echo(f"  It would ask first: {plain(found.danger)}")
        table(("kind", "what", "title", "why"), [_row(item) for item in found.items])


def _row(item: Planned) -> tuple[str, str, str, str]:
    why = f"{item.rule}: {item.reason} {item.remedy}".strip() if item.rule else item.reason
    return item.kind.value, item.action, item.title, why
