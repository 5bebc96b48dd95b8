"""Series, overrides, expansion: against instances written out one by one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.contentline import Component, parse
from bridge.core.query.evaluate import matches, retrieve, touches
from bridge.core.query.filters import CompFilter, PropFilter, TextMatch, TimeRange
from bridge.core.query.freebusy import free_busy
from bridge.core.query.selection import CompSelection, Selection

RIGA = ZoneInfo("Europe/Riga")
FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def calendar(*events: str) -> Component:
    body = "".join(f"BEGIN:VEVENT\nUID:1\n{event}\nEND:VEVENT\n" for event in events)
    (found,) = parse(f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n")
    return found


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def days(first: int, last: int | None) -> TimeRange:
    end = None if last is None else seconds(FIRST + timedelta(days=last))
    return TimeRange(seconds(FIRST + timedelta(days=first)), end)


def found(whole: Component, wanted: TimeRange, *props: PropFilter) -> bool:
    inner = CompFilter("VEVENT", time_range=wanted, props=props)
    return matches(whole, CompFilter("VCALENDAR", comps=(inner,)), RIGA)


# Every day at 12:00 EST, as in RFC 4791 appendix B; the third instance is moved by two hours, the fifth is left out.
SERIES = calendar(
    "DTSTART:20260105T170000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=8\nEXDATE:20260109T170000Z\nSUMMARY:Event\n"
    "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM",
    "DTSTART:20260107T190000Z\nDURATION:PT1H\nRECURRENCE-ID:20260107T170000Z\nSUMMARY:Event bis",
)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("20260104T000000Z", "20260105T170000Z", False),
        ("20260104T000000Z", "20260105T170001Z", True),
        ("20260107T170000Z", "20260107T180000Z", False),
        ("20260107T190000Z", "20260107T200000Z", True),
        ("20260109T000000Z", "20260110T000000Z", False),
        ("20260112T175959Z", "20260201T000000Z", True),
        ("20260112T180000Z", "20260201T000000Z", False),
    ],
)
def test_a_series_with_exceptions(first: str, last: str, expected: bool) -> None:
    span = [seconds(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)) for text in (first, last)]
    assert found(SERIES, TimeRange(*span)) is expected


def test_the_conditions_hold_for_the_override_or_for_the_series() -> None:
    bis = PropFilter("SUMMARY", texts=(TextMatch("bis"),))
    assert found(SERIES, days(2, 3), bis)
    assert not found(SERIES, days(3, 4), bis)


def test_the_alarms_of_a_series_go_off_again_and_again() -> None:
    def rings(hour: int, minute: int) -> bool:
        start = seconds(datetime(2026, 1, 8, hour, minute, tzinfo=UTC))
        inner = CompFilter("VALARM", time_range=TimeRange(start, start + 60))
        return matches(SERIES, CompFilter("VCALENDAR", comps=(CompFilter("VEVENT", comps=(inner,)),)), RIGA)

    assert rings(16, 45)
    assert not rings(16, 44)
    assert not rings(16, 46)


def test_a_series_without_end_is_found_at_any_time() -> None:
    ever = calendar("DTSTART:20260105T170000Z\nRRULE:FREQ=WEEKLY")
    assert found(ever, days(700, 707))
    assert found(ever, days(700, None))
    assert not found(ever, days(701, 702))


def test_a_detached_instance_disturbs_nothing() -> None:
    detached = calendar("DTSTART:20260107T190000Z\nDURATION:PT1H\nRECURRENCE-ID:20260107T170000Z")
    assert found(detached, days(2, 3))
    assert not found(detached, days(0, 2))
    text = retrieve(detached, Selection(expand=(seconds(FIRST), seconds(FIRST) + 7 * 86400)), RIGA)
    assert text.count("BEGIN:VEVENT") == 1


def test_unreadable_dates_do_no_harm() -> None:
    odd = calendar("DTSTART:20260105T170000Z\nRRULE:FREQ=SOMETIMES", "DTSTART:never")
    assert not found(odd, days(0, 9))
    assert "FREEBUSY" not in free_busy([odd], (0, 2**32), RIGA, FIRST).replace("VFREEBUSY", "")


def test_expanding_a_series_writes_its_instances_out() -> None:
    window = (seconds(FIRST + timedelta(days=1)), seconds(FIRST + timedelta(days=5)))
    (whole,) = parse(retrieve(SERIES, Selection(expand=window), RIGA))
    told = [
        (event.value("DTSTART"), event.value("RECURRENCE-ID"), event.value("SUMMARY")) for event in whole.components
    ]
    assert told == [
        ("20260106T170000Z", "20260106T170000Z", "Event"),
        ("20260107T190000Z", "20260107T170000Z", "Event bis"),
        ("20260108T170000Z", "20260108T170000Z", "Event"),
    ]
    assert not any(event.line(name) for event in whole.components for name in ("RRULE", "EXDATE"))


def test_a_limited_set_leaves_out_the_exceptions_elsewhere() -> None:
    near = Selection(limit=(seconds(FIRST + timedelta(days=2)), seconds(FIRST + timedelta(days=3))))
    far = Selection(limit=(seconds(FIRST + timedelta(days=5)), seconds(FIRST + timedelta(days=6))))
    assert retrieve(SERIES, near, RIGA).count("BEGIN:VEVENT") == 2
    assert retrieve(SERIES, far, RIGA).count("BEGIN:VEVENT") == 1


def test_expansion_and_selection_go_together() -> None:
    part = CompSelection("VCALENDAR", (("VERSION", False),), (CompSelection("VEVENT", (("DTSTART", False),), ()),))
    window = (seconds(FIRST + timedelta(days=3)), seconds(FIRST + timedelta(days=4)))
    assert retrieve(SERIES, Selection(part, expand=window), RIGA).splitlines() == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        "DTSTART:20260108T170000Z",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_series_is_busy_at_each_instance() -> None:
    text = free_busy([SERIES], (seconds(FIRST + timedelta(days=2)), seconds(FIRST + timedelta(days=6))), RIGA, FIRST)
    (whole,) = parse(text)
    assert [line.value for line in whole.components[0].all("FREEBUSY")] == [
        "20260107T190000Z/20260107T200000Z",
        "20260108T170000Z/20260108T180000Z",
        "20260110T170000Z/20260110T180000Z",
    ]


@settings(max_examples=200)
@given(
    start=st.integers(0, 30),
    length=st.integers(0, 60),
    interval=st.integers(1, 4),
    count=st.integers(1, 9),
    skipped=st.sets(st.integers(0, 9), max_size=3),
    moved=st.dictionaries(st.integers(0, 9), st.integers(0, 300), max_size=2),
    window=st.tuples(st.integers(-24, 400), st.integers(1, 60)),
)
def test_a_range_matches_where_an_instance_written_out_does(
    start: int,
    length: int,
    interval: int,
    count: int,
    skipped: set[int],
    moved: dict[int, int],
    window: tuple[int, int],
) -> None:
    def hour(number: int) -> datetime:
        return FIRST + timedelta(hours=number)

    regular = {number: start + 24 * interval * number for number in range(count)}
    moved = {number: at for number, at in moved.items() if number in regular}
    begins = {number: at for number, at in {**regular, **moved}.items() if number in moved or number not in skipped}
    wanted = TimeRange(seconds(hour(window[0])), seconds(hour(sum(window))))
    expected = any(
        touches(seconds(hour(at)), seconds(hour(at + length)), wanted.start, wanted.end) for at in begins.values()
    )
    excluded = "".join(f"\nEXDATE:{stamp(hour(regular[number]))}" for number in skipped if number in regular)
    whole = calendar(
        f"DTSTART:{stamp(hour(start))}\nDURATION:PT{length}H\nRRULE:FREQ=DAILY;INTERVAL={interval};COUNT={count}{excluded}",
        *(
            f"DTSTART:{stamp(hour(at))}\nDURATION:PT{length}H\nRECURRENCE-ID:{stamp(hour(regular[number]))}"
            for number, at in moved.items()
        ),
    )
    assert found(whole, wanted) is expected
