"""Clients that send a part of a request, and nothing more: all others are served, and nothing of it is stored."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness import ics
from tests.system.connection import Connection
from tests.system.server import Account, ServerProcess, serving

FEW = "threads = 2\nrequest_timeout = 1 s\n"
MORE = 5  # than there are threads


@pytest.fixture
def patient(sqlite_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that a few clients could stop."""
    with serving(tmp_path / "server", sqlite_url, workers=1, options=FEW) as running:
        yield running


@pytest.fixture
def anna(patient: ServerProcess) -> Account:
    return patient.add_user("anna")


def opened(account: Account, several: ExitStack) -> socket.socket:
    """A connection to the server. What comes of it is awaited for a minute."""
    port = int(account.url.rpartition(":")[2])
    return several.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))


def half_a_write(account: Account) -> bytes:
    credentials = base64.b64encode(f"{account.login}:{account.password}".encode()).decode()
    head = f"PUT {account.path('activities')}half.ics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n"
    return f"{head}Content-Type: text/calendar\r\nContent-Length: 1000\r\n\r\nBEGIN:VCALENDAR\r\n".encode()


def half_a_report(account: Account) -> bytes:
    return half_a_write(account).replace(b"PUT", b"REPORT", 1).replace(b"half.ics", b"", 1)


def everything(sock: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    found = b""
    while more := sock.recv(65_536):
        found += more
    return found


def test_who_does_not_go_on_is_sent_away(patient: ServerProcess, anna: Account) -> None:
    with ExitStack() as several:
        silent = [opened(anna, several) for _ in range(MORE)]
        writing = [opened(anna, several) for _ in range(MORE)]
        asking = [opened(anna, several) for _ in range(MORE)]
        for sock in silent:
            sock.sendall(b"PROPFIND /dav/ HTTP/1.1\r\nHost: ")
        for sock in writing:
            sock.sendall(half_a_write(anna))
        for sock in asking:
            sock.sendall(half_a_report(anna))
        with Connection(anna) as other:
            assert other.put(f"{anna.path('activities')}whole.ics", ics(uid="whole")).status == 201
        assert [everything(sock) for sock in silent] == [b""] * MORE
        for answer in [everything(sock) for sock in (*writing, *asking)]:
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"broke off" in answer
    with Connection(anna) as other:
        assert [href.rpartition("/")[2] for href in other.sync(anna.path("activities"))[1].hrefs()] == ["whole.ics"]
    assert "half" not in patient.said()
