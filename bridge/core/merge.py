"""Three-way merge by field (R23): what base, ours and theirs agree on, and where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that both sides changed differently. ``lost`` is the value that was not taken."""

    field: str
    kept: object
    lost: object


def changed_fields(before: Any, after: Any) -> frozenset[str]:
    """Name the fields in which two records of one dataclass differ."""
    return frozenset(f.name for f in fields(before) if getattr(before, f.name) != getattr(after, f.name))


def merge(base: Record, ours: Record, theirs: Record) -> tuple[Record, tuple[FieldConflict, ...]]:
    """Apply to ``ours`` what ``theirs`` changed since ``base``.

    A field that only one side changed is taken from that side. Tuples are merged by element. A field that both
    changed differently takes theirs, which is the newer write, and is reported as a conflict.
    """
    conflicts = []
    result: dict[str, Any] = {}
    ours_changed = changed_fields(base, ours)
    for name in changed_fields(base, theirs):
        old, mine, other = (getattr(record, name) for record in (base, ours, theirs))
        if isinstance(other, tuple) and name in ours_changed:
            result[name] = merge_elements(old, mine, other)
            continue
        if name in ours_changed and mine != other:
            conflicts.append(FieldConflict(name, other, mine))
        result[name] = other
    return replace(ours, **result), tuple(sorted(conflicts, key=lambda c: c.field))  # type: ignore[type-var]


def merge_elements(base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> tuple[Any, ...]:
    """Merge two edited lists: theirs, less what ours removed, and with what ours added."""
    kept = [item for item in theirs if item in ours or item not in base]
    added = [item for item in ours if item not in base and item not in kept]
    return tuple(kept + added)


def closest(candidates: Sequence[Record], theirs: Record) -> Record:
    """Guess the base of an edit that does not say what it is based on (D4): the candidate with the fewest changes.

    ``candidates`` come newest first; of equals the newest wins. At least one is needed.
    """
    return min(candidates, key=lambda candidate: len(changed_fields(candidate, theirs)))
