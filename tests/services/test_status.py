from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.scope import FlowKind
from bridge.services.status import Condition, Status, status, words
from bridge.store.connections import Connection, Flow
from bridge.store.models.sync import ConnectionState, ProblemKind
from tests.harness import NOW

RIGA = ZoneInfo("Europe/Riga")
MINUTE = timedelta(minutes=1)
RUNNING = Connection(1, "caldav", NOW, state=ConnectionState.ACTIVE, confirmed=True, id=7)
SYNCED = Flow(7, FlowKind.CALENDAR, enabled=True, confirmed_options="digest")
FIRST = replace(SYNCED, confirmed_options="", first_done=34, first_total=99)
QUOTA = {"problem": ProblemKind.WAITING, "problem_text": "quota", "retry_at": NOW.replace(hour=8, minute=42)}


def told(flows: list[Flow], *, all_paused: bool = False, **values: Any) -> str:
    return words(status(replace(RUNNING, **values), flows, NOW - MINUTE * 60, all_paused=all_paused), RIGA)


def test_nothing_is_connected() -> None:
    assert words(status(None, [], NOW), RIGA) == "Not connected"


@pytest.mark.parametrize(
    ("values", "flows", "expected"),
    [
        ({"state": ConnectionState.STOPPED}, [SYNCED], "Not connected"),
        ({"state": ConnectionState.CHOOSING}, [], "Choose settings"),
        ({}, [], "Choose settings"),
        ({}, [replace(SYNCED, enabled=False)], "Choose settings"),
        ({}, [FIRST], "First sync 34 %"),
        ({}, [SYNCED, FIRST], "First sync 34 %"),
        ({}, [replace(FIRST, first_total=0, first_done=0)], "First sync 0 %"),
        ({}, [replace(FIRST, first_done=120)], "First sync 99 %"),
        ({}, [SYNCED], "Up to date"),
        ({}, [SYNCED, replace(FIRST, enabled=False)], "Up to date"),
        (QUOTA, [SYNCED], "Waiting (quota, next try 10:42)"),
        (QUOTA, [FIRST], "Waiting (quota, next try 10:42)"),
        (
            {**QUOTA, "problem": ProblemKind.BROKEN, "problem_text": "A bug."},
            [SYNCED],
            "Waiting (A bug, next try 10:42)",
        ),
        ({**QUOTA, "problem_text": "Too much to tell here. " * 5}, [SYNCED], "Waiting (next try 10:42)"),
        ({**QUOTA, "problem_text": "", "retry_at": None}, [SYNCED], "Waiting (next try soon)"),
        ({"problem": ProblemKind.SIGN_IN}, [SYNCED], "Reconnect needed"),
        ({"problem": ProblemKind.PERMISSION}, [SYNCED], "Reconnect needed"),
        ({"problem": ProblemKind.SIGN_IN, "state": ConnectionState.CHOOSING}, [], "Reconnect needed"),
        ({"state": ConnectionState.PAUSED}, [SYNCED], "Paused by you"),
        ({"state": ConnectionState.PAUSED, "problem": ProblemKind.SIGN_IN}, [SYNCED], "Paused by you"),
        ({"paused_by_admin": True}, [SYNCED], "Paused by admin"),
        ({"paused_by_admin": True, "state": ConnectionState.PAUSED}, [SYNCED], "Paused by admin"),
        ({"problem": ProblemKind.DECISION}, [SYNCED], "Stopped: needs your decision"),
        ({"confirmed": False}, [SYNCED], "Stopped: needs your decision"),
    ],
)
def test_states_in_words(values: dict[str, Any], flows: list[Flow], expected: str) -> None:
    assert told(flows, **values) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ConnectionState.ACTIVE, "Paused by admin"),
        (ConnectionState.PAUSED, "Paused by admin"),
        (ConnectionState.CHOOSING, "Choose settings"),
        (ConnectionState.STOPPED, "Not connected"),
    ],
)
def test_a_pause_for_all(state: ConnectionState, expected: str) -> None:
    assert told([SYNCED], all_paused=True, state=state) == expected


def test_the_three_times_differ() -> None:
    success, attempt, following = NOW - 9 * MINUTE, NOW - 4 * MINUTE, NOW + MINUTE
    connection = replace(RUNNING, last_success_at=success, last_attempt_at=attempt, next_run_at=following)
    found = status(connection, [SYNCED], NOW)
    assert (found.last_success, found.last_attempt, found.next_run) == (success, attempt, following)
    waiting = replace(connection, problem=ProblemKind.WAITING, retry_at=NOW + 2 * MINUTE)
    assert status(waiting, [SYNCED], NOW).next_run == NOW + 2 * MINUTE
    assert status(connection, [SYNCED], NOW + 5 * MINUTE).next_run == NOW + 5 * MINUTE


@pytest.mark.parametrize(
    "values",
    [
        {"state": ConnectionState.PAUSED},
        {"state": ConnectionState.STOPPED},
        {"problem": ProblemKind.SIGN_IN},
        {"confirmed": False},
        {"paused_by_admin": True},
    ],
)
def test_what_does_not_run_has_no_next_run(values: dict[str, Any]) -> None:
    assert status(replace(RUNNING, next_run_at=NOW, **values), [SYNCED], NOW).next_run is None


def test_the_problem_and_its_remedy_are_told() -> None:
    values: dict[str, Any] = {"problem_text": "The password is wrong.", "problem_remedy": "Enter the new one."}
    found = status(replace(RUNNING, problem=ProblemKind.SIGN_IN, **values), [SYNCED], NOW)
    assert (found.problem, found.remedy) == ("The password is wrong.", "Enter the new one.")


def test_unconfirmed_options_are_told_and_how_to_confirm_them() -> None:
    found = status(replace(RUNNING, confirmed=False), [SYNCED], NOW)
    assert "has not been confirmed" in found.problem
    assert "connection preview 7" in found.remedy
    assert found == Status(Condition.DECISION, problem=found.problem, remedy=found.remedy)
