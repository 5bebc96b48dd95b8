"""``make demo-google``: a company that is connected to a Google of our own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.processes import Process, free_port
from tests.cli.conftest import Program
from tests.fakes.google.demo import DemoGoogle, demo_google, environment, prepare
from tests.system.chaos import CHAOS

PATIENCE = 120  # seconds
SMALL = ("--users", "1", "--activities", "2", "--contacts", "2")


@pytest.fixture
def demo() -> Iterator[DemoGoogle]:
    with demo_google() as demo:
        yield demo


def test_the_company_is_connected_and_both_sides_have_the_same(demo: DemoGoogle, tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("", encoding="utf-8")
    program = Program(tmp_path, environment(demo, tmp_path, str(free_port())))

    def davbridge(*words: str) -> str:
        result = program(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "sign in as anna" in prepare(davbridge, demo, tmp_path, *SMALL)
    program.ok("sync", "1")
    program.ok("export", "anna", "--activities", tmp_path / "anna.ics")
    here = (tmp_path / "anna.ics").read_text(encoding="utf-8")
    assert "SUMMARY:Dentist" in here
    assert "SUMMARY:Lunch with Līga" in here
    assert len(demo.fake.calendars.primary.events) > 3
    assert len(demo.fake.people.people) > 1
    assert "nothing" in program.ok("sync", "1")
    assert demo.fake.mistakes == []


def test_its_users_consent_to_everything(demo: DemoGoogle) -> None:
    asked = "redirect_uri=http%3A%2F%2F127.0.0.1%2Fback&state=s&scope=openid+email&code_challenge=c"
    reply = _ask(f"{demo.fake.url}/auth?{asked}")
    assert reply == (302, "http://127.0.0.1/back?code=code-1&state=s")
    assert demo.fake.oauth.codes == {"code-1": ("c", "http://127.0.0.1/back", ("openid", "email"))}


@pytest.mark.skipif(not CHAOS, reason="starts the whole program")
def test_the_command_serves_until_it_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAVBRIDGE_TEST_CHAOS")  # davbridge knows no such option
    port = free_port()
    environ = {"DAVBRIDGE_SERVER_PORT": str(port), "TMPDIR": str(tmp_path)}
    log = tmp_path / "log"
    running = Process((sys.executable, "-m", "tests.fakes.google.demo", *SMALL), port, log, environ)
    running.start()
    running.stop()
    assert "curl" in log.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [log]


def _ask(url: str) -> tuple[int, str | None]:
    """What a browser is told."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"]
