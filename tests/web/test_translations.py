"""Every text of the page in every language, with the same placeholders and every plural form."""

import re

import pytest
from babel.messages.pofile import read_po

from web import catalogs
from web.languages import LANGUAGES

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
TRANSLATED = [language for language in LANGUAGES if language != catalogs.SOURCE]


def forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def test_there_is_a_folder_for_every_language() -> None:
    assert catalogs.languages() == sorted(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing_or_fuzzy(language: str) -> None:
    assert [message.id for message in catalogs.missing(language)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_survive(language: str) -> None:
    for message in catalogs.catalog(language):
        if message.id and message.string:
            wanted = set(PLACEHOLDER.findall(forms(message.id)[-1]))
            for form in forms(message.string):
                if form:
                    assert set(PLACEHOLDER.findall(form)) == wanted, (message.id, form)


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_carry_no_markup_and_no_loose_ends(language: str) -> None:
    for message in catalogs.catalog(language):
        for form in forms(message.string) if message.id and message.string else ():
            assert "<" not in form.replace("<login>", "")
            assert form == form.strip()
            first = forms(message.id)[0]
            assert form.endswith(":") == first.endswith(":"), form


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_files_are_as_the_tool_writes_them(language: str) -> None:
    for file in catalogs.files(language):
        with file.open("rb") as stream:
            read = read_po(stream, locale=language, abort_invalid=True)
        ids = [(forms(message.id), message.context) for message in read if message.id]
        assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("lv", 1, "1 sekundes"),
        ("lv", 2, "2 sekundēm"),
        ("lv", 11, "11 sekundēm"),
        ("lv", 21, "21 sekundes"),
        ("ru", 1, "1 секунду"),
        ("ru", 3, "3 секунды"),
        ("ru", 11, "11 секунд"),
        ("ru", 21, "21 секунду"),
        ("pl", 1, "1 sekundę"),
        ("pl", 22, "22 sekundy"),
        ("pl", 12, "12 sekund"),
        ("pl", 21, "21 sekund"),
        ("sv", 1, "1 sekund."),
        ("sv", 5, "5 sekunder"),
        ("en", 1, "1 second."),
        ("en", 5, "5 seconds."),
    ],
)
def test_plurals(language: str, number: int, expected: str) -> None:
    singular = "There were too many failed tries. Try again in %(num)d second."
    plural = "There were too many failed tries. Try again in %(num)d seconds."
    found = catalogs.translations(language).ungettext(singular, plural, number)
    assert expected in found % {"num": number}


def test_a_fuzzy_text_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalogs.catalog("lv")
    message = known.get("Devices")
    assert message is not None
    message.flags.add("fuzzy")
    monkeypatch.setattr(catalogs, "catalog", lambda _language: known)
    assert "Devices" in [each.id for each in catalogs.missing("lv")]
