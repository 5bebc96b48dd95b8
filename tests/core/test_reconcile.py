"""R23: two versions of an object are brought together field by field; R11 and R24 on the way."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.core.contact import Contact, Labelled, Name
from bridge.core.event import Attendee, Event, Links, Privacy
from bridge.core.merge import FieldConflict
from bridge.core.reconcile import Reconciled, Winner, winner
from bridge.core.scope import ConflictPolicy
from tests.core.reconciling import (
    CALL,
    ILZE,
    NEW,
    OLD,
    THEIR_CALL,
    THEIR_ILZE,
    THEIR_WEEKLY,
    WEEKLY,
    at,
    contacts,
    events,
    settled,
)

# Who wins


@pytest.mark.parametrize(
    ("policy", "ours", "theirs", "expected"),
    [
        (ConflictPolicy.NEWEST, NEW, OLD, Winner.OURS),
        (ConflictPolicy.NEWEST, OLD, NEW, Winner.THEIRS),
        (ConflictPolicy.NEWEST, NEW, NEW, Winner.OURS),
        (ConflictPolicy.NEWEST, None, NEW, Winner.OURS),
        (ConflictPolicy.NEWEST, OLD, None, Winner.OURS),
        (ConflictPolicy.CRM, OLD, NEW, Winner.OURS),
        (ConflictPolicy.CALENDAR, NEW, OLD, Winner.THEIRS),
        (ConflictPolicy.ASK, OLD, NEW, Winner.NEITHER),
    ],
)
def test_the_policy_says_who_wins(
    policy: ConflictPolicy, ours: datetime | None, theirs: datetime | None, expected: Winner
) -> None:
    assert winner(policy, ours, theirs) is expected


# Fields


def test_what_nobody_changed_stays_as_it_is() -> None:
    result = events(CALL, THEIR_CALL)
    assert result == Reconciled(CALL, THEIR_CALL, (), ours_changed=False, theirs_changed=False)


def test_changes_of_different_fields_travel_both_ways() -> None:
    result = events(replace(CALL, summary="Call Ilze"), replace(THEIR_CALL, location="Liepāja"))
    assert result.ours == replace(CALL, summary="Call Ilze", location="Liepāja")
    assert result.theirs == replace(THEIR_CALL, summary="Call Ilze", location="Liepāja")
    assert (result.ours_changed, result.theirs_changed, result.conflicts) == (True, True, ())


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    result = events(replace(CALL, summary="Call Ilze"), replace(THEIR_CALL, summary="Call Ilze "))
    assert (result.ours_changed, result.theirs_changed, result.conflicts) == (False, False, ())


@pytest.mark.parametrize(
    ("who", "ours", "theirs", "conflict"),
    [
        (Winner.OURS, "A", "A", FieldConflict("summary", "A", "B")),
        (Winner.THEIRS, "B", "B", FieldConflict("summary", "B", "A")),
        (Winner.NEITHER, "A", "B", FieldConflict("summary", "A", "B")),
    ],
)
def test_the_winner_decides_about_a_field_that_both_changed(
    who: Winner, ours: str, theirs: str, conflict: FieldConflict
) -> None:
    result = events(replace(CALL, summary="A", busy=False), replace(THEIR_CALL, summary="B", location=""), who)
    assert (result.ours.summary, result.theirs.summary) == (ours, theirs)
    assert result.conflicts == (conflict,)
    assert (result.ours.busy, result.theirs.busy, result.ours.location) == (False, False, "")


def test_what_the_remote_cannot_express_neither_travels_nor_counts() -> None:
    expresses = frozenset({"summary", "start", "end"})
    theirs = Event("theirs", summary="Call", start=at(1, 10), end=at(1, 11))
    result = settled(
        (CALL, theirs), replace(CALL, location="Ventspils"), replace(theirs, summary="Call!"), expresses=expresses
    )
    assert result.ours == replace(CALL, location="Ventspils", summary="Call!")
    assert not result.theirs_changed


def test_a_remote_that_holds_less_takes_nothing_away() -> None:
    """Two bases: what was never there has not been removed there."""
    ours = replace(ILZE, note="Long story", phones=(*ILZE.phones, Labelled("2"), Labelled("3")))
    theirs = replace(THEIR_ILZE, note="Long")
    edited = replace(theirs, phones=(*theirs.phones, Labelled("4", "work")), title="CEO")
    result = settled((ours, theirs), ours, edited)
    assert [phone.value for phone in result.ours.phones] == ["+371 29123456", "2", "3", "4"]
    assert (result.ours.note, result.ours.title) == ("Long story", "CEO")
    assert not result.theirs_changed


def test_ids_and_dates_never_travel() -> None:
    result = events(
        replace(CALL, summary="A", links=Links(9), sequence=9, modified=NEW),
        replace(THEIR_CALL, location="B", modified=OLD),
    )
    assert (result.ours.uid, result.ours.links, result.ours.sequence, result.ours.created) == (
        CALL.uid,
        Links(9),
        9,
        OLD,
    )
    assert (result.theirs.uid, result.theirs.links, result.theirs.sequence, result.theirs.created) == (
        "theirs",
        Links(),
        0,
        NEW,
    )
    card = contacts(replace(ILZE, title="A"), THEIR_ILZE).theirs
    assert (card.uid, card.person_id, card.title) == ("theirs", None, "A")


def test_the_time_of_completion_goes_with_its_mark() -> None:
    result = events(CALL, replace(THEIR_CALL, done=True, done_at=NEW))
    assert (result.ours.done, result.ours.done_at) == (True, NEW)
    result = events(replace(CALL, done=True, done_at=OLD), THEIR_CALL)
    assert (result.theirs.done, result.theirs.done_at) == (True, OLD)


def test_the_block_of_the_crm_is_no_part_of_the_text() -> None:
    """R9: an edit of the text takes no block along, and a block that has changed is no edit."""
    block, other = "[--- CRM ---]\nDeal: A\n[--- /CRM ---]", "[--- CRM ---]\nDeal: B\n[--- /CRM ---]"
    base = (replace(CALL, description=f"Text\n\n{block}"), replace(THEIR_CALL, description=f"Text\n\n{block}"))
    ours = replace(CALL, description=f"Text\n\n{other}")
    assert not settled(base, ours, base[1]).theirs_changed
    result = settled(base, ours, replace(THEIR_CALL, description=f"New text\n\n{block}"))
    assert result.ours.description == f"New text\n\n{other}"
    result = settled(base, replace(CALL, description=f"New text\n\n{other}"), base[1])
    assert result.theirs.description == f"New text\n\n{other}"


def test_categories_and_attendees_are_merged_by_element() -> None:
    anna, janis = Attendee("anna@example.com"), Attendee("janis@example.com")
    base = (replace(CALL, attendees=(anna, janis)), replace(THEIR_CALL, attendees=(anna, janis)))
    result = settled(
        base,
        replace(base[0], categories=("Call", "VIP"), attendees=(anna,)),
        replace(base[1], categories=("Call", "Blue"), attendees=(replace(anna, status="ACCEPTED"), janis)),
    )
    assert set(result.ours.categories) == set(result.theirs.categories) == {"Call", "VIP", "Blue"}
    assert result.ours.attendees == result.theirs.attendees == (replace(anna, status="ACCEPTED"),)
    assert result.conflicts == ()


def test_reminders_travel_as_a_whole() -> None:
    """Ten minutes made five here and fifteen there do not become two alarms."""
    five, fifteen = timedelta(minutes=-5), timedelta(minutes=-15)
    result = events(replace(CALL, reminders=(five,)), replace(THEIR_CALL, reminders=(fifteen,)), Winner.OURS)
    assert result.ours.reminders == result.theirs.reminders == (five,)
    assert result.conflicts == (FieldConflict("reminders", (five,), (fifteen,)),)


# A match of two new objects (R3, R17)


def test_a_match_fills_what_is_empty_on_either_side() -> None:
    ours = Contact("ours", formatted_name="Ilze Kalniņa", emails=(Labelled("ilze@example.com"),), title="CEO")
    theirs = Contact(
        "theirs",
        formatted_name="Kalniņa Ilze",
        name=Name("Kalniņa", "Ilze"),
        emails=(Labelled("ILZE@example.com"),),
        phones=(Labelled("1"),),
        note="Likes tea",
    )
    result = settled(None, ours, theirs)
    assert (result.ours.name, result.ours.phones, result.ours.note) == (theirs.name, theirs.phones, "Likes tea")
    assert result.theirs.title == "CEO"
    assert [email.value for email in result.ours.emails] == ["ilze@example.com"]


@pytest.mark.parametrize("who", Winner)
def test_a_match_of_different_texts_is_a_conflict(who: Winner) -> None:
    result = settled(None, replace(CALL, description="A"), replace(THEIR_CALL, description="B"), who)
    assert [conflict.field for conflict in result.conflicts] == ["description"]
    texts = {Winner.OURS: ("A", "A"), Winner.THEIRS: ("B", "B"), Winner.NEITHER: ("A", "B")}
    assert (result.ours.description, result.theirs.description) == texts[who]


@pytest.mark.parametrize("who", Winner)
@pytest.mark.parametrize(("ours", "theirs"), [(Privacy.PUBLIC, Privacy.PRIVATE), (Privacy.PRIVATE, Privacy.PUBLIC)])
def test_the_remote_decides_about_privacy_of_a_match(who: Winner, ours: Privacy, theirs: Privacy) -> None:
    """R10: the external side is the source of truth on reconnect."""
    result = settled(None, replace(CALL, privacy=ours), replace(THEIR_CALL, privacy=theirs), who)
    assert result.ours.privacy is result.theirs.privacy is theirs
    assert result.conflicts == ()


def test_privacy_that_a_remote_cannot_express_stays() -> None:
    expresses = frozenset({"summary", "start", "end"})
    result = settled(None, replace(CALL, privacy=Privacy.PRIVATE), THEIR_CALL, expresses=expresses)
    assert result.ours.privacy is Privacy.PRIVATE


def test_a_match_of_equal_objects_changes_nothing() -> None:
    result = settled(None, WEEKLY, THEIR_WEEKLY, Winner.NEITHER)
    assert result == Reconciled(WEEKLY, THEIR_WEEKLY, (), ours_changed=False, theirs_changed=False)
