"""The benchmark of the page: which pages it finds, and how it judges what it measured. No time is judged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from benchmarks.pages.report import MANY, Measured, Report, verdicts
from benchmarks.pages.site import NO_PAGES, _pages
from bridge.config import Config
from bridge.services.demo import Demo, Size
from bridge.store.database import Database
from tests.web.conftest import House
from web import create_app

ONE = Measured("activities.index", "/activities/", 200, 40_000, 300, asks=False, cpu=0.01, seconds=[0.02, 0.04, 0.03])


def test_times_are_milliseconds_and_one_bad_answer_is_not_the_median() -> None:
    assert (round(ONE.median), round(ONE.worst)) == (30, 30)
    assert round(replace(ONE, seconds=[0.02, 0.03, 5.0]).median) == 30


def test_the_slowest_page_is_judged() -> None:
    slow = replace(ONE, name="journal.index", seconds=[0.06])
    (verdict,) = verdicts([ONE, slow])
    assert verdict.reached is False
    assert verdict.found == "60 ms at most (journal.index)"
    assert [each.reached for each in verdicts([ONE, replace(slow, asks=True)])] == [True]


def test_the_long_list_has_a_target_of_its_own() -> None:
    many = replace(ONE, activities=MANY, seconds=[0.09])
    assert [each.reached for each in verdicts([ONE, many])] == [True, True]
    assert [each.reached for each in verdicts([ONE, replace(many, seconds=[0.11])])] == [True, False]


def test_the_report() -> None:
    report = Report("the test", datetime(2026, 11, 21, tzinfo=UTC), (0.1, 0.2), [ONE, replace(ONE, asks=True)])
    text = report.text()
    assert "| activities.index | 300 | 200 | 30.0 | 30.0 | 10.0 | 40 |" in text
    assert "| activities.index (asks the account) |" in text
    assert "## Targets" in text
    found = json.loads(report.json())
    assert [round(each["median"]) for each in found["measured"]] == [30, 30]


def test_every_page_that_needs_no_account_elsewhere_is_found(sqlite_database: Database) -> None:
    house = House(sqlite_database)
    user = Demo(sqlite_database, house.clock, house.office.settings).fill(Size(1, 3, 5), lambda _done, _total: None)
    rules = list(create_app(house, Config()).url_map.iter_rules())
    found = dict(_pages(house, user, 0, rules))  # type: ignore[arg-type]
    assert found["landing.index"] == "/"
    assert found["contacts.show"].startswith("/contacts/persons/")
    assert not [path for path in found.values() if "<" in path]
    left_out = {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} - found.keys() - NO_PAGES
    assert {name.partition(".")[0] for name in left_out} <= {"accounts", "health", "oauth", "consents"}
