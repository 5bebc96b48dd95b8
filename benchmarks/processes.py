"""Server processes: started on a free port, waited for, measured, and ended by their own id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

START_LIMIT, STOP_LIMIT = 120.0, 20.0  # seconds


class NotStarted(Exception):
    """A server did not come up; the text has what it said."""


def free_port() -> int:
    """Find a port of the loopback interface that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Process:
    """A server that runs, with everything it has started itself. What it says goes to ``log``."""

    command: Sequence[str | Path]
    port: int
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and return when it accepts connections. Raises ``NotStarted``."""
        environ = {**os.environ, **self.environ}
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - our own words
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environ, start_new_session=True
            )
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit and self._running.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        said = self.log.read_text(errors="replace")[-2000:]
        raise NotStarted(f"{' '.join(map(str, self.command))} does not answer:\n{said}")

    def stop(self) -> None:
        """End it: politely first, then for good with what it has started."""
        running, self._running = self._running, None
        if running is None:
            return
        running.terminate()
        try:
            running.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # its own session: nothing else is in this group
            running.wait(STOP_LIMIT)

    def ids(self) -> list[int]:
        """The ids of the process and of its descendants."""
        return [] if self._running is None else _with_descendants(self._running.pid)


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process holds, in bytes: ``rss`` with and ``pss`` without what is shared with others."""

    rss: int
    pss: int


def memory(ids: Sequence[int]) -> list[Memory]:
    """Measure processes, the largest first. Nothing where the system does not tell (it does on Linux)."""
    found = (_memory(each) for each in ids)
    return sorted((each for each in found if each), key=lambda each: each.rss, reverse=True)


def cpu_seconds(ids: Sequence[int]) -> float:
    """How long processes have computed so far, in both modes together. Zero where the system does not tell."""
    ticks = 0
    for each in ids:
        try:
            text = Path(f"/proc/{each}/stat").read_text()
        except OSError:
            continue
        words = text.rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(process_id: int) -> Memory | None:
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines[1:])}
    return Memory(sizes["Rss"], sizes["Pss"])


def _with_descendants(process_id: int) -> list[int]:
    try:
        children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    except OSError:
        return [process_id]
    return [process_id, *(each for child in children for each in _with_descendants(int(child)))]
