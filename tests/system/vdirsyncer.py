"""vdirsyncer between folders of files and an account on a server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.connection import Connection
from tests.system.server import Account

PROGRAM = (sys.executable, "-m", "vdirsyncer")
PATIENCE = 300  # seconds for one run


@dataclass(frozen=True, slots=True)
class Folder:
    """One collection as files, and the same one on the server."""

    path: Path
    url: str
    suffix: str

    def write(self, uid: str, text: str) -> None:
        (self.path / f"{uid}{self.suffix}").write_text(text, encoding="utf-8", newline="")

    def read(self, uid: str) -> str:
        return (self.path / f"{uid}{self.suffix}").read_text(encoding="utf-8")

    def delete(self, uid: str) -> None:
        (self.path / f"{uid}{self.suffix}").unlink()

    def texts(self) -> dict[str, str]:
        """The texts of the files by UID."""
        found = [file.read_text(encoding="utf-8") for file in self.path.glob(f"*{self.suffix}")]
        return {uid_of(text): text for text in found}

    def texts_on_server(self, account: Account) -> dict[str, str]:
        """The texts that the server gives out by UID."""
        with Connection(account) as connection:
            _, listing = connection.sync(self.url)
            found = [connection.get(href).text for href in listing.hrefs()]
        return {uid_of(text): text for text in found}


class Vdirsyncer:
    """An installation: configuration, files, and what it remembers. The server wins where both sides changed."""

    def __init__(self, home: Path, account: Account) -> None:
        self.config = home / "config"
        self.calendar = Folder(home / "calendars" / "activities", account.path("activities"), ".ics")
        self.contacts = Folder(home / "contacts" / "contacts", account.path("contacts"), ".vcf")
        for folder in (self.calendar, self.contacts):
            folder.path.mkdir(parents=True)
        pairs = "".join(
            f'[pair {kind}]\na = "{kind}_here"\nb = "{kind}_there"\n'
            f'collections = ["{folder.path.name}"]\nconflict_resolution = "b wins"\n'
            f'[storage {kind}_here]\ntype = "filesystem"\npath = "{folder.path.parent}"\nfileext = "{folder.suffix}"\n'
            f'[storage {kind}_there]\ntype = "{kind}"\nurl = "{account.url}/"\n'
            f'username = "{account.login}"\npassword = "{account.password}"\n'
            for kind, folder in (("caldav", self.calendar), ("carddav", self.contacts))
        )
        self.config.write_text(f'[general]\nstatus_path = "{home}/status"\n{pairs}', encoding="utf-8")

    def discover(self) -> None:
        """Find the collections from the server's address alone."""
        self._run("discover")

    def sync(self) -> int:
        """One run to its end. How many actions it took."""
        return sum(line.startswith(_ACTIONS) for line in self._run("sync").splitlines())

    def settle(self, runs: int = 5) -> None:
        """Run until there is nothing left to do."""
        for _ in range(runs):
            if self.sync() == 0:
                return
        raise AssertionError(f"After {runs} runs there is still something to do.")

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A run in the background, which is killed unless it has ended by itself."""
        process = subprocess.Popen(self._command("sync"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _run(self, command: str) -> str:
        line = self._command(command)
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == 0, told[-4000:]
        return told

    def _command(self, command: str) -> list[str]:
        return [*PROGRAM, "--verbosity", "INFO", "--config", str(self.config), command]


_ACTIONS = ("Copying", "Deleting", "Doing conflict resolution")


def uid_of(text: str) -> str:
    """The UID of the first component that has one."""
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("UID:"))
