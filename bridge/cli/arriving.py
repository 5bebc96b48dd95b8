"""The body of a request as it arrives: whatever is wrong with its transfer is one error, known to every application."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.http.errors import ParseException

from bridge.cli.gateway import Environ, WsgiApp
from bridge.errors import Invalid


class Arriving:
    """A body to read (PEP 3333, ``wsgi.input``). Reading raises ``Invalid`` where it breaks off or is no HTTP."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Read so many octets, or all."""
        with _told():
            found: bytes = self._body.read(size)
        return found

    def readline(self, size: int | None = None) -> bytes:
        """Read a line, or so many octets of it."""
        with _told():
            found: bytes = self._body.readline(size)
        return found

    def readlines(self, hint: int | None = None) -> list[bytes]:  # noqa: ARG002 - a hint need not be taken
        """Read all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line


def whole_or_refused(application: WsgiApp) -> WsgiApp:
    """Let an application read bodies so."""

    def reading(environ: Environ, start_response: Any) -> Iterable[bytes]:
        return application({**environ, "wsgi.input": Arriving(environ["wsgi.input"])}, start_response)

    return reading


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (ParseException, OSError) as error:
        raise Invalid("The request broke off before its end.") from error
