"""The Nextcloud login flow as DAVx5 does it: POST, browser, poll; then DAV at /remote.php/dav."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.services.login_flow import MOST_FROM_ONE_ADDRESS
from tests.harness import Client, Office
from tests.web.conftest import Browser, House

AGENT = "DAVx5/4.4.10-ose (2026/01/20; dav4jvm; okhttp/5.0.0) Android/16"
ROOT = "http://127.0.0.1:8080"
START = "/index.php/login/v2"
TEN_MINUTES = timedelta(minutes=10)


class App:
    """DAVx5: knows nothing but the address that its user typed."""

    def __init__(self, house: House, agent: str = AGENT) -> None:
        self.client: FlaskClient = house.browser().client
        self.agent = agent

    def start(self, address: str = "") -> TestResponse:
        return self._post(f"{ROOT}{START}", None, address)

    def poll(self, endpoint: str, token: str) -> TestResponse:
        return self._post(endpoint, {"token": token})

    def _post(self, url: str, form: dict[str, str] | None, address: str = "") -> TestResponse:
        environ = {"REMOTE_ADDR": address or "192.0.2.7"}
        return self.client.post(
            url.removeprefix(ROOT),
            base_url=ROOT,
            data=form,
            headers={"User-Agent": self.agent},
            environ_overrides=environ,
        )


def path_of(login: str) -> str:
    return login.removeprefix(ROOT)


def dav(office: Office, login: str, password: str) -> Client:
    return Client(office.wsgi(), login, password, AGENT)


@pytest.fixture
def app(house: House) -> App:
    return App(house)


def test_the_whole_way(house: House, app: App, anna: Browser) -> None:
    asked = app.start()
    assert (asked.status_code, asked.mimetype) == (200, "application/json")
    poll, login = asked.json["poll"], asked.json["login"]
    assert set(asked.json) == {"poll", "login"}
    assert login.startswith(f"{ROOT}{START}/flow/")
    assert app.poll(poll["endpoint"], poll["token"]).status_code == 404

    page = anna.get(path_of(login))
    assert "Allow DAVx5 to sign in?" in page.text
    assert "Anna Ozola" in page.text
    assert 'value="DAVx5"' in page.text
    assert app.poll(poll["endpoint"], poll["token"]).status_code == 404
    assert anna.post(path_of(login), {"name": "Anna’s phone"}).status_code == 200

    granted = app.poll(poll["endpoint"], poll["token"])
    assert granted.status_code == 200
    assert set(granted.json) == {"server", "loginName", "appPassword"}
    assert (granted.json["server"], granted.json["loginName"]) == (ROOT, "anna")
    assert ":" not in granted.json["appPassword"]
    assert [device.name for _, device in house.devices.list("anna")] == ["Anna’s phone"]
    assert app.poll(poll["endpoint"], poll["token"]).status_code == 404

    client = dav(house.office, granted.json["loginName"], granted.json["appPassword"])
    base = f"{granted.json['server']}/remote.php/dav".removeprefix(ROOT)
    for path in (base, f"{base}/"):
        found = client.propfind(path, "{DAV:}current-user-principal")
        assert found.xml.findtext(".//{DAV:}current-user-principal/{DAV:}href") == f"{base}/anna/"
    home = client.propfind(f"{base}/anna/", "{urn:ietf:params:xml:ns:caldav}calendar-home-set")
    assert home.xml.findtext(".//{urn:ietf:params:xml:ns:caldav}calendar-home-set/{DAV:}href") == f"{base}/anna/"
    assert f"{base}/anna/activities/" in client.propfind(f"{base}/anna/", depth="1").hrefs()
    assert client.propfind(f"{base}/bob/").status in {403, 404}


def test_who_is_not_signed_in_signs_in_first(house: House, app: App) -> None:
    login = path_of(app.start().json["login"])
    browser = house.browser()
    first = browser.get(login)
    assert (first.status_code, first.headers["Location"]) == (303, f"/sign-in?next={login}")
    back = browser.sign_in("anna", next=login)
    assert back.headers["Location"] == login
    assert "Allow DAVx5" in browser.get(login).text
    assert browser.post(login, {"name": "Phone"}).status_code == 200


def test_a_refusal_ends_it(house: House, app: App, anna: Browser) -> None:
    asked = app.start().json
    anna.get(path_of(asked["login"]))
    assert "gets no access" in anna.post(path_of(asked["login"]), {"deny": "1"}).text
    assert app.poll(asked["poll"]["endpoint"], asked["poll"]["token"]).status_code == 404
    assert anna.get(path_of(asked["login"])).status_code == 404
    assert house.devices.list("anna") == []


def test_an_answer_cannot_be_given_twice(house: House, app: App, anna: Browser) -> None:
    asked = app.start().json
    login = path_of(asked["login"])
    anna.get(login)
    assert anna.post(login, {"name": "Phone"}).status_code == 200
    assert anna.post(login, {"name": "Phone"}).status_code == 404
    bob = house.browser()
    bob.sign_in("bob")
    assert bob.get(login).status_code == 404
    assert bob.post(login, {"name": "Phone"}).status_code == 404
    assert len(house.devices.list()) == 1


@pytest.mark.parametrize("when", ["asked", "granted"])
def test_it_lasts_ten_minutes(house: House, app: App, anna: Browser, when: str) -> None:
    asked = app.start().json
    login = path_of(asked["login"])
    anna.get(login)
    if when == "granted":
        anna.post(login, {"name": "Phone"})
    house.clock.advance(TEN_MINUTES)
    assert app.poll(asked["poll"]["endpoint"], asked["poll"]["token"]).status_code == 404
    assert anna.get(login).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "a" * 10_000, "\x00", "žžž"])
def test_nonsense_is_no_token(app: App, anna: Browser, token: str) -> None:
    asked = app.start().json
    anna.get(path_of(asked["login"]))
    anna.post(path_of(asked["login"]), {"name": "Phone"})
    assert app.poll(asked["poll"]["endpoint"], token).status_code == 404
    assert app.poll(asked["poll"]["endpoint"], asked["poll"]["token"]).status_code == 200


def test_what_the_browser_holds_is_no_token(app: App, anna: Browser) -> None:
    asked = app.start().json
    secret = asked["login"].rpartition("/")[2]
    anna.get(path_of(asked["login"]))
    anna.post(path_of(asked["login"]), {"name": "Phone"})
    assert app.poll(asked["poll"]["endpoint"], secret).status_code == 404
    assert anna.get(f"{START}/flow/{asked['poll']['token']}").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "two\nlines", "\x07"])
def test_names_that_are_none_are_refused(house: House, app: App, anna: Browser, name: str) -> None:
    login = path_of(app.start().json["login"])
    anna.get(login)
    answer = anna.post(login, {"name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert house.devices.list() == []


def test_consent_cannot_be_forged(house: House, app: App, anna: Browser) -> None:
    login = path_of(app.start().json["login"])
    anna.get(login)
    forged: list[dict[str, Any]] = [{"name": "Phone", "csrf_token": token} for token in ("", "x", "a.b.c")]
    for data in forged:
        assert anna.client.post(login, base_url=ROOT, data=data).status_code == 400
    assert house.devices.list() == []


@pytest.mark.parametrize("agent", ["", "<script>alert(1)</script>/1", "x" * 5000, "\x07\x1b"])
def test_odd_programs_are_named_as_text(house: House, anna: Browser, agent: str) -> None:
    login = path_of(App(house, agent).start().json["login"])
    page = anna.get(login)
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_one_address_cannot_fill_the_database(house: House, app: App) -> None:
    for _ in range(MOST_FROM_ONE_ADDRESS):
        assert app.start().status_code == 200
    refused = app.start()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert app.start("192.0.2.8").status_code == 200
    house.clock.advance(TEN_MINUTES)
    assert app.start().status_code == 200


def test_a_disabled_user_gets_nothing(house: House, app: App, anna: Browser) -> None:
    asked = app.start().json
    anna.get(path_of(asked["login"]))
    anna.post(path_of(asked["login"]), {"name": "Phone"})
    house.principals.change("anna", lambda user: replace(user, enabled=False))
    assert app.poll(asked["poll"]["endpoint"], asked["poll"]["token"]).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PROPFIND"])
def test_only_post_starts(app: App, method: str) -> None:
    assert app.client.open(START, base_url=ROOT, method=method).status_code == 405
