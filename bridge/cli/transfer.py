"""``davbridge import`` and ``davbridge export``: files of one user's activities and contacts."""

from pathlib import Path

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, plain, print_json, progress
from bridge.errors import Invalid
from bridge.services.backup import new_file
from bridge.services.importing import Imported, Outcome

_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--owner", required=True, metavar="LOGIN", help="Who shall own what is imported.")
@as_json
@pass_program
@click.pass_context
def import_file(ctx: click.Context, program: Program, file: Path, owner: str, *, as_json: bool) -> None:
    """Take in FILE: .ics, .vcf, .csv, or the .json of an export. Taking it in twice changes nothing."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    with progress("Import") as advance:
        imported = program.services.transfer.import_file(owner, file.name, content, advance)
    program.finish_drawing()
    _show(imported, as_json=as_json)
    if imported.count(Outcome.REFUSED):
        ctx.exit(1)


def _show(imported: Imported, *, as_json: bool) -> None:
    if as_json:
        results = [{"what": r.what, "outcome": r.outcome, "reason": r.reason} for r in imported.results]
        print_json({"run": imported.run, "results": results})
        return
    for result in imported.results:
        if result.outcome is Outcome.REFUSED:
            click.echo(f"Refused: {plain(result.what)}: {plain(result.reason)}", err=True)
    counts = (f"{imported.count(outcome)} {outcome}" for outcome in Outcome)
    click.echo(", ".join(counts))
    if imported.count(Outcome.STORED):
        click.echo(f"To take it back: davbridge undo --run {imported.run}")


@click.command("export")
@click.argument("login")
@click.option("--activities", type=_NEW_FILE, metavar="FILE.ics", help="Calendar file of the activities.")
@click.option("--contacts", type=_NEW_FILE, metavar="FILE.vcf", help="Card file of the contacts.")
@click.option("--json", "records", type=_NEW_FILE, metavar="FILE.json", help="All records with their texts.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@pass_program
def export(
    program: Program, login: str, activities: Path | None, contacts: Path | None, records: Path | None, *, force: bool
) -> None:
    """Write what the user LOGIN owns to files. Only the JSON holds everything."""
    transfer = program.services.transfer
    wanted = ((activities, transfer.calendar), (contacts, transfer.cards), (records, transfer.records))
    if not any(file for file, _ in wanted):
        raise click.UsageError("Nothing to write: give --activities, --contacts or --json.")
    for file, text in wanted:
        if file is not None:
            with new_file(file, force=force) as stream:
                stream.write(text(login).encode())
            click.echo(f"Wrote {file}.")
