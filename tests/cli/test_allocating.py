"""A process that has held much returns it to the system."""

import subprocess
import sys
from pathlib import Path

import pytest

# Eight threads at once take larger and larger blocks, with small ones that stay made between them.
HOLDING = """
from threading import Barrier, Thread

from bridge.cli.allocating import return_memory


def resident() -> int:
    return int(open("/proc/self/statm").read().split()[1]) * 4096


def fill() -> None:
    together.wait()
    for size in range(100_000, 3_000_000, 100_000):
        blocks = []
        for _ in range(4):
            blocks.append(bytearray(b"x") * size)
            kept.append(bytes(1_000))


return_memory()
together, kept = Barrier(8), []
before = resident()
threads = [Thread(target=fill) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Only Linux tells how much memory is resident.")
def test_what_was_held_once_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDING], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 10_000_000
