"""Which persons may be one (R17)."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Labelled
from bridge.core.duplicate_merge import merged
from bridge.core.duplicates import MOST_SHARING, Group, Reason, groups
from bridge.core.person import Person


def person(number: int, name: str = "", **fields: Any) -> Person:
    emails, phones = (tuple(map(Labelled, fields.pop(key, ()))) for key in ("emails", "phones"))
    plain = Person(f"uid-{number}", 1, name or f"Person Number{number}", emails=emails, phones=phones, id=number)
    return replace(plain, **fields)


def ids(found: list[Group]) -> list[tuple[int, ...]]:
    return [tuple(member.id for member in group.members) for group in found]


def test_each_reason_alone_makes_a_group() -> None:
    (by_email,) = groups([person(1, emails=["A@example.com"]), person(2, emails=["x@example.com", "a@example.com"])])
    (by_phone,) = groups([person(1, phones=["26123456"]), person(2, phones=["+371 26123456"])], "LV")
    (by_name,) = groups([person(1, "Ozola, Ilze"), person(2, "Ilze Ozola")])
    (similar,) = groups([person(i, name, organization_id=7) for i, name in enumerate(("Ilze Ozola", "Ilze Ozolla"), 1)])
    assert [g.reasons for g in (by_email, by_phone, by_name, similar)] == [(reason,) for reason in Reason]
    assert by_email.matches[0].value == "a@example.com"
    assert by_phone.matches[0].value == "tel:+371-26-123-456"
    assert by_name.matches[0].value == "ilze ozola"
    assert ids([by_email, by_phone, by_name, similar]) == [(1, 2)] * 4


@pytest.mark.parametrize(
    "people",
    [
        [person(1, "Ilze Ozola"), person(2, "Ilze Ozolla")],
        [person(1, "Ilze Ozola", organization_id=1), person(2, "Ilze Ozolla", organization_id=2)],
        [person(1, "Anna Ozola", organization_id=1), person(2, "Inna Ozola", organization_id=1)],
        [person(1, "Ilze"), person(2, "Ilze")],
        [person(1, "Ilze", organization_id=1), person(2, "Ilze", organization_id=2)],
        [person(1, phones=["26123456"]), person(2, phones=["+371 26123456"])],
        [person(1, "Ilze Ozola", deleted=True), person(2, "Ilze Ozola")],
        [person(1, emails=["a@example.com", "A@example.com"], phones=["26123456", "26 123456"])],
        [person(1, "!!!"), person(2, "???")],
        [person(1, "Ilze Ozola")] * 2,
        [],
    ],
)
def test_no_group(people: list[Person]) -> None:
    assert groups(people) == []


def test_one_word_is_a_name_within_one_organization() -> None:
    assert ids(groups([person(1, "Ilze", organization_id=1), person(2, "ILZE", organization_id=1)])) == [(1, 2)]


@pytest.mark.parametrize("shared", [{"emails": ["info@example.com"]}, {"phones": ["+371 67000000"]}])
def test_a_switchboard_ties_nobody_together(shared: dict[str, Any]) -> None:
    assert ids(groups([person(i, **shared) for i in range(1, MOST_SHARING + 1)])) == [tuple(range(1, MOST_SHARING + 1))]
    assert groups([person(i, **shared) for i in range(1, MOST_SHARING + 2)]) == []


def test_many_copies_of_one_person_are_no_switchboard() -> None:
    copies = [person(i, "Ilze Ozola", emails=["ilze@example.com"]) for i in range(1, 20)]
    assert ids(groups(copies)) == [tuple(range(1, 20))]


def test_a_common_name_needs_the_organization() -> None:
    namesakes = [person(i, "Jānis Bērziņš", organization_id=i % 6) for i in range(1, 8)]
    assert ids(groups(namesakes)) == [(1, 7)]


def test_reasons_join_into_one_group_with_the_strongest_first() -> None:
    people = [
        person(1, "Ilze Ozola", emails=["ilze@example.com"]),
        person(2, "I. Ozola", emails=["Ilze@example.com"], phones=["+371 26123456"]),
        person(3, "Ilzīte", phones=["+371 26 123 456"]),
        person(8, "Juris Kalns"),
        person(9, "Kalns Juris"),
    ]
    first, second = groups(people)
    assert ids([first, second]) == [(1, 2, 3), (8, 9)]
    assert first.reasons == (Reason.EMAIL, Reason.PHONE)
    assert [match.person_ids for match in first.matches] == [(1, 2), (2, 3)]


def test_a_pair_that_is_apart_is_no_group() -> None:
    one, two, three = (person(i, "Ilze Ozola", emails=["ilze@example.com"]) for i in (1, 2, 3))
    assert groups([one, two], apart={(1, 2)}) == []
    (group,) = groups([one, two, three], apart={(1, 2)})  # the third may be either
    assert [member.id for member in group.members] == [1, 2, 3]
    assert ids(groups([one, two, three], apart={(1, 2), (1, 3)})) == [(2, 3)]
    assert groups([one, two, three], apart={(1, 2), (1, 3), (2, 3)}) == []


PEOPLE = st.lists(
    st.builds(
        lambda name, emails, phones, organization: person(
            1, name, emails=emails, phones=phones, organization_id=organization
        ),
        st.sampled_from(["Ilze Ozola", "Ozola Ilze", "Ilze Ozolla", "Juris", "Juris Kalns", "Ķ"]),
        st.lists(st.sampled_from(["a@x.lv", "A@x.lv", "b@x.lv", "c@x.lv"]), max_size=2),
        st.lists(st.sampled_from(["26123456", "+37126123456", "67000000"]), max_size=2),
        st.none() | st.integers(1, 2),
    ),
    max_size=8,
).map(lambda people: [replace(each, id=i) for i, each in enumerate(people, 1)])


@given(PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_persons_says_nothing(people: list[Person], random: Random) -> None:
    shuffled = list(people)
    random.shuffle(shuffled)
    assert sorted(ids(groups(shuffled, "LV"))) == sorted(ids(groups(people, "LV")))


@given(PEOPLE)
def test_groups_share_nobody_and_each_member_has_a_reason(people: list[Person]) -> None:
    found = groups(people, "LV")
    members = [member.id for group in found for member in group.members]
    assert len(members) == len(set(members))
    for group in found:
        assert len(group.members) > 1
        assert {i for match in group.matches for i in match.person_ids} == {m.id for m in group.members}
        assert ids(groups(group.members, "LV")) == ids([group]) or len(people) > MOST_SHARING


@given(PEOPLE)
def test_a_merged_group_is_no_group_any_more(people: list[Person]) -> None:
    for group in groups(people, "LV"):
        survivor, *others = group.members
        after = [merged(survivor, others, "LV"), *(replace(other, deleted=True) for other in others)]
        assert groups(after, "LV") == []


@given(PEOPLE.filter(lambda people: len(people) > 1))
def test_whoever_is_apart_from_everybody_is_in_no_group(people: list[Person]) -> None:
    apart = {(1, other.id) for other in people[1:]}
    assert all(1 not in members for members in ids(groups(people, "LV", apart)))


def test_very_many_persons_are_found_by_keys() -> None:
    """Comparing all with all would take hours here."""
    people = [
        person(i, f"Name{i} Family{i}", emails=[f"p{i}@example.com"], phones=[f"+37120{i:06}"], organization_id=i % 100)
        for i in range(1, 20_001)
    ]
    twins = [replace(people[i], id=i + 100_000, emails=(), phones=()) for i in (5, 500)]
    assert ids(groups([*people, *twins], "LV")) == [(6, 100_005), (501, 100_500)]
