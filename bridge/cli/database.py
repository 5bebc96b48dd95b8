"""The database as a whole: ``check-config``, ``migrate``, ``backup``, ``restore``."""

from pathlib import Path

import click

from bridge import values
from bridge.cli.frame import Program, pass_program
from bridge.cli.output import moment, progress

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command("check-config")
@pass_program
def check_config(program: Program) -> None:
    """Tell everything that is wrong with the configuration."""
    loaded = program.config
    source = program.config_file or "the defaults"
    click.echo(
        f"The configuration is right ({source}). The server would listen on {loaded.server.host}, "
        f"port {loaded.server.port}."
    )


@click.command("migrate")
@pass_program
def migrate(program: Program) -> None:
    """Make the tables, or bring them to this version."""
    program.bare_services.database.migrate()
    click.echo("The database is up to date.")


@click.command("backup")
@_FILE
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@pass_program
def backup(program: Program, file: Path, *, force: bool) -> None:
    """Write everything to FILE; the server may run meanwhile."""
    with progress("Backup") as advance:
        program.services.backup.write(file, advance, force=force)
    click.echo(f"Wrote {file}. Keep it with {program.config.security.secret_file}: app passwords need both.")


def _size(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    try:
        return values.size(text, Path()) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("restore")
@_FILE
@click.option("--size-limit", callback=_size, metavar="SIZE", help="Largest unpacked size, such as 20 GB.")
@pass_program
def restore(program: Program, file: Path, size_limit: int | None) -> None:
    """Fill an empty database from the backup FILE; the server must not run."""
    services = program.bare_services
    with progress("Restore") as advance:
        manifest = services.backup.restore(file, advance, size_limit=size_limit)
    click.echo(f"Restored {manifest.rows} rows as of {moment(manifest.created_at)} UTC.")
    if not services.backup.signs_in(manifest):
        click.echo(
            "The backup belongs to another secret file: app passwords will not work. "
            f"Put the old one at {program.config.security.secret_file}, or make new app passwords.",
            err=True,
        )
