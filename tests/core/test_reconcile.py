"""R23: two versions of an object are brought together field by field; R10, R11 and R24 on the way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Address, Birthday, Contact, Labelled, Name, Photo
from bridge.core.digest import canonical, encoded, same
from bridge.core.event import Attendee, Event, EventKind, Links, Moment, Privacy
from bridge.core.merge import FieldConflict
from bridge.core.reconcile import Agreed, Reconciled, Winner, reconcile, winner
from bridge.core.scope import ConflictPolicy

RIGA = ZoneInfo("Europe/Riga")
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=RIGA)


CALL = Event(
    "ours@example.com",
    summary="Call",
    start=at(1, 10),
    end=at(1, 11),
    location="Rīga",
    categories=("Call",),
    links=Links(1, 2, 3),
    sequence=3,
    created=OLD,
)
THEIR_CALL = replace(CALL, uid="theirs", links=Links(), sequence=0, created=NEW)
WEEKLY = replace(
    CALL,
    recurrence=("RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Riga:20260608T100000"),
    overrides=(replace(CALL, recurrence_id=at(15, 10), start=at(15, 12), end=at(15, 13)),),
)
THEIR_WEEKLY = replace(
    WEEKLY,
    uid="theirs",
    overrides=(replace(WEEKLY.overrides[0], uid="theirs", links=Links()),),
    links=Links(),
    sequence=0,
)
ILZE = Contact(
    "ours",
    formatted_name="Ilze Kalniņa",
    name=Name("Kalniņa", "Ilze"),
    emails=(Labelled("ilze@example.com", "work", primary=True), Labelled("ilze@example.lv", "home")),
    phones=(Labelled("+371 29123456", "mobile"),),
    person_id=7,
)
THEIR_ILZE = replace(ILZE, uid="theirs", person_id=None)


def settled(
    then: tuple[Any, Any] | None,
    ours: Any,
    theirs: Any,
    who: Winner = Winner.THEIRS,
    expresses: frozenset[str] | None = None,
) -> Reconciled[Any]:
    agreed = Agreed(*then) if then is not None else None
    result = reconcile(agreed, ours, theirs, winner=who, expresses=expresses)
    again = reconcile(agreed, result.ours, result.theirs, winner=who, expresses=expresses)
    assert (again.ours, again.theirs) == (result.ours, result.theirs)
    return result


def events(ours: Event, theirs: Event, who: Winner = Winner.THEIRS) -> Reconciled[Event]:
    return settled((CALL, THEIR_CALL), ours, theirs, who)


def series(ours: Event, theirs: Event, who: Winner = Winner.THEIRS) -> Reconciled[Event]:
    return settled((WEEKLY, THEIR_WEEKLY), ours, theirs, who)


def contacts(ours: Contact, theirs: Contact, who: Winner = Winner.THEIRS) -> Reconciled[Contact]:
    return settled((ILZE, THEIR_ILZE), ours, theirs, who)


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


# Time


def test_start_and_end_are_one_unit() -> None:
    moved = replace(CALL, start=at(2, 10), end=at(2, 11))
    longer = replace(THEIR_CALL, end=at(1, 12))
    result = events(moved, longer, Winner.OURS)
    assert (result.ours.start, result.ours.end) == (result.theirs.start, result.theirs.end) == (at(2, 10), at(2, 11))
    assert {conflict.field for conflict in result.conflicts} == {"start", "end"}
    result = events(moved, longer, Winner.THEIRS)
    assert (result.ours.start, result.ours.end) == (result.theirs.start, result.theirs.end) == (at(1, 10), at(1, 12))
    result = events(moved, longer, Winner.NEITHER)
    assert (result.ours, result.theirs) == (moved, longer)
    assert result.conflicts


def test_a_day_takes_the_place_of_a_time_as_a_whole() -> None:
    result = events(CALL, replace(THEIR_CALL, start=date(2026, 6, 1), end=date(2026, 6, 2)))
    assert (result.ours.start, result.ours.end) == (date(2026, 6, 1), date(2026, 6, 2))


def test_an_event_becomes_a_series_and_its_text_is_edited() -> None:
    result = events(replace(CALL, summary="Weekly call"), replace(THEIR_CALL, recurrence=("RRULE:FREQ=WEEKLY",)))
    assert result.ours == replace(CALL, summary="Weekly call", recurrence=("RRULE:FREQ=WEEKLY",))
    assert result.theirs.summary == "Weekly call"


def override(day: int, hour: int, **changes: Any) -> Event:
    return replace(CALL, recurrence_id=at(day, 10), start=at(day, hour), end=at(day, hour + 1), **changes)


def test_exceptions_of_different_occurrences_are_merged() -> None:
    """R11: each is a change of its own."""
    ours = replace(WEEKLY, overrides=(*WEEKLY.overrides, override(22, 14)))
    theirs = replace(THEIR_WEEKLY, overrides=(*THEIR_WEEKLY.overrides, override(29, 9, uid="theirs", links=Links())))
    result = series(ours, theirs)
    for side, uid, links in ((result.ours, CALL.uid, CALL.links), (result.theirs, "theirs", Links())):
        assert {each.recurrence_id: each.start for each in side.overrides} == {
            at(15, 10): at(15, 12),
            at(22, 10): at(22, 14),
            at(29, 10): at(29, 9),
        }
        assert {each.uid for each in side.overrides} == {uid}
        assert {each.links for each in side.overrides} == {links}
        assert side.recurrence == WEEKLY.recurrence
    assert result.conflicts == ()


def test_an_exception_that_both_edited_is_merged_field_by_field() -> None:
    ours = replace(WEEKLY, overrides=(replace(WEEKLY.overrides[0], summary="A", location="x"),))
    theirs = replace(THEIR_WEEKLY, overrides=(replace(THEIR_WEEKLY.overrides[0], summary="B", busy=False),))
    result = series(ours, theirs, Winner.OURS)
    for side in (result.ours, result.theirs):
        assert (side.overrides[0].summary, side.overrides[0].location, side.overrides[0].busy) == ("A", "x", False)
    assert result.conflicts == (FieldConflict("overrides/2026-06-15T10:00:00+03:00/summary", "A", "B"),)


def test_occurrences_deleted_on_either_side_are_gone_on_both() -> None:
    ours = replace(WEEKLY, recurrence=(*WEEKLY.recurrence, "EXDATE:20260622T070000Z"))
    theirs = replace(
        THEIR_WEEKLY,
        recurrence=("RRULE:FREQ=WEEKLY", "EXDATE:20260608T070000Z,20260615T070000Z"),
        overrides=(),
    )
    result = series(ours, theirs)
    for side in (result.ours, result.theirs):
        assert side.overrides == ()
        assert same(
            side,
            replace(WEEKLY, overrides=(), recurrence=(*WEEKLY.recurrence, "EXDATE:20260615T070000Z,20260622T070000Z")),
        )


@pytest.mark.parametrize("known", [True, False], ids=["edited before", "never edited before"])
def test_an_edited_occurrence_that_the_other_side_deleted_takes_place(known: bool) -> None:
    """R23: an edit beats a deletion."""
    base = (WEEKLY, THEIR_WEEKLY) if known else (replace(WEEKLY, overrides=()), replace(THEIR_WEEKLY, overrides=()))
    ours = replace(base[0], overrides=(override(15, 16),))
    theirs = replace(base[1], recurrence=(*WEEKLY.recurrence, "EXDATE:20260615T070000Z"), overrides=())
    result = settled(base, ours, theirs)
    for side in (result.ours, result.theirs):
        assert [each.start for each in side.overrides] == [at(15, 16)]
        assert side.recurrence == WEEKLY.recurrence


def test_a_series_that_was_moved_takes_its_exceptions_along() -> None:
    moved = replace(
        THEIR_WEEKLY,
        start=at(2, 10),
        end=at(2, 11),
        overrides=(replace(THEIR_WEEKLY.overrides[0], recurrence_id=at(16, 10)),),
    )
    result = series(replace(WEEKLY, summary="Weekly"), moved)
    assert (result.ours.start, result.ours.summary, result.theirs.summary) == (at(2, 10), "Weekly", "Weekly")
    assert [each.recurrence_id for each in result.ours.overrides] == [at(16, 10)]
    assert result.conflicts == ()


def test_a_moved_series_and_an_edited_exception_are_a_conflict() -> None:
    """The exception is one of an occurrence that is no more."""
    moved = replace(THEIR_WEEKLY, start=at(2, 10), end=at(2, 11), overrides=())
    edited = replace(WEEKLY, overrides=(replace(WEEKLY.overrides[0], summary="A"),))
    result = series(edited, moved)
    assert same(result.ours, moved)
    assert {conflict.field for conflict in result.conflicts} == {"start", "end", "overrides"}
    result = series(edited, moved, Winner.OURS)
    assert same(result.theirs, edited)


def test_a_longer_series_keeps_the_exceptions_of_both() -> None:
    ours = replace(WEEKLY, overrides=(*WEEKLY.overrides, override(22, 14)))
    theirs = replace(THEIR_WEEKLY, end=at(1, 12))
    result = series(ours, theirs)
    assert result.ours.end == result.theirs.end == at(1, 12)
    assert len(result.ours.overrides) == len(result.theirs.overrides) == 2
    assert result.conflicts == ()


def test_an_exception_keeps_what_the_remote_cannot_express() -> None:
    expresses = frozenset({"summary", "start", "end", "recurrence", "overrides"})
    theirs = Event("t", summary="Call", start=at(1, 10), end=at(1, 11), recurrence=WEEKLY.recurrence)
    theirs = replace(theirs, overrides=(replace(override(15, 12), uid="t", location="", categories=()),))
    new = Event("t", summary="New", start=at(22, 9), end=at(22, 10), recurrence_id=at(22, 10))
    edited = replace(theirs, overrides=(replace(theirs.overrides[0], summary="Edited"), new))
    result = settled((WEEKLY, theirs), WEEKLY, edited, expresses=expresses)
    assert [(each.summary, each.location, each.categories) for each in result.ours.overrides] == [
        ("Edited", "Rīga", ("Call",)),
        ("New", "Rīga", ("Call",)),
    ]


# Contacts


def test_values_of_a_contact_are_merged_by_element() -> None:
    ours = replace(ILZE, emails=(*ILZE.emails, Labelled("new@example.com")), phones=())
    theirs = replace(THEIR_ILZE, emails=(replace(ILZE.emails[0], value="ILZE@example.com"), Labelled("x@example.com")))
    result = contacts(ours, theirs)
    values = {"ilze@example.com", "new@example.com", "x@example.com"}
    assert {email.value.lower() for email in result.ours.emails} == values
    assert same(result.ours, result.theirs)
    assert result.theirs.phones == ()
    assert result.conflicts == ()


def test_a_value_that_both_labelled_anew_is_a_conflict() -> None:
    ours = replace(ILZE, phones=(Labelled("+37129123456", "work"),))
    theirs = replace(THEIR_ILZE, phones=(Labelled("+371-29123456", "home"),))
    result = contacts(ours, theirs, Winner.OURS)
    assert result.theirs.phones == ours.phones
    assert result.conflicts == (FieldConflict("phones", ours.phones[0], theirs.phones[0]),)
    left = contacts(ours, theirs, Winner.NEITHER)
    assert (left.ours.phones, left.theirs.phones) == (ours.phones, theirs.phones)
    assert len(left.conflicts) == 1


def test_a_value_that_was_edited_is_not_removed() -> None:
    ours = replace(ILZE, phones=(Labelled("+37129123456", "work"),))
    result = contacts(ours, replace(THEIR_ILZE, phones=()))
    assert result.theirs.phones == result.ours.phones == ours.phones


def test_one_number_under_two_labels_is_two_values() -> None:
    twice = (Labelled("1", "home"), Labelled("1", "work"))
    base = (replace(ILZE, phones=twice), replace(THEIR_ILZE, phones=twice))
    result = settled(base, base[0], replace(base[1], phones=(Labelled("1", "work"), Labelled("1", "home"))))
    assert not result.ours_changed
    result = settled(base, base[0], replace(base[1], phones=twice[1:]))
    assert result.ours.phones == twice[1:]


def test_the_mark_of_the_primary_value_moves_as_one() -> None:
    first, second = ILZE.emails
    swapped = (replace(first, primary=False), replace(second, primary=True))
    result = contacts(
        replace(ILZE, emails=(*ILZE.emails, Labelled("x@example.com"))), replace(THEIR_ILZE, emails=swapped)
    )
    for side in (result.ours, result.theirs):
        assert [email.value for email in side.emails if email.primary] == [second.value]
        assert len(side.emails) == 3


@pytest.mark.parametrize("who", Winner)
def test_a_display_name_follows_the_parts(who: Winner) -> None:
    married = Name("Bērziņa", "Ilze")
    result = contacts(replace(ILZE, name=married, formatted_name="Ilze Bērziņa"), replace(THEIR_ILZE, title="CEO"), who)
    assert (result.theirs.name, result.theirs.formatted_name) == (married, "Ilze Bērziņa")
    result = contacts(ILZE, replace(THEIR_ILZE, name=married, formatted_name="Bērziņa, Ilze"), who)
    assert (result.ours.name, result.ours.formatted_name) == (married, "Bērziņa, Ilze")


def test_a_display_name_is_made_where_the_remote_has_none() -> None:
    expresses = frozenset({"name", "emails"})
    theirs = Contact("t", name=ILZE.name, emails=ILZE.emails)
    result = settled((ILZE, theirs), ILZE, replace(theirs, name=Name("Bērziņa", "Ilze")), expresses=expresses)
    assert result.ours.formatted_name == "Ilze Bērziņa"
    own = replace(ILZE, formatted_name="Ilze from the bank")
    result = settled((own, theirs), own, replace(theirs, name=Name("Bērziņa", "Ilze")), expresses=expresses)
    assert result.ours.formatted_name == "Ilze from the bank"


def test_a_name_that_was_taken_away_leaves_no_display_name() -> None:
    result = contacts(ILZE, replace(THEIR_ILZE, name=Name(), formatted_name=""))
    assert (result.ours.name, result.ours.formatted_name) == (Name(), "")
    expresses = frozenset({"name"})
    result = settled((ILZE, THEIR_ILZE), ILZE, replace(THEIR_ILZE, name=Name()), expresses=expresses)
    assert (result.ours.name, result.ours.formatted_name) == (Name(), "Ilze Kalniņa")


def test_parts_give_way_to_a_display_name_where_the_remote_has_no_parts() -> None:
    expresses = frozenset({"formatted_name"})
    theirs = Contact("t", formatted_name="Ilze Kalniņa")
    result = settled((ILZE, theirs), ILZE, replace(theirs, formatted_name="Ilze Bērziņa"), expresses=expresses)
    assert (result.ours.formatted_name, result.ours.name) == ("Ilze Bērziņa", Name())


def test_a_photo_and_a_birthday_travel_as_a_whole() -> None:
    result = contacts(replace(ILZE, photo=Photo(b"x")), replace(THEIR_ILZE, birthday=Birthday(5, 1)))
    assert (result.theirs.photo, result.ours.birthday) == (Photo(b"x"), Birthday(5, 1))


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


# Whatever happens

MOMENTS: list[Moment] = [at(1, 10), at(1, 11), at(2, 10), datetime(2026, 6, 1, 8, tzinfo=UTC), date(2026, 6, 1)]
LABELLED = st.lists(
    st.builds(Labelled, st.sampled_from("abc"), st.sampled_from(["", "work"]), st.booleans()), max_size=4
).map(tuple)
SUBJECTS = st.sampled_from(["", "a", "b"])
SINGLE = st.builds(
    Event,
    st.just("u"),
    kind=st.sampled_from(EventKind),
    summary=SUBJECTS,
    start=st.sampled_from(MOMENTS[:3]),
    end=st.none() | st.sampled_from(MOMENTS),
    description=SUBJECTS,
    categories=st.lists(st.sampled_from("abc"), max_size=2).map(tuple),
    done=st.booleans(),
    privacy=st.sampled_from(Privacy),
    reminders=st.lists(st.sampled_from([timedelta(0), timedelta(1)]), max_size=2).map(tuple),
    attendees=st.lists(st.builds(Attendee, st.sampled_from(["a@x", "b@x"])), max_size=2, unique=True).map(tuple),
)
DAYS = (8, 15, 22)


@st.composite
def repeated(draw: st.DrawFn) -> Event:
    master = draw(SINGLE)
    rules = draw(st.sampled_from([("RRULE:FREQ=WEEKLY",), ("RRULE:FREQ=WEEKLY;COUNT=9",)]))
    excluded = draw(st.lists(st.sampled_from(DAYS), unique=True, max_size=2))
    edited = draw(st.lists(st.sampled_from(DAYS), unique=True, max_size=2).map(lambda days: set(days) - set(excluded)))
    return replace(
        master,
        recurrence=(*rules, *(f"EXDATE;TZID=Europe/Riga:202606{day:02}T100000" for day in excluded)),
        overrides=tuple(replace(draw(SINGLE), recurrence_id=at(day, 10)) for day in sorted(edited)),
    )


CARDS = st.builds(
    Contact,
    st.just("u"),
    formatted_name=st.sampled_from(["", "A B", "B, A", "C"]),
    name=st.sampled_from([Name(), Name("B", "A"), Name("C", "A")]),
    title=SUBJECTS,
    emails=LABELLED,
    phones=LABELLED,
    addresses=st.lists(st.builds(Address, st.sampled_from("ab")), max_size=2).map(tuple),
    birthday=st.none() | st.just(Birthday(1, 2)),
)

KINDS = st.sampled_from([SINGLE, repeated(), SINGLE | repeated(), CARDS])


def several(count: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Objects of one kind; often two of them are the same."""
    return KINDS.flatmap(lambda kind: st.lists(kind, min_size=1, max_size=count)).flatmap(
        lambda pool: st.tuples(*[st.sampled_from(pool)] * count)
    )


