"""What holds for every page: who sees it, valid HTML, nothing inline, labels, no identifier twice."""

import re
from dataclasses import replace
from itertools import pairwise

import html5lib
import pytest
from flask import Blueprint
from flask_babel import lazy_gettext
from werkzeug.routing import Rule

from bridge.config import Config
from tests.web.conftest import Browser, House
from web import app as application
from web import create_app
from web.topics import Access, Entry, Place, Topic

GUEST = ["/", "/sign-in", "/nowhere"]
SIGNED_IN = [
    "/",
    "/profile/",
    "/devices/",
    *(
        f"/devices/steps/{each}"
        for each in ("apple", "android", "thunderbird", "outlook", "evolution", "khal", "other")
    ),
]


def check_html(text: str) -> None:
    html5lib.HTMLParser(strict=True).parse(text)
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", text)
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids))
    for name in ("for", "aria-labelledby", "aria-describedby", "data-copy"):
        for value in re.findall(rf'\s{name}="([^"]+)"', text):
            assert set(value.split()) <= set(ids), (name, value)
    fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", text)
    for field in fields:
        if 'type="hidden"' not in field and 'aria-hidden="true"' not in field:
            found = re.search(r'\sid="([^"]+)"', field)
            assert found, field
            assert f'for="{found[1]}"' in text, field
    for method, form in re.findall(r'<form[^>]*method="(\w+)"[^>]*>(.*?)</form>', text, re.DOTALL):
        assert method != "post" or 'name="csrf_token"' in form


@pytest.mark.parametrize("path", GUEST)
def test_pages_for_guests(house: House, path: str) -> None:
    check_html(house.browser().get(path).text)


@pytest.mark.parametrize("path", SIGNED_IN)
@pytest.mark.parametrize("language", ["en", "lv", "ru", "pl", "sv"])
def test_pages_for_users(house: House, anna: Browser, path: str, language: str) -> None:
    house.devices.add("anna", "<b>Phone</b>")
    house.feeds.add("anna", "<i>Family</i>")
    anna.post("/language", {"language": language})
    answer = anna.get(path)
    assert answer.status_code == 200
    check_html(answer.text)
    assert f'<html lang="{language}">' in answer.text
    assert "<b>Phone" not in answer.text
    assert "<i>Family" not in answer.text


def some_path(rule: Rule) -> str:
    """A path that a rule takes."""
    path = rule.rule
    for name, converter in rule._converters.items():
        some = {"IntegerConverter": "1", "Number": "1"}.get(type(converter).__name__, "x")
        choices = re.match(r"\(\?:(\w+)", converter.regex)
        path = re.sub(rf"<(?:[^<>]*:)?{name}>", choices[1] if choices else some, path)
    return path


def test_every_page_is_closed_unless_somebody_opened_it(house: House) -> None:
    """Whatever is added later: without a session there is the way to sign in, and nothing else."""
    app = create_app(house, Config())
    opened = {
        "static",
        "landing.index",
        "monitors.alive",
        "monitors.ready",
        "feeds.activities",
        "signing_in.form",
        "signing_in.enter",
        "signing_in.leave",
        "signing_in.language",
        "company.start",
        "company.back",
        "onboarding.look",
        "onboarding.go_on",
        "onboarding.profile",
        "login_flow.start",
        "login_flow.poll",
        "consent.ask",
        "consent.answer",
    }
    for rule in app.url_map.iter_rules():
        if rule.endpoint in opened or rule.endpoint.startswith("hooks"):
            continue
        path = some_path(rule)
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        browser = Browser(app.test_client())
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 303, rule
        assert answer.headers["Location"].startswith("/sign-in?next="), rule


def test_administrators_see_what_others_do_not(house: House) -> None:
    def topic(_services: object, _config: object) -> Topic:
        pages = Blueprint("admin", __name__)

        @pages.get("/admin")
        def index() -> str:
            return "for administrators"

        return Topic(pages, Access.ADMIN, Entry(Place.ADMIN, lazy_gettext("Admin"), "admin.index"))

    before = application.TOPICS
    application.TOPICS = (*[each for each in before if each.__module__ != "web.admin"], topic)
    try:
        anna, zane = (Browser(create_app(house, Config()).test_client()) for _ in range(2))
    finally:
        application.TOPICS = before
    anna.sign_in("anna")
    zane.sign_in("zane")
    assert anna.get("/admin").status_code == 403
    assert 'href="/admin"' not in anna.get("/").text
    assert zane.get("/admin").text == "for administrators"
    assert 'href="/admin"' in zane.get("/").text


def test_a_bug_is_told_without_its_traceback(house: House, anna: Browser, caplog: pytest.LogCaptureFixture) -> None:
    house.devices.list = None  # type: ignore[assignment, method-assign]
    anna.client.application.config["PROPAGATE_EXCEPTIONS"] = False
    answer = anna.get("/devices/")
    assert answer.status_code == 500
    assert "NoneType" not in answer.text
    assert "Something unexpected happened" in answer.text
    assert "NoneType" in caplog.text


def test_https_is_remembered_and_cookies_stay_with_it(house: House) -> None:
    browser = house.browser()
    browser.base_url = "https://dav.example.com"
    answer = browser.sign_in("anna")
    cookie = answer.headers["Set-Cookie"]
    for expected in ("davbridge=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert expected in cookie
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    config = Config()
    behind = house.browser(replace(config, server=replace(config.server, base_url="https://dav.example.com")))
    assert "Secure" in behind.sign_in("anna").headers["Set-Cookie"]
    plain = house.browser().sign_in("anna")
    assert "Secure" not in plain.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in plain.headers


def test_pages_are_kept_by_nobody(anna: Browser) -> None:
    assert anna.get("/devices/").headers["Cache-Control"] == "no-store"
    with anna.client.get("/static/style.css") as answer:
        assert "max-age=" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
