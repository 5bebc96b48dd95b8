"""The head of an answer leaves together with its beginning, and nothing leaves out of turn."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from bridge.cli.answering import Gathered, end, overdue

HEAD = b"HTTP/1.1 207 Multi-Status\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[Gathered, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setblocking(False)
    with ours, theirs:
        yield Gathered(ours), theirs


def received(theirs: socket.socket) -> list[bytes]:
    """What has arrived, packet by packet."""
    packets = []
    while True:
        try:
            packets.append(theirs.recv(200_000))
        except BlockingIOError:
            return packets


def test_head_and_body_are_one_packet(ends: tuple[Gathered, socket.socket]) -> None:
    sock, theirs = ends
    sock.sendall(HEAD)
    assert received(theirs) == []
    sock.sendall(b"body")
    sock.sendall(b"more")
    assert received(theirs) == [HEAD + b"body", b"more"]


def test_a_large_body_is_not_copied(ends: tuple[Gathered, socket.socket]) -> None:
    sock, theirs = ends
    sock.sendall(HEAD)
    sock.sendall(b"x" * 70_000)
    assert [len(packet) for packet in received(theirs)] == [len(HEAD), 70_000]


def test_a_head_without_a_body_leaves_in_the_end(ends: tuple[Gathered, socket.socket]) -> None:
    sock, theirs = ends
    sock.sendall(HEAD)
    sock.flush()
    sock.flush()
    assert received(theirs) == [HEAD]


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_what_a_client_waits_for_leaves_at_once(ends: tuple[Gathered, socket.socket], interim: bytes) -> None:
    sock, theirs = ends
    sock.sendall(interim)
    assert received(theirs) == [interim]
    sock.sendall(HEAD)
    assert received(theirs) == []


def test_whatever_else_is_done_with_the_socket_comes_after_the_head(ends: tuple[Gathered, socket.socket]) -> None:
    sock, theirs = ends
    sock.sendall(HEAD)
    sock.send(b"body")
    assert received(theirs) == [HEAD, b"body"]


def test_a_body_that_looks_like_a_head_is_sent(ends: tuple[Gathered, socket.socket]) -> None:
    sock, theirs = ends
    sock.sendall(HEAD)
    sock.sendall(HEAD)
    assert received(theirs) == [HEAD + HEAD]


@pytest.mark.parametrize(
    ("seconds", "how"),
    [(0, None), (60, None), (61, socket.SHUT_RD), (600, socket.SHUT_RD), (601, socket.SHUT_RDWR)],
)
def test_a_request_has_to_arrive_and_its_answer_has_to_be_taken(seconds: int, how: int | None) -> None:
    assert overdue(timedelta(seconds=seconds), timedelta(seconds=60)) == how


@pytest.fixture
def connected() -> Iterator[tuple[Gathered, socket.socket]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=60)
        ours, _ = listener.accept()
    with ours, theirs:
        yield Gathered(ours), theirs


def test_who_waits_for_more_finds_the_end_and_can_still_answer(connected: tuple[Gathered, socket.socket]) -> None:
    ours, theirs = connected
    theirs.sendall(b"PUT /half")
    with ThreadPoolExecutor(1) as thread:
        read = thread.submit(lambda: b"".join(iter(lambda: ours.plain.recv(4), b"")))
        end(ours, socket.SHUT_RD)
        assert read.result(timeout=60) == b"PUT /half"
    ours.sendall(HEAD)
    ours.flush()
    assert theirs.recv(1000) == HEAD


def test_an_answer_that_nobody_takes_is_given_up(connected: tuple[Gathered, socket.socket]) -> None:
    ours, _ = connected
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(ours.plain.sendall, b"x" * 50_000_000)
        end(ours, socket.SHUT_RDWR)
        assert isinstance(sent.exception(timeout=60), OSError)
    end(ours, socket.SHUT_RDWR)
