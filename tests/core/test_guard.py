"""R22: the mass-delete guard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.guard import Counts, Limits, check


@pytest.mark.parametrize(
    ("linked", "deletions", "allowed"),
    [
        (0, 0, True),
        (10, 10, True),  # ten are always allowed …
        (11, 11, False),
        (40, 10, True),
        (40, 11, False),
        (50, 10, True),
        (55, 11, True),  # … and a fifth
        (54, 11, False),
        (1000, 200, True),
        (1000, 201, False),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_more_than_a_fifth_is_asked_about(linked: int, deletions: int, allowed: bool, there: bool) -> None:
    counts = Counts(linked, 0 if there else deletions, deletions if there else 0, 100, 100)
    danger = check(counts)
    assert (danger is None) is allowed
    if danger is not None:
        assert f"{deletions} of {linked} objects" in danger.message
        assert ("other side" in danger.message) is there
        assert danger.counts == {
            "linked": linked,
            "delete_here": counts.delete_here,
            "delete_there": counts.delete_there,
            "ours_total": 100,
            "theirs_total": 100,
        }


def test_each_side_counts_for_itself() -> None:
    assert check(Counts(50, 10, 10, 40, 40)) is None


@pytest.mark.parametrize(
    ("linked", "ours", "theirs", "said"),
    [
        (3, 0, 5, "The CRM is suddenly empty, and 3 objects were in sync."),
        (3, 5, 0, "The other side is suddenly empty, and 3 objects were in sync."),
        (2, 5, 0, ""),
        (0, 5, 0, ""),
        (300, 0, 0, ""),
        (300, 1, 1, ""),
    ],
)
def test_a_side_that_is_suddenly_empty_is_asked_about(linked: int, ours: int, theirs: int, said: str) -> None:
    danger = check(Counts(linked, 0, 0, ours, theirs))
    assert (danger is not None) is bool(said)
    assert danger is None or danger.message.startswith(said)


@given(st.integers(0, 10), st.integers(0, 10), st.integers(0, 10_000), st.integers(1, 10), st.integers(1, 10))
def test_ten_deletions_a_side_never_ask(here: int, there: int, linked: int, ours: int, theirs: int) -> None:
    assert check(Counts(linked, here, there, ours, theirs)) is None


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_fewer_deletions_are_never_more_dangerous(linked: int, some: int, more: int) -> None:
    few, many = sorted((some, more))
    if check(Counts(linked, few, 0, 1, 1)) is not None:
        assert check(Counts(linked, many, 0, 1, 1)) is not None


def test_an_installation_may_have_other_limits() -> None:
    """``max_delete_count`` and ``max_delete_percent`` of the configuration."""
    counts = Counts(100, 6, 0, 100, 100)
    assert check(counts) is None
    assert check(counts, Limits(count=5, percent=5)) is not None
    assert check(counts, Limits(count=5, percent=6)) is None
    assert check(counts, Limits(count=0, percent=0)) is not None
