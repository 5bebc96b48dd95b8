"""What SQLAlchemy and the drivers report, turned into the project's errors."""

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bridge.errors import BridgeError, Conflict, Invalid, TemporaryError

_DISK_REMEDY = "Free some disk space, then try again."
_FILE_REMEDY = "Let the service's user read and write the database file and its folder."
_SQLITE_TEMPORARY = {
    "SQLITE_BUSY": ("The database is busy with another change.", ""),
    "SQLITE_LOCKED": ("The database is busy with another change.", ""),
    "SQLITE_FULL": ("The disk of the database is full.", _DISK_REMEDY),
    "SQLITE_IOERR": ("The database file cannot be read or written.", "Look at the disk of the database."),
    "SQLITE_CANTOPEN": ("The database file cannot be opened.", _FILE_REMEDY),
    "SQLITE_PERM": ("The database file cannot be opened.", _FILE_REMEDY),
    "SQLITE_READONLY": ("The database file cannot be written.", _FILE_REMEDY),
    "SQLITE_NOTADB": ("The database file is not an SQLite database.", "Check the address of the database."),
    "SQLITE_CORRUPT": ("The database file is damaged.", "Restore the last backup."),
}
_POSTGRESQL_TEMPORARY = {
    "40001": ("The database is busy with another change.", ""),  # serialization_failure
    "40P01": ("The database is busy with another change.", ""),  # deadlock_detected
    "55P03": ("The database is busy with another change.", ""),  # lock_not_available
    "53100": ("The disk of the database is full.", _DISK_REMEDY),
    "53200": ("The database server is out of memory.", ""),
    "53300": ("The database server has no connection left.", "Raise max_connections or lower pool_size."),
    "57014": ("The database server stopped a statement that took too long.", ""),
}
_CONFLICTS = {
    "SQLITE_CONSTRAINT_UNIQUE": "Something with the same name exists already.",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "Something with the same name exists already.",
    "23505": "Something with the same name exists already.",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "It refers to something that does not exist, or something still refers to it.",
    "23503": "It refers to something that does not exist, or something still refers to it.",
}


def translated(error: SQLAlchemyError, *, writing: bool) -> BridgeError | None:
    """Find our error for a failed statement; ``None`` if it can only be a bug.

    A violated unique or foreign key is a ``Conflict``, a value that the columns cannot hold is ``Invalid``, and
    whatever may pass by itself (locks, lost connections, a full disk) is a ``TemporaryError`` of ``database``.
    """
    if isinstance(error, PoolTimeout):
        return _temporary("The database is busy: every connection is in use.")
    if not isinstance(error, DBAPIError):
        return None
    code = _code(error)
    if conflict := _CONFLICTS.get(code):
        return Conflict(conflict)
    if isinstance(error, DataError):
        return Invalid(f"A value does not fit into the database: {_first_line(error)}")
    if code.startswith("SQLITE_"):
        return _sqlite(code, writing=writing)
    return _postgresql(error, code)


def _sqlite(code: str, *, writing: bool) -> BridgeError | None:
    """Extended codes begin with the primary one: ``SQLITE_BUSY_SNAPSHOT`` is a kind of ``SQLITE_BUSY``."""
    if code == "SQLITE_TOOBIG":
        return Invalid("A value is too long for the database.")
    if code.startswith("SQLITE_READONLY") and not writing:
        return None  # somebody writes while reading: a bug
    primary = "_".join(code.split("_")[:2])
    found = _SQLITE_TEMPORARY.get(primary)
    return _temporary(*found) if found else None


def _postgresql(error: DBAPIError, code: str) -> BridgeError | None:
    if found := _POSTGRESQL_TEMPORARY.get(code):
        return _temporary(*found)
    if code == "54000":  # program_limit_exceeded: an index entry may have about 2,700 bytes
        return Invalid("A value is too long for the database.")
    lost = isinstance(error, OperationalError | InterfaceError) and (not code or code[:2] in ("08", "28", "3D", "57"))
    if lost or error.connection_invalidated:
        return _temporary(
            f"The database cannot be reached: {_first_line(error)}",
            "Check that the database server runs and that the address of the database is right.",
        )
    return None


def _code(error: DBAPIError) -> str:
    """Name the failure: SQLite's symbolic result code, or PostgreSQL's SQLSTATE; empty without either."""
    return str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "")


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0]


def _temporary(message: str, remedy: str = "") -> TemporaryError:
    return TemporaryError(message, remote="database", remedy=remedy)
