"""A real server in processes of its own, on a free port of the loopback interface, driven by its command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from bridge import bootstrap, config
from bridge.bootstrap import Services
from bridge.core.user import User
from tests.database import free_port

PROGRAM = (sys.executable, "-W", "error", "-c", "from bridge.cli import main; main()")
TRIES, PAUSE = 3600, 0.05  # three minutes to start
PATIENCE = 180  # seconds for a command, or for a stop; the machine may have much else to do

_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Account:
    """What a person types into a client."""

    url: str
    login: str
    password: str

    def path(self, collection: str) -> str:
        return f"/dav/{self.login}/{collection}/"


@dataclass
class ServerProcess:
    """``davbridge serve`` over one database. ``options`` are more lines of its ``[server]``; all lies in ``folder``."""

    folder: Path
    database_url: str
    workers: int = 2
    options: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(
            f"[server]\nport = {self.port}\nworkers = {self.workers}\n{self.options}"
            f"[database]\nurl = {self.database_url}\n"
            "[security]\nsecret_file = secret.key\n",
            encoding="utf-8",
        )

    @property
    def config_file(self) -> Path:
        return self.folder / "config.ini"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @cached_property
    def services(self) -> Services:
        """The CRM's side, in the test's own process and over the same database."""
        return bootstrap.build(config.load(self.config_file, {}))

    def run(self, *arguments: str) -> str:
        """Run a command of ``davbridge`` and return what it prints."""
        command = [*PROGRAM, "--config", str(self.config_file), *arguments]
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, f"davbridge {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def add_user(self, name: str) -> Account:
        """A user of this name, followed by a number, with a device. Other tests' users do not disturb them."""
        login = f"{name}{next(self._numbers)}"
        self.services.activities.ensure_types()
        self.services.principals.add(User(login, "Europe/Riga", name=login.title(), email=f"{login}@example.com"))
        return self.add_device(login, "First")

    def add_device(self, login: str, name: str) -> Account:
        """One more app password of a user."""
        _, password = self.services.devices.add(login, name)
        return Account(self.url, login, password)

    def start(self) -> None:
        """Start and wait until it is ready."""
        command = [*PROGRAM, "--config", str(self.config_file), "serve"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        for _ in range(TRIES):
            if self._is_ready():
                return
            try:
                code = self.process.wait(timeout=PAUSE)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"The server ended with {code}: {self.said()}")
        self.kill()
        pytest.fail(f"The server does not get ready: {self.said()}")

    def _is_ready(self) -> bool:
        try:
            with _direct.open(f"{self.url}/readyz", timeout=5) as reply:
                return bool(reply.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        """End it as an operator would. It ends by itself, with 0, and has had nothing to complain about."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=PATIENCE) == 0, self.said()
        self.check()
        self.process = None

    def check(self) -> None:
        """Whatever a client asks, it is no reason for a traceback in the log."""
        said = self.said()
        found = said.find("Traceback")
        assert found < 0, said[max(found - 2000, 0) : found + 4000]

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it and its workers at once, as a power failure would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the group that it was started in, alone with its workers
            self.process.wait(timeout=PATIENCE)
        self.process = None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("DAVBRIDGE_")}


@contextmanager
def serving(folder: Path, database_url: str, *, workers: int = 2, options: str = "") -> Iterator[ServerProcess]:
    """A server that runs meanwhile, and stops cleanly."""
    server = ServerProcess(folder, database_url, workers, options)
    try:
        server.start()
        with closing(server.services):
            yield server
        server.stop()
    finally:
        server.kill()
