from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.config import Config
from bridge.core.user import Role
from bridge.errors import BridgeError
from bridge.ports import Provider
from bridge.services.activity_desk import ActivityDesk
from bridge.services.activity_types import ActivityTypes
from bridge.services.administration import Administration
from bridge.services.audit import Audit
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections
from bridge.services.consents import Consents
from bridge.services.contact_desk import ContactDesk
from bridge.services.duplicates import Duplicates
from bridge.services.identities import Identities
from bridge.services.login_flow import LoginFlows
from bridge.services.oauth_clients import METADATA, OAuthClients
from bridge.services.onboarding import Onboarding
from bridge.services.openid import OpenId
from bridge.services.profile_signing import ProfileSigner
from bridge.services.profiles import Profiles
from bridge.services.push import Push, offer
from bridge.services.queue import Queue
from bridge.services.self_test import SelfTest
from bridge.services.signing_in import SigningIn
from bridge.services.taking_back import TakingBack
from bridge.store.connections import Connection
from bridge.store.database import Database
from bridge.vault import FernetVault
from tests.database import opened, put_anew
from tests.harness import FixedClock, Office
from web import create_app

KEY = b"k" * 32
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


def _unopened(connection: Connection) -> Provider:
    raise AssertionError(connection)


@dataclass(slots=True)
class Answering:
    """Services whose database answers until ``trouble`` is set."""

    trouble: BridgeError | None = None
    feeds: Any = None
    openid: Any = None
    administration: Any = field(default_factory=lambda: SimpleNamespace(notice=str))
    cookie_key: bytes = KEY
    clock: FixedClock = field(default_factory=FixedClock)

    def ready(self) -> None:
        if self.trouble:
            raise self.trouble


@pytest.fixture
def services() -> Answering:
    return Answering()


@pytest.fixture
def client(services: Answering) -> FlaskClient:
    return create_app(services, Config()).test_client()


class Tenants:
    """The page of whichever house moved in last: to build it takes longer than most tests."""

    def __init__(self) -> None:
        self._house: House | None = None
        self._pages: list[tuple[tuple[Config, bytes], Flask]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house, name)

    def page(self, house: House, config: Config) -> Flask:
        self._house = house
        wanted = (config, house.cookie_key)
        known = next((page for each, page in self._pages if each == wanted), None)
        if known is None:
            known = create_app(self, config)
            self._pages.append((wanted, known))
        return known


_tenants = Tenants()


class House:
    """The services of the page over one database, with a clock under the test's control."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.database = database
        self.clock = self.office.clock
        self.cookie_key = KEY
        self.principals = self.office.principals
        self.redraws = self.office.redraws
        self.devices = self.office.devices
        self.feeds = self.office.feeds
        self.activities = self.office.activities
        self.contacts = self.office.contacts
        self.journal = self.office.journal
        self.desk = ActivityDesk(database, self.clock, self.office.settings, self.activities)
        self.contact_desk = ContactDesk(database, self.office.settings, self.contacts)
        self.duplicates = Duplicates(database, self.clock, self.office.settings)
        self.taking_back = TakingBack(database, self.journal)
        self.profiles = Profiles(database, self.clock, self.principals)
        self.signing_in = SigningIn(database, self.clock, KEY, hasher=QUICK)
        self.openid: OpenId | None = None
        self.identities = Identities(database, self.principals, self.office.settings, create=False)
        vault = FernetVault(KEY)
        self.onboarding = Onboarding(database, self.clock, KEY, vault, self.devices)
        self.login_flows = LoginFlows(database, self.clock, KEY, vault, self.devices)
        self.profile_signer = ProfileSigner(KEY)
        self.self_test = SelfTest("http://127.0.0.1:8080", self.devices)
        self.connections = Connections(database, self.clock, self.office.settings, vault, {})
        self.queue = Queue("sqlite:////nowhere/queue", self.clock)
        self.push = Push(database, self.clock, KEY, self.queue, {}, _unopened, offer(""))
        self.consents = Consents(database, self.clock, KEY, vault, {}, {}, self.connections)
        self.company = CompanyOptions(database, vault)
        self.audit = Audit(database, self.clock)
        self.types = ActivityTypes(database, self.activities, self.principals, self.audit)
        parts = (self.office.settings, self.principals, self.signing_in, self.connections, self.company)
        self.administration = Administration(database, *parts, self.audit)
        self.asked: list[str] = []
        self.answer: dict[str, object] | BridgeError = {}
        self.oauth_clients = OAuthClients(database, self.clock, vault, self.fetch, self.audit, METADATA)

    def fetch(self, address: str) -> dict[str, object]:
        """What a provider answers, as the test has set it."""
        self.asked.append(address)
        if isinstance(self.answer, BridgeError):
            raise self.answer
        return self.answer

    def ready(self) -> None:
        with self.database.read() as session:
            session.connection()

    def browser(self, config: Config | None = None) -> Browser:
        return Browser(_tenants.page(self, config or Config()).test_client())

    def user(self, login: str, **choices: Any) -> None:
        """Add a user with a home, who can sign in with ``PASSWORD``."""
        self.office.user(login, **choices)
        self.signing_in.set_password(login, PASSWORD)


@dataclass
class Browser:
    """A browser without script: follows no redirect by itself, and sends the token that the page gave it."""

    client: FlaskClient
    base_url: str = "http://127.0.0.1:8080"
    token: str = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, base_url=self.base_url, **more)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text) if answer.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        if not self.token:
            self.get("/sign-in")
        return self.client.post(path, base_url=self.base_url, data={"csrf_token": self.token, **(data or {})}, **more)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"name": name, "password": password, **more})
        if answer.status_code == 303:
            self.get(answer.headers["Location"])
        return answer


@pytest.fixture(scope="session")
def house_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Anna, Bob and the administrator Zane."""
    file = tmp_path_factory.mktemp("house") / "house.sqlite3"
    shutil.copyfile(sqlite_template, file)
    with closing(Database(f"sqlite:///{file}")) as database:
        house = House(database)
        house.user("anna", name="Anna Ozola")
        house.user("bob")
        house.user("zane", role=Role.ADMIN)
    return file


@pytest.fixture(scope="session")
def house_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the house is kept: a new file for each test, in the same place."""
    return tmp_path_factory.mktemp("house") / "house.sqlite3"


@pytest.fixture
def house(house_template: Path, house_file: Path) -> Iterator[House]:
    """A house with Anna, Bob and the administrator Zane."""
    put_anew(house_template, house_file)
    with opened(f"sqlite:///{house_file}") as database:
        yield House(database)


@pytest.fixture
def anna(house: House) -> Browser:
    """A browser that is signed in as Anna."""
    browser = house.browser()
    assert browser.sign_in("anna").status_code == 303
    return browser
