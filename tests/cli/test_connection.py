from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import Result

from bridge.store.database import Database
from bridge.vault import new_key
from tests.cli.conftest import Program
from tests.harness import Office, ics


@dataclass(frozen=True)
class Account:
    """Anna's account on a CalDAV server elsewhere."""

    url: str
    password: str


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def account(tmp_path: Path, sqlite_template: Path) -> Iterator[Account]:
    file = tmp_path / "elsewhere.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{file}")) as database:
        office = Office(database)
        office.user("anna")
        _, password = office.devices.add("anna", "davbridge")
        with make_server("127.0.0.1", 0, office.wsgi(), handler_class=Quiet) as server:
            thread = Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield Account(f"http://127.0.0.1:{server.server_port}/dav/", password)
            server.shutdown()
            thread.join(60)


def add(program: Program, account: Account, *options: str, password: str | None = None) -> Result:
    given = ("--provider", "caldav", "--url", account.url, "--username", "anna", "--password-stdin")
    return program("connection", "add", "anna", *given, *options, stdin=f"{password or account.password}\n")


def added(program: Program, account: Account, *options: str) -> str:
    result = add(program, account, *options)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_everything_in_one_command(anna: Program, account: Account) -> None:
    options = (
        *("--name", "Elsewhere", "--calendar", "default", "--group", "default", "--sync-type", "one-way"),
        *("--contacts-type", "one-way", "--types", "call,meeting", "--default-type", "call", "--private", "skip"),
        *("--no-include-links", "--no-edits-come-back", "--visibility", "owner", "--contacts-visibility", "owner"),
        *("--policy", "ask", "--interval", "600", "--start"),
    )
    assert added(anna, account, *options) == "1"
    shown = anna.json("connection", "show", "1")
    assert shown["options"] == {
        "calendar.direction": "one-way",
        "calendar.types": ["call", "meeting"],
        "calendar.default_type": "call",
        "calendar.private": "skip",
        "calendar.include_links": False,
        "calendar.visibility": "owner",
        "calendar.edits_come_back": False,
        "contacts.direction": "one-way",
        "contacts.visibility": "owner",
        "policy": "ask",
        "interval": 600,
    }
    assert (shown["name"], shown["login"], shown["state"]) == ("Elsewhere", "anna", "First sync 0 %")
    assert shown["calendar"]["id"] == f"{account.url}anna/activities/"
    assert (shown["contacts"]["name"], shown["contacts"]["linked"]) == ("Contacts", 0)
    assert shown["calendar"]["started_at"]


def test_the_password_is_nowhere_to_be_seen(anna: Program, account: Account) -> None:
    added(anna, account)
    for command in (("list",), ("show", "1")):
        for flags in ((), ("--json",)):
            assert account.password not in anna.ok("connection", *command, *flags)
    with closing(sqlite3.connect(anna.folder / "crm.sqlite3")) as database:
        assert account.password not in "\n".join(database.iterdump())


def test_step_by_step(anna: Program, account: Account) -> None:
    added(anna, account)
    assert anna.ok("connection", "list").splitlines()[1].startswith("1\tanna\tcaldav\tanna\tChoose settings\t–\t–\t")
    (calendar,) = anna.json("connection", "calendars", "1")
    assert (calendar["name"], calendar["read_only"], calendar["default"]) == ("Activities", False, True)
    (group,) = anna.json("connection", "groups", "1")
    assert anna.ok("connection", "groups", "1").splitlines()[1] == f"{group['id']}\tContacts\tread and write\tdefault"
    assert anna.ok("connection", "calendars", "1").splitlines()[1].startswith(calendar["id"])
    assert "nothing to sync" in anna.fails("connection", "start", "1")
    assert anna.ok("connection", "set", "1", "--calendar", "activities") == "Changed connection 1: Choose settings.\n"
    assert anna.ok("connection", "start", "1") == "Started connection 1.\n"
    assert anna.ok("connection", "pause", "1") == "Paused connection 1.\n"
    assert anna.json("connection", "list", "anna")[0]["condition"] == "paused"
    anna.ok("connection", "start", "1")
    assert "--types" in anna.ok("connection", "set", "--help")
    anna.ok("connection", "set", "1", "--types", "none")
    assert anna.json("connection", "show", "1")["state"] == "Stopped: needs your decision"
    assert "preview 1" in anna.ok("connection", "show", "1")
    anna.ok("connection", "set", "1", "--types", "all", "--calendar", "none")
    shown = anna.ok("connection", "show", "1")
    assert "calendar.types = all" in shown
    assert "Calendar: not synced" in shown


def test_stopping_reconnecting_and_removing(anna: Program, account: Account) -> None:
    added(anna, account, "--calendar", "default", "--start")
    assert "reconnect 1" in anna.ok("connection", "stop", "1")
    assert anna.json("connection", "show", "1")["state"] == "Not connected"
    wrong = anna("connection", "reconnect", "1", "--password-stdin", stdin="wrong\n")
    assert wrong.exit_code == 1
    assert anna.json("connection", "show", "1")["state"] == "Not connected"
    assert anna.ok("connection", "reconnect", "1") == "Reconnected connection 1: Choose settings.\n"
    anna.ok("connection", "stop", "1")
    assert added(anna, account) == "1"  # the former connection, not a second one
    anna.ok("connection", "start", "1")
    assert anna.ok("connection", "remove", "1") == "Removed connection 1.\n"
    assert anna.json("connection", "list") == []
    assert "no connection 1" in anna.fails("connection", "show", "1")


def test_a_wrong_password_is_a_sentence_and_nothing_is_saved(anna: Program, account: Account) -> None:
    result = add(anna, account, password="wrong")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
    assert anna.json("connection", "list") == []


