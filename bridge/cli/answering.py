"""gunicorn's worker: the head of an answer and its beginning leave together, and slow clients do not keep its threads.

One packet for a small answer is one wake of the client. And a thread is busy for as long as a request takes to arrive
and its answer to be taken, so both have an end, or a few clients that send nothing more would stop the server for all.
"""

import socket
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_TOGETHER = 65_536  # octets; more is not copied for the sake of a packet
_TAKING = 10  # times as long as a request may take to arrive, its answer may take to be sent


class Gathered:
    """A socket that keeps the head of an answer until there is more to send, or until anything else is done with it."""

    def __init__(self, sock: socket.socket) -> None:
        self.plain = sock
        self._kept = b""
        self._begun = False

    def sendall(self, octets: bytes) -> None:
        """Send, or keep what is the head of the final answer."""
        if not self._begun and octets.startswith(b"HTTP/1.") and octets[9:10] != b"1":
            self._begun, self._kept = True, octets
            return
        if self._kept and len(octets) <= _TOGETHER:
            kept, self._kept = self._kept, b""
            self.plain.sendall(kept + octets)
            return
        self.flush()
        self.plain.sendall(octets)

    def flush(self) -> None:
        """Send what is kept."""
        kept, self._kept = self._kept, b""
        if kept:
            self.plain.sendall(kept)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the socket's own, in its turn."""
        self.flush()
        return getattr(self.plain, name)


class Worker(ThreadWorker):  # type: ignore[misc]
    """One of the processes that answer. The application says how long a request may take to arrive (``arrival``)."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arrival: timedelta = self.app.arrival
        self._since: dict[Any, float] = {}

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection on which something has arrived to a thread."""
        self._since[conn] = time.monotonic()
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take a connection back from its thread."""
        del self._since[conn]
        super().finish_request(conn, fs)

    def notify(self) -> None:
        """Tell the arbiter that we are alive, which gunicorn does once a second, and look who is too slow."""
        super().notify()
        now = time.monotonic()
        for conn, since in self._since.items():
            how = overdue(timedelta(seconds=now - since), self._arrival)
            if how is not None:
                end(conn.sock, how)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request. Whether the connection stays open."""
        gathered = Gathered(conn.sock)
        conn.sock = gathered
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock = gathered.plain
            gathered.flush()


def overdue(waited: timedelta, arrival: timedelta) -> int | None:
    """Which direction of a connection has been kept long enough (``socket.SHUT_RD`` or ``SHUT_RDWR``), if any."""
    if waited <= arrival:
        return None
    return socket.SHUT_RD if waited <= _TAKING * arrival else socket.SHUT_RDWR


def end(sock: Any, how: int) -> None:
    """Let whoever waits for more of a request find its end, or give up sending. What has arrived is still read.

    The function is the plain socket's: that of a TLS socket would forget the TLS that a thread is using.
    """
    with suppress(OSError):
        socket.socket.shutdown(sock.plain if isinstance(sock, Gathered) else sock, how)
