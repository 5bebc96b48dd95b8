from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.ical_times import expressible
from bridge.core.ical_values import (
    add,
    format_duration,
    format_moment,
    from_timestamp,
    read_duration,
    read_moment,
    same_moment,
    timestamp,
)
from bridge.errors import Invalid
from tests.core.strategies import moments

RIGA = ZoneInfo("Europe/Riga")


@pytest.mark.parametrize(
    ("value", "duration"),
    [
        ("PT0S", timedelta()),
        ("-PT15M", timedelta(minutes=-15)),
        ("P2W", timedelta(weeks=2)),
        ("+P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("-p1dt1s", -timedelta(days=1, seconds=1)),
    ],
)
def test_a_duration_is_read_and_written(value: str, duration: timedelta) -> None:
    assert read_duration(value) == duration
    assert read_duration(format_duration(duration)) == duration


@given(st.integers(-(10**9), 10**9).map(lambda seconds: timedelta(seconds=seconds)))
def test_any_duration_survives(duration: timedelta) -> None:
    assert read_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("value", ["", "P", "PT", "1D", "P1", "PT1", "P1H", "-", "P9999999999D"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        read_duration(value)


@pytest.mark.parametrize(
    "value", ["", "2026", "20261301", "20260101T", "20260101T250000", "2026-01-01", "00000101", "٢٠٢٦٠١٠١"]
)
def test_what_is_no_moment_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        read_moment(value)


@given(moments)
def test_any_moment_survives(moment: date) -> None:
    zone = moment.tzinfo if isinstance(moment, datetime) else None
    assert read_moment(format_moment(moment), zone) == moment


def test_the_second_pass_of_a_repeated_hour_is_written_in_utc() -> None:
    first = datetime(2026, 10, 25, 3, 30, tzinfo=RIGA)
    second = first.replace(fold=1)
    assert timestamp(second) - timestamp(first) == 3600
    assert expressible(first) is not None
    assert expressible(first).tzinfo is RIGA
    assert format_moment(expressible(second)) == "20261025T013000Z"


def test_days_are_nominal_and_hours_exact() -> None:
    evening = datetime(2026, 3, 28, 22, 0, tzinfo=RIGA)
    assert add(evening, timedelta(days=1)) == datetime(2026, 3, 29, 22, 0, tzinfo=RIGA)
    assert add(evening, timedelta(hours=8)) == datetime(2026, 3, 29, 7, 0, tzinfo=RIGA)
    assert add(date(2026, 3, 28), timedelta(hours=25)) == date(2026, 3, 30)


def test_nothing_leaves_the_years_that_can_be_expressed() -> None:
    last, first = datetime(9999, 12, 31, 23, 59, 59, tzinfo=RIGA), datetime(1, 1, 1, tzinfo=RIGA)
    assert add(last, timedelta(days=1)) == last
    assert add(date.max, timedelta(days=1)) == date.max
    assert add(first, timedelta(days=-1)) == first
    assert from_timestamp(10**15, RIGA) == last
    assert from_timestamp(-(10**15), RIGA) == first


def test_only_moments_of_one_kind_are_the_same() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=RIGA)
    assert same_moment(noon, noon.astimezone(UTC))
    assert not same_moment(noon, noon.replace(tzinfo=None))
    assert not same_moment(noon, noon.date())
    assert not same_moment(None, noon)
    assert same_moment(None, None)
    assert same_moment(noon.date(), date(2026, 1, 1))
