"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.web.conftest import PASSWORD

PATIENCE = 60_000  # milliseconds until a step counts as hanging
WIDTH, HEIGHT = 1280, 800
OPTIONS = ("--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text")


def program() -> str:
    """Where it is installed. Skips the test where it is missing, or fails it where nothing may be missing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs Debian's chromium package.")
    pytest.skip("Debian's chromium package is not installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. As root it can have no sandbox; it visits nothing but servers of the tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(), args=list(OPTIONS), chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


class Visitor:
    """Somebody's browser, with cookies of its own. ``complaints`` is what went wrong in the pages' console."""

    def __init__(self, browser: Browser, url: str, *, script: bool = True) -> None:
        self.context: BrowserContext = browser.new_context(
            base_url=url,
            locale="en-GB",
            timezone_id="Europe/Riga",
            viewport={"width": WIDTH, "height": HEIGHT},
            java_script_enabled=script,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.context.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        answered = message.text.startswith("Failed to load resource: the server responded with a status of")
        if message.type in {"error", "warning"} and not answered:
            self.complaints.append(message.text)

    def sign_in(self, login: str, password: str = PASSWORD) -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("User name").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()

    def close(self) -> None:
        self.context.close()
