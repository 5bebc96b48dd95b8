"""The house rules that no linter knows."""

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP_LEVEL = {
    *("bridge", "plugins", "web", "tests", "config.ini", "pyproject.toml", "README.md"),  # fixed by the owner
    *("Makefile", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs", "benchmarks", ".ci"),  # expected by people
    *("requirements.lock", ".gitignore"),  # read by tools
}
ROOMS = ("bridge", "plugins", "web")

# Distributions that are not imported by name, and what uses them.
NOT_IMPORTED = {
    "gunicorn": "started as a program or as an application class by the command line",
    "psycopg": "loaded by SQLAlchemy for postgresql:// addresses",
    "vobject": "Radicale's parser; pinned, because its version decides what Radicale advertises",
    "tzdata": "read by zoneinfo where the system has no time zones",
}
# Tools of the test extra that are called, not imported.
CALLED = {
    "google-api-python-client",
    "import-linter",
    "khal",
    "mypy",
    "pytest-socket",
    "pytest-xdist",
    "ruff",
    "vdirsyncer",
    "xandikos",
}


def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def runtime(root: Path) -> list[Requirement]:
    return [Requirement(line) for line in project(root)["project"]["dependencies"]]


def extra(root: Path) -> list[Requirement]:
    return [Requirement(line) for line in project(root)["project"]["optional-dependencies"]["test"]]


def locked(root: Path) -> dict[str, str]:
    lines = (root / "requirements.lock").read_text(encoding="utf-8").split()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def imported(*folders: Path) -> set[str]:
    return {name for folder in folders for file in folder.rglob("*.py") for name in _imports(file)}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@cache
def modules_by_distribution() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            found.setdefault(canonicalize_name(owner), set()).add(module)
    return found


def modules_of(distribution: str) -> set[str]:
    return modules_by_distribution().get(canonicalize_name(distribution), set())


def closure(requirements: list[Requirement]) -> set[str]:
    """Every distribution that these requirements bring along on this Python."""
    waiting, seen = [(each, "") for each in requirements], set[str]()
    while waiting:
        requirement, for_extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": for_extra}):
            continue
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in seen and not requirement.extras:
            continue
        seen.add(name)
        needs = [Requirement(line) for line in metadata.requires(name) or ()]
        waiting += [(need, each) for need in needs for each in extras]
    return seen


def test_the_top_level_holds_only_what_people_expect(root: Path) -> None:
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        pytest.skip("only a git checkout tells which files belong to the project")
    command = [git, "-c", f"safe.directory={root}", "ls-files"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert {line.partition("/")[0] for line in listing.stdout.splitlines()} <= TOP_LEVEL


def test_every_runtime_dependency_is_used(root: Path) -> None:
    used = imported(*(root / room for room in ROOMS))
    idle = [each.name for each in runtime(root) if each.name not in NOT_IMPORTED and not modules_of(each.name) & used]
    assert not idle, f"{idle}: declared in pyproject.toml, but not imported"


def test_every_test_dependency_is_used(root: Path) -> None:
    used = imported(root / "tests")
    idle = [
        each.name
        for each in extra(root)
        if each.name not in CALLED and not each.name.startswith("types-") and not modules_of(each.name) & used
    ]
    assert not idle, f"{idle}: declared in pyproject.toml, but not imported"


def test_the_lock_names_versions_only(root: Path) -> None:
    for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line)


def test_no_index_host_is_named(root: Path) -> None:
    for name in ("requirements.lock", "pyproject.toml", "Makefile", ".ci/run"):
        text = (root / name).read_text(encoding="utf-8")
        assert not re.search(r"--(extra-)?index-url|--find-links|\bpypi\b", text, re.IGNORECASE), name


def test_the_lock_satisfies_the_project(root: Path) -> None:
    versions = locked(root)
    for requirement in (*runtime(root), *extra(root)):
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is locked to {version}"


def test_the_lock_is_complete(root: Path) -> None:
    assert closure([*runtime(root), *extra(root)]) <= locked(root).keys()


def test_the_commands_of_the_documents_exist(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", makefile, re.MULTILINE))
    documents = [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]
    named = {
        name
        for document in documents
        for name in re.findall(r"(?:^|`)make ([a-z0-9-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"run", "test"} <= named <= targets


def test_every_file_that_the_documents_link_to_exists(root: Path) -> None:
    for document in (*root.glob("*.md"), *(root / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.relative_to(root)} links to {target}"


def test_ci_runs_what_developers_run(root: Path) -> None:
    lines = (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == ["make lint", "make test"]
    assert "set -euo pipefail" in lines


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_too_long_to_live_in(root: Path, room: str) -> None:
    # A version of the tables is written by a program, and read when it is made.
    modules = (file for file in (root / room).rglob("*.py") if file.parent.name != "versions")
    lengths = {file: len(file.read_bytes().splitlines()) for file in modules}
    assert not [str(file.relative_to(root)) for file, length in lengths.items() if length > 400]
