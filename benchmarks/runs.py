"""One run: the servers get the same data and are visited in turn, operation by operation, for several rounds."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import corpus, filling, load
from benchmarks.client import CONNECTION_LOST, WrongAnswer
from benchmarks.filling import Texts
from benchmarks.load import Load
from benchmarks.operations import OPERATIONS, Operation, list_etags, put_update
from benchmarks.peer import Peer, Visit
from benchmarks.processes import Memory, memory
from benchmarks.samples import Samples
from benchmarks.servers import Davbridge, Running, Setup, bridge_config

Say = Callable[[str], None]
LOADS = (1, 8, 32)  # clients
POLLERS = 4
_LEAST = 3  # repetitions of every operation over all rounds, however slow


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take: in a round, an operation is repeated until ``repetitions`` or ``seconds`` are over."""

    rounds: int = 3
    repetitions: int = 20
    seconds: float = 1.0
    load_rounds: int = 1
    load_seconds: float = 4.0

    @property
    def least(self) -> int:
        """How often an operation is repeated in a round at the least."""
        return -(-_LEAST // self.rounds) if self.rounds > 1 else 1


@dataclass
class Outcome:
    """What was measured with one size of data, by key of the operation (or number of clients), then by server."""

    size: int
    versions: dict[str, str] = field(default_factory=dict)
    operations: dict[str, dict[str, Samples]] = field(default_factory=dict)
    loads: dict[int, dict[str, list[Load]]] = field(default_factory=dict)
    put_alone: dict[str, Samples] = field(default_factory=dict)
    put_polled: dict[str, Samples] = field(default_factory=dict)
    memory: dict[str, list[Memory]] = field(default_factory=dict)
    closing: list[str] = field(default_factory=list)


@contextmanager
def peers(folder: Path, setups: Sequence[Setup], size: int, say: Say) -> Iterator[list[Peer]]:
    """Start every server with the same data. davbridge comes first: it renders what the others are given."""
    found, texts = corpus.make(size), Texts({}, {})
    with ExitStack() as running:
        ready = []
        for setup in setups:
            begun, below = time.monotonic(), folder / f"{setup.name}-{size}"
            below.mkdir()
            server = setup(below, found, texts)
            running.callback(server.process.stop)
            if isinstance(setup, Davbridge) and not texts.events:
                texts = filling.texts(bridge_config(server.process.environ))
            peer = Peer(server, found)
            peer.warm_up()
            ready.append(peer)
            say(f"{setup.name}: {size:,} events and cards, ready after {time.monotonic() - begun:.0f} s")
        yield ready


def measure_operations(
    found: Sequence[Peer], pace: Pace, say: Say, wanted: Sequence[Operation] = OPERATIONS
) -> dict[str, dict[str, Samples]]:
    """Measure each operation on each server in turn; every round begins with another server."""
    samples = {operation.key: {peer.server.name: Samples() for peer in found} for operation in wanted}
    for number in range(pace.rounds):
        begun = time.monotonic()
        for operation in wanted:
            for peer in _rotated(found, number):
                repeat(peer, operation, pace, f"{operation.key}:{number}", samples[operation.key][peer.server.name])
        say(f"round {number + 1} of {pace.rounds}: {time.monotonic() - begun:.0f} s")
    return samples


def _rotated(found: Sequence[Peer], by: int) -> list[Peer]:
    middle = by % len(found)
    return [*found[middle:], *found[:middle]]


def repeat(peer: Peer, operation: Operation, pace: Pace, topic: str, samples: Samples) -> None:
    """Repeat an operation on one connection as often as the pace allows."""
    limit, done = time.monotonic() + pace.seconds, 0
    try:
        with peer.visit(topic) as visit:
            while done < pace.least or (done < pace.repetitions and time.monotonic() < limit):
                _once(visit, operation, samples)
                done += 1
    except (WrongAnswer, *CONNECTION_LOST) as error:
        samples.errors.append(f"{type(error).__name__}: {error}")


def _once(visit: Visit, operation: Operation, samples: Samples) -> None:
    try:
        timed = operation.run(visit)
    except WrongAnswer as error:
        samples.errors.append(str(error))
    else:
        samples.seconds.append(timed.seconds)
        samples.rows.append(timed.rows)


def measure_loads(found: Sequence[Peer], pace: Pace, say: Say) -> dict[int, dict[str, list[Load]]]:
    """Put the mixed load on each server, with more and more clients; afterwards the listing must be right."""
    loads: dict[int, dict[str, list[Load]]] = {clients: {p.server.name: [] for p in found} for clients in LOADS}
    for number in range(pace.load_rounds):
        for serial, clients in enumerate(LOADS, start=number * len(LOADS)):
            for peer in _rotated(found, number):
                done = _loaded(peer, clients, pace.load_seconds, serial)
                loads[clients][peer.server.name].append(done)
                rate, wrong = f"{done.per_second:.1f} requests/s", f"{len(done.errors)} errors"
                say(f"{clients} clients on {peer.server.name}: {rate}, {wrong}")
    return loads


def _loaded(peer: Peer, clients: int, seconds: float, serial: int) -> Load:
    server, sample = peer.server, peer.corpus.single()[0]
    done = load.mixed(server.account, server.calendar, sample, clients, seconds, serial + 1)
    peer.events |= done.names
    peer.fresh[:0] = sorted(done.names)
    after = Samples()
    repeat(peer, Operation("after", "", list_etags), Pace(1, 1, 0), "after", after)
    return Load(done.clients, done.requests, done.per_second, done.p95, (*done.errors, *after.errors), done.names)


def measure_puts(found: Sequence[Peer], pace: Pace, outcome: Outcome) -> None:
    """PUT an event again and again: alone, then while other clients poll."""
    many = Pace(1, 60, 2 * pace.seconds + 1)
    operation = Operation("put_update", "", put_update)
    for peer in found:
        name, server = peer.server.name, peer.server
        alone, polled = Samples(), Samples()
        repeat(peer, operation, many, "put-alone", alone)

        def puts(peer: Peer = peer, polled: Samples = polled) -> None:
            repeat(peer, operation, many, "put-polled", polled)

        sample = peer.corpus.single()[0]
        polls = load.while_polled(server.account, server.calendar, sample, POLLERS, many.seconds + 0.5, puts)
        polled.errors += polls.errors
        outcome.put_alone[name], outcome.put_polled[name] = alone, polled


def measure_memory(found: Sequence[Peer]) -> Mapping[str, list[Memory]]:
    """How much memory every process of every server holds now."""
    return {peer.server.name: memory(peer.server.process.ids()) for peer in found}


def closes(server: Running) -> bool:
    """Whether a server shuts the connection after an answer."""
    with Peer(server, corpus.Corpus((), ())).visit("closes") as visit:
        return visit.client.closed > 0
