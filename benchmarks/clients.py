"""The program behind ``load``: reads tasks, forks a client for each, and writes what they saw."""

import multiprocessing
import pickle
import sys
from multiprocessing.context import ForkProcess
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

from benchmarks.load import Done, Task, work

_PATIENCE = 60.0  # seconds for all clients to come up


def main() -> None:
    """Read a list of tasks from standard input; say when all begin, then what became of them."""
    tasks: list[Task] = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own program wrote it
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(len(tasks) + 1), context.SimpleQueue()
    clients = [ForkProcess(target=_client, args=(task, start, results)) for task in tasks]
    for client in clients:
        client.start()
    start.wait(_PATIENCE)
    sys.stdout.buffer.write(b"begin\n")
    sys.stdout.buffer.flush()
    done = [results.get() for _ in clients]
    for client in clients:
        client.join()
    pickle.dump(done, sys.stdout.buffer)


def _client(task: Task, start: Barrier, results: "SimpleQueue[Done]") -> None:
    start.wait(_PATIENCE)
    results.put(work(task))


if __name__ == "__main__":
    main()
