"""What is particular to calendars of Microsoft 365."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.event import Event
from bridge.errors import Invalid, MappingError, Refused, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Side, Stored, SyncToken, Update
from bridge.providers.graph.event_read import read_event
from bridge.providers.graph.event_write import edited_event, new_event
from bridge.providers.graph.pattern_read import read_rule
from bridge.providers.graph.pattern_write import write_recurrence
from bridge.providers.graph.provider import GraphProvider
from bridge.providers.windows_names import name_of, windows_name, zone_of
from tests.contract import samples
from tests.fakes.graph.answers import refused
from tests.fakes.graph.recurring import completed, days
from tests.fakes.graph.server import Fault
from tests.providers.graph_world import CalendarWorld, calendar_world

RIGA = ZoneInfo("Europe/Riga")
NINE = datetime(2027, 3, 1, 9, tzinfo=RIGA)


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


def made(side: Side[Event], event: Event, key: str = "key") -> Stored[Event]:
    (outcome,) = side.write([Create(IdempotencyKey(key), event)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def test_what_leaves_the_window_is_not_gone(world: CalendarWorld) -> None:
    there = world.add(samples.event(1))
    token = world.open().changes(None).token
    far = replace(samples.event(1), start=datetime(2035, 1, 1, 9, tzinfo=UTC), end=datetime(2035, 1, 1, 10, tzinfo=UTC))
    world.edit(there, far)
    changes = world.open().changes(token)
    assert ([each.id for each in changes.found], changes.gone) == ([there], ())
    assert [each.id for each in world.open().changes(None).found] == [there]
    world.delete(there)
    assert world.open().changes(token).gone == (there,)


def test_what_is_told_as_removed_and_is_still_inside_has_left_the_calendar(world: CalendarWorld) -> None:
    there = world.add(samples.event(1))
    token = world.open().changes(None).token
    world.calendar.latest += 1
    world.calendar.removed[there] = world.calendar.latest
    assert world.open().changes(token).gone == (there,)


def test_the_window_moves_on_by_reading_everything_again(world: CalendarWorld) -> None:
    side = world.open()
    token = side.changes(None).token
    world.clock.advance(timedelta(days=27))
    token = side.changes(token).token
    world.clock.advance(timedelta(days=2))
    with pytest.raises(TokenExpired, match="window"):
        side.changes(token)


@pytest.mark.parametrize("link", ["/me/messages", "/me/calendars/other/calendarView/delta?$deltatoken=x", "//x/y"])
def test_a_token_leads_to_this_calendar_only(world: CalendarWorld, link: str) -> None:
    with pytest.raises(TokenExpired):
        world.open().changes(SyncToken(f"events-1 2026-11-21T09:00:00+00:00 {link}"))
    assert world.fake.calls == []


@pytest.mark.parametrize("names_existing", [True, False])
def test_a_creation_whose_answer_was_lost_is_found(world: CalendarWorld, names_existing: bool) -> None:
    world.calendar.names_existing = names_existing
    first = made(world.open(), samples.event(1))
    again = made(world.open(), samples.event(1))
    assert (again.id, again.existed, len(world.calendar.items)) == (first.id, True, 1)


def test_a_creation_whose_event_was_deleted_since_is_made_again(world: CalendarWorld) -> None:
    first = made(world.open(), samples.event(1))
    world.delete(first.id)
    again = made(world.open(), samples.event(1))
    assert again.id != first.id
    assert not again.existed


def test_a_run_that_has_listed_everything_knows_what_it_has_made(world: CalendarWorld) -> None:
    first = made(world.open(), samples.event(1))
    side = world.open()
    side.changes(None)
    assert made(side, samples.event(1)).existed
    assert "events.create" not in world.fake.inner + world.fake.calls[world.fake.calls.index("events.list") :]
    assert first.id in world.calendar.items


@pytest.mark.parametrize("tells_original", [True, False])
def test_an_exception_is_told_apart_with_and_without_its_original_start(
    world: CalendarWorld, tells_original: bool
) -> None:
    world.calendar.tells_original = tells_original
    there = world.add(samples.EVENTS["a series with several exceptions"])
    (found,) = world.open().fetch([there])
    assert found.object is not None
    assert len(found.object.overrides) == 3
    (moved,) = (each for each in found.object.overrides if each.summary == "On Tuesday this time")
    assert moved.recurrence_id == datetime(2027, 3, 15, 9, tzinfo=RIGA)


def test_a_series_with_an_exception_that_outlook_refuses_is_not_left_there_by_half(world: CalendarWorld) -> None:
    series = samples.EVENTS["a series with a moved instance"]
    (moved,) = series.overrides
    far = replace(moved, start=datetime(2027, 4, 13, 9, tzinfo=RIGA), end=datetime(2027, 4, 13, 10, tzinfo=RIGA))
    side = world.open()
    for _ in range(2):
        (outcome,) = side.write([Create(IdempotencyKey("key"), replace(series, overrides=(far,)))])
        assert isinstance(outcome, Refused)
        assert "crossing" in str(outcome)
        assert world.calendar.items == {}
    assert made(side, series).object.overrides


def test_an_exception_that_nobody_can_tell_apart_makes_its_series_unreadable(world: CalendarWorld) -> None:
    there = world.add(samples.EVENTS["a series with a moved instance"])
    (raw,) = world.calendar.items[there].changed.values()
    raw |= {"occurrenceId": None, "iCalUId": "nonsense"}
    (found,) = world.open().fetch([there])
    assert found.object is None
    assert "which occurrence" in found.problem


def test_an_occurrence_that_was_deleted_in_outlook_is_left_out(world: CalendarWorld) -> None:
    there = world.add(samples.EVENTS["a series"])
    token = world.open().changes(None).token
    world.calendar.delete(f"{there}.20270315")
    (told,) = world.open().changes(token).found
    (found,) = world.open().fetch([told.id])
    assert found.object is not None
    assert "EXDATE;TZID=Europe/Riga:20270315T090000" in found.object.recurrence


def meeting(world: CalendarWorld) -> Any:
    there = world.add(samples.event(1))
    guest = {"type": "required", "status": {"response": "none"}, "emailAddress": {"address": "guest@example.org"}}
    world.calendar.items[there].raw["attendees"] = [guest]
    world.calendar.touch(there)
    return there


def test_a_change_that_guests_would_hear_of_is_refused(world: CalendarWorld) -> None:
    there = meeting(world)
    side = world.open()
    (found,) = side.fetch([there])
    assert found.object is not None
    moved = samples.edited_event(found.object)
    quiet = replace(found.object, categories=("Sales",), busy=False, reminders=(timedelta(minutes=-5),))
    outcomes = [next(side.write([each])) for each in (Update(there, moved), Update(there, quiet), Delete(there))]
    assert [type(each) for each in outcomes] == [Refused, Stored, Refused]
    assert world.mails() == 0
    assert there in world.calendar.items


def test_an_invitation_is_its_owners_own(world: CalendarWorld) -> None:
    there = meeting(world)
    world.calendar.items[there].raw["isOrganizer"] = False
    assert list(world.open().write([Delete(there)])) == [Deleted(there)]
    assert world.mails() == 0


def test_a_time_without_a_zone_is_one_of_the_users_own(world: CalendarWorld) -> None:
    floating = replace(samples.event(1), start=datetime(2027, 6, 1, 9), end=datetime(2027, 6, 1, 10))
    assert made(world.open(), floating).object.start == datetime(2027, 6, 1, 9, tzinfo=ZoneInfo("Europe/Kyiv"))
    world.fake.faults = [Fault(refused(403, "ErrorAccessDenied"), lambda call, _: call == "settings")]
    assert made(world.open(), floating, "other").object.start == datetime(2027, 6, 1, 9, tzinfo=UTC)


def test_a_second_deletion_that_is_not_understood_is_none(world: CalendarWorld) -> None:
    """It is there when it is looked at, and gone when it is deleted."""
    there = world.add(samples.event(1))

    def vanish(reply: Any) -> Any:
        world.delete(there)
        return reply

    world.fake.faults = [Fault(vanish, lambda call, _: call == "events.get")]
    assert list(world.open().write([Delete(there)])) == [Deleted(there)]
    assert world.fake.calls.count("events.delete") == 1


def test_links_are_followed_on_our_own_way(world: CalendarWorld) -> None:
    provider = world.provider()
    assert isinstance(provider, GraphProvider)
    client = provider._events
    assert client.relative("https://graph.microsoft.com/v1.0/me/x?$skiptoken=a b") == "/me/x?$skiptoken=a%20b"
    assert client.relative(f"{world.fake.url}/v1.0/me/x") == "/me/x"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYDAY=5TU",
        "FREQ=MONTHLY;BYDAY=TU;BYMONTHDAY=8,9,10,11,12,13,14",
        "FREQ=MONTHLY;BYMONTH=3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=100",
        "FREQ=YEARLY;BYMONTH=3,6",
        "FREQ=YEARLY;BYDAY=1MO",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=HOURLY;COUNT=4",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1",
        "FREQ=NEVER",
    ],
)
def test_a_rule_that_outlook_cannot_have_is_refused(rule: str) -> None:
    with pytest.raises(MappingError) as caught:
        write_recurrence(f"RRULE:{rule}", NINE)
    assert caught.value.property == "recurrence"


@pytest.mark.parametrize(
    ("rule", "day"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=-1", 31),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", 30),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", 29),
        ("FREQ=MONTHLY;BYMONTHDAY=28", 28),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", 29),
        ("FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=31", 31),
    ],
)
def test_the_end_of_a_month_means_the_same_in_both(rule: str, day: int) -> None:
    written, first = write_recurrence(f"RRULE:{rule}", NINE)
    assert written["pattern"]["dayOfMonth"] == day
    assert read_rule(written, first) == f"RRULE:{rule}"
    until = date(2029, 6, 1)
    theirs = list(days(completed(written), until))
    assert theirs[:1] == [first.date() if isinstance(first, datetime) else first]
    assert all(each.day == day or (each + timedelta(days=1)).day == 1 for each in theirs)


def test_single_dates_beside_a_rule_are_refused() -> None:
    for lines in (("RRULE:FREQ=DAILY;COUNT=3", "RDATE:20270401T090000Z"), ("RDATE:20270401T090000Z",)):
        with pytest.raises(MappingError):
            new_event(replace(samples.event(1), recurrence=lines), "key", UTC)


def test_a_start_that_does_not_follow_its_rule_is_counted_and_remembered(world: CalendarWorld) -> None:
    event = replace(
        samples.event(0), start=NINE, end=NINE + timedelta(hours=1), recurrence=("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=4",)
    )
    outcome = made(world.open(), event)
    assert outcome.object.start == NINE
    raw = world.calendar.items[outcome.id].raw
    assert raw["start"]["dateTime"].startswith("2027-03-03T09:00")
    assert raw["recurrence"]["range"]["numberOfOccurrences"] == 3


def test_an_edit_in_outlook_counts_more_than_what_we_remember(world: CalendarWorld) -> None:
    outcome = made(world.open(), samples.EVENTS["reminders"])
    assert len(outcome.object.reminders) == 2
    world.calendar.patch(outcome.id, {"reminderMinutesBeforeStart": 45})
    (found,) = world.open().fetch([outcome.id])
    assert found.object is not None
    assert found.object.reminders == (timedelta(minutes=-45),)


def test_a_broken_memory_is_none(world: CalendarWorld) -> None:
    outcome = made(world.open(), samples.EVENTS["a type"])
    properties = world.calendar.items[outcome.id].raw["properties"]
    for nonsense in ("{", "[]", "7", '{"reminders": "x", "rule": 7, "zone": []}', "[" * 100_000):
        for name in properties:
            properties[name] = nonsense
        (found,) = world.open().fetch([outcome.id])
        assert found.problem == ""
        assert found.object is not None
        assert found.object.type_key == ""


def test_a_series_in_a_zone_that_nobody_knows_is_unreadable_and_a_single_event_is_not() -> None:
    with calendar_world() as world:
        there = world.add(samples.EVENTS["a series"])
        raw = json.loads(json.dumps(world.calendar.items[there].raw))
    raw["originalStartTimeZone"] = "tzone://Microsoft/Custom"
    raw["recurrence"]["range"]["recurrenceTimeZone"] = "tzone://Microsoft/Custom"
    with pytest.raises(Invalid, match="time zone"):
        read_event(raw)
    single = {**raw, "recurrence": None, "type": "singleInstance", "start": {"dateTime": "2027-03-01T07:00:00"}}
    assert read_event(single).start == datetime(2027, 3, 1, 7, tzinfo=UTC)


def test_names_of_windows() -> None:
    assert (windows_name("Europe/Riga"), windows_name("Asia/Kolkata")) == ("FLE Standard Time", "India Standard Time")
    assert (name_of(UTC), name_of(None), windows_name("Nowhere/At_All")) == ("UTC", "", "")
    assert zone_of("FLE Standard Time", "Europe/Riga") == RIGA
    assert zone_of("FLE Standard Time", "Asia/Tokyo") == ZoneInfo("Europe/Kyiv")
    assert zone_of("nonsense") is None


def test_what_says_the_same_is_not_sent(world: CalendarWorld) -> None:
    side = world.open()
    outcome = made(side, samples.EVENTS["a series with several exceptions"])
    world.fake.calls.clear()
    (again,) = side.write([Update(outcome.id, outcome.object, outcome.version)])
    assert isinstance(again, Stored)
    assert again.version == outcome.version
    assert set(world.fake.calls) == {"events.get"}


def test_a_form_that_a_user_has_given_to_a_body_stays() -> None:
    with calendar_world() as world:
        there = world.add(samples.event(1))
        raw = dict(world.calendar.items[there].raw)
    raw["body"] = {"contentType": "html", "content": "<html><body><p><b>Agenda</b></p></body></html>"}
    event = read_event(raw)
    assert event.description == "Agenda"
    assert "body" not in edited_event(replace(event, summary="Other"), raw, UTC)
