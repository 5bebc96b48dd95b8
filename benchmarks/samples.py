"""Measured times and what is made of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass
class Samples:
    """Times of one operation on one server, in seconds. ``errors`` are the wrong answers, which have no time."""

    seconds: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        """The median, if anything was right."""
        return median(self.seconds) if self.seconds else None

    @property
    def p95(self) -> float | None:
        """The 95th percentile, if anything was right."""
        return percentile(self.seconds, 0.95) if self.seconds else None

    @property
    def per_row(self) -> float | None:
        """The median of the seconds per row that came back; requests without rows count as one."""
        shares = [seconds / max(1, rows) for seconds, rows in zip(self.seconds, self.rows, strict=True)]
        return median(shares) if shares else None
