import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Literal

import pytest
from dateutil import rrule as dateutil_rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.rrule import Frequency, Rule, parse_rule, starts
from bridge.errors import Invalid

FIRST = datetime.fromisoformat("2026-11-02T09:30")
EARLIEST, LATEST = datetime.fromisoformat("0001-01-01"), datetime.fromisoformat("9999-12-31T23:59:59")


def some(
    value: str, first: datetime = FIRST, after: datetime = EARLIEST, before: datetime = LATEST, n: int = 5
) -> list[str]:
    return [
        f"{moment:%Y%m%dT%H%M}"
        for moment, _ in zip(starts(parse_rule(value), first, after, before), range(n), strict=False)
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["20261102T0930", "20261103T0930", "20261104T0930"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=3", ["20261102T0930", "20261106T0930", "20261116T0930"]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO;COUNT=3", ["20261102T0930", "20261115T0930", "20261116T0930"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["20261127T0930", "20261225T0930"]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1SU;COUNT=2", ["20261102T0930", "20261129T0930"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["20261130T0930", "20261231T0930"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["20261130T0930", "20261231T0930"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", ["20261113T0930", "20270813T0930"]),
        ("FREQ=YEARLY;COUNT=2", ["20261102T0930", "20271102T0930"]),
        ("FREQ=YEARLY;BYMONTH=1;COUNT=2", ["20270102T0930", "20280102T0930"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=1", ["20270517T0930"]),
        ("FREQ=YEARLY;BYWEEKNO=20;COUNT=2", ["20270517T0930", "20280515T0930"]),
        ("FREQ=YEARLY;BYYEARDAY=-1;COUNT=2", ["20261231T0930", "20271231T0930"]),
        ("FREQ=DAILY;BYHOUR=8,12;BYMINUTE=0;COUNT=3", ["20261102T1200", "20261103T0800", "20261103T1200"]),
        ("FREQ=HOURLY;INTERVAL=5;COUNT=2", ["20261102T0930", "20261102T1430"]),
        ("FREQ=MINUTELY;INTERVAL=90;BYHOUR=9,12;COUNT=3", ["20261102T0930", "20261102T1230", "20261103T0930"]),
        ("freq=daily; count=1 ;;X-FOO=1", ["20261102T0930"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["20280229T0930", "20320229T0930", "20360229T0930"]),
    ],
)
def test_a_rule_generates(value: str, expected: list[str]) -> None:
    assert some(value, n=len(expected) if "COUNT" not in value else 10) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "FREQ=",
        "FREQ=OFTEN",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=²",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=1;BYHOUR=24",
        "FREQ=DAILY;WKST=XX",
        "RSCALE=CHINESE;FREQ=YEARLY",
    ],
)
def test_a_rule_that_means_nothing_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        parse_rule(value)


def test_until_is_read_in_all_its_forms() -> None:
    assert parse_rule("FREQ=DAILY;UNTIL=20261101").until == date(2026, 11, 1)
    assert parse_rule("FREQ=DAILY;UNTIL=20261101T100000").until == datetime.fromisoformat("2026-11-01T10:00")
    assert not parse_rule("FREQ=DAILY;UNTIL=20261101").endless
    assert parse_rule("FREQ=DAILY").endless


@pytest.mark.parametrize(
    "value",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;BYSETPOS=5",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=999999999999",
    ],
)
def test_a_rule_that_never_matches_ends(value: str) -> None:
    begun = time.monotonic()
    assert list(starts(parse_rule(value), FIRST, FIRST + timedelta(days=1), LATEST)) == []
    assert time.monotonic() - begun < 60, "it must end"


