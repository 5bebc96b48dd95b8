"""Generated requests for a few seconds: a server answers each, and its data stay sound. Memory needs longer."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from benchmarks.soak.__main__ import carry_out, report
from benchmarks.soak.requests import Generator
from benchmarks.soak.running import Found, Growth, Plan


def test_a_server_answers_whatever_is_asked(tmp_path: Path) -> None:
    found, growth, log = carry_out(tmp_path, Plan(seconds=5, warm=2))
    assert found.failures == []
    assert "Traceback" not in log
    assert growth.warm > 0
    assert set(found.statuses) > {200, 201, 207, 400, 403}
    assert f"{found.requests} requests" in report(found, growth)


def test_a_seed_draws_the_same_requests_again() -> None:
    def drawn(seed: str) -> list[str]:
        generator = Generator("anna", seed)
        return [request.shape for request in islice(iter(generator.draw, None), 200)]

    assert drawn("one") == drawn("one")
    assert drawn("one") != drawn("two")


def test_the_report_tells_failures_and_growth() -> None:
    found = Found(failures=["500 fails: GET /"])
    text = report(found, Growth(100_000_000, 150_000_000))
    assert "failures: 1" in text
    assert "+50.0 MB" in text
