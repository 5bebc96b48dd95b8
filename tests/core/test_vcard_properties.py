from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Contact
from bridge.core.contentline import serialize
from bridge.core.vcard import contact, patch, read, render, to_v3
from tests.core.card_strategies import CONTACTS, PAIRS

STAMP = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
UNKNOWN = [
    'X-FOO;X-BAR="a;b,c";x-lower=1:some\\,thing; else, here',
    "item9.X-ABDATE;type=pref:2010-01-01",
    "item9.X-ABLabel:_$!<Anniversary>!$_",
    "x-odd-Case;foo:bar",
    "GEO:46.77;-71.28",
    "NICKNAME:Bo,Bob",
    "URL:https\\://home.example",
    "X-LONG:0123456789012345678901234567890123456789\r\n 0123456789\r\n\tāēīāēī",
    "junk without a colon",
]


@given(CONTACTS)
def test_every_contact_survives_rendering(source: Contact) -> None:
    text = render(source, stamp=STAMP)
    card = read(text)
    assert contact(card) == replace(source, modified=STAMP)
    assert serialize(to_v3(card)) == text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


@given(CONTACTS)
def test_patching_nothing_changes_nothing(source: Contact) -> None:
    text = render(source, stamp=STAMP)
    assert serialize(patch(read(text), source, stamp=LATER)) == text


@given(PAIRS)
def test_a_patched_card_says_what_was_wanted(pair: tuple[Contact, Contact]) -> None:
    old, new = pair
    patched = patch(read(render(old, stamp=STAMP)), new, stamp=LATER)
    assert contact(patched) == replace(new, modified=contact(patched).modified)


@given(PAIRS)
def test_patching_twice_is_patching_once(pair: tuple[Contact, Contact]) -> None:
    old, new = pair
    once = serialize(patch(read(render(old, stamp=STAMP)), new, stamp=LATER))
    again = serialize(patch(read(once), new, stamp=datetime(2030, 1, 1, tzinfo=UTC)))
    assert again == once


@given(PAIRS, st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(UNKNOWN)), max_size=6))
def test_lines_that_are_not_mapped_keep_their_bytes(
    pair: tuple[Contact, Contact], strangers: list[tuple[int, str]]
) -> None:
    old, new = pair
    lines = [child.raw for child in read(render(old, stamp=STAMP)).lines]
    for place, stranger in strangers:
        lines.insert(place % (len(lines) + 1), stranger)
    text = "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""])
    kept = Counter(line.raw for line in patch(read(text), new, stamp=LATER).lines)
    inserted = Counter(stranger for _, stranger in strangers)
    assert {stranger: kept[stranger] for stranger in inserted} == inserted
