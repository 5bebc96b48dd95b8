"""The database: sessions that read a snapshot, sessions that write in one transaction, and the schema's version."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from bridge.store.engines import create_engines, parse_url
from bridge.store.failures import translated


class Database:
    """One SQLite file or PostgreSQL database, for all threads of a process.

    ``url`` is SQLAlchemy's address (``sqlite:///…``, ``postgresql://…``), ``busy_timeout`` how long a session waits
    for a lock or a connection, ``pool_size`` how many connections stay open for reading (PostgreSQL: at all).
    ``dialect`` is ``sqlite`` or ``postgresql``.

    Raises ``ConfigError`` for an address that cannot be used. ``read`` and ``write`` raise ``TemporaryError`` with
    ``remote="database"`` when the database is locked, full or out of reach, ``Conflict`` for a violated unique or
    foreign key, ``Invalid`` for a value that a column cannot hold; they never retry.
    """

    def __init__(self, url: str, *, busy_timeout: timedelta = timedelta(seconds=10), pool_size: int = 4) -> None:
        address = parse_url(url)
        self.dialect = address.get_backend_name()
        self._readers, self._writers = create_engines(address, busy_timeout, pool_size)
        _open.add(self)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one consistent state, that of its first statement, and cannot write."""
        with Session(self._readers, expire_on_commit=False) as session, _translating(writing=False):
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give the same as ``read``, bare: for statements on tables, in requests that clients send all day."""
        shared = _shared.get()
        if shared is None:
            with self._readers.connect() as connection, _translating(writing=False):
                yield connection
            return
        try:
            with _translating(writing=False):
                yield shared.connection(self._readers)
        except Exception:
            shared.end()  # PostgreSQL answers nothing more after an error
            raise

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Let every ``snapshot`` of this thread be the same one until the block ends, or until it writes.

        To begin reading costs more than most statements of a request.
        """
        shared = _Shared()
        token = _shared.set(shared)
        try:
            yield
        finally:
            _shared.reset(token)
            shared.end()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in one transaction, committed when the block ends and rolled back on an exception.

        On SQLite it holds the only write lock from its first statement on; on PostgreSQL (READ COMMITTED), lock the
        row (``SELECT … FOR UPDATE``) whose value decides what is written. Do not nest.
        """
        shared = _shared.get()
        if shared is not None:
            shared.end()
        with Session(self._writers, expire_on_commit=False) as session, _translating(writing=True):
            yield session
            session.commit()

    def migrate(self) -> None:
        """Bring the tables to the newest version. Several processes may call this at once: one works, the rest wait.

        What is of the newest version already is not looked at any further: every start asks.
        """
        if self._is_newest():
            return
        from bridge.store import migrations  # noqa: PLC0415 - the processes that answer requests never need Alembic

        with _translating(writing=True), self._writers.connect() as connection:
            migrations.upgrade(connection)

    def _is_newest(self) -> bool:
        with _translating(writing=False), self._readers.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        return versions == [newest_version()]

    def has_tables(self) -> bool:
        """Whether the database has ever been migrated."""
        with _translating(writing=False), self._readers.connect() as connection:
            return inspect(connection).has_table("alembic_version")

    def check_schema(self) -> list[str]:
        """Say, in sentences, how the tables differ from what this version needs; nothing if they are right."""
        from bridge.store import migrations  # noqa: PLC0415 - see ``migrate``

        with _translating(writing=False), self._readers.connect() as connection:
            return migrations.differences(connection)

    def close(self) -> None:
        """Close the connections. A later session opens new ones."""
        self._readers.dispose()
        self._writers.dispose()

    def before_fork(self) -> None:
        """Close the connections, unless a thread is using one. Every fork calls this by itself.

        SQLite's idea of its locks must not reach a child, nor a socket be shared with it. Forking while a session
        of an SQLite database is open is not safe.
        """
        for engine in (self._readers, self._writers):
            pool = engine.pool
            if isinstance(pool, QueuePool) and pool.checkedout() == 0:
                engine.dispose()

    def after_fork(self) -> None:
        """Forget, in a child process, the parent's connections. Every fork calls this by itself."""
        self._readers.dispose(close=False)
        self._writers.dispose(close=False)


def newest_version() -> str:
    """Which version of the tables belongs to this program: the files are numbered in their order."""
    files = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in files)


class _Shared:
    """The connection that the snapshots of a block share, opened by the first of them."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def connection(self, readers: Engine) -> Connection:
        """The open connection."""
        if self._connection is None:
            self._connection = readers.connect()
        return self._connection

    def end(self) -> None:
        """End the snapshot. The next one sees what has been written since."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_shared: ContextVar[_Shared | None] = ContextVar("davbridge_snapshot", default=None)


@contextmanager
def _translating(*, writing: bool) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        ours = translated(error, writing=writing)
        if ours is None:
            raise
        raise ours from error


_open: WeakSet[Database] = WeakSet()


def _before_fork() -> None:
    for database in list(_open):
        database.before_fork()


def _after_fork() -> None:
    for database in list(_open):
        database.after_fork()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
