"""What is special about calendars at Google: series, deleted ids, conferences, colours, what others have put there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.digest import same
from bridge.core.event import Event, Privacy
from bridge.errors import MappingError, PermissionMissing, PreconditionFailed, Refused, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Side, Stored, SyncToken, Update, Write
from bridge.providers.google import event_mapping
from bridge.providers.google.calendar import TRAITS
from bridge.providers.google.colors import color_id, color_name
from bridge.providers.google.event_text import read_text, write_text
from bridge.providers.google.event_writes import event_id
from bridge.providers.google.series import Held, Manner, assemble
from tests.contract import samples
from tests.fakes.google.answers import refused
from tests.fakes.google.calendar import instance_id
from tests.fakes.google.server import Fault
from tests.providers.google_world import CalendarWorld, calendar_world

RIGA = ZoneInfo("Europe/Riga")
WEEKLY = samples.EVENTS["a series"]
EXCEPTED = samples.EVENTS["a series with several exceptions"]
KEY = IdempotencyKey("key")


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def side(world: CalendarWorld) -> Side[Event]:
    return world.open()


def create(side: Side[Event], event: Event) -> Stored[Event]:
    (outcome,) = side.write([Create(KEY, event)])
    assert isinstance(outcome, Stored), repr(outcome)
    return outcome


def update(side: Side[Event], before: Stored[Event], event: Event) -> Stored[Event]:
    (outcome,) = side.write([Update(before.id, event, before.version)])
    assert isinstance(outcome, Stored), repr(outcome)
    return outcome


def alike(one: Event, other: Event) -> bool:
    return same(one, other, TRAITS.expresses)


def test_an_id_is_one_that_google_takes_and_the_same_each_time() -> None:
    assert event_id(KEY) == event_id(KEY)
    assert event_id(KEY) != event_id(IdempotencyKey("other"))
    assert set(event_id(KEY)) <= set("abcdefghijklmnopqrstuv0123456789")


def test_what_was_deleted_there_is_made_again_under_its_id(world: CalendarWorld, side: Side[Event]) -> None:
    first = create(side, samples.event(1))
    world.delete(first.id)
    again = create(world.open(), samples.event(2))
    assert (again.id, again.existed) == (first.id, False)
    assert alike(again.object, samples.event(2))
    assert [found.id for found in side.changes(None).found] == [first.id]


def test_an_exception_alone_tells_of_its_series(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(EXCEPTED)
    before = side.changes(None)
    moved = instance_id(there, datetime(2027, 4, 12, 9, 0, tzinfo=RIGA))
    world.calendar.replace(moved, world.calendar.get(moved) | {"summary": "Only this one"})
    changes = side.changes(before.token)
    (found,) = changes.found
    assert (found.id, changes.gone) == (there, ())
    assert found.version != before.found[0].version
    assert found.object is not None
    assert "Only this one" in [each.summary for each in found.object.overrides]
    assert len(found.object.overrides) == len(EXCEPTED.overrides) + 1


def test_a_cancelled_instance_alone_tells_of_its_series(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(WEEKLY)
    token = side.changes(None).token
    world.calendar.delete(instance_id(there, datetime(2027, 3, 8, 9, 0, tzinfo=RIGA)))
    (found,) = side.changes(token).found
    assert found.object is not None
    (override,) = found.object.overrides
    assert (override.cancelled, override.recurrence_id) == (True, datetime(2027, 3, 8, 9, 0, tzinfo=RIGA))


def test_a_deleted_series_takes_its_exceptions_with_it(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(EXCEPTED)
    token = side.changes(None).token
    world.delete(there)
    changes = side.changes(token)
    assert changes.found == ()
    assert there in changes.gone
    assert side.changes(None).found == ()


def test_an_instance_without_its_series_stands_alone(world: CalendarWorld, side: Side[Event]) -> None:
    token = side.changes(None).token
    master = world.add(WEEKLY)
    invited = RemoteId(instance_id(master, datetime(2027, 3, 8, 9, 0, tzinfo=RIGA)))
    world.calendar.replace(invited, world.calendar.get(invited) | {"summary": "Come to this one"})
    del world.calendar.events[master]
    for changes in (side.changes(None), side.changes(token)):
        (found,) = changes.found
        assert (found.id, found.object and found.object.summary) == (invited, "Come to this one")
        assert found.object is not None
        assert not found.object.is_series
    assert [found.id for found in side.fetch([invited])] == [invited]


def test_an_instance_of_a_series_that_is_there_is_no_object(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(EXCEPTED)
    moved = RemoteId(instance_id(there, datetime(2027, 3, 15, 9, 0, tzinfo=RIGA)))
    assert list(side.fetch([moved])) == []


def test_exceptions_that_are_taken_back_follow_their_series_from_then_on(side: Side[Event]) -> None:
    stored = update(side, create(side, EXCEPTED), WEEKLY)
    renamed = replace(WEEKLY, summary="Renamed")
    stored = update(side, stored, renamed)
    assert stored.object.overrides == ()
    assert alike(stored.object, renamed)


def test_a_series_that_moves_takes_its_exceptions_along(side: Side[Event]) -> None:
    later = timedelta(hours=1)
    stored = create(side, EXCEPTED)
    assert isinstance(WEEKLY.start, datetime)
    assert isinstance(WEEKLY.end, datetime)
    day = datetime(2027, 3, 15, 10, 0, tzinfo=RIGA)
    override = replace(WEEKLY, recurrence=(), recurrence_id=day, start=day + later, end=day + 2 * later, summary="New")
    moved = replace(WEEKLY, start=WEEKLY.start + later, end=WEEKLY.end + later, overrides=(override,))
    stored = update(side, stored, moved)
    assert alike(stored.object, moved)


def test_an_exception_of_no_occurrence_cannot_be_expressed(side: Side[Event]) -> None:
    day = datetime(2027, 3, 16, 9, 0, tzinfo=RIGA)  # a Tuesday
    override = replace(WEEKLY, recurrence=(), recurrence_id=day, start=day, end=day + timedelta(hours=1))
    (outcome,) = side.write([Create(KEY, replace(WEEKLY, overrides=(override,)))])
    assert isinstance(outcome, MappingError)


def test_a_changed_exception_makes_the_version_of_the_series_stale(world: CalendarWorld, side: Side[Event]) -> None:
    stored = create(side, EXCEPTED)
    moved = instance_id(stored.id, datetime(2027, 3, 15, 9, 0, tzinfo=RIGA))
    world.calendar.replace(moved, world.calendar.get(moved) | {"summary": "Theirs"})
    writes: list[Write[Event]] = [Update(stored.id, WEEKLY, stored.version), Delete(stored.id, stored.version)]
    assert all(isinstance(outcome, PreconditionFailed) for outcome in side.write(writes))
    assert list(side.write([Delete(stored.id)])) == [Deleted(stored.id)]


def test_a_conference_that_google_takes_is_one_there(world: CalendarWorld, side: Side[Event]) -> None:
    event = samples.EVENTS["a place and addresses"]
    stored = create(side, event)
    raw = world.calendar.get(stored.id)
    assert raw["conferenceData"]["entryPoints"][0]["uri"] == event.conference_url
    assert raw["source"]["url"] == event.url


def test_a_conference_that_google_refuses_is_kept_all_the_same(world: CalendarWorld, side: Side[Event]) -> None:
    world.calendar.takes_conferences = False
    event = samples.EVENTS["a place and addresses"]
    stored = create(side, event)
    assert alike(stored.object, event)
    assert "conferenceData" not in world.calendar.get(stored.id)


def test_a_conference_made_there_survives_an_edit(world: CalendarWorld, side: Side[Event]) -> None:
    meet = {"conferenceId": "aaa", "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"}}
    points = [{"entryPointType": "video", "uri": "https://meet.example.com/aaa"}, {"entryPointType": "phone"}]
    there = world.add(samples.event(1))
    world.calendar.events[there]["conferenceData"] = meet | {"entryPoints": points}
    world.calendar.touch(there)
    (found,) = side.fetch([there])
    assert found.object is not None
    assert found.object.conference_url == "https://meet.example.com/aaa"
    list(side.write([Update(there, samples.edited_event(found.object), found.version)]))
    assert world.calendar.get(there)["conferenceData"] == meet | {"entryPoints": points}


def test_default_reminders_are_those_of_the_calendar_and_stay_so(world: CalendarWorld, side: Side[Event]) -> None:
    world.calendar.defaults = [{"method": "popup", "minutes": 30}]
    there = world.add(samples.event(1))
    world.calendar.events[there]["reminders"] = {"useDefault": True}
    world.calendar.touch(there)
    (found,) = side.changes(None).found
    assert found.object is not None
    assert found.object.reminders == (timedelta(minutes=-30),)
    list(side.write([Update(there, samples.edited_event(found.object), found.version)]))
    assert world.calendar.get(there)["reminders"] == {"useDefault": True}


def test_a_formatted_description_keeps_its_form(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(samples.event(1))
    world.calendar.events[there]["description"] = "<p>Agenda &amp; more</p><ul><li>one</li></ul>"
    world.calendar.touch(there)
    (found,) = side.fetch([there])
    assert found.object is not None
    assert "Agenda & more" in found.object.description
    list(side.write([Update(there, samples.edited_event(found.object), found.version)]))
    assert world.calendar.get(there)["description"] == "<p>Agenda &amp; more</p><ul><li>one</li></ul>"


def test_floating_times_become_times_of_the_calendar(world: CalendarWorld, side: Side[Event]) -> None:
    world.calendar.zone = "America/New_York"
    stored = create(side, samples.EVENTS["a floating time"])
    assert stored.object.start == datetime(2027, 6, 1, 9, 0, tzinfo=ZoneInfo("America/New_York"))


def test_a_floating_series_with_exceptions_becomes_one_of_the_calendar(side: Side[Event]) -> None:
    start = datetime(2027, 3, 1, 9, 0)
    hour = timedelta(hours=1)
    series = replace(WEEKLY, start=start, end=start + hour)
    at = start + timedelta(days=7)
    override = replace(series, recurrence=(), recurrence_id=at, start=at + hour, end=at + 2 * hour)
    stored = create(side, replace(series, overrides=(override,)))
    (made,) = stored.object.overrides
    assert made.start == datetime(2027, 3, 8, 10, 0, tzinfo=RIGA)
    again = update(side, stored, replace(series, overrides=(override,)))
    assert again.version == stored.version


def test_a_write_that_says_nothing_new_is_none(world: CalendarWorld, side: Side[Event]) -> None:
    for number, (name, sample) in enumerate(samples.EVENTS.items()):
        if samples.is_floating(sample):
            continue
        (stored,) = side.write([Create(IdempotencyKey(f"key-{number}"), sample)])
        assert isinstance(stored, Stored), name
        before = world.calendar.latest
        again = update(side, stored, stored.object)
        assert (again.version, world.calendar.latest) == (stored.version, before), name


def test_an_expired_token_and_other_parameters(world: CalendarWorld, side: Side[Event]) -> None:
    token = side.changes(None).token
    world.add(samples.event(1))
    world.calendar.oldest = world.calendar.latest
    with pytest.raises(TokenExpired):
        side.changes(token)
    with pytest.raises(TokenExpired):
        side.changes(SyncToken("events-0 1"))


def test_a_calendar_that_may_only_be_read(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(samples.event(1))
    world.calendar.role = "reader"
    assert [found.id for found in side.changes(None).found] == [there]
    with pytest.raises(PermissionMissing, match="writer access"):
        list(side.write([Create(KEY, samples.event(2))]))


def test_an_event_of_somebody_else_is_refused_alone(world: CalendarWorld, side: Side[Event]) -> None:
    theirs, mine = world.add(samples.event(1)), world.add(samples.event(2))
    text = "Shared properties can only be changed by the organizer of the event."
    world.fake.faults.append(Fault(refused(403, text, "forbiddenForNonOrganizer"), lambda _, r: r.method == "PUT"))
    first, second = side.write([Update(theirs, samples.event(3)), Update(mine, samples.event(4))])
    assert isinstance(first, Refused)
    assert isinstance(second, Stored)


def test_birthdays_and_working_places_are_left_out(world: CalendarWorld, side: Side[Event]) -> None:
    there = world.add(samples.event(1))
    other = world.add(samples.event(2))
    world.calendar.events[other]["eventType"] = "workingLocation"
    assert [found.id for found in side.changes(None).found] == [there]


def test_calendars_are_listed_with_the_primary_one_first(world: CalendarWorld) -> None:
    world.fake.calendars.add("holidays@group.v.calendar.google.com", "Holidays", "reader")
    listed = world.provider().calendars()
    assert [(each.name, each.default, each.read_only) for each in listed] == [
        ("Anna", True, False),
        ("Work", False, False),
        ("Holidays", False, True),
    ]
    assert listed[0].color == "#9fe1e7"


MASTER: dict[str, Any] = {
    "id": "m",
    "etag": '"1"',
    "iCalUID": "m@google.com",
    "start": {"dateTime": "2027-03-01T07:00:00Z", "timeZone": "Europe/Riga"},
    "end": {"dateTime": "2027-03-01T08:00:00Z", "timeZone": "Europe/Riga"},
    "recurrence": ["RRULE:FREQ=WEEKLY"],
}
CANCELLED: dict[str, Any] = {
    "id": "m_1",
    "etag": '"2"',
    "status": "cancelled",
    "recurringEventId": "m",
    "originalStartTime": {"dateTime": "2027-04-05T06:00:00Z", "timeZone": "Europe/Riga"},
}


@pytest.mark.parametrize("order", [1, -1])
def test_a_series_is_whole_in_whatever_order_it_is_listed(order: int) -> None:
    (held,) = assemble([MASTER, CANCELLED][::order])
    event = held.event(Manner(UTC))
    assert event.start == datetime(2027, 3, 1, 9, 0, tzinfo=RIGA)
    (override,) = event.overrides
    assert override.start == datetime(2027, 4, 5, 9, 0, tzinfo=RIGA)
    assert override.cancelled
    assert held.version != Held(MASTER).version


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"visibility": "private"}, "privacy", Privacy.PRIVATE),
        ({"visibility": "confidential"}, "privacy", Privacy.CONFIDENTIAL),
        ({"visibility": "default"}, "privacy", Privacy.PUBLIC),
        ({"visibility": "public"}, "privacy", Privacy.PUBLIC),
        ({"transparency": "transparent"}, "busy", False),
        ({"transparency": "opaque"}, "busy", True),
        ({"colorId": "11"}, "color", "crimson"),
        ({"colorId": "99"}, "color", ""),
        ({"colorId": "10", "extendedProperties": {"private": {"davbridgeColor": "teal:10"}}}, "color", "teal"),
        ({"colorId": "9", "extendedProperties": {"private": {"davbridgeColor": "teal:10"}}}, "color", "royalblue"),
        ({"hangoutLink": "https://meet.example.com/a"}, "conference_url", "https://meet.example.com/a"),
        ({"source": {"url": "https://a.example"}}, "url", "https://a.example"),
        ({"reminders": {"overrides": [{"method": "email", "minutes": 5}]}}, "reminders", (timedelta(minutes=-5),)),
        ({"reminders": {"useDefault": True}}, "reminders", (timedelta(minutes=-30),)),
        ({"extendedProperties": {"private": {"davbridgeDone": "1"}}}, "done", True),
        ({"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}, "start", date(2027, 3, 1)),
        ({"iCalUID": None}, "uid", "m@google.com"),
        ({"summary": None}, "summary", ""),
        ({"extendedProperties": "nonsense", "attendees": "nonsense", "source": 1}, "url", ""),
    ],
)
def test_fields_are_read(raw: dict[str, Any], field: str, value: object) -> None:
    assert getattr(event_mapping.read_event(MASTER | raw, [timedelta(minutes=-30)]), field) == value


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ({"privacy": Privacy.PRIVATE}, "visibility", "private"),
        ({"privacy": Privacy.PUBLIC}, "visibility", None),
        ({"busy": False}, "transparency", "transparent"),
        ({"busy": True}, "transparency", None),
        ({"color": "crimson"}, "colorId", "11"),
        ({"color": "no colour"}, "colorId", None),
        ({"attendees": samples.EVENTS["attendees"].attendees}, "attendees", None),
        ({"reminders": ()}, "reminders", {"useDefault": False, "overrides": []}),
        (
            {"reminders": (timedelta(minutes=5), timedelta(weeks=-9), timedelta(hours=-1))},
            "reminders",
            {"useDefault": False, "overrides": [{"method": "popup", "minutes": 60}]},
        ),
        ({"url": "mailto:a@example.com"}, "source", None),
        ({"summary": ""}, "summary", None),
    ],
)
def test_fields_are_written(event: dict[str, Any], field: str, value: object) -> None:
    assert event_mapping.write_event(replace(samples.event(1), **event), {}, RIGA).get(field) == value


def test_an_email_reminder_stays_one() -> None:
    rows = [{"method": "email", "minutes": 60}, {"method": "popup", "minutes": 5}]
    raw = MASTER | {"reminders": {"useDefault": False, "overrides": rows}}
    event = replace(event_mapping.read_event(raw), reminders=(timedelta(hours=-1), timedelta(minutes=-10)))
    written = event_mapping.write_event(event, raw, RIGA)["reminders"]["overrides"]
    assert written == [{"method": "email", "minutes": 60}, {"method": "popup", "minutes": 10}]


@pytest.mark.parametrize(
    "event",
    [
        replace(samples.event(1), start=None),
        replace(samples.event(1), url="https://example.com/" + "x" * 2000, summary="", conference_url="x" * 2000),
        replace(samples.TASKS["a task with a day"]),
    ],
)
def test_what_cannot_be_expressed_is_said(event: Event) -> None:
    with pytest.raises(MappingError):
        event_mapping.write_event(event, {}, RIGA)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("plain\ntext", "plain\ntext"),
        ("a < b & c > d", "a < b & c > d"),
        ("<b>bold</b>", "bold"),
        ("one<br>two", "one\ntwo"),
        ("one\n<b>two</b>", "one\ntwo"),
        ("a &amp; b", "a & b"),
    ],
)
def test_descriptions_are_read(found: str, text: str) -> None:
    assert read_text(found) == text
    assert write_text(text, found) == found


@pytest.mark.parametrize("text", ["plain", "<b>no tag</b>", "a &amp; b", "if a<b and b>c", "x\n  y\n\nz <br>"])
def test_text_survives(text: str) -> None:
    assert read_text(write_text(text, "")) == text


@pytest.mark.parametrize(("name", "number"), [("seagreen", "10"), ("red", "11"), ("gray", "8"), ("", ""), ("x", "")])
def test_colors_have_a_nearest_one(name: str, number: str) -> None:
    assert color_id(name) == number
    assert color_id(color_name(number)) == number
