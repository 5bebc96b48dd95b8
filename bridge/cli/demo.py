"""``davbridge demo``: a company to try everything with."""

import click

from bridge.cli.devices import show_account
from bridge.cli.frame import Program, pass_program
from bridge.cli.output import progress
from bridge.services.demo import PASSWORD, Size

_STANDARD = Size()
_MANY = 100_000


@click.command("demo")
@click.option("--users", type=click.IntRange(1, 1000), default=_STANDARD.users, show_default=True)
@click.option("--activities", type=click.IntRange(0, _MANY), default=_STANDARD.activities, show_default=True)
@click.option("--contacts", type=click.IntRange(0, _MANY), default=_STANDARD.contacts, show_default=True)
@click.option("--seed", type=int, default=_STANDARD.seed, show_default=True, help="The same seed, the same company.")
@click.option("--if-empty", is_flag=True, help="Do nothing where there are users already.")
@pass_program
def demo(program: Program, users: int, activities: int, contacts: int, seed: int, *, if_empty: bool) -> None:
    """Fill a new database with a believable company. Activities and contacts are counted per user."""
    services = program.services
    if if_empty and not services.demo.is_empty():
        click.echo("The database has users already; nothing was changed.")
        return
    with progress("Demo company") as advance:
        admin = services.demo.fill(Size(users, activities, contacts, seed), advance)
    _, password = services.devices.add(admin.login, "Demo")
    click.echo(f"Page: {program.address}/ (sign in as {admin.login} with the password {PASSWORD})")
    show_account(program, admin.login, "A calendar and contacts account for any program:")
    click.echo(password)
