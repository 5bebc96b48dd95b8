from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main


@dataclass
class Program:
    """Runs davbridge in a folder of its own, over a migrated SQLite database."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, stdin: str = "") -> Result:
        config = self.folder / "config.ini"
        given = [] if "--config" in arguments else ["--config", str(config)]
        environ = {name: None for name in os.environ if name.startswith("DAVBRIDGE_TEST_")} | self.environ
        return CliRunner().invoke(main, [*given, *map(str, arguments)], input=stdin, env=environ)

    def ok(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run a command that must succeed; its standard output."""
        result = self(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        assert not result.stderr, result.stderr
        return result.stdout

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def fails(self, *arguments: str | Path, status: int = 1) -> str:
        """Run a command that must fail without a traceback; what it says on standard error."""
        result = self(*arguments)
        assert result.exit_code == status, result.output
        assert isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result.stderr

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_bytes(text.encode())
        return file


@pytest.fixture
def empty(tmp_path: Path) -> Program:
    """The program over a database without tables."""
    (tmp_path / "config.ini").write_text("[database]\nurl = sqlite:///crm.sqlite3\n[security]\nsecret_file = key\n")
    return Program(tmp_path)


@pytest.fixture
def davbridge(empty: Program, sqlite_template: Path) -> Program:
    """The program over a database with tables."""
    shutil.copyfile(sqlite_template, empty.folder / "crm.sqlite3")
    return empty


@pytest.fixture
def anna(davbridge: Program) -> Program:
    """The program with one user, anna."""
    davbridge.ok("user", "add", "anna", "--name", "Anna Ozola", "--email", "anna@example.com")
    return davbridge
