from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.cli.frame import Program as Frame
from bridge.cli.output import plain
from tests.cli.conftest import Program

COMMANDS = (
    *("serve", "demo", "user", "device", "import", "export", "why", "journal", "undo"),
    *("check-config", "migrate", "doctor", "backup", "restore"),
)


def test_every_command_of_the_interface_has_help(davbridge: Program) -> None:
    listed = davbridge.ok("--help")
    for command in COMMANDS:
        assert f"\n  {command} " in listed
        assert davbridge.ok(command, "--help").startswith("Usage:")


@pytest.mark.parametrize(
    "wrong",
    [
        ["fly"],
        ["user", "add"],
        ["device", "add", "anna"],
        ["--colour"],
        ["export", "anna"],
        ["undo"],
        ["demo", "--users=0"],
    ],
)
def test_wrong_use_ends_with_2(anna: Program, wrong: list[str]) -> None:
    assert "Usage:" in anna.fails(*wrong, status=2)


def test_a_wrong_configuration_is_told_whole(empty: Program) -> None:
    empty.write("config.ini", "[server]\nport = many\nhoust = x\n[moon]\n")
    told = empty.fails("check-config")
    assert "[server] port" in told
    assert "[server] houst" in told
    assert "[moon]" in told


def test_a_right_configuration_is_told_too(empty: Program) -> None:
    assert "right" in empty.ok("check-config")


def test_a_missing_configuration_is_told(empty: Program) -> None:
    assert "cannot be read" in empty.fails("--config", "/nowhere/config.ini", "check-config")


def test_the_configuration_comes_from_the_folder_the_variable_or_the_defaults(
    empty: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert "the defaults" in CliRunner().invoke(main, ["check-config"]).stdout
    (elsewhere / "config.ini").write_text("[server]\nport = 4711\n")
    assert "4711" in CliRunner().invoke(main, ["check-config"]).stdout
    given = CliRunner().invoke(main, ["check-config"], env={"DAVBRIDGE_CONFIG": str(empty.folder / "config.ini")})
    assert "8080" in given.stdout


def test_a_database_without_tables_is_told_with_its_remedy(empty: Program) -> None:
    told = empty.fails("user", "list")
    assert "no tables" in told
    assert "davbridge migrate" in told


def test_migrate_makes_the_tables_and_may_be_called_again(empty: Program) -> None:
    empty.ok("migrate")
    empty.ok("migrate")
    assert empty.json("user", "list") == []


def test_a_bug_is_one_sentence_and_with_debug_a_traceback(anna: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bridge.services.principals.Principals.all", broken)
    assert "--debug" in anna.fails("user", "list")
    assert isinstance(anna("--debug", "user", "list").exception, ZeroDivisionError)


def test_debug_shows_where_an_error_comes_from(anna: Program) -> None:
    assert "There is no user" in str(anna("--debug", "device", "add", "bob", "--name", "x").exception)


@pytest.mark.parametrize(
    ("section", "address"),
    [
        ("", "http://127.0.0.1:8080"),
        ("host = 0.0.0.0\nport = 80", "http://127.0.0.1:80"),
        ("host = ::1", "http://[::1]:8080"),
        ("host = 10.0.0.1\ncertificate = c.pem\nkey = k.pem", "https://10.0.0.1:8080"),
        ("base_url = https://dav.example.com/", "https://dav.example.com"),
    ],
)
def test_the_address_that_people_are_told(tmp_path: Path, section: str, address: str) -> None:
    file = tmp_path / "config.ini"
    file.write_text(f"[server]\n{section}\n")
    assert Frame(file).address == address


def test_foreign_texts_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[31mb\r\nc\u202ed\u2028") == "a [31mb  c d "
