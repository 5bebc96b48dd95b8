from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import Attendee, Event, EventKind, Links, Privacy
from bridge.core.person import Organization, Person
from bridge.core.projection.activities import (
    apply_fields,
    event_of_activity,
    fields_of_activity,
    fields_of_event,
    masked_event,
)
from bridge.core.projection.options import CalendarOptions, LinkedRecords, TypeOption
from tests.harness import NOW, TYPES

RIGA = ZoneInfo("Europe/Riga")
OPTIONS = CalendarOptions(RIGA, {kind.key: kind for kind in TYPES}, default_type="meeting")
NOTHING = LinkedRecords()

CALL = Activity(
    "uid-1",
    owner_id=1,
    subject="Call Ilze",
    type="call",
    due_date=date(2026, 12, 1),
    due_time=time(8, 30),
    duration=timedelta(minutes=45),
    id=7,
    updated_at=NOW,
    created_at=NOW,
)


def shown(activity: Activity, previous: Event | None = None, linked: LinkedRecords = NOTHING) -> Event:
    return event_of_activity(activity, linked, OPTIONS, previous)


def test_a_new_activity_is_shown_in_its_owners_zone_with_type_and_colour() -> None:
    event = shown(CALL)
    assert event.start == datetime(2026, 12, 1, 10, 30, tzinfo=RIGA)
    assert event.start.tzinfo is RIGA
    assert event.end == datetime(2026, 12, 1, 11, 15, tzinfo=RIGA)
    assert (event.summary, event.type_key, event.categories, event.color) == (
        "Call Ilze",
        "call",
        ("Call",),
        "dodgerblue",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"subject": "Call her back"}, {"summary": "Call her back"}),
        ({"busy": False}, {"busy": False}),
        ({"privacy": Privacy.CONFIDENTIAL}, {"privacy": Privacy.CONFIDENTIAL}),
        ({"cancelled": True}, {"cancelled": True}),
        ({"done": True, "done_at": NOW}, {"done": True, "done_at": NOW}),
        ({"location": "Brīvības iela 1"}, {"location": "Brīvības iela 1"}),
        ({"conference_url": "https://meet.example/x"}, {"conference_url": "https://meet.example/x"}),
        ({"public_description": "<p>One</p><p>Two</p>"}, {"description": "One\n\nTwo"}),
        ({"type": "meeting"}, {"type_key": "meeting", "categories": ("Meeting",), "color": "seagreen"}),
        ({"due_time": None, "duration": None}, {"start": date(2026, 12, 1), "end": date(2026, 12, 2)}),
        ({"due_time": None, "duration": timedelta(days=3)}, {"start": date(2026, 12, 1), "end": date(2026, 12, 4)}),
        ({"duration": None}, {"end": datetime(2026, 12, 1, 9, 0, tzinfo=UTC)}),
        ({"due_date": None, "due_time": None}, {"start": None, "end": None}),
    ],
)
def test_each_field_goes_out(change: dict[str, object], expected: dict[str, object]) -> None:
    before = shown(CALL)
    for event in (shown(replace(CALL, **change)), shown(replace(CALL, **change), before)):
        assert {name: getattr(event, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"summary": "Other"}, {"subject": "Other"}),
        ({"summary": ""}, {"subject": "Call"}),
        ({"busy": False}, {"busy": False}),
        ({"privacy": Privacy.PRIVATE}, {"privacy": Privacy.PRIVATE}),
        ({"cancelled": True}, {"cancelled": True, "done": False}),
        ({"done": True}, {"done": True}),
        ({"location": "Here"}, {"location": "Here"}),
        ({"conference_url": "https://a", "location": "https://a"}, {"conference_url": "https://a", "location": ""}),
        ({"description": "Plain"}, {"description": "Plain"}),
        ({"description": "Plain\n\n[--- CRM ---]\nDeal: Big\n[--- /CRM ---]"}, {"description": "Plain"}),
        ({"type_key": "", "categories": ("MEETING", "Blue")}, {"type": "meeting"}),
        ({"type_key": "unknown", "categories": ()}, {"type": "call"}),
        ({"type_key": "call", "categories": ("Deadline",)}, {"type": "deadline"}),
        ({"links": Links(3, 4, 5)}, {"deal_id": 3, "person_id": 4, "organization_id": 5}),
        ({"start": date(2026, 5, 1), "end": date(2026, 5, 2)}, {"due_date": date(2026, 5, 1), "due_time": None}),
        ({"start": date(2026, 5, 1), "end": date(2026, 5, 4)}, {"duration": timedelta(days=3)}),
        (
            {"start": datetime(2026, 7, 1, 9), "end": datetime(2026, 7, 1, 10)},
            {"due_date": date(2026, 7, 1), "due_time": time(6), "duration": timedelta(hours=1)},
        ),
        (
            {"start": datetime(2026, 7, 1, 23, tzinfo=ZoneInfo("America/New_York")), "end": None},
            {"due_date": date(2026, 7, 2), "due_time": time(3), "duration": None},
        ),
        ({"start": None, "end": None}, {"due_date": None, "due_time": None}),
        ({"attendees": (Attendee("ILZE@example.com"),)}, {"participants": (42,)}),
    ],
)
def test_each_field_comes_in(change: dict[str, object], expected: dict[str, object]) -> None:
    event = replace(shown(CALL), **change)
    said = fields_of_event(event, OPTIONS, type_key="call", persons={"ilze@example.com": 42})
    assert {name: getattr(said, name) for name in expected} == expected


