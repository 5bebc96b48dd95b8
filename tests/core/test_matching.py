"""R3 and R17: what is the same on both sides is tied, not created again."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Contact, Labelled, Name
from bridge.core.event import Event, EventKind
from bridge.core.matching import Candidate, contact_keys, event_keys, pair

A = Candidate("a", "uid-a", content=("k",))
B = Candidate("b", "uid-b", content=("k",))
X = Candidate("x", "uid-x")
Y = Candidate("y", "uid-y")


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        ([], [], {}),
        ([A], [], {}),
        ([A], [X], {}),
        ([A], [replace(X, uid="uid-a")], {"x": "a"}),
        ([A], [replace(X, stamp="uid-a")], {"x": "a"}),
        ([A], [replace(X, content=("k",))], {"x": "a"}),
        ([A], [replace(X, content=("other", "k"))], {"x": "a"}),
        # the UID before the stamp, and the stamp before the content
        ([A], [replace(X, stamp="uid-a"), replace(Y, uid="uid-a")], {"y": "a"}),
        ([A], [replace(X, content=("k",)), replace(Y, stamp="uid-a")], {"y": "a"}),
        # a copy took our stamp along: the one that still says the same is the original
        ([A], [replace(X, stamp="uid-a"), replace(Y, stamp="uid-a", content=("k",))], {"y": "a"}),
        ([A], [replace(X, stamp="uid-a"), replace(Y, stamp="uid-a")], {"x": "a"}),
        # nobody knows which of two it is …
        ([A, B], [replace(X, content=("k",))], {}),
        ([A], [replace(X, content=("k",)), replace(Y, content=("k",))], {}),
        # … unless there are as many on either side,
        ([A, B], [replace(X, content=("k",)), replace(Y, content=("k",))], {"x": "a", "y": "b"}),
        # another key tells them apart,
        (
            [replace(A, content=("a", "k")), replace(B, content=("b", "k"))],
            [replace(X, content=("k", "b")), replace(Y, content=("a", "k"))],
            {"x": "b", "y": "a"},
        ),
        # or all others are taken.
        ([A, B], [replace(X, content=("k",)), replace(Y, uid="uid-a")], {"x": "b", "y": "a"}),
        # nothing is known of what has no UID, stamp or content
        ([Candidate("a")], [Candidate("x")], {}),
    ],
)
def test_pairs(ours: list[Candidate], theirs: list[Candidate], pairs: dict[str, str]) -> None:
    assert pair(ours, theirs) == pairs


def candidates(prefix: str) -> st.SearchStrategy[list[Candidate]]:
    words = st.sampled_from(["", "u", "v", "w"])
    one = st.tuples(words, words, st.lists(st.sampled_from("klm"), max_size=3).map(tuple))
    return st.lists(one, max_size=6).map(
        lambda found: [Candidate(f"{prefix}{place}", *values) for place, values in enumerate(found)]
    )


@given(candidates("o"), candidates("t"))
def test_each_object_is_used_once_and_for_a_reason(ours: list[Candidate], theirs: list[Candidate]) -> None:
    pairs = pair(ours, theirs)
    assert len(set(pairs.values())) == len(pairs)
    ours_by_id, theirs_by_id = ({one.id: one for one in side} for side in (ours, theirs))
    for their_id, our_id in pairs.items():
        one, other = ours_by_id[our_id], theirs_by_id[their_id]
        assert (one.uid and one.uid in {other.uid, other.stamp}) or set(one.content) & set(other.content)


@given(candidates("o"), candidates("t"))
def test_what_is_left_alone_shares_nothing_clear(ours: list[Candidate], theirs: list[Candidate]) -> None:
    pairs = pair(ours, theirs)
    left = [one for one in ours if one.id not in pairs.values()]
    for other in (one for one in theirs if one.id not in pairs):
        assert not {one.uid for one in left if one.uid} & {other.uid, other.stamp}


def test_many_objects_are_paired_at_once() -> None:
    ours = [Candidate(f"o{n}", content=(f"k{n}", "office")) for n in range(2000)]
    theirs = [Candidate(f"t{n}", content=("office", f"k{n}")) for n in reversed(range(2000))]
    assert pair(ours, theirs) == {f"t{n}": f"o{n}" for n in range(2000)}


CALL = Event("a", summary="Call Ilze", start=datetime(2026, 6, 1, 10, tzinfo=ZoneInfo("Europe/Riga")))


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (replace(CALL, uid="b", description="x"), True),
        (replace(CALL, start=datetime(2026, 6, 1, 7, tzinfo=UTC)), True),
        (replace(CALL, summary="  call  ILZE "), True),
        (replace(CALL, summary="Call Anna"), False),
        (replace(CALL, start=datetime(2026, 6, 1, 11, tzinfo=UTC)), False),
        (replace(CALL, start=datetime(2026, 6, 1, 10)), False),
        (replace(CALL, start=date(2026, 6, 1)), False),
        (replace(CALL, recurrence=("RRULE:FREQ=DAILY",)), False),
    ],
)
def test_events_are_alike_by_start_and_subject(other: Event, alike: bool) -> None:
    assert bool(set(event_keys(CALL)) & set(event_keys(other))) is alike


def test_a_task_without_a_start_is_known_by_when_it_is_due() -> None:
    task = Event("a", EventKind.TASK, summary="Call Ilze", end=date(2026, 6, 1))
    assert event_keys(task) == event_keys(Event("b", summary="Call Ilze", start=date(2026, 6, 1)))
    assert event_keys(replace(task, end=None)) == ()


ILZE = Contact(
    "a",
    formatted_name="Ilze Kalniņa",
    name=Name("Kalniņa", "Ilze"),
    emails=(Labelled("Ilze@Example.com"),),
    phones=(Labelled("+371 29123456"),),
)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (Contact("b", formatted_name="I. K.", emails=(Labelled("x@x"), Labelled("ilze@example.com"))), True),
        (Contact("b", formatted_name="Kalnina, Ilze", phones=(Labelled("29 123 456"),)), True),
        (Contact("b", name=Name("Kalniņa", "Ilze"), phones=(Labelled("29123456"),)), True),
        (Contact("b", formatted_name="Jānis Kalniņš", phones=(Labelled("+371 29123456"),)), False),
        (Contact("b", formatted_name="Ilze Kalniņa"), False),
        (Contact("b", formatted_name="Ilze Kalniņa", emails=(Labelled("other@example.com"),)), False),
    ],
)
def test_contacts_are_alike_by_address_or_by_number_and_name(other: Contact, alike: bool) -> None:
    assert bool(set(contact_keys(ILZE)) & set(contact_keys(other))) is alike


def test_a_bare_name_is_like_a_bare_name_only() -> None:
    bare = Contact("a", formatted_name="Ilze Kalniņa")
    assert contact_keys(bare) == contact_keys(Contact("b", formatted_name="Kalniņa, Ilze"))
    assert contact_keys(bare) != ()
    assert contact_keys(Contact("a")) == ()


def test_two_people_with_the_address_of_their_office_are_told_apart_by_name() -> None:
    office = (Labelled("info@example.com"),)
    names = ("Ilze Kalniņa", "Jānis Bērziņš")
    ours = [
        Candidate(f"o{place}", content=contact_keys(Contact("u", formatted_name=name, emails=office)))
        for place, name in enumerate(names)
    ]
    theirs = [
        Candidate(f"t{place}", content=contact_keys(Contact("u", formatted_name=name, emails=office)))
        for place, name in enumerate(reversed(names))
    ]
    assert pair(ours, theirs) == {"t0": "o1", "t1": "o0"}
