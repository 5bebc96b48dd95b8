from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import Privacy
from bridge.core.person import Person
from tests.harness import CRM, ics
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

FORM = {"subject": "Call Ilze", "type_key": "call", "visibility": "everyone", "busy": "y"}
NASTY = "<script>alert(1)</script>\"'><b>x</b>"


def add(house: House, login: str = "anna", **values: Any) -> Activity:
    owner = house.principals.find(login)
    defaults: dict[str, Any] = {"subject": "Visit", "type": "meeting"}
    return house.activities.create(CRM, Activity("", owner.id, **defaults | values))


def subjects(browser: Browser, query: str = "") -> list[str]:
    answer = browser.get(f"/activities/{query}")
    assert answer.status_code == 200, answer.text
    return [
        text.strip()
        for text in re.findall(r"data-row>([^<]*)</a>|<td data-label=\"Subject\">\s*(Private) <span", answer.text)
        for text in text
        if text
    ]


def latest(house: House) -> Activity:
    found = house.activities.owned_by(house.principals.find("anna").id)
    return max(found, key=lambda each: each.id)


def test_the_list_is_in_the_order_of_time(house: House, anna: Browser) -> None:
    add(house, subject="Later", due_date=date(2026, 11, 22), due_time=time(8))
    add(house, subject="Sooner", due_date=date(2026, 11, 22), due_time=time(7))
    add(house, subject="All day", due_date=date(2026, 11, 22))
    add(house, subject="Some day")
    add(house, subject="Over", due_date=date(2026, 11, 20), done=True)
    add(house, "bob", subject="Of Bob")
    assert subjects(anna) == ["Some day", "All day", "Sooner", "Later"]
    assert subjects(anna, "?status=done") == ["Over"]


def test_a_page_is_valid_and_shows_texts_as_texts(house: House, anna: Browser) -> None:
    person = house.contacts.create_person(CRM, Person("", house.principals.find("anna").id, NASTY))
    kept = add(
        house,
        subject=NASTY,
        location=NASTY,
        note=NASTY,
        public_description=NASTY,
        person_id=person.id,
        conference_url="javascript:alert(1)",
    )
    for path in ("/activities/", f"/activities/{kept.id}", "/activities/new"):
        answer = anna.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<b>x</b>" not in answer.text
        check_html(answer.text.replace('value="javascript:', 'value="'))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("time=today", {"today", "whole today", "late yesterday UTC"}),
        ("time=tomorrow", {"tomorrow"}),
        ("time=this-week", {"today", "whole today", "late yesterday UTC", "tomorrow"}),
        ("time=next-week", {"next week"}),
        ("time=this-month", {"today", "whole today", "late yesterday UTC", "tomorrow", "next week"}),
        ("time=undated", {"undated"}),
        ("time=period&from=2026-12-01&to=2026-12-31", {"december"}),
        ("time=period&from=2026-12-01", {"december"}),
        ("time=period&to=2026-11-21&status=all", {"today", "whole today", "late yesterday UTC", "done"}),
        ("status=overdue", {"late yesterday UTC"}),
        ("type=call", {"december"}),
        ("q=WHOLE", {"whole today"}),
        ("q=100%25", set()),
    ],
)
def test_filters(house: House, anna: Browser, query: str, expected: set[str]) -> None:
    # It is Saturday, 2026-11-21, 11:00 in Riga.
    add(house, subject="today", due_date=date(2026, 11, 21), due_time=time(20))
    add(house, subject="whole today", due_date=date(2026, 11, 21))
    add(house, subject="late yesterday UTC", due_date=date(2026, 11, 20), due_time=time(22, 30))
    add(house, subject="tomorrow", due_date=date(2026, 11, 21), due_time=time(22, 0))
    add(house, subject="next week", due_date=date(2026, 11, 29))
    add(house, subject="december", due_date=date(2026, 12, 31), type="call")
    add(house, subject="done", due_date=date(2026, 11, 1), done=True)
    add(house, subject="undated")
    assert set(subjects(anna, f"?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "owner=nobody",
        "status=x&time=y&from=z&to=2026-02-30&type=nothing",
        "behind=x",
        "behind=9999-99-99_25:00_1",
        "before=__99999999999999999999",
        "q=" + "x" * 5000,
        "q=%00",
        "from=0001-01-01&to=9999-12-31&time=period",
        "behind=2026-01-01_10:00_1",
        "before=_10:00_1",
    ],
)
def test_a_nonsensical_address_breaks_nothing(house: House, anna: Browser, query: str) -> None:
    answer = anna.get(f"/activities/?{query}")
    assert answer.status_code == (404 if query == "owner=nobody" else 200)


