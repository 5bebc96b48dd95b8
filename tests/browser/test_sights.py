"""Every page, in both themes: what axe finds, what does not fit a small window, and what the Tab key meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from bridge.config import Config
from tests.browser.chromium import HEIGHT, WIDTH, Visitor
from tests.browser.company import ADMIN, USER, Place
from tests.browser.looking import DOUBLED, NARROW, Eye
from tests.browser.sights import NOBODY, SIGHTS, Sight
from tests.system.chaos import CHAOS
from web import create_app
from web.languages import COOKIE, LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("browser")]

# Addresses that show no page of ours: files, answers to programs, parts of pages, and the way to another server.
NO_PAGES = {
    "static",
    "accounts.state",
    "company.back",
    "company.start",
    "contacts.photo",
    "feeds.activities",
    "journal.table",
    "monitors.alive",
    "monitors.ready",
    "oauth.go",
    "onboarding.profile",
    "redraws.state",
}
WALKED = (
    *("landing", "sign-in", "link-apple", "accounts", "account-sign-in", "account", "account-calendar"),
    *("account-preview", "health-account", "health-conflicts", "health-decision", "journal", "why", "activities"),
    *("activity-new", "person", "duplicates", "devices", "device-link", "preferences", "profile", "admin-company"),
)


SAMPLE = ("account", "activities", "preferences")


@pytest.fixture(scope="module")
def visitors(browser: Browser, place: Place, axe: str) -> Iterator[Callable[[str], Visitor]]:
    """Everybody's browser; each is signed in once, and has axe on every page."""
    opened: dict[str, Visitor] = {}

    def visitor(who: str) -> Visitor:
        if who not in opened:
            opened[who] = Visitor(browser, place.url)
            opened[who].context.add_init_script(axe)
            if who != NOBODY:
                opened[who].sign_in(who)
        return opened[who]

    yield visitor
    for each in opened.values():
        each.close()


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)
def test_a_page(visitors: Callable[[str], Visitor], place: Place, axe: str, sight: Sight) -> None:
    visitor = visitors(sight.who)
    visitor.complaints.clear()
    visitor.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    sight.visit(visitor.page, place)
    eye = Eye(visitor.page, axe)
    found = [*eye.violations(), *eye.misfits(DOUBLED), *eye.misfits(NARROW)]
    if sight.name in WALKED:
        visitor.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        found += eye.stumbles()
    assert [*found, *visitor.complaints] == []


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"] if CHAOS else ["ru"])
def test_pages_fit_small_windows_in_every_language(
    visitors: Callable[[str], Visitor], place: Place, axe: str, language: str
) -> None:
    """Words are longer elsewhere. All pages that a visit alone shows, or some of them."""
    found = []
    for sight in SIGHTS:
        if sight.act is None and (CHAOS or sight.name in SAMPLE):
            visitor = visitors(sight.who)
            speak(visitor, place, sight.who, language)
            sight.visit(visitor.page, place)
            assert visitor.page.locator("html").get_attribute("lang") == language
            eye = Eye(visitor.page, axe)
            found += [f"{sight.name}: {each}" for each in (*eye.misfits(DOUBLED), *eye.misfits(NARROW))]
    for who in (NOBODY, USER, ADMIN):
        speak(visitors(who), place, who, "en")
    assert found == []


def speak(visitor: Visitor, place: Place, who: str, language: str) -> None:
    if who:
        place.company.profiles.speak(who, language)
    else:
        visitor.context.add_cookies([{"name": COOKIE, "value": language, "url": place.url}])


def test_no_page_is_forgotten(place: Place) -> None:
    app = create_app(place.company, Config())
    address = app.url_map.bind("crm.example")
    paths = [sight.path if isinstance(sight.path, str) else sight.path(place) for sight in SIGHTS]
    seen = {address.match(path.partition("?")[0])[0] for path in paths if path != "/nowhere"}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - NO_PAGES <= seen
