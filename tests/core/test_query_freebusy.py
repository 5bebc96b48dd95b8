from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contentline import Component, parse
from bridge.core.query.freebusy import free_busy, merge, subtract

RIGA = ZoneInfo("Europe/Riga")
STAMP = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY = (1767571200, 1767657600)  # 5 January 2026


def calendar(*events: str, name: str = "VEVENT") -> Component:
    body = "".join(f"BEGIN:{name}\nUID:1\n{event}\nEND:{name}\n" for event in events)
    (found,) = parse(f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n")
    return found


def busy(*calendars: Component) -> list[str]:
    (answer,) = parse(free_busy(calendars, DAY, RIGA, STAMP))
    (found,) = answer.components
    assert (found.name, found.value("DTSTAMP"), found.value("DTSTART"), found.value("DTEND")) == (
        "VFREEBUSY",
        "20260102T030405Z",
        "20260105T000000Z",
        "20260106T000000Z",
    )
    return [f"{line.param('FBTYPE')} {line.value}" for line in found.all("FREEBUSY")]


def span(first: str, last: str, more: str = "") -> str:
    return f"DTSTART:20260105T{first}00Z\nDTEND:20260105T{last}00Z\n{more}".rstrip()


def test_busy_times_are_merged_and_typed() -> None:
    assert busy(
        calendar(span("0900", "1000")),
        calendar(span("0930", "1100")),
        calendar(span("1100", "1130")),
        calendar(span("1000", "1300", "STATUS:TENTATIVE")),
        calendar(span("1500", "1600", "STATUS:CONFIRMED\nTRANSP:OPAQUE")),
    ) == [
        "BUSY 20260105T090000Z/20260105T113000Z",
        "BUSY 20260105T150000Z/20260105T160000Z",
        "BUSY-TENTATIVE 20260105T113000Z/20260105T130000Z",
    ]


def test_what_does_not_take_time_is_left_out() -> None:
    assert (
        busy(
            calendar(span("0900", "1000", "TRANSP:TRANSPARENT")),
            calendar(span("0900", "1000", "STATUS:CANCELLED")),
            calendar("DTSTART:20260105T090000Z"),
            calendar("SUMMARY:undated"),
            calendar(span("0900", "1000"), name="VTODO"),
            calendar("DTSTART:20260104T090000Z\nDTEND:20260105T000000Z"),
        )
        == []
    )


def test_periods_are_cut_to_the_span() -> None:
    assert busy(calendar("DTSTART:20260104T230000Z\nDTEND:20260105T010000Z")) == [
        "BUSY 20260105T000000Z/20260105T010000Z"
    ]
    assert busy(calendar("DTSTART;VALUE=DATE:20260105")) == ["BUSY 20260105T000000Z/20260105T220000Z"]


def test_published_free_busy_counts_too() -> None:
    published = calendar(
        "FREEBUSY:20260105T090000Z/PT1H\nFREEBUSY;FBTYPE=FREE:20260105T100000Z/PT1H\n"
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260105T180000Z/20260106T080000Z\nFREEBUSY;FBTYPE=X-ODD:20260105T120000Z/PT1H",
        name="VFREEBUSY",
    )
    assert busy(published) == [
        "BUSY 20260105T090000Z/20260105T100000Z",
        "BUSY 20260105T120000Z/20260105T130000Z",
        "BUSY-UNAVAILABLE 20260105T180000Z/20260106T000000Z",
    ]


PERIODS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def covered(periods: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in periods for moment in range(start, end)}


@given(PERIODS, PERIODS)
def test_merging_and_subtracting_keep_the_time(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    merged = merge(one)
    assert covered(merged) == covered(one)
    assert all(first[1] < second[0] for first, second in pairwise(merged))
    left = subtract(merged, merge(other))
    assert covered(left) == covered(one) - covered(other)
    assert left == merge(left)
