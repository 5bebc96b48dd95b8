"""``python -m tests.system.sync_worker CONFIG QUEUE SECONDS``: a sync worker that runs as ``davbridge worker`` does.

Its queue is its own and its lease shorter than people may configure, so that tests need not wait.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bridge import bootstrap
from bridge.cli.worker import Ending
from bridge.config import load


def main(config_file: str, queue: str, seconds: str) -> None:
    config = load(Path(config_file), {})
    sync = replace(
        config.sync,
        queue=queue,
        lease=timedelta(seconds=float(seconds)),
        change_delay=timedelta(milliseconds=50),
        requests_per_second=0,
    )
    changed = replace(config, sync=sync)
    ending = Ending()
    ending.listen()
    bootstrap.worker(changed, bootstrap.build(changed)).work(ending.comes_within)


if __name__ == "__main__":
    main(*sys.argv[1:])
