from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.core.contentline import Component, ContentLine, serialize
from bridge.core.vcard import contact, patch, read, render, split, to_v3
from bridge.errors import Invalid

pytestmark = pytest.mark.shared_data

STAMP = datetime(2026, 3, 1, tzinfo=UTC)
RENAMED = {"ANNIVERSARY": "X-ANNIVERSARY", "MEMBER": "X-ADDRESSBOOKSERVER-MEMBER"}
REFUSED = {"test_parser_vcard_grouped.vcf"}  # an address of nobody


@pytest.fixture(scope="module")
def cards(shared_data: Path) -> list[tuple[str, str]]:
    files = sorted((shared_data / "corpora").rglob("*.vcf"))
    return [(file.name, card) for file in files for card in split(file.read_bytes().decode())]


def names(card: Component) -> Counter[str]:
    return Counter(child.name for child in card.children)


def refusal(text: str) -> Invalid | None:
    try:
        assert contact(to_v3(read(text))).formatted_name
    except Invalid as error:
        return error
    return None


def test_every_card_is_read_or_refused_with_a_sentence(cards: list[tuple[str, str]]) -> None:
    refused = [(name, error) for name, text in cards if (error := refusal(text))]
    assert {name for name, _ in refused} == REFUSED
    assert all(error.condition == "CR:valid-address-data" for _, error in refused)
    assert all(str(error).endswith(".") for _, error in refused)
    assert len(cards) - len(refused) >= 21


def test_no_property_is_lost_on_the_way_to_3(cards: list[tuple[str, str]]) -> None:
    for name, text in cards:
        if name in REFUSED:
            continue
        source, converted = read(text), to_v3(read(text))
        wanted = Counter(RENAMED.get(key, key) for key in names(source).elements() if key != "VERSION")
        assert not wanted - names(converted), name
        if source.value("VERSION") == "3.0":
            assert converted == source
        assert converted.value("VERSION") == "3.0"


def test_patching_without_a_change_keeps_every_byte(cards: list[tuple[str, str]]) -> None:
    for name, text in cards:
        if name in REFUSED:
            continue
        card = to_v3(read(text))
        assert serialize(patch(card, contact(card), stamp=STAMP)) == serialize(card)
        if read(text).value("VERSION") == "3.0":
            kept = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
            assert serialize(card).split("\r\n")[1:-2] == [line.replace("\r", "") for line in kept[1:-1]], name


def test_converted_cards_say_the_same_when_rendered_afresh(cards: list[tuple[str, str]]) -> None:
    for name, text in cards:
        if name in REFUSED:
            continue
        said = contact(to_v3(read(text)))
        again = contact(read(render(said, stamp=said.modified or STAMP)))
        for field in ("formatted_name", "emails", "phones", "addresses", "messaging", "birthday", "note", "photo"):
            assert getattr(again, field) == getattr(said, field), (name, field)


def test_converted_lines_no_longer_speak_old_dialects(cards: list[tuple[str, str]]) -> None:
    for name, text in cards:
        source = None if name in REFUSED else read(text)
        if source is None or source.value("VERSION") == "3.0":
            continue
        for line in read(serialize(to_v3(source))).lines:
            assert isinstance(line, ContentLine)
            assert not line.param_values(""), line.raw
            assert "QUOTED-PRINTABLE" not in line.param_values("ENCODING")
            assert not line.value.startswith("data:")
