"""The program with an Exchange server that is somewhere else: a URL, a user name and a password, over plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.contract import samples
from tests.fakes.exchange.server import LOGIN
from tests.providers.exchange_world import CalendarWorld, calendar_world


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def program(tmp_path: Path, sqlite_template: Path) -> Program:
    (tmp_path / "crm.sqlite3").write_bytes(sqlite_template.read_bytes())
    text = "[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n"
    (tmp_path / "config.ini").write_text(text, encoding="utf-8")
    program = Program(tmp_path)
    program.ok("user", "add", "anna", "--name", "Anna")
    return program


def given(world: CalendarWorld) -> tuple[str, ...]:
    return ("--provider", "exchange", "--url", world.fake.endpoint, "--username", LOGIN, "--password-stdin")


def fails(program: Program, *arguments: str, stdin: str) -> str:
    result = program(*arguments, stdin=stdin)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_a_calendar_and_contacts_are_synced_both_ways(program: Program, world: CalendarWorld) -> None:
    world.mailbox.add_folder("CRM", "IPF.Contact")
    there = world.add(samples.event(1))
    chosen = ("--calendar", "Work", "--group", "CRM", "--start")
    password = world.fake.password
    assert program.ok("connection", "add", "anna", *given(world), *chosen, stdin=password).strip() == "1"
    program.ok("sync", "1")
    world.edit(there, samples.event(2))
    assert "1 changed here" in program.ok("sync", "1")
    assert "nothing" in program.ok("sync", "1")
    assert password.encode() not in (program.folder / "crm.sqlite3").read_bytes()


def test_a_wrong_password_connects_nothing(program: Program, world: CalendarWorld) -> None:
    assert "app password" in fails(program, "connection", "add", "anna", *given(world), stdin="wrong")


@pytest.mark.parametrize(
    "account",
    [
        ("--address", "anna@outlook.com"),
        ("--address", "anna@hotmail.co.uk"),
        ("--address", "anna@contoso.onmicrosoft.com"),
        ("--address", "anna@example.com", "--url", "https://outlook.office365.com/EWS/Exchange.asmx"),
    ],
)
def test_exchange_online_is_led_to_microsoft_365_at_once(program: Program, account: tuple[str, ...]) -> None:
    given = ("connection", "add", "anna", "--provider", "exchange", *account, "--password-stdin")
    said = fails(program, *given, stdin="secret")
    assert "Microsoft 365" in said
    assert "2027" in said
