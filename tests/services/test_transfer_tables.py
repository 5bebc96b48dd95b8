from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.activity import Deal, Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name
from bridge.core.event import Privacy
from bridge.core.person import Person
from bridge.errors import Invalid
from bridge.services.importing import Outcome
from bridge.services.table_rows import Row, TableKind, activity_values, person_values, read_table
from tests.harness import CRM, TYPES, Office
from tests.services.test_transfer import outcomes, take

KINDS = {kind.key: kind for kind in TYPES}
RIGA = ZoneInfo("Europe/Riga")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_found(separator: str) -> None:
    table = read_table(f"Subject{separator}Due date\r\nA{separator}2026-12-01\r\n")
    assert table.kind is TableKind.ACTIVITIES
    assert table.columns == ("subject", "due_date")
    assert table.rows == (Row(2, {"subject": "A", "due_date": "2026-12-01"}),)


def test_rows_know_their_line() -> None:
    table = read_table('name,note\nA,"one\ntwo"\n\nB,\n')
    assert table.kind is TableKind.PERSONS
    assert [(row.line, row.get("name")) for row in table.rows] == [(2, "A"), (5, "B")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not understood"),
        ("colour,size\n", "'colour', 'size'"),
        ("name,name\n", "not understood"),
        ('name\n"open\n', "is not CSV"),
    ],
)
def test_a_heading_that_is_not_understood_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read_table(text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"subject": "A"}, {"subject": "A"}),
        ({"type": "Call"}, {"type": "call"}),
        ({"due_date": "2026-12-01"}, {"due_date": date(2026, 12, 1), "due_time": None}),
        ({"due_date": "1.12.2026"}, {"due_date": date(2026, 12, 1), "due_time": None}),
        ({"due_date": ""}, {"due_date": None, "due_time": None}),
        ({"due_date": "2026-12-01", "due_time": "9:30"}, {"due_date": date(2026, 12, 1), "due_time": time(7, 30)}),
        ({"due_date": "2026-12-01", "due_time": "01:00"}, {"due_date": date(2026, 11, 30), "due_time": time(23)}),
        ({"duration": "45"}, {"duration": timedelta(minutes=45)}),
        ({"duration": "1:15"}, {"duration": timedelta(minutes=75)}),
        ({"duration": ""}, {}),
        ({"done": "yes"}, {"done": True}),
        ({"busy": "0"}, {"busy": False}),
        ({"private": "x"}, {"privacy": Privacy.PRIVATE}),
        ({"private": "no"}, {"privacy": Privacy.PUBLIC}),
        ({"location": ""}, {"location": ""}),
    ],
)
def test_what_a_row_says_of_an_activity(values: dict[str, str], expected: dict[str, Any]) -> None:
    assert activity_values(Row(2, values), KINDS, RIGA) == expected


def test_texts_become_html() -> None:
    values = activity_values(Row(2, {"description": "a & b\nc"}), KINDS, RIGA)
    assert "&amp;" in str(values["public_description"])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"subject": ""}, "subject: it is empty"),
        ({"type": "party"}, "type: there is no activity type “party”"),
        ({"due_date": "soon"}, "due_date: “soon” is not a date"),
        ({"due_date": "2026-02-30"}, "there is no day"),
        ({"due_date": "2026-12-01", "due_time": "25:00"}, "due_time: “25:00” is not a time"),
        ({"due_time": "10:00"}, "due_time needs a due_date"),
        ({"duration": "long"}, "duration: “long”"),
        ({"done": "maybe"}, "done: “maybe” is neither yes nor no"),
        ({"subject": "A", "": "surplus"}, "more values"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        activity_values(Row(2, values), KINDS, RIGA)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "Eve Anna Ozola"}, {"name": "Eve Anna Ozola", "parts": Name(family="Ozola", given="Eve Anna")}),
        ({"name": "Cher"}, {"name": "Cher", "parts": Name(given="Cher")}),
        ({"given": "Eve", "family": "Ē"}, {"name": "Eve Ē", "parts": Name(family="Ē", given="Eve")}),
    ],
)
def test_names_have_parts(values: dict[str, str], expected: dict[str, Any]) -> None:
    assert person_values(Row(2, values)) == expected


