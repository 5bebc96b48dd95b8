"""R24: the circuit breaker."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.breaker import flips, kept

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ago(*minutes: int) -> list[datetime]:
    return [NOW - timedelta(minutes=each) for each in minutes]


@pytest.mark.parametrize(
    ("minutes", "open_"),
    [
        ([], False),
        ([0], False),
        ([50, 40, 30, 20, 10, 0], False),
        ([50, 40, 30, 20, 10, 5, 0], True),
        ([60, 50, 40, 30, 20, 10, 0], False),  # the first is an hour ago
        ([600, 500, 400, 300, 200, 100, 0], False),
        ([0, 0, 0, 0, 0, 0, 0], True),
        ([-5, -5, -5, -5, -5, -5, -5], True),  # written by a clock that is ahead
    ],
)
def test_the_seventh_write_within_an_hour_opens_the_breaker(minutes: list[int], open_: bool) -> None:
    assert flips(ago(*minutes), NOW) is open_


def test_what_is_an_hour_old_is_forgotten() -> None:
    assert kept(ago(10, 61, 60, 59), NOW) == tuple(ago(59, 10))


def test_a_write_in_the_future_counts_as_one_of_now() -> None:
    assert kept(ago(-600), NOW) == (NOW,)


@given(st.lists(st.integers(-100, 200)))
def test_forgetting_changes_no_decision_and_nothing_twice(minutes: list[int]) -> None:
    times = ago(*minutes)
    assert kept(kept(times, NOW), NOW) == kept(times, NOW)
    assert flips(kept(times, NOW), NOW) is flips(times, NOW)


@given(st.lists(st.integers(0, 200)))
def test_it_closes_by_itself_after_an_hour_without_a_write(minutes: list[int]) -> None:
    assert not flips(ago(*minutes), NOW + timedelta(hours=1))
