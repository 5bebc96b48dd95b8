"""The circuit breaker (R24): an object that both sides keep changing is let alone for a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta

MOST = 6  # writes of one object
WITHIN = timedelta(hours=1)


def kept(times: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """The times of writes (aware) that still matter, in their order: those of the last hour.

    One that a clock has put into the future counts, at most for an hour from the present one.
    """
    return tuple(sorted(min(time, now) for time in times if time > now - WITHIN))


def flips(times: Sequence[datetime], now: datetime) -> bool:
    """Whether an object that was written at these times must not be written now."""
    return len(kept(times, now)) > MOST
