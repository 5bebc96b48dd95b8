"""Which persons may be one, and one person out of several (R17)."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name, Photo
from bridge.core.duplicate_keys import email_key, fold, name_key, phone_key
from bridge.core.duplicate_merge import left_out, merged
from bridge.core.duplicates import MOST_SHARING, Group, Reason, groups
from bridge.core.merge import FieldConflict
from bridge.core.person import Person
from tests.core import card_strategies as cards


def person(number: int, name: str = "", **fields: Any) -> Person:
    emails, phones = (tuple(map(Labelled, fields.pop(key, ()))) for key in ("emails", "phones"))
    plain = Person(f"uid-{number}", 1, name or f"Person Number{number}", emails=emails, phones=phones, id=number)
    return replace(plain, **fields)


def ids(found: list[Group]) -> list[tuple[int, ...]]:
    return [tuple(member.id for member in group.members) for group in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ilze@Example.COM", " ilze@example.com "),
        ("mailto:ilze@example.com", "ilze@example.com"),
        ("ilze@bērziņi.lv", "ilze@xn--brzii-iza47a.lv"),
        ("ilze@BĒRZIŅI.lv", "ilze@bērziņi.lv"),
        ("ilze@example.com.", "ilze@example.com"),
        ("ja\u0304nis@example.com", "jānis@example.com"),
    ],
)
def test_one_address_written_in_two_ways(one: str, other: str) -> None:
    assert email_key(one) == email_key(other) != ""


@pytest.mark.parametrize("value", ["", "ilze", "@example.com", "ilze@", "  "])
def test_what_is_no_address_is_no_key(value: str) -> None:
    assert email_key(value) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ilze+crm@example.com", "ilze@example.com"),
        ("i.lze@gmail.com", "ilze@gmail.com"),
        ("ilze@example.com", "ilze@example.org"),
        ("ilze@--ē.lv", "ilze@--e.lv"),
    ],
)
def test_different_addresses(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+371 2612 3456", "26123456", "LV"),
        ("00371 26123456", "(26) 12-34-56", "LV"),
        ("8 (495) 123-45-67", "+7 495 1234567", "RU"),
        ("08-123 456 78", "+46 8 123 456 78", "SE"),
        ("+44 20 7946 0958", "020 7946 0958", "GB"),
        ("+371 67000000 ext. 12", "67000000 x12", "LV"),
        ("2612 34 56", "26-123-456", None),
        ("+371 26123456", "tel:+371-26-123-456", None),
    ],
)
def test_one_number_written_in_two_ways(one: str, other: str, region: str | None) -> None:
    assert phone_key(one, region) == phone_key(other, region) != ""


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+371 26123456", "+370 26123456", "LV"),
        ("67000000", "67000000 ext 12", "LV"),
        ("67000000 ext 11", "67000000 ext 12", "LV"),
        ("26123456", "26123457", None),
    ],
)
def test_different_numbers(one: str, other: str, region: str | None) -> None:
    assert phone_key(one, region) != phone_key(other, region)


@pytest.mark.parametrize("value", ["", "112", "1188", "ext. 12", "ask Ilze", "+", "x" * 500])
@pytest.mark.parametrize("region", ["LV", None, "nowhere"])
def test_what_is_no_number_is_no_key(value: str, region: str | None) -> None:
    assert phone_key(value, region) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ozola, Ilze", "Ilze Ozola"),
        ("ILZE  OZOLA", "ilze ozola"),
        ("Jānis Bērziņš", "Janis Berzins"),
        ("Анна Ёлкина", "елкина анна"),
        ("Łukasz Żak", "Lukasz Zak"),
        ("Søren Åberg", "Aberg Soren"),
        ("Groß, Jürgen", "Jurgen Gross"),
        ("Seán O’Brien", "Sean OBrien"),
        ("Anna-Marija Liepa", "Anna Marija Liepa"),
        ("Ilze Ozola", "Ｉｌｚｅ Ozola"),
    ],
)
def test_one_name_written_in_two_ways(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_a_title_does_not_count_and_a_generation_does() -> None:
    assert name_key("Dr. Ilze Ozola", "Dr.") == name_key("Ilze Ozola")
    assert name_key("Dr.", "Dr.") == "dr"
    assert name_key("John Smith Jr.") != name_key("John Smith")
    assert name_key("Ilze Ilze") != name_key("Ilze")


@given(st.text(max_size=30))
def test_keys_are_their_own_keys(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)
    assert fold(fold(text)) == fold(text)
    assert email_key(email_key(text)) == email_key(text)


@given(st.text("0123456789+() ext.", max_size=20), st.sampled_from(["LV", "RU", "US", None]))
def test_the_key_of_a_number_is_its_own_key(text: str, region: str | None) -> None:
    key = phone_key(text, region)
    assert not key.startswith("tel:") or phone_key(key, region) == key


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


ILZE = Person(
    "ilze",
    1,
    "Ilze Ozola",
    Name("Ozola", "Ilze"),
    emails=(Labelled("ilze@example.com", "", primary=True),),
    phones=(Labelled("26123456", "mobile"),),
    birthday=Birthday(5, 17),
    note="Likes tea.",
    labels=("Client",),
    id=1,
)
OTHER = Person(
    "other",
    1,
    "Ozola, Ilze",
    Name("Ozola", "Ilze", prefixes="Dr."),
    organization_id=7,
    job_title="Director",
    emails=(Labelled("ILZE@example.com", "work"), Labelled("io@example.org", "home", primary=True)),
    phones=(Labelled("+371 26 123 456", "work"), Labelled("67000000", "work")),
    addresses=(Address("Brīvības iela 1", "Rīga"),),
    messaging=(Labelled("@ilze", "telegram"),),
    birthday=Birthday(5, 17, 1980),
    note="Met in Rīga.",
    labels=("Client", "Partner"),
    photo=Photo(b"picture"),
    visibility=Visibility.OWNER,
    id=2,
)


def test_the_survivor_gets_what_the_other_has_besides() -> None:
    assert merged(ILZE, [OTHER], "LV") == replace(
        ILZE,
        parts=Name("Ozola", "Ilze", prefixes="Dr."),
        organization_id=7,
        job_title="Director",
        emails=(Labelled("ilze@example.com", "work", primary=True), Labelled("io@example.org", "home")),
        phones=(Labelled("26123456", "mobile"), Labelled("67000000", "work")),
        addresses=OTHER.addresses,
        messaging=OTHER.messaging,
        birthday=Birthday(5, 17, 1980),
        note="Likes tea.\n\nMet in Rīga.",
        labels=("Client", "Partner"),
        photo=OTHER.photo,
        visibility=Visibility.OWNER,
    )
    assert left_out(ILZE, [OTHER]) == (FieldConflict("name", "Ilze Ozola", ("Ozola, Ilze",)),)


def test_single_values_of_the_survivor_stay_and_the_others_are_told() -> None:
    other = replace(OTHER, name="Ilze Kalna", job_title="Intern", organization_id=8, birthday=Birthday(1, 2))
    survivor = replace(ILZE, job_title="Director", organization_id=7)
    after = merged(survivor, [other])
    assert (after.name, after.parts, after.job_title, after.organization_id) == (
        "Ilze Ozola",
        ILZE.parts,
        "Director",
        7,
    )
    assert {conflict.field: conflict.lost for conflict in left_out(survivor, [other])} == {
        "name": ("Ilze Kalna",),
        "job_title": ("Intern",),
        "organization_id": (8,),
        "birthday": (Birthday(1, 2),),
    }


def test_the_parts_of_another_name_are_not_mixed_in() -> None:
    nameless = replace(ILZE, parts=Name())
    assert merged(nameless, [OTHER]).parts == OTHER.parts
    assert merged(nameless, [replace(OTHER, name="Somebody Else")]).parts == Name()
    swapped = replace(OTHER, parts=Name("Ilze", "Ozola", prefixes="Dr."))
    assert merged(ILZE, [swapped]).parts == ILZE.parts


STORED = st.builds(
    Person,
    uid=st.just("uid"),
    owner_id=st.just(1),
    name=cards.WORDS,
    parts=cards.NAMES,
    organization_id=st.none() | st.integers(1, 3),
    job_title=cards.TEXTS,
    emails=cards.LISTS,
    phones=cards.LISTS,
    addresses=st.lists(cards.ADDRESSES, max_size=3).map(tuple),
    messaging=cards.LISTS,
    birthday=st.none() | cards.BIRTHDAYS,
    note=cards.PARAGRAPHS,
    labels=st.lists(cards.WORDS, max_size=3).map(tuple),
    photo=st.none() | cards.PHOTOS,
    visibility=st.sampled_from(Visibility),
)


@given(STORED, st.lists(STORED, max_size=3))
def test_nothing_is_lost(survivor: Person, others: list[Person]) -> None:
    after = merged(survivor, others)
    told: dict[str, Any] = {conflict.field: conflict.lost for conflict in left_out(survivor, others)}
    for each in (survivor, *others):
        assert set(each.labels) <= set(after.labels)
        assert each.note.strip() in after.note
        assert {email_key(e.value) for e in each.emails} <= {email_key(e.value) for e in after.emails} | {""}
        assert {phone_key(p.value) for p in each.phones} <= {phone_key(p.value) for p in after.phones} | {""}
        assert {m.value.strip().lower() for m in each.messaging} <= {m.value.strip().lower() for m in after.messaging}
        assert len(after.addresses) >= len(set(survivor.addresses))
        for field in ("name", "job_title", "organization_id"):
            value = getattr(each, field)
            assert not value or value == getattr(after, field) or value in told[field]
    for field in ("emails", "phones", "messaging"):
        mine = [labelled.value for labelled in getattr(survivor, field)]
        assert [labelled.value for labelled in getattr(after, field)][: len(mine)] == mine
    assert (after.id, after.uid, after.owner_id) == (survivor.id, survivor.uid, survivor.owner_id)


@given(STORED, STORED)
def test_merging_twice_changes_nothing_more(survivor: Person, other: Person) -> None:
    once = merged(survivor, [other], "LV")
    assert merged(once, [other], "LV") == once
    assert merged(survivor, []) == survivor


@given(STORED, STORED)
def test_whoever_survives_has_the_same_addresses_and_labels(one: Person, other: Person) -> None:
    here, there = merged(one, [other]), merged(other, [one])
    assert set(here.labels) == set(there.labels)
    assert here.visibility == there.visibility
    for field, key in (("emails", email_key), ("phones", phone_key)):
        assert {key(v.value) for v in getattr(here, field)} == {key(v.value) for v in getattr(there, field)}
