"""Carry what changed of an event as a connection shows it into the event that its owner's devices have.

The two differ: a connection may show private things as public, leave out what is linked, or show a task as an event.
Only what the writer changed is carried, so none of this reaches the owner's own text (R9, R10, R27).
"""

from dataclasses import replace

from bridge.core.event import Event, EventKind
from bridge.core.ical_values import identity
from bridge.core.linkblock import strip_block
from bridge.core.merge import changed_fields

_TIMES = {"start", "end", "recurrence"}
_NEVER = {"uid", "kind", "recurrence_id", "overrides", "sequence", "created", "modified", "done_at"}


def carried(own: Event, shown: Event, wanted: Event) -> Event:
    """Return the owner's event with what ``wanted`` says differently from ``shown``.

    A task that does not recur takes its time from the record.
    """
    names = changed_fields(_plain(shown), _plain(wanted)) - _NEVER
    if "done" in names:
        names |= {"done_at"}
    if names & _TIMES:
        names |= _TIMES
    if own.kind is EventKind.TASK and not (own.is_series or wanted.is_series):
        names -= _TIMES
    changes = {name: getattr(_plain(wanted), name) for name in names}
    if shown.overrides != wanted.overrides:
        changes["overrides"] = tuple(_override(own, shown, one) for one in wanted.overrides)
    return replace(own, **changes)


def _plain(event: Event) -> Event:
    return replace(event, description=strip_block(event.description))


def _override(own: Event, shown: Event, wanted: Event) -> Event:
    """An exception of the series; a new one is as private as the series is."""
    key = identity(wanted.recurrence_id)
    mine = next((one for one in own.overrides if identity(one.recurrence_id) == key), None)
    seen = next((one for one in shown.overrides if identity(one.recurrence_id) == key), None)
    if mine is not None and seen is not None:
        return carried(mine, seen, wanted)
    privacy = own.privacy if wanted.privacy is shown.privacy else wanted.privacy
    return replace(_plain(wanted), uid=own.uid, kind=own.kind, privacy=privacy)
