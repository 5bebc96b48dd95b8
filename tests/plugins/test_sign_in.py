"""Wrong credentials over DAV: 429 after too many, and nothing that tells which accounts exist."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from bridge.store.database import Database
from tests.harness import Client, Office, Reply


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna")
    office.user("carl", enabled=False)
    return office


def from_address(application: Any, address: str) -> Callable[..., Any]:
    return lambda environ, start_response: application({**environ, "REMOTE_ADDR": address}, start_response)


def tries(office: Office, login: str, password: str = "wrong", address: str = "192.0.2.7") -> Iterator[Reply]:
    client = Client(from_address(office.wsgi(), address), login, password)
    while True:
        yield client.request("PROPFIND", f"/dav/{login}/activities/", headers={"Depth": "0"})


def test_the_sixth_wrong_try_is_refused_with_the_time_to_wait(office: Office) -> None:
    attempts = tries(office, "anna")
    assert [next(attempts).status for _ in range(5)] == [401] * 5
    refused = next(attempts)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert refused.text == "There were too many failed sign-ins. Try again later."
    assert "WWW-Authenticate" not in refused.headers
    office.clock.advance(timedelta(seconds=1))
    assert next(attempts).status == 401
    assert next(attempts).headers["Retry-After"] == "2"


def test_waits_do_not_reach_others(office: Office) -> None:
    _, password = office.devices.add("anna", "Phone")
    attempts = tries(office, "anna")
    assert [next(attempts).status for _ in range(6)][-1] == 429
    assert next(tries(office, "anna", password)).status == 429
    assert next(tries(office, "anna", password, "192.0.2.8")).status == 207
    assert Client(from_address(office.wsgi(), "192.0.2.7")).request("PROPFIND", "/dav/").status == 401


def test_answers_tell_nobody_whether_the_account_exists(office: Office) -> None:
    """Unknown, without a device, with one, with a revoked one, and disabled: status, headers and body are the same."""
    office.devices.add("anna", "Phone")
    office.user("dora")
    revoked, spent = office.devices.add("dora", "Old")
    office.devices.revoke(revoked.id)
    _, disabled = office.devices.add("carl", "Phone")
    wrong = [("anna", "wrong"), ("nobody", "wrong"), ("dora", spent), ("carl", disabled), ("anna@example.com", "wrong")]
    seen = []
    for number, (login, password) in enumerate(wrong):
        attempts = tries(office, login, password, f"192.0.2.{number}")
        replies = [next(attempts) for _ in range(7)]
        seen.append([(reply.status, reply.headers, reply.body) for reply in replies])
    assert all(answers == seen[0] for answers in seen)


def test_a_failure_keeps_no_thread_waiting(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Radicale would let each failure last as long as the longest before."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    attempts = tries(office, "anna")
    assert [next(attempts).status for _ in range(8)] == [401] * 5 + [429] * 3
    assert slept == []


def test_unknown_accounts_take_as_long_as_known_ones(sqlite_database: Database) -> None:
    """The medians of many tries, taken in turn so that whatever else runs slows down both."""
    office = Office(sqlite_database)
    office.user("anna")
    office.devices.add("anna", "Phone")
    spent: dict[str, list[float]] = {"anna": [], "nobody": []}
    for number in range(300):
        for login, times in spent.items():
            begun = time.perf_counter()
            assert office.devices.sign_in(login, "wrong", "test", f"2001:db8:{number:x}::1") is None
            times.append(time.perf_counter() - begun)
    known, unknown = (sorted(times)[len(times) // 2] for times in spent.values())
    assert 0.25 < known / unknown < 4
