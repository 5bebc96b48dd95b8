"""Markup and line breaks in every text of every CRM record: text on each page, and no line of its own for devices."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import vobject

from bridge.core import contentline
from bridge.core.activity import Activity, ActivityType, Deal
from bridge.core.contact import Address, Labelled, Name
from bridge.core.event import EventKind
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from tests.harness import CRM
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

MARKUP = "<script>alert(1)</script>\"'><b>x</b>"
BREAK = "\r\nX-INJECTED:1\nX-INJECTED;X=1:1\rX-INJECTED:1\u2028X-INJECTED:1"
PARTS = {Address, Labelled, Name}
PLAIN = {"uid", "type", "key", "color"}  # what names something for programs, and is checked where it comes in


def nasty(kind: Any, text: str, **given: Any) -> Any:
    """A record of this kind with the text in each of its texts, in those of its parts too."""
    hints = get_type_hints(kind)
    found = {field.name: _nasty(hints[field.name], text) for field in fields(kind) if field.name not in PLAIN}
    return kind(**{**{name: value for name, value in found.items() if value is not None}, **given})


def _nasty(hint: Any, text: str) -> Any:
    if hint is str:
        return text
    if hint in PARTS:
        return nasty(hint, text)
    if get_origin(hint) is tuple and get_args(hint)[0] in {str, *PARTS}:
        return (_nasty(get_args(hint)[0], text),)
    return None


def filled(house: House, text: str) -> dict[str, int]:
    """One record of each kind, each linked to the others. Their ids."""
    owner = house.principals.find("anna").id
    (call,) = [kind for kind in house.activities.types() if kind.key == "call"]
    house.activities.save_type(replace(call, name=text[:60]))
    firm = house.contacts.create_organization(CRM, nasty(Organization, text, uid="firm", owner_id=owner)).id
    person = nasty(Person, text, uid="person", owner_id=owner, organization_id=firm)
    links = {"organization_id": firm, "person_id": house.contacts.create_person(CRM, person).id}
    deal = house.activities.save_deal(CRM, nasty(Deal, text, owner_id=owner, **links)).id
    new = nasty(
        Activity, text, uid="event", owner_id=owner, type="call", due_date=date(2026, 12, 1), deal_id=deal, **links
    )
    event = house.activities.create(CRM, replace(new, participants=(links["person_id"],))).id
    house.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    house.activities.create(CRM, replace(new, uid="task", type="task"))
    return {"activity": event, "firm": firm, "person": links["person_id"]}


def test_every_text_is_filled() -> None:
    """What is added later is tried by itself."""
    activity, person = nasty(Activity, "x", uid="1", owner_id=1), nasty(Person, "x", uid="1", owner_id=1)
    assert (activity.subject, activity.note, activity.conference_url) == ("x", "x", "x")
    assert (person.parts.family, person.emails[0].label, person.addresses[0].street, person.labels) == (
        "x",
        "x",
        "x",
        ("x",),
    )
    assert nasty(ActivityType, "x", key="call").name == "x"


def test_pages_show_it_as_text(house: House, anna: Browser) -> None:
    ids = filled(house, MARKUP)
    house.devices.add("anna", MARKUP[:60])
    for path in (
        *("/activities/", f"/activities/{ids['activity']}", "/activities/new", "/contacts/", "/contacts/organizations"),
        *(f"/contacts/persons/{ids['person']}", f"/contacts/organizations/{ids['firm']}", "/contacts/duplicates/"),
        *("/preferences/", "/devices/", "/profile/"),
    ):
        answer = anna.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<b>x</b>" not in answer.text, path
        check_html(answer.text)
    zane = house.browser()
    zane.sign_in("zane")
    for path in ("/admin/types", "/admin/types/call"):
        assert "<script>alert" not in zane.get(path).text, path


@pytest.mark.parametrize("path", ["activities/event.ics", "tasks/task.ics", "contacts/person.vcf", "contacts/firm.vcf"])
def test_devices_get_it_as_text_within_its_line(house: House, path: str) -> None:
    filled(house, MARKUP + BREAK)
    text = house.office.client("anna").get(f"/dav/anna/{path}").text
    assert "alert(1)" in text.replace("\r\n ", "")
    lines = text.replace("\r\n ", "").split("\r\n")
    assert not [line for line in lines if line.upper().startswith("X-INJECTED")]
    assert not {"\n", "\r"} & set("".join(lines))
    (component,) = contentline.parse(text)
    assert contentline.serialize(component) == text
    assert "X-INJECTED" not in str(vobject.readOne(text).contents.keys()).upper()
