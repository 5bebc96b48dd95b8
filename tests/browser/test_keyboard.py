"""The main ways through the page, with nothing but the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bridge.core.scope import Direction, FlowKind
from tests.browser.chromium import PATIENCE, Visitor
from tests.browser.company import USER, Place
from tests.web.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

_NAME = """() => {
    const each = document.activeElement;
    return each.labels?.[0]?.textContent.trim() || each.getAttribute("aria-label") || each.textContent.trim();
}"""


@pytest.fixture
def page(place: Place, visitor: Callable[..., Visitor]) -> Page:
    """Somebody has signed in, with the keyboard."""
    page = visitor(place.url).page
    page.goto("/sign-in")
    expect(page.get_by_label("User name or e-mail address")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Go on until the focus is on something of that name."""
    for _ in range(200):
        page.keyboard.press(key)
        if page.evaluate(_NAME) == name:
            return
    pytest.fail(f"The Tab key never comes to “{name}”.")


def test_the_way_past_the_navigation(page: Page) -> None:
    page.goto("/activities/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Add an activity")).to_be_focused()


def test_an_activity_is_added_undone_and_found_by_keys(page: Page) -> None:
    tab_to(page, "Activities")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activities/")
    tab_to(page, page.locator("[data-row]").first.inner_text())
    page.keyboard.press("j")
    expect(page.locator("[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("[data-row]").first).to_be_focused()
    page.keyboard.press("n")
    page.wait_for_url("**/activities/new")
    expect(page.locator("main input:focus")).to_be_visible()
    page.keyboard.type("Water the plants")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activities/")
    expect(page.get_by_role("link", name="Water the plants")).to_be_visible()
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Water the plants")).to_have_count(0)


def test_what_asks_first(page: Page) -> None:
    page.goto("/devices/")
    tab_to(page, "Revoke …")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Revoke", exact=True).first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Revoke", exact=True).first).to_be_hidden()


def test_an_option_is_changed_and_the_focus_stays(page: Page, place: Place) -> None:
    """The change shows other options, so that the page is loaded again."""
    number = place.company.choosing
    contacts = place.company.connections.show(None, number).flow(FlowKind.CONTACTS)
    assert contacts.direction is Direction.TWO_WAY
    page.goto(f"/accounts/{number}")
    tab_to(page, "Two-way: contacts are added and changed on both sides")
    with page.expect_event("load"):
        page.keyboard.press("ArrowDown")
    one_way = page.get_by_label("One-way: contacts come from the account into the CRM")
    expect(one_way).to_be_checked()
    expect(one_way).to_be_focused(timeout=PATIENCE)
    with page.expect_event("load"):
        page.keyboard.press("ArrowUp")
    assert place.company.connections.show(None, number).flow(FlowKind.CONTACTS).direction is Direction.TWO_WAY
