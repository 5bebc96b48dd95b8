"""The program with a ready token, over a Google that is somewhere else and speaks plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.contract import samples
from tests.fakes.google.calendar import FakeCalendars
from tests.providers.google_world import CalendarWorld, calendar_world


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def program(tmp_path: Path, sqlite_template: Path, world: CalendarWorld) -> Program:
    (tmp_path / "crm.sqlite3").write_bytes(sqlite_template.read_bytes())
    known = world.fake.installation
    google = (
        f"[google]\nclient_id = {known.client_id}\nclient_secret = {known.client_secret}\n"
        f"calendar_url = {known.calendar_url}/\npeople_url = {known.people_url}/\n"
        f"token_url = {known.token_url}\nauthorization_url = {known.authorization_url}\n"
    )
    base = "[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n"
    (tmp_path / "config.ini").write_text(base + google, encoding="utf-8")
    program = Program(tmp_path)
    program.ok("user", "add", "anna", "--name", "Anna")
    return program


def test_a_calendar_and_a_label_are_synced_both_ways(program: Program, world: CalendarWorld) -> None:
    world.fake.people.add_group("CRM")
    there = world.add(samples.event(1))
    token = program.write("token.json", world.fake.secret())
    given = ("--provider", "google", "--address", "anna@example.com", "--token-file", token)
    chosen = ("--calendar", "Work", "--group", "CRM", "--start")
    assert program.ok("connection", "add", "anna", *given, *chosen).strip() == "1"
    program.ok("sync", "1")
    world.edit(there, samples.event(2))
    assert "1 changed here" in program.ok("sync", "1")
    assert "nothing" in program.ok("sync", "1")
    assert "access-" not in (program.folder / "crm.sqlite3").read_bytes().decode("latin-1")


def test_a_renewed_token_is_stored(program: Program, world: CalendarWorld) -> None:
    token = program.write("token.json", world.fake.secret(access_token=""))
    program.ok("connection", "add", "anna", "--provider", "google", "--address", "a@example.com", "--token-file", token)
    assert world.fake.oauth.refreshes == 1
    program.ok("connection", "set", "1", "--calendar", "Work")
    assert world.fake.oauth.refreshes == 1


def test_an_account_is_connected_once_under_whatever_address(program: Program, world: CalendarWorld) -> None:
    token = program.write("token.json", world.fake.secret())
    given = ("--provider", "google", "--token-file", token)
    program.ok("connection", "add", "anna", *given, "--address", "Alias@example.com")
    assert program.json("connection", "list")[0]["address"] == "anna@example.com"
    said = program.fails("connection", "add", "anna", *given, "--address", "another@example.com")
    assert "connected already, as connection 1" in said
    program.ok("connection", "reconnect", "1", "--token-file", token)
    world.fake.calendars = FakeCalendars("eve@example.com")
    said = program.fails("connection", "reconnect", "1", "--token-file", token)
    assert "You signed in as eve@example.com, but this connection is to anna@example.com." in said


def test_a_token_that_was_revoked_connects_nothing(program: Program, world: CalendarWorld) -> None:
    world.revoke()
    token = program.write("token.json", world.fake.secret())
    given = ("--provider", "google", "--address", "a@example.com", "--token-file", token)
    assert "Reconnect the account" in program.fails("connection", "add", "anna", *given)
