"""How much the tests of concurrency, crashes and size do: enough for every run, or ``make chaos``."""

import os

CHAOS = os.environ.get("DAVBRIDGE_TEST_CHAOS") == "1"


def amount(quick: int, full: int) -> int:
    """``full`` under ``make chaos``, else ``quick``."""
    return full if CHAOS else quick
