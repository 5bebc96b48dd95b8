from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bridge.core.activity import Visibility
from bridge.core.contact import Birthday, Labelled, Name
from bridge.core.person import Organization, Person
from bridge.errors import Invalid
from bridge.services.contact_desk import LARGEST_PHOTO, ContactDraft
from bridge.store.models.journal import RecordKind
from tests.harness import CRM
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

NASTY = "<script>alert(1)</script>\"'><b>x</b>"
FORM = {"name": "Ilze Bērziņa", "visibility": "everyone"}


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600)) -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, kind)
    stream.seek(0)
    return stream


def add(house: House, login: str = "anna", name: str = "Ilze", **values: Any) -> Person:
    return house.contacts.create_person(CRM, Person("", house.principals.find(login).id, name, **values))


def names(browser: Browser, path: str = "") -> list[str]:
    answer = browser.get(f"/contacts/{path}")
    assert answer.status_code == 200, answer.text
    return re.findall(r"data-row>([^<]*)</a>", answer.text)


def own(house: House) -> list[Person]:
    return house.contacts.owned_by(house.principals.find("anna").id)[0]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", ["abols", "ābols", "Āboltiņa", "Cīrulis", "Čakste", "Žagars"]),
        ("sv", ["abols", "ābols", "Āboltiņa", "Čakste", "Cīrulis", "Žagars"]),
    ],
)
def test_names_are_in_the_order_of_the_users_language(house: House, language: str, expected: list[str]) -> None:
    house.principals.change("anna", lambda user: replace(user, language=language))
    for name in ("Žagars", "Čakste", "abols", "Cīrulis", "Āboltiņa", "ābols"):
        add(house, name=name)
    browser = house.browser()
    browser.sign_in("anna")
    assert names(browser) == expected


def test_the_list_is_filtered(house: House, anna: Browser) -> None:
    add(house, name="Ilze", labels=("Client",), emails=(Labelled("Ilze@Example.COM"),))
    add(house, name="Jānis", phones=(Labelled("+371 20000000"),))
    add(house, "bob", "Of Bob")
    add(house, "bob", "Hidden", visibility=Visibility.OWNER)
    assert names(anna) == ["Ilze", "Jānis"]
    assert names(anna, "?owner=everyone") == ["Ilze", "Jānis", "Of Bob"]
    assert names(anna, "?owner=bob") == ["Of Bob"]
    assert names(anna, "?q=JĀN") == ["Jānis"]
    assert names(anna, "?q=ilze@example") == ["Ilze"]
    assert names(anna, "?q=20000000") == ["Jānis"]
    assert names(anna, "?label=Client") == ["Ilze"]
    assert names(anna, "?label=Nothing") == []
    assert names(anna, "?page=999999&q=%00") == ["Ilze", "Jānis"]
    assert anna.get("/contacts/?owner=nobody").status_code == 404


