"""The versions of the tables. ``python -m bridge.store.migrations "Add …"`` writes the next one from the models."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bridge.errors import BridgeError
from bridge.store.models import Base

FOLDER = Path(__file__).parent
_LOCK = 7_236_105_548  # any number that nobody else locks (PostgreSQL advisory lock)
_REMEDY = "Run “davbridge migrate”."
_TRIGRAMS = ("resource_search", "ix_resources_search", "activity_search", "ix_activities_search")


def configuration(connection: Connection) -> Config:
    """Tell Alembic, without a file of its own, where the versions are and which connection to use."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest version, in one transaction that is committed. ``connection`` is fresh.

    On SQLite, foreign keys are switched off meanwhile, as rebuilding a table would delete the rows that refer to
    it, and are checked before the commit.
    """
    config = configuration(connection)
    if connection.dialect.name == "sqlite":
        _upgrade_sqlite(connection, config)
        return
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _upgrade_known(connection, config)


def _upgrade_sqlite(connection: Connection, config: Config) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction
    try:
        with connection.begin():
            _upgrade_known(connection, config)
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise BridgeError(f"A row of the table {broken[0]} refers to a missing row of {broken[2]}.")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _upgrade_known(connection: Connection, config: Config) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in _revisions(config):
        raise BridgeError(
            _newer(current), remedy="Install the version of davbridge that was used last, or a newer one."
        )
    command.upgrade(config, "head")


def differences(connection: Connection) -> list[str]:
    """Say how the tables differ from the models, or that they are of another version; nothing if they are right."""
    config = configuration(connection)
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
    current, head = context.get_current_revision(), ScriptDirectory.from_config(config).get_current_head()
    if current is None:
        return [f"The database has no tables yet. {_REMEDY}"]
    if current not in _revisions(config):
        return [_newer(current)]
    if current != head:
        return [f"The database is of version {current}, but {head} is needed. {_REMEDY}"]
    return [sentence for found in compare_metadata(context, Base.metadata) for sentence in _sentences(found)]


def ours(_: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Leave out what a migration makes by hand: trigram indexes have their own kind of table or index on each side."""
    return not (kind in {"table", "index"} and (name or "").startswith(_TRIGRAMS))


def _revisions(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _newer(current: str) -> str:
    return f"The database is of version {current}, which this version of davbridge does not know."


def _sentences(found: Any) -> list[str]:
    """Describe one difference; Alembic gives tuples, and lists of tuples for changes of one column."""
    if isinstance(found, list):
        return [sentence for each in found for sentence in _sentences(each)]
    kind = str(found[0])
    if kind.startswith("modify_"):
        return [f"The column {found[2]}.{found[3]} has another {kind.removeprefix('modify_')} than it should."]
    verb = "lacks" if kind.startswith("add_") else "should not have"
    what = kind.partition("_")[2]
    if what == "column":
        return [f"The table {found[2]} {verb} the column {found[3].name}."]
    if what == "table":
        return [f"The database {verb} the table {found[1].name}."]
    return [f"The table {found[1].table.name} {verb} the {what} {found[1].name}."]
