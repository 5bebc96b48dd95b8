import pytest

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.contentline import serialize
from bridge.core.vcard import contact, join, patch, read, render, split, to_v3, uid, with_uid
from bridge.errors import Invalid
from tests.core.card_samples import PIXEL, PIXEL_64, STAMP, card, filled


def said(*lines: str, version: str = "3.0") -> Contact:
    return contact(to_v3(read(card("FN:x", *lines, version=version))))


MAPPED = [
    ({"uid": "u-1"}, ["UID:u-1"]),
    ({"formatted_name": "Ann, Lee"}, ["FN:Ann\\, Lee"]),
    ({"name": Name("Bērziņš", "Jānis", "A.", "Dr.", "Jr.")}, ["N:Bērziņš;Jānis;A.;Dr.;Jr."]),
    ({"name": Name("a;b", "c,d")}, ["N:a\\;b;c\\,d;;;"]),
    ({"organization": "Acme, Inc."}, ["ORG:Acme\\, Inc."]),
    ({"organization": "Acme", "department": "Sales"}, ["ORG:Acme;Sales"]),
    ({"title": "Boss"}, ["TITLE:Boss"]),
    ({"emails": (Labelled("a@e.example"),)}, ["EMAIL;TYPE=INTERNET:a@e.example"]),
    (
        {"emails": (Labelled("a@e.example", "work", primary=True),)},
        ["EMAIL;TYPE=INTERNET;TYPE=WORK;TYPE=pref:a@e.example"],
    ),
    ({"phones": (Labelled("+371 2", "mobile"),)}, ["TEL;TYPE=CELL:+371 2"]),
    ({"phones": (Labelled("1", "work"), Labelled("2", "home"))}, ["TEL;TYPE=WORK:1", "TEL;TYPE=HOME:2"]),
    ({"phones": (Labelled("1", "fax"), Labelled("2", "pager"))}, ["TEL;TYPE=FAX:1", "TEL;TYPE=PAGER:2"]),
    ({"phones": (Labelled("1", "other"), Labelled("2"))}, ["TEL;TYPE=OTHER:1", "TEL:2"]),
    ({"phones": (Labelled("1", "Villa"),)}, ["item1.TEL:1", "item1.X-ABLABEL:Villa"]),
    ({"emails": (Labelled("a@b", "Club"),), "phones": (Labelled("1", "Villa"),)}, ["item2.X-ABLABEL:Villa"]),
    (
        {"addresses": (Address("Street 1\nFlat 2", "Rīga", "Vidzeme", "LV-1001", "Latvia", "Box", "Ext", "work"),)},
        ["ADR;TYPE=WORK:Box;Ext;Street 1\\nFlat 2;Rīga;Vidzeme;LV-1001;Latvia"],
    ),
    ({"addresses": (Address(locality="Rīga", label="Dacha"),)}, ["item1.ADR:;;;Rīga;;;", "item1.X-ABLABEL:Dacha"]),
    ({"messaging": (Labelled("xmpp:a@b", "work"),)}, ["IMPP;TYPE=WORK:xmpp:a@b"]),
    ({"birthday": Birthday(4, 15, 1996)}, ["BDAY:1996-04-15"]),
    ({"birthday": Birthday(2, 29)}, ["BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29"]),
    ({"note": "a\nb; c, d\\"}, ["NOTE:a\\nb\\; c\\, d\\\\"]),
    ({"url": "https://crm.example/p/1?a=1,2;3"}, ["item1.URL:https://crm.example/p/1?a=1,2;3", "item1.X-ABLABEL:CRM"]),
    ({"categories": ("VIP", "a,b")}, ["CATEGORIES:VIP,a\\,b"]),
    ({"photo": Photo(PIXEL)}, [f"PHOTO;ENCODING=b;TYPE=JPEG:{PIXEL_64}"]),
    ({"person_id": 7, "organization_id": 9}, ["X-CRM-PERSON:7", "X-CRM-ORG:9"]),
    ({"kind": ContactKind.ORGANIZATION, "organization": "Acme"}, ["X-ABSHOWAS:COMPANY", "ORG:Acme", "N:;;;;"]),
    (
        {"kind": ContactKind.GROUP, "formatted_name": "VIP", "members": ("u-1", "u-2")},
        [
            "N:VIP;;;;",
            "FN:VIP",
            "X-ADDRESSBOOKSERVER-KIND:group",
            "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u-1",
            "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u-2",
        ],
    ),
]


