from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.database"]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_data(root: Path) -> Path:
    """The corpora and schemas that lie beside the project and are not part of it."""
    data = root.parent / "shared" / "data"
    if data.is_dir():
        return data
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs the shared data in {data}.")
    pytest.skip(f"the shared data are not in {data}")
