"""What follows from what became of an object on both sides: three tables and nothing else (R7, R15, R23).

"Changed" means that the version differs and the digest does too (R24). To lie outside of the window, or to be
unreadable, is neither changed nor gone (R6, R22).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from bridge.core.scope import Direction, FlowKind


class State(StrEnum):
    """What became of an object on one side since both sides last agreed.

    ``NONE``: it never was there. ``OUT``: a rule leaves it out now. ``AWAY``: it is outside of the window or cannot be
    read, so that nothing is known about it.
    """

    NONE = "none"
    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    OUT = "out"
    AWAY = "away"


class ActionKind(StrEnum):
    """What to do about an object.

    ``LINK`` ties two new objects that are the same, and settles what they say. ``RELEASE`` unties two objects and
    remembers them, so that neither is taken for a new one. ``FORGET`` drops the link.
    """

    CREATE_THERE = "create-there"
    CREATE_HERE = "create-here"
    LINK = "link"
    UPDATE_HERE = "update-here"
    UPDATE_THERE = "update-there"
    MERGE = "merge"
    DELETE_THERE = "delete-there"
    DELETE_HERE = "delete-here"
    FORGET = "forget"
    RELEASE = "release"
    NOTHING = "nothing"


class Decider(Protocol):
    """One of the tables."""

    def __call__(self, *, linked: bool, ours: State, theirs: State) -> ActionKind:
        """Say what to do about an object that is tied to the other side (``linked``), or about a new one.

        Whatever is linked was there: ``NEW`` counts as changed, and ``NONE`` as gone. Whatever is not linked is new,
        and what is gone never was.
        """
        ...


_Table = Mapping[tuple[State, State], ActionKind]

_NEW: _Table = {
    (State.NEW, State.NONE): ActionKind.CREATE_THERE,
    (State.NONE, State.NEW): ActionKind.CREATE_HERE,
    (State.NEW, State.NEW): ActionKind.LINK,
}

# Ours was deleted or left out by a rule: their copy goes with it unless somebody has worked on it. An edit there also
# beats a rule here, so that the event stays where it is. What a rule leaves out there is let alone.
_TWO_WAY: _Table = {
    (State.SAME, State.SAME): ActionKind.NOTHING,
    (State.SAME, State.CHANGED): ActionKind.UPDATE_HERE,
    (State.SAME, State.GONE): ActionKind.DELETE_HERE,
    (State.SAME, State.OUT): ActionKind.NOTHING,
    (State.SAME, State.AWAY): ActionKind.NOTHING,
    (State.CHANGED, State.SAME): ActionKind.UPDATE_THERE,
    (State.CHANGED, State.CHANGED): ActionKind.MERGE,
    (State.CHANGED, State.GONE): ActionKind.CREATE_THERE,
    (State.CHANGED, State.OUT): ActionKind.NOTHING,
    (State.CHANGED, State.AWAY): ActionKind.NOTHING,
    (State.GONE, State.SAME): ActionKind.DELETE_THERE,
    (State.GONE, State.CHANGED): ActionKind.CREATE_HERE,
    (State.GONE, State.GONE): ActionKind.FORGET,
    (State.GONE, State.OUT): ActionKind.RELEASE,
    # A person deleted the activity; that its event lies in the past is no reason to keep it there.
    (State.GONE, State.AWAY): ActionKind.DELETE_THERE,
    (State.OUT, State.SAME): ActionKind.DELETE_THERE,
    (State.OUT, State.CHANGED): ActionKind.RELEASE,
    (State.OUT, State.GONE): ActionKind.FORGET,
    (State.OUT, State.OUT): ActionKind.RELEASE,
    # A rule alone does not delete what nobody has looked at.
    (State.OUT, State.AWAY): ActionKind.NOTHING,
    (State.AWAY, State.SAME): ActionKind.NOTHING,
    (State.AWAY, State.CHANGED): ActionKind.NOTHING,
    (State.AWAY, State.GONE): ActionKind.NOTHING,
    (State.AWAY, State.OUT): ActionKind.NOTHING,
    (State.AWAY, State.AWAY): ActionKind.NOTHING,
}

# One-way from the CRM to the calendar (R7): nothing that happens there deletes or creates anything here.
_NEW_TO_CALENDAR: _Table = {**_NEW, (State.NONE, State.NEW): ActionKind.NOTHING}
_TO_CALENDAR: _Table = {
    **_TWO_WAY,
    (State.SAME, State.GONE): ActionKind.RELEASE,
    (State.GONE, State.CHANGED): ActionKind.RELEASE,
}
_TO_CALENDAR_ONLY: _Table = {
    **_TO_CALENDAR,
    (State.SAME, State.CHANGED): ActionKind.NOTHING,
    (State.CHANGED, State.CHANGED): ActionKind.UPDATE_THERE,
}

# One-way from the provider to the CRM (R15): nothing is ever written there. Ours that was deleted stays deleted,
# unless somebody edits it there before the next run. What a rule leaves out here rests: it may be somebody else's
# contact now.
_NEW_FROM_PROVIDER: _Table = {**_NEW, (State.NEW, State.NONE): ActionKind.NOTHING}
_FROM_PROVIDER: _Table = {
    **_TWO_WAY,
    (State.CHANGED, State.SAME): ActionKind.NOTHING,
    (State.CHANGED, State.CHANGED): ActionKind.UPDATE_HERE,
    (State.CHANGED, State.GONE): ActionKind.RELEASE,
    (State.GONE, State.SAME): ActionKind.RELEASE,
    (State.GONE, State.AWAY): ActionKind.RELEASE,
    (State.OUT, State.SAME): ActionKind.NOTHING,
    (State.OUT, State.CHANGED): ActionKind.NOTHING,
    (State.OUT, State.OUT): ActionKind.NOTHING,
}

_LINKED = {State.NEW: State.CHANGED, State.NONE: State.GONE}
_UNLINKED = {State.SAME: State.NEW, State.CHANGED: State.NEW, State.GONE: State.NONE}


def decide(*, linked: bool, ours: State, theirs: State) -> ActionKind:
    """Decide for a two-way sync, of events or of contacts; see ``Decider``."""
    return _look_up(_NEW, _TWO_WAY, linked=linked, ours=ours, theirs=theirs)


def decide_calendar_one_way(*, linked: bool, ours: State, theirs: State) -> ActionKind:
    """Decide for CRM to calendar, where edits of our events come back (R7); see ``Decider``."""
    return _look_up(_NEW_TO_CALENDAR, _TO_CALENDAR, linked=linked, ours=ours, theirs=theirs)


def decide_calendar_one_way_only(*, linked: bool, ours: State, theirs: State) -> ActionKind:
    """Decide for CRM to calendar, where edits of our events do not come back (R7); see ``Decider``."""
    return _look_up(_NEW_TO_CALENDAR, _TO_CALENDAR_ONLY, linked=linked, ours=ours, theirs=theirs)


def decide_contacts_one_way(*, linked: bool, ours: State, theirs: State) -> ActionKind:
    """Decide for provider to CRM (R15); see ``Decider``."""
    return _look_up(_NEW_FROM_PROVIDER, _FROM_PROVIDER, linked=linked, ours=ours, theirs=theirs)


def decider(kind: FlowKind, direction: Direction, *, edits_come_back: bool) -> Decider:
    """The table of a flow. ``edits_come_back`` matters for a one-way calendar only."""
    if direction is Direction.TWO_WAY:
        return decide
    if kind is FlowKind.CONTACTS:
        return decide_contacts_one_way
    return decide_calendar_one_way if edits_come_back else decide_calendar_one_way_only


def _look_up(new: _Table, known: _Table, *, linked: bool, ours: State, theirs: State) -> ActionKind:
    """What no row is about, such as a new object that a rule leaves out or whose twin is left out, rests."""
    reading, table = (_LINKED, known) if linked else (_UNLINKED, new)
    return table.get((reading.get(ours, ours), reading.get(theirs, theirs)), ActionKind.NOTHING)
