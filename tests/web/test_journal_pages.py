"""The journal: what was changed by whom, filters, undo, and the table for spreadsheets."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import html5lib
import pytest

from bridge.core.activity import Activity
from bridge.core.person import Person
from bridge.services.actor import Actor
from bridge.services.chronicle import harmless
from bridge.store.database import Database
from bridge.store.models.journal import Source
from tests.harness import CRM, ics
from tests.web.conftest import Browser
from tests.web.sync_house import SyncHouse, furnished
from tests.web.test_accounts import followed, signed_in

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[SyncHouse]:
    house = furnished(sqlite_database, tmp_path)
    yield house
    house.close()


@pytest.fixture
def anna(house: SyncHouse) -> Browser:
    return signed_in(house, "anna")


def change(house: SyncHouse, activity: Activity, **changes: object) -> None:
    house.activities.change(CRM, activity.id, lambda present: replace(present, **changes))  # type: ignore[arg-type]


def latest(page: str) -> str:
    """The address that undoes the latest entry."""
    found = re.search(r'action="(/journal/\d+/undo)"', page)
    assert found
    return found[1]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_what_was_changed_by_whom(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Bob")
    change(house, activity, subject="Call Carl", location="Riga")
    page = anna.get("/journal").text
    assert "<del>Call Bob</del> → <ins>Call Carl</ins>" in page
    assert "Place: <del>–</del> → <ins>Riga</ins>" in page
    assert "the system" in page
    html5lib.HTMLParser(strict=True).parse(page)


def test_a_device_is_named(house: SyncHouse, anna: Browser) -> None:
    client = house.office.client("anna", user_agent="DAVx5/4.5")
    client.put("/dav/anna/activities/a.ics", ics("SUMMARY:Walk", "DTSTART:20261201T100000Z"))
    page = anna.get("/journal?source=dav").text
    assert "Walk" in page
    assert "a device: Test" in page


def test_undone_and_undone_again(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Bob")
    change(house, activity, subject="Call Carl")
    address = latest(anna.get("/journal").text)
    page = followed(anna, anna.post(address, {"next": "/journal?q=Call"})).text
    assert "is as it was before." in page
    assert house.activities.get(activity.id).subject == "Call Bob"
    page = followed(anna, anna.post(address)).text
    assert "has been undone already." in page
    assert 'class="notice bad"' in page
    again = latest(page)
    anna.post(again)
    assert house.activities.get(activity.id).subject == "Call Carl"


def test_what_was_changed_again_since_is_left_alone(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Bob")
    change(house, activity, subject="Call Carl", location="Riga")
    address = latest(anna.get("/journal").text)
    change(house, activity, location="Oslo")
    page = followed(anna, anna.post(address)).text
    assert "Changed again since, so left alone: Place." in page
    assert house.activities.get(activity.id).location == "Oslo"


def test_a_very_long_title_leaves_room_in_the_cookie(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Ж" * 6_000)
    change(house, activity, location="Riga")
    answer = anna.post(latest(anna.get("/journal").text))
    assert max(len(cookie) for cookie in answer.headers.getlist("Set-Cookie")) < 4_000
    page = followed(anna, answer).text
    assert f"“{'Ж' * 59}…” is as it was before." in page


def test_a_deletion_is_taken_back(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Bob")
    house.activities.delete(CRM, activity.id)
    anna.post(latest(anna.get("/journal").text))
    assert not house.activities.get(activity.id).deleted


def test_an_undo_leads_nowhere_else(house: SyncHouse, anna: Browser) -> None:
    house.activity("Call Bob")
    answer = anna.post(latest(anna.get("/journal").text), {"next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_a_run_is_undone_as_a_whole(house: SyncHouse, anna: Browser) -> None:
    owner = house.principals.find("anna").id
    importing = Actor(owner, Source.IMPORT, client="file.csv", run="run-1")
    for name in ("Anna", "Bob"):
        house.contacts.create_person(importing, Person("", owner, name))
    page = anna.get("/journal?run=run-1").text
    assert "Undo all of this" in page
    told = followed(anna, anna.post("/journal/runs/run-1/undo")).text
    assert "2 changes were taken back." in told
    assert house.contacts.owned_by(owner)[0] == []
    assert anna.post("/journal/runs/nothing/undo").status_code == 404


# Filters


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Call Anna", "Bob", "Call Carl"}),
        ("q=call", {"Call Anna", "Call Carl"}),
        ("q=%25", set()),
        ("kind=person", {"Bob"}),
        ("source=import", {"Bob"}),
        ("source=sync", set()),
        ("since=2026-11-22", {"Call Carl"}),
        ("until=2026-11-21", {"Call Anna", "Bob"}),
        ("since=2026-11-21&until=2026-11-22&kind=activity&q=Anna", {"Call Anna"}),
        ("run=run-1", {"Bob"}),
    ],
)
def test_filters(house: SyncHouse, query: str, shown: set[str]) -> None:
    owner = house.principals.find("anna").id
    house.activity("Call Anna")
    house.contacts.create_person(Actor(owner, Source.IMPORT, run="run-1"), Person("", owner, "Bob"))
    house.clock.advance(timedelta(days=1))
    house.activity("Call Carl")
    anna = signed_in(house, "anna")
    page = anna.get(f"/journal?{query}").text
    assert set(re.findall(r"<strong>(.*?)</strong>", page)) == shown
    table = rows(anna.get(f"/journal.csv?{query}").text)
    assert {row[9] for row in table[1:]} == shown


@pytest.mark.parametrize(
    "query",
    [
        "source=moon",
        "kind=moon",
        "since=yesterday",
        "until=2026-13-45",
        "before=x",
        f"q={'x' * 999}",
        "since=0001-01-01&until=9999-12-31",
        "run=" + "x" * 999,
    ],
)
def test_nonsense_in_a_filter(house: SyncHouse, anna: Browser, query: str) -> None:
    house.activity("Call Anna")
    assert anna.get(f"/journal?{query}").status_code == 200
    assert anna.get(f"/journal.csv?{query}").status_code == 200


def test_it_comes_in_pages(house: SyncHouse, anna: Browser) -> None:
    for count in range(60):
        house.activity(f"Call {count}.")
    page = anna.get("/journal?q=Call").text
    assert "Call 59." in page
    assert "Call 5." not in page
    after = re.search(r'rel="next" href="([^"]+)"', page)
    assert after is not None
    assert "q=Call" in after[1]
    assert "Call 5." in anna.get(after[1].replace("&amp;", "&")).text


# The table


def test_the_table_holds_everything_that_fits(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call, Bob\n“quoted”")
    change(house, activity, location="Riga")
    answer = anna.get("/journal.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
    table = rows(answer.text)
    assert table[0][:3] == ["entry", "time", "owner"]
    assert [row[9] for row in table[1:]] == ["Call, Bob\n“quoted”"] * 2
    assert table[1][10] == "location:  → Riga"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"])
def test_no_cell_is_a_formula(house: SyncHouse, anna: Browser, text: str) -> None:
    assert harmless(text) == f"'{text}"
    owner = house.principals.find("anna").id
    house.contacts.create_person(CRM, Person("", owner, f"x{text}"))
    house.activity(text.strip() or text)
    for row in rows(anna.get("/journal.csv").text)[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@pytest.mark.parametrize("text", ["Call", "", "a=b", "2026-11-21", "ā"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


# Who may see it


def test_others_see_their_own(house: SyncHouse) -> None:
    house.activity("Call Anna")
    bob = signed_in(house, "bob")
    for path in ("/journal", "/journal.csv", "/journal?everybody=yes", "/journal.csv?everybody=yes"):
        assert "Call Anna" not in bob.get(path).text
    zane = signed_in(house, "zane")
    assert "Call Anna" not in zane.get("/journal").text
    assert "Call Anna" in zane.get("/journal?everybody=yes").text
    assert "Call Anna" in zane.get("/journal.csv?everybody=yes").text


def test_what_is_somebody_elses_is_not_undone(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity("Call Anna")
    owner = house.principals.find("anna").id
    house.contacts.create_person(Actor(owner, Source.IMPORT, run="run-1"), Person("", owner, "Carl"))
    entry = latest(anna.get("/journal?q=Call").text)
    bob = signed_in(house, "bob")
    assert bob.post(entry).status_code == 404
    assert bob.post("/journal/runs/run-1/undo").status_code == 404
    assert not house.activities.get(activity.id).deleted
    house.contacts.create_person(
        Actor(owner, Source.IMPORT, run="run-1"), Person("", house.principals.find("bob").id, "Dana")
    )
    assert bob.post("/journal/runs/run-1/undo").status_code == 404
    assert anna.post("/journal/runs/run-1/undo").status_code == 404
    assert signed_in(house, "zane").post("/journal/runs/run-1/undo").status_code == 303


def test_everything_is_text(house: SyncHouse, anna: Browser) -> None:
    activity = house.activity(MARKUP)
    change(house, activity, location=MARKUP, public_description=f"<p>{MARKUP}</p>")
    page = anna.get(f"/journal?q={MARKUP}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