def test_pages_follow_each_other_there_and_back(house: House, anna: Browser) -> None:
    names = [f"n{number:03}" for number in range(120)]
    for number, name in enumerate(names):
        add(
            house,
            subject=name,
            due_date=date(2026, 12, 1) + timedelta(days=number // 3),
            due_time=time(9) if number % 3 else None,
        )
    seen, target, back = [], "/activities/", []
    while target:
        page = anna.get(target).text
        seen.append(re.findall(r"data-row>([^<]*)</a>", page))
        link = re.search(r'rel="next" href="([^"]+)"', page)
        target = link[1].replace("&amp;", "&") if link else ""
    assert [name for part in seen for name in part] == names
    assert [len(part) for part in seen] == [50, 50, 20]
    link = re.search(r'rel="prev" href="([^"]+)"', page)
    while link:
        page = anna.get(link[1].replace("&amp;", "&")).text
        back.append(re.findall(r"data-row>([^<]*)</a>", page))
        link = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back == [seen[1], seen[0]]


def test_done_ones_are_shown_newest_first_in_pages(house: House, anna: Browser) -> None:
    for number in range(60):
        add(house, subject=f"n{number:02}", due_date=date(2026, 1, 1) + timedelta(days=number), done=True)
    page = anna.get("/activities/?status=done").text
    first = re.findall(r"data-row>([^<]*)</a>", page)
    link = re.search(r'rel="next" href="([^"]+)"', page)
    assert link
    rest = re.findall(r"data-row>([^<]*)</a>", anna.get(link[1].replace("&amp;", "&")).text)
    assert first + rest == [f"n{number:02}" for number in reversed(range(60))]


def test_what_others_may_see(house: House, anna: Browser) -> None:
    bob = house.principals.find("bob")
    hidden = house.contacts.create_person(CRM, Person("", bob.id, "Secret person", visibility=Visibility.OWNER))
    deal = house.activities.save_deal(CRM, Deal("Secret deal", bob.id, Visibility.OWNER))
    add(house, "bob", subject="Open")
    add(house, "bob", subject="Mine only", visibility=Visibility.OWNER)
    add(house, "bob", subject="With hidden deal", deal_id=deal.id)
    add(house, "bob", subject="With hidden person", person_id=hidden.id)
    add(house, "bob", subject="With hidden guest", participants=(hidden.id,))
    private = add(house, "bob", subject="Dentist", privacy=Privacy.PRIVATE, note="teeth", due_date=date(2026, 12, 1))
    gone = add(house, "bob", subject="Gone")
    house.activities.delete(CRM, gone.id)
    add(house, subject="Own")
    assert set(subjects(anna, "?owner=bob&status=all")) == {"Open", "Private"}
    assert set(subjects(anna, "?owner=everyone")) == {"Open", "Private", "Own"}
    assert subjects(anna, "?owner=everyone&q=Dentist") == []
    assert subjects(anna, "?owner=everyone&type=meeting&q=Private") == []
    page = anna.get(f"/activities/{private.id}")
    assert page.status_code == 200
    assert "Dentist" not in page.text
    assert "teeth" not in page.text
    check_html(page.text)
    assert anna.get(f"/activities/{gone.id}").status_code == 404


def test_others_ids_are_not_there_for_changes(house: House, anna: Browser) -> None:
    for values in ({}, {"visibility": Visibility.OWNER}, {"privacy": Privacy.PRIVATE}):
        theirs = add(house, "bob", **values)
        for path in ("", "/done", "/open", "/delete"):
            assert anna.post(f"/activities/{theirs.id}{path}", FORM).status_code == 404
        assert house.activities.get(theirs.id) == theirs
    assert anna.get("/activities/999999").status_code == 404
    assert anna.get("/activities/99999999999999999999999").status_code == 404


def test_an_activity_is_added_in_the_users_time_zone(house: House, anna: Browser) -> None:
    answer = anna.post(
        "/activities/new",
        {**FORM, "day": "2026-12-01", "at": "01:30", "duration": "45", "private": "y", "note": "a < b\nc"},
    )
    assert answer.status_code == 303
    added = latest(house)
    assert (added.due_date, added.due_time, added.duration) == (date(2026, 11, 30), time(23, 30), timedelta(minutes=45))
    assert (added.privacy, added.note, added.busy) == (Privacy.PRIVATE, "a &lt; b<br>c", True)
    page = anna.get(f"/activities/{added.id}").text
    assert 'value="2026-12-01"' in page
    assert 'value="01:30"' in page
    assert anna.post(f"/activities/{added.id}", {**FORM, "day": "2026-12-01", "note": "a < b\r\nc"}).status_code == 303
    changed = house.activities.get(added.id)
    assert (changed.due_date, changed.due_time, changed.note) == (date(2026, 12, 1), None, "a &lt; b<br>c")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", ""), ("subject", "x" * 256), ("subject", "a\nb"), ("subject", "a\x00b"),
        ("type_key", "nothing"), ("type_key", "x" * 300),
        ("day", "2026-02-30"), ("day", "9999-12-31"), ("day", "0001-01-01"), ("day", "x" * 5000),
        ("at", "25:00"), ("at", "10:00+05:00"), ("duration", "-5"), ("duration", "999999"), ("duration", "٣"),
        ("location", "x" * 300), ("conference_url", "javascript:alert(1)"), ("conference_url", "https://[::1"),
        ("note", "x" * 50_001), ("visibility", "nobody"), ("person", "Nobody at all"), ("deal", "x" * 300),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_field(house: House, anna: Browser, field: str, value: str) -> None:
    answer = anna.post("/activities/new", {**FORM, "day": "2026-12-01", field: value})
    assert answer.status_code == 422
    check_html(answer.text.replace('value="javascript:', 'value="').replace("\x00", ""))
    told = re.search(rf'id="{field}-error">([^<]*)<', answer.text)
    assert told
    assert told[1].strip()
    assert house.activities.owned_by(house.principals.find("anna").id) == []


def test_a_time_needs_a_day(anna: Browser) -> None:
    assert "A time needs a day." in anna.post("/activities/new", {**FORM, "at": "10:00"}).text


def test_links_are_found_by_a_part_of_the_name(house: House, anna: Browser) -> None:
    owner = house.principals.find("anna").id
    ilze = house.contacts.create_person(CRM, Person("", owner, "Ilze Bērziņa"))
    first = house.contacts.create_person(CRM, Person("", owner, "Jānis Ozols"))
    second = house.contacts.create_person(CRM, Person("", owner, "Jānis Ozols"))
    secret = house.contacts.create_person(
        CRM, Person("", house.principals.find("bob").id, "Hidden", visibility=Visibility.OWNER)
    )
    assert anna.post("/activities/new", {**FORM, "person": "BĒRZ"}).status_code == 303
    assert latest(house).person_id == ilze.id
    answer = anna.post("/activities/new", {**FORM, "person": "Jānis"})
    assert answer.status_code == 422
    check_html(answer.text)
    assert f'value="{first.id}"' in answer.text
    assert anna.post("/activities/new", {**FORM, "person": "Jānis", "person_pick": str(second.id)}).status_code == 303
    kept = latest(house)
    assert kept.person_id == second.id
    assert anna.post("/activities/new", {**FORM, "person": "Hidden", "person_pick": str(secret.id)}).status_code == 422
    assert anna.post(f"/activities/{kept.id}", {**FORM, "person": "Jānis Ozols"}).status_code == 303
    assert house.activities.get(kept.id).person_id == second.id  # the same as before, not asked again
    assert anna.post(f"/activities/{kept.id}", {**FORM, "person": ""}).status_code == 303
    assert house.activities.get(kept.id).person_id is None


def test_a_link_that_may_not_be_seen_stays(house: House, anna: Browser) -> None:
    deal = house.activities.save_deal(CRM, Deal("Secret", house.principals.find("bob").id, Visibility.OWNER))
    own = add(house, deal_id=deal.id)
    assert "Secret" not in anna.get(f"/activities/{own.id}").text
    assert anna.post(f"/activities/{own.id}", FORM).status_code == 303
    assert house.activities.get(own.id).deal_id == deal.id


def test_done_and_undo_without_script(house: House, anna: Browser) -> None:
    own = add(house)
    assert (
        anna.post(f"/activities/{own.id}/done", {"back": "/activities/?time=today"}).headers["Location"]
        == "/activities/?time=today"
    )
    assert house.activities.get(own.id).done
    page = anna.get("/activities/").text
    run = re.search(r'name="run" value="([^"]+)"', page)
    assert run
    check_html(page)
    assert anna.post("/undo", {"run": run[1], "back": "https://elsewhere.example/"}).headers["Location"] == "/"
    assert not house.activities.get(own.id).done
    assert 'name="run"' not in anna.get("/activities/").text  # offered once


def test_a_deleted_activity_comes_back(house: House, anna: Browser) -> None:
    own = add(house)
    anna.post(f"/activities/{own.id}/delete")
    assert subjects(anna) == []
    anna.post(f"/activities/{own.id}/delete")
    run = house.journal.entries(login="anna")[0].run
    assert anna.post("/undo", {"run": run}).status_code == 303
    assert subjects(anna) == ["Visit"]
    assert anna.post(f"/activities/{own.id}/open").status_code == 303


def test_nobody_takes_back_what_somebody_else_did(house: House, anna: Browser) -> None:
    own = add(house)
    anna.post(f"/activities/{own.id}/delete")
    run = house.journal.entries(login="anna")[0].run
    bob = house.browser()
    bob.sign_in("bob")
    for wrong in (run, "", "nothing", "x" * 5000):
        assert bob.post("/undo", {"run": wrong}).status_code == 404
    assert house.activities.get(own.id).deleted


def test_a_series_is_shown_by_its_occurrences_and_left_alone(house: House, anna: Browser) -> None:
    client = house.office.client("anna")
    body = ics("SUMMARY:Weekly", "DTSTART:20261102T080000Z", "DTEND:20261102T090000Z", "RRULE:FREQ=WEEKLY;COUNT=10")
    assert client.put("/dav/anna/activities/s.ics", body).status == 201
    found = latest(house)
    assert found.series
    assert subjects(anna, "?status=all") == ["Weekly"] * 10
    assert subjects(anna, "?time=next-week") == ["Weekly"]
    page = anna.get(f"/activities/{found.id}").text
    assert "series" in page
    check_html(page)
    assert 'action="/activities/' not in page
    for path in ("", "/delete"):
        answer = anna.post(f"/activities/{found.id}{path}", FORM)
        assert answer.status_code == 409
        assert "calendar it comes from" in answer.text
    assert house.activities.get(found.id) == found


def test_html_of_clients_survives_an_edit_of_something_else(house: House, anna: Browser) -> None:
    own = add(house, public_description="<p>One <b>bold</b> word</p>")
    anna.post(f"/activities/{own.id}", {**FORM, "public_description": "One bold word"})
    assert house.activities.get(own.id).public_description == "<p>One <b>bold</b> word</p>"


def test_a_confidential_activity_stays_confidential(house: House, anna: Browser) -> None:
    own = add(house, privacy=Privacy.CONFIDENTIAL)
    anna.post(f"/activities/{own.id}", {**FORM, "private": "y"})
    assert house.activities.get(own.id).privacy is Privacy.CONFIDENTIAL


def test_guests_are_sent_to_sign_in(house: House) -> None:
    guest = house.browser()
    assert "/sign-in" in guest.get("/activities/").headers["Location"]
    assert guest.post("/activities/new", FORM).status_code == 303


def test_overdue_is_seen_from_the_users_zone(house: House, anna: Browser) -> None:
    add(house, subject="passed", due_date=date(2026, 11, 21), due_time=time(8, 59))
    add(house, subject="coming", due_date=date(2026, 11, 21), due_time=time(9, 1))
    add(house, subject="whole day", due_date=date(2026, 11, 21))
    assert subjects(anna, "?status=overdue") == ["passed"]
    house.clock.moment = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)  # already the 22nd in Riga
    house.principals.change("anna", replace)
    anna.sign_in("anna")
    assert subjects(anna, "?status=overdue") == ["whole day", "passed", "coming"]
