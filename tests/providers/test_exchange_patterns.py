"""Recurrence, zones and memory of Exchange: pure mappings, in tables."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge.core.event import Event, Moment
from bridge.errors import Invalid, MappingError
from bridge.providers.exchange.contact_memory import Memory, read_memory
from bridge.providers.exchange.contact_read import PROPERTIES as CONTACTS
from bridge.providers.exchange.contacts import HeldContact
from bridge.providers.exchange.event_read import PROPERTIES as EVENTS
from bridge.providers.exchange.event_read import read_event
from bridge.providers.exchange.event_write import times
from bridge.providers.exchange.fields import item
from bridge.providers.exchange.more import More, read_more, write_more
from bridge.providers.exchange.patterns import first_start, pattern_of, read_pattern, rule_of, write_pattern
from bridge.providers.exchange.series import Held, index_of
from bridge.providers.exchange.xml import TYPES, local, make, parse, rows
from bridge.providers.exchange.zones import read_moment, zone_of

RIGA = ZoneInfo("Europe/Riga")
START = datetime(2027, 3, 1, 9, 0, tzinfo=RIGA)  # a Monday

KNOWN = {
    "FREQ=DAILY": "DailyRecurrence",
    "FREQ=DAILY;INTERVAL=999": "DailyRecurrence",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR": "WeeklyRecurrence",
    "FREQ=WEEKLY": "WeeklyRecurrence",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU": "WeeklyRecurrence",
    "FREQ=MONTHLY": "AbsoluteMonthlyRecurrence",
    "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1;COUNT=5": "AbsoluteMonthlyRecurrence",
    "FREQ=MONTHLY;BYMONTHDAY=-1": "AbsoluteMonthlyRecurrence",
    "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1": "AbsoluteMonthlyRecurrence",
    "FREQ=MONTHLY;BYDAY=1MO": "RelativeMonthlyRecurrence",
    "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20280101T000000Z": "RelativeMonthlyRecurrence",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": "RelativeMonthlyRecurrence",
    "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2": "RelativeMonthlyRecurrence",
    "FREQ=YEARLY": "AbsoluteYearlyRecurrence",
    "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1": "AbsoluteYearlyRecurrence",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=1MO": "RelativeYearlyRecurrence",
    "FREQ=YEARLY;INTERVAL=2": "AbsoluteMonthlyRecurrence",
}
UNKNOWN = (
    "FREQ=HOURLY;COUNT=3",
    "FREQ=DAILY;INTERVAL=1000",
    "FREQ=DAILY;BYMONTH=3",
    "FREQ=DAILY;COUNT=1000",
    "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9,12",
    "FREQ=MONTHLY;BYMONTHDAY=1,15",
    "FREQ=MONTHLY;BYMONTHDAY=-2",
    "FREQ=MONTHLY;BYDAY=1MO,3MO",
    "FREQ=MONTHLY;BYDAY=5MO",
    "FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;BYMONTHDAY=30",  # there it is the last day of February
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYMONTH=3,9",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYWEEKNO=20",
    "FREQ=YEARLY;BYYEARDAY=100",
    "FREQ=YEARLY;INTERVAL=9",
    "FREQ=SOMETIMES",
)


@pytest.mark.parametrize("rule", KNOWN)
def test_a_rule_becomes_a_pattern_and_is_read_again(rule: str) -> None:
    pattern = pattern_of([f"RRULE:{rule}"], START)
    element = write_pattern(pattern, START)
    assert local(next(rows(element))) == KNOWN[rule]
    assert read_pattern(parse(_text(element))) == pattern
    assert pattern_of([rule_of(pattern, START)], START) == pattern


@pytest.mark.parametrize("rule", UNKNOWN)
def test_a_rule_that_exchange_does_not_know_is_told(rule: str) -> None:
    with pytest.raises(MappingError):
        pattern_of([f"RRULE:{rule}"], START)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
        ("EXRULE:FREQ=DAILY",),
        ("RRULE:FREQ=DAILY", "RDATE:20270303T090000Z"),
    ],
)
def test_one_rule_and_nothing_added_is_what_exchange_takes(lines: tuple[str, ...]) -> None:
    with pytest.raises(MappingError):
        pattern_of(lines, START)


@pytest.mark.parametrize(
    ("rule", "start", "first", "count"),
    [
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=4", START, datetime(2027, 3, 26, 9, 0, tzinfo=RIGA), 3),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=4", START, START, 4),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", date(2027, 2, 10), date(2027, 2, 28), None),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=10", date(2027, 3, 1), date(2028, 2, 10), None),
    ],
)
def test_a_start_that_its_rule_leaves_out_counts_and_is_not_there(
    rule: str, start: Moment, first: Moment, count: int | None
) -> None:
    pattern = pattern_of([f"RRULE:{rule}"], start)
    assert first_start(pattern, start) == first
    assert pattern.count == count


@pytest.mark.parametrize(
    ("rule", "at", "index"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", START + timedelta(days=14), 3),
        ("FREQ=MONTHLY", datetime(2028, 3, 1, 9, 0, tzinfo=RIGA), 13),
        ("FREQ=YEARLY", datetime(2030, 3, 1, 9, 0, tzinfo=RIGA), 4),
        ("FREQ=MONTHLY;BYDAY=-1FR", datetime(2027, 4, 30, 9, 0, tzinfo=RIGA), 2),
        ("FREQ=DAILY", datetime(2027, 3, 29, 6, 0, tzinfo=UTC), 29),  # past the change of the clocks
    ],
)
def test_occurrences_are_counted(rule: str, at: datetime, index: int) -> None:
    event = Event("x", start=START, end=START + timedelta(hours=1), recurrence=(f"RRULE:{rule}",))
    assert index_of(event, at) == index
    with pytest.raises(MappingError):
        index_of(event, at + timedelta(minutes=7))


@pytest.mark.parametrize(
    "text",
    [
        "<Recurrence/>",
        "<Recurrence><DailyRecurrence><Interval>x</Interval></DailyRecurrence></Recurrence>",
        "<Recurrence><DailyRecurrence><Interval>0</Interval></DailyRecurrence></Recurrence>",
        "<Recurrence><WeeklyRecurrence><DaysOfWeek>Someday</DaysOfWeek></WeeklyRecurrence></Recurrence>",
        "<Recurrence><RelativeYearlyRecurrence><DayOfWeekIndex>Sixth</DayOfWeekIndex></RelativeYearlyRecurrence></Recurrence>",
        "<Recurrence><DailyRecurrence/><EndDateRecurrence><EndDate>soon</EndDate></EndDateRecurrence></Recurrence>",
    ],
)
def test_a_recurrence_that_makes_no_sense_is_told(text: str) -> None:
    root = parse(text.replace("<Recurrence", f'<Recurrence xmlns="{TYPES}"', 1).encode())
    with pytest.raises(Invalid):
        read_pattern(root)


@pytest.mark.parametrize(
    ("name", "meant", "home", "zone"),
    [
        ("FLE Standard Time", "", "Europe/Riga", "Europe/Riga"),
        ("FLE Standard Time", "Europe/Helsinki", "Europe/Riga", "Europe/Helsinki"),
        ("FLE Standard Time", "", "America/New_York", "Europe/Kyiv"),
        ("Eastern Standard Time", "Europe/Riga", "Europe/Riga", "America/New_York"),
        ("", "", "Europe/Riga", "Europe/Riga"),
        ("Customized Time Zone", "", "Europe/Riga", "None"),
    ],
)
def test_a_zone_of_windows_is_the_one_that_was_meant(name: str, meant: str, home: str, zone: str) -> None:
    assert str(zone_of(name, meant, ZoneInfo(home))) == zone


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Riga", "UTC", "Asia/Kolkata"])
def test_whole_days_are_the_same_in_every_zone(zone: str) -> None:
    event = Event("x", start=date(2027, 3, 27), end=date(2027, 3, 29))
    raw = item("CalendarItem", times(event, ZoneInfo(zone)))
    found = read_event(raw, ZoneInfo(zone))
    assert (found.start, found.end) == (event.start, event.end)


def test_an_event_in_a_zone_that_nobody_knows_is_told_in_the_one_here_and_a_series_is_not() -> None:
    event = Event("x", start=START, end=START + timedelta(hours=1), recurrence=("RRULE:FREQ=DAILY",))
    raw = item("CalendarItem", times(event, RIGA))
    raw.find("{*}StartTimeZone").set("Id", "Customized Time Zone")
    found = Held(raw).found(RIGA)
    assert found.object is None
    assert "zone" in found.problem
    raw.remove(raw.find("{*}Recurrence"))
    assert read_event(raw, RIGA).start == START


@pytest.mark.parametrize("text", ["", "soon", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(Invalid):
        read_moment(text, ZoneInfo("Pacific/Kiritimati"), whole_day=True)


ODD = [
    "[]",
    "1",
    '{"links": "x", "rule": [1], "done": "yes", "said": {"emails": [1, [2]]}, "person": true}',
    "[" * 9999,
]


def test_what_is_remembered_is_read_again() -> None:
    more = More("call", done=True, links=(7, None, 9), reminders=(-600, -86400), rule=("RRULE:FREQ=DAILY",), first="x")
    assert read_more(write_more(more)) == more
    assert write_more(More()) == ""


@given(st.text() | st.sampled_from(ODD))
def test_nonsense_remembers_nothing_and_breaks_nothing(text: str) -> None:
    assert isinstance(read_more(text), More)
    assert all(isinstance(each, str) for each in read_more(text).rule)
    assert isinstance(read_memory(text), Memory)


def test_what_is_no_character_of_xml_is_left_out() -> None:
    assert make("t:Subject", "a\x00b\x0bc\ud800\U0001f600").text == "abc\U0001f600"


def _text(element: object) -> bytes:
    return bytes(etree.tostring(element))


TEXTS = st.sampled_from(
    [
        "",
        " ",
        "true",
        "x",
        "-1",
        "9" * 30,
        "2027-03-01T07:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "\U0001f600",
    ]
) | st.text(max_size=20)
NAMES = st.sampled_from([*(uri.partition(":")[2] for uri in (*EVENTS, *CONTACTS)), "EmailAddresses", "PhoneNumbers"])
ELEMENTS = st.recursive(
    st.builds(lambda name, text: make(f"t:{name}", text), NAMES, TEXTS),
    lambda inner: st.builds(lambda name, parts: make(f"t:{name}", *parts), NAMES, st.lists(inner, max_size=3)),
    max_leaves=6,
)


@given(st.lists(ELEMENTS, max_size=8), TEXTS)
def test_whatever_an_item_holds_it_is_read_or_has_a_problem(parts: list[Any], id_: str) -> None:
    times = (make("t:Start", "2027-03-01T07:00:00Z"), make("t:End", "2027-03-01T08:00:00Z"))
    for kind, found in (
        ("CalendarItem", lambda raw: Held(raw).found(RIGA)),
        ("Contact", lambda raw: HeldContact(raw).found()),
    ):
        raw = make(f"t:{kind}", make("t:ItemId", Id=id_ or "id"), *deepcopy(parts), *deepcopy(times))
        told = found(raw)
        assert (told.object is None) is bool(told.problem)