@pytest.mark.parametrize(("fields", "lines"), MAPPED)
def test_mapped_property_out_and_in(fields: dict[str, object], lines: list[str]) -> None:
    source = filled(fields)
    text = render(source, stamp=STAMP)
    assert set(lines) <= set(text.replace("\r\n ", "").split("\r\n"))
    assert contact(read(text)) == source


@pytest.mark.parametrize(("fields", "lines"), MAPPED)
def test_mapped_property_is_patched_in_and_cleared_again(fields: dict[str, object], lines: list[str]) -> None:
    kind = fields.get("kind", ContactKind.PERSON)
    start = {"kind": kind} if kind is ContactKind.GROUP else {}
    bare, full = filled(start), filled(fields)
    there = patch(read(render(bare, stamp=STAMP)), full, stamp=STAMP)
    assert contact(there) == full
    assert {line for line in lines if not line.startswith("item")} <= set(
        serialize(there).replace("\r\n ", "").split("\r\n")
    )
    assert contact(patch(there, bare, stamp=STAMP)) == bare


def test_a_fresh_card_is_complete() -> None:
    text = render(Contact(uid="u", emails=(Labelled("a@e.example"),)), stamp=STAMP)
    assert text.split("\r\n") == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "PRODID:-//davbridge//EN",
        "UID:u",
        "FN:a@e.example",
        "N:;a@e.example;;;",
        "EMAIL;TYPE=INTERNET:a@e.example",
        "REV:2026-03-01T12:30:00Z",
        "END:VCARD",
        "",
    ]
    assert contact(read(render(Contact(uid=""), stamp=STAMP))).formatted_name == "?"


@pytest.mark.parametrize(
    ("lines", "label", "primary"),
    [
        (["TEL;type=CELL;type=VOICE;type=pref:1"], "mobile", True),
        (["TEL;type=IPHONE;type=CELL;type=VOICE:1"], "mobile", False),
        (['TEL;TYPE="CELL,VOICE":1'], "mobile", False),
        (['TEL;TYPE="CELL:1'], "mobile", False),
        (["TEL;TYPE=HOME,VOICE:1"], "home", False),
        (["TEL;TYPE=work;TYPE=fax:1"], "fax", False),
        (["TEL;TYPE=WORK,PREF:1"], "work", True),
        (["TEL;VALUE=uri;TYPE=home:tel:1"], "home", False),
        (["TEL;TYPE=school:1"], "school", False),
        (["item1.TEL:1", "item1.X-ABLabel:_$!<Mobile>!$_"], "mobile", False),
        (["ITEM1.TEL;type=pref:1", "item1.X-ABLABEL:Sauna\\, lake"], "Sauna, lake", True),
        (["item1.TEL:1", "item1.X-ABLabel:_$!<AssistantPhone>!$_"], "AssistantPhone", False),
        (["TEL;WORK;VOICE:1"], "work", False),
        (["TEL;ENCODING=QUOTED-PRINTABLE;HOME:=31"], "home", False),
    ],
)
def test_labels_of_all_clients(lines: list[str], label: str, primary: bool) -> None:
    assert said(*lines).phones == (Labelled("1", label, primary),)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("IMPP;X-SERVICE-TYPE=Skype;type=HOME;type=pref:skype:jo", Labelled("skype:jo", "home", primary=True)),
        ("IMPP;X-SERVICE-TYPE=Jabber:jo@e.example", Labelled("xmpp:jo@e.example")),
        ("IMPP:aim\\:jo", Labelled("aim:jo")),
        ("X-JABBER;TYPE=WORK:jo@e.example", Labelled("xmpp:jo@e.example", "work")),
        ("X-SKYPE:jo", Labelled("skype:jo")),
        ("X-SKYPE-USERNAME:jo", Labelled("skype:jo")),
        ("X-MS-IMADDRESS:jo@e.example", Labelled("im:jo@e.example")),
    ],
)
def test_messaging_accounts_of_all_clients(line: str, value: Labelled) -> None:
    assert said(line).messaging == (value,)


@pytest.mark.parametrize(
    ("line", "birthday"),
    [
        ("BDAY:1996-04-15", Birthday(4, 15, 1996)),
        ("BDAY:19960415", Birthday(4, 15, 1996)),
        ("BDAY;value=date:2012-06-06", Birthday(6, 6, 2012)),
        ("BDAY;VALUE=DATE-TIME:2019-02-10T00:00:33", Birthday(2, 10, 2019)),
        ("BDAY:1953-10-15T23:10:00Z", Birthday(10, 15, 1953)),
        ("BDAY:--0415", Birthday(4, 15)),
        ("BDAY:--04-15", Birthday(4, 15)),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15", Birthday(4, 15)),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1996-04-15", Birthday(4, 15, 1996)),
        ("BDAY;VALUE=text:circa 1800", None),
        ("BDAY:1996-02-30", None),
        ("BDAY:1996-04", None),
        ("BDAY:", None),
    ],
)
def test_birthdays_of_all_clients(line: str, birthday: Birthday | None) -> None:
    assert said(line).birthday == birthday


