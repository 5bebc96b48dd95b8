"""``python -m tests.browser.screenshots``: pictures of the pages for the documentation, in both themes.

The company, its clock and its secrets are the same each time, so that a picture changes only with its page.
"""

from __future__ import annotations

import io
import logging
import random
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Visitor, chromium
from tests.browser.company import Place, open_company
from tests.browser.sights import NOBODY, SIGHTS, Sight

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
ADDRESS, PORT = "https://crm.example", 18_080
WIDTH, HEIGHT, TALLEST = 1000, 640, 1200  # pixels
COLORS = 64
_INDEX = """# Screenshots

Every page, of an invented company, in the light theme and in the dark one; the page follows what is chosen for the
system. `make screenshots` takes them anew.

"""


def main() -> None:
    """Take all pictures and write their index."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    kept = [sight for sight in SIGHTS if sight.kept]
    with (
        tempfile.TemporaryDirectory() as folder,
        _same_secrets(),
        open_company(Path(folder), ADDRESS, PORT) as place,
        chromium() as browser,
    ):
        _take_all(place, browser, kept)
    (FOLDER / "README.md").write_text(_INDEX + "\n".join(_entry(sight) for sight in kept), encoding="utf-8")
    print(f"{len(kept)} pages, {sum(each.stat().st_size for each in FOLDER.glob('*.png')) / 1e6:.1f} MB")  # noqa: T201


def _take_all(place: Place, browser: Browser, kept: Sequence[Sight]) -> None:
    visitors: dict[str, Visitor] = {}
    for sight in kept:
        if sight.who not in visitors:
            visitors[sight.who] = Visitor(browser, place.url)
            visitors[sight.who].page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            if sight.who != NOBODY:
                visitors[sight.who].sign_in(sight.who)
        page = visitors[sight.who].page
        sight.visit(page, place)
        _save(_picture(page, "light"), sight.name)
        dark = _picture(page, "dark")
        _save(dark.resize((dark.width // 2, dark.height // 2), Image.Resampling.LANCZOS), f"{sight.name}-dark")


def _picture(page: Page, theme: str) -> Image.Image:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as taken:
        return taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, TALLEST)))


def _save(picture: Image.Image, name: str) -> None:
    """Save it with few colours, of which the rare ones are kept: they are what states are told by."""
    few = picture.quantize(COLORS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


def _entry(sight: Sight) -> str:
    return f"## {sight.title}\n\n![{sight.title}]({sight.name}.png)\n\n![{sight.title}, dark]({sight.name}-dark.png)\n"


@contextmanager
def _same_secrets() -> Iterator[None]:
    """One-time links, passwords and the like are made by chance; here it is always the same chance."""
    chance = random.Random(1)

    def token_urlsafe(octets: int | None = None) -> str:
        return urlsafe_b64encode(chance.randbytes(octets or 32)).decode().rstrip("=")

    with (
        patch.object(secrets, "token_urlsafe", token_urlsafe),
        patch.object(secrets, "choice", chance.choice),
    ):
        yield


if __name__ == "__main__":
    main()
