"""The commands about contacts that are there more than once: duplicates, merge, distinct."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Program
from tests.harness import vcf


@pytest.fixture
def twins(anna: Program) -> Program:
    """Anna has one person on two cards, and somebody else."""
    cards = (
        vcf(
            "N:Kalns;Juris;;;", "FN:Juris Kalns", "EMAIL:juris@example.com", "ORG:SIA Liepa", "BDAY:1980-05-17", uid="a"
        ),
        vcf(
            "N:Kalns;Juris;;;",
            "FN:Kalns\\, Juris",
            "EMAIL:Juris@Example.com",
            "TEL:26123456",
            "BDAY:1980-05-18",
            "CATEGORIES:Client",
            uid="b",
        ),
        vcf("FN:Ilze Ozola", "N:Ozola;Ilze;;;", "TEL:+371 67123456", uid="c"),
    )
    anna.ok("import", anna.write("people.vcf", "".join(cards)), "--owner", "anna")
    return anna


def test_groups_side_by_side(twins: Program) -> None:
    heading, *lines = twins.ok("duplicates", "anna").splitlines()
    assert heading == "Group 1: same e-mail juris@example.com; same name juris kalns"
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines if "\t" in line}
    assert rows["person"] == ["1", "2"]
    assert rows["name"] == ["Juris Kalns", "Kalns, Juris"]
    assert rows["organization"] == ["SIA Liepa", ""]
    assert rows["e-mail"] == ["juris@example.com", "Juris@Example.com"]
    assert rows["phone"] == ["", "26123456"]
    assert rows["labels"] == ["", "Client"]
    assert "One person: davbridge merge anna 1 2  (the first stays)" in lines
    assert "Different people: davbridge distinct anna 1 2" in lines


def test_groups_as_json(twins: Program) -> None:
    (group,) = twins.json("duplicates", "anna")
    assert group["matches"] == [
        {"reason": "same e-mail", "value": "juris@example.com", "persons": [1, 2]},
        {"reason": "same name", "value": "juris kalns", "persons": [1, 2]},
    ]
    one, two = group["persons"]
    assert (one["id"], one["organization"], two["phones"], two["labels"]) == (1, "SIA Liepa", ["26123456"], ["Client"])


def test_numbers_are_dialled_in_the_given_country(twins: Program) -> None:
    more = vcf("FN:Office", "N:Office;;;;", "TEL:67123456", uid="d")
    twins.ok("import", twins.write("d.vcf", more), "--owner", "anna")
    assert "same phone tel:+371-67-123-456" in twins.ok("duplicates", "anna")
    assert "same phone" not in twins.ok("duplicates", "anna", "--region", "EE")
    assert "There is no country “Latvia”." in twins.fails("duplicates", "anna", "--region", "Latvia")


def test_a_merge_and_the_way_back(twins: Program) -> None:
    before = twins.ok("duplicates", "anna")
    told = twins.ok("merge", "anna", "1", "2")
    assert "Person 1 “Juris Kalns” has what persons 2 had." in told
    assert "Not taken over, name: Kalns, Juris" in told
    assert "Not taken over, birthday: 1980-05-18" in told
    assert twins.ok("duplicates", "anna") == "No contacts look like one person.\n"
    found = re.search(r"davbridge undo --run (\w+)”", told)
    assert found
    undone = twins.ok("undo", "--run", found[1])
    assert undone.count("Took back") == 2
    again = twins.ok("duplicates", "anna")
    assert _without_times(again) == _without_times(before)


def _without_times(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("changed")]


def test_a_merge_as_json(twins: Program) -> None:
    merged = twins.json("merge", "anna", "2", "1")
    assert (merged["person"], merged["activities"], merged["deals"]) == (2, 0, 0)
    assert merged["left_out"] == {"name": ["Juris Kalns"], "birthday": ["1980-05-17"]}
    assert twins.json("duplicates", "anna") == []
    assert twins.json("journal", "--limit", "1")[0]["client"] == "davbridge merge"


def test_different_people_are_not_suggested_until_that_is_forgotten(twins: Program) -> None:
    assert "not suggested" in twins.ok("distinct", "anna", "1", "2")
    assert twins.json("duplicates", "anna") == []
    assert "may be suggested again" in twins.ok("distinct", "anna", "2", "1", "--forget")
    assert len(twins.json("duplicates", "anna")) == 1


def test_what_goes_wrong_is_told(twins: Program) -> None:
    twins.ok("user", "add", "bob")
    assert "no user “eve”" in twins.fails("duplicates", "eve")
    assert "no user “eve”" in twins.fails("merge", "eve", "1", "2")
    assert "not all yours" in twins.fails("merge", "bob", "1", "2")
    assert "not all yours" in twins.fails("distinct", "bob", "1", "2")
    assert "no person 99" in twins.fails("merge", "anna", "1", "99")
    assert "at least two persons" in twins.fails("merge", "anna", "1", "1")
    assert "At least two persons" in twins.fails("distinct", "anna", "1")
    assert "Missing argument" in twins.fails("merge", "anna", "1", status=2)