@pytest.mark.parametrize(
    ("line", "photo"),
    [
        (f"PHOTO;ENCODING=b;TYPE=JPEG:{PIXEL_64}", Photo(PIXEL)),
        (f"PHOTO;TYPE=JPEG;ENCODING=BASE64:{PIXEL_64}", Photo(PIXEL)),
        (f"PHOTO;BASE64:\r\n  {PIXEL_64}", Photo(PIXEL)),
        (f"PHOTO;ENCODING=b:{PIXEL_64.rstrip('=')}", Photo(PIXEL)),
        (f"PHOTO;ENCODING=b;TYPE=image/png:{PIXEL_64}", Photo(PIXEL, "image/png")),
        (f"PHOTO;VALUE=uri:data:image/jpeg;base64,{PIXEL_64}", Photo(PIXEL)),
        (f"PHOTO:data:image/jpeg;base64\\,{PIXEL_64}", Photo(PIXEL)),
        ("PHOTO;VALUE=uri:https://e.example/a.jpg", None),
        ("PHOTO;ENCODING=b;TYPE=JPEG:***", None),
        ("PHOTO;ENCODING=b;TYPE=JPEG:", None),
    ],
)
def test_photos_of_all_clients(line: str, photo: Photo | None) -> None:
    assert said(line).photo == photo


@pytest.mark.parametrize("kind", ["KIND:group", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-KIND:GROUP"])
def test_groups_of_all_clients(kind: str) -> None:
    group = said(kind, "N:x;;;;", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a", "X-ADDRESSBOOKSERVER-MEMBER:b")
    assert (group.kind, group.members, group.name) == (ContactKind.GROUP, ("a", "b"), Name())


@pytest.mark.parametrize(("line", "version"), [("KIND:org", "4.0"), ("X-ABShowAs:COMPANY", "3.0"), ("KIND:org", "3.0")])
def test_organizations_of_all_clients(line: str, version: str) -> None:
    assert said(line, "ORG:Acme", version=version).kind is ContactKind.ORGANIZATION


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["N:Doe;John;;Dr.;"], "Dr. John Doe"),
        (["ORG:Acme\\, Inc.;Sales"], "Acme, Inc."),
        (["NICKNAME:Bo", "EMAIL:a@b"], "Bo"),
        (["EMAIL:a@b"], "a@b"),
        (["TEL:123"], "123"),
        (["FN:", "N:;Ann;;;"], "Ann"),
    ],
)
@pytest.mark.parametrize("version", ["2.1", "3.0", "4.0"])
def test_missing_name_is_made(lines: list[str], name: str, version: str) -> None:
    made = to_v3(read(card(*lines, version=version)))
    assert contact(made).formatted_name == name
    assert len(made.all("FN")) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "nothing"),
        ("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "VCALENDAR"),
        (card("FN:x") * 2, "VCARD, VCARD"),
        (card("FN:x", version="5.0"), "5.0"),
        (card("NOTE:nobody"), "no name"),
        (card("FN:x").replace("END:VCARD", ""), "no END"),
        ("hello", "Line 1"),
        (card("FN:x\x00"), "U+0000"),
    ],
)
def test_broken_bodies_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence.replace("+", "\\+")) as caught:
        read(text)
    assert caught.value.condition == "CR:valid-address-data"


def test_uid_is_read_without_its_scheme_and_set_in_place() -> None:
    source = read(card("FN:x", "UID:urn:uuid:abc", "NOTE:n"))
    assert uid(source) == "abc"
    assert with_uid(source, "abc") is source
    assert serialize(with_uid(source, "def")) == card("FN:x", "UID:def", "NOTE:n")
    assert serialize(with_uid(read(card("FN:x")), "def")) == card("FN:x", "UID:def")


def test_file_is_split_into_its_cards_and_joined_again() -> None:
    one, two = card("FN:1", "NOTE:folded\r\n BEGIN:VCARD"), "begin:vcard\nFN:2\nend:vcard"
    assert split(f"\ufeff{one}\r\n{two}\n") == (one, f"{two}\n")
    assert split(join((one, two))) == (one, f"{two}\r\n")
    assert split(f"{one}rubbish\r\n") == (one, "rubbish\r\n")
    assert split("\r\n \r\n") == ()
