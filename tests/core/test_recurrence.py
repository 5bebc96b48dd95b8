import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.contentline import Component, parse, serialize
from bridge.core.ical_values import timestamp
from bridge.core.recurrence import check, expand, limit_recurrence_set, occurrences, overlaps, span
from bridge.errors import Invalid

RIGA = ZoneInfo("Europe/Riga")
NEW_YORK = ZoneInfo("America/New_York")


def calendar(*objects: str, kind: str = "VEVENT") -> Component:
    inner = "".join(f"BEGIN:{kind}\nUID:u\n{body}\nEND:{kind}\n" for body in objects)
    return parse(f"BEGIN:VCALENDAR\nVERSION:2.0\n{inner}END:VCALENDAR\n")[0]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(where: Component, low: str, high: str, zone: ZoneInfo = RIGA) -> list[str]:
    return [f"{one.start} - {one.end}" for one in occurrences(where, utc(low), utc(high), zone)]


def starts(where: Component, low: str, high: str, zone: ZoneInfo = RIGA) -> list[str]:
    return [one.start.isoformat() for one in occurrences(where, utc(low), utc(high), zone)]


WINDOW = ("2026-12-01T09:00", "2026-12-01T10:00")


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        ("DTSTART:20261201T093000Z\nDTEND:20261201T094500Z", True),
        ("DTSTART:20261201T080000Z\nDTEND:20261201T090000Z", False),
        ("DTSTART:20261201T080000Z\nDTEND:20261201T090001Z", True),
        ("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z", False),
        ("DTSTART:20261201T095959Z\nDTEND:20261201T110000Z", True),
        ("DTSTART:20261201T080000Z\nDURATION:PT1H", False),
        ("DTSTART:20261201T080000Z\nDURATION:PT61M", True),
        ("DTSTART:20261201T090000Z", True),
        ("DTSTART:20261201T090000Z\nDTEND:20261201T090000Z", True),
        ("DTSTART:20261201T090000Z\nDTEND:20261201T080000Z", True),
        ("DTSTART:20261201T100000Z", False),
        ("DTSTART;VALUE=DATE:20261201", True),
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261202", True),
        ("DTSTART;VALUE=DATE:20261202", False),
        ("DTSTART;VALUE=DATE:20261130", False),
        ("DTSTART;VALUE=DATE:20261130\nDURATION:P2D", True),
        ("DTSTART:20261201T110000", True),
        ("DTSTART:20261201T090000", False),
        ("DTSTART;TZID=Europe/Riga:20261201T110000", True),
        ("DTSTART;TZID=America/New_York:20261201T040000\nDTEND;TZID=Europe/Riga:20261201T113000", True),
    ],
)
def test_an_event_is_in_a_time_range(body: str, inside: bool) -> None:
    where = calendar(body)
    assert bool(found(where, *WINDOW)) is inside
    assert overlaps(where, utc(WINDOW[0]), utc(WINDOW[1]), RIGA) is inside


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        ("DTSTART:20261201T080000Z\nDURATION:PT1H", True),
        ("DTSTART:20261201T080000Z\nDURATION:PT59M", False),
        ("DTSTART:20261201T080000Z\nDUE:20261201T090000Z", False),
        ("DTSTART:20261201T080000Z\nDUE:20261201T093000Z", True),
        ("DTSTART:20261201T090000Z", True),
        ("DTSTART:20261201T100000Z", False),
        ("DUE:20261201T100000Z", True),
        ("DUE:20261201T090000Z", False),
        ("COMPLETED:20261201T093000Z\nCREATED:20261101T000000Z", True),
        ("COMPLETED:20261101T093000Z\nCREATED:20261101T000000Z", False),
        ("COMPLETED:20261201T100000Z", True),
        ("COMPLETED:20261201T110000Z", False),
        ("CREATED:20261201T093000Z", True),
        ("CREATED:20261201T100000Z", False),
        ("CREATED:broken", True),
        ("SUMMARY:without any date", True),
    ],
)
def test_a_task_is_in_a_time_range(body: str, inside: bool) -> None:
    assert overlaps(calendar(body, kind="VTODO"), utc(WINDOW[0]), utc(WINDOW[1]), RIGA) is inside