LIMITS = st.none() | st.sampled_from(
    [
        frozenset({"summary", "start", "end", "name", "emails"}),
        frozenset({"kind", "start", "end", "recurrence", "overrides"}),
    ]
)


@given(several(4), st.sampled_from(Winner), LIMITS)
def test_a_second_application_changes_nothing(
    objects: tuple[Any, ...], who: Winner, expresses: frozenset[str] | None
) -> None:
    """R24: neither from the same bases, nor from those that a run stores afterwards."""
    then_ours, then_theirs, ours, theirs = objects
    for agreed in (Agreed(then_ours, then_theirs), None):
        result = reconcile(agreed, ours, theirs, winner=who, expresses=expresses)
        again = reconcile(agreed, result.ours, result.theirs, winner=who, expresses=expresses)
        assert not again.ours_changed, again.ours
        assert not again.theirs_changed, again.theirs
        stored = Agreed(result.ours, result.theirs)
        later = reconcile(stored, result.ours, result.theirs, winner=who, expresses=expresses)
        assert (later.ours_changed, later.theirs_changed, later.conflicts) == (False, False, ())


@given(several(2), st.sampled_from(Winner))
def test_what_only_we_changed_is_what_they_say_afterwards(objects: tuple[Any, ...], who: Winner) -> None:
    base, ours = objects
    result = reconcile(Agreed(base, base), ours, base, winner=who, expresses=None)
    assert not result.ours_changed
    assert same(result.theirs, ours)
    assert result.theirs_changed is not same(base, ours)
    assert result.conflicts == ()


