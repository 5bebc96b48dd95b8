"""Writes the next version: what the models have and the newest version has not. Read it, and format it with ruff."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import create_engine

from bridge.store.migrations import FOLDER, configuration, upgrade


def main(message: str) -> None:
    """Compare the models with an empty database at the newest version, and write a file below ``versions``."""
    number = f"{len(list((FOLDER / 'versions').glob('[0-9]*.py'))) + 1:04}"
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'empty.sqlite3'}")
        with engine.connect() as connection:
            if number != "0001":
                upgrade(connection)
            command.revision(configuration(connection), message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or sys.exit("Say what the new version does."))
