"""``/hooks/google``: what Google sends, over HTTP on this machine, and what others send there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.config import Config
from bridge.ports import Hook, Notice, SignIn
from bridge.providers.google.provider import GoogleConnector
from bridge.providers.google.push import GoogleHook
from bridge.services.push import Push, offer
from bridge.services.queue import Queue, Trigger
from tests.fakes.google.channels import FakeChannel, FakeChannels, send
from tests.fakes.google.server import ADDRESS, FakeGoogle, google
from tests.store.sync_rows import add_connection, add_flow, add_user
from tests.web.conftest import KEY, House
from web import create_app

PATH = "/hooks/google"


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Echo:
    """A remote that asks whether we listen."""

    largest = 10

    def read(self, query: object, headers: object, body: bytes) -> list[Notice] | str:
        assert isinstance(query, dict)
        return str(query.get("validationToken", "")) or [Notice(body.decode(), "t")]


class HookHouse(House):
    """A house of whose users Anna syncs her calendar at Google."""

    def __init__(self, house: House, fake: FakeGoogle, queue: Queue) -> None:
        super().__init__(house.database)
        self.fake = fake
        self.queue = queue
        user = add_user(self.database, "olga")
        self.number = add_connection(self.database, user, provider="google").id
        add_flow(self.database, self.number, collection_id=ADDRESS)
        self.listen("http://127.0.0.1:1")

    def listen(self, root: str) -> None:
        connector = GoogleConnector(self.fake.installation, self.clock)
        hooks: dict[str, type[Hook]] = {"google": GoogleHook, "echo": Echo}
        parts = (self.database, self.clock, KEY, self.queue, hooks)
        secret = SignIn(secret=self.fake.secret())
        self.push = Push(*parts, lambda _: connector.open(secret, lambda _: None), offer(root))

    @property
    def channels(self) -> FakeChannels:
        return self.fake.calendars.channels

    @property
    def channel(self) -> FakeChannel:
        (found,) = self.channels.known.values()
        return found

    def waiting(self) -> list[Trigger]:
        return [order.trigger for order in self.queue.waiting()]


@pytest.fixture
def house(house: House, tmp_path: Path) -> Iterator[HookHouse]:
    with google() as (fake, _), closing(Queue(f"sqlite:///{tmp_path / 'queue'}", house.clock)) as queue:
        yield HookHouse(house, fake, queue)


@pytest.fixture
def client(house: HookHouse) -> FlaskClient:
    house.push.tend(house.number)
    return create_app(house, Config()).test_client()  # type: ignore[arg-type]


def change(house: HookHouse) -> None:
    body = {"start": {"date": "2027-01-05"}, "end": {"date": "2027-01-06"}, "summary": "There"}
    house.fake.calendars.primary.insert(body)


def test_google_tells_and_the_connection_is_run(house: HookHouse) -> None:
    with serving(create_app(house, Config())) as root:  # type: ignore[arg-type]
        house.listen(root)
        house.push.tend(house.number)
        assert house.fake.calendars.tell() == [204]  # the first message
        assert house.waiting() == []
        change(house)
        house.channels.twice = True
        assert house.fake.calendars.tell() == [204, 204]
        assert house.waiting() == [Trigger.PUSH]
        assert house.queue.perform_next()
        house.channels.loses = True
        change(house)
        assert (house.fake.calendars.tell(), house.waiting()) == ([], [])
        house.channels.loses = house.channels.twice = False
        change(house)
        house.channel.token = "of somebody else"
        assert house.fake.calendars.tell() == [404]
        assert send(house.channel.address, {}) == 400
        assert house.waiting() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Goog-Channel-ID": ""},
        {"X-Goog-Resource-State": ""},
        {"X-Goog-Resource-State": "<script>"},
        {"X-Goog-Message-Number": "-1"},
        {"X-Goog-Message-Number": "9" * 40},
        {"X-Goog-Message-Number": "\u00b2"},
    ],
)
def test_what_google_never_sends(house: HookHouse, client: FlaskClient, changes: dict[str, str]) -> None:
    headers = {**house.channel.headers("exists"), "X-Goog-Message-Number": "9", **changes}
    answer = client.post(PATH, headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "script" not in answer.text
    assert house.waiting() == []


@pytest.mark.parametrize("changes", [{"X-Goog-Channel-ID": "x"}, {"X-Goog-Channel-Token": "x"}])
def test_strangers_learn_nothing(house: HookHouse, client: FlaskClient, changes: dict[str, str]) -> None:
    headers = {**house.channel.headers("exists"), "X-Goog-Message-Number": "9", **changes}
    answer = client.post(PATH, headers=headers)
    assert (answer.status_code, answer.data) == (404, b"")
    assert "Set-Cookie" not in answer.headers
    assert client.post("/hooks/nobody", headers=headers).status_code == 404
    assert house.waiting() == []


def test_a_large_body_is_not_read(house: HookHouse, client: FlaskClient) -> None:
    headers = {**house.channel.headers("exists"), "X-Goog-Message-Number": "9", "Content-Length": "5000"}
    assert client.post(PATH, headers=headers, data=b"x" * 5000).status_code == 400
    assert house.waiting() == []


def test_only_posts_are_messages(client: FlaskClient) -> None:
    assert {client.open(PATH, method=each).status_code for each in ("GET", "PUT", "DELETE", "PROPFIND")} == {405}


def test_a_queue_out_of_reach_lets_the_message_be_sent_again(house: HookHouse, client: FlaskClient) -> None:
    headers = {**house.channel.headers("exists"), "X-Goog-Message-Number": "9"}
    present, house.queue = house.queue, Queue("redis://127.0.0.1:1/0", house.clock)
    house.listen("http://127.0.0.1:1")
    answer = client.post(PATH, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    house.queue = present
    house.listen("http://127.0.0.1:1")
    assert client.post(PATH, headers=headers).status_code == 204
    assert house.waiting() == [Trigger.PUSH]


def test_a_remote_may_ask_whether_we_listen(client: FlaskClient) -> None:
    answer = client.post("/hooks/echo?validationToken=%3Cb%3E+1")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"<b> 1", "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post("/hooks/echo", data=b"x" * 11).status_code == 400
    assert client.post("/hooks/echo", data=b"x").status_code == 404


def test_the_doctor_says_why_nobody_tells(house: HookHouse) -> None:
    house.push.tend(house.number)
    assert list(house.push.check()) == []
    house.listen("")
    (found,) = house.push.check()
    assert (found.check, found.warning) == ("push", True)
    assert "base_url" in found.remedy
