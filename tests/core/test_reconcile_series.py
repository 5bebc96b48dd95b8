"""R10, R23: times, days and the exceptions of a series are brought together as units."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bridge.core.digest import same
from bridge.core.event import Event, Links
from bridge.core.merge import FieldConflict
from bridge.core.reconcile import Winner
from tests.core.reconciling import CALL, THEIR_CALL, THEIR_WEEKLY, WEEKLY, at, events, series, settled


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
