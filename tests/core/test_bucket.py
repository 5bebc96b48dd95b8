import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.bucket import Bucket, Rate, full, pause, take

RATE = Rate(per_second=2, burst=4)


def waits(bucket: Bucket, now: float, number: int) -> tuple[Bucket, list[float]]:
    found = []
    for _ in range(number):
        bucket, seconds = take(bucket, RATE, now)
        found.append(seconds)
    return bucket, found


def test_a_burst_goes_at_once_and_the_rest_in_turn() -> None:
    assert waits(full(RATE, 100.0), 100.0, 7)[1] == [0, 0, 0, 0, 0.5, 1.0, 1.5]


def test_what_was_promised_counts_later_too() -> None:
    bucket, _ = waits(full(RATE, 0.0), 0.0, 6)
    assert waits(bucket, 1.0, 2)[1] == [0.5, 1.0]


def test_a_long_pause_fills_it_and_no_more() -> None:
    bucket, _ = waits(full(RATE, 0.0), 0.0, 4)
    assert waits(bucket, 10_000.0, 5)[1] == [0, 0, 0, 0, 0.5]


def test_many_calls_can_be_taken_together() -> None:
    assert take(full(RATE, 0.0), RATE, 0.0, 10)[1] == pytest.approx(3.0)


def test_nobody_calls_while_the_remote_asks_for_a_pause() -> None:
    bucket = pause(full(RATE, 0.0), RATE, 0.0, 30)
    assert waits(bucket, 10.0, 2)[1] == [20.5, 21.0]
    assert take(bucket, RATE, 40.0)[1] == 0.0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    longer = pause(full(RATE, 0.0), RATE, 0.0, 30)
    assert take(pause(longer, RATE, 1.0, 5), RATE, 1.0) == take(longer, RATE, 1.0)


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5)), min_size=1, max_size=60),
)
def test_no_span_of_time_sees_more_calls_than_the_rate_allows(
    per_second: float, burst: int, callers: list[tuple[float, int]]
) -> None:
    rate = Rate(per_second, burst)
    bucket, now = full(rate, 0.0), 0.0
    calls: list[float] = []
    for later, _ in callers:
        now += later
        bucket, seconds = take(bucket, rate, now)
        calls.append(now + seconds)
    assert calls == sorted(calls)
    for first in range(len(calls)):
        for last in range(first, len(calls)):
            allowed = burst + (calls[last] - calls[first]) * per_second
            assert last - first + 1 <= allowed + 1e-6 * (1 + allowed)