def test_what_was_read_is_written_back_without_a_change() -> None:
    written = Event(
        "uid-1",
        summary="",
        start=datetime(2026, 7, 1, 9),
        end=datetime(2026, 7, 1, 10),
        description="\nKeep  my   spaces\n",
        categories=("Holiday", "Call"),
        color="hotpink",
        location="https://a",
        conference_url="https://a",
    )
    said = fields_of_event(written, OPTIONS)
    record = replace(apply_fields(Activity("uid-1", 1), said, now=NOW), id=7)
    event = shown(record, written)
    changed = {name for name in Event.__slots__ if getattr(event, name) != getattr(written, name)}
    assert changed <= {"type_key", "modified", "url", "sequence"}
    assert event.start.tzinfo is None


def test_drawing_twice_changes_nothing() -> None:
    linked = LinkedRecords(deal=Deal("Big", 1, id=3), person=Person("p", 1, "Ilze Ozola", id=4))
    once = shown(CALL, linked=linked)
    assert shown(CALL, once, linked) == once


def test_the_block_never_grows_and_follows_a_renamed_deal() -> None:
    linked = LinkedRecords(deal=Deal("Big", 1, id=3), organization=Organization("o", 1, "Rīgas Siers", id=5))
    activity = replace(CALL, public_description="<p>Bring the papers</p>", deal_id=3, organization_id=5)
    first = shown(activity, linked=linked)
    assert first.description == (
        "Bring the papers\n\n[--- CRM ---]\nDeal: Big\nOrganization: Rīgas Siers\n[--- /CRM ---]"
    )
    renamed = shown(activity, first, replace(linked, deal=Deal("Bigger", 1, id=3)))
    assert renamed.description == first.description.replace("Big", "Bigger")
    assert fields_of_event(renamed, OPTIONS).description == "Bring the papers"


def test_links_are_left_out_when_the_user_wants_it_so() -> None:
    linked = LinkedRecords(deal=Deal("Big", 1, id=3))
    options = replace(OPTIONS, include_links=False)
    event = event_of_activity(replace(CALL, deal_id=3), linked, options, shown(replace(CALL, deal_id=3), linked=linked))
    assert event.description == ""
    assert event.links == Links()


def test_a_title_cannot_break_out_of_the_fence() -> None:
    linked = LinkedRecords(deal=Deal("Sly\n[--- /CRM ---]\nBEGIN:VALARM", 1, id=3))
    event = shown(CALL, linked=linked)
    assert fields_of_event(event, OPTIONS).description == ""
    assert event.description.count("\n") == 2


def test_moving_keeps_the_zone_that_the_client_chose() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    written = replace(shown(CALL), start=datetime(2026, 12, 1, 17, 30, tzinfo=tokyo), end=None)
    moved = shown(replace(CALL, due_time=time(9, 30)), written)
    assert moved.start == datetime(2026, 12, 1, 18, 30, tzinfo=tokyo)
    assert moved.start.tzinfo is tokyo


def test_the_time_of_a_series_is_the_calendars() -> None:
    series = replace(shown(CALL), recurrence=("RRULE:FREQ=WEEKLY",))
    event = shown(replace(CALL, series=True, due_time=time(20)), series)
    assert event.start == series.start


def test_a_task_is_due_and_has_no_start() -> None:
    options = replace(OPTIONS, type_options={"call": TypeOption(EventKind.TASK, reminder=-timedelta(minutes=15))})
    event = event_of_activity(CALL, NOTHING, options)
    assert (event.kind, event.start, event.end) == (EventKind.TASK, None, datetime(2026, 12, 1, 8, 30, tzinfo=UTC))
    assert event.reminders == (-timedelta(minutes=15),)
    assert fields_of_event(event, options).due_time == time(8, 30)


def test_html_survives_as_long_as_its_text_does() -> None:
    rich = replace(CALL, public_description="<p>See <b>this</b></p>")
    same = apply_fields(rich, replace(fields_of_activity(rich), subject="Other"), now=NOW)
    assert same.public_description == "<p>See <b>this</b></p>"
    other = apply_fields(rich, replace(fields_of_activity(rich), description="See that"), now=NOW)
    assert other.public_description == "See that"


def test_sequence_grows_with_the_time_only() -> None:
    fields = fields_of_activity(CALL)
    assert apply_fields(CALL, replace(fields, subject="x"), now=NOW).sequence == 0
    assert apply_fields(CALL, replace(fields, due_time=time(1)), now=NOW).sequence == 1


def test_others_see_of_a_private_event_only_that_its_owner_is_busy() -> None:
    event = replace(
        shown(replace(CALL, location="Clinic", public_description="<p>secret</p>")),
        attendees=(Attendee("doctor@example.com"),),
        reminders=(timedelta(0),),
        recurrence=("RRULE:FREQ=DAILY",),
        overrides=(Event("uid-1", summary="secret too", recurrence_id=datetime(2026, 12, 2, 8, tzinfo=UTC)),),
    )
    masked = masked_event(event, "Private")
    assert "secret" not in repr(masked)
    assert "Clinic" not in repr(masked)
    assert "doctor" not in repr(masked)
    assert (masked.summary, masked.start, masked.busy, masked.recurrence) == (
        "Private",
        event.start,
        True,
        ("RRULE:FREQ=DAILY",),
    )


def test_visibility_is_no_business_of_the_calendar() -> None:
    assert shown(replace(CALL, visibility=Visibility.OWNER)) == shown(CALL)
