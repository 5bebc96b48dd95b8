"""``davbridge journal`` and ``davbridge undo``: what happened, and taking it back (R21)."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import click

from bridge.bootstrap import Services
from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json, table
from bridge.services.actor import Actor
from bridge.services.history import Event, FieldChange
from bridge.services.journal import Undone
from bridge.store.models.journal import Source
from bridge.store.runs import RemoteChange

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
@click.option("--there", metavar="RUN", help="Instead, what one run of a sync wrote on the other side.")
@as_json
@pass_program
def journal(
    program: Program,
    login: str | None,
    since: datetime | timedelta | None,
    limit: int,
    there: str | None,
    *,
    as_json: bool,
) -> None:
    """List what was changed, the newest first; of the user LOGIN's data or of everybody's."""
    services = program.services
    if there is not None:
        if login is not None or since is not None:
            raise click.UsageError("A run says by itself whose it is, and when: give --there alone.")
        _list_written(services.undoing.written(there)[:limit], as_json=as_json)
        return
    moment_ago = services.clock.now() - since if isinstance(since, timedelta) else since
    events = services.journal.events(login=login, since=moment_ago, limit=limit)
    if as_json:
        print_json([asdict(event) for event in events])
        return
    rows = [(str(e.id), moment(e.at), e.by, _through(e), _what(e), _changes(e)) for e in events]
    table(("entry", "when (UTC)", "who", "through", "what", "changes"), rows)


def _list_written(changes: Sequence[RemoteChange], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(change) for change in changes])
        return
    rows = [
        (
            str(c.id),
            moment(c.at),
            f"{c.action.replace('-', ' ')} “{c.title}”",
            "taken back" if c.undone else "",
            c.remote_id,
        )
        for c in changes
    ]
    table(("change", "when (UTC)", "what", "", "remote id"), rows)


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
@click.option("--there", metavar="CHANGE", type=int, help="Take back one write on the other side of a sync.")
@as_json
@pass_program
def undo(program: Program, entry: int | None, run: str | None, there: int | None, *, as_json: bool) -> None:
    """Take back journal entry ENTRY, a whole run, or what “davbridge journal --there RUN” lists as CHANGE."""
    if sum(given is not None for given in (entry, run, there)) != 1:
        raise click.UsageError("Give either the number of a journal entry, --run or --there.")
    undone = _undone(program.services, entry, run, there)
    program.finish_drawing()
    if as_json:
        print_json([asdict(each) for each in undone])
        return
    for each in undone:
        click.echo(_told(each))
    if not undone:
        click.echo("Nothing is left to take back.")


def _undone(services: Services, entry: int | None, run: str | None, there: int | None) -> list[Undone]:
    actor = Actor(None, Source.UNDO, client="davbridge undo", run=uuid4().hex)
    if run is not None:
        return services.undoing.undo_run(actor, run)
    if there is not None:
        return [services.undoing.undo_remote(actor, there)]
    return [services.journal.undo(actor, entry or 0)]


def _told(undone: Undone) -> str:
    number = f"{undone.entry_id}: " if undone.entry_id else "on the other side: "
    if undone.problem:
        return f"Not taken back: {number}“{plain(undone.title)}”: {undone.problem}"
    left = f"; changed again since, so left alone: {', '.join(undone.left_alone)}" if undone.left_alone else ""
    return f"Took back {number}“{plain(undone.title)}”{left}."
