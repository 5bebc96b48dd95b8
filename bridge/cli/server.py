"""Run the server: several processes over one database, the page and DAV on one port."""

import logging
import time
from datetime import timedelta
from typing import Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from bridge import bootstrap
from bridge.cli.allocating import return_memory
from bridge.cli.answering import Worker
from bridge.cli.arriving import whole_or_refused
from bridge.cli.drawing import Drawing
from bridge.cli.gateway import WsgiApp, behind_proxies, gateway
from bridge.cli.turns import in_turn
from bridge.cli.worker import WorkerProcess
from bridge.config import Config
from bridge.errors import ConfigError, Conflict
from plugins.application import DavOptions, DavServices, create_application
from web import create_app

_KEEP_ALIVE = 65  # seconds; longer than the usual pause between the requests of one sync
_GRACE = 20  # seconds for requests in progress to end after SIGTERM


def wsgi_application(config: Config, services: bootstrap.Services) -> WsgiApp:
    """Everything that answers requests, as one WSGI application."""
    dav_services = DavServices(services.principals, services.devices, services.resources)
    try:
        dav = create_application(dav_services, dav_options(config))
    except RuntimeError as error:
        raise ConfigError([f"[radicale.*]: {error}"]) from error
    everything = whole_or_refused(gateway(in_turn(dav), create_app(services, config)))
    return behind_proxies(everything, config.server.trusted_proxies)


def dav_options(config: Config) -> DavOptions:
    """What of the configuration DAV needs."""
    return DavOptions(
        realm=config.dav.realm,
        shortcuts=config.dav.shortcuts,
        max_body=config.server.max_body,
        max_resource_size=config.dav.max_resource_size,
        radicale={section: dict(options) for section, options in config.radicale.items()},
    )


class Server(BaseApplication):
    """gunicorn, configured by ours. Each worker process builds the services for itself."""

    def __init__(self, config: Config, *, bind: str, workers: int) -> None:
        self._config = config
        self._bind = bind
        self._workers = workers
        self._services: bootstrap.Services | None = None
        self._drawing: Drawing | None = None
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        server = self._config.server
        settings: dict[str, Any] = {
            "bind": self._bind,
            "workers": self._workers,
            "threads": server.threads,
            "worker_class": Worker,
            "keepalive": _KEEP_ALIVE,
            "graceful_timeout": _GRACE,
            "proc_name": "davbridge",
            "loglevel": "warning",
            "forwarded_allow_ips": "",
            "worker_exit": self._close,
            "control_socket_disable": True,  # its thread would be there at every fork
            "certfile": str(server.certificate) if server.certificate else None,
            "keyfile": str(server.key) if server.key else None,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    @property
    def arrival(self) -> timedelta:
        """How long a request may take to arrive: for our workers."""
        return self._config.server.request_timeout

    def load(self) -> WsgiApp:
        """Build the application, in the worker process. Where no sync worker runs beside, this process draws too."""
        logging.getLogger("radicale").setLevel(logging.WARNING)
        self._services = bootstrap.build(self._config)
        if not self._config.sync.enabled:
            self._drawing = Drawing(self._services.redraws)
            self._drawing.start()
        return wsgi_application(self._config, self._services)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        Overseer(self, self._config).run()

    def _close(self, _arbiter: object, _worker: object) -> None:
        """Let go of the database when a worker process ends."""
        if self._drawing is not None:
            self._drawing.stop()
        if self._services is not None:
            self._services.close()


class Overseer(Arbiter):
    """gunicorn's first process, which keeps the sync worker beside its own workers."""

    def __init__(self, server: Server, config: Config) -> None:
        self._sync = WorkerProcess(config, self._leave) if config.sync.enabled else None
        super().__init__(server)

    def manage_workers(self) -> None:
        """Start whatever is missing. gunicorn calls this every second, and when a child has died."""
        super().manage_workers()
        if self._sync is not None:
            self._sync.keep()

    def start(self) -> None:
        """Listen, and say where. Raises ``Conflict`` where that is not possible."""
        try:
            super().start()
        except SystemExit as error:
            raise Conflict(
                f"The server cannot listen on {', '.join(self.cfg.bind)}.",
                remedy="Another program listens there already, or this machine has no such address: end it, or choose "
                "another in [server] or with --host and --port.",
            ) from error
        places = ", ".join(map(str, self.LISTENERS))
        click.echo(f"The server listens on {places} until Ctrl+C or SIGTERM.", err=True)

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        """End every child; the sync worker has as long as the others."""
        deadline = time.monotonic() + _GRACE
        if self._sync is not None:
            self._sync.ask_to_end()
        super().stop(graceful)
        if self._sync is not None:
            self._sync.end_by(deadline)

    def _leave(self) -> None:
        """In the sync worker: the address is not its own, and must be free once the server has ended."""
        for listener in self.LISTENERS:
            listener.close()


def run(config: Config, *, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises ``ConfigError`` before anything listens."""
    return_memory()
    services = bootstrap.build(config)
    try:
        services.database.migrate()
        wsgi_application(config, services)
    finally:
        services.close()
    bind = f"{_bracketed(host or config.server.host)}:{port or config.server.port}"
    Server(config, bind=bind, workers=workers or config.server.workers).run()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
