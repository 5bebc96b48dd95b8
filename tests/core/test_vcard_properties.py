from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Contact
from bridge.core.contentline import serialize
from bridge.core.vcard import contact, patch, read, render, split, to_v3
from bridge.errors import Invalid
from tests.core.card_strategies import CONTACTS, ORGANIZATIONS, PAIRS, PERSONS

STAMP = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
UNKNOWN = [
    'X-FOO;X-BAR="a;b,c";x-lower=1:some\\,thing; else, here',
    "item99.X-ABDATE;type=pref:2010-01-01",
    "item99.X-ABLabel:_$!<Anniversary>!$_",
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


ODD = [
    "TEL;WORK:1",
    "TEL;TYPE=CELL:1",
    "item1.TEL:1",
    "item1.EMAIL;type=pref:a@b",
    "item1.X-ABLabel:Hut",
    "item2.X-ABLabel:_$!<Home>!$_",
    "item2.ADR;TYPE=WORK:;;a,b;c",
    "ADR:;;;;;;",
    "item2.URL:https://crm.example",
    "URL:https://home.example",
    "item3.URL:https://crm.example/2",
    "item3.X-ABLabel:CRM",
    "IMPP;X-SERVICE-TYPE=Skype:jo",
    "X-SKYPE:jo",
    "X-JABBER;ENCODING=QUOTED-PRINTABLE:=6A",
    "TEL;ENCODING=QUOTED-PRINTABLE;PREF:=31",
    "ORG:",
    "ORG:;Sales",
    "ORG;CHARSET=UTF-8:A;B;C",
    "TITLE:",
    "TITLE;QUOTED-PRINTABLE:=41=0A",
    "N:a,b;c;;;;more",
    "N:",
    "FN:",
    "FN:y",
    "BDAY;VALUE=text:once",
    "BDAY:--0229",
    "PHOTO;ENCODING=b:***",
    "PHOTO;VALUE=uri:https://e.example/a.jpg",
    "PHOTO:data:image/png;base64,iVBORw0K",
    "NOTE: ",
    "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab",
    "CATEGORIES:,",
    "CATEGORIES:a, b",
    "X-CRM-PERSON:x",
    "X-CRM-PERSON:7",
    "X-ABShowAs:COMPANY",
    "KIND:org",
    "UID:",
    "UID:urn:uuid:u",
    "REV:yesterday",
    "REV:20200101",
    "VERSION:2.1",
    "VERSION:3.0",
    "VERSION:4.0",
    *UNKNOWN,
]
ODD_CARDS = st.lists(st.sampled_from(ODD), max_size=14).map(
    lambda lines: "\r\n".join(["BEGIN:VCARD", *lines, "FN:x", "END:VCARD", ""])
)


@given(ODD_CARDS, PERSONS | ORGANIZATIONS)
def test_any_card_can_be_made_to_say_anything(text: str, wanted: Contact) -> None:
    once = patch(read(text), wanted, stamp=LATER)
    assert contact(once) == replace(wanted, modified=contact(once).modified)
    again = patch(read(serialize(once)), wanted, stamp=STAMP)
    assert serialize(again) == serialize(once)


@given(ODD_CARDS)
def test_any_card_stays_itself_when_nothing_changes(text: str) -> None:
    card = to_v3(read(text))
    assert contact(read(serialize(card))) == contact(card)
    assert serialize(patch(card, contact(card), stamp=LATER)) == serialize(card)


@given(
    st.text(st.sampled_from('BEGINDVCAR:;=,\\"\r\n \t^01FNTELUIDPHOTO.b-é\ufeff\x00') | st.characters(), max_size=200)
)
def test_any_other_text_is_refused_or_read_but_never_breaks(body: str) -> None:
    for text in (body, f"BEGIN:VCARD\r\n{body}\r\nEND:VCARD\r\n"):
        for single in split(text):
            try:
                card = to_v3(read(single))
            except Invalid:
                continue
            assert contact(patch(card, contact(card), stamp=LATER)) == contact(card)
