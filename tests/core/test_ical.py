"""Each mapped property in both directions, and what happens to everything else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core import ical
from bridge.core.contentline import serialize
from bridge.core.event import Attendee, Event, EventKind, Links, Privacy
from bridge.core.timezones import RuleZone
from bridge.errors import Invalid, MappingError
from tests.core.ical_samples import DAY, MEETING, NINE, STAMP, TEN, body_of, calendar, changes, lines

EVENTS = [
    (Event("u", summary="a, b; c\nd\\e"), ["SUMMARY:a\\, b\\; c\\nd\\\\e"]),
    (Event("u", description="Labdien"), ["DESCRIPTION:Labdien"]),
    (Event("u", location="Rīga, 1"), ["LOCATION:Rīga\\, 1"]),
    (Event("u", url="https://a.lv/?a=1,2;b"), ["URL:https://a.lv/?a=1,2;b"]),
    (Event("u", conference_url="https://m.lv/1"), ["CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://m.lv/1"]),
    (Event("u", categories=("Zvans", "a,b")), ["CATEGORIES:Zvans,a\\,b"]),
    (Event("u", color="red", type_key="call"), ["COLOR:red", "X-CRM-TYPE:call"]),
    (Event("u", links=Links(1, 2, 3)), ["X-CRM-DEAL:1", "X-CRM-PERSON:2", "X-CRM-ORG:3"]),
    (Event("u", done=True), ["X-CRM-DONE:TRUE"]),
    (Event("u", cancelled=True), ["STATUS:CANCELLED"]),
    (Event("u", busy=False), ["TRANSP:TRANSPARENT"]),
    (Event("u", privacy=Privacy.PRIVATE), ["CLASS:PRIVATE"]),
    (Event("u", privacy=Privacy.CONFIDENTIAL), ["CLASS:CONFIDENTIAL"]),
    (
        Event("u", start=NINE, end=TEN),
        ["DTSTART;TZID=Europe/Riga:20261201T090000", "DTEND;TZID=Europe/Riga:20261201T100000"],
    ),
    (Event("u", start=NINE.astimezone(UTC)), ["DTSTART:20261201T070000Z"]),
    (Event("u", start=NINE.replace(tzinfo=None)), ["DTSTART:20261201T090000"]),
    (Event("u", start=DAY, end=date(2026, 12, 2)), ["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"]),
    (Event("u", reminders=(timedelta(minutes=-15),)), ["BEGIN:VALARM", "TRIGGER:-PT15M", "END:VALARM"]),
    (
        Event("u", recurrence=("RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261202")),
        ["RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261202"],
    ),
    (Event("u", recurrence_id=NINE), ["RECURRENCE-ID;TZID=Europe/Riga:20261201T090000"]),
    (Event("u", sequence=4), ["SEQUENCE:4"]),
    (Event("u", created=STAMP, modified=STAMP), ["CREATED:20261121T100000Z", "LAST-MODIFIED:20261121T100000Z"]),
    (
        Event("u", attendees=(Attendee("a@b.lv", "A, B", organizer=True), Attendee("c@d.lv", "C", "ACCEPTED"))),
        ['ORGANIZER;CN="A, B":mailto:a@b.lv', "ATTENDEE;CN=C;PARTSTAT=ACCEPTED:mailto:c@d.lv"],
    ),
]
TASK = Event("u", kind=EventKind.TASK)
TASKS = [
    (
        replace(TASK, start=NINE, end=TEN),
        ["DTSTART;TZID=Europe/Riga:20261201T090000", "DUE;TZID=Europe/Riga:20261201T100000"],
    ),
    (replace(TASK, end=DAY), ["DUE;VALUE=DATE:20261201"]),
    (replace(TASK, start=DAY, end=DAY), ["DTSTART;VALUE=DATE:20261201", "DUE;VALUE=DATE:20261201"]),
    (
        replace(TASK, done=True, done_at=NINE.astimezone(UTC)),
        ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20261201T070000Z"],
    ),
    (replace(TASK, cancelled=True), ["STATUS:CANCELLED"]),
]


@pytest.mark.parametrize(("event", "expected"), EVENTS + TASKS)
def test_a_property_is_written_and_read_back(event: Event, expected: list[str]) -> None:
    event = event if event.kind is EventKind.TASK or event.start else replace(event, start=STAMP)
    text = ical.render(event, stamp=STAMP)
    assert [line for line in expected if line not in body_of(text, event.kind)] == []
    assert ical.event(ical.read(text)) == event


@pytest.mark.parametrize(("event", "expected"), EVENTS + TASKS)
def test_a_property_is_patched_in_and_out_again(event: Event, expected: list[str]) -> None:
    plain = Event("u", kind=event.kind, start=None if event.kind is EventKind.TASK else STAMP, created=STAMP)
    wanted = event if event.kind is EventKind.TASK or event.start else replace(event, start=STAMP)
    before = ical.read(ical.render(plain, stamp=STAMP))
    after = ical.patch(before, replace(wanted, recurrence_id=None), stamp=STAMP)
    unpatched = ("BEGIN:", "END:", "TRIGGER", "CREATED", "LAST-MOD", "SEQUENCE", "RECURRENCE-ID")
    written = [line for line in expected if not line.startswith(unpatched)]
    assert [line for line in written if line not in body_of(serialize(after), event.kind)] == []
    back = ical.patch(after, plain, stamp=STAMP)
    assert ical.event(back) == replace(plain, sequence=ical.event(back).sequence, modified=ical.event(back).modified)


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("CATEGORIES:a, b\nCATEGORIES:c\nCATEGORIES:", "categories", ("a", "b", "c")),
        ("X-GOOGLE-CONFERENCE:https://meet/1", "conference_url", "https://meet/1"),
        ("X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams/1", "conference_url", "https://teams/1"),
        ("CONFERENCE;FEATURE=PHONE:tel:1\nCONFERENCE;FEATURE=AUDIO,VIDEO:https://m/1", "conference_url", "https://m/1"),
        ("CLASS:X-SECRET", "privacy", Privacy.PUBLIC),
        ("X-CRM-DEAL:x", "links", Links()),
        ("SEQUENCE:x", "sequence", 0),
        ("CREATED:x", "created", None),
        (
            "ATTENDEE:MAILTO:A@b.lv\nORGANIZER;CN=X:mailto:a@B.lv",
            "attendees",
            (Attendee("A@b.lv", "X", organizer=True),),
        ),
        ("ORGANIZER;EMAIL=a@b.lv:/principals/1/", "attendees", (Attendee("a@b.lv", organizer=True),)),
        ("BEGIN:VALARM\nTRIGGER;RELATED=END:PT0S\nEND:VALARM", "reminders", ()),
        ("BEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:20260101T000000Z\nEND:VALARM", "reminders", ()),
        ("BEGIN:VALARM\nTRIGGER;RELATED=START:P1DT1H\nEND:VALARM", "reminders", (timedelta(hours=25),)),
    ],
)
def test_what_clients_write_is_read(body: str, field: str, value: object) -> None:
    assert getattr(ical.event(calendar(f"UID:u\nDTSTART:20261201T090000Z\n{body}\n")), field) == value


@pytest.mark.parametrize(
    "body", ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20261201T070000Z", "X-CRM-DONE:true"]
)
def test_any_sign_of_completion_counts_and_reopening_removes_all(body: str) -> None:
    before = calendar(f"UID:u\n{body}\n", "VTODO")
    event = ical.event(before)
    assert event.done
    assert ical.patch(before, event, stamp=STAMP) is not None
    assert changes(before, ical.patch(before, event, stamp=STAMP)) == ([], [])
    assert changes(before, ical.patch(before, replace(event, done=False), stamp=STAMP)) == ([body], [])


@pytest.mark.parametrize(
    ("body", "start", "end"),
    [
        (
            "DTSTART:20261201T090000Z\nDURATION:PT1H",
            datetime(2026, 12, 1, 9, tzinfo=UTC),
            datetime(2026, 12, 1, 10, tzinfo=UTC),
        ),
        (
            "DTSTART:20261201T090000Z\nDURATION:-PT1H",
            datetime(2026, 12, 1, 9, tzinfo=UTC),
            datetime(2026, 12, 1, 9, tzinfo=UTC),
        ),
        (
            "DTSTART:20261201T090000Z\nDTEND:20261201T080000Z",
            datetime(2026, 12, 1, 9, tzinfo=UTC),
            datetime(2026, 12, 1, 9, tzinfo=UTC),
        ),
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261201", DAY, date(2026, 12, 2)),
        ("DTSTART;VALUE=DATE:20261201\nDTEND:20261201T180000Z", DAY, date(2026, 12, 2)),
        ("DTSTART;VALUE=DATE:20261201\nDTEND:20261203T000000Z", DAY, date(2026, 12, 3)),
        ("DTSTART:20261201\nDURATION:P1W", DAY, date(2026, 12, 8)),
        (
            "DTSTART:20261201T090000Z\nDTEND;VALUE=DATE:20261202",
            datetime(2026, 12, 1, 9, tzinfo=UTC),
            datetime(2026, 12, 2, tzinfo=UTC),
        ),
        ("DTSTART;TZID=Nowhere:20261201T090000", datetime.fromisoformat("2026-12-01T09:00"), None),
        ("DTSTART;TZID=Europe/Riga:20261201T090000\nDTEND;TZID=America/New_York:20261201T030000", NINE, TEN),
        ("DTSTART:20261201T0900Z", datetime(2026, 12, 1, 9, tzinfo=UTC), None),
        ("DTSTART:20161231T235960Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), None),
    ],
)
def test_odd_times_are_read_and_kept(body: str, start: object, end: object) -> None:
    before = calendar(f"UID:u\n{body}\n")
    event = ical.event(before)
    assert (event.start, event.end) == (start, end)
    assert ical.patch(before, event, stamp=STAMP) == before


def edit(**fields: object) -> tuple[list[str], list[str]]:
    before = calendar(MEETING)
    event = replace(ical.event(before), **fields)  # type: ignore[arg-type]
    after = ical.patch(before, event, stamp=STAMP)
    assert ical.patch(after, event, stamp=STAMP) == after
    return changes(before, after)


def test_only_what_differs_is_replaced() -> None:
    assert edit() == ([], [])
    assert edit(sequence=99, reminders=(), modified=STAMP, created=STAMP) == ([], [])
    assert edit(location="Rīga") == ([], ["LOCATION:Rīga"])
    assert edit(summary="Cits") == (
        ["SUMMARY;LANGUAGE=lv:Sapulce ar ļoti garu nosaukumu\\, kas ir salocīts pa", "  vidu"],
        ["SUMMARY;LANGUAGE=lv:Cits"],
    )


def test_an_html_description_goes_with_the_text_it_stood_for() -> None:
    gone, came = edit(description="Cits")
    assert gone == ['DESCRIPTION;ALTREP="cid:1":Text', "X-ALT-DESC;FMTTYPE=text/html:<b>Text</b>"]
    assert came == ["DESCRIPTION:Cits"]


def test_a_move_keeps_the_spelling_of_the_zone_and_counts_the_sequence() -> None:
    assert edit(start=TEN, end=TEN + timedelta(hours=1)) == (
        ["DTSTART;X-VOBJ=1;TZID=Europe/Riga:20261201T090000", "DTEND;TZID=Europe/Riga:20261201T100000", "SEQUENCE:3"],
        ["DTSTART;X-VOBJ=1;TZID=Europe/Riga:20261201T100000", "DTEND;TZID=Europe/Riga:20261201T110000", "SEQUENCE:4"],
    )


def test_the_same_instant_in_another_zone_is_no_change() -> None:
    assert edit(start=NINE.astimezone(UTC), end=TEN.astimezone(ZoneInfo("Asia/Kolkata"))) == ([], [])


def test_a_series_moves_to_a_zone_with_another_summer() -> None:
    before = calendar("UID:u\nDTSTART;TZID=Europe/Riga:20261201T090000\nRRULE:FREQ=DAILY\n")
    event = ical.event(before)
    assert ical.patch(before, replace(event, start=NINE.astimezone(ZoneInfo("Europe/Kyiv"))), stamp=STAMP) == before
    after = ical.patch(before, replace(event, start=NINE.astimezone(UTC)), stamp=STAMP)
    assert "DTSTART:20261201T070000Z" in body_of(serialize(after))


@pytest.mark.parametrize("text", ["RRULE:INTERVAL=1;FREQ=DAILY", "rrule:FREQ=daily", "RRULE:FREQ=DAILY;WKST=SU"])
def test_a_rule_that_is_only_spelled_differently_is_no_change(text: str) -> None:
    before = calendar("UID:u\nDTSTART;TZID=Europe/Riga:20261201T090000\nRRULE:FREQ=DAILY\nEXDATE:20261202T070000Z\n")
    event = replace(ical.event(before), recurrence=(text, "EXDATE;TZID=Europe/Riga:20261202T090000"))
    assert ical.patch(before, event, stamp=STAMP) == before


def test_a_duration_is_kept_while_it_still_fits() -> None:
    before = calendar("UID:u\nDTSTART:20261201T090000Z\nDURATION:PT1H\nSUMMARY:a\n")
    event = ical.event(before)
    assert event.start is not None
    moved = replace(event, start=TEN, end=TEN + timedelta(hours=1))
    assert "DURATION:PT1H" in body_of(serialize(ical.patch(before, moved, stamp=STAMP)))
    longer = body_of(serialize(ical.patch(before, replace(moved, end=TEN + timedelta(hours=2)), stamp=STAMP)))
    assert "DTEND;TZID=Europe/Riga:20261201T120000" in longer
    assert "DURATION:PT1H" not in longer


def test_a_new_zone_brings_its_definition_once() -> None:
    before = calendar("UID:u\nDTSTART:20261201T090000Z\n")
    after = ical.patch(before, replace(ical.event(before), start=TEN), stamp=STAMP)
    assert serialize(after).count("TZID:Europe/Riga\r\n") == 1
    assert serialize(after).index("END:VTIMEZONE") < serialize(after).index("BEGIN:VEVENT")


def test_a_custom_zone_travels_with_its_rules() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0200\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    own = ical.read(
        lines(
            f"BEGIN:VCALENDAR\n{zone}BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Office:20261201T090000\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    )
    event = ical.event(own)
    assert isinstance(event.start, datetime)
    assert isinstance(event.start.tzinfo, RuleZone)
    text = ical.render(event, stamp=STAMP)
    assert lines(zone) in text
    assert ical.event(ical.read(text)) == event


def test_exceptions_are_patched_added_and_removed_one_by_one() -> None:
    before = ical.read(
        lines(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20261201T090000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
            "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20261202T090000Z\nDTSTART:20261202T100000Z\nX-OWN:1\nEND:VEVENT\n"
            "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20261203T090000Z\nDTSTART:20261203T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    )
    event = ical.event(before)
    first, _ = event.overrides
    new = Event("u", recurrence_id=datetime(2026, 12, 4, 9, tzinfo=UTC), start=datetime(2026, 12, 4, 12, tzinfo=UTC))
    after = ical.patch(before, replace(event, overrides=(replace(first, summary="Cits"), new)), stamp=STAMP)
    assert [component.value("RECURRENCE-ID") for component in after.components] == [
        "",
        "20261202T090000Z",
        "20261204T090000Z",
    ]
    assert after.components[0] is before.components[0]
    assert (after.components[1].value("X-OWN"), after.components[1].value("SUMMARY")) == ("1", "Cits")


def test_a_detached_instance_is_an_event_of_its_own() -> None:
    before = calendar("UID:u\nRECURRENCE-ID:20261202T090000Z\nDTSTART:20261202T100000Z\n")
    event = ical.event(before)
    assert (event.recurrence_id, event.overrides, event.is_series) == (datetime(2026, 12, 2, 9, tzinfo=UTC), (), True)
    assert ical.patch(before, event, stamp=STAMP) == before
    master = replace(event, recurrence_id=None, recurrence=("RRULE:FREQ=DAILY",), overrides=(event,))
    assert len(ical.patch(before, master, stamp=STAMP).components) == 2


def test_attendees_are_changed_one_by_one() -> None:
    before = calendar(
        "UID:u\nDTSTART:20261201T090000Z\nORGANIZER;CN=A;X-A=1:mailto:a@b.lv\n"
        "ATTENDEE;CN=B;PARTSTAT=NEEDS-ACTION;X-NUM=2:mailto:b@b.lv\nATTENDEE;X-NUM=3:mailto:c@b.lv\n"
    )
    event = ical.event(before)
    organizer, second, _ = event.attendees
    wanted = replace(event, attendees=(Attendee("d@b.lv", "D"), replace(second, status="ACCEPTED"), organizer))
    assert changes(before, ical.patch(before, wanted, stamp=STAMP)) == (
        ["ATTENDEE;CN=B;PARTSTAT=NEEDS-ACTION;X-NUM=2:mailto:b@b.lv", "ATTENDEE;X-NUM=3:mailto:c@b.lv"],
        ["ATTENDEE;X-NUM=2;CN=B;PARTSTAT=ACCEPTED:mailto:b@b.lv", "ATTENDEE;CN=D;PARTSTAT=NEEDS-ACTION:mailto:d@b.lv"],
    )
    assert changes(before, ical.patch(before, replace(event, attendees=event.attendees[::-1]), stamp=STAMP)) == ([], [])


def test_an_event_becomes_a_task_and_comes_back_with_all_it_had() -> None:
    before = calendar(MEETING + "STATUS:TENTATIVE\nX-CRM-DONE:TRUE\n")
    event = replace(ical.event(before), kind=EventKind.TASK)
    task = ical.convert(before, EventKind.TASK, event, stamp=STAMP)
    assert ical.component_kind(task) == "VTODO"
    gone, came = changes(before, task)
    assert gone == ["DTEND;TZID=Europe/Riga:20261201T100000", "STATUS:TENTATIVE", "X-CRM-DONE:TRUE"]
    assert came == [
        "DUE;TZID=Europe/Riga:20261201T100000",
        "STATUS:COMPLETED",
        "PERCENT-COMPLETE:100",
        "COMPLETED:20261121T100000Z",
    ]
    back = ical.convert(task, EventKind.EVENT, replace(event, done=False), stamp=STAMP)
    assert ical.event(back).done is False
    assert changes(before, back)[0] == ["STATUS:TENTATIVE", "X-CRM-DONE:TRUE"]


def test_a_task_without_a_start_becomes_an_event_by_its_due_date() -> None:
    before = calendar("UID:u\nDUE;VALUE=DATE:20261201\nPERCENT-COMPLETE:50\nX-A:1\n", "VTODO")
    event = replace(ical.event(before), start=DAY, end=date(2026, 12, 2))
    assert body_of(serialize(ical.convert(before, EventKind.EVENT, event, stamp=STAMP)))[:2] == [
        "UID:u",
        "DTEND;VALUE=DATE:20261202",
    ]


def test_a_colleague_does_not_get_what_belongs_to_the_devices() -> None:
    text = serialize(ical.for_colleague(calendar(MEETING + "ATTACH:https://a/b\nX-MOZ-LASTACK:1\nX-LIC-ERROR:1\n")))
    assert not any(word in text for word in ("VALARM", "X-MOZ", "X-APPLE", "ATTACH", "X-LIC", "TRIGGER"))
    assert "x-odd;P=A^'b:a,b;c\\;d\r\n" in text


def test_journals_are_kept_but_are_no_events() -> None:
    journal = calendar("UID:u\nDTSTART:20260101\n", "VJOURNAL")
    assert (ical.component_kind(journal), ical.uid(journal)) == ("VJOURNAL", "u")
    with pytest.raises(Invalid) as caught:
        ical.event(journal)
    assert caught.value.condition == "C:supported-calendar-component"


def test_what_cannot_be_expressed_is_said() -> None:
    with pytest.raises(MappingError, match="needs a start"):
        ical.render(Event("u"), stamp=STAMP)
    with pytest.raises(MappingError, match="no part of a recurrence"):
        ical.render(Event("u", start=DAY, recurrence=("SUMMARY:x",)), stamp=STAMP)


def test_nothing_can_be_smuggled_into_the_text() -> None:
    bad = "x\r\nATTENDEE:y\x00\ud800"
    event = Event(bad, start=DAY, summary=bad, url=bad, conference_url=bad, categories=(bad,), color=bad, type_key=bad)
    event = replace(event, attendees=(Attendee(bad, bad, bad),), recurrence=("RRULE:FREQ=DAILY\r\nATTENDEE:y",))
    read = ical.read(ical.render(replace(event, recurrence=()), stamp=STAMP))
    assert len(read.components[0].all("ATTENDEE")) == 1
    assert ical.patch(read, replace(event, recurrence=()), stamp=STAMP) == read


def test_a_uid_is_added_where_there_is_none() -> None:
    bare = calendar("DTSTART:20260101\n")
    assert ical.uid(bare) == ""
    assert ical.uid(ical.with_uid(bare, "a,b")) == "a,b"
    known = calendar("UID:u\nDTSTART:20260101\n")
    assert ical.with_uid(known, "other") == known
