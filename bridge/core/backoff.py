"""When to run again: after a failure, and in the ordinary course of things.

Every time is jittered, so that many connections do not arrive together; and the jitter follows from the connection and
the moment, so that the same question always has the same answer.
"""

import hashlib
from datetime import datetime, timedelta

FIRST, LAST = timedelta(seconds=1), timedelta(seconds=64)
"""The growing waits: 1, 2, 4 … 64 s. Who still fails then waits as long as between ordinary runs."""

LONGEST = timedelta(days=1)
"""The longest wait that a remote may ask for: it must not be able to silence a connection for ever."""

_GROWING = 7  # waits from FIRST to LAST
_SPREAD = 0.1


def spread(*parts: object) -> float:
    """A number from 0 to below 1, the same for the same parts and evenly spread over different ones."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:6]) / (1 << 48)


def backoff(tries: int, seed: object) -> timedelta:
    """How long to wait after the failure number ``tries`` (from 1): 1, 2, 4 … 64 s, the second half of it spread.

    The same ``seed`` and number always wait equally long.
    """
    doubled = min(max(tries, 1), _GROWING) - 1
    return FIRST * float(2**doubled * (0.5 + spread(seed, tries) / 2))


def next_try(
    now: datetime, connection_id: int, tries: int, *, interval: timedelta, retry_after: timedelta | None = None
) -> datetime:
    """When to try a connection again that has failed ``tries`` times in a row.

    What the remote asked for (``retry_after``) is obeyed, up to a day, and never fallen short of.
    """
    share = spread(connection_id, now)
    seldom = max(interval, LAST) * (1 + _SPREAD * share)
    growing = seldom if tries > _GROWING else backoff(tries, f"{connection_id} {now}")
    asked = min(max(retry_after or timedelta(0), timedelta(0)), LONGEST)
    return now + max(growing, asked * (1 + _SPREAD * share))


def next_run(now: datetime, connection_id: int, interval: timedelta) -> datetime:
    """When the timer runs a connection next: after the interval, 10 % sooner or later."""
    return now + interval * (1 + _SPREAD * (2 * spread(connection_id, now) - 1))
