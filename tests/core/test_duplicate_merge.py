"""One person out of several (R17)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name, Photo
from bridge.core.duplicate_keys import email_key, phone_key
from bridge.core.duplicate_merge import left_out, merged
from bridge.core.merge import FieldConflict
from bridge.core.person import Person
from tests.core import card_strategies as cards

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
