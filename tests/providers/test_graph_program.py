"""The program with a ready token, over a Graph that is somewhere else and speaks plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.contract import samples
from tests.providers.graph_world import CalendarWorld, calendar_world


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def program(tmp_path: Path, sqlite_template: Path, world: CalendarWorld) -> Program:
    (tmp_path / "crm.sqlite3").write_bytes(sqlite_template.read_bytes())
    known = world.fake.installation
    graph = (
        f"[graph]\nclient_id = {known.client_id}\nclient_secret = {known.client_secret}\ntenant = contoso.example\n"
        f"graph_url = {known.graph_url}/\ntoken_url = {known.token_url}\n"
        f"authorization_url = {known.authorization_url}\nadmin_consent_url = {known.admin_consent_url}\n"
    )
    base = "[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n"
    (tmp_path / "config.ini").write_text(base + graph, encoding="utf-8")
    program = Program(tmp_path)
    program.ok("user", "add", "anna", "--name", "Anna")
    return program


def test_a_calendar_and_a_folder_are_synced_both_ways(program: Program, world: CalendarWorld) -> None:
    world.fake.add_folder("AAkALgAACrm=", "CRM")
    there = world.add(samples.event(1))
    token = program.write("token.json", world.fake.secret(access_token=""))
    given = ("--provider", "graph", "--address", "anna@example.com", "--token-file", token)
    chosen = ("--calendar", "Work", "--group", "CRM", "--start")
    assert program.ok("connection", "add", "anna", *given, *chosen).strip() == "1"
    assert world.fake.oauth.refreshes == 1  # the renewed token is kept
    program.ok("sync", "1")
    world.edit(there, samples.event(2))
    assert "1 changed here" in program.ok("sync", "1")
    assert "nothing" in program.ok("sync", "1")
    assert world.fake.oauth.refreshes == 1
    assert "access-" not in (program.folder / "crm.sqlite3").read_bytes().decode("latin-1")
