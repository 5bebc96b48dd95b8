import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contentline import (
    Component,
    ContentLine,
    escape_text,
    fold,
    make_line,
    parse,
    serialize,
    split_structured,
    split_text_list,
    unescape_text,
)
from bridge.errors import Invalid

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32))


def only(text: str) -> Component:
    (component,) = parse(text)
    return component


def line(text: str) -> ContentLine:
    (found,) = only(f"BEGIN:VCARD\r\n{text}\r\nEND:VCARD\r\n").lines
    return found


@pytest.mark.parametrize(
    ("text", "name", "params", "value", "group"),
    [
        ("SUMMARY:a,b;c", "SUMMARY", (), "a,b;c", ""),
        ("summary:x", "SUMMARY", (), "x", ""),
        ("SUMMARY :x", "SUMMARY", (), "x", ""),
        (
            "item1.TEL;TYPE=work,voice;type=pref:1",
            "TEL",
            (("TYPE", ("work", "voice")), ("TYPE", ("pref",))),
            "1",
            "item1",
        ),
        ('ATTENDEE;CN="Ozols; A: b, c":mailto:a@b.lv', "ATTENDEE", (("CN", ("Ozols; A: b, c",)),), "mailto:a@b.lv", ""),
        ("ATTENDEE;CN=a^'b^^c^nd^x:m", "ATTENDEE", (("CN", ('a"b^c\nd^x',)),), "m", ""),
        ('X;P="a","b,c",d:v', "X", (("P", ("a", "b,c", "d")),), "v", ""),
        ("TEL;WORK;VOICE:1", "TEL", (("", ("WORK",)), ("", ("VOICE",))), "1", ""),
        ('X;CN="open:v', "X", (("CN", ('"open',)),), "v", ""),
        ("DTSTART;TZID= Europe/Riga :1", "DTSTART", (("TZID", ("Europe/Riga",)),), "1", ""),
        ("X-APPLE-RADIUS=49.9", "", (), "X-APPLE-RADIUS=49.9", ""),
        ("some text: more", "", (), "some text: more", ""),
        ("SUM\r\n MARY:a\r\n\t b", "SUMMARY", (), "a b", ""),
        (
            "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb=C3=91",
            "NOTE",
            (("ENCODING", ("QUOTED-PRINTABLE",)),),
            "ab=C3=91",
            "",
        ),
        ("PHOTO;BASE64:QUJD\r\nREVG\r\nR0g=", "PHOTO", (("", ("BASE64",)),), "QUJDREVGR0g=", ""),
    ],
)
def test_a_line_is_read(text: str, name: str, params: object, value: str, group: str) -> None:
    found = line(text)
    assert (found.name, found.params, found.value, found.group, found.raw) == (name, params, value, group, text)


def test_parameters_are_found_by_name_in_any_case() -> None:
    found = line("TEL;TYPE=a,b;TYPE=c:1")
    assert (found.param("type"), found.param_values("TYPE"), found.param("X")) == ("a", ("a", "b", "c"), "")


def test_components_nest_and_are_found_by_name() -> None:
    calendar = only("BEGIN:VCALENDAR\nA:1\nBEGIN:vevent\nB:2\nB:3\nEND:VEVENT \nC:4\nEND:VCALENDAR")
    assert [found.name for found in calendar.lines] == ["A", "C"]
    (event,) = calendar.components
    first = event.line("B")
    assert first is not None
    assert (event.name, first.value, len(event.all("B")), event.value("B"), event.value("D")) == (
        "VEVENT",
        "2",
        2,
        "2",
        "",
    )
    assert event.line("D") is None


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffBEGIN:VCARD\r\nX:1\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nX:1\nEND:VCARD",
        "BEGIN:VCARD\rX:1\rEND:VCARD\r",
        "\r\n\r\nBEGIN:VCARD\r\n\r\nX:1\r\n\r\nEND:VCARD\r\n\r\n",
        "BEGIN:VCARD\r\r\nX:1\r\r\nEND:VCARD  ",
        "begin:vcard\r\nX:1\r\nend:vcard\r\n",
    ],
)
def test_odd_line_ends_and_blank_lines_are_no_obstacle(text: str) -> None:
    assert serialize(only(text)) == "BEGIN:VCARD\r\nX:1\r\nEND:VCARD\r\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("BEGIN:A\nX:1", "BEGIN:A in line 1 has no END:A."),
        ("BEGIN:A\nEND:B\n", "END:B in line 2 does not close BEGIN:A of line 1."),
        ("END:A\n", "END:A in line 1 has no BEGIN:A."),
        ("\n\nX:1\n", "Line 3 is outside of any component."),
        ("BEGIN:\nEND:\n", "BEGIN in line 1 names no component."),
        ("BEGIN:A\nX:\x00\nEND:A\n", "Line 2 holds the character U+0000, which is not allowed."),
        ("BEGIN:A\nX:\x0b\nEND:A\n", "Line 2 holds the character U+000B, which is not allowed."),
        ("BEGIN:A\nX:\ud800\nEND:A\n", "Line 2 holds the character U+D800, which is not allowed."),
        ("BEGIN:A\n" * 30 + "END:A\n" * 30, "BEGIN:A in line 21 is nested too deeply."),
    ],
)
def test_what_is_broken_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert str(caught.value) == sentence