def test_what_a_row_says_of_a_person() -> None:
    values = {
        "name": "Eve",
        "email": "e@x.lv",
        "phone": "1",
        "mobile": "2",
        "labels": "VIP; New",
        "birthday": "3.2.1980",
    }
    place = {"street": "Iela 1", "city": "Rīga", "postal_code": "LV-1010", "country": "Latvia"}
    found = person_values(Row(2, values | place))
    assert found["emails"] == (Labelled("e@x.lv", "work", primary=True),)
    assert found["phones"] == (Labelled("1", "work", primary=True), Labelled("2", "mobile"))
    assert found["labels"] == ("New", "VIP")
    assert found["birthday"] == Birthday(2, 3, 1980)
    address = Address(street="Iela 1", locality="Rīga", postal_code="LV-1010", country="Latvia", label="work")
    assert found["addresses"] == (address,)


def test_a_table_of_activities_is_stored_once(office: Office) -> None:
    anna = office.user("anna")
    eve = office.contacts.create_person(CRM, Person("", anna.id, "Eve", emails=(Labelled("eve@x.lv"),)))
    deal = office.activities.save_deal(CRM, Deal("Roof", anna.id))
    table = (
        "subject,type,due_date,due_time,duration,done,person,deal\n"
        "Phone,call,2026-12-01,10:00,15,no,EVE@x.lv,Roof\n"
        "Write,task,2026-12-02,,,yes,Eve,\n"
        "Wrong,call,someday,,,,,\n"
        "Lost,call,,,,,Nobody,\n"
    )
    imported = take(office, "anna", "x.csv", table)
    assert outcomes(imported) == ["stored", "stored", "refused", "refused"]
    assert imported.results[2].what == "line 4: Wrong"
    found = {a.subject: a for a in office.activities.owned_by(anna.id)}
    assert (found["Phone"].due_time, found["Phone"].person_id, found["Phone"].deal_id) == (time(8), eve.id, deal.id)
    assert (found["Write"].done, found["Write"].busy, found["Write"].person_id) == (True, False, eve.id)
    assert outcomes(take(office, "anna", "x.csv", table)) == ["unchanged", "unchanged", "refused", "refused"]
    assert len(office.activities.owned_by(anna.id)) == 2


def test_a_row_with_a_uid_changes_what_it_says_and_nothing_else(office: Office) -> None:
    anna = office.user("anna")
    take(office, "anna", "x.csv", "uid,subject,location,due_date\nu1,Old,Here,2026-12-01\n")
    assert outcomes(take(office, "anna", "x.csv", "uid,subject\nu1,New\n")) == ["stored"]
    (activity,) = office.activities.owned_by(anna.id)
    assert (activity.uid, activity.subject, activity.location) == ("u1", "New", "Here")
    assert activity.due_date == date(2026, 12, 1)


def test_a_deal_that_may_not_be_seen_is_not_there(office: Office) -> None:
    office.user("anna")
    bob = office.user("bob")
    office.activities.save_deal(CRM, Deal("Secret", bob.id, Visibility.OWNER))
    (result,) = take(office, "anna", "x.csv", "subject,deal\nA,Secret\n").results
    assert result.outcome is Outcome.REFUSED
    assert "there is no “Secret”" in result.reason


def test_persons_bring_their_organization(office: Office) -> None:
    anna = office.user("anna")
    table = "name;organization;email\nEve Ē;SIA Jauns;eve@x.lv\nAdam;sia jauns;\n"
    assert outcomes(take(office, "anna", "x.csv", table)) == ["stored", "stored"]
    assert outcomes(take(office, "anna", "x.csv", table)) == ["unchanged", "unchanged"]
    people, companies = office.contacts.owned_by(anna.id)
    assert {p.organization_id for p in people} == {companies[0].id}
    assert len(companies) == 1


def test_permissions_to_add_are_kept(office: Office) -> None:
    office.user("anna", may_add_organizations=False)
    office.user("bob", may_add_people=False)
    table = "name,organization\nEve,SIA Jauns\n"
    for login in ("anna", "bob"):
        (result,) = take(office, login, "x.csv", table).results
        assert result.outcome is Outcome.REFUSED
        assert "may not add" in result.reason
    assert office.contacts.owned_by(office.principals.find("anna").id) == ([], [])


def test_a_table_is_one_run(office: Office) -> None:
    anna = office.user("anna")
    imported = take(office, "anna", "x.csv", "subject,due_date\nA,2026-12-01\nB,2026-12-01\n")
    office.journal.undo_run(CRM, imported.run)
    assert office.activities.owned_by(anna.id) == []
