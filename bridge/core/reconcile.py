"""Bring two versions of an object together, given what both sides held when they last agreed (R23).

There are two bases, since a remote may hold less than we do: each side is compared with what it held itself, and what
it changed is carried to the other. UIDs, sequence numbers, dates of creation and ids of CRM records never travel.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from bridge.core.canonical_contact import display_name, repeats
from bridge.core.contact import Contact, Name
from bridge.core.courses import Winner
from bridge.core.digest import canonical, same
from bridge.core.event import Event, Privacy
from bridge.core.field_merge import Carried, Changes, merge_elements, merge_values
from bridge.core.ical_values import timestamp
from bridge.core.linkblock import append_block, find_block, strip_block
from bridge.core.list_merge import NORMAL_FORMS, Both, Four
from bridge.core.merge import FieldConflict
from bridge.core.scope import ConflictPolicy
from bridge.core.series_merge import OWN, TIME, TimeMerge

__all__ = ["Agreed", "FieldConflict", "Reconciled", "Winner", "reconcile", "winner"]

T = TypeVar("T", Event, Contact)

_ALL_OF_EVENTS = frozenset(field.name for field in fields(Event))
_ALL_OF_CONTACTS = frozenset(field.name for field in fields(Contact))
_NOT_VALUES = OWN | {*TIME, *NORMAL_FORMS, "done_at", "recurrence_id", "person_id", "organization_id"}
_VALUES_OF_EVENTS = tuple(sorted(_ALL_OF_EVENTS - _NOT_VALUES))
_VALUES_OF_CONTACTS = tuple(sorted(_ALL_OF_CONTACTS - _NOT_VALUES))


@dataclass(frozen=True, slots=True)
class Agreed(Generic[T]):
    """What each side held when they last agreed."""

    ours: T
    theirs: T


@dataclass(frozen=True, slots=True)
class Reconciled(Generic[T]):
    """What each side should hold, and whether that is something else than it holds.

    A conflict names a field and the value that was not taken; where neither side wins, ``kept`` is ours and ``lost``
    is theirs, and both stay where they are.
    """

    ours: T
    theirs: T
    conflicts: tuple[FieldConflict, ...]
    ours_changed: bool
    theirs_changed: bool


def winner(policy: ConflictPolicy, ours_modified: datetime | None, theirs_modified: datetime | None) -> Winner:
    """Say who decides about a field that both sides changed; the times are aware.

    The newest wins only where both times are known and differ; otherwise the CRM does.
    """
    match policy:
        case ConflictPolicy.ASK:
            return Winner.NEITHER
        case ConflictPolicy.CALENDAR:
            return Winner.THEIRS
        case ConflictPolicy.NEWEST if ours_modified is not None and theirs_modified is not None:
            return Winner.THEIRS if timestamp(theirs_modified) > timestamp(ours_modified) else Winner.OURS
        case _:
            return Winner.OURS


def reconcile(
    agreed: Agreed[T] | None, ours: T, theirs: T, *, winner: Winner, expresses: frozenset[str] | None
) -> Reconciled[T]:
    """Carry to each side what the other has changed since they agreed, as far as ``expresses`` goes.

    Without ``agreed`` two new objects turned out to be the same: what only one says is carried to the other, and
    theirs decides about privacy (R10). A second application changes nothing.
    """
    then = agreed if agreed is not None else _nothing_agreed(ours, theirs)
    both = _merged(Four(then.ours, then.theirs, ours, theirs), winner, expresses)
    ours_changed, theirs_changed = not same(both.ours, ours), not same(both.theirs, theirs, expresses)
    return Reconciled(
        ours=both.ours if ours_changed else ours,
        theirs=both.theirs if theirs_changed else theirs,
        conflicts=both.conflicts,
        ours_changed=ours_changed,
        theirs_changed=theirs_changed,
    )


def _nothing_agreed(ours: T, theirs: T) -> Agreed[T]:
    """Two empty bases: whatever an object says is new. For privacy ours says nothing, and theirs something new."""
    if isinstance(ours, Event) and isinstance(theirs, Event):
        other = Privacy.PRIVATE if theirs.privacy is Privacy.PUBLIC else Privacy.PUBLIC
        return Agreed(Event("", privacy=ours.privacy), Event("", privacy=other))
    return Agreed(Contact(""), Contact(""))


def _merged(four: Four[T], winner: Winner, expresses: frozenset[str] | None) -> Both[T]:
    forms = four.map(lambda each: canonical(each, expresses))
    every = _ALL_OF_EVENTS if isinstance(four.ours, Event) else _ALL_OF_CONTACTS
    travelling = every if expresses is None else every & expresses
    carried = merge_values([name for name in _values_of(four.ours) if name in travelling], four, forms, winner)
    carried += merge_elements([name for name in NORMAL_FORMS if name in travelling], four, forms, winner)
    if isinstance(four.ours, Event):
        carried += _time(four, forms, winner, travelling)
        carried = _followed(carried, four)
    else:
        carried = _named(carried, four, forms, travelling)
    return Both(replace(four.ours, **carried.here), replace(four.theirs, **carried.there), carried.conflicts)


def _values_of(obj: Event | Contact) -> tuple[str, ...]:
    return _VALUES_OF_EVENTS if isinstance(obj, Event) else _VALUES_OF_CONTACTS


def _time(four: Four[Event], forms: Four[Event], winner: Winner, travelling: frozenset[str]) -> Carried:
    def merge_override(one: Four[Any]) -> Both[Any]:
        identity = one.ours.recurrence_id
        blank = Event("", recurrence_id=identity)
        both = _merged(one.map(lambda override: override or blank), winner, travelling)
        prefix = f"overrides/{identity.isoformat() if identity else ''}/"
        conflicts = tuple(replace(conflict, field=prefix + conflict.field) for conflict in both.conflicts)
        return Both(both.ours, both.theirs, conflicts)

    return TimeMerge(four, forms, winner, travelling, merge_override).merge()


def _followed(carried: Carried, four: Four[Event]) -> Carried:
    """Let the time of completion go with its mark, and each side keep its own block of the CRM (R9)."""
    here, there = dict(carried.here), dict(carried.there)
    if "done" in here:
        here["done_at"] = four.theirs.done_at
    if "done" in there:
        there["done_at"] = four.ours.done_at
    if "description" in here:
        block = find_block(four.ours.description) or ""
        here["description"] = append_block(strip_block(four.theirs.description), block)
    return replace(carried, here=here, there=there)


@dataclass(frozen=True, slots=True)
class _Card:
    """A contact and its normal form, in which a display name that only repeats the parts is empty."""

    said: Contact
    form: Contact


def _named(carried: Carried, four: Four[Contact], forms: Four[Contact], travelling: frozenset[str]) -> Carried:
    """Let a display name that only repeats the parts of a name go with them, wherever either was changed."""
    ours, theirs = _Card(four.ours, forms.ours), _Card(four.theirs, forms.theirs)
    here = carried.here | _display(ours, theirs, carried.here, travelling)
    there = carried.there | _display(theirs, ours, carried.there, travelling)
    return replace(carried, here=here, there=there)


def _display(own: _Card, source: _Card, changes: Changes, travelling: frozenset[str]) -> Changes:
    """What else becomes of the names of ``own`` when ``changes`` come to it from ``source``."""
    if not changes.keys() & {"name", "formatted_name"}:
        return {}
    name: Name = changes.get("name", own.said.name)
    text: str = changes.get("formatted_name", own.said.formatted_name)
    repeated = repeats(own.said.formatted_name, own.said.name)
    if "name" not in travelling:
        return {"name": Name()} if repeated and not repeats(text, own.said.name) else {}
    if "formatted_name" in travelling:
        repeated = not (source if "formatted_name" in changes else own).form.formatted_name
    if not repeated:
        return {}
    fitting = (each for each in (text, source.said.formatted_name) if each and repeats(each, name))
    nameless = "" if "formatted_name" in travelling else text
    return {"formatted_name": next(fitting, display_name(name) or nameless)}
