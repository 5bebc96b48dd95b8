from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a busy machine. CI tries the same examples each time, developers new ones.
settings.register_profile("developers", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("developers"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developers")

# Tests write some hundred megabytes and wait for the disk thousands of times: keep their files in memory, where there
# is plenty. Whoever wants them elsewhere sets TMPDIR.
_MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4 * 2**30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

pytest_plugins = ["tests.database", "tests.redis_server"]

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