def test_pages_are_valid_and_show_texts_as_texts(house: House, anna: Browser) -> None:
    owner = house.principals.find("anna").id
    firm = house.contacts.create_organization(CRM, Organization("", owner, NASTY, note=NASTY))
    kept = add(
        house,
        name=NASTY,
        organization_id=firm.id,
        job_title=NASTY,
        emails=(Labelled(NASTY, NASTY),),
        labels=(NASTY,),
        note=NASTY,
    )
    theirs = add(house, "bob", name=NASTY, emails=(Labelled(NASTY),), note=NASTY)
    paths = [
        "",
        "organizations",
        f"persons/{kept.id}",
        f"persons/{theirs.id}",
        f"organizations/{firm.id}",
        "persons/new",
        "organizations/new",
        "duplicates/",
    ]
    for path in paths:
        answer = anna.get(f"/contacts/{path}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<b>x</b>" not in answer.text
        check_html(answer.text)


def test_a_long_list_has_pages(house: House, anna: Browser) -> None:
    for number in range(60):
        add(house, name=f"n{number:02}")
    first = anna.get("/contacts/").text
    assert 'rel="prev"' not in first
    assert names(anna) == [f"n{number:02}" for number in range(50)]
    assert names(anna, "?page=2") == [f"n{number:02}" for number in range(50, 60)]


def test_a_person_is_added_changed_and_deleted_without_script(house: House, anna: Browser) -> None:
    firm = house.contacts.create_organization(CRM, Organization("", house.principals.find("anna").id, "Firma SIA"))
    sent = {
        **FORM,
        "organization": "firma",
        "job_title": "Boss",
        "emails_value": ["a@example.com", "", "b@example.com"],
        "emails_label": ["work", "", "home"],
        "phones_value": ["+371 1"],
        "phones_label": ["mobile"],
        "labels": "Client,  VIP ,Client,",
        "birthday": "--05-17",
        "note": "one\r\ntwo",
    }
    assert anna.post("/contacts/persons/new", sent).status_code == 303
    (person,) = own(house)
    assert person.organization_id == firm.id
    assert person.emails == (Labelled("a@example.com", "work"), Labelled("b@example.com", "home"))
    assert person.phones == (Labelled("+371 1", "mobile"),)
    assert (person.labels, person.birthday, person.note) == (("Client", "VIP"), Birthday(5, 17), "one\ntwo")
    page = anna.get(f"/contacts/persons/{person.id}").text
    assert 'value="Firma SIA"' in page
    assert page.count('name="emails_value"') == 4
    assert anna.post(f"/contacts/persons/{person.id}", {**FORM, "organization": ""}).status_code == 303
    (person,) = own(house)
    assert (person.organization_id, person.emails, person.labels, person.birthday) == (None, (), (), None)
    assert anna.post(f"/contacts/persons/{person.id}/delete").status_code == 303
    assert own(house) == []
    run = re.search(r'name="run" value="([^"]+)"', anna.get("/contacts/").text)
    assert run
    anna.post("/undo", {"run": run[1], "back": "/contacts/"})
    assert [each.name for each in own(house)] == ["Ilze Bērziņa"]


def test_an_organization_is_added_and_changed(house: House, anna: Browser) -> None:
    assert anna.post("/contacts/organizations/new", {**FORM, "name": "Firma", "phones_value": "1"}).status_code == 303
    (firm,) = house.contacts.owned_by(house.principals.find("anna").id)[1]
    assert firm.phones == (Labelled("1"),)
    assert (
        anna.post(f"/contacts/organizations/{firm.id}", {**FORM, "name": "Firma 2"}).headers["Location"]
        == "/contacts/organizations"
    )
    assert house.contacts.organization(firm.id).name == "Firma 2"


def test_what_the_form_does_not_show_stays(house: House, anna: Browser) -> None:
    kept = add(
        house,
        name="Ilze",
        parts=Name("Ozola", "Ilze"),
        messaging=(Labelled("im:x"),),
        emails=(Labelled("a@example.com", "My own", primary=True), Labelled("nonsense")),
    )
    sent = {**FORM, "name": "Ilze", "emails_value": ["a@example.com", "nonsense"], "emails_label": ["My own", ""]}
    assert anna.post(f"/contacts/persons/{kept.id}", sent).status_code == 303
    after = house.contacts.person(kept.id)
    assert (after.parts, after.messaging, after.emails) == (kept.parts, kept.messaging, kept.emails)
    anna.post(f"/contacts/persons/{kept.id}", {**sent, "name": "Ilze Kalniņa"})
    assert house.contacts.person(kept.id).parts == Name()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "name"), ("name", "x" * 256, "name"), ("name", "a\nb", "name"),
        ("organization", "Nothing", "organization"),
        ("emails_value", "nonsense", "emails"), ("emails_value", "a@" + "x" * 400, "emails"),
        ("emails_value", ["a@b"] * 31, "emails"), ("phones_value", "x" * 101, "phones"),
        ("phones_value", "1\x002", "phones"), ("birthday", "1980-02-30", "birthday"),
        ("birthday", "17.05.1980", "birthday"), ("labels", "x" * 300, "labels"),
        ("labels", ",".join(map(str, range(60))), "labels"),
        ("note", "x" * 50_001, "note"), ("visibility", "nobody", "visibility"),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_field(house: House, anna: Browser, field: str, value: Any, told: str) -> None:
    answer = anna.post("/contacts/persons/new", {**FORM, field: value})
    assert answer.status_code == 422
    check_html(answer.text.replace("\x00", ""))
    found = re.search(rf'id="{told}-error">([^<]*)<', answer.text)
    assert found
    assert found[1].strip()
    assert own(house) == []


