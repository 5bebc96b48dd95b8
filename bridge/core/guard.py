"""The mass-delete guard (R22): what no run does before a person has said so."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

FEW = 3  # so many linked objects make it strange that a side is empty


@dataclass(frozen=True, slots=True)
class Limits:
    """So many deletions on a side are never asked about, and beyond these so many percent of the linked objects."""

    count: int = 10
    percent: int = 20


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a plan would do. ``linked`` is how many objects were tied before, ``…_total`` how many a side holds now."""

    linked: int
    delete_here: int
    delete_there: int
    ours_total: int
    theirs_total: int


@dataclass(frozen=True, slots=True)
class Danger:
    """What was seen, in a sentence, and the numbers."""

    message: str
    counts: Mapping[str, int]


def check(counts: Counts, limits: Limits = USUAL) -> Danger | None:
    """Refuse a plan that deletes more than the limits allow of what is linked on a side, or meets an empty side.

    When both sides are empty there is nothing left to lose.
    """
    message = (
        _empty(counts)
        or _many(counts.delete_here, counts.linked, limits, "in the CRM")
        or _many(counts.delete_there, counts.linked, limits, "on the other side")
    )
    return Danger(message, asdict(counts)) if message else None


def _empty(counts: Counts) -> str:
    if counts.linked < FEW or (not counts.ours_total and not counts.theirs_total):
        return ""
    if not counts.theirs_total:
        return f"The other side is suddenly empty, and {counts.linked} objects were in sync. Nothing was changed."
    if not counts.ours_total:
        return f"The CRM is suddenly empty, and {counts.linked} objects were in sync. Nothing was changed."
    return ""


def _many(deletions: int, linked: int, limits: Limits, where: str) -> str:
    if deletions <= limits.count or deletions * 100 <= linked * limits.percent:
        return ""
    return f"{deletions} of {linked} objects in sync would be deleted {where}. Nothing was changed."