@given(several(2), st.sampled_from(Winner), LIMITS)
def test_what_only_they_changed_is_what_we_say_afterwards(
    objects: tuple[Any, ...], who: Winner, expresses: frozenset[str] | None
) -> None:
    base, theirs = objects
    result = reconcile(Agreed(base, base), base, theirs, winner=who, expresses=expresses)
    assert not result.theirs_changed
    assert same(result.ours, theirs, expresses)
    assert result.conflicts == ()


@given(several(3), st.sampled_from([Winner.OURS, Winner.THEIRS]))
def test_both_sides_agree_in_the_end(objects: tuple[Any, ...], who: Winner) -> None:
    base, ours, theirs = objects
    result = reconcile(Agreed(base, base), ours, theirs, winner=who, expresses=None)
    assert same(result.ours, result.theirs)


@given(several(3), st.sampled_from(Winner))
def test_sides_have_equal_rights(objects: tuple[Any, ...], who: Winner) -> None:
    base, ours, theirs = objects
    swapped = {Winner.OURS: Winner.THEIRS, Winner.THEIRS: Winner.OURS}.get(who, who)
    result = reconcile(Agreed(base, base), ours, theirs, winner=who, expresses=None)
    mirror = reconcile(Agreed(base, base), theirs, ours, winner=swapped, expresses=None)
    assert same(result.ours, mirror.theirs)
    assert same(result.theirs, mirror.ours)


@given(several(3), st.sampled_from(Winner))
def test_nothing_that_one_side_alone_changed_is_lost(objects: tuple[Any, ...], who: Winner) -> None:
    base, ours, theirs = objects
    result = reconcile(Agreed(base, base), ours, theirs, winner=who, expresses=None)
    forms = [canonical(each) for each in (base, ours, theirs, result.ours, result.theirs)]
    conflicts = {conflict.field.rpartition("/")[2] for conflict in result.conflicts}
    whole = {"summary", "description", "done", "privacy", "reminders", "title", "birthday", "name"}
    for name in whole & {*type(base).__dataclass_fields__}:
        then, mine, other, *after = (encoded(getattr(form, name)) for form in forms)
        expected = other if mine == then else mine
        if other in {then, mine} or mine == then:
            assert after == [expected, expected], name
        else:
            assert name in conflicts
            assert set(after) <= {mine, other}
