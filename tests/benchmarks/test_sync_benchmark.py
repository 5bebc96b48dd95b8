"""The sync benchmark as a whole on a tiny corpus: every run does what it should, and says so. No time is judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sync import report
from benchmarks.sync.__main__ import Plan, carry_out
from benchmarks.sync.course import BACK, BOTH, CONTACTS, EVENTS, HERE, MATCH, NOTHING, OUT, THERE, Measured
from benchmarks.sync.office import made
from benchmarks.sync.remotes import MEMORY, STOCK
from benchmarks.sync.report import Report, verdicts

pytestmark = pytest.mark.xdist_group("benchmarks.sync")  # one measurement for all

SIZE = 12


@pytest.fixture(scope="module")
def found() -> Report:
    said: list[str] = []
    result = carry_out(Plan(stock=[SIZE], filled=[SIZE], memory=[SIZE]), "the test", said.append)
    assert len(said) == len(result.measured)
    return result


def one(found: Report, remote: str, what: str, step: str) -> Measured:
    """The first such run; those of the Radicale that was empty come before those of the one that had everything."""
    return next(each for each in found.measured if (each.remote, each.what, each.step) == (remote, what, step))


def test_every_run_is_right(found: Report) -> None:
    assert found.wrong() == []
    back = [(CONTACTS, BACK), (EVENTS, BACK), (BOTH, f"{NOTHING} since the other way")]

    def expected(first: str) -> list[tuple[str, str]]:
        single = [(what, step) for what in (CONTACTS, EVENTS) for step in (first, NOTHING, HERE, THERE)]
        return [*single, (BOTH, NOTHING), *back]

    runs = {
        name: [(each.what, each.step) for each in found.measured if each.remote == name] for name in (MEMORY, STOCK)
    }
    assert runs == {MEMORY: expected(OUT), STOCK: [*expected(OUT), *expected(MATCH)]}


def test_requests_are_counted_by_method(found: Report) -> None:
    for what in (CONTACTS, EVENTS):
        assert one(found, STOCK, what, OUT).requests["PUT"] == SIZE
        assert "PUT" not in one(found, STOCK, what, MATCH).requests
        assert "PUT" not in one(found, STOCK, what, BACK).requests
        assert one(found, STOCK, what, HERE).requests["PUT"] == 1
        assert one(found, MEMORY, what, OUT).requests == {"changes": 1, "create": SIZE}
    for remote in (MEMORY, STOCK):
        assert sum(one(found, remote, BOTH, NOTHING).requests.values()) <= 5
        assert sum(one(found, remote, BOTH, f"{NOTHING} since the other way").requests.values()) <= 5


def test_waiting_is_the_remote_s_and_the_rest_is_ours(found: Report) -> None:
    for each in found.measured:
        assert 0 <= each.waited <= each.seconds
        assert each.own > 0
        assert 0 < each.share <= 1
    assert one(found, STOCK, CONTACTS, OUT).waited > one(found, MEMORY, CONTACTS, OUT).waited


def test_the_report_judges_and_updates_its_page(found: Report, tmp_path: Path) -> None:
    text = found.text()
    assert f"| {STOCK}, {SIZE} contacts, first sync |" in text
    assert "## Targets" in text
    written = json.loads(found.json())
    assert len(written["measured"]) == len(found.measured)
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.update(page, found.block())
    updated = page.read_text(encoding="utf-8")
    assert updated.startswith(f"before\n{report.BEGIN}\n| remote, run |")
    assert updated.endswith(f"`the test`.\n{report.END}\nafter\n")
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the marks"):
        report.update(page, "block")


def test_time_is_judged_where_it_is_large_enough(found: Report) -> None:
    small = one(found, MEMORY, CONTACTS, OUT)
    assert [each.reached for each in verdicts([small])] == [None]
    quick, slow = (replace(small, size=10_000, cpu=seconds) for seconds in (19.0, 21.0))
    assert [each.reached for each in verdicts([quick])] == [True]
    assert [each.reached for each in verdicts([slow])] == [False]
    assert [each.reached for each in verdicts([replace(quick, wrong=("nothing came",))])] == [False]


def test_what_a_run_did_wrong_is_told(found: Report) -> None:
    broken = replace(found, measured=[replace(found.measured[0], wrong=("11 here, 12 there",))])
    assert broken.wrong() == [f"{MEMORY}, {SIZE} contacts, first sync: 11 here, 12 there"]
    assert "first sync ! |" in broken.text()


def test_the_corpus_has_people_only_and_lies_ahead() -> None:
    corpus = made(100)
    assert len(corpus.cards) == len(corpus.appointments) == 100
    assert all(card.given for card in corpus.cards)
    assert min(each.start.year for each in corpus.appointments) >= 2026
