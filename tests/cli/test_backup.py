from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture
def elsewhere(tmp_path: Path) -> Program:
    """Another installation, without a database."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.ini").write_text("[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n")
    return Program(folder)


def test_what_was_backed_up_is_restored_elsewhere(anna: Program, elsewhere: Program) -> None:
    file = anna.folder / "backup.zip"
    anna.ok("backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    (elsewhere.folder / "key").write_bytes((anna.folder / "key").read_bytes())
    (elsewhere.folder / "key").chmod(0o600)
    assert "Restored" in elsewhere.ok("restore", file)
    assert elsewhere.json("user", "list") == anna.json("user", "list")
    assert "no findings" in elsewhere.ok("doctor")


def test_another_secret_is_told(anna: Program, elsewhere: Program) -> None:
    file = anna.folder / "backup.zip"
    anna.ok("backup", file)
    result = elsewhere("restore", file)
    assert result.exit_code == 0
    assert "app passwords will not work" in result.stderr


def test_a_file_is_not_overwritten_unless_forced(anna: Program) -> None:
    file = anna.write("precious", "letters")
    told = anna.fails("backup", file)
    assert "exists already" in told
    assert "--force" in told
    assert file.read_text() == "letters"
    anna.ok("backup", file, "--force")
    assert file.read_bytes().startswith(b"PK")
    assert {each.name for each in anna.folder.iterdir()} >= {"precious", "crm.sqlite3"}
    assert not [each for each in anna.folder.iterdir() if each.name.startswith(".precious")]


def test_a_database_with_users_is_not_restored_into(anna: Program) -> None:
    file = anna.folder / "backup.zip"
    anna.ok("backup", file)
    assert "not empty" in anna.fails("restore", file)


def test_what_is_no_backup_changes_nothing(elsewhere: Program) -> None:
    file = elsewhere.write("letter", "dear anna")
    assert "not a backup" in elsewhere.fails("restore", file)
    assert "cannot be read" in elsewhere.fails("restore", elsewhere.folder / "missing")
    assert elsewhere.json("user", "list") == []


def test_a_folder_that_is_missing_is_told(anna: Program) -> None:
    assert "cannot be written" in anna.fails("backup", anna.folder / "no" / "where")


def test_the_size_limit_is_read_and_kept(anna: Program, elsewhere: Program) -> None:
    file = anna.folder / "backup.zip"
    anna.ok("backup", file)
    assert "refused" in elsewhere.fails("restore", file, "--size-limit", "10 B")
    assert "is not a size" in elsewhere.fails("restore", file, "--size-limit", "big", status=2)
