"""A token bucket: so many calls in a second, and a few at once after a pause.

Times are seconds on any clock that only goes forward.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` calls in the long run, and up to ``burst`` of them at once."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many calls could be made at the moment ``at``. Fewer than none: that many have been promised already."""

    tokens: float
    at: float


def full(rate: Rate, now: float) -> Bucket:
    """A bucket that nobody has taken from."""
    return Bucket(rate.burst, now)


def take(bucket: Bucket, rate: Rate, now: float, calls: int = 1) -> tuple[Bucket, float]:
    """Promise calls to somebody: the bucket afterwards, and the seconds that they have to wait before making them.

    A promise is kept in any case, so callers come in the order in which they asked, and need not ask again.
    """
    tokens = _tokens(bucket, rate, now) - calls
    return Bucket(tokens, max(now, bucket.at)), max(0.0, -tokens / rate.per_second + max(0.0, bucket.at - now))


def pause(bucket: Bucket, rate: Rate, now: float, seconds: float) -> Bucket:
    """Let nobody call for so long, because the remote asked for it, and one at a time from then on."""
    until = now + seconds
    held = Bucket(min(0.0, _tokens(bucket, rate, now)), max(until, bucket.at))
    return held if held.at > bucket.at else replace(bucket, tokens=min(0.0, bucket.tokens))


def _tokens(bucket: Bucket, rate: Rate, now: float) -> float:
    """What has come in since; nothing while a pause lasts, which is when ``at`` lies in the future."""
    return min(rate.burst, bucket.tokens + max(0.0, now - bucket.at) * rate.per_second)
