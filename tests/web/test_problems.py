"""The page that tells what went wrong speaks the user's language."""

from __future__ import annotations

import pytest

from bridge.errors import BridgeError
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

ABROAD = {
    "en": "Only administrators see this page.",
    "lv": "Šo lapu redz tikai administratori.",
    "ru": "Эту страницу видят только администраторы.",
    "pl": "Tę stronę widzą tylko administratorzy.",
    "sv": "Bara administratörer ser den här sidan.",
}


@pytest.mark.parametrize("language", ABROAD)
def test_what_is_not_allowed(anna: Browser, language: str) -> None:
    anna.post("/language", {"language": language})
    answer = anna.get("/admin/")
    assert answer.status_code == 403
    check_html(answer.text)
    assert f"<p>{ABROAD[language]}</p>" in answer.text
    assert answer.text.count(' lang="en"') == (2 if language == "en" else 1)  # the button of the language itself


def test_the_script_is_told_in_plain_words(anna: Browser) -> None:
    anna.post("/language", {"language": "lv"})
    answer = anna.get("/admin/", headers={"X-Requested-With": "fetch"})
    assert answer.get_json() == {"message": ABROAD["lv"]}


def test_what_has_no_translation_is_marked(house: House, anna: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def trouble(*_arguments: object) -> None:
        raise BridgeError("The disk <of the server> is full.", remedy="Tell somebody.")

    monkeypatch.setattr(house.devices, "list", trouble)
    anna.post("/language", {"language": "lv"})
    answer = anna.get("/devices/")
    assert answer.status_code == 500
    check_html(answer.text)
    assert '<span lang="en">The disk &lt;of the server&gt; is full.</span>' in answer.text
    assert '<span lang="en">Tell somebody.</span>' in answer.text
