"""The Graph of the tests and our reading of Graph, checked against answers of the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.contact import Birthday, Labelled
from bridge.errors import BridgeError, Refused, SignInNeeded, TokenExpired
from bridge.http import Answer
from bridge.ports import Create, IdempotencyKey, Stored
from bridge.providers.graph.client import Client
from bridge.providers.graph.contact_read import read_contact
from bridge.providers.graph.contact_write import edited_contact
from bridge.providers.graph.event_read import read_event
from bridge.providers.graph.event_write import edited_event
from bridge.providers.graph.series import Held, original_day
from tests.contract import samples
from tests.fakes.graph.answers import Refusal
from tests.fakes.graph.events import shown
from tests.fakes.graph.shapes import check, page
from tests.providers.graph_world import BookWorld, CalendarWorld, book_world, calendar_world

pytestmark = pytest.mark.shared_data

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EVENTS = ("single", "allday", "online_meeting", "series_master", "extra_calendar", "invitation")
ONE = {
    **{f"calendar/event_{name}": "event" for name in EVENTS},
    "calendar/calendar": "calendar",
    "contacts/contact_created": "contact",
    "contacts/contact_detail": "contact",
    "contacts/contact_patched": "contact",
    "error/bad_request": "failure",
    "error/contacts_delta_token_bad": "failure",
    "error/photo_image_not_found": "failure",
    "error/photo_invalid_size": "failure",
    "error/unauthorized": "failure",
}
PAGES = {
    "calendar/calendars": "calendar",
    "calendar/events_delta": "event",
    "contacts/contact_folders": "folder",
    "contacts/child_folders": "folder",
    "contacts/contacts_delta_snapshot": "contact",
    "contacts/contacts_delta_changed": "contact",
    "contacts/contacts_delta_removed": "contact",
}


@pytest.fixture(scope="session")
def captures(shared_data: Path) -> Path:
    return shared_data / "captures" / "graph"


def load(captures: Path, name: str) -> dict[str, Any]:
    found = json.loads((captures / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ONE)
def test_real_answers_have_the_shapes_that_we_know(captures: Path, name: str) -> None:
    assert list(check(ONE[name], load(captures, name), name)) == []


@pytest.mark.parametrize("name", PAGES)
def test_real_lists_have_the_shapes_that_we_know(captures: Path, name: str) -> None:
    assert list(page(PAGES[name], load(captures, name), name)) == []


def test_the_judge_finds_mistakes() -> None:
    assert list(check("calendar", {"id": "x"}, "x"))
    assert list(check("person", {"name": 7}, "x"))
    assert list(check("person", {"colour": "red"}, "x"))
    assert list(check("guest", "Anna", "x"))
    assert list(check({"required"}, "optional", "x"))
    assert list(check([str], "text", "x"))


@pytest.mark.parametrize("name", EVENTS)
def test_a_real_event_is_read_and_need_not_be_sent_back(captures: Path, name: str) -> None:
    raw = load(captures, f"calendar/event_{name}")
    event = read_event(raw)
    assert "ixture: " in event.summary
    assert event.uid == raw["iCalUId"]
    assert event.reminders == (timedelta(minutes=-15),)
    assert edited_event(event, raw, UTC) == {}


def test_a_real_series_recurs_in_the_zone_in_which_it_was_made(captures: Path) -> None:
    event = read_event(load(captures, "calendar/event_series_master"))
    assert event.start == datetime(2026, 8, 3, 9, 0, tzinfo=AMSTERDAM)
    assert isinstance(event.start, datetime)
    assert event.start.utcoffset() == timedelta(hours=2)
    assert event.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261005T070000Z",)
    assert event.description == "Standup agenda"


def test_a_real_day_is_a_day_and_a_real_meeting_keeps_what_teams_has_added(captures: Path) -> None:
    day = read_event(load(captures, "calendar/event_allday"))
    assert (day.start, day.end, day.description) == (date(2026, 8, 10), date(2026, 8, 11), "")
    raw = load(captures, "calendar/event_online_meeting")
    meeting = read_event(raw)
    assert meeting.conference_url == "https://teams.live.com/meet/9990000000000?p=EXAMPLEpasscode000"
    assert "Teams" not in meeting.description
    body = edited_event(replace(meeting, description="Agenda"), raw, UTC)
    assert body.keys() == {"body"}
    assert body["body"]["content"].startswith("Agenda<div")
    assert meeting.conference_url in body["body"]["content"]


def test_a_real_invitation_tells_who_is_coming(captures: Path) -> None:
    event = read_event(load(captures, "calendar/event_invitation"))
    assert [(each.email, each.status, each.organizer) for each in event.attendees] == [
        ("boss@example.test", "ACCEPTED", True),
        ("testuser@example.test", "ACCEPTED", False),
    ]


def test_a_real_exception_without_an_original_start_is_told_apart(captures: Path) -> None:
    """Its occurrenceId names the day, and so does its iCalUId."""
    rows = {row["type"]: row for row in load(captures, "calendar/events_delta")["value"]}
    master, raw = rows["seriesMaster"], rows["exception"]
    series = read_event(master)
    assert raw.get("originalStart") is None
    assert original_day(raw, series, master) == date(2026, 8, 10)
    assert original_day(raw | {"occurrenceId": None}, series, master) == date(2026, 8, 10)
    assert original_day(raw | {"occurrenceId": None, "iCalUId": master["iCalUId"]}, series, master) is None
    assert original_day(rows["occurrence"], series, master) in {date(2026, 8, 3), date(2026, 8, 17)}
    (override,) = Held(master | {"exceptionOccurrences": [raw]}).event().overrides
    assert override.recurrence_id == datetime(2026, 8, 10, 9, 0, tzinfo=AMSTERDAM)
    assert override.start == datetime(2026, 8, 10, 11, 0, tzinfo=AMSTERDAM)
    assert master["@odata.etag"] == raw["@odata.etag"]  # the version of a master moves with its exceptions


def test_a_real_contact_is_read_and_need_not_be_sent_back(captures: Path) -> None:
    raw = load(captures, "contacts/contact_detail")
    contact = read_contact(raw)
    assert contact.formatted_name == "Ada Byron Lovelace"
    assert (contact.name.prefixes, contact.name.family) == ("Dr.", "Lovelace")
    assert contact.birthday == Birthday(12, 10, 1815)
    assert contact.emails == (Labelled("ada.lovelace@example.test"), Labelled("ada@home.example.test"))
    assert [phone.label for phone in contact.phones] == ["work", "home", "mobile"]
    assert [address.label for address in contact.addresses] == ["work", "home"]
    assert edited_contact(contact, raw).keys() <= {"singleValueExtendedProperties"}


def test_unset_is_null_or_nothing(captures: Path) -> None:
    contact = read_contact(load(captures, "contacts/contacts_delta_snapshot")["value"][1])
    assert (contact.organization, contact.title, contact.birthday, contact.name.additional) == ("", "", None, "")


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("unauthorized", 401, SignInNeeded),
        ("bad_request", 400, Refused),
        ("contacts_msa_unsupported", 400, Refused),
        ("photo_invalid_size", 400, Refused),
    ],
)
def test_real_errors_are_understood(captures: Path, name: str, status: int, error: type[BridgeError]) -> None:
    body = json.dumps(load(captures, f"error/{name}")).encode()
    client = Client.__new__(Client)
    client.name = "Microsoft 365"
    assert isinstance(client.error(Answer("https://example.com", status, {}, body)), error)


@pytest.fixture
def calendar() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def book() -> Iterator[BookWorld]:
    with book_world() as world:
        yield world


def test_our_graph_tells_events_as_the_real_one(captures: Path, calendar: CalendarWorld) -> None:
    (made,) = calendar.open().write([Create(IdempotencyKey("key"), samples.EVENTS["a series with several exceptions"])])
    assert isinstance(made, Stored)
    rows = {row["type"]: row for row in load(captures, "calendar/events_delta")["value"]}
    item = calendar.calendar.items[made.id]
    for real, raw in ((rows["seriesMaster"], item.raw), (rows["exception"], next(iter(item.changed.values())))):
        ours = shown(calendar.calendar, raw, {}, "UTC", alone=False)
        assert real.keys() - ours.keys() <= {"@odata.type"}
        assert ours.keys() - real.keys() <= {"originalStart"}
        assert ours["originalStart"] is None
        assert ours["start"].keys() == real["start"].keys()
    master = item.raw["recurrence"]
    assert master["pattern"].keys() == rows["seriesMaster"]["recurrence"]["pattern"].keys()
    assert master["range"].keys() == rows["seriesMaster"]["recurrence"]["range"].keys()


def test_our_graph_tells_contacts_as_the_real_one(captures: Path, book: BookWorld) -> None:
    real = load(captures, "contacts/contact_created")
    ours = book.folder.shown(book.folder.find(book.add(samples.CONTACTS["a birthday"])), {})
    assert real.keys() - ours.keys() == {"@odata.context"}
    assert ours.keys() - real.keys() == set()
    assert ours["birthday"] == "1980-05-17T11:59:00Z"
    assert (ours["fileAs"], ours["nickName"]) == (real["fileAs"], real["nickName"]) == ("", None)


def test_our_graph_refuses_as_the_real_one(captures: Path, book: BookWorld, calendar: CalendarWorld) -> None:
    with pytest.raises(Refusal) as caught:
        book.folder.rounds.position("nonsense")
    real = load(captures, "error/contacts_delta_token_bad")["error"]
    assert json.loads(caught.value.reply.body)["error"]["message"] == real["message"]
    side = book.open()
    token = side.changes(None).token
    with pytest.raises(TokenExpired):
        side.changes(token and type(token)(f"{token}x"))
    book.folder.touch(book.add(samples.contact(1)))
    book.folder.rounds.oldest = 99
    with pytest.raises(TokenExpired):
        side.changes(token)
    there = calendar.add(samples.event(1))
    calendar.delete(there)
    with pytest.raises(Refusal):
        calendar.delete(there)
