"""The program itself: its global options and its commands."""

from pathlib import Path

import click

from bridge import __version__
from bridge.cli import (
    connections,
    database,
    demo,
    devices,
    doctor,
    duplicates,
    feeds,
    journal,
    serve,
    sync,
    transfer,
    users,
    why,
    worker,
)
from bridge.cli.frame import Commands, Program


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="DAVBRIDGE_CONFIG",
    metavar="FILE",
    help="Configuration; by default config.ini in the current folder.",
)
@click.option("--debug", is_flag=True, help="Show the traceback when something goes wrong.")
@click.version_option(__version__, prog_name="davbridge")
@click.pass_context
def main(ctx: click.Context, config_file: Path | None, *, debug: bool) -> None:
    """CRM activities and contacts on any CalDAV/CardDAV client."""
    ctx.obj = Program(config_file, debug, ctx)


for command in (
    serve.serve,
    worker.worker,
    demo.demo,
    users.group,
    devices.group,
    feeds.group,
    connections.group,
    connections.rotate_keys,
    sync.sync,
    transfer.import_file,
    transfer.export,
    why.why,
    journal.journal,
    journal.undo,
    duplicates.duplicates,
    duplicates.merge,
    duplicates.distinct,
    doctor.doctor,
    database.check_config,
    database.migrate,
    database.backup,
    database.restore,
):
    main.add_command(command)

connections.group.add_command(sync.preview)
