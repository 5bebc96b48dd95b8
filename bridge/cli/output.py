"""What commands print: tables for people, tab-separated lines for programs, JSON where it was asked for."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

Advance = Callable[[int, int], None]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def plain(text: str) -> str:
    """Make what others wrote safe for a terminal and for a line of a table: no control characters, no line breaks."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} else c for c in text)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their headings: aligned on a terminal, else separated by tabs."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(plain(cell) for cell in row))
        return
    from rich.console import Console  # noqa: PLC0415 - only people at a terminal need it, no server does
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(shown)


def print_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain_value))


def _plain_value(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def moment(value: datetime | None) -> str:
    """A moment as people read it, in UTC; a dash for never."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "–"


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """Show how far something long is, on a terminal only. Give it how many of how many are done."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - see ``table``
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
