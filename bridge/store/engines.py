"""One engine for reading and one for writing, set up for SQLite or PostgreSQL."""

import os
import time
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from bridge.errors import ConfigError
from bridge.store.letters import teach_letters

CACHE_KIBIBYTES = 2048  # per connection
WAL_BYTES = 64 * 2**20  # the write-ahead log is cut back to this after a checkpoint
IDLE_SECONDS = 30.0  # an idle connection may have been cut by a restart or a firewall: ask before using it


def parse_url(url: str) -> URL:
    """Read the address of a database; ``postgresql://`` means the driver psycopg. Raises ``ConfigError``."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigError(["The address of the database cannot be read."]) from None
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        return address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigError(["The address of the database must begin with sqlite:/// or postgresql://."])
    if address.database in (None, "", ":memory:"):
        raise ConfigError(["An SQLite database needs a file: several processes share it."])
    return address


def create_engines(address: URL, busy_timeout: timedelta, pool_size: int) -> tuple[Engine, Engine]:
    """Build the engines that read and that write."""
    if address.get_backend_name() == "sqlite":
        _prepare_file(Path(str(address.database)))
        readers = _sqlite(address, busy_timeout, pool_size, writing=False)
        return readers, _sqlite(address, busy_timeout, 1, writing=True)
    engine = _postgresql(address, busy_timeout, pool_size)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), engine


def _prepare_file(file: Path) -> None:
    """Create the file, for our eyes only; SQLite gives its companions (``-wal``, ``-shm``) the same mode.

    One that is there is not opened: to close it would end all locks that this process has on it (POSIX), and another
    process would take itself for the only one.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
            raise ConfigError([f"The database file {file} cannot be opened."]) from None
    except OSError as error:
        raise ConfigError([f"The database file {file} cannot be opened: {error.strerror}."]) from error


def _sqlite(address: URL, busy_timeout: timedelta, pool_size: int, *, writing: bool) -> Engine:
    """Let us say BEGIN ourselves: left alone, the driver begins late and reads outside of the transaction.

    Writers have one connection per process: threads then queue up for it in order, where SQLite would let them
    poll the file's lock.
    """
    engine = create_engine(
        address,
        hide_parameters=True,  # personal data and key hashes stay out of the log
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0 if writing else 10,
        pool_timeout=busy_timeout.total_seconds(),
        pool_use_lifo=True,  # the connection used last has the warmest cache
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": busy_timeout.total_seconds()},
    )
    pragmas = _PRAGMAS + ("PRAGMA query_only=OFF;" if writing else "PRAGMA query_only=ON;")

    def connected(connection: SQLiteConnection, _record: object) -> None:
        connection.executescript(pragmas)
        teach_letters(connection)

    def begun(connection: Connection) -> None:
        if writing:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # takes no lock and cannot fail, so that the driver may be asked directly, which is much quicker
            cast("SQLiteConnection", connection.connection.dbapi_connection).execute("BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


_PRAGMAS = f"""
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=FULL;
    PRAGMA foreign_keys=ON;
    PRAGMA temp_store=MEMORY;
    PRAGMA cache_size=-{CACHE_KIBIBYTES};
    PRAGMA mmap_size=0; -- each connection would count the file as its own memory, for a tenth more speed
    PRAGMA journal_size_limit={WAL_BYTES};
"""


def _postgresql(address: URL, busy_timeout: timedelta, pool_size: int) -> Engine:
    """Wait for locks as long as SQLite would, and ask connections that were idle for long whether they still live."""
    engine = create_engine(
        address,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        pool_timeout=busy_timeout.total_seconds(),
        pool_use_lifo=True,
        connect_args={"connect_timeout": 10},
    )
    milliseconds = int(busy_timeout.total_seconds() * 1000)

    def connected(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {milliseconds:d}")
        cursor.execute("SET jit = off")  # compiling costs more than any of our statements
        cursor.close()
        connection.commit()

    def returned(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("idle_since", float("inf")) > IDLE_SECONDS:
            _ping(engine, connection)

    event.listen(engine, "connect", connected)
    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)
    return engine


def _ping(engine: Engine, connection: DBAPIConnection) -> None:
    """Raise ``DisconnectionError``, on which the pool connects anew, if the server has gone."""
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error
