"""Few requests compute at a time, and no slow client keeps a turn."""

import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock
from typing import Any

import pytest

from bridge.cli.turns import in_turn
from bridge.errors import Invalid

TURNS, CLIENTS = 2, 8
LONG = 60  # seconds until a test counts as hanging


class Slow(io.RawIOBase):
    """A body that does not arrive before somebody says so."""

    def __init__(self, arrived: Event) -> None:
        self.arrived = arrived

    def read(self, size: int = -1) -> bytes:
        assert self.arrived.wait(LONG)
        return b"x" * size


def asking(method: str = "REPORT", body: Any = b"", **environ: str) -> dict[str, Any]:
    octets = io.BytesIO(body) if isinstance(body, bytes) else body
    length = str(len(body)) if isinstance(body, bytes) else "10"
    return {"REQUEST_METHOD": method, "CONTENT_LENGTH": length, "wsgi.input": octets, **environ}


def test_so_many_compute_at_a_time_and_no_more() -> None:
    together, lock, present, most = Barrier(TURNS), Lock(), 0, 0

    def compute(_environ: Any, _start: Any) -> Iterable[bytes]:
        nonlocal present, most
        with lock:
            present += 1
            most = max(most, present)
        together.wait(LONG)
        with lock:
            present -= 1
        return [b"done"]

    application = in_turn(compute, TURNS)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: application(asking(), None), range(CLIENTS)))
    assert answers == [[b"done"]] * CLIENTS
    assert most == TURNS


def test_a_body_arrives_before_the_turn() -> None:
    arrived = Event()
    application = in_turn(lambda environ, _start: [environ["wsgi.input"].read()], 1)
    with ThreadPoolExecutor(CLIENTS) as pool:
        slow = [pool.submit(application, asking(body=Slow(arrived)), None) for _ in range(CLIENTS - 1)]
        assert application(asking(body=b"all of it"), None) == [b"all of it"]
        arrived.set()
        assert [each.result(LONG) for each in slow] == [[b"x" * 10]] * (CLIENTS - 1)


@pytest.mark.parametrize(
    "environ",
    [
        asking("PUT"),
        asking("DELETE"),
        asking(body=b"x" * 70_000),
        asking(CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"),
        asking(CONTENT_LENGTH="nonsense"),
        asking(CONTENT_LENGTH="9" * 5_000),
        asking(CONTENT_LENGTH="-1"),
    ],
    ids=["a write", "a deletion", "large", "chunked", "no number", "very long", "negative"],
)
def test_whatever_may_take_long_needs_no_turn(environ: dict[str, Any]) -> None:
    application = in_turn(lambda each, _start: [b"input kept" if each is environ else b"another"], 0)
    assert application(environ, None) == [b"input kept"]


def test_a_turn_is_given_back_by_an_application_that_fails() -> None:
    def fail(_environ: Any, _start: Any) -> Iterable[bytes]:
        raise ZeroDivisionError

    application = in_turn(fail, 1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            application(asking("GET"), None)


class Broken(io.RawIOBase):
    """A body whose client is gone."""

    def read(self, size: int = -1) -> bytes:
        raise Invalid("The request broke off before its end.")


def test_a_body_that_cannot_be_read_is_the_applications_to_refuse() -> None:
    seen: list[Any] = []
    application = in_turn(lambda environ, _start: seen.append(environ["wsgi.input"]) or [b"400"], 0)
    broken = Broken()
    assert application(asking(body=broken), None) == [b"400"]
    assert seen == [broken]
