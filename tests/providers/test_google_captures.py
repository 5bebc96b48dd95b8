"""The Google of the tests and our reading of Google, checked against answers of the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.contact import Birthday, Labelled
from bridge.errors import PermissionMissing, PreconditionFailed, SignInNeeded, TemporaryError
from bridge.http import Answer
from bridge.ports import Create, IdempotencyKey, Side, Stored
from bridge.providers.google.client import Client, Service
from bridge.providers.google.event_mapping import read_event, settable, write_event
from bridge.providers.google.person_read import picture_url, read_person
from bridge.providers.google.person_write import MASK, write_person
from bridge.providers.google.series import Manner, assemble
from tests.contract import samples
from tests.fakes.google.discovery import Discovery, document
from tests.providers.google_world import BookWorld, CalendarWorld, book_world, calendar_world

pytestmark = pytest.mark.shared_data

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EVENTS = ("single", "allday", "meet", "recurring_master", "organizer_declined", "invitation_answered")
LISTS = {
    "calendar/calendars": ("calendar.v3", "CalendarList"),
    "calendar/events_list": ("calendar.v3", "Events"),
    "calendar/events_delta": ("calendar.v3", "Events"),
    "contacts/connections": ("people.v1", "ListConnectionsResponse"),
    "contacts/connections_delta": ("people.v1", "ListConnectionsResponse"),
    "contacts/connections_delta_nochange": ("people.v1", "ListConnectionsResponse"),
    "contacts/connections_delta_removed": ("people.v1", "ListConnectionsResponse"),
    "contacts/connections_photos": ("people.v1", "ListConnectionsResponse"),
    "contacts/contact_groups": ("people.v1", "ListContactGroupsResponse"),
    "contacts/group_created": ("people.v1", "ContactGroup"),
    "contacts/person": ("people.v1", "Person"),
    "contacts/person_created": ("people.v1", "Person"),
    "contacts/person_updated": ("people.v1", "Person"),
    **{f"calendar/event_{name}": ("calendar.v3", "Event") for name in EVENTS},
}


@pytest.fixture(scope="session")
def captures(shared_data: Path) -> Path:
    return shared_data / "captures" / "google"


def load(captures: Path, name: str) -> dict[str, Any]:
    found = json.loads((captures / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", LISTS)
def test_real_answers_pass_the_judge(captures: Path, name: str) -> None:
    api, schema = LISTS[name]
    assert list(document(api).check({"$ref": schema}, load(captures, name), name)) == []


def test_the_judge_finds_mistakes() -> None:
    judge: Discovery = document("calendar.v3")
    call = judge.find("POST", "/calendar/v3/calendars/a/events")
    assert call is not None
    assert list(judge.check_request(call, {"sendUpdates": ["loudly"]}, {"start": {}, "end": {}}))
    assert list(judge.check_request(call, {"shout": ["1"]}, {"start": {}, "end": {}}))
    assert list(judge.check_request(call, {}, {"start": {}}))
    assert list(judge.check_request(call, {}, None))
    assert list(judge.check_request(call, {}, {"start": {"date": "tomorrow"}, "end": {}}))
    assert list(judge.check_request(call, {}, {"start": {}, "end": {}, "colour": "red"}))
    assert list(judge.check_request(call, {"sendUpdates": ["none"]}, {"start": {}, "end": {}, "summary": "x"})) == []
    assert judge.find("POST", "/calendar/v3/nowhere") is None


@pytest.mark.parametrize("name", EVENTS)
def test_a_real_event_is_read_and_sent_back_as_it_was(captures: Path, name: str) -> None:
    raw = load(captures, f"calendar/event_{name}")
    event = read_event(raw, [timedelta(minutes=-30)], AMSTERDAM)
    assert event.summary.startswith("Fixture: ")
    assert event.uid == raw["iCalUID"]
    assert write_event(event, raw, AMSTERDAM, [timedelta(minutes=-30)]) == settable(raw)


def test_a_real_listing_is_read(captures: Path) -> None:
    held = assemble(load(captures, "calendar/events_list")["items"])
    events = [each.event(Manner(AMSTERDAM)) for each in held]
    assert len(events) == len(load(captures, "calendar/events_list")["items"])
    series = next(event for event in events if event.recurrence)
    assert series.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO",)
    assert series.start == datetime(2026, 8, 3, 9, 0, tzinfo=AMSTERDAM)
    assert "https://meet.google.com/aaa-bbbb-ccc" in [event.conference_url for event in events]


def test_a_real_person_is_read_and_sent_back_as_it_was(captures: Path) -> None:
    raw = load(captures, "contacts/person_updated")
    contact = read_person(raw, {"contactGroups/group-2": "Fixture Group"})
    assert contact.formatted_name == "Dr. Ada Byron Lovelace"
    assert contact.birthday == Birthday(12, 10, 1815)
    assert contact.categories == ("Fixture Group",)
    assert contact.emails[0] == Labelled("ada.lovelace@example.test", "work")
    assert [phone.label for phone in contact.phones] == ["work", "mobile"]
    body = write_person(contact, raw, [])
    left_out = {"metadata", "formattedType", "canonicalForm", "displayNameLastFirst", "displayName", "unstructuredName"}
    for name in set(MASK) - {"memberships"}:
        rows = [{k: v for k, v in row.items() if k not in left_out} for row in raw.get(name, [])]
        assert body[name] == rows, name


def test_pictures_of_profiles_are_not_those_of_the_contact(captures: Path) -> None:
    first, second = load(captures, "contacts/connections_photos")["connections"]
    assert picture_url(first).endswith("photo-1-0=s100")
    assert picture_url(second) == ""


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("forbidden", 403, PermissionMissing),
        ("rate_limit", 403, TemporaryError),
        ("unauthorized", 401, SignInNeeded),
        ("contacts_stale_etag", 400, PreconditionFailed),
    ],
)
def test_real_errors_are_understood(captures: Path, name: str, status: int, error: type[Exception]) -> None:
    body = json.dumps(load(captures, f"error/{name}")).encode()
    client = Client.__new__(Client)
    client.service = Service("Google", "https://example.com", "scope")
    assert isinstance(client.error(Answer("https://example.com", status, {}, body)), error)


@pytest.fixture
def calendar() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def book() -> Iterator[BookWorld]:
    with book_world() as world:
        yield world


def test_our_google_tells_events_as_the_real_one(captures: Path, calendar: CalendarWorld) -> None:
    side: Side[Any] = calendar.open()
    token = side.changes(None).token
    (made,) = side.write([Create(IdempotencyKey("key"), samples.EVENTS["a series"])])
    assert isinstance(made, Stored)
    real, ours = load(captures, "calendar/event_recurring_master"), calendar.calendar.get(made.id)
    assert real.keys() - ours.keys() <= {"sequence"}
    assert ours.keys() - real.keys() <= {"extendedProperties"}
    assert ours["start"].keys() == real["start"].keys()
    calendar.delete(made.id)
    gone = next(each for each in load(captures, "calendar/events_delta")["items"] if each["status"] == "cancelled")
    (told,) = calendar.calendar.listed({"syncToken": [f"{token}".removeprefix("events-1 ")], **_listing()})["items"]
    assert told.keys() == gone.keys()


def _listing() -> dict[str, list[str]]:
    return {"singleEvents": ["false"], "eventTypes": ["default", "fromGmail"]}


def test_our_google_tells_people_as_the_real_one(captures: Path, book: BookWorld) -> None:
    real = load(captures, "contacts/person_created")
    there = book.add(samples.CONTACTS["postal addresses"])
    ours = book.fake.people.people[there]
    assert ours["names"][0].keys() <= real["names"][0].keys()
    assert ours["memberships"][0].keys() == real["memberships"][0].keys()
    assert ours["metadata"]["sources"][0].keys() == real["metadata"]["sources"][0].keys()
    assert ours["addresses"][0].keys() - real["addresses"][0].keys() <= {"region"}
    assert ours["emailAddresses"][0].keys() == real["emailAddresses"][0].keys()


def test_our_google_refuses_as_the_real_one(captures: Path, book: BookWorld) -> None:
    there = book.add(samples.contact(1))
    stale = {"resourceName": there, "etag": "old", "metadata": {"sources": [{"type": "CONTACT"}]}}
    with pytest.raises(Exception, match="different than the current"):
        book.fake.people.update(there, stale, ["names"])
    assert "different than the current" in load(captures, "error/contacts_stale_etag")["error"]["message"]
