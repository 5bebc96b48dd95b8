"""A private Redis server on a free port of the loopback interface."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.database import free_port

PATIENCE = 60


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server for all tests of a process."""
    program = shutil.which("redis-server")
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("CI needs Debian's redis-server package.")
    if program is None:
        pytest.skip("Debian's redis-server package is not installed")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    with Path(folder / "log").open("wb") as log:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _await(port, process, folder / "log")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE * 20):
        try:
            with redis.Redis("127.0.0.1", port) as client:
                client.ping()
                return
        except redis.ConnectionError:
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            break
    pytest.fail(f"Redis does not answer: {log.read_text()}")
