"""The servers that are compared: how each is set up, given the data, and started."""

import json
import sys
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol

from benchmarks import filling
from benchmarks.client import Account
from benchmarks.corpus import Corpus
from benchmarks.filling import LOGIN, Texts
from benchmarks.processes import Process, free_port
from bridge import config
from bridge.config import Config

_PASSWORD = "benchmark"  # noqa: S105 - of servers that live for minutes on the loopback interface


@dataclass(frozen=True, slots=True)
class Running:
    """A server with its data, ready to be asked. ``calendar`` and ``book`` are paths that end in a slash."""

    name: str
    version: str
    process: Process
    account: Account
    calendar: str
    book: str


class Setup(Protocol):
    """Gives a server its data below a folder and starts it. Ending the process is up to the caller."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def __call__(self, folder: Path, corpus: Corpus, texts: Texts) -> Running:
        """Set the server up and start it. Raises ``NotStarted``."""


def bridge_environ(folder: Path, port: int, url: str = "") -> dict[str, str]:
    """How davbridge is told where everything is; the rest of its configuration keeps the defaults."""
    return {
        "DAVBRIDGE_SERVER_PORT": str(port),
        "DAVBRIDGE_DATABASE_URL": url or f"sqlite:///{folder}/davbridge.sqlite3",
        "DAVBRIDGE_SECURITY_SECRET_FILE": str(folder / "secret.key"),
    }


def bridge_config(environ: Mapping[str, str]) -> Config:
    """The configuration that the server process reads."""
    ours = {name: value for name, value in environ.items() if name.startswith(config.PREFIX)}
    return config.load(None, ours)


def bridge_command() -> Sequence[str]:
    """How ``davbridge serve`` is started with this Python."""
    return (sys.executable, "-c", "from bridge.cli import main; main()", "serve")


@dataclass(frozen=True, slots=True)
class Davbridge:
    """``davbridge serve`` with its default configuration. ``url`` is empty for an SQLite file."""

    name: str = "davbridge"
    url: str = ""

    def __call__(self, folder: Path, corpus: Corpus, texts: Texts) -> Running:  # noqa: ARG002 - it renders its own
        """Fill the database with CRM records and serve them."""
        environ = bridge_environ(folder, free_port(), self.url)
        password = filling.fill(bridge_config(environ), corpus)
        return self.start(folder, environ, password)

    def start(self, folder: Path, environ: Mapping[str, str], password: str) -> Running:
        """Serve a database that is already filled."""
        port = int(environ["DAVBRIDGE_SERVER_PORT"])
        process = Process(bridge_command(), port, folder / "log", environ)
        process.start()
        account = Account(port, LOGIN, password)
        home = f"/dav/{LOGIN}"
        return Running(self.name, "", process, account, f"{home}/activities/", f"{home}/contacts/")


@dataclass(frozen=True, slots=True)
class Radicale:
    """Stock Radicale: its file storage, its own server, ``htpasswd`` with plain passwords, the rest as it comes."""

    name: str = "Radicale"

    def __call__(self, folder: Path, corpus: Corpus, texts: Texts) -> Running:  # noqa: ARG002 - see Setup
        """Write the collections as Radicale keeps them, and start it."""
        home = folder / "collections" / "collection-root" / LOGIN
        _write_collection(home / "activities", texts.events, {"tag": "VCALENDAR", "D:displayname": "Activities"})
        _write_collection(home / "contacts", texts.cards, {"tag": "VADDRESSBOOK", "D:displayname": "Contacts"})
        port = free_port()
        (folder / "users").write_text(f"{LOGIN}:{_PASSWORD}\n")
        options: Mapping[str, Mapping[str, object]] = {
            "server": {"hosts": f"127.0.0.1:{port}"},
            "auth": {"type": "htpasswd", "htpasswd_filename": folder / "users", "htpasswd_encryption": "plain"},
            "storage": {"filesystem_folder": folder / "collections"},
        }
        written = ConfigParser(interpolation=None)
        written.read_dict(options)
        with (folder / "config").open("w") as file:
            written.write(file)
        process = Process((sys.executable, "-m", "radicale", "--config", folder / "config"), port, folder / "log")
        process.start()
        account = Account(port, LOGIN, _PASSWORD)
        version = metadata.version("radicale")
        return Running(self.name, version, process, account, f"/{LOGIN}/activities/", f"/{LOGIN}/contacts/")


def _write_collection(folder: Path, texts: Mapping[str, str], properties: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    (folder / ".Radicale.props").write_text(json.dumps(properties))
    for name, text in texts.items():
        (folder / name).write_text(text, newline="")


@dataclass(frozen=True, slots=True)
class Xandikos:
    """Xandikos with its own server and git work trees. It has no authentication without TLS."""

    name: str = "Xandikos"

    def __call__(self, folder: Path, corpus: Corpus, texts: Texts) -> Running:  # noqa: ARG002 - see Setup
        """Let Xandikos make its collections, add the texts in one commit each, and start it."""
        port, data = free_port(), folder / "data"
        program = (sys.executable, "-m", "xandikos", "serve", "--directory", data, "--defaults")
        place = ("--no-detect-systemd", "--listen-address", "127.0.0.1", "--port", str(port))
        user = ("--current-user-principal", f"/{LOGIN}/", "--state-dir", folder / "state")
        process = Process((*program, *place, *user), port, folder / "log")
        process.start()
        process.stop()
        _commit(data / LOGIN / "calendars" / "calendar", texts.events)
        _commit(data / LOGIN / "contacts" / "addressbook", texts.cards)
        process.start()
        account = Account(port, LOGIN, _PASSWORD)
        home = f"/{LOGIN}"
        calendar, book = f"{home}/calendars/calendar/", f"{home}/contacts/addressbook/"
        return Running(self.name, metadata.version("xandikos"), process, account, calendar, book)


def _commit(folder: Path, texts: Mapping[str, str]) -> None:
    from dulwich.repo import Repo  # noqa: PLC0415 - comes with Xandikos

    for name, text in texts.items():
        (folder / name).write_text(text, newline="")
    with Repo(str(folder)) as repository:
        tree = repository.get_worktree()
        tree.stage([name.encode() for name in texts])
        who = b"Benchmark <benchmark@example.com>"
        tree.commit(message=b"Add everything", committer=who, author=who)