@pytest.mark.parametrize(
    ("kind", "body", "inside"),
    [
        ("VJOURNAL", "DTSTART;VALUE=DATE:20261201", True),
        ("VJOURNAL", "DTSTART:20261201T090000Z", True),
        ("VJOURNAL", "SUMMARY:x", False),
        ("VFREEBUSY", "DTSTART:20261201T080000Z\nDTEND:20261201T090000Z", True),
        ("VFREEBUSY", "FREEBUSY:20261101T080000Z/PT1H,20261201T093000Z/20261201T094000Z", True),
        ("VFREEBUSY", "FREEBUSY:20261101T080000Z/PT1H,20261201T093000Z", False),
        ("VFREEBUSY", "SUMMARY:x", False),
    ],
)
def test_other_objects_are_in_a_time_range(kind: str, body: str, inside: bool) -> None:
    assert overlaps(calendar(body, kind=kind), utc(WINDOW[0]), utc(WINDOW[1]), RIGA) is inside


def test_a_series_keeps_its_wall_clock_over_the_change_of_the_clocks() -> None:
    where = calendar(
        "DTSTART;TZID=Europe/Riga:20260101T100000\nDTEND;TZID=Europe/Riga:20260101T110000\nRRULE:FREQ=WEEKLY"
    )
    assert found(where, "2026-03-26", "2026-04-03") == [
        "2026-03-26 10:00:00+02:00 - 2026-03-26 11:00:00+02:00",
        "2026-04-02 10:00:00+03:00 - 2026-04-02 11:00:00+03:00",
    ]


