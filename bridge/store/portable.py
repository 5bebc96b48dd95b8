"""Backup and restore: the whole database as one file that SQLite and PostgreSQL both understand.

The file is a zip archive of ``manifest.json`` and, for each table, ``TABLE.jsonl``: one JSON array per row, its values
in the order of the manifest's columns. Bytes are base64, times ISO 8601 and, where they are instants, UTC.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import Connection, bindparam, column, func, insert, inspect, select, table, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.errors import Invalid
from bridge.store.archive import Contents, Manifest, Reader, create, open_archive
from bridge.store.models import CollectionRow
from bridge.store.plain import PlainTable, plain_tables

Progress = Callable[[int, int], None]
BATCH = 1000
BATCH_OF_BYTES = 10  # rows that hold pictures


def dump(session: Session, stream: BinaryIO, progress: Progress, *, created_at: datetime, key_fingerprint: str) -> None:
    """Write everything that a reading session sees.

    ``progress`` is told, after each batch, how many rows of how many are done. ``key_fingerprint`` identifies the
    secret key of this installation, without which nobody can sign in with the app passwords of the backup. Raises
    ``Invalid`` for a database without tables.
    """
    connection, tables = session.connection(), plain_tables()
    revision = _revision(connection)
    contents = {each.name: Contents(_count(connection, each), each.columns) for each in tables}
    manifest = Manifest(revision, created_at, key_fingerprint, contents)
    advance = _counting(progress, manifest.rows)
    with create(stream, manifest) as archive:
        for each in tables:
            archive.write_table(each.name, _blocks(connection, each, advance))


def load(
    session: Session,
    stream: BinaryIO,
    progress: Progress,
    *,
    least_generation: int = 1,
    size_limit: int | None = None,
) -> Manifest:
    """Fill an empty database, of the backup's version, from a stream that can seek, and return the manifest.

    Every collection gets a generation above the dumped one, and not below ``least_generation``: clients hold
    sync-tokens of states that this database never had. Pass a number that grows with time, such as minutes since
    1970, so that restoring the same backup twice gives two generations. ``size_limit`` is how many bytes the file may
    have when unpacked; by default, what a backup can be expected to have.

    Raises ``Invalid`` for a database that is not empty, and for a file that is damaged, of another format or version,
    or made to fill the disk; the caller's transaction must then be rolled back.
    """
    connection = session.connection()
    with open_archive(stream, size_limit) as archive:
        _check(connection, archive.manifest)
        advance = _counting(progress, archive.manifest.rows)
        try:
            for each in plain_tables():
                _load_table(connection, each, archive, advance)
        except IntegrityError as error:
            raise Invalid("The backup contradicts itself: a row refers to a missing one, or exists twice.") from error
        _begin_generation(connection, least_generation)
        return archive.manifest


def read_manifest(stream: BinaryIO) -> Manifest:
    """Read what a backup says of itself. Raises ``Invalid`` as ``load`` does."""
    with open_archive(stream) as archive:
        return archive.manifest


def _counting(progress: Progress, total: int) -> Callable[[int], None]:
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    return advance


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        raise Invalid("The database has no tables yet.", remedy="Run “davbridge migrate”.")
    version = table("alembic_version", column("version_num"))
    return str(connection.execute(select(version.c.version_num)).scalar_one())


def _count(connection: Connection, plain: PlainTable) -> int:
    return connection.execute(select(func.count()).select_from(plain.table)).scalar_one()


def _batch(plain: PlainTable) -> int:
    return BATCH_OF_BYTES if plain.has_bytes else BATCH


def _blocks(connection: Connection, plain: PlainTable, advance: Callable[[int], None]) -> Iterator[bytes]:
    statement = select(plain.table).order_by(*plain.table.primary_key)
    rows = connection.execute(statement, execution_options={"yield_per": _batch(plain)})
    for batch in rows.partitions():
        yield b"".join(plain.to_line(row) for row in batch)
        advance(len(batch))


def _check(connection: Connection, manifest: Manifest) -> None:
    """Refuse what cannot be restored here, before anything is written."""
    revision, tables = _revision(connection), plain_tables()
    if manifest.revision != revision:
        raise Invalid(
            f"The backup has tables of version {manifest.revision}, the database of version {revision}.",
            remedy="Restore it with the version of davbridge that wrote it, then update davbridge.",
        )
    if {name: contents.columns for name, contents in manifest.tables.items()} != {t.name: t.columns for t in tables}:
        raise Invalid("The backup is damaged: it does not have the tables and columns of its version.")
    for each in tables:
        if connection.execute(select(each.table).limit(1)).first() is not None:
            raise Invalid(
                f"The database is not empty: it has {each.name}.", remedy="Restore into a new, migrated database."
            )


def _load_table(connection: Connection, plain: PlainTable, archive: Reader, advance: Callable[[int], None]) -> None:
    """Insert in batches. References within the table come last: they may point forwards."""
    rows = map(plain.from_line, archive.lines(plain.name))
    later: dict[str, list[dict[str, Any]]] = {name: [] for name in plain.self_references}
    while batch := list(islice(rows, _batch(plain))):
        for name in later:
            later[name] += _cut(batch, plain.key[0], name)
        connection.execute(insert(plain.table), batch)
        advance(len(batch))
    for name, references in later.items():
        if references:
            _refer(connection, plain, name, references)
    if plain.counter and connection.dialect.name == "postgresql":
        _advance_sequence(connection, plain.name, plain.counter)


def _cut(batch: list[dict[str, Any]], key: str, name: str) -> list[dict[str, Any]]:
    """Take the values of a column out of a batch."""
    found = [{"row": row[key], "value": row[name]} for row in batch if row[name] is not None]
    for row in batch:
        row[name] = None
    return found


def _refer(connection: Connection, plain: PlainTable, name: str, references: list[dict[str, Any]]) -> None:
    key = plain.table.c[plain.key[0]]
    statement = update(plain.table).where(key == bindparam("row")).values({name: bindparam("value")})
    connection.execute(statement, references)


def _advance_sequence(connection: Connection, name: str, counter: str) -> None:
    """Continue counting after the largest number. The names are those of the models."""
    statement = f"SELECT setval(pg_get_serial_sequence('{name}', '{counter}'), max({counter})) FROM {name}"  # noqa: S608
    connection.execute(text(f"{statement} HAVING max({counter}) IS NOT NULL"))


def _begin_generation(connection: Connection, least: int) -> None:
    collections = CollectionRow.__table__
    generation = collections.c.generation
    connection.execute(update(CollectionRow).values(generation=generation + 1))
    connection.execute(update(CollectionRow).where(generation < least).values(generation=least))
