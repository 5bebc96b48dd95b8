"""khal on files that vdirsyncer keeps in step with a real server."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.system.crm import Crm
from tests.system.server import Account
from tests.system.vdirsyncer import Vdirsyncer

CONFIG = """
[calendars]
[[work]]
path = {folder}
[default]
default_calendar = work
[locale]
local_timezone = Europe/Riga
default_timezone = Europe/Riga
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {home}/khal.db
"""


class Khal:
    """khal over the calendar of a vdirsyncer."""

    def __init__(self, home: Path, client: Vdirsyncer) -> None:
        self._config = home / "khal.conf"
        self._config.write_text(CONFIG.format(folder=client.calendar.path, home=home), encoding="utf-8")

    def run(self, *arguments: str, answers: str = "") -> str:
        command = [sys.executable, "-m", "khal", "--config", str(self._config), *arguments]
        done = subprocess.run(command, input=answers, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def client(anna: Account, tmp_path: Path) -> Vdirsyncer:
    client = Vdirsyncer(tmp_path, anna)
    client.discover()
    return client


@pytest.fixture
def khal(client: Vdirsyncer, tmp_path: Path) -> Khal:
    return Khal(tmp_path, client)


def test_it_lists_what_the_crm_has(client: Vdirsyncer, khal: Khal, crm: Crm) -> None:
    crm.add("Zvanīt Ilzei", location="Rīga")
    crm.add("Fair", due_time=None)
    client.sync()
    listed = khal.run("list", "--format", "{start-time} {title} {location}", "2026-12-01", "1d")
    assert "10:30 Zvanīt Ilzei Rīga" in listed
    assert " Fair " in listed
    assert "Zvanīt" in khal.run("search", "Zvanīt")


def test_what_it_adds_becomes_an_activity(client: Vdirsyncer, khal: Khal, crm: Crm) -> None:
    khal.run("new", "2026-12-02", "10:00", "11:15", "Pusdienas ar Jāni", "::", "Ķiršu kūka", "--location", "Liepāja")
    khal.run("new", "2026-12-03", "2026-12-04", "Izstāde")
    khal.run("new", "2026-12-07", "09:00", "09:15", "Stand-up", "--repeat", "weekly", "--until", "2027-03-01")
    client.settle()
    lunch, fair, series = sorted(crm.activities(), key=lambda found: found.due_date)  # type: ignore[arg-type, return-value]
    assert (lunch.subject, lunch.location) == ("Pusdienas ar Jāni", "Liepāja")
    assert (lunch.due, lunch.duration) == (datetime(2026, 12, 2, 8, tzinfo=UTC), timedelta(minutes=75))
    assert "Ķiršu kūka" in lunch.public_description
    assert (fair.subject, fair.due_time, series.series) == ("Izstāde", None, True)
    crm.rename(lunch, "Vakariņas ar Jāni")
    client.settle()
    assert "Vakariņas ar Jāni" in khal.run("list", "2026-12-02", "1d")
