"""Failed sign-ins: growing waits for each account and address, and nobody else is locked out."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bridge.errors import TooManyTries
from bridge.services import throttle
from bridge.services.devices import Devices
from bridge.services.throttle import FREE_ACCOUNTS, FREE_TRIES, LONGEST, network_of, wait_after
from bridge.store.database import Database
from bridge.store.models import SignInFailureRow
from tests.harness import Office

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna")
    office.user("bob")
    return office


def fail(office: Office, login: str = "anna", address: str = HERE, times: int = 1) -> None:
    for _ in range(times):
        assert office.devices.sign_in(login, "wrong", "test", address) is None


def refused(office: Office, login: str = "anna", password: str = "wrong", address: str = HERE) -> int:
    with pytest.raises(TooManyTries) as caught:
        office.devices.sign_in(login, password, "test", address)
    return int(caught.value.retry_after.total_seconds())


def rows(office: Office) -> int:
    with office.database.read() as session:
        return session.scalar(select(func.count()).select_from(SignInFailureRow)) or 0


@pytest.mark.parametrize("login", ["anna", "nobody", "anna@example.com", "a\x00b", "x" * 5000, ""])
def test_the_waits_grow_whether_there_is_such_an_account_or_not(office: Office, login: str) -> None:
    fail(office, login, times=FREE_TRIES)
    seen = []
    for _ in range(12):
        wait = refused(office, login)
        seen.append(wait)
        office.clock.advance(timedelta(seconds=wait - 0.5))
        assert refused(office, login) == 1
        office.clock.advance(timedelta(seconds=0.5))
        fail(office, login)
    assert seen == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_refused_try_is_not_counted_and_not_written(office: Office) -> None:
    fail(office, times=FREE_TRIES)
    with office.database.read() as session:
        before = session.execute(select(SignInFailureRow.failures, SignInFailureRow.failed_at)).all()
    assert [refused(office) for _ in range(50)] == [1] * 50
    with office.database.read() as session:
        assert session.execute(select(SignInFailureRow.failures, SignInFailureRow.failed_at)).all() == before


def test_elsewhere_the_account_and_here_other_accounts_are_free(office: Office) -> None:
    _, password = office.devices.add("anna", "Phone")
    _, other = office.devices.add("bob", "Phone")
    fail(office, times=FREE_TRIES)
    assert refused(office, password=password)
    assert office.devices.sign_in("anna", password, "test", THERE) is not None
    assert office.devices.sign_in("bob", other, "test", HERE) is not None
    fail(office, "bob")


def test_a_device_gets_in_where_it_was_used_before(office: Office) -> None:
    """Whoever shares the address, such as an old device with a revoked password, cannot lock it out."""
    _, password = office.devices.add("anna", "Phone")
    assert office.devices.sign_in("anna", password, "test", HERE) is not None
    fail(office, times=FREE_TRIES)
    assert refused(office)
    assert office.devices.sign_in("anna", password, "test", HERE) is not None


def test_success_and_time_make_it_forget(office: Office) -> None:
    _, password = office.devices.add("anna", "Phone")
    fail(office, times=FREE_TRIES - 1)
    assert office.devices.sign_in("anna", password, "test", HERE) is not None
    assert rows(office) == 0
    fail(office, times=FREE_TRIES)
    assert refused(office)
    office.clock.advance(throttle.FORGOTTEN)
    fail(office, times=FREE_TRIES)
    assert refused(office) == 1


def test_the_right_password_after_the_wait_is_taken(office: Office) -> None:
    _, password = office.devices.add("anna", "Phone")
    fail(office, times=FREE_TRIES)
    office.clock.advance(timedelta(seconds=refused(office, password=password)))
    assert office.devices.sign_in("anna", password, "test", HERE) is not None
    fail(office, times=FREE_TRIES)
    assert refused(office) == 1


def test_an_address_that_tries_many_accounts_waits_as_a_whole(office: Office) -> None:
    for number in range(FREE_ACCOUNTS):
        fail(office, f"guess-{number}")
    assert refused(office, "bob") == 1
    assert refused(office, "one-more") == 1
    assert rows(office) == FREE_ACCOUNTS
    fail(office, "bob", THERE)
    office.clock.advance(timedelta(seconds=1))
    fail(office, "one-more")
    assert refused(office, "bob") == 2


def test_old_rows_go_and_there_are_never_too_many(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_ROWS", 30)
    for number in range(60):
        fail(office, "anna", f"192.0.2.{number}")
    assert rows(office) <= 30
    office.clock.advance(throttle.FORGOTTEN)
    fail(office)
    assert rows(office) == 1


def test_a_clock_that_is_set_back_makes_no_wait_longer(office: Office) -> None:
    fail(office, times=FREE_TRIES)
    office.clock.advance(-timedelta(days=1))
    assert refused(office) == 1


def test_it_holds_for_every_process(office: Office) -> None:
    """Each worker process has services of its own over the one database."""
    fail(office, times=FREE_TRIES)
    with pytest.raises(TooManyTries):
        Devices(office.database, office.clock, b"k" * 32).sign_in("anna", "wrong", "test", HERE)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_of_version_6_stands_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.integers(min_value=0, max_value=10**9))
def test_waits_never_shrink_and_never_exceed_the_longest(failures: int) -> None:
    assert wait_after(failures, FREE_TRIES) <= wait_after(failures + 1, FREE_TRIES) <= LONGEST
