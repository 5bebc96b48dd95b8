"""Compare texts whatever their case, in every alphabet. SQLite's own ``lower`` knows the ASCII letters only."""

from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import String, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_NAME = "davbridge_lower"


class _Lower(FunctionElement[str]):
    type = String()
    inherit_cache = True


@compiles(_Lower)
def _everywhere(element: _Lower, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(_Lower, "sqlite")
def _on_sqlite(element: _Lower, compiler: SQLCompiler, **options: Any) -> str:
    return f"{_NAME}({compiler.process(element.clauses, **options)})"


def teach_letters(connection: SQLiteConnection) -> None:
    """Give a connection to SQLite the function that ``equals`` and ``contains`` ask for."""
    connection.create_function(_NAME, 1, lambda text: text and text.lower(), deterministic=True)


def equals(column: Any, text: str) -> Any:
    """Whether a column is this text."""
    return _lower(column, text) == text.lower()


def contains(column: Any, text: str) -> Any:
    """Whether a column has this text somewhere."""
    pattern = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return _lower(column, text).like(f"%{pattern}%", escape="\\")


def _lower(column: Any, text: str) -> Any:
    """The quick function where no other letters can be meant."""
    return func.lower(column) if text.isascii() else _Lower(column)
