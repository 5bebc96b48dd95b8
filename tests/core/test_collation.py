from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.collation import sort_key


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("lv", "Ābele abols Cīrulis Čakste Gailis Ģirts Kalns Ķemme Lācis Ļuda Sala Šķēle Zariņš Žagars"),
        ("pl", "Adam Ądam Cezary Ćwik Lech Łukasz Nowak Ńowak Ola Ósma Sowa Śliwa Zając Źródło Żak"),
        ("sv", "Adam Édith Zorn Åke Ärla Öberg"),
        ("ru", "Анна Борис Ёлкин Жуков Яна"),
        ("en", "Angela Ängström Oscar Øystein Zoe"),
    ],
)
def test_the_order_of_a_language(language: str, names: str) -> None:
    wanted = names.split()
    shuffled = wanted[::-1]
    assert sorted(shuffled, key=lambda name: sort_key(name, language)) == wanted


@given(st.text(), st.text())
def test_only_equal_texts_have_equal_keys(one: str, other: str) -> None:
    same = sort_key(one, "lv") == sort_key(other, "lv")
    assert same or one != other
    assert sort_key(one.upper(), "lv")[0] == sort_key(one.upper().casefold(), "lv")[0]
