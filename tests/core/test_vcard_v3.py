import pytest

from bridge.core.contentline import serialize
from bridge.core.vcard import read, split, to_v3
from tests.core.card_samples import PIXEL_64, card


def converted(*lines: str, version: str) -> list[str]:
    """The lines of a card of another version, without those that every 3.0 card has."""
    text = serialize(to_v3(read(card("FN:x", "N:x;;;;", *lines, version=version))))
    return text.replace("\r\n ", "").split("\r\n")[4:-2]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"PHOTO:data:image/jpeg;base64,{PIXEL_64}", f"PHOTO;ENCODING=b;TYPE=JPEG:{PIXEL_64}"),
        ("PHOTO:https://e.example/a.jpg", "PHOTO;VALUE=uri:https://e.example/a.jpg"),
        ("KIND:group", "X-ADDRESSBOOKSERVER-KIND:group"),
        ("KIND:org", "X-ABSHOWAS:COMPANY"),
        ("KIND:individual", "KIND:individual"),
        ("MEMBER:urn:uuid:u-1", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u-1"),
        ("EMAIL;PREF=1;TYPE=work:a@b", "EMAIL;TYPE=pref;TYPE=work:a@b"),
        ('TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+371-2;ext=5', "TEL;TYPE=work;TYPE=voice;TYPE=pref:+371-2 ext. 5"),
        ("TEL;VALUE=TEXT:123", "TEL;VALUE=TEXT:123"),
        ("BDAY:--0415", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15"),
        ("BDAY;VALUE=DATE:19960415", "BDAY:1996-04-15"),
        ("BDAY;VALUE=text:circa 1800", "BDAY;VALUE=text:circa 1800"),
        ("ANNIVERSARY:20090808", "X-ANNIVERSARY:2009-08-08"),
        ("UID:urn:uuid:4fbe8971", "UID:urn:uuid:4fbe8971"),
        ("GEO:geo:46.7\\,-71.2", "GEO:46.7;-71.2"),
        ("REV:20210314T092838Z", "REV:2021-03-14T09:28:38Z"),
        ("LANG;PREF=1:fr", "LANG;PREF=1:fr"),
        ("GENDER:M", "GENDER:M"),
        ("RELATED;TYPE=friend:urn:uuid:x", "RELATED;TYPE=friend:urn:uuid:x"),
        ('ORG;SORT-AS="A;B":C;D', 'ORG;SORT-AS="A;B":C;D'),
    ],
)
def test_version_4_becomes_3(line: str, expected: str) -> None:
    assert converted(line, version="4.0") == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TEL;WORK;VOICE:1", "TEL;TYPE=WORK;TYPE=VOICE:1"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0A=\r\nb, c", "NOTE:a\\nb\\, c"),
        ("TITLE;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:J=FCrgen", "TITLE:Jürgen"),
        ("TITLE;CHARSET=x-unknown;ENCODING=QUOTED-PRINTABLE:=C4=81", "TITLE:ā"),
        ("TITLE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C4=81=C4", "TITLE:ā\ufffd"),
        ("ADR;HOME:;;a, b;c\\;d;;;", "ADR;TYPE=HOME:;;a\\, b;c\\;d;;;"),
        ("PHOTO;JPEG;BASE64:AAAA\r\n AAAA\r\n", "PHOTO;ENCODING=b;TYPE=JPEG:AAAAAAAA"),
        ("PHOTO;VALUE=URL:http://e.example/a.gif", "PHOTO;VALUE=URL:http://e.example/a.gif"),
        ("URL;WORK:http://e.example/a,b", "URL;TYPE=WORK:http://e.example/a,b"),
        ("X-MS-MANAGER:Big, Blue", "X-MS-MANAGER:Big, Blue"),
        ("CATEGORIES:a,b", "CATEGORIES:a,b"),
    ],
)
def test_version_2_becomes_3(line: str, expected: str) -> None:
    assert converted(line, version="2.1") == [expected]


def test_nested_agent_of_version_2_is_kept() -> None:
    text = card("FN:x", "AGENT:", "BEGIN:VCARD", "VERSION:2.1", "FN:y", "END:VCARD", version="2.1")
    assert split(text) == (text,)
    assert "FN:y" in serialize(to_v3(read(text)))


def test_card_without_version_is_taken_as_3() -> None:
    text = "BEGIN:VCARD\nFN:x\nN:x;;;;\nNOTE:a\\, b\nEND:VCARD\n"
    assert serialize(to_v3(read(text))) == card("FN:x", "N:x;;;;", "NOTE:a\\, b")
