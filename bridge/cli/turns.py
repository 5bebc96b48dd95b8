"""Few requests for data compute at the same time, however many are on their way.

Threads of one process share one interpreter: with each that computes beside another, both lose more by handing it to
and fro than they gain. So a request that only reads takes its turn once it is here. Writes wait for each other in the
database as it is, and large or chunked bodies are read by the application, without a turn: a slow client must not keep
one.
"""

import io
from collections.abc import Iterable
from threading import BoundedSemaphore
from typing import Any

from bridge.cli.gateway import Environ, WsgiApp
from bridge.errors import Invalid

TURNS = 2  # one more than computes at a time, since a turn also waits for the database
_READING = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_SMALL = 65_536  # octets of a body that is kept here before it is known who sends it


def in_turn(application: WsgiApp, turns: int = TURNS) -> WsgiApp:
    """Let at most ``turns`` requests that only read be answered at the same time."""
    free = BoundedSemaphore(turns)

    def taking_turns(environ: Environ, start_response: Any) -> Iterable[bytes]:
        length = _small_length(environ)
        if length is None or environ.get("REQUEST_METHOD") not in _READING:
            return application(environ, start_response)
        try:
            body = environ["wsgi.input"].read(length) if length else b""
        except Invalid:
            return application(environ, start_response)  # which meets the same, and knows how to say so
        with free:
            return application({**environ, "wsgi.input": io.BytesIO(body)}, start_response)

    return taking_turns


def _small_length(environ: Environ) -> int | None:
    """How long the body is; ``None`` for one that is large, or whose length is not known or nonsense."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    said = str(environ.get("CONTENT_LENGTH") or "0")
    known = said.isascii() and said.isdigit() and len(said) <= len(str(_SMALL))
    return int(said) if known and int(said) <= _SMALL else None
