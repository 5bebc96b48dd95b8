"""The command line ``davbridge``: one module for each topic, errors as sentences, exit status 0, 1 or 2."""

from bridge.cli.program import main

__all__ = ["main"]
