import re
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import html5lib
import pytest
from flask.testing import FlaskClient

from bridge.config import Config, Server, Web
from tests.web.conftest import Answering
from web import create_app

INK = ("ink", "quiet", "link", "good", "warn", "bad")
PAPER = ("paper", "panel")


def page(config: Config, base_url: str = "http://127.0.0.1:8080") -> str:
    return create_app(Answering(), config).test_client().get("/", base_url=base_url).text


def test_it_names_the_installation_and_every_address(client: FlaskClient) -> None:
    text = client.get("/", base_url="http://127.0.0.1:8080").text
    assert "<h1>davbridge</h1>" in text
    assert "<code>http://127.0.0.1:8080/dav/</code>" in text
    for name in ("activities", "tasks", "contacts", "of-&lt;colleague&gt;"):
        assert f"<code>http://127.0.0.1:8080/dav/&lt;login&gt;/{name}/</code>" in text
    assert 'href="davx5://127.0.0.1:8080/dav/"' in text
    assert "<code>127.0.0.1:8080</code>" in text


def test_the_public_address_wins_over_the_request() -> None:
    text = page(Config(server=replace(Server(), base_url="https://dav.example.com")), base_url="http://10.0.0.1:8080")
    assert "https://dav.example.com/dav/" in text
    assert "10.0.0.1" not in text


def test_the_title_is_text_and_not_markup() -> None:
    text = page(Config(web=replace(Web(), title="<b>Ltd</b> & Co")))
    assert "<h1>&lt;b&gt;Ltd&lt;/b&gt; &amp; Co</h1>" in text


def test_a_forged_host_name_is_no_markup(client: FlaskClient) -> None:
    assert "<script>x" not in client.get("/", headers={"Host": 'a"><script>x</script>'}).text


def test_it_is_valid_html(client: FlaskClient) -> None:
    document = html5lib.HTMLParser(strict=True).parse(client.get("/").text)
    assert document.find(".//{http://www.w3.org/1999/xhtml}main") is not None


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: FlaskClient) -> None:
    text = client.get("/").text
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", text)
    loaded = re.findall(r'<(?:link|img|script)[^>]*(?:href|src)="([^"]+)"', text)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        with client.get(address) as answer:
            assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/style.css", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_headings_do_not_skip_a_level_and_sections_are_labelled(client: FlaskClient) -> None:
    text = client.get("/").text
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for label in re.findall(r'aria-labelledby="(\w+)"', text):
        assert f'id="{label}"' in text


@pytest.mark.parametrize(("theme", "ink", "paper"), [*product(("light", "dark"), INK, PAPER)])
def test_text_has_the_contrast_of_wcag_aa(root: Path, theme: str, ink: str, paper: str) -> None:
    colours = palette(root, theme)
    assert contrast(colours[ink], colours[paper]) >= 4.5


@pytest.mark.parametrize(("theme", "paper"), [*product(("light", "dark"), PAPER)])
def test_borders_have_the_contrast_of_wcag_aa(root: Path, theme: str, paper: str) -> None:
    colours = palette(root, theme)
    assert contrast(colours["line"], colours[paper]) >= 3


def palette(root: Path, theme: str) -> dict[str, str]:
    style = (root / "web" / "static" / "style.css").read_text(encoding="utf-8")
    light, _, rest = style.partition("@media (prefers-color-scheme: dark)")
    text = light if theme == "light" else rest.partition("\n}\n")[0]
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", text))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
