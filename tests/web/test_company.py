"""Signing in with OpenID Connect, against a provider on loopback."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey
from werkzeug.test import TestResponse

from bridge.config import Config, Oidc
from bridge.services.identities import Identities
from bridge.services.openid import OpenId, Provider
from tests.fakes.oidc import CLIENT_ID, CLIENT_SECRET, Issuer, running
from tests.web.conftest import Browser, House

BACK = "/sign-in/company/back"
Spoil = Callable[[dict[str, Any]], Any]


@pytest.fixture
def issuer(house: House) -> Iterator[Issuer]:
    with running(lambda: int(house.clock.now().timestamp())) as issuer:
        issuer.claims = {"preferred_username": "anna", "name": "Anna Ozola"}
        yield issuer


@pytest.fixture
def browser(house: House, issuer: Issuer) -> Browser:
    know(house, issuer)
    return house.browser()


def know(house: House, issuer: Issuer, **options: Any) -> None:
    """Let the house know the provider."""
    house.openid = OpenId(Provider(issuer.address, CLIENT_ID, CLIENT_SECRET, **options), house.clock)


def leave(browser: Browser, target: str = "/") -> str:
    """Go to the provider and sign in there. The path that it sends the browser back to."""
    away = browser.get("/sign-in/company", query_string={"next": target})
    assert away.status_code == 303
    answer = httpx2.get(away.headers["Location"], trust_env=False)
    assert answer.status_code == 302
    return str(answer.headers["Location"]).removeprefix(browser.base_url)


def travel(browser: Browser, target: str = "/") -> TestResponse:
    return browser.get(leave(browser, target))


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def test_the_whole_way(house: House, browser: Browser) -> None:
    assert "Sign in with your company account" in browser.get("/sign-in").text
    back = travel(browser, "/devices/")
    assert (back.status_code, back.headers["Location"]) == (303, "/devices/")
    assert "Anna Ozola" in browser.get("/devices/").text
    assert browser.post("/sign-out").status_code == 303
    assert not is_signed_in(browser)


def test_the_subject_counts_from_then_on(house: House, issuer: Issuer, browser: Browser) -> None:
    travel(browser)
    issuer.claims["preferred_username"] = "anna.new-name"
    again = house.browser()
    assert travel(again).status_code == 303
    assert "Anna Ozola" in again.get("/profile/").text


def test_somebody_else_of_that_name_is_not_let_in(house: House, issuer: Issuer, browser: Browser) -> None:
    travel(browser)
    issuer.claims["sub"] = "subject-2"
    other = house.browser()
    assert travel(other).status_code == 403
    assert not is_signed_in(other)


def test_the_session_is_a_new_one(house: House, browser: Browser) -> None:
    browser.sign_in("bob")
    before = browser.token
    travel(browser)
    assert "Anna Ozola" in browser.get("/profile/").text
    assert browser.token != before
    assert browser.client.post("/sign-out", base_url=browser.base_url, data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_it_leads_to_no_other_server(browser: Browser, target: str) -> None:
    assert travel(browser, target).headers["Location"] == "/"


def test_unknown_people_are_refused_unless_they_may_be_added(house: House, issuer: Issuer, browser: Browser) -> None:
    issuer.claims = {
        "preferred_username": "carl",
        "name": "Carl <b>Berg</b>",
        "email": "carl@example.com",
        "email_verified": True,
        "sub": "carl",
    }
    assert travel(browser).status_code == 403
    house.identities = Identities(house.database, house.principals, house.office.settings, create=True)
    assert travel(browser).status_code == 303
    carl = house.principals.find("carl")
    assert (carl.name, carl.email) == ("Carl <b>Berg</b>", "carl@example.com")
    assert "<b>Berg" not in browser.get("/profile/").text
    assert travel(house.browser()).status_code == 303
    assert [user.login for user in house.principals.all()] == ["anna", "bob", "carl", "zane"]


@pytest.mark.parametrize("login", ["a/b", "", "-x", "x" * 65, "two words", "a:b", "\x00"])
def test_names_that_are_no_logins_are_refused(house: House, issuer: Issuer, browser: Browser, login: str) -> None:
    house.identities = Identities(house.database, house.principals, house.office.settings, create=True)
    issuer.claims = {"preferred_username": login, "sub": "odd"}
    assert travel(browser).status_code == 403
    assert len(house.principals.all()) == 3


def test_a_disabled_user_is_refused(house: House, browser: Browser) -> None:
    travel(browser)
    house.principals.change("anna", lambda user: replace(user, enabled=False))
    assert not is_signed_in(browser)
    assert travel(house.browser()).status_code == 403


@pytest.mark.parametrize("verified", [True, False, "true", None])
def test_an_address_counts_only_when_it_is_verified(house: House, issuer: Issuer, verified: object) -> None:
    house.user("anna@example.com")
    know(house, issuer, claim="email")
    issuer.claims = {"email": "anna@example.com", "email_verified": verified}
    assert travel(house.browser()).status_code == (303 if verified is True else 403)


SPOILED: dict[str, Spoil] = {
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "no issuer": lambda claims: claims.pop("iss"),
    "another audience": lambda claims: claims.update(aud="other"),
    "several audiences without azp": lambda claims: claims.update(aud=["other", "more"]),
    "another authorized party": lambda claims: claims.update(aud=[CLIENT_ID, "other"], azp="other"),
    "another nonce": lambda claims: claims.update(nonce="other"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "expired": lambda claims: claims.update(exp=claims["iat"] - 3600, iat=claims["iat"] - 7200),
    "no end": lambda claims: claims.pop("exp"),
    "from tomorrow": lambda claims: claims.update(iat=claims["iat"] + 86400),
    "no subject": lambda claims: claims.pop("sub"),
    "an empty subject": lambda claims: claims.update(sub=""),
    "a number as subject": lambda claims: claims.update(sub=1),
    "a long subject": lambda claims: claims.update(sub="x" * 256),
    "no login": lambda claims: claims.pop("preferred_username"),
    "a list as login": lambda claims: claims.update(preferred_username=["anna"]),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_token_is_no_proof(issuer: Issuer, browser: Browser, spoil: Spoil) -> None:
    issuer.spoil = spoil
    answer = travel(browser)
    assert answer.status_code == 403
    assert not is_signed_in(browser)


def test_another_key_is_no_proof(issuer: Issuer, browser: Browser) -> None:
    issuer.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert travel(browser).status_code == 403


def test_the_public_key_is_no_secret(issuer: Issuer, browser: Browser) -> None:
    """Algorithm confusion: a token signed with HS256 under the public key."""
    issuer.signing_key = OctKey.import_key(secrets.token_bytes(64))
    issuer.algorithm = "HS256"
    assert travel(browser).status_code == 403


def test_a_code_works_once(browser: Browser) -> None:
    path = leave(browser)
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 403


def test_an_answer_for_another_browser_is_refused(house: House, browser: Browser) -> None:
    """Login forgery: somebody lures a browser to the way back of their own trip."""
    path = leave(browser)
    victim = house.browser()
    assert victim.get(path).status_code == 403
    leave(victim)
    assert victim.get(path).status_code == 403
    assert not is_signed_in(victim)


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?state=&code=", "?error=access_denied&state=x", "?state=%00"]
)
def test_nonsense_on_the_way_back(browser: Browser, query: str) -> None:
    assert browser.get(f"{BACK}{query}").status_code == 403
    leave(browser)
    assert browser.get(f"{BACK}{query}").status_code == 403


def test_a_refusal_there_is_told(issuer: Issuer, browser: Browser) -> None:
    issuer.refuse = "access_denied<b>"
    answer = travel(browser)
    assert answer.status_code == 403
    assert "access_denied&lt;b&gt;" in answer.text


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_in_trouble(issuer: Issuer, browser: Browser, path: str) -> None:
    back = leave(browser)
    issuer.broken.add(path)
    answer = browser.get(back)
    assert answer.status_code in {403, 503}
    assert "Traceback" not in answer.text
    assert not is_signed_in(browser)
    issuer.broken.clear()
    assert travel(browser).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ["x"]},
    ],
)
def test_metadata_that_cannot_be_true(issuer: Issuer, browser: Browser, metadata: dict[str, Any]) -> None:
    issuer.metadata = metadata
    assert browser.get("/sign-in/company").status_code == 503


def test_nobody_answers(house: House) -> None:
    house.openid = OpenId(Provider("http://127.0.0.1:1", CLIENT_ID, CLIENT_SECRET), house.clock)
    assert house.browser().get("/sign-in/company").status_code == 503


def test_the_description_may_lie_elsewhere(house: House, issuer: Issuer) -> None:
    know(house, issuer, metadata_url=f"{issuer.address}/.well-known/openid-configuration?tenant=1")
    assert travel(house.browser()).status_code == 303


def test_the_public_address_is_where_it_comes_back(house: House, issuer: Issuer) -> None:
    know(house, issuer)
    config = Config()
    browser = house.browser(replace(config, server=replace(config.server, base_url="https://dav.example.com")))
    away = urlsplit(browser.get("/sign-in/company").headers["Location"])
    assert parse_qs(away.query)["redirect_uri"] == [f"https://dav.example.com{BACK}"]


def test_without_a_provider_there_is_nothing(house: House) -> None:
    browser = house.browser()
    assert "company" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/company").status_code == 404
    assert browser.get(BACK).status_code == 403


def test_its_name_is_shown_as_text(house: House, issuer: Issuer) -> None:
    know(house, issuer)
    config = replace(Config(), oidc=replace(Oidc(), label="<b>Acme</b> ID"))
    assert "Sign in with &lt;b&gt;Acme&lt;/b&gt; ID" in house.browser(config).get("/sign-in").text


def test_clocks_may_differ_a_little(house: House, issuer: Issuer, browser: Browser) -> None:
    issuer.now = lambda: int((house.clock.now() + timedelta(seconds=45)).timestamp())
    assert travel(browser).status_code == 303
