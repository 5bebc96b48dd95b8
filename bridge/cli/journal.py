"""``davbridge journal`` and ``davbridge undo``: what happened, and taking it back (R21)."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json, table
from bridge.services.actor import Actor
from bridge.services.history import Event, FieldChange
from bridge.services.journal import Undone
from bridge.store.models.journal import Source

_LENGTH = 40  # characters of a value in a table
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime | timedelta]):
    """A day (UTC), a moment, or how long ago: ``2026-11-01``, ``2026-11-01T12:00``, ``7d``."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a ``datetime`` in UTC or a ``timedelta``."""
        found = re.fullmatch(r"(\d{1,4})([mhdw])", str(value), re.ASCII)
        if found:
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
        try:
            if len(str(value)) == len("2026-11-01"):
                return datetime.combine(date.fromisoformat(value), time(), UTC)
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}” is neither a day such as 2026-11-01 nor a time span such as 7d.", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command("journal")
@click.argument("login", required=False)
@click.option("--since", type=Since(), metavar="DAY|SPAN", help="Only later ones: 2026-11-01, or 7d, 12h, 30m.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@as_json
@pass_program
def journal(
    program: Program, login: str | None, since: datetime | timedelta | None, limit: int, *, as_json: bool
) -> None:
    """List what was changed, the newest first; of the user LOGIN's data or of everybody's."""
    services = program.services
    moment_ago = services.clock.now() - since if isinstance(since, timedelta) else since
    events = services.journal.events(login=login, since=moment_ago, limit=limit)
    if as_json:
        print_json([asdict(event) for event in events])
        return
    rows = [(str(e.id), moment(e.at), e.by, _through(e), _what(e), _changes(e)) for e in events]
    table(("entry", "when (UTC)", "who", "through", "what", "changes"), rows)


def _through(event: Event) -> str:
    return ", ".join(filter(None, (event.device, event.client))) or event.source


def _what(event: Event) -> str:
    undone = f" (undoes {event.undoes})" if event.undoes else ""
    return f"{event.action} {event.kind} “{event.title}”{undone}"


def _changes(event: Event) -> str:
    told = [_change(change) for change in event.changes]
    return "; ".join([*told, *(f"{name}: the other side's value was not taken" for name in event.lost)])


def _change(change: FieldChange) -> str:
    if change.before is None and change.after is None:
        return change.field
    return f"{change.field}: {_short(change.before)} → {_short(change.after)}"


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return _short(", ".join(str(getattr(each, "value", each)) for each in value))
    text = plain(str(value)) if value not in (None, "") else "–"
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"


@click.command("undo")
@click.argument("entry", type=int, required=False)
@click.option("--run", metavar="RUN", help="Take back everything that one import, sync or undo did.")
@as_json
@pass_program
def undo(program: Program, entry: int | None, run: str | None, *, as_json: bool) -> None:
    """Take back journal entry ENTRY, or a whole run."""
    if (entry is None) == (run is None):
        raise click.UsageError("Give either the number of a journal entry or --run.")
    actor = Actor(None, Source.UNDO, client="davbridge undo", run=uuid4().hex)
    services = program.services
    undone = services.undoing.undo_run(actor, run) if run else [services.journal.undo(actor, entry or 0)]
    if as_json:
        print_json([asdict(each) for each in undone])
        return
    for each in undone:
        click.echo(_told(each))
    if not undone:
        click.echo("Nothing is left to take back.")


def _told(undone: Undone) -> str:
    number = f"{undone.entry_id}: " if undone.entry_id else "on the other side: "
    if undone.problem:
        return f"Not taken back: {number}“{plain(undone.title)}”: {undone.problem}"
    left = f"; changed again since, so left alone: {', '.join(undone.left_alone)}" if undone.left_alone else ""
    return f"Took back {number}“{plain(undone.title)}”{left}."