def test_several_components_stand_beside_each_other() -> None:
    assert [found.name for found in parse("BEGIN:A\nEND:A\nBEGIN:B\nEND:B\n")] == ["A", "B"]
    assert parse("") == ()


@given(st.lists(st.tuples(st.sampled_from(["X", "x-y", "item1.Tel"]), TEXTS), max_size=5))
def test_what_was_read_is_written_back_byte_for_byte(pairs: list[tuple[str, str]]) -> None:
    body = "".join(fold(f"{name}:{value}") + "\r\n" for name, value in pairs)
    text = f"BEGIN:VCARD\r\n{body}END:VCARD\r\n"
    assert serialize(only(text)) == text


@given(TEXTS.map(lambda text: text * 5))
def test_folding_keeps_to_75_octets_and_whole_characters(text: str) -> None:
    folded = fold("SUMMARY:" + text)
    assert all(len(piece.encode()) <= 75 for piece in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == "SUMMARY:" + text


@pytest.mark.parametrize("character", ["a", "ā", "€", "😀"])
def test_folding_fills_its_lines(character: str) -> None:
    pieces = fold("X:" + character * 200).split("\r\n")
    assert all(75 - 4 < len(piece.encode()) <= 75 for piece in pieces[:-1])


@given(TEXTS | st.text("\\,;:nN\n\"'a"))
def test_escaping_is_undone_by_unescaping(text: str) -> None:
    assert unescape_text(escape_text(text)) == text


@given(st.lists(st.text("\\,;nN\na"), min_size=1))
def test_a_list_of_texts_is_split_where_it_was_joined(texts: list[str]) -> None:
    assert split_text_list(",".join(escape_text(text) for text in texts)) == tuple(texts)
    assert [unescape_text(part) for part in split_structured(";".join(map(escape_text, texts)))] == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [(r"a\, b\; c\nd\Ne\\n", "a, b; c\nd\ne\\n"), (r"C:\Temp", r"C:\Temp"), ("end\\", "end\\"), (r"\:\"", ':"')],
)
def test_unescaping_is_lenient(value: str, text: str) -> None:
    assert unescape_text(value) == text


def test_line_ends_of_texts_are_normalized_and_controls_dropped() -> None:
    assert escape_text("a\r\nb\rc\x00\x0b\ud800d") == "a\\nb\\ncd"


@given(TEXTS, st.lists(TEXTS | st.text('^"\n,;:'), min_size=1))
def test_a_line_of_ours_is_read_back(value: str, parameters: list[str]) -> None:
    clean = [text.strip() for text in parameters]
    made = make_line("x-a", value, (("P", tuple(clean)), ("", ("BARE",))), group="g")
    (read,) = only(serialize(Component("VCARD", (made,)))).lines
    assert (read.name, read.value, read.params, read.group) == (made.name, made.value, made.params, made.group)


def test_a_line_end_cannot_be_smuggled_in() -> None:
    made = make_line("URL", "http://a\r\nATTENDEE:b", (("P", ("x\r\nY",)),))
    assert serialize(Component("A", (made,))) == "BEGIN:A\r\nURL;P=x^nY:http://aATTENDEE:b\r\nEND:A\r\n"
    with pytest.raises(Invalid, match="no name"):
        make_line("A\r\nB", "")
