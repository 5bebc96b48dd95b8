"""What two ways to write one address, number or name have in common (R17)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.duplicate_keys import email_key, fold, name_key, phone_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ilze@Example.COM", " ilze@example.com "),
        ("mailto:ilze@example.com", "ilze@example.com"),
        ("ilze@bērziņi.lv", "ilze@xn--brzii-iza47a.lv"),
        ("ilze@BĒRZIŅI.lv", "ilze@bērziņi.lv"),
        ("ilze@example.com.", "ilze@example.com"),
        ("ja\u0304nis@example.com", "jānis@example.com"),
    ],
)
def test_one_address_written_in_two_ways(one: str, other: str) -> None:
    assert email_key(one) == email_key(other) != ""


@pytest.mark.parametrize("value", ["", "ilze", "@example.com", "ilze@", "  "])
def test_what_is_no_address_is_no_key(value: str) -> None:
    assert email_key(value) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ilze+crm@example.com", "ilze@example.com"),
        ("i.lze@gmail.com", "ilze@gmail.com"),
        ("ilze@example.com", "ilze@example.org"),
        ("ilze@--ē.lv", "ilze@--e.lv"),
    ],
)
def test_different_addresses(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+371 2612 3456", "26123456", "LV"),
        ("00371 26123456", "(26) 12-34-56", "LV"),
        ("8 (495) 123-45-67", "+7 495 1234567", "RU"),
        ("08-123 456 78", "+46 8 123 456 78", "SE"),
        ("+44 20 7946 0958", "020 7946 0958", "GB"),
        ("+371 67000000 ext. 12", "67000000 x12", "LV"),
        ("2612 34 56", "26-123-456", None),
        ("+371 26123456", "tel:+371-26-123-456", None),
    ],
)
def test_one_number_written_in_two_ways(one: str, other: str, region: str | None) -> None:
    assert phone_key(one, region) == phone_key(other, region) != ""


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+371 26123456", "+370 26123456", "LV"),
        ("67000000", "67000000 ext 12", "LV"),
        ("67000000 ext 11", "67000000 ext 12", "LV"),
        ("26123456", "26123457", None),
    ],
)
def test_different_numbers(one: str, other: str, region: str | None) -> None:
    assert phone_key(one, region) != phone_key(other, region)


@pytest.mark.parametrize("value", ["", "112", "1188", "ext. 12", "ask Ilze", "+", "x" * 500])
@pytest.mark.parametrize("region", ["LV", None, "nowhere"])
def test_what_is_no_number_is_no_key(value: str, region: str | None) -> None:
    assert phone_key(value, region) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ozola, Ilze", "Ilze Ozola"),
        ("ILZE  OZOLA", "ilze ozola"),
        ("Jānis Bērziņš", "Janis Berzins"),
        ("Анна Ёлкина", "елкина анна"),
        ("Łukasz Żak", "Lukasz Zak"),
        ("Søren Åberg", "Aberg Soren"),
        ("Groß, Jürgen", "Jurgen Gross"),
        ("Seán O’Brien", "Sean OBrien"),
        ("Anna-Marija Liepa", "Anna Marija Liepa"),
        ("Ilze Ozola", "Ｉｌｚｅ Ozola"),
    ],
)
def test_one_name_written_in_two_ways(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_a_title_does_not_count_and_a_generation_does() -> None:
    assert name_key("Dr. Ilze Ozola", "Dr.") == name_key("Ilze Ozola")
    assert name_key("Dr.", "Dr.") == "dr"
    assert name_key("John Smith Jr.") != name_key("John Smith")
    assert name_key("Ilze Ilze") != name_key("Ilze")


@given(st.text(max_size=30))
def test_keys_are_their_own_keys(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)
    assert fold(fold(text)) == fold(text)
    assert email_key(email_key(text)) == email_key(text)


@given(st.text("0123456789+() ext.", max_size=20), st.sampled_from(["LV", "RU", "US", None]))
def test_the_key_of_a_number_is_its_own_key(text: str, region: str | None) -> None:
    key = phone_key(text, region)
    assert not key.startswith("tel:") or phone_key(key, region) == key
