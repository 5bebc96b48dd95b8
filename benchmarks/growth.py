"""How davbridge grows: the same requests with few and with very many activities, and how soon it answers then."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bodies, corpus, filling
from benchmarks.client import Client
from benchmarks.operations import OPERATIONS
from benchmarks.peer import Peer
from benchmarks.processes import free_port
from benchmarks.runs import Pace, Say, measure_operations
from benchmarks.servers import Davbridge, bridge_config, bridge_environ

_KEYS = {"poll", "sync_nothing", "sync_one", "week"}


@dataclass(frozen=True, slots=True)
class Growth:
    """``per_row`` has the seconds per returned row with few and with many activities, by title of the operation."""

    small: int
    large: int
    start_seconds: float
    per_row: Mapping[str, tuple[float, float]]
    errors: tuple[str, ...]


def measure(folder: Path, small: int, large: int, pace: Pace, say: Say) -> Growth:
    """Fill two databases with activities and no contacts, and ask both in turn."""
    with ExitStack() as running:
        (few, _), (many, start_seconds) = (_start(folder, size, running, say) for size in (small, large))
        wanted = [each for each in OPERATIONS if each.key in _KEYS]
        samples = measure_operations([few, many], pace, say, wanted)
    per_row = {}
    for operation in wanted:
        found = [samples[operation.key][peer.server.name] for peer in (few, many)]
        if found[0].per_row is not None and found[1].per_row is not None:
            per_row[operation.title] = (found[0].per_row, found[1].per_row)
    errors = tuple(error for by_server in samples.values() for each in by_server.values() for error in each.errors)
    return Growth(small, large, start_seconds, per_row, errors)


def _start(folder: Path, size: int, running: ExitStack, say: Say) -> tuple[Peer, float]:
    """Fill, start, and tell how many seconds passed until the first poll was answered."""
    below = folder / f"growth-{size}"
    below.mkdir()
    found = corpus.make(size, cards=0)
    environ, begun = bridge_environ(below, free_port()), time.monotonic()
    password = filling.fill(bridge_config(environ), found)
    say(f"{size:,} activities were made in {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    server = Davbridge(name=f"{size:,}").start(below, environ, password)
    running.callback(server.process.stop)
    with Client(server.account) as client:
        client.propfind(server.calendar, bodies.POLL, "0")
    return Peer(server, found), time.monotonic() - begun
