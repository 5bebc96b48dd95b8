from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backoff import LONGEST, backoff, next_run, next_try, spread

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
ids = st.integers(1, 10**9)


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 64), (1000, 64)]
)
def test_waits_double_up_to_a_limit(tries: int, seconds: int) -> None:
    waits = {backoff(tries, seed) for seed in range(100)}
    assert timedelta(seconds=seconds / 2) <= min(waits) < max(waits) <= timedelta(seconds=seconds)
    assert backoff(tries, "a") == backoff(tries, "a")


def test_after_the_growing_waits_it_is_tried_as_often_as_it_runs() -> None:
    assert NOW + INTERVAL <= next_try(NOW, 1, 8, interval=INTERVAL) <= NOW + INTERVAL * 1.1
    assert next_try(NOW, 1, 8, interval=timedelta(seconds=1)) >= NOW + timedelta(seconds=64)


@given(moments, ids, st.integers(1, 50), st.timedeltas(timedelta(0), LONGEST))
def test_what_the_remote_asks_for_is_never_fallen_short_of(
    now: datetime, connection: int, tries: int, asked: timedelta
) -> None:
    tried = next_try(now, connection, tries, interval=INTERVAL, retry_after=asked)
    assert now + asked <= tried <= now + max(asked * 1.1, INTERVAL * 1.1)


@pytest.mark.parametrize("asked", [timedelta(days=3650), timedelta(days=-1)])
def test_a_remote_cannot_silence_a_connection(asked: timedelta) -> None:
    assert NOW < next_try(NOW, 1, 1, interval=INTERVAL, retry_after=asked) <= NOW + LONGEST * 1.1


@given(moments, ids)
def test_the_timer_is_jittered_by_a_tenth(now: datetime, connection: int) -> None:
    run = next_run(now, connection, INTERVAL)
    assert INTERVAL * 0.9 <= run - now <= INTERVAL * 1.1
    assert run == next_run(now, connection, INTERVAL)


def test_connections_that_ran_together_part() -> None:
    seconds = {int((next_run(NOW, connection, INTERVAL) - NOW).total_seconds()) for connection in range(1000)}
    assert len(seconds) > 50
    assert {int(spread(number) * 10) for number in range(1000)} == set(range(10))
