"""``davbridge serve``: the page, DAV and the processes that answer."""

import click

from bridge.cli.frame import Program, pass_program


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Address to listen on, instead of the configured one.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the configured one.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that answer requests.")
@pass_program
def serve(program: Program, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the page and DAV until SIGTERM."""
    from bridge.cli import server  # noqa: PLC0415 - no other command needs the web server

    server.run(program.config, host=host, port=port, workers=workers)
