"""One browser and one company for all tests of the room; those who change something have a server of their own.

They last as long as the tests of this room, not longer: Playwright keeps an event loop in the thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Visitor, chromium
from tests.browser.company import Place, open_company
from tests.browser.looking import axe_source


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The company, as its public address would show it."""
    with open_company(tmp_path_factory.mktemp("company"), "https://crm.example") as place:
        yield place


@pytest.fixture(scope="package")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    return axe_source(tmp_path_factory.mktemp("axe"))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a browser at an address. At the end nothing has gone wrong in any of its pages."""
    opened: list[Visitor] = []

    def open_at(url: str, *, script: bool = True) -> Visitor:
        opened.append(Visitor(browser, url, script=script))
        return opened[-1]

    yield open_at
    for each in opened:
        each.close()
        assert each.complaints == []
