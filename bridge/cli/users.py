"""``davbridge user``: people who sign in, and their choices."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, plain, print_json, table
from bridge.core.activity import Visibility
from bridge.core.colors import CSS3_NAMES
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.core.user import Role, User
from bridge.errors import Invalid, NotFound

LANGUAGES = ("en", "lv", "ru", "pl", "sv")
SHOWN = {"event": EventKind.EVENT, "task": EventKind.TASK}
PROFILE = ("name", "email", "language", "time_zone", "past_days", "include_links", "group_cards", "enabled")


@click.group("user")
def group() -> None:
    """Add, list, change and disable users."""


@group.command("add")
@click.argument("login")
@click.option("--name", default="", help="Full name.")
@click.option("--email", default="", help="E-mail address, by which devices know the account.")
@click.option("--admin", is_flag=True, help="May administer this installation.")
@click.option("--password-stdin", is_flag=True, help="Read the password for the page from standard input.")
@pass_program
def add(program: Program, login: str, name: str, email: str, *, admin: bool, password_stdin: bool) -> None:
    """Add the user LOGIN with calendars and an address book."""
    password = _password() if password_stdin else None
    services = program.services
    services.activities.ensure_types()
    user = User(
        login,
        services.settings.time_zone,
        name=name,
        email=_email(email),
        role=Role.ADMIN if admin else Role.REGULAR,
        language=services.settings.language,
        past_days=services.settings.past_days,
    )
    services.principals.add(user, password)
    click.echo(f"Added {login}. Next: davbridge device add {login} --name “…”")


@group.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input instead of asking for it.")
@pass_program
def set_password(program: Program, login: str, *, password_stdin: bool) -> None:
    """Set the password with which LOGIN signs in to the page. Open pages are signed out; devices stay."""
    program.services.principals.find(login)
    password = _password() if password_stdin else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    program.services.signing_in.set_password(login, password)
    click.echo(f"Set the password of {login}.")


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("There is no password on standard input.")
    return password


@group.command("list")
@as_json
@pass_program
def list_users(program: Program, *, as_json: bool) -> None:
    """List all users."""
    users = program.services.principals.all()
    if as_json:
        print_json([asdict(user) for user in users])
        return
    columns = ("login", "name", "e-mail", "role", "state", "time zone")
    state = {True: "enabled", False: "disabled"}
    table(columns, [(u.login, u.name, u.email, u.role, state[u.enabled], u.time_zone) for u in users])


@group.command("disable")
@click.argument("login")
@pass_program
def disable(program: Program, login: str) -> None:
    """Shut the user LOGIN and all their devices out. Nothing is deleted."""
    program.services.principals.change(login, lambda user: replace(user, enabled=False))
    click.echo(f"Disabled {login}. Their data stay; “davbridge user set {login} --enabled” lets them in again.")


def _pairs(_ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read ``TYPE=VALUE`` options that may be given several times."""
    pairs = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"“{text}” is not {parameter.metavar}.")
        pairs[key] = value
    return pairs


@group.command("set")
@click.argument("login")
@click.option("--name", help="Full name.")
@click.option("--email", help="E-mail address.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Language of the page.")
@click.option("--time-zone", help="IANA name, such as Europe/Riga.")
@click.option("--past-days", type=click.IntRange(0, 36500), help="How far calendars reach back; 0: everything.")
@click.option("--include-links/--no-include-links", default=None, help="Deal and contact information in events.")
@click.option("--group-cards/--no-group-cards", default=None, help="A group card for each label.")
@click.option("--enabled/--disabled", default=None, help="Whether the user and their devices may sign in.")
@click.option("--default-type", metavar="TYPE", help="Type of activities made from new events.")
@click.option("--default-visibility", type=click.Choice(["everyone", "owner"]), help="Who sees new activities.")
@click.option("--colleagues", metavar="LOGIN,LOGIN|all|none", help="Whose calendars appear, read-only.")
@click.option("--show", multiple=True, callback=_pairs, metavar="TYPE=event|task", help="How a type is shown.")
@click.option("--reminder", multiple=True, callback=_pairs, metavar="TYPE=MINUTES|none", help="Reminder of new ones.")
@click.option("--color", multiple=True, callback=_pairs, metavar="TYPE=CSS3NAME", help="Colour of a type.")
@pass_program
def change(
    program: Program,
    /,
    login: str,
    *,
    default_type: str | None,
    default_visibility: str | None,
    colleagues: str | None,
    show: Mapping[str, str],
    reminder: Mapping[str, str],
    color: Mapping[str, str],
    **profile: str | int | bool | None,
) -> None:
    """Change the choices of the user LOGIN; what clients see follows at once."""
    values: dict[str, object] = {name: value for name, value in profile.items() if value is not None}
    if default_type is not None:
        values["default_type"] = _known_type(program, default_type)
    if default_visibility is not None:
        values["default_visibility"] = Visibility(default_visibility)
    if isinstance(profile.get("email"), str):
        _email(str(profile["email"]))
    options = _type_options(program, login, show, reminder, color)
    if not values and not options and colleagues is None:
        raise click.UsageError("Nothing to change: give at least one option.")
    if values:
        program.services.principals.change(login, lambda user: replace(user, **values))  # type: ignore[arg-type]
    for type_key, option in options.items():
        program.services.principals.choose_type(login, type_key, option)
    if colleagues is not None:
        program.services.principals.choose_colleagues(login, _colleagues(program, login, colleagues))
    program.finish_drawing()
    click.echo(f"Changed {login}.")


def _type_options(
    program: Program, login: str, show: Mapping[str, str], reminder: Mapping[str, str], color: Mapping[str, str]
) -> dict[str, TypeOption]:
    """The whole choice for each type that is mentioned; what is not mentioned stays."""
    options = dict(program.services.principals.type_options(login))
    mentioned = dict.fromkeys((*show, *reminder, *color))
    for key in mentioned:
        option = options.get(_known_type(program, key), TypeOption())
        if key in show:
            option = replace(option, shown_as=_shown_as(show[key]))
        if key in reminder:
            option = replace(option, reminder=_reminder(reminder[key]))
        if key in color:
            option = replace(option, color=_color(color[key]))
        options[key] = option
    return {key: options[key] for key in mentioned}


def _shown_as(text: str) -> EventKind:
    if text not in SHOWN:
        raise click.UsageError(f"A type is shown as event or task, not as “{plain(text)}”.")
    return SHOWN[text]


def _reminder(text: str) -> timedelta | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise click.UsageError(f"A reminder is a number of minutes or none, not “{plain(text)}”.")
    return -timedelta(minutes=int(text))


def _color(text: str) -> str:
    if text and text.lower() not in CSS3_NAMES:
        raise click.UsageError(f"“{plain(text)}” is not a CSS3 colour name, such as steelblue.")
    return text.lower()


def _email(text: str) -> str:
    name, at, host = text.rpartition("@")
    if text and not (name and at and host and text.split() == [text]):
        raise Invalid(f"“{plain(text)}” is not an e-mail address.")
    return text


def _known_type(program: Program, key: str) -> str:
    known = [kind.key for kind in program.services.activities.types()]
    if key not in known:
        raise NotFound(f"There is no activity type “{plain(key)}”.", remedy=f"The types are: {', '.join(known)}.")
    return key


def _colleagues(program: Program, login: str, text: str) -> list[str]:
    if text == "none":
        return []
    if text == "all":
        return [user.login for user in program.services.principals.all() if user.enabled and user.login != login]
    return [name.strip() for name in text.split(",") if name.strip()]