def test_what_fails_after_adding_says_how_to_go_on(anna: Program, account: Account) -> None:
    result = add(anna, account, "--calendar", "Garden")
    assert result.exit_code == 1
    assert result.stdout == "1\n"
    assert "no calendar “Garden”" in result.stderr
    assert "davbridge connection set 1" in result.stderr


def test_contacts_need_a_permission(anna: Program, account: Account) -> None:
    with closing(sqlite3.connect(anna.folder / "crm.sqlite3")) as database:
        database.execute("UPDATE users SET may_add_people = 0")
        database.commit()
    result = add(anna, account, "--group", "default", "--start")
    assert result.exit_code == 1
    assert "“add people”" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "anna", "--provider", "imap", "--username", "anna"), "IMAP and POP accounts hold mail"),
        (("add", "anna", "--provider", "caldav", "--username", "anna"), "needs a password"),
        (("add", "anna", "--provider", "fax", "--username", "anna"), "no provider “fax”"),
        (("list", "bob"), "There is no user “bob”"),
        (("pause", "9"), "no connection 9"),
        (("default", "calendar.color", '"red"'), "no option “calendar.color”"),
    ],
)
def test_failures_are_sentences(anna: Program, arguments: tuple[str, ...], told: str) -> None:
    assert told in anna.fails("connection", *arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "anna", "--provider", "caldav", "--password-stdin"), "no password on standard input"),
        (("add", "anna", "--provider", "caldav", "--token-file", "missing"), "cannot be read"),
        (("add", "anna", "--provider", "caldav", "--password-stdin", "--token-file", "x"), "either"),
        (("add", "anna"), "--provider"),
        (("set", "1"), "at least one option"),
        (("set", "1", "--private", "maybe"), "as-private"),
        (("pause",), "--all"),
        (("start", "1", "--all"), "--all"),
        (("default", "policy"), "--clear"),
        (("default", "policy", "crm"), "not JSON"),
    ],
)
def test_wrong_use(anna: Program, arguments: tuple[str, ...], told: str) -> None:
    assert told in anna.fails("connection", *arguments, status=2)


def test_a_token_comes_from_a_file(anna: Program, account: Account) -> None:
    file = anna.write("token", f"{account.password}\n")
    given = ("--provider", "caldav", "--url", account.url, "--username", "anna", "--token-file", str(file))
    assert anna.ok("connection", "add", "anna", *given) == "1\n"
    assert anna.json("connection", "calendars", "1")


def test_company_values(anna: Program, account: Account) -> None:
    anna.ok("connection", "default", "policy", '"crm"')
    assert anna.ok("connection", "default", "calendar.private", '"skip"', "--forced") == "Fixed calendar.private.\n"
    assert anna.ok("connection", "defaults").splitlines()[1:] == ['calendar.private\t"skip"\tyes', 'policy\t"crm"\tno']
    added(anna, account)
    options = anna.json("connection", "show", "1")["options"]
    assert (options["policy"], options["calendar.private"]) == ("crm", "skip")
    assert "fixed for everybody" in anna.fails("connection", "set", "1", "--private", "as-private")
    anna.ok("connection", "default", "calendar.private", "--clear")
    anna.ok("connection", "set", "1", "--private", "as-private")
    assert [each["key"] for each in anna.json("connection", "defaults")] == ["policy"]


def test_a_pause_for_all(anna: Program, account: Account) -> None:
    added(anna, account, "--calendar", "default", "--start")
    anna.ok("connection", "pause", "--all")
    assert anna.json("connection", "show", "1")["state"] == "Paused by admin"
    anna.ok("connection", "start", "--all")
    assert anna.json("connection", "show", "1")["state"] == "First sync 0 %"


def test_keys_are_exchanged(anna: Program, account: Account) -> None:
    added(anna, account)
    config = (anna.folder / "config.ini").read_text()
    anna.write("keys", new_key())
    anna.write("config.ini", config.replace("secret_file = key", "secret_file = key\ncredential_keys_file = keys"))
    assert "Sealed 1 passwords" in anna.ok("rotate-keys")
    assert anna.json("connection", "calendars", "1")
    anna.write("config.ini", config)
    assert "reconnect the account" in anna.fails("connection", "calendars", "1")
    assert json.dumps(anna.json("connection", "list"))


def test_one_write_on_the_other_side_is_taken_back_alone(anna: Program, account: Account) -> None:
    added(anna, account, "--calendar", "default", "--start")
    times = ("DTSTART:21000101T100000Z", "DTEND:21000101T110000Z")
    for name in ("First", "Second"):
        anna.ok("import", anna.write("x.ics", ics(f"SUMMARY:{name}", *times, uid=name)), "--owner", "anna")
    ((report,),) = [json.loads(anna("sync", "1", "--json").stdout)]
    run = report["run_id"]
    listed = anna.ok("journal", "--there", run).splitlines()
    assert [line.split("\t")[2] for line in listed[1:]] == ["create there “Second”", "create there “First”"]
    change = {each["title"]: str(each["id"]) for each in anna.json("journal", "--there", run)}["First"]
    assert anna.ok("undo", "--there", change) == "Took back on the other side: “First”.\n"
    assert [each["undone"] for each in anna.json("journal", "--there", run)] == [False, True]
    assert "taken back" in anna.ok("journal", "--there", run)
    assert "undone already" in anna.fails("undo", "--there", change)
    assert "no change 99" in anna.fails("undo", "--there", "99")
    assert "no run “x”" in anna.fails("journal", "--there", "x")
    assert "alone" in anna.fails("journal", "anna", "--there", run, status=2)
    assert "Give either" in anna.fails("undo", "1", "--there", change, status=2)