def test_others_ids_are_not_there_for_changes(house: House, anna: Browser) -> None:
    for visibility in Visibility:
        theirs = add(house, "bob", visibility=visibility)
        for path in ("", "/delete"):
            assert anna.post(f"/contacts/persons/{theirs.id}{path}", FORM).status_code == 404
        assert house.contacts.person(theirs.id) == theirs
    assert anna.get(f"/contacts/persons/{theirs.id}/photo").status_code == 404
    for path in ("persons/999999", "organizations/999999", "nothing/1", "persons/999999/photo"):
        assert anna.get(f"/contacts/{path}").status_code == 404


def test_a_hidden_organization_cannot_be_linked(house: House, anna: Browser) -> None:
    bob = house.principals.find("bob").id
    firm = house.contacts.create_organization(CRM, Organization("", bob, "Hidden", visibility=Visibility.OWNER))
    sent = {**FORM, "organization": "Hidden", "organization_pick": str(firm.id)}
    assert anna.post("/contacts/persons/new", sent).status_code == 422


def test_without_the_permission_nobody_is_added(house: House, anna: Browser) -> None:
    house.principals.change("anna", lambda user: replace(user, may_add_people=False, may_add_organizations=False))
    for kind in ("persons", "organizations"):
        answer = anna.post(f"/contacts/{kind}/new", FORM)
        assert answer.status_code == 403
        assert "administrator" in answer.text
    assert own(house) == []


def test_a_photo_is_taken_shown_and_removed(house: House, anna: Browser) -> None:
    assert anna.post("/contacts/persons/new", {**FORM, "photo": (picture(), "me.png")}).status_code == 303
    (person,) = own(house)
    assert person.photo is not None
    answer = anna.get(f"/contacts/persons/{person.id}/photo")
    assert answer.mimetype == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.data)).size) == 512
    assert (
        anna.get(f"/contacts/persons/{person.id}/photo", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )
    bob = house.browser()
    bob.sign_in("bob")
    assert bob.get(f"/contacts/persons/{person.id}/photo").status_code == 200
    check_html(bob.get(f"/contacts/persons/{person.id}").text)
    anna.post(f"/contacts/persons/{person.id}", FORM)
    assert own(house)[0].photo == person.photo
    anna.post(f"/contacts/persons/{person.id}", {**FORM, "remove_photo": "y"})
    assert own(house)[0].photo is None


@pytest.mark.parametrize(
    "upload", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + b"\0" * 30, b"%PDF-1.7"]
)
def test_files_that_are_no_pictures_are_refused(house: House, anna: Browser, upload: bytes) -> None:
    answer = anna.post("/contacts/persons/new", {**FORM, "photo": (io.BytesIO(upload), "../../me.jpg", "image/jpeg")})
    assert answer.status_code == 422
    assert "picture" in answer.text
    check_html(answer.text)
    assert own(house) == []


def test_a_picture_that_is_too_large_is_refused(house: House) -> None:
    draft = ContactDraft("Ilze", photo=b"x" * (LARGEST_PHOTO + 1))
    with pytest.raises(Invalid, match="too large"):
        house.contact_desk.add(house.principals.find("anna"), RecordKind.PERSON, draft)
