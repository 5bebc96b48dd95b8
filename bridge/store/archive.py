"""The file of a backup: a zip archive of a manifest and of one member per table, read with suspicion."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BufferedReader
from struct import error as StructError  # noqa: N812 - named like the exceptions beside it
from typing import Any, BinaryIO, cast

from bridge.errors import Invalid

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_BYTES = 2**20
LINE_BYTES = 2**28  # one row; the largest hold a resource before and after a change
SIZE_LIMIT = 2**30  # unpacked; a larger archive must not shrink to less than a part in ``RATIO``
RATIO = 300  # our texts shrink to a twentieth or so, a bomb to a thousandth
BUFFER = 2**18
_DAMAGES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, StructError,
    OSError, ValueError, RuntimeError, NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contents:
    """What is known of a table in the archive."""

    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    ``revision`` is the version of its tables, ``created_at`` is aware, ``key_fingerprint`` tells whether the secret
    key of an installation is the one with which the hashes in the backup were made.
    """

    revision: str
    created_at: datetime
    key_fingerprint: str
    tables: Mapping[str, Contents]

    @property
    def rows(self) -> int:
        """How many rows all tables have."""
        return sum(contents.rows for contents in self.tables.values())


class Writer:
    """Writes the members of a new archive, the manifest first. ``stream`` need not be able to seek."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self._date = manifest.created_at.astimezone(UTC).timetuple()[:6]
        self._write(MANIFEST, [_manifest_text(manifest)])

    def write_table(self, name: str, blocks: Iterable[bytes]) -> None:
        """Add a table; each block holds whole lines."""
        self._write(f"{name}.jsonl", blocks)

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        member = zipfile.ZipInfo(name, self._date)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o600 << 16
        with self._archive.open(member, "w", force_zip64=True) as out:
            for block in blocks:
                out.write(block)


@contextmanager
def create(stream: BinaryIO, manifest: Manifest) -> Iterator[Writer]:
    """Begin an archive that is complete when the block ends."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        yield Writer(archive, manifest)


class Reader:
    """Reads the members of an archive whose directory and manifest have been checked."""

    def __init__(self, archive: zipfile.ZipFile, size_limit: int | None) -> None:
        self._archive = archive
        members = _checked_members(archive, size_limit)
        self.manifest = _parse_manifest(b"".join(_lines(archive, MANIFEST, MANIFEST_BYTES)))
        if members != {MANIFEST, *(f"{name}.jsonl" for name in self.manifest.tables)}:
            raise Invalid("The backup does not hold the tables that it names.")

    def lines(self, table: str) -> Iterator[bytes]:
        """Give a table's rows, each a line. Raises ``Invalid`` on the way if there are more or fewer than promised."""
        count, expected = 0, self.manifest.tables[table].rows
        for line in _lines(self._archive, f"{table}.jsonl", LINE_BYTES):
            count += 1
            if count > expected:
                break
            yield line
        if count != expected:
            raise Invalid(f"The backup does not hold the {expected} rows of {table} that it names.")


@contextmanager
def open_archive(stream: BinaryIO, size_limit: int | None = None) -> Iterator[Reader]:
    """Open an archive from a stream that can seek. Raises ``Invalid`` if it is not a backup or is damaged.

    ``size_limit`` is how many bytes it may have when unpacked; by default, what a backup can be expected to have.
    """
    try:
        archive = zipfile.ZipFile(stream)
    except _DAMAGES as error:
        raise Invalid("The file is not a backup, or it is damaged.") from error
    with archive:
        yield Reader(archive, size_limit)


def _checked_members(archive: zipfile.ZipFile, size_limit: int | None) -> set[str]:
    members = archive.infolist()
    names = {member.filename for member in members}
    if len(names) != len(members) or MANIFEST not in names:
        raise Invalid("The file is not a backup, or it is damaged.")
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if size > (max(SIZE_LIMIT, RATIO * packed) if size_limit is None else size_limit):
        raise Invalid(
            f"The backup is refused: unpacked, it would have {size} bytes.",
            remedy="Restore it with a higher size limit if you trust it.",
        )
    return names


def _lines(archive: zipfile.ZipFile, name: str, longest: int) -> Iterator[bytes]:
    """Never more than a line is in memory. The archive's checksum is compared at the member's end."""
    try:
        with archive.open(name) as member, BufferedReader(cast("BinaryIO", member), BUFFER) as lines:  # type: ignore[type-var]
            while line := lines.readline(longest + 1):
                if len(line) > longest:
                    raise Invalid(f"The backup is refused: {name} has a line beyond measure.")
                yield line
    except _DAMAGES as error:
        raise Invalid(f"The backup is damaged: {name} cannot be read.") from error


def _manifest_text(manifest: Manifest) -> bytes:
    tables = {name: asdict(contents) for name, contents in manifest.tables.items()}
    content = {
        "format": FORMAT,
        "revision": manifest.revision,
        "created_at": manifest.created_at.isoformat(),
        "key_fingerprint": manifest.key_fingerprint,
        "tables": tables,
    }
    return json.dumps(content, indent=1).encode()


def _parse_manifest(content: bytes) -> Manifest:
    try:
        found = json.loads(content)
        version = int(found["format"])
        if version != FORMAT:
            raise Invalid(f"The backup has format {version}; this version of davbridge reads format {FORMAT}.")
        created_at = datetime.fromisoformat(found["created_at"])
        tables = {_table_name(name): _contents(each) for name, each in found["tables"].items()}
        return Manifest(str(found["revision"]), _aware(created_at), str(found["key_fingerprint"]), tables)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise Invalid("The backup is damaged: its manifest cannot be read.") from error


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(instant)
    return instant


def _contents(found: Mapping[str, Any]) -> Contents:
    return Contents(int(found["rows"]), tuple(str(name) for name in found["columns"]))


def _table_name(name: str) -> str:
    if not re.fullmatch("[a-z_]+", name):
        raise ValueError(name)
    return name
