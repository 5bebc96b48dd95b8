"""Bodies in pieces, bodies that break off, and lengths that are lies: each is stored whole or not at all."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterable

import pytest

from tests.harness import ics
from tests.system.connection import Connection
from tests.system.server import Account, ServerProcess

WHOLE = ics("SUMMARY:Call", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", uid="piece").encode()
TOO_LARGE = 10_000_001  # octets, one more than [server] max_body


@pytest.fixture
def anna(server: ServerProcess) -> Account:
    return server.add_user("anna")


def exchanged(account: Account, headers: Iterable[str], *pieces: bytes, request: str = "") -> bytes:
    """Put ``piece.ics`` in these pieces and send no more; what the server says until it closes the connection."""
    credentials = base64.b64encode(f"{account.login}:{account.password}".encode()).decode()
    head = (
        request or f"PUT {account.path('activities')}piece.ics HTTP/1.1",
        "Host: x",
        f"Authorization: Basic {credentials}",
        "Content-Type: text/calendar; charset=utf-8",
        "Connection: close",
        *headers,
    )
    with socket.create_connection(("127.0.0.1", int(account.url.rpartition(":")[2])), timeout=60) as sock:
        sock.sendall("".join(f"{line}\r\n" for line in head).encode() + b"\r\n")
        try:
            for piece in pieces:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has heard enough
        found = b""
        try:
            while more := sock.recv(65_536):
                found += more
        except ConnectionResetError:
            pass  # it did not read what it had refused
    return found


def status(answer: bytes) -> int:
    return int(answer.split(maxsplit=2)[1])


def chunk(octets: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(octets), octets)


CHUNKED = ("Transfer-Encoding: chunked",)


def stored(account: Account) -> bytes | None:
    with Connection(account) as connection:
        reply = connection.get(f"{account.path('activities')}piece.ics")
        return reply.body if reply.status == 200 else None


def test_a_body_in_chunks_is_put_together(anna: Account) -> None:
    pieces = [chunk(WHOLE[at : at + 7]) for at in range(0, len(WHOLE), 7)]
    assert status(exchanged(anna, CHUNKED, *pieces, b"0\r\n\r\n")) == 201
    assert b"SUMMARY:Call" in (stored(anna) or b"")


def test_a_client_that_asks_first_is_told_to_go_on(anna: Account) -> None:
    answer = exchanged(anna, (f"Content-Length: {len(WHOLE)}", "Expect: 100-continue"), WHOLE)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
    assert b"SUMMARY:Call" in (stored(anna) or b"")


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ((f"Content-Length: {len(WHOLE)}",), [WHOLE[:-10]]),
        ((f"Content-Length: {len(WHOLE)}",), []),
        (CHUNKED, [chunk(WHOLE[:-10])]),
        (CHUNKED, [chunk(WHOLE)]),
        (CHUNKED, [b"%x\r\n" % len(WHOLE), WHOLE[:-10]]),
        (CHUNKED, [b"nonsense\r\n", WHOLE, b"\r\n0\r\n\r\n"]),
        (CHUNKED, [b"-5\r\n", WHOLE, b"\r\n0\r\n\r\n"]),
        (("Content-Length: nonsense",), [WHOLE]),
        (("Content-Length: -5",), [WHOLE]),
        (("Content-Length: 10", f"Content-Length: {len(WHOLE)}"), [WHOLE]),
        ((f"Content-Length: {len(WHOLE)}", *CHUNKED), [chunk(WHOLE), b"0\r\n\r\n"]),
        (("Transfer-Encoding: gzip",), [WHOLE]),
    ],
    ids=[
        "too short",
        "nothing",
        "chunks without an end, inside",
        "chunks without an end",
        "half a chunk",
        "a chunk of nonsense",
        "a chunk of less than nothing",
        "a length that is no number",
        "a negative length",
        "two lengths",
        "a length and chunks",
        "another coding",
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_is_stored(
    anna: Account, headers: tuple[str, ...], pieces: list[bytes]
) -> None:
    answer = exchanged(anna, headers, *pieces)
    assert not answer or 400 <= status(answer) < 500 or status(answer) == 501, answer
    assert stored(anna) is None


@pytest.mark.parametrize(
    "request_line",
    ["REPORT /dav/ HTTP/1.1", "PROPFIND /dav/ HTTP/1.1", "POST /sign-in HTTP/1.1", "POST /hooks/graph HTTP/1.1"],
)
def test_the_page_and_the_reports_refuse_it_too(anna: Account, request_line: str) -> None:
    for pieces in ([b"nonsense\r\n"], [chunk(b"<a/>")], []):
        answer = exchanged(anna, CHUNKED, *pieces, request=request_line)
        assert not answer or 400 <= status(answer) < 500, answer


@pytest.mark.parametrize("headers", [(f"Content-Length: {TOO_LARGE}",), CHUNKED], ids=["by its length", "in chunks"])
def test_what_is_too_large_is_refused(anna: Account, headers: tuple[str, ...]) -> None:
    filling = b"x" * 1_000_000
    pieces = [chunk(filling) if headers == CHUNKED else filling] * 11
    answer = exchanged(anna, headers, *pieces, b"0\r\n\r\n")
    assert not answer or status(answer) == 413
    assert stored(anna) is None
