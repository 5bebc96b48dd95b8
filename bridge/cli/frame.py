"""What every command shares: the configuration, the services, and errors that become sentences."""

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from bridge import bootstrap, config
from bridge.bootstrap import Services
from bridge.config import Config
from bridge.errors import BridgeError, ConfigError, Conflict

DEFAULT_FILE = Path("config.ini")


@dataclass
class Program:
    """One run of the program. ``given`` is the file named by ``--config`` or ``DAVBRIDGE_CONFIG``."""

    given: Path | None = None
    debug: bool = False
    context: click.Context | None = field(default=None, repr=False)

    @property
    def config_file(self) -> Path | None:
        """The file that is read: the given one, else the one in the current folder, else none."""
        return self.given or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)

    @cached_property
    def config(self) -> Config:
        """The configuration. Raises ``ConfigError``."""
        return config.load(self.config_file, os.environ)

    @cached_property
    def services(self) -> Services:
        """The services over a database that has tables. Raises ``ConfigError``, or ``Conflict`` before ``migrate``."""
        if not self.bare_services.database.has_tables():
            raise Conflict("The database has no tables yet.", remedy="Run “davbridge migrate”.")
        return self.bare_services

    @cached_property
    def bare_services(self) -> Services:
        """The services over whatever database there is, closed when the command ends. Raises ``ConfigError``."""
        services = bootstrap.build(self.config)
        if self.context is not None:
            self.context.call_on_close(services.close)
        return services

    def finish_drawing(self) -> None:
        """Draw again what the command has changed for very many, with pauses for others: maybe no server runs."""
        self.services.redraws.finish(lambda span: time.sleep(span.total_seconds()))

    @property
    def address(self) -> str:
        """Where people reach the server, without a final slash."""
        server = self.config.server
        if server.base_url:
            return server.base_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104 - not bound here
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if server.certificate else 'http'}://{host}:{server.port}"


pass_program = click.make_pass_decorator(Program)


class Commands(click.Group):
    """The outermost group: whatever goes wrong ends in one sentence, and with ``--debug`` in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Exit status 1 when it failed; wrong use (2) is click's own."""
        try:
            return super().invoke(ctx)
        except BridgeError as error:
            self._end(ctx, error, list(sentences(error)))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - the outermost place: a bug becomes a sentence for the user
            problem = f"Something unexpected happened: {type(error).__name__}."
            self._end(
                ctx, error, [problem, "Run the command again with “davbridge --debug …” and report what it shows."]
            )

    def _end(self, ctx: click.Context, error: Exception, told: list[str]) -> None:
        if isinstance(ctx.obj, Program) and ctx.obj.debug:
            raise error
        for sentence in told:
            click.echo(sentence, err=True)
        ctx.exit(1)


def sentences(error: BridgeError) -> list[str]:
    """What a reader is told: what happened, and what to do."""
    if isinstance(error, ConfigError):
        return [*error.problems, error.remedy or "Correct the configuration; “davbridge check-config” checks it."]
    return [f"Error: {error}", *([error.remedy] if error.remedy else [])]