def test_dtend_is_an_exact_length_and_duration_a_nominal_one() -> None:
    night = "DTSTART;TZID=Europe/Riga:20260101T220000\nRRULE:FREQ=DAILY\n"
    (exact,) = occurrences(
        calendar(night + "DTEND;TZID=Europe/Riga:20260102T060000"),
        utc("2026-03-28T21:00"),
        utc("2026-03-28T22:00"),
        RIGA,
    )
    assert exact.end.isoformat() == "2026-03-29T07:00:00+03:00"
    (nominal, _) = occurrences(calendar(night + "DURATION:P1D"), utc("2026-03-28T21:00"), utc("2026-03-29T19:30"), RIGA)
    assert (nominal.start.isoformat(), nominal.end.isoformat()) == (
        "2026-03-28T22:00:00+02:00",
        "2026-03-29T22:00:00+03:00",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("RRULE:FREQ=DAILY;COUNT=3", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261203T080000Z", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261203T075959Z", ["01", "02"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261203", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261203T100000", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Riga:20261202T100000", ["01", "03"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261202T080000Z,20261203T080000Z", ["01"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261201", ["02", "03"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE:\nRDATE:", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;COUNT=4\nEXRULE:FREQ=DAILY;INTERVAL=2", ["02", "04"]),
        ("RDATE;TZID=Europe/Riga:20261205T100000,20261203T100000", ["01", "03", "05"]),
        ("RRULE:FREQ=DAILY;COUNT=2\nRDATE:20261202T080000Z", ["01", "02"]),
        ("RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=2", ["01", "02", "08"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=2", ["01", "02"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=1", ["01"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE;UNTIL=20261210", ["01", "02", "09"]),
    ],
)
def test_a_set_is_made_of_rules_dates_and_exceptions(body: str, expected: list[str]) -> None:
    where = calendar(f"DTSTART;TZID=Europe/Riga:20261201T100000\n{body}")
    assert starts(where, "2026-01-01", "2027-01-01") == [f"2026-12-{day}T10:00:00+02:00" for day in expected]
    low, high = span(where, UTC)
    assert low == timestamp(utc("2026-12-01T08:00"))
    assert high is not None
    assert high >= timestamp(utc(f"2026-12-{expected[-1]}T08:00"))


def test_periods_have_their_own_ends() -> None:
    where = calendar(
        "DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nRDATE;VALUE=PERIOD:20261202T100000Z/PT2H,20261203T100000Z/20261203T101500Z"
    )
    assert [one.partition(" - ")[2] for one in found(where, "2026-01-01", "2027-01-01")] == [
        "2026-12-01 11:00:00+00:00",
        "2026-12-02 12:00:00+00:00",
        "2026-12-03 10:15:00+00:00",
    ]


def test_whole_days_recur_as_days() -> None:
    where = calendar(
        "DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270101\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20271230"
    )
    assert found(where, "2027-12-01", "2029-01-01") == ["2028-12-30 - 2029-01-01"]
    assert found(where, "2026-12-31T21:30", "2026-12-31T22:00") == ["2026-12-30 - 2027-01-01"]
    assert found(where, "2026-12-31T22:00", "2026-12-31T23:00") == []
    assert found(where, "2026-12-31T22:00", "2026-12-31T23:00", NEW_YORK) == ["2026-12-30 - 2027-01-01"]


SERIES = "DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nRRULE:FREQ=DAILY;COUNT=5"
MOVED_IN = "RECURRENCE-ID:20261202T100000Z\nDTSTART:20261224T100000Z\nDTEND:20261224T110000Z\nSUMMARY:moved"
MOVED_BY = "RECURRENCE-ID;TZID=Europe/Riga:20261203T120000\nDTSTART:20261203T150000Z\nDURATION:PT1H"


def test_exceptions_replace_their_instance_and_may_leave_or_enter_the_window() -> None:
    where = calendar(SERIES, MOVED_IN, MOVED_BY)
    assert starts(where, "2026-12-01", "2026-12-05") == [
        "2026-12-01T10:00:00+00:00",
        "2026-12-03T15:00:00+00:00",
        "2026-12-04T10:00:00+00:00",
    ]
    (moved,) = occurrences(where, utc("2026-12-24"), utc("2026-12-25"), RIGA)
    assert (moved.component.value("SUMMARY"), moved.recurrence_id) == ("moved", utc("2026-12-02T10:00"))
    assert span(where, UTC) == (timestamp(utc("2026-12-01T10:00")), timestamp(utc("2026-12-24T11:00")))


@pytest.mark.parametrize("identity", ["20261202", "20261202T000000Z"])
def test_an_exception_of_a_whole_day_is_found_by_its_day(identity: str) -> None:
    where = calendar(
        "DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=3", f"RECURRENCE-ID:{identity}\nDTSTART:20261202"
    )
    assert starts(where, "2026-01-01", "2027-01-01") == ["2026-12-01", "2026-12-02", "2026-12-03"]


def test_a_detached_instance_stands_for_itself() -> None:
    where = calendar(MOVED_IN)
    assert starts(where, "2026-12-01", "2026-12-31") == ["2026-12-24T10:00:00+00:00"]
    assert starts(where, "2026-12-01", "2026-12-03") == []
    assert span(where, UTC) == (timestamp(utc("2026-12-24T10:00")), timestamp(utc("2026-12-24T11:00")))
    assert "RECURRENCE-ID:20261202T100000Z" in serialize(expand(where, utc("2026-12-01"), utc("2026-12-31"), RIGA))


def test_a_zone_that_nobody_knows_is_floating() -> None:
    where = calendar("DTSTART;TZID=Nowhere:20261201T100000\nRRULE:FREQ=DAILY;COUNT=2")
    assert starts(where, "2026-12-01", "2026-12-03") == ["2026-12-01T10:00:00", "2026-12-02T10:00:00"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=HOURLY",
        "FREQ=DAILY;COUNT=1000000000",
        "FREQ=SECONDLY;UNTIL=99991231T235959Z",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=1,2,3,4,5,6,7,8,9,10;BYSECOND=1,2",
        "FREQ=NEVER",
        "",
    ],
)
def test_a_rule_that_explodes_is_refused(rule: str) -> None:
    with pytest.raises(Invalid):
        check(calendar(f"DTSTART:20261201T100000Z\nRRULE:{rule}"))


@pytest.mark.parametrize(
    ("rule", "number"),
    [("FREQ=HOURLY;COUNT=10", 10), ("FREQ=SECONDLY;UNTIL=20261201T100100Z", 61), ("FREQ=DAILY;BYHOUR=10,11,12", 3)],
)
def test_a_rule_with_a_reasonable_end_is_accepted(rule: str, number: int) -> None:
    where = calendar(f"DTSTART:20261201T100000Z\nRRULE:{rule}")
    check(where)
    assert len(found(where, "2026-12-01", "2026-12-02")) == number


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(Invalid, match="more than 10 rules"):
        check(calendar("DTSTART:20261201T100000Z" + "\nRRULE:FREQ=DAILY" * 11))


@pytest.mark.parametrize("line", ["EXDATE:tomorrow", "RDATE:20261301T000000Z", "RDATE:20261201T000000Z/P"])
def test_a_date_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        check(calendar(f"DTSTART:20261201T100000Z\n{line}"))


@pytest.mark.parametrize("start", ["00010101", "00010101T000000Z", "00010101T000000", "99991231", "99991231T235959Z"])
@pytest.mark.parametrize("zone", [RIGA, NEW_YORK])
@pytest.mark.parametrize(
    "rule", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "DAILY;UNTIL=99991231T235959Z", "YEARLY;COUNT=9999"]
)
def test_the_edges_of_time_neither_crash_nor_hang(start: str, zone: ZoneInfo, rule: str) -> None:
    begun = time.monotonic()
    where = calendar(f"DTSTART:{start}\nDURATION:P400D\nRRULE:FREQ={rule}")
    check(where)
    low, high = span(where, zone)
    assert high is None or low <= high
    assert len(list(occurrences(where, utc("2026-01-01"), utc("2027-01-01"), zone))) <= 1000
    assert list(occurrences(where, utc("0001-01-01"), utc("9999-12-31"), zone, limit=5)) or start.startswith("9999")
    expand(where, utc("9999-12-01"), utc("9999-12-31"), zone)
    assert time.monotonic() - begun < 60, "it must end"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ["Europe/Riga", "America/New_York", "Asia/Kolkata"])
def test_the_first_and_last_second_have_a_place_in_every_zone(moment: str, zone: str) -> None:
    text = moment.replace("-", "").replace(":", "")
    where = calendar(f"DTSTART;TZID={zone}:{text}\nDTEND;TZID={zone}:{text}\nRRULE:FREQ=DAILY;COUNT=3")
    low, _ = span(where, UTC)
    assert abs(low - timestamp(utc(moment))) < 86400
    expand(where, utc("0001-01-01"), utc("9999-12-31"), RIGA)


def test_an_old_endless_series_costs_no_more_than_a_new_one() -> None:
    old = calendar("DTSTART;TZID=Europe/Riga:19000101T100000\nRRULE:FREQ=WEEKLY")
    begun = time.perf_counter()
    for _ in range(50):
        assert len(starts(old, "2026-12-01", "2026-12-31")) == 4
    assert time.perf_counter() - begun < 60, "it must not walk from its beginning"


def test_a_limit_ends_the_search() -> None:
    where = calendar("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY")
    assert len(list(occurrences(where, utc("2026-01-01"), utc("9999-01-01"), RIGA, limit=7))) == 7


def test_the_span_of_an_endless_series_is_open_and_of_an_undated_task_is_everything() -> None:
    assert span(calendar("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY"), UTC) == (
        timestamp(utc("2026-01-01T10:00")),
        None,
    )
    low, high = span(calendar("SUMMARY:x", kind="VTODO"), UTC)
    assert (low, high) == (timestamp(utc("0001-01-01")), None)
    day = calendar("DTSTART;VALUE=DATE:20260101")
    assert span(day, RIGA) == (timestamp(utc("2025-12-31T22:00")), timestamp(utc("2026-01-01T22:00")))
    long = calendar("DTSTART:20200101T100000Z\nDTEND:20200101T110000Z\nRRULE:FREQ=WEEKLY;UNTIL=20261231T000000Z")
    assert span(long, UTC)[1] == timestamp(utc("2026-12-30T11:00"))


def test_expansion_makes_events_in_utc_without_rules() -> None:
    where = parse(
        "BEGIN:VCALENDAR\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:Europe/Riga\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:u\n"
        "DTSTART;TZID=Europe/Riga:20261201T100000\nX-OWN;A=1:x\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\n"
        "EXDATE;TZID=Europe/Riga:20261202T100000\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;TZID=Europe/Riga:20261203T100000\nDTSTART;TZID=Europe/Riga:20261203T120000\n"
        "DTEND;TZID=Europe/Riga:20261203T130000\nEND:VEVENT\nEND:VCALENDAR\n"
    )[0]
    assert serialize(expand(where, utc("2026-12-01"), utc("2026-12-31"), RIGA)).split("\r\n") == [
        "BEGIN:VCALENDAR",
        "PRODID:x",
        "BEGIN:VEVENT",
        "DTEND:20261201T090000Z",
        "RECURRENCE-ID:20261201T080000Z",
        "UID:u",
        "DTSTART:20261201T080000Z",
        "X-OWN;A=1:x",
        "BEGIN:VALARM",
        "TRIGGER:-PT5M",
        "END:VALARM",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "RECURRENCE-ID:20261203T080000Z",
        "UID:u",
        "DTSTART:20261203T100000Z",
        "DTEND:20261203T110000Z",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_expansion_keeps_days_and_floating_times_and_single_events() -> None:
    day = serialize(
        expand(
            calendar("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=2"),
            utc("2026-12-02"),
            utc("2026-12-03"),
            RIGA,
        )
    )
    assert "DTSTART;VALUE=DATE:20261202" in day
    assert "RECURRENCE-ID;VALUE=DATE:20261202" in day
    floating = serialize(expand(calendar("DTSTART:20261201T100000"), utc("2026-12-01"), utc("2026-12-02"), RIGA))
    assert "DTSTART:20261201T100000\r\n" in floating
    assert "RECURRENCE-ID" not in floating
    undated = calendar("SUMMARY:x", kind="VTODO")
    assert expand(undated, utc("2026-12-01"), utc("2026-12-02"), RIGA) == undated
    assert expand(calendar("DTSTART:20261201T100000"), utc("2027-12-01"), utc("2027-12-02"), RIGA).components == ()


def test_a_limited_set_keeps_the_exceptions_that_touch_the_window() -> None:
    where = calendar(SERIES, MOVED_IN, MOVED_BY)

    def kept(low: str, high: str) -> list[str]:
        limited = limit_recurrence_set(where, utc(low), utc(high), RIGA)
        return [component.value("RECURRENCE-ID") for component in limited.components]

    assert kept("2026-12-02", "2026-12-03") == ["", "20261202T100000Z"]
    assert kept("2026-12-24", "2026-12-25") == ["", "20261202T100000Z"]
    assert kept("2026-12-03", "2026-12-04") == ["", "20261203T120000"]
    assert kept("2027-12-03", "2027-12-04") == [""]


@settings(max_examples=60, deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2026, 1, 1)),
    st.sampled_from(
        ["DAILY", "WEEKLY;BYDAY=MO,TH", "MONTHLY;BYMONTHDAY=1,-1", "YEARLY", "WEEKLY;INTERVAL=3", "MONTHLY;BYDAY=2TU"]
    ),
    st.integers(0, 5000),
    st.integers(1, 60),
)
def test_windows_agree_with_dateutil(first: date, rule: str, offset: int, length: int) -> None:
    begin = datetime(first.year, first.month, first.day, 10, tzinfo=RIGA)
    where = calendar(f"DTSTART;TZID=Europe/Riga:{begin:%Y%m%dT%H%M%S}\nRRULE:FREQ={rule}")
    low = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=offset)
    high = low + timedelta(days=length)
    expected = rrulestr(f"FREQ={rule}", dtstart=begin).between(low, high, inc=True)
    if begin not in expected and low <= begin < high:
        expected.insert(0, begin)
    assert [one.start for one in occurrences(where, low, high, RIGA)] == [
        moment for moment in expected if moment < high
    ]
