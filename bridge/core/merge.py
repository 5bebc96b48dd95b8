"""Three-way merge by field (R23): what base, ours and theirs agree on, and where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

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


@dataclass(frozen=True, slots=True)
class Version(Generic[Record]):
    """A state of an object as a client may have seen it: its text, and the fields that the text says."""

    text: str
    fields: Record


def likely_base(versions: Sequence[Version[Record]], theirs: Version[Record]) -> Version[Record]:
    """Guess the base of an edit that does not say what it is based on (D4).

    It is the version from which the edit changes the fewest fields, and of equals the fewest lines: whoever edits
    leaves most of the text alone. ``versions`` come newest first; of equals the newest wins. At least one is needed.
    """
    lines = frozenset(theirs.text.splitlines())

    def distance(version: Version[Record]) -> tuple[int, int]:
        changed = len(changed_fields(version.fields, theirs.fields))
        return changed, len(lines ^ frozenset(version.text.splitlines()))

    return min(versions, key=distance)
