"""Backup and restore: the whole database as one file that SQLite and PostgreSQL both understand.

The file is a zip archive of ``manifest.json`` and, for each table, ``TABLE.jsonl``: one JSON array per row, its values
in the order of the manifest's columns, rows in the order of the primary key. Tables come after those they refer to.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import IO, Any, BinaryIO

from sqlalchemy import Column, Connection, Table, column, func, insert, select, table, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.errors import Invalid
from bridge.store.archive import FORMAT, Contents, Manifest, open_archive, read_lines
from bridge.store.plain import PlainTable, plain_tables

Progress = Callable[[int, int], None]  # rows done, rows in all
BATCH = 1000
BATCH_OF_BYTES = 10  # rows that hold pictures
