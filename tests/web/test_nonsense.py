"""Nonsense in each field of each form that the pages show: an answer in words, never a broken page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import html5lib
import pytest

from tests.system.chaos import CHAOS
from tests.web.conftest import Browser
from tests.web.test_forms import Place, place

__all__ = ["place"]

NONSENSE = (
    "\x00\u202e\ufffe<script>alert(1)</script>",
    "x" * 20_000,
    *(
        "-1",
        "99999999999999999999999",
        "1e400",
        "NaN",
        "",
        " ",
        "\r\nX: 1",
        "%s{0}${7*7}",
        "../../etc/passwd",
        "0000-00-00",
    ),
    *("24:61", "\U0001f600" * 300, "' OR 1=1 --", "http://[::1", "İıſß", "\u0600\u0301"),
)
ELSEWHERE = {"static", "oauth.go", "oauth.back"}
LEAVES = {"/sign-out", "/sign-in"}  # whoever has left sends nothing more


@dataclass(frozen=True)
class Form:
    """A form of a page, and what it would send as it stands."""

    action: str
    fields: dict[str, list[str]]

    @property
    def names(self) -> list[str]:
        """What somebody could send something else for."""
        return sorted(self.fields.keys() - {"csrf_token"})


def forms(page: str, text: str) -> Iterator[Form]:
    for form in html5lib.parse(text, namespaceHTMLElements=False).iter("form"):
        if form.get("method", "get").lower() == "post":
            found: dict[str, list[str]] = {}
            for field in form.iter():
                name = field.get("name")
                if name is not None and field.tag in {"input", "select", "textarea", "button"}:
                    found.setdefault(name, []).extend(sends(field))
            yield Form(urljoin(page, form.get("action") or page), found)


def sends(field: object) -> list[str]:
    tag, kind = field.tag, field.get("type", "")  # type: ignore[attr-defined]
    if tag == "select":
        options = [option for option in field.iter("option") if option.get("selected") is not None]  # type: ignore[attr-defined]
        return [option.get("value", "") for option in options]
    if tag == "textarea":
        return [field.text or ""]  # type: ignore[attr-defined]
    if kind in {"checkbox", "radio"} and field.get("checked") is None:  # type: ignore[attr-defined]
        return []
    return [] if kind == "file" or tag == "button" else [field.get("value", "")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("login", ["anna", "zane"])
def test_nonsense_in_any_field_breaks_nothing(place: Place, login: str) -> None:
    """In the ordinary run one kind of nonsense in one field of each form, but not the same in all of them."""
    browser, broken, tried = place.browser(login), [], set()
    for rule in place.rules("GET"):
        if rule.endpoint.startswith("admin.") is (login == "zane") and rule.endpoint not in ELSEWHERE:
            page = place.path(rule)
            answer = browser.get(page)
            for form in forms(page, answer.text) if answer.mimetype == "text/html" else ():
                if form.action not in tried and form.action not in LEAVES:
                    tried.add(form.action)
                    broken += [found for name in some(form.names, form) for found in sent(browser, form, name)]
    assert broken == []
    assert len(tried) > 8, tried


def some(among: Sequence[str], form: Form) -> Sequence[str]:
    return among if CHAOS or not among else [among[len(form.action) % len(among)]]


def sent(browser: Browser, form: Form, name: str) -> list[tuple[str, str, str, int]]:
    """What went wrong with nonsense in a field."""
    answers = [(text, browser.post(form.action, {**form.fields, name: [text]})) for text in some(NONSENSE, form)]
    return [
        (form.action, name, text[:20], answer.status_code)
        for text, answer in answers
        if answer.status_code >= 500 or "<script>alert" in answer.text
    ]
