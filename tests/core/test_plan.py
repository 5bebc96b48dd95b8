"""The truth tables of a sync, row by row (R6, R7, R15, R22, R23)."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.core.plan import ActionKind, Decider, State, decider
from bridge.core.scope import Direction, FlowKind

LINKED = (State.SAME, State.CHANGED, State.GONE, State.OUT, State.AWAY)
UNLINKED = (State.NONE, State.NEW, State.OUT, State.AWAY)

TWO_WAY = decider(FlowKind.CALENDAR, Direction.TWO_WAY, edits_come_back=True)
TO_CALENDAR = decider(FlowKind.CALENDAR, Direction.ONE_WAY, edits_come_back=True)
TO_CALENDAR_ONLY = decider(FlowKind.CALENDAR, Direction.ONE_WAY, edits_come_back=False)
FROM_PROVIDER = decider(FlowKind.CONTACTS, Direction.ONE_WAY, edits_come_back=True)

# ours, theirs: two-way | CRM to calendar | the same, no edits come back | provider to CRM (contacts)
NEW_OBJECTS = """
none    none    : nothing      | nothing      | nothing      | nothing
none    new     : create-here  | nothing      | nothing      | create-here
none    out     : nothing      | nothing      | nothing      | nothing
none    away    : nothing      | nothing      | nothing      | nothing
new     none    : create-there | create-there | create-there | nothing
new     new     : link         | link         | link         | link
new     out     : nothing      | nothing      | nothing      | nothing
new     away    : nothing      | nothing      | nothing      | nothing
out     none    : nothing      | nothing      | nothing      | nothing
out     new     : nothing      | nothing      | nothing      | nothing
out     out     : nothing      | nothing      | nothing      | nothing
out     away    : nothing      | nothing      | nothing      | nothing
away    none    : nothing      | nothing      | nothing      | nothing
away    new     : nothing      | nothing      | nothing      | nothing
away    out     : nothing      | nothing      | nothing      | nothing
away    away    : nothing      | nothing      | nothing      | nothing
"""
LINKED_OBJECTS = """
same    same    : nothing      | nothing      | nothing      | nothing
same    changed : update-here  | update-here  | nothing      | update-here
same    gone    : delete-here  | release      | release      | delete-here
same    out     : nothing      | nothing      | nothing      | nothing
same    away    : nothing      | nothing      | nothing      | nothing
changed same    : update-there | update-there | update-there | nothing
changed changed : merge        | merge        | update-there | update-here
changed gone    : create-there | create-there | create-there | release
changed out     : nothing      | nothing      | nothing      | nothing
changed away    : nothing      | nothing      | nothing      | nothing
gone    same    : delete-there | delete-there | delete-there | release
gone    changed : create-here  | release      | release      | create-here
gone    gone    : forget       | forget       | forget       | forget
gone    out     : release      | release      | release      | release
gone    away    : delete-there | delete-there | delete-there | release
out     same    : delete-there | delete-there | delete-there | nothing
out     changed : release      | release      | release      | nothing
out     gone    : forget       | forget       | forget       | forget
out     out     : release      | release      | release      | nothing
out     away    : nothing      | nothing      | nothing      | nothing
away    same    : nothing      | nothing      | nothing      | nothing
away    changed : nothing      | nothing      | nothing      | nothing
away    gone    : nothing      | nothing      | nothing      | nothing
away    out     : nothing      | nothing      | nothing      | nothing
away    away    : nothing      | nothing      | nothing      | nothing
"""
TABLES = {"two-way": TWO_WAY, "to-calendar": TO_CALENDAR, "only": TO_CALENDAR_ONLY, "from-provider": FROM_PROVIDER}


def rows(text: str) -> Iterator[tuple[State, State, list[ActionKind]]]:
    for line in text.strip().splitlines():
        states, _, actions = line.partition(":")
        ours, theirs = states.split()
        yield State(ours), State(theirs), [ActionKind(action.strip()) for action in actions.split("|")]


def cases(text: str) -> list[Any]:
    return [
        pytest.param(table, ours, theirs, action, id=f"{name}-{ours}-{theirs}")
        for ours, theirs, actions in rows(text)
        for (name, table), action in zip(TABLES.items(), actions, strict=True)
    ]


@pytest.mark.parametrize(("table", "ours", "theirs", "action"), cases(NEW_OBJECTS))
def test_what_follows_for_a_new_object(table: Decider, ours: State, theirs: State, action: ActionKind) -> None:
    assert table(linked=False, ours=ours, theirs=theirs) is action


@pytest.mark.parametrize(("table", "ours", "theirs", "action"), cases(LINKED_OBJECTS))
def test_what_follows_for_a_linked_object(table: Decider, ours: State, theirs: State, action: ActionKind) -> None:
    assert table(linked=True, ours=ours, theirs=theirs) is action


def test_the_tables_above_are_complete() -> None:
    assert {(ours, theirs) for ours, theirs, _ in rows(LINKED_OBJECTS)} == {(o, t) for o in LINKED for t in LINKED}
    assert {(ours, theirs) for ours, theirs, _ in rows(NEW_OBJECTS)} == {(o, t) for o in UNLINKED for t in UNLINKED}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("other", State)
def test_whatever_is_linked_was_there(table: Decider, other: State) -> None:
    for odd, meant in ((State.NEW, State.CHANGED), (State.NONE, State.GONE)):
        assert table(linked=True, ours=odd, theirs=other) is table(linked=True, ours=meant, theirs=other)
        assert table(linked=True, ours=other, theirs=odd) is table(linked=True, ours=other, theirs=meant)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("other", State)
def test_whatever_is_not_linked_is_new(table: Decider, other: State) -> None:
    for odd, meant in ((State.CHANGED, State.NEW), (State.SAME, State.NEW), (State.GONE, State.NONE)):
        assert table(linked=False, ours=odd, theirs=other) is table(linked=False, ours=meant, theirs=other)
        assert table(linked=False, ours=other, theirs=odd) is table(linked=False, ours=other, theirs=meant)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("linked", [True, False])
def test_an_edit_beats_a_deletion_in_every_table(table: Decider, linked: bool) -> None:
    """R23: nothing that somebody has just worked on is deleted, on either side."""
    deletions = {ActionKind.DELETE_HERE, ActionKind.DELETE_THERE}
    for other in State:
        assert table(linked=linked, ours=State.CHANGED, theirs=other) not in deletions
        assert table(linked=linked, ours=other, theirs=State.CHANGED) not in deletions


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("ours", State)
@pytest.mark.parametrize("theirs", State)
def test_a_one_way_sync_never_goes_the_other_way(linked: bool, ours: State, theirs: State) -> None:
    """R7: nothing is created or deleted in the CRM. R15: nothing at all is written at the provider."""
    there = {ActionKind.CREATE_THERE, ActionKind.UPDATE_THERE, ActionKind.DELETE_THERE, ActionKind.MERGE}
    assert FROM_PROVIDER(linked=linked, ours=ours, theirs=theirs) not in there
    here = {ActionKind.CREATE_HERE, ActionKind.DELETE_HERE}
    assert TO_CALENDAR(linked=linked, ours=ours, theirs=theirs) not in here
    only = {*here, ActionKind.UPDATE_HERE, ActionKind.MERGE}
    assert TO_CALENDAR_ONLY(linked=linked, ours=ours, theirs=theirs) not in only


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_what_has_left_the_window_is_not_gone(table: Decider) -> None:
    """R6: whatever happens there, an activity that has grown old stays as it is."""
    for theirs in State:
        assert table(linked=True, ours=State.AWAY, theirs=theirs) is ActionKind.NOTHING


@pytest.mark.parametrize("edits_come_back", [True, False])
def test_a_two_way_sync_has_one_table(edits_come_back: bool) -> None:
    for kind in FlowKind:
        assert decider(kind, Direction.TWO_WAY, edits_come_back=edits_come_back) is TWO_WAY


def test_edits_of_contacts_always_come_back() -> None:
    assert decider(FlowKind.CONTACTS, Direction.ONE_WAY, edits_come_back=False) is FROM_PROVIDER
