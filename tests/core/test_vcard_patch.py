import pytest

from bridge.core.contact import Address, Contact, ContactKind, Labelled, Name
from bridge.core.contentline import serialize
from bridge.core.vcard import contact, patch, read
from bridge.errors import MappingError
from tests.core.card_samples import LATER, STAMP, card, filled

APPLE = [
    "PRODID:-//Apple Inc.//iOS 17.0//EN",
    "N:Doe;John;Richter,James;Mr.;Sr.",
    "FN:John Doe",
    "ORG:IBM;Accounting;Dungeon",
    "item1.EMAIL;type=INTERNET;type=pref:a@e.example",
    "TEL;type=CELL;type=VOICE;type=pref:1",
    "item2.TEL;X-UUID=7:2",
    "item2.X-ABLabel:Villa",
    "TEL;type=WORK;type=FAX:3",
    "item3.ADR;type=HOME:;;Silicon Alley 5,;New York;NY;1;US",
    "item3.X-ABADR:us",
    "item4.URL;type=pref:http\\://e.example",
    "item4.X-ABLabel:_$!<HomePage>!$_",
    "UID:u",
]


def patched(**fields: object) -> list[str]:
    """The Apple card with these fields changed, as its lines between VERSION and END."""
    source = read(card(*APPLE))
    wanted = {name: getattr(contact(source), name) for name in Contact.__slots__} | fields
    return serialize(patch(source, Contact(**wanted), stamp=LATER)).split("\r\n")[2:-2]  # type: ignore[arg-type]


REV = "REV:2027-01-01T00:00:00Z"
EMAIL, MOBILE, VILLA, FAX = (
    Labelled("a@e.example", "", primary=True),
    Labelled("1", "mobile", primary=True),
    Labelled("2", "Villa"),
    Labelled("3", "fax"),
)
HOME = Address("Silicon Alley 5,", "New York", "NY", "1", "US", label="home")


@pytest.mark.parametrize(
    ("fields", "removed", "added"),
    [
        ({}, [], []),
        ({"modified": LATER}, [], []),
        ({"phones": (MOBILE, Labelled("9", "Villa"), FAX)}, ["item2.TEL;X-UUID=7:2"], ["item2.TEL;X-UUID=7:9", REV]),
        ({"phones": (MOBILE, VILLA)}, ["TEL;type=WORK;type=FAX:3"], [REV]),
        ({"phones": (MOBILE, FAX)}, ["item2.TEL;X-UUID=7:2", "item2.X-ABLabel:Villa"], [REV]),
        ({"phones": (MOBILE, Labelled("2", "home"), FAX)}, APPLE[6:8], ["item2.TEL;TYPE=HOME;X-UUID=7:2", REV]),
        (
            {"phones": (MOBILE, Labelled("2", "Hut"), FAX)},
            [APPLE[7], APPLE[6]],
            ["item2.TEL;X-UUID=7:2", "item2.X-ABLABEL:Hut", REV],
        ),
        (
            {"phones": (MOBILE, VILLA, Labelled("3", "Hut"))},
            ["TEL;type=WORK;type=FAX:3"],
            ["item5.TEL:3", "item5.X-ABLABEL:Hut", REV],
        ),
        ({"phones": (MOBILE, VILLA, FAX, Labelled("4", "pager"))}, [], ["TEL;TYPE=PAGER:4", REV]),
        ({"phones": (Labelled("1", "mobile"), VILLA, FAX)}, [APPLE[5]], ["TEL;TYPE=CELL;TYPE=VOICE:1", REV]),
        ({"emails": ()}, [APPLE[4]], [REV]),
        ({"addresses": ()}, APPLE[9:11], [REV]),
        (
            {"addresses": (Address("Silicon Alley 5,", "Boston", "NY", "1", "US", label="home"),)},
            [APPLE[9]],
            ["item3.ADR;TYPE=HOME:;;Silicon Alley 5,;Boston;NY;1;US", REV],
        ),
        (
            {"name": Name("Roe", "John", "Richter James", "Mr.", "Sr.")},
            [APPLE[1]],
            ["N:Roe;John;Richter,James;Mr.;Sr.", REV],
        ),
        ({"formatted_name": "Johnny"}, [APPLE[2]], ["FN:Johnny", REV]),
        ({"department": "Sales"}, [APPLE[3]], ["ORG:IBM;Sales;Dungeon", REV]),
        ({"url": "https://crm.example/1"}, [], ["item5.URL:https://crm.example/1", "item5.X-ABLABEL:CRM", REV]),
        ({"kind": ContactKind.ORGANIZATION}, [], ["X-ABSHOWAS:COMPANY", REV]),
    ],
)
def test_only_what_changed_is_written(fields: dict[str, object], removed: list[str], added: list[str]) -> None:
    lines = patched(**fields)
    assert [line for line in APPLE if line not in removed] == [line for line in lines if line not in added]
    assert sorted(line for line in lines if line not in APPLE or line in added) == sorted(added)


def test_a_new_order_moves_lines_without_touching_them() -> None:
    lines = patched(phones=(FAX, VILLA, MOBILE))
    assert sorted(lines) == sorted([*APPLE, REV])
    assert [line for line in lines if "TEL" in line] == [APPLE[8], APPLE[6], APPLE[5]]


def test_several_notes_are_one_and_are_replaced_as_one() -> None:
    text = card("FN:x", "N:x;;;;", "NOTE:a", "TITLE:t", "NOTE:b", "UID:u")
    assert contact(read(text)).note == "a\n\nb"
    changed = patch(read(text), filled({"note": "c", "title": "t"}), stamp=STAMP)
    assert [line.value for line in changed.all("NOTE")] == ["c"]


def test_group_and_contact_do_not_turn_into_each_other() -> None:
    with pytest.raises(MappingError, match="group"):
        patch(read(card(*APPLE)), filled({"kind": ContactKind.GROUP}), stamp=STAMP)


def test_shared_label_stays_with_the_line_that_did_not_change() -> None:
    text = card("FN:x", "N:x;;;;", "item1.TEL:1", "item1.EMAIL:a@b", "item1.X-ABLabel:Hut", "UID:u")
    wanted = filled({"phones": (Labelled("1", "work"),), "emails": (Labelled("a@b", "Hut"),)})
    assert contact(patch(read(text), wanted, stamp=STAMP)) == wanted


def test_an_account_in_two_spellings_is_one_and_changes_as_one() -> None:
    text = card("FN:x", "N:x;;;;", "X-JABBER;type=HOME:jo@e.example", "IMPP;type=HOME:xmpp:jo@e.example", "UID:u")
    known = contact(read(text))
    assert known.messaging == (Labelled("xmpp:jo@e.example", "home"),)
    changed = patch(read(text), filled({"messaging": (Labelled("xmpp:new@e.example", "home"),)}), stamp=STAMP)
    assert [line.name for line in changed.lines] == ["VERSION", "FN", "N", "IMPP", "UID", "REV"]
    assert changed.line("IMPP").value == "xmpp:new@e.example"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line", ["PHOTO;VALUE=uri:https://e.example/a.jpg", "PHOTO;ENCODING=b;TYPE=JPEG:***", "BDAY;VALUE=text:circa 1800"]
)
def test_what_cannot_be_read_is_kept(line: str) -> None:
    text = card("FN:x", "N:x;;;;", line, "UID:u")
    assert line in serialize(patch(read(text), filled({"title": "new"}), stamp=STAMP))
