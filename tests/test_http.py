"""The client of every REST remote, over servers that behave badly."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
)
from bridge.http import BUSY, Answer, Http, Query, failure, origin, retry_after, wait_until, with_query
from bridge.network import Reach, is_public
from tests.providers.servers import Reply, Request, ScriptedServer, scripted

DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
Start = Callable[[Callable[[Request], Reply]], ScriptedServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(scripted(answer))


def client(*configured: str, **reach: Any) -> Http:
    return Http("The service", configured, Reach(**reach))


def answer(status: int, **headers: str) -> Answer:
    return Answer("https://example.com/x", status, {name.replace("_", "-"): text for name, text in headers.items()})


def test_a_request_travels_whole(start: Start) -> None:
    server = start(lambda _: Reply(201, {"X-One": "1"}, b'{"a": 1}'))
    http = client(server.url)
    headers = {"If-Match": '"1"'}
    query: Query = {"a": "b c", "n": 5, "on": True, "many": ["x", "y"]}
    found = http.send("POST", f"{server.url}path?z=1", query=query, body={"ä": "ö"}, headers=headers, token="t0ken")
    (request,) = server.asked
    assert request.path == "/path?z=1&a=b+c&n=5&on=true&many=x&many=y"
    assert request.body == b'{"\\u00e4": "\\u00f6"}'
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["if-match"] == '"1"'
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["user-agent"].startswith("davbridge/")
    assert (found.status, found.ok, found.json(), found.headers["x-one"]) == (201, True, {"a": 1}, "1")
    assert http.methods == {"POST": 1}


def test_a_form_and_an_empty_post(start: Start) -> None:
    server = start(lambda _: Reply(200, {}, b"{}"))
    http = client(server.url)
    http.send("POST", server.url, form={"a": "b&c"})
    http.send("POST", server.url)
    form, nothing = server.asked
    assert (form.body, form.headers["content-type"]) == (b"a=b%26c", "application/x-www-form-urlencoded")
    assert nothing.headers["content-length"] == "0"


def test_connections_are_used_again(start: Start) -> None:
    server = start(lambda _: Reply(200, {}, b"{}"))
    http = client(server.url)
    for _ in range(5):
        assert http.send("GET", server.url).ok
    assert http.methods == {"GET": 5}


def test_compressed_answers_are_unpacked(start: Start) -> None:
    server = start(lambda _: Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": 1}')))
    assert client(server.url).send("GET", server.url).json() == {"a": 1}


BAD = {
    "cut": Reply(200, {"Content-Length": "100"}, b"{"),
    "too large": Reply(200, {}, b"x" * 2000),
    "a bomb": Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 1_000_000)),
    "half a gzip": Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500)[:-9]),
    "no gzip": Reply(200, {"Content-Encoding": "gzip"}, b"plain"),
    "another coding": Reply(200, {"Content-Encoding": "br"}, b"x"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_a_temporary_error(start: Start, name: str) -> None:
    server = start(lambda _: BAD[name])
    with pytest.raises(TemporaryError, match="The service"):
        client(server.url, max_body=1000).send("GET", server.url)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object(body: bytes) -> None:
    found = Answer("https://example.com/", 200, {}, body)
    assert found.read_json() is None
    with pytest.raises(TemporaryError, match=r"example\.com"):
        found.json()


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(TemporaryError, match="cannot be reached"):
            client(url).send("GET", url)


def test_a_silent_server_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TemporaryError, match="in time"):
            client(url, timeout=timedelta(milliseconds=50)).send("GET", url)


def test_an_unknown_name() -> None:
    def lookup(*_: object) -> list[Any]:
        raise socket.gaierror("unknown")

    with pytest.raises(TemporaryError, match="cannot be reached"):
        client("https://nowhere.example/", lookup=lookup).send("GET", "https://nowhere.example/")


def test_a_certificate_that_does_not_fit(start: Start) -> None:
    server = start(lambda _: Reply(200, {}, b"{}"))
    url = server.url.replace("http:", "https:")
    with pytest.raises(TemporaryError):
        client(url).send("GET", url)
    assert server.asked == []


def test_credentials_go_to_configured_origins_only(start: Start) -> None:
    mine, other = start(lambda _: Reply(200, {}, b"{}")), start(lambda _: Reply(200, {}, b"{}"))
    http = client(mine.url)
    attempts: tuple[Callable[[], Answer], ...] = (
        lambda: http.send("GET", other.url, token="t"),
        lambda: http.send("POST", other.url, form={"a": "b"}),
        lambda: http.send("GET", other.url),
        lambda: http.send("GET", "file:///etc/passwd"),
        lambda: http.send("GET", "https:///x"),
    )
    for refused in attempts:
        with pytest.raises(TemporaryError, match="nothing is sent there"):
            refused()
    assert other.asked == []


def test_redirects_stay_within_an_origin(start: Start) -> None:
    other = start(lambda _: Reply(200, {}, b"{}"))

    def reply(request: Request) -> Reply:
        targets = {"/a": "/b", "/out": other.url, "/round": "/round"}
        target = targets.get(request.path)
        return Reply(302, {"Location": target}, b"") if target else Reply(200, {}, b'{"b": 1}')

    server = start(reply)
    http = client(server.url, other.url)
    base = server.url.rstrip("/")
    assert http.send("GET", f"{base}/a", token="t").json() == {"b": 1}
    assert http.send("POST", f"{base}/a", body={}).status == 302
    for path in ("/out", "/round"):
        with pytest.raises(TemporaryError, match="somewhere else"):
            http.send("GET", f"{base}{path}")
    assert other.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_private_addresses_are_for_those_whom_the_administrator_trusts(address: str) -> None:
    assert not is_public(address)

    def lookup(*_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 1))]

    http = client("https://api.example/", allow_private=False, lookup=lookup)
    with pytest.raises(PermissionMissing, match="private networks") as caught:
        http.send("GET", "https://pictures.example/1.jpg")
    assert caught.value.remedy


def test_a_configured_host_may_be_private(start: Start) -> None:
    server = start(lambda _: Reply(200, {}, b"{}"))
    assert client(server.url, allow_private=False).send("GET", server.url).ok


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "2002:808:808::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("status", "error", "permanent"),
    [
        (400, Refused, True),
        (401, SignInNeeded, True),
        (403, PermissionMissing, True),
        (404, NotFound, True),
        (408, TemporaryError, False),
        (409, Refused, True),
        (410, NotFound, True),
        (412, PreconditionFailed, False),
        (413, Refused, True),
        (423, TemporaryError, False),
        (429, TemporaryError, False),
        (500, TemporaryError, False),
        (503, TemporaryError, False),
        (599, TemporaryError, False),
        (302, TemporaryError, False),
        (100, TemporaryError, False),
    ],
)
def test_the_table_of_statuses(status: int, error: type[BridgeError], permanent: bool) -> None:
    found = failure(answer(status), "The service", reason="Because.", sign_in="Sign in.", permission="Ask.")
    assert type(found) is error
    assert found.permanent is permanent
    assert "service" in str(found) or isinstance(found, PreconditionFailed)
    assert found.remedy == {401: "Sign in.", 403: "Ask."}.get(status, "")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "30"}, timedelta(seconds=30)),
        ({"retry_after": "999999999999"}, timedelta(days=1)),
        ({"retry_after": "Sat, 21 Nov 2026 09:02:00 GMT", "date": DATE}, timedelta(minutes=2)),
        ({"retry_after": "Sat, 21 Nov 2026 08:00:00 GMT", "date": DATE}, timedelta()),
        ({"retry_after": "Sat, 21 Nov 2026 09:02:00 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_after(answer(503, **headers)) == wait
    assert getattr(failure(answer(503, **headers), "x"), "retry_after", None) == wait


def test_too_many_requests_always_have_a_wait() -> None:
    error = failure(answer(429), "x")
    assert isinstance(error, TemporaryError)
    assert error.retry_after == BUSY
    moment = datetime(2026, 11, 21, 9, 0, 5, tzinfo=UTC)
    assert wait_until(moment, answer(403, date=DATE)) == timedelta(seconds=5)
    assert wait_until(moment, answer(403)) is None


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("https://a.example/x", "https://a.example:443/y", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example.", True),
        ("https://a.example", "https://A.EXAMPLE", True),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example:x", "https://a.example", True),
        ("https://a.example@b.example", "https://a.example", False),
    ],
)
def test_origins(one: str, other: str, equal: bool) -> None:
    assert (origin(one) == origin(other)) is equal


def test_a_url_without_parameters_stays() -> None:
    assert with_query("https://example.com/x", {}) == "https://example.com/x"
