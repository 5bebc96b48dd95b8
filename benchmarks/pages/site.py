"""A server with the demo company, its administrator's browser, and the addresses of all its pages."""

import http.client
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from werkzeug.routing import Rule

from benchmarks.client import TIMEOUT, WrongAnswer
from benchmarks.processes import Process, free_port
from benchmarks.servers import bridge_command, bridge_config, bridge_environ
from benchmarks.sync.remotes import stock
from bridge import bootstrap
from bridge.bootstrap import Services
from bridge.core.scope import FlowKind
from bridge.core.user import User
from bridge.services.connections import NewAccount
from bridge.services.demo import PASSWORD, Size
from bridge.services.onboarding import Program
from web import create_app

# Addresses that show no page: files, answers to programs, parts of pages, and the ways to other servers.
NO_PAGES = frozenset(
    {
        "static",
        "accounts.state",
        "company.back",
        "company.start",
        "contacts.photo",
        "feeds.activities",
        "journal.table",
        "monitors.alive",
        "monitors.ready",
        "onboarding.profile",
        "redraws.state",
    }
)
# Pages that ask the account before they answer: how long that takes is up to its server.
ASKING = frozenset({"accounts.choices", "accounts.preview", "health.decision"})
_OF_THEIR_OWN: Mapping[str, Mapping[str, str]] = {
    "accounts.choices": {"kind": "calendar"},
    "contacts.new": {"kind": "persons"},
    "contacts.show": {"kind": "persons"},
}
_TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how many seconds passed from the first byte sent to the last one received."""

    status: int
    body: bytes
    seconds: float


class Browser:
    """Keeps its connection and its cookie, and follows no redirect."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._cookie = ""

    def get(self, path: str) -> Answer:
        """Load a page."""
        return self._send("GET", path, "")

    def sign_in(self, login: str) -> None:
        """Sign in with the password of the demo company. Raises ``WrongAnswer``."""
        token = _TOKEN.search(self.get("/sign-in").body)
        form = {"csrf_token": token[1].decode() if token else "", "name": login, "password": PASSWORD}
        answer = self._send("POST", "/sign-in", urlencode(form))
        if answer.status != 303:
            raise WrongAnswer(f"status {answer.status} to the sign-in")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send(self, method: str, path: str, body: str) -> Answer:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        begun = time.perf_counter()
        self._connection.request(method, path, body or None, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - begun
        if cookie := answer.headers.get("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        return Answer(answer.status, content, seconds)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server. ``pages`` are the addresses by their endpoints."""

    process: Process
    browser: Browser
    services: Services
    user: User
    pages: Mapping[str, str]


@contextmanager
def open_site(folder: Path, size: Size, *, connected: bool, say: Callable[[str], None]) -> Iterator[Site]:
    """Serve a new demo company. ``connected``: its administrator has an account at a stock Radicale.

    Raises ``NotStarted`` and ``WrongAnswer``.
    """
    folder.mkdir()
    environ = bridge_environ(folder, free_port())
    environ |= {"DAVBRIDGE_SYNC_QUEUE": f"sqlite:///{folder}/queue.sqlite3", "DAVBRIDGE_SERVER_WORKERS": "1"}
    config = bridge_config(environ)
    with closing(bootstrap.build(config)) as services, _remote(folder, wanted=connected) as account:
        services.database.migrate()
        say(f"{size.users} users with {size.activities:,} activities and {size.contacts:,} contacts each")
        user = services.demo.fill(size, lambda _done, _total: None)
        connection = _connect(services, user, account) if account else 0
        pages = dict(_pages(services, user, connection, create_app(services, config).url_map.iter_rules()))
        process = Process(bridge_command(), config.server.port, folder / "log", environ)
        process.start()
        try:
            with closing(Browser(config.server.port)) as browser:
                browser.sign_in(user.login)
                yield Site(process, browser, services, user, pages)
        finally:
            process.stop()


@contextmanager
def _remote(folder: Path, *, wanted: bool) -> Iterator[NewAccount | None]:
    if not wanted:
        yield None
        return
    place = folder / "remote"
    place.mkdir()
    with stock(place) as server:
        yield server.account


def _connect(services: Services, user: User, account: NewAccount) -> int:
    """Connect the account, and run it once."""
    found = services.connections.add(user, user.login, account)
    for kind in FlowKind:
        services.connections.choose(user, found.id, kind, "default")
    services.connections.start(user, found.id, confirmed=True)
    services.sync.run(found.id)
    return found.id


def _pages(services: Services, user: User, connection: int, rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """All pages that there is something to show on, by their endpoints."""
    samples = _samples(services, user, connection)
    for rule in rules:
        given = {**samples, **_OF_THEIR_OWN.get(rule.endpoint, {})}
        if rule.endpoint in NO_PAGES or "GET" not in (rule.methods or ()) or not rule.arguments <= given.keys():
            continue
        address = rule.rule
        for name in rule.arguments:
            address = re.sub(rf"<(?:[^<>]+:)?{name}>", str(given[name]), address)
        yield rule.endpoint, address


def _samples(services: Services, user: User, connection: int) -> dict[str, object]:
    """What stands in the addresses."""
    persons, _ = services.contacts.owned_by(user.id)
    found: dict[str, object] = {
        "login": user.login,
        "key": "call",
        "program": Program.APPLE.value,
        "secret": services.onboarding.invite(user, Program.APPLE, "Phone"),
        "page": services.login_flows.start("davbridge-benchmark/1", "127.0.0.1").page,
        "activity_id": next(each.id for each in services.activities.owned_by(user.id) if not each.series),
    }
    if persons:
        found["record_id"] = persons[0].id
    if connection:
        found |= {"connection_id": connection, "run_id": services.troubles.runs(user, connection)[0].id}
    return found
