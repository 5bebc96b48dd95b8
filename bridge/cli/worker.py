"""``davbridge worker``: the sync worker alone; and the same beside the server, watched by it."""

import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue

import click

from bridge import bootstrap
from bridge.cli.allocating import return_memory
from bridge.cli.drawing import Drawing
from bridge.cli.frame import Program, pass_program, sentences
from bridge.config import Config
from bridge.core.backoff import backoff
from bridge.errors import BridgeError

_LOG = logging.getLogger(__name__)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_OTHERS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH)
_STEADY = 60.0  # seconds after which a process that died is started again at once


@click.command("worker")
@pass_program
def worker(program: Program) -> None:
    """Run a sync worker until SIGTERM, without page and DAV: on another machine, or beside the server's own."""
    return_memory()
    services = program.services
    ending = Ending()
    ending.listen()
    _work(program.config, services, ending)


def _work(config: Config, services: bootstrap.Services, ending: "Ending") -> None:
    """Run connections, and draw beside it, until the end comes."""
    drawing = Drawing(services.redraws)
    drawing.start()
    try:
        bootstrap.worker(config, services).work(ending.comes_within)
    finally:
        drawing.stop()


class Ending:
    """Whether this process was told to end: by a signal, or by the death of the one that started it."""

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent
        self._signals: SimpleQueue[int] = SimpleQueue()  # unlike a threading.Event it may be used in signal handlers

    def listen(self) -> None:
        """Take over the signals of this process."""
        for number in _ENDING:
            signal.signal(number, lambda number, _: self._signals.put(number))

    def comes_within(self, span: timedelta) -> bool:
        """Wait so long for the end. Whether it came."""
        try:
            self._signals.get(timeout=span.total_seconds())
        except Empty:
            return self._parent is not None and os.getppid() != self._parent
        return True


class WorkerProcess:
    """The sync worker as a child of the server's first process, in its process group.

    ``leave`` is called in the child, to let go of what belongs to the parent alone.
    """

    def __init__(self, config: Config, leave: Callable[[], None], now: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._leave = leave
        self._now = now
        self._pid = 0
        self._started = 0.0
        self._deaths = 0

    def keep(self) -> None:
        """Start it when it is not there, after growing pauses where it dies again and again. Call every second."""
        if self._is_alive():
            return
        pause = backoff(self._deaths, "worker").total_seconds() if self._deaths else 0.0
        if self._now() - self._started >= pause:
            self._start()

    def ask_to_end(self) -> None:
        """Let it finish what it is at."""
        self._send(signal.SIGTERM)

    def end_by(self, deadline: float) -> None:
        """Wait for its end until then, and no longer."""
        while self._is_alive():
            if self._now() >= deadline:
                self._send(signal.SIGKILL)
                os.waitpid(self._pid, 0)
                self._pid = 0
                return
            time.sleep(0.05)

    def _is_alive(self) -> bool:
        """Whether it runs. Notes its death once; the server may have been told of it already."""
        if not self._pid:
            return False
        try:
            if os.waitpid(self._pid, os.WNOHANG)[0] == 0:
                return True
        except ChildProcessError:
            pass
        lasted = self._now() - self._started
        self._deaths = 0 if lasted > _STEADY else self._deaths + 1
        self._pid = 0
        return False

    def _send(self, number: signal.Signals) -> None:
        if self._is_alive():
            os.kill(self._pid, number)

    def _start(self) -> None:
        if self._deaths:
            _LOG.warning("The sync worker ended. It is started again.")
        self._started = self._now()
        parent = os.getpid()
        # Until the child has handlers of its own, a signal would end up in the parent's, which it does not serve.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        self._pid = os.fork()
        if self._pid == 0:
            os._exit(self._run(parent, before))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _run(self, parent: int, mask: set[int | signal.Signals]) -> int:
        """Be the worker. Returns its exit status."""
        try:
            ending = Ending(parent)
            ending.listen()
            for number in _OTHERS:
                signal.signal(number, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._leave()
            services = bootstrap.build(self._config)
            try:
                _work(self._config, services, ending)
            finally:
                services.close()
        except BridgeError as error:
            _LOG.warning("The sync worker cannot work. %s", " ".join(sentences(error)))
            return 1
        except BaseException:  # noqa: BLE001 - nothing may go on in the child but its end
            _LOG.exception("The sync worker ended by a bug.")
            return 1
        return 0
