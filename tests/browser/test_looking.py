"""The eye sees what it is there to see: a page with a fault of each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.chromium import Visitor
from tests.browser.looking import NARROW, Eye

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("browser")]

FAULTY = """<!doctype html><html lang="en"><head><title>Faulty</title><style>
  @media (prefers-color-scheme: dark) { p { color: #777; background: #888; } }
  .unseen:focus { outline: none; }
  .cut { overflow: hidden; width: 5rem; white-space: nowrap; }
</style></head><body><main><h1>Faulty</h1>
  <p>Hardly to be read in the dark</p>
  <input name="nameless">
  <div style="width: 40rem">Wide</div>
  <div class="cut">Cut off in the middle of the sentence</div>
  <a href="/one" tabindex="2">One</a> <a href="/two" tabindex="1" class="unseen">Two</a>
</main></body></html>"""


def test_it_sees_every_kind_of_fault(visitor: Callable[..., Visitor], axe: str) -> None:
    page = visitor("http://127.0.0.1").page
    page.set_content(FAULTY)
    eye = Eye(page, axe)
    violations = " ".join(eye.violations())
    assert "label: <input" in violations
    assert "dark: color-contrast: <p" in violations
    misfits = " ".join(eye.misfits(NARROW))
    assert "the page scrolls sideways" in misfits
    assert "Wide" in misfits
    assert 'class="cut"' in misfits
    stumbles = " ".join(eye.stumbles())
    assert "the focus is not seen: <a" in stumbles
    assert "the Tab key jumps about" in stumbles
