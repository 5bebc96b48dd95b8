"""The benchmark as a whole on a tiny corpus: it runs, checks answers, and says what it found. No time is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import corpus, multistatus, report, runs
from benchmarks.client import Answer, WrongAnswer
from benchmarks.corpus import BERLIN, MOVE, WEEK, Appointment, Kind
from benchmarks.dav import Plan, carry_out
from benchmarks.operations import OPERATIONS, Operation, list_etags, multiget, week
from benchmarks.peer import Peer
from benchmarks.report import Report
from benchmarks.runs import LOADS, Pace
from benchmarks.samples import Samples, percentile
from benchmarks.servers import Davbridge
from benchmarks.texts import calendar

pytestmark = pytest.mark.xdist_group("benchmarks.dav")  # one measurement for all

SIZE = 20
PACE = Pace(rounds=1, repetitions=2, seconds=0.2, load_seconds=0.2)


@pytest.fixture(scope="module")
def found() -> Report:
    return carry_out(Plan([SIZE], PACE, xandikos=False, growth=SIZE), "the test")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with runs.peers(tmp_path_factory.mktemp("benchmark"), [Davbridge()], SIZE, lambda _: None) as ready:
        yield ready[0]


@pytest.fixture
def peer(running: Peer) -> Peer:
    """A server with what should be in it, which a test may change."""
    return Peer(running.server, running.corpus)


def test_every_operation_is_right_on_both_servers(found: Report) -> None:
    (outcome,) = found.outcomes
    assert set(outcome.operations) == {operation.key for operation in OPERATIONS}
    for key, by_server in outcome.operations.items():
        for name, samples in by_server.items():
            assert not samples.errors, (key, name)
            assert samples.seconds, (key, name)
    assert found.errors() == []


def test_loads_and_writes_beside_polls_are_right(found: Report) -> None:
    (outcome,) = found.outcomes
    assert tuple(outcome.loads) == LOADS
    for clients, by_server in outcome.loads.items():
        for name, (load,) in by_server.items():
            assert load.clients == clients
            if name == "davbridge":  # a peer with a short queue of connections may reset one
                assert load.errors == ()
            assert load.requests >= clients, name
    for samples in (*outcome.put_alone.values(), *outcome.put_polled.values()):
        assert samples.seconds
        assert not samples.errors


def test_growth_compares_every_asked_row(found: Report) -> None:
    assert found.growth is not None
    assert (found.growth.small, found.growth.large, found.growth.errors) == (2, SIZE, ())
    assert len(found.growth.per_row) == 4


def test_the_report_names_servers_and_targets(found: Report, tmp_path: Path) -> None:
    text = found.text()
    assert "| operation | davbridge | Radicale | davbridge: × Radicale |" in text
    assert "closes it: Radicale" in text
    written = json.loads(found.json())
    assert len(written["verdicts"]) >= len(OPERATIONS)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.update_readme(readme, report.readme_block(found))
    updated = readme.read_text(encoding="utf-8")
    assert updated.startswith(f"before\n{report.BEGIN}\n| median, ms")
    assert updated.endswith(f"`the test`.\n{report.END}\nafter\n")
    with pytest.raises(ValueError, match="lacks the marks"):
        report.update_readme(_written(tmp_path / "other.md", "nothing"), "block")


def _written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_a_wrong_answer_is_no_success(peer: Peer) -> None:
    peer.events.add("missing.ics")
    for run in (list_etags, multiget):
        samples = Samples()
        runs.repeat(peer, Operation("wrong", "", run), PACE, "wrong", samples)
        assert samples.errors
        assert not samples.seconds


def test_an_event_that_a_week_should_not_have_is_seen(peer: Peer) -> None:
    peer.corpus = corpus.Corpus((), ())
    samples = Samples()
    for topic in range(20):
        runs.repeat(peer, Operation("week", "", week), PACE, f"wrong:{topic}", samples)
    assert any("not wanted" in error for error in samples.errors)


def _weekly(**more: int) -> Appointment:
    start = datetime(2024, 3, 12, 9, tzinfo=BERLIN)
    return Appointment("one", Kind.WEEKLY, "Weekly", start, timedelta(hours=1), "", "", **more)


@pytest.mark.parametrize(
    ("number", "offset", "meets"),
    [
        (0, timedelta(), True),
        (9, timedelta(), True),
        (10, timedelta(), False),
        (2, timedelta(), False),  # left out
        (5, timedelta(), False),  # moved away
        (5, MOVE, True),  # to here
        (0, timedelta(hours=-1), False),  # ends where the instance begins
        (0, timedelta(hours=1), False),  # begins where the instance ends
    ],
)
def test_instances_are_counted_from_the_recipe(number: int, offset: timedelta, *, meets: bool) -> None:
    found = _weekly(left_out=2, moved=5)
    begin = found.start + number * WEEK + offset  # by the wall clock: summer time begins in between
    assert found.meets(begin.astimezone(UTC), (begin + timedelta(hours=1)).astimezone(UTC)) is meets


def test_the_corpus_has_its_mix_and_is_always_the_same() -> None:
    made = corpus.make(100)
    assert made == corpus.make(100)
    kinds = [each.kind for each in made.appointments]
    assert {kind: kinds.count(kind) for kind in Kind} == {
        Kind.UTC: 68,
        Kind.ZONED: 17,
        Kind.ALL_DAY: 10,
        Kind.WEEKLY: 3,
        Kind.MONTHLY: 1,
        Kind.ENDLESS: 1,
    }


def test_texts_say_what_the_recipe_says() -> None:
    text = calendar(_weekly(left_out=2, moved=5))
    assert "DTSTART;TZID=Europe/Berlin:20240312T090000\r\n" in text
    assert "EXDATE;TZID=Europe/Berlin:20240326T090000\r\n" in text
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20240416T090000\r\n" in text
    assert "DTSTART;TZID=Europe/Berlin:20240424T110000\r\n" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


@pytest.mark.parametrize("body", [b"no XML", b"<multistatus xmlns='DAV:'><response><href>/a</href></response>"])
def test_what_is_not_xml_is_wrong(body: bytes) -> None:
    with pytest.raises(WrongAnswer, match="not XML"):
        multistatus.read(Answer(207, "", body, 0.1))


def test_a_member_listed_twice_is_wrong() -> None:
    body = b"<multistatus xmlns='DAV:'>" + 2 * b"<response><href>/a</href></response>" + b"</multistatus>"
    with pytest.raises(WrongAnswer, match="listed twice"):
        multistatus.read(Answer(207, "", body, 0.1))


def test_percentiles_are_of_nearest_rank() -> None:
    assert percentile([5, 1, 2, 4, 3], 0.95) == 5
    assert percentile(list(range(1, 101)), 0.95) == 95
