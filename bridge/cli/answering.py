"""gunicorn's worker, sending the head of an answer and its beginning together: one packet, one wake of the client."""

import socket
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_TOGETHER = 65_536  # octets; more is not copied for the sake of a packet


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
    """One of the processes that answer."""

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request. Whether the connection stays open."""
        gathered = Gathered(conn.sock)
        conn.sock = gathered
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock = gathered.plain
            gathered.flush()
