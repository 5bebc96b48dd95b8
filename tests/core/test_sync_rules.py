"""What is part of a sync, and which rule keeps the rest out (R5 to R8, R10, R12, R14, R15, R20)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.activity import Activity, Visibility
from bridge.core.contact import Contact, ContactKind, Labelled, Name
from bridge.core.event import Event, EventKind, Privacy
from bridge.core.event_span import last_end
from bridge.core.person import Person
from bridge.core.rules import (
    Include,
    LeaveOut,
    Verdict,
    incoming_contact,
    incoming_event,
    one_way,
    outgoing_activity,
    outgoing_contact,
    outgoing_event,
    outgoing_person,
)
from bridge.core.scope import CalendarScope, ContactScope, Direction, PrivatePolicy
from tests.core.strategies import events

RIGA = ZoneInfo("Europe/Riga")
SINCE = datetime(2026, 6, 1, 12, tzinfo=RIGA)
LATER = SINCE + timedelta(days=90)
SCOPE = CalendarScope(1, since=SINCE)
CALL = Event("a", type_key="call", start=SINCE + timedelta(days=1), end=SINCE + timedelta(days=1, hours=1))
ACTIVITY = Activity("a", 1, type="call", due_date=date(2026, 6, 2))
ILZE = Contact("c", formatted_name="Ilze Kalniņa")
PERSON = Person("c", 1, "Ilze Kalniņa")


def rule(verdict: Verdict) -> str:
    """The rule that keeps something out; empty where it is in. Each says why, and what to do."""
    if isinstance(verdict, Include):
        assert not verdict.masked
        return ""
    assert verdict.reason.endswith(".")
    assert verdict.remedy.endswith(".")
    return verdict.rule


def going(event: Event, scope: CalendarScope = SCOPE, *, linked: bool = False) -> str:
    return rule(outgoing_event(event, scope, zone=RIGA, now=LATER, linked=linked))


def coming(event: Event, scope: CalendarScope = SCOPE, *, linked: bool = False) -> str:
    return rule(incoming_event(event, scope, zone=RIGA, now=LATER, linked=linked))


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        (ACTIVITY, ""),
        (replace(ACTIVITY, owner_id=2), "R5"),
        (replace(ACTIVITY, deleted=True), "R21"),
        (replace(ACTIVITY, visibility=Visibility.OWNER), ""),  # R12 is about others
        (replace(ACTIVITY, done=True), ""),
    ],
)
def test_r5_only_activities_owned_by_the_user_go_out(activity: Activity, expected: str) -> None:
    for linked in (True, False):
        assert rule(outgoing_activity(activity, CALL, SCOPE, zone=RIGA, now=LATER, linked=linked)) == expected


def test_an_owned_activity_is_judged_like_its_event() -> None:
    scope = replace(SCOPE, types=frozenset())
    assert rule(outgoing_activity(ACTIVITY, CALL, scope, zone=RIGA, now=LATER, linked=True)) == "R8"


DAILY = ("RRULE:FREQ=DAILY;COUNT=3",)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (replace(CALL, start=SINCE, end=None), ""),
        (replace(CALL, start=SINCE - timedelta(seconds=1), end=None), "R6"),
        (replace(CALL, start=SINCE - timedelta(hours=1), end=SINCE + timedelta(hours=1)), ""),
        (replace(CALL, start=SINCE - timedelta(hours=2), end=SINCE - timedelta(hours=1)), "R6"),
        (replace(CALL, start=date(2026, 6, 1), end=None), ""),
        (replace(CALL, start=date(2026, 5, 31), end=None), "R6"),
        (replace(CALL, start=date(2026, 5, 31), end=date(2026, 6, 2)), ""),
        # floating times are meant in the user's zone
        (replace(CALL, start=datetime(2026, 6, 1, 12), end=None), ""),
        (replace(CALL, start=datetime(2026, 6, 1, 11, 59), end=None), "R6"),
        # a series counts by its last occurrence
        (replace(CALL, start=SINCE - timedelta(days=400), end=None, recurrence=("RRULE:FREQ=DAILY",)), ""),
        (replace(CALL, start=SINCE - timedelta(days=2), end=None, recurrence=DAILY), ""),
        (replace(CALL, start=SINCE - timedelta(days=3), end=None, recurrence=DAILY), "R6"),
        (
            replace(
                CALL,
                start=SINCE - timedelta(days=3),
                end=None,
                recurrence=DAILY,
                overrides=(replace(CALL, recurrence_id=SINCE - timedelta(days=1)),),
            ),
            "",
        ),
        # what is due later
        (Event("t", EventKind.TASK, type_key="call", end=SINCE + timedelta(days=1)), ""),
        (Event("t", EventKind.TASK, type_key="call", end=SINCE - timedelta(days=1)), "R6"),
    ],
)
def test_r6_only_what_lies_in_the_future_is_taken_up(event: Event, expected: str) -> None:
    assert going(event) == coming(event) == expected
    assert going(event, linked=True) == coming(event, linked=True) == ""


def test_r6_a_sync_that_was_not_started_counts_from_now() -> None:
    scope = replace(SCOPE, since=None)
    assert going(CALL, scope) == coming(CALL, scope) == "R6"
    assert going(replace(CALL, end=LATER), scope) == coming(replace(CALL, end=LATER), scope) == ""


@given(events, st.booleans())
@settings(max_examples=25)
def test_r6_what_is_linked_is_never_left_out_for_its_age(event: Event, incoming: bool) -> None:
    dated = replace(event, type_key="call", start=event.start or date(2000, 1, 1))
    assert (coming if incoming else going)(dated, linked=True) == ""


def test_r7_and_r15_new_objects_do_not_go_against_a_one_way_sync() -> None:
    assert one_way(SCOPE) is None
    assert one_way(ContactScope(1)) is None
    calendar = one_way(replace(SCOPE, direction=Direction.ONE_WAY))
    group = one_way(ContactScope(1, Direction.ONE_WAY))
    assert calendar is not None
    assert group is not None
    assert (rule(calendar), rule(group)) == ("R7", "R15")


@pytest.mark.parametrize(
    ("types", "expected"),
    [(None, ""), (frozenset({"call", "lunch"}), ""), (frozenset({"lunch"}), "R8"), (frozenset(), "R8")],
)
def test_r8_only_the_chosen_types_go_out(types: frozenset[str] | None, expected: str) -> None:
    scope = replace(SCOPE, types=types)
    assert going(CALL, scope) == going(CALL, scope, linked=True) == expected
    assert coming(CALL, scope) == ""


@pytest.mark.parametrize("policy", PrivatePolicy)
@pytest.mark.parametrize("privacy", Privacy)
@pytest.mark.parametrize("linked", [True, False])
def test_r10_private_events_may_be_left_out(policy: PrivatePolicy, privacy: Privacy, linked: bool) -> None:
    event, scope = replace(CALL, privacy=privacy), replace(SCOPE, private=policy)
    out = policy is PrivatePolicy.SKIP and privacy is not Privacy.PUBLIC
    assert going(event, scope, linked=linked) == coming(event, scope, linked=linked) == ("R10" if out else "")


@pytest.mark.parametrize("linked", [True, False])
def test_what_has_no_date_has_no_place_in_a_calendar(linked: bool) -> None:
    undated = replace(CALL, start=None, end=None)
    assert going(undated, linked=linked) == coming(undated, linked=linked) == "R27"


def arriving(contact: Contact, *, people: bool = True, organizations: bool = True, linked: bool = False) -> str:
    return rule(
        incoming_contact(
            contact,
            ContactScope(1),
            may_add_people=people,
            may_add_organizations=organizations,
            linked=linked,
        )
    )


@pytest.mark.parametrize(
    ("people", "organizations", "missing"),
    [(True, True, ""), (False, True, "people"), (True, False, "organizations"), (False, False, "people")],
)
def test_r14_new_contacts_need_both_permissions(people: bool, organizations: bool, missing: str) -> None:
    verdict = incoming_contact(
        ILZE, ContactScope(1), may_add_people=people, may_add_organizations=organizations, linked=False
    )
    assert rule(verdict) == ("R14" if missing else "")
    assert isinstance(verdict, Include) or f"add {missing}" in verdict.remedy
    assert arriving(ILZE, people=people, organizations=organizations, linked=True) == ""


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("kind", ContactKind)
def test_r15_only_persons_are_synced(kind: ContactKind, linked: bool) -> None:
    expected = "" if kind is ContactKind.PERSON else "R15"
    contact = replace(ILZE, kind=kind)
    assert arriving(contact, linked=linked) == expected
    assert rule(outgoing_contact(contact, ContactScope(1), linked=linked)) == expected


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (Contact("c"), "R15"),
        (Contact("c", formatted_name=" ", note="x"), "R15"),
        (Contact("c", name=Name(given="Ilze")), ""),
        (Contact("c", emails=(Labelled("ilze@example.com"),)), ""),
        (Contact("c", phones=(Labelled("1"),)), ""),
    ],
)
def test_r15_a_card_that_names_nobody_is_not_taken_up(contact: Contact, expected: str) -> None:
    assert arriving(contact) == expected
    assert rule(outgoing_contact(contact, ContactScope(1), linked=False)) == expected
    assert arriving(contact, linked=True) == ""
    assert rule(outgoing_contact(contact, ContactScope(1), linked=True)) == ""


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (PERSON, ""),
        (replace(PERSON, owner_id=2), "R15"),
        (replace(PERSON, deleted=True), "R21"),
        (replace(PERSON, visibility=Visibility.OWNER), ""),
    ],
)
def test_r15_only_persons_owned_by_the_user_go_out(person: Person, expected: str) -> None:
    for linked in (True, False):
        assert rule(outgoing_person(person, ILZE, ContactScope(1), linked=linked)) == expected


def test_r20_the_reason_names_the_type() -> None:
    verdict = outgoing_event(CALL, replace(SCOPE, types=frozenset()), zone=RIGA, now=LATER, linked=False)
    assert isinstance(verdict, LeaveOut)
    assert "“call”" in verdict.reason


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event("a"), None),
        (Event("a", start=datetime(2026, 6, 1, tzinfo=UTC)), datetime(2026, 6, 1, tzinfo=UTC)),
        (Event("a", start=date(2026, 6, 1)), datetime(2026, 6, 2, tzinfo=RIGA)),
        (Event("a", EventKind.TASK, start=date(2026, 6, 1)), datetime(2026, 6, 1, tzinfo=RIGA)),
        (Event("a", start=date(2026, 6, 1), recurrence=("RRULE:FREQ=DAILY",)), None),
        (
            Event("a", start=date(2026, 6, 1), recurrence=("RRULE:FREQ=DAILY;UNTIL=20260610",)),
            datetime(2026, 6, 11, tzinfo=RIGA),
        ),
        (
            Event("a", start=datetime(2026, 6, 1, 10, tzinfo=RIGA), recurrence=("RDATE:20260701T070000Z",)),
            datetime(2026, 7, 1, 10, tzinfo=RIGA),
        ),
        (Event("a", start=date(2026, 6, 1), recurrence=("RRULE:FREQ=SOMETIMES",)), None),
    ],
)
def test_when_an_event_is_over(event: Event, expected: datetime | None) -> None:
    assert last_end(event, RIGA) == (None if expected is None else expected.timestamp())
