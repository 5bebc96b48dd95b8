from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.merge import FieldConflict, Version, changed_fields, likely_base, merge, merge_elements


@dataclass(frozen=True)
class Card:
    name: str = ""
    title: str = ""
    phones: tuple[str, ...] = ()


BASE = Card("Ilze", "Director", ("1", "2"))
cards = st.builds(
    Card, st.sampled_from("abc"), st.sampled_from("abc"), st.lists(st.sampled_from("1234"), unique=True).map(tuple)
)


def test_a_field_that_one_side_changed_is_taken_from_that_side() -> None:
    merged, conflicts = merge(BASE, replace(BASE, title="Owner"), replace(BASE, name="Ilze K."))
    assert merged == Card("Ilze K.", "Owner", ("1", "2"))
    assert conflicts == ()


def test_a_field_that_both_changed_takes_theirs_and_reports_ours() -> None:
    merged, conflicts = merge(BASE, replace(BASE, title="Owner"), replace(BASE, title="CEO"))
    assert merged.title == "CEO"
    assert conflicts == (FieldConflict("title", "CEO", "Owner"),)


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    both = replace(BASE, title="CEO")
    assert merge(BASE, both, both) == (both, ())


def test_lists_are_merged_by_element() -> None:
    merged, conflicts = merge(BASE, replace(BASE, phones=("1", "2", "3")), replace(BASE, phones=("2", "4")))
    assert merged.phones == ("2", "4", "3")
    assert conflicts == ()


def test_what_one_side_removed_does_not_come_back() -> None:
    assert merge_elements(("1", "2"), ("2",), ("1", "2", "3")) == ("2", "3")


@given(cards, cards)
def test_with_only_one_editor_the_merge_is_that_edit(base: Card, edited: Card) -> None:
    assert merge(base, base, edited) == (edited, ())
    merged, conflicts = merge(base, edited, base)
    assert (merged, conflicts) == (edited, ())


@given(cards, cards, cards)
def test_nothing_is_invented_and_every_loss_is_reported(base: Card, ours: Card, theirs: Card) -> None:
    merged, conflicts = merge(base, ours, theirs)
    for name in ("name", "title"):
        assert getattr(merged, name) in {getattr(ours, name), getattr(theirs, name)}
        lost = getattr(ours, name) != getattr(base, name) and getattr(merged, name) != getattr(ours, name)
        assert lost == (name in {conflict.field for conflict in conflicts})


def test_the_base_of_an_unguarded_write_is_the_nearest_earlier_version() -> None:
    now = replace(BASE, phones=("9",))
    stale_edit = replace(BASE, title="CEO")
    base = likely_base([Version("", now), Version("", BASE)], Version("", stale_edit))
    assert base.fields == BASE
    assert merge(base.fields, now, stale_edit)[0] == Card("Ilze", "CEO", ("9",))


def test_of_versions_with_as_many_changes_the_one_with_the_nearest_text_is_the_base() -> None:
    newest, oldest = Version("a\nREV:2", replace(BASE, title="a")), Version("b\nREV:1", replace(BASE, title="b"))
    assert likely_base([newest, oldest], Version("c\nREV:1", replace(BASE, title="c"))) is oldest
    assert likely_base([newest, oldest], Version("c\nREV:3", replace(BASE, title="c"))) is newest


def test_changed_fields_are_named() -> None:
    assert changed_fields(BASE, replace(BASE, name="x", phones=())) == {"name", "phones"}
