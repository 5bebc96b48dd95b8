"""What holds for any two versions of any two objects that are brought together."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Address, Birthday, Contact, Labelled, Name
from bridge.core.digest import canonical, encoded, same
from bridge.core.event import Attendee, Event, EventKind, Moment, Privacy
from bridge.core.reconcile import Agreed, Winner, reconcile
from tests.core.reconciling import at

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
