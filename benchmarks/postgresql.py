"""A PostgreSQL server of one's own for the time of a measurement: durable, with its default configuration."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import NotStarted, Process, free_port

_INITIAL = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")


@contextmanager
def private_server() -> Iterator[str]:
    """Start a server on a free port of the loopback interface, and give the address of a role that owns everything.

    Raises ``NotStarted`` where PostgreSQL is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise NotStarted("PostgreSQL is not installed. On Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="davbridge-benchmark-"))  # PostgreSQL's own user must be able to enter it
    try:
        user = _unprivileged(folder)
        create: list[str | Path] = [*user, found[-1].with_name("initdb"), "-D", folder / "data", *_INITIAL]
        subprocess.run(create, check=True, capture_output=True, cwd=folder)  # noqa: S603 - our own words
        port = free_port()
        place = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        process = Process([*user, found[-1], "-D", folder / "data", "-p", str(port), *place], port, folder / "log")
        process.start()
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> Sequence[str]:
    """PostgreSQL refuses to run as root: how to run it as its own user."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NotStarted("As root, PostgreSQL needs setpriv (util-linux).")
    shutil.chown(folder, "postgres")
    return (setpriv, "--reuid", "postgres", "--regid", "postgres", "--clear-groups")
