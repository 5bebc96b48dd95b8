"""The day of a month as Outlook counts it, and as RFC 5545 3.3.10 does. Pure.

A day that a month does not have is its last day for Outlook, while RFC 5545 leaves such months out.
"""

from calendar import monthrange
from collections.abc import Sequence

_SURE, _LONGEST = 28, 31
"""Days that every month has, and that some have."""
_COMMON_YEAR = 2027


def outlook_day(days: Sequence[int], positions: Sequence[int], month: int | None) -> int:
    """Outlook's day for days of RFC 5545 that mean the same; 0 where there is none. ``month`` is that of each year."""
    sure = monthrange(_COMMON_YEAR, month)[1] if month else _SURE
    most = monthrange(_COMMON_YEAR + 1, month)[1] if month else _LONGEST
    if len(days) == 1 and not positions:
        (day,) = days
        return day if 1 <= day <= sure else most if day == -1 else 0
    shortened = tuple(range(_SURE, max(days, default=0) + 1))  # the last of 28, 29, 30: that one, or the month's last
    return max(days) if shortened and tuple(days) == shortened and tuple(positions) == (-1,) else 0


def rule_parts(day: int, month: int | None) -> list[str]:
    """The parts of a rule that mean Outlook's day. ``month`` is that of each year."""
    sure = monthrange(_COMMON_YEAR, month)[1] if month else _SURE
    if 1 <= day <= sure:
        return [f"BYMONTHDAY={day}"]
    if day == _LONGEST or month:
        return ["BYMONTHDAY=-1"]
    return [f"BYMONTHDAY={','.join(str(each) for each in range(_SURE, day + 1))}", "BYSETPOS=-1"]
