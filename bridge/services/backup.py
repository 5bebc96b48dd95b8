"""Backup and restore of the whole database (see ``bridge.store.portable`` for the file)."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

from bridge.errors import Conflict, Invalid
from bridge.ports import Clock
from bridge.store import portable
from bridge.store.archive import Manifest
from bridge.store.database import Database
from bridge.store.portable import Progress


class Backup:
    """Writes and reads backups. ``key`` is the secret of this installation; the file holds its fingerprint only."""

    def __init__(self, database: Database, clock: Clock, key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._fingerprint = hashlib.sha256(b"davbridge backup" + key).hexdigest()[:32]

    def write(self, file: Path, progress: Progress, *, force: bool = False) -> None:
        """Write everything to a file, for our eyes only, which appears when it is complete.

        Raises ``Conflict`` for a file that exists, unless ``force`` is given, and ``Invalid`` for one that cannot be
        written.
        """
        with new_file(file, force=force) as stream, self._database.read() as session:
            now = self._clock.now()
            portable.dump(session, stream, progress, created_at=now, key_fingerprint=self._fingerprint)

    def restore(self, file: Path, progress: Progress, *, size_limit: int | None = None) -> Manifest:
        """Fill an empty database, making its tables where there are none. Raises ``Invalid``.

        ``size_limit`` is how many bytes the file may have when unpacked; by default, what can be expected.
        """
        try:
            stream = file.open("rb")
        except OSError as error:
            raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
        with stream:
            if not self._database.has_tables():
                self._database.migrate()
            minutes = int(self._clock.now().timestamp() // 60)
            with self._database.write() as session:
                return portable.load(session, stream, progress, least_generation=minutes, size_limit=size_limit)

    def signs_in(self, manifest: Manifest) -> bool:
        """Whether the app passwords of a backup work with this installation's secret."""
        return manifest.key_fingerprint == self._fingerprint


@contextmanager
def new_file(file: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Write a file under a temporary name beside it, mode 0600, and rename it when the block has ended well.

    Raises ``Conflict`` for a file that exists, unless ``force`` is given, and ``Invalid`` where nothing can be
    written.
    """
    if file.exists() and not force:
        raise Conflict(f"{file} exists already.", remedy="Choose another name, or give --force to replace it.")
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            try:
                yield cast("BinaryIO", stream)
                stream.flush()
                os.fsync(stream.fileno())
                temporary.replace(file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.") from error
