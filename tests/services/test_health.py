from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.person import Person
from bridge.core.projection.options import TypeOption
from bridge.errors import Invalid
from bridge.services.certificates import check_pair, not_after
from bridge.services.health import Files, Finding, Health
from bridge.store.database import Database
from tests.harness import CRM, FixedClock, Office

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUY2B2V0QfMV7W0pBnRrol5exfw7YwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZGF2LmV4YW1wbGUuY29tMB4XDTI2MTEyMTExMjkyMVoXDTM2
MTExODExMjkyMVowGjEYMBYGA1UEAwwPZGF2LmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEOTA8+bPPaq++mTXdJo8YzXYRyMQ710zn+LTSBAOa
O/cm3F4Ufjfq16PivLMUMqNYMzBaQ9VkCia0f0CA3M+FgqNTMFEwHQYDVR0OBBYE
FAec4806NTRmZe8QVXVI7zqDIF/8MB8GA1UdIwQYMBaAFAec4806NTRmZe8QVXVI
7zqDIF/8MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgODQktgDc
fr8jclhhn3XNy9JkAMsu8AO9WeTdLAz/hjUCIEBEByiaZVELK1bQYvF7pnjIsUZP
AQ+qgW6dmfCOVgCV
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2xRMAdxRqvBe7MXO
0FwUdYOKHOa1cqtnx4EkLe01ssGhRANCAAQ5MDz5s89qr76ZNd0mjxjNdhHIxDvX
TOf4tNIEA5o79ybcXhR+N+rXo+K8sxQyo1gzMFpD1WQKJrR/QIDcz4WC
-----END PRIVATE KEY-----
"""
END = datetime(2036, 11, 18, 11, 29, 21, tzinfo=UTC)


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def health(office: Office) -> Health:
    """A user with an activity, a task and a person, and a colleague who looks on."""
    anna = office.user("anna")
    office.user("bob")
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    office.principals.choose_colleagues("bob", ["anna"])
    draft = Activity("", anna.id, "Item", "call", date(2026, 12, 1), time(8))
    for activity in (draft, replace(draft, type="task")):
        office.activities.create(CRM, activity)
    office.contacts.create_person(CRM, Person("", anna.id, "Eve"))
    return Health(office.database, office.clock, office.settings)


def everything(health: Health) -> list[Finding]:
    checks = (health.check_database, health.check_clock)
    found = [finding for check in checks for finding in check()]
    return [*found, *health.check_resources(silent), *health.check_rules(silent)]


def spoil(office: Office, statement: str) -> None:
    with office.database.write() as session:
        session.execute(text(statement))


def test_what_is_well_is_not_complained_about(office: Office, health: Health) -> None:
    assert everything(health) == []
    office.clock.advance(timedelta(days=400))
    assert everything(health) == []


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE resources SET etag = 'x' WHERE component = 'VCARD'", "entity tag"),
        ("UPDATE resources SET text = 'nonsense' WHERE component = 'VCARD'", "cannot be read"),
        ("UPDATE resources SET uid = 'x' WHERE component = 'VTODO'", "another UID"),
        ("UPDATE resources SET component = 'VEVENT' WHERE component = 'VTODO'", "in a collection of VTODO"),
        ("UPDATE collections SET revision = 0 WHERE name = 'contacts'", "revision"),
        (
            "UPDATE resources SET uid = 'x' WHERE collection_id = (SELECT id FROM collections WHERE name = 'of-anna')",
            "Two resources have the UID x",
        ),
    ],
)
def test_rows_that_lie_are_found(office: Office, health: Health, statement: str, word: str) -> None:
    spoil(office, statement)
    found = list(health.check_resources(silent))
    assert any(word in finding.problem for finding in found), found
    assert all(finding.remedy for finding in found)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE activities SET subject = 'Other' WHERE type = 'call'", "activity"),
        ("UPDATE activities SET type = 'meeting' WHERE type = 'task'", "activity"),
        ("UPDATE persons SET name = 'Adam'", "person"),
        ("DELETE FROM resources WHERE component = 'VCARD'", "person"),
        ("UPDATE resources SET deleted = true WHERE component = 'VTODO'", "activity"),
        ("UPDATE users SET include_links = false, past_days = 1 WHERE login = 'anna'", ""),
    ],
)
def test_what_is_out_of_step_is_found_and_nothing_is_changed(
    office: Office, health: Health, statement: str, kind: str
) -> None:
    spoil(office, statement)
    tokens = [c.sync_token for c in office.resources.home("anna")]
    found = list(health.check_rules(silent))
    assert [kind] * len(found) == [finding.problem.split()[1] for finding in found]
    assert bool(found) is bool(kind)
    assert [c.sync_token for c in office.resources.home("anna")] == tokens


def test_the_remedy_for_what_is_out_of_step_works(office: Office, health: Health) -> None:
    spoil(office, "UPDATE activities SET subject = 'Other'")
    assert "davbridge user set anna --enabled" in {f.remedy for f in health.check_rules(silent)}.pop()
    office.principals.change("anna", lambda user: replace(user, enabled=True))
    assert everything(health) == []


def test_what_waits_for_the_daily_sweep_is_not_out_of_step(office: Office, health: Health) -> None:
    office.principals.change("anna", lambda user: replace(user, past_days=10))
    office.clock.advance(timedelta(days=60))
    assert list(health.check_rules(silent)) == []


def test_users_who_are_shut_out_are_not_looked_at(office: Office, health: Health) -> None:
    spoil(office, "UPDATE activities SET subject = 'Other'")
    spoil(office, "UPDATE users SET enabled = false")
    assert list(health.check_rules(silent)) == []


def test_a_clock_that_went_back_is_found(office: Office, health: Health) -> None:
    office.clock.advance(timedelta(days=-1))
    assert ["future" in finding.problem for finding in health.check_clock()] == [True]
    office.clock.moment = datetime(2001, 1, 1, tzinfo=UTC)
    assert len(list(health.check_clock())) == 2


def test_a_database_without_tables_is_found(empty_url: str, office: Office) -> None:
    database = Database(empty_url)
    (finding,) = Health(database, office.clock, office.settings).check_database()
    assert "no tables" in finding.problem
    assert "migrate" in finding.remedy
    database.close()


@pytest.fixture
def pem(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    return certificate, key


def test_a_secret_that_others_can_read_is_found(tmp_path: Path, office: Office) -> None:
    health = Health(office.database, office.clock, office.settings)
    secret = tmp_path / "secret"
    (missing,) = health.check_files(Files(secret))
    assert "cannot be read" in missing.problem
    secret.write_text("x")
    secret.chmod(0o644)
    (finding,) = health.check_files(Files(secret))
    assert finding.remedy == f"chmod 600 {secret}"
    secret.chmod(0o600)
    assert list(health.check_files(Files(secret))) == []


@pytest.mark.parametrize(
    ("left", "word", "warning"),
    [
        (timedelta(days=100), "", False),
        (timedelta(days=13, hours=1), "in 13 days", True),
        (timedelta(seconds=-1), "ended on", False),
    ],
)
def test_the_end_of_a_certificate_is_told_in_time(
    sqlite_database: Database, tmp_path: Path, pem: tuple[Path, Path], left: timedelta, word: str, *, warning: bool
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    clock = FixedClock(END - left)
    found = list(Health(sqlite_database, clock, Office(sqlite_database).settings).check_files(Files(secret, *pem)))
    assert [(word in f.problem, f.warning) for f in found] == ([(True, warning)] if word else [])


def test_the_end_of_a_certificate_is_read(pem: tuple[Path, Path]) -> None:
    check_pair(*pem)
    assert not_after(pem[0]) == END


def test_files_that_are_no_certificates_are_refused(tmp_path: Path, pem: tuple[Path, Path]) -> None:
    broken = tmp_path / "broken.pem"
    with pytest.raises(Invalid):
        not_after(broken)
    for content in ("", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "\u00e4"):
        broken.write_text(content)
        with pytest.raises(Invalid):
            not_after(broken)
        with pytest.raises(Invalid):
            check_pair(broken, pem[1])