@pytest.mark.parametrize(
    "value", ["FREQ=DAILY", "FREQ=WEEKLY;WKST=SU", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=SU"]
)
def test_the_edges_of_the_calendar_are_no_obstacle(value: str) -> None:
    assert some(value, first=EARLIEST)[0] in {"00010101T0000", "10101T0000", "00010107T0000", "10107T0000"}
    begun = time.monotonic()
    assert all(moment.endswith("00") for moment in some(value, first=EARLIEST, after=FIRST, n=1))
    last = list(starts(parse_rule(value), datetime.fromisoformat("9999-12-25"), EARLIEST, LATEST))
    assert last[-1] <= LATEST
    assert time.monotonic() - begun < 60, "it must end"


FREQUENCIES: tuple[Literal[0, 1, 2, 3, 4, 5, 6], ...] = (
    dateutil_rrule.YEARLY,
    dateutil_rrule.MONTHLY,
    dateutil_rrule.WEEKLY,
    dateutil_rrule.DAILY,
    dateutil_rrule.HOURLY,
    dateutil_rrule.MINUTELY,
    dateutil_rrule.SECONDLY,
)
REACH = {
    Frequency.HOURLY: timedelta(days=20),
    Frequency.MINUTELY: timedelta(days=1),
    Frequency.SECONDLY: timedelta(minutes=30),
}
FIRSTS = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2030-01-01")).map(
    lambda moment: moment.replace(microsecond=0)
)

RULES = st.builds(
    Rule,
    frequency=st.sampled_from(Frequency),
    interval=st.integers(1, 5),
    week_start=st.integers(0, 6),
    by_month=st.lists(st.integers(1, 12), max_size=3, unique=True).map(sorted).map(tuple),
    by_month_day=st.lists(st.integers(-31, 31).filter(bool), max_size=3, unique=True).map(sorted).map(tuple),
    by_day=st.lists(st.tuples(st.just(0), st.integers(0, 6)), max_size=3, unique=True).map(sorted).map(tuple)
    | st.lists(
        st.tuples(st.sampled_from([-2, -1, 1, 2, 5]), st.integers(0, 6)), min_size=1, max_size=3, unique=True
    ).map(tuple),
    by_year_day=st.lists(st.integers(-366, 366).filter(bool), max_size=2, unique=True).map(sorted).map(tuple),
    by_week=st.lists(st.integers(1, 53), max_size=2, unique=True).map(sorted).map(tuple),
    by_hour=st.lists(st.integers(0, 23), max_size=2, unique=True).map(sorted).map(tuple),
    by_minute=st.lists(st.integers(0, 59), max_size=2, unique=True).map(sorted).map(tuple),
    by_position=st.just(())
    | st.lists(st.sampled_from([1, 2, -1, -2]), min_size=1, max_size=2, unique=True).map(sorted).map(tuple),
)


def reference(rule: Rule, first: datetime) -> Iterator[datetime]:
    """Generate what dateutil makes of the rule."""
    return iter(
        dateutil_rrule.rrule(
            FREQUENCIES[rule.frequency],
            dtstart=first,
            interval=rule.interval,
            wkst=rule.week_start,
            bymonth=rule.by_month or None,
            byweekno=rule.by_week or None,
            byyearday=rule.by_year_day or None,
            bymonthday=rule.by_month_day or None,
            byweekday=[dateutil_rrule.weekday(day, number or None) for number, day in rule.by_day] or None,
            byhour=rule.by_hour or None,
            byminute=rule.by_minute or None,
            bysetpos=rule.by_position or None,
        )
    )


def read_alike(rule: Rule) -> bool:
    """Tell whether dateutil reads the rule as RFC 5545 does.

    It does not take the weekday of DTSTART for BYWEEKNO, and BYSETPOS does not count a first week from its start.
    """
    if rule.frequency is Frequency.WEEKLY and rule.by_position:
        return False
    return not rule.by_week or (rule.frequency is Frequency.YEARLY and bool(rule.by_day))


@settings(max_examples=100, deadline=None)
@given(RULES.filter(read_alike), FIRSTS, st.integers(0, 40))
def test_rules_agree_with_dateutil_wherever_they_start(rule: Rule, first: datetime, skipped: int) -> None:
    until = first + REACH.get(rule.frequency, timedelta(days=4000))
    found = list(islice(starts(rule, first, first, until), 50))
    if found:  # dateutil looks for a match for ever where there is none
        assert found == list(islice(reference(rule, first), len(found)))
    if skipped < len(found):
        assert list(islice(starts(rule, first, found[skipped], until), len(found) - skipped)) == found[skipped:]
