"""``davbridge connection``: accounts elsewhere, what is synced with them, and how that goes (R1–R4, R18, R30)."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.connection_options import apply, with_choices
from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json, table
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError
from bridge.services.connections import NewAccount, Shown
from bridge.services.status import words
from bridge.services.sync_options import OPTIONS, options_of
from bridge.store.connections import Flow

_CONNECTION = click.argument("connection_id", metavar="CONNECTION", type=int)
_COLUMNS = ("id", "login", "provider", "account", "state", "calendar", "contacts", "last success", "next run")


@click.group("connection")
def group() -> None:
    """Connect accounts elsewhere and keep their calendars and contacts in step."""


@group.command("add")
@click.argument("login")
@click.option("--provider", required=True, help="Kind of service: caldav, google, graph or exchange.")
@click.option("--address", default="", help="E-mail address of the account.")
@click.option("--url", default="", help="Address of the server; found from the e-mail address where it can be.")
@click.option("--username", default="", help="User name, if it is not the e-mail address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--token-file", type=click.Path(dir_okay=False, path_type=Path), help="Read the token (JSON) from a file."
)
@click.option("--name", help="What the connection is called.")
@click.option("--check/--no-check", default=True, help="Whether to sign in before anything is saved.")
@with_choices
@click.option("--start/--no-start", default=False, help="Whether to begin at once.")
@pass_program
def add(  # noqa: PLR0913 - the options of the command
    program: Program,
    /,
    login: str,
    *,
    provider: str,
    address: str,
    url: str,
    username: str,
    password_stdin: bool,
    token_file: Path | None,
    check: bool,
    start: bool,
    name: str | None,
    **choices: Any,
) -> None:
    """Connect an account for the user LOGIN. Prints the connection's id.

    With --start, syncing begins without a preview.
    """
    services = program.services
    services.activities.ensure_types()
    secret = _secret(token_file, password_stdin=password_stdin)
    account = NewAccount(provider, address, url, username, secret, name or "")
    added = services.connections.add(None, login, account, check=check)
    click.echo(str(added.id))
    try:
        apply(services.connections, added.id, choices)
        if start:
            services.connections.start(None, added.id, confirmed=True)
    except BridgeError:
        click.echo(
            f"Connection {added.id} was added, but not set up: use “davbridge connection set {added.id}”.", err=True
        )
        raise


def _secret(token_file: Path | None, *, password_stdin: bool) -> str:
    if password_stdin and token_file is not None:
        raise click.UsageError("Give either --password-stdin or --token-file.")
    if token_file is not None:
        try:
            return token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{token_file} cannot be read.") from error
    secret = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if password_stdin and not secret:
        raise click.UsageError("There is no password on standard input.")
    return secret


@group.command("list")
@click.argument("login", required=False)
@as_json
@pass_program
def list_connections(program: Program, login: str | None, *, as_json: bool) -> None:
    """List all connections, or those of the user LOGIN; those that were synced once included."""
    found = program.services.connections.all(None, login)
    if as_json:
        print_json([_json(each) for each in found])
        return
    table(_COLUMNS, [_row(each) for each in found])


def _row(shown: Shown) -> tuple[str, ...]:
    connection, status = shown.connection, shown.status
    names = [_chosen(flow) or "–" for flow in (shown.flow(FlowKind.CALENDAR), shown.flow(FlowKind.CONTACTS))]
    account = connection.address or connection.username
    times = (moment(status.last_success), moment(status.next_run))
    return (str(connection.id), shown.user.login, connection.provider, account, _words(shown), *names, *times)


def _words(shown: Shown) -> str:
    return words(shown.status, ZoneInfo(shown.user.time_zone))


def _chosen(flow: Flow) -> str:
    return (flow.collection_name or flow.collection_id) if flow.enabled else ""


@group.command("show")
@_CONNECTION
@as_json
@pass_program
def show(program: Program, connection_id: int, *, as_json: bool) -> None:
    """Show CONNECTION: its state, its times and its options."""
    shown = program.services.connections.show(None, connection_id)
    if as_json:
        print_json(_json(shown))
        return
    connection, status = shown.connection, shown.status
    account = connection.address or connection.username
    click.echo(f"Connection {connection.id} “{plain(connection.name)}” of {shown.user.login}: {plain(_words(shown))}")
    if status.problem:
        click.echo(f"  {plain(status.problem)} {plain(status.remedy)}".rstrip())
    click.echo(f"  Account: {plain(account)} ({connection.provider}) {plain(connection.url)}".rstrip())
    click.echo(f"  Last success: {moment(status.last_success)} UTC, last attempt: {moment(status.last_attempt)} UTC")
    click.echo(f"  Next run: {moment(status.next_run)} UTC")
    for flow, what in ((shown.flow(kind), what) for kind, what in _KINDS):
        chosen = f"“{plain(_chosen(flow))}”, {shown.linked[flow.id]:,} linked" if flow.enabled else "not synced"
        click.echo(f"  {what}: {chosen}")
    for key, value in _options(shown).items():
        click.echo(f"    {key} = {_text(value)}")


_KINDS = ((FlowKind.CALENDAR, "Calendar"), (FlowKind.CONTACTS, "Contacts"))


def _options(shown: Shown) -> dict[str, Any]:
    found = options_of(shown.connection)
    for flow in shown.flows:
        found |= options_of(flow)
    return {key: _plain_value(found[key]) for key in OPTIONS}


def _plain_value(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _text(value: Any) -> str:
    if value is None:
        return "all"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _json(shown: Shown) -> dict[str, Any]:
    connection = shown.connection
    return {
        "id": connection.id,
        "login": shown.user.login,
        "provider": connection.provider,
        "address": connection.address,
        "username": connection.username,
        "url": connection.url,
        "name": connection.name,
        "state": _words(shown),
        **asdict(shown.status),
        "confirmed": connection.confirmed,
        "stopped_at": connection.stopped_at,
        "calendar": _flow_json(shown, FlowKind.CALENDAR),
        "contacts": _flow_json(shown, FlowKind.CONTACTS),
        "options": _options(shown),
    }


def _flow_json(shown: Shown, kind: FlowKind) -> dict[str, Any] | None:
    flow = shown.flow(kind)
    if not flow.enabled:
        return None
    named = {"id": flow.collection_id, "name": flow.collection_name}
    return {**named, "started_at": flow.started_at, "linked": shown.linked[flow.id]}


@group.command("calendars")
@_CONNECTION
@as_json
@pass_program
def calendars(program: Program, connection_id: int, *, as_json: bool) -> None:
    """List the calendars of the account of CONNECTION."""
    found = program.services.connections.calendars(None, connection_id)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [(each.id, each.name, _access(read_only=each.read_only), _default(default=each.default)) for each in found]
    table(("id", "name", "access", "default"), rows)


@group.command("groups")
@_CONNECTION
@as_json
@pass_program
def groups(program: Program, connection_id: int, *, as_json: bool) -> None:
    """List the groups of contacts of the account of CONNECTION."""
    found = program.services.connections.groups(None, connection_id)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [(each.id, each.name, _access(read_only=each.read_only), _default(default=each.default)) for each in found]
    table(("id", "name", "access", "default"), rows)


def _access(*, read_only: bool) -> str:
    return "read-only" if read_only else "read and write"


def _default(*, default: bool) -> str:
    return "default" if default else ""


@group.command("set")
@_CONNECTION
@click.option("--name", help="What the connection is called.")
@with_choices
@pass_program
def change(program: Program, /, connection_id: int, **choices: Any) -> None:
    """Change options of CONNECTION, at once."""
    services = program.services.connections
    if not apply(services, connection_id, choices):
        raise click.UsageError("Nothing to change: give at least one option.")
    click.echo(f"Changed connection {connection_id}: {_words(services.show(None, connection_id))}.")


@group.command("start")
@click.argument("connection_id", metavar="[CONNECTION]", type=int, required=False)
@click.option("--all", "everybody", is_flag=True, help="End the pause for all.")
@pass_program
def start(program: Program, connection_id: int | None, *, everybody: bool) -> None:
    """Start CONNECTION, or let it go on. “connection preview” tells beforehand what that would do."""
    number = _one(connection_id, everybody=everybody)
    if number is None:
        program.services.company.pause(None, paused=False)
        click.echo("Connections go on.")
        return
    program.services.connections.start(None, number, confirmed=True)
    click.echo(f"Started connection {number}.")


@group.command("pause")
@click.argument("connection_id", metavar="[CONNECTION]", type=int, required=False)
@click.option("--all", "everybody", is_flag=True, help="Pause every connection, as an administrator.")
@pass_program
def pause(program: Program, connection_id: int | None, *, everybody: bool) -> None:
    """Pause CONNECTION until it is started again."""
    number = _one(connection_id, everybody=everybody)
    if number is None:
        program.services.company.pause(None, paused=True)
        click.echo("Paused every connection. “davbridge connection start --all” lets them go on.")
        return
    program.services.connections.pause(None, number)
    click.echo(f"Paused connection {number}.")


def _one(connection_id: int | None, *, everybody: bool) -> int | None:
    if (connection_id is None) != everybody:
        raise click.UsageError("Give either the number of a connection or --all.")
    return connection_id


@group.command("stop")
@_CONNECTION
@pass_program
def stop(program: Program, connection_id: int) -> None:
    """Stop CONNECTION. Its account stays among those previously synced, and nothing is deleted."""
    program.services.connections.stop(None, connection_id)
    click.echo(
        f"Stopped connection {connection_id}. “davbridge connection reconnect {connection_id}” takes it up again."
    )


@group.command("reconnect")
@_CONNECTION
@click.option("--password-stdin", is_flag=True, help="Read a new password from standard input.")
@click.option(
    "--token-file", type=click.Path(dir_okay=False, path_type=Path), help="Read a new token (JSON) from a file."
)
@click.option("--check/--no-check", default=True, help="Whether to sign in before anything is saved.")
@pass_program
def reconnect(
    program: Program, connection_id: int, *, password_stdin: bool, token_file: Path | None, check: bool
) -> None:
    """Sign in again to the account of CONNECTION. One that was stopped keeps its options, and waits for “start”."""
    secret = _secret(token_file, password_stdin=password_stdin)
    services = program.services.connections
    services.reconnect(None, connection_id, secret, check=check)
    click.echo(f"Reconnected connection {connection_id}: {_words(services.show(None, connection_id))}.")


@group.command("remove")
@_CONNECTION
@pass_program
def remove(program: Program, connection_id: int) -> None:
    """Forget CONNECTION and what ties its objects to ours. Nothing is deleted on either side."""
    program.services.connections.remove(None, connection_id)
    click.echo(f"Removed connection {connection_id}.")


@group.command("defaults")
@as_json
@pass_program
def defaults(program: Program, *, as_json: bool) -> None:
    """List the company's values of options."""
    found = program.services.company.all()
    if as_json:
        print_json([asdict(each) for each in found.values()])
        return
    rows = [(key, json.dumps(each.value), "yes" if each.forced else "no") for key, each in sorted(found.items())]
    table(("option", "value", "forced"), rows)


@group.command("default")
@click.argument("key", metavar="OPTION")
@click.argument("value", metavar="[JSON]", required=False)
@click.option("--forced", is_flag=True, help="Everybody's value, which users cannot change.")
@click.option("--clear", is_flag=True, help="Leave the option to the users again.")
@pass_program
def default(program: Program, key: str, value: str | None, *, forced: bool, clear: bool) -> None:
    """Set the company's value of OPTION, such as calendar.private '"skip"'."""
    if (value is None) != clear:
        raise click.UsageError("Give either a value or --clear.")
    if value is None:
        program.services.company.clear(None, key)
        click.echo(f"Left {key} to the users.")
        return
    try:
        read = json.loads(value)
    except ValueError as error:
        raise click.UsageError(f"“{value}” is not JSON.") from error
    program.services.company.set(None, key, read, forced=forced)
    click.echo(f"{'Fixed' if forced else 'Set'} {key}.")


@click.command("rotate-keys")
@pass_program
def rotate_keys(program: Program) -> None:
    """Seal all stored passwords and tokens with the first key of [security] credential_keys_file."""
    click.echo(f"Sealed {program.services.company.rotate_keys()} passwords and tokens with the newest key.")
