"""``davbridge device``: app passwords, one for each device (R25)."""

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, print_json, table


@click.group("device")
def group() -> None:
    """Add, list and revoke app passwords."""


@group.command("add")
@click.argument("login")
@click.option("--name", required=True, help="What the device is called, such as “Anna's phone”.")
@pass_program
def add(program: Program, login: str, name: str) -> None:
    """Make an app password for the user LOGIN. The last line of the output is the password."""
    device, password = program.services.devices.add(login, name)
    show_account(program, login, f"Device {device.id}: {device.name}")
    click.echo(password)


def show_account(program: Program, login: str, heading: str) -> None:
    """Print what a program asks for, up to the password, which comes on a line of its own."""
    click.echo(heading)
    click.echo(f"Address: {program.address}/dav/")
    click.echo(f"User name: {login}")
    click.echo("Password (shown only now):")


@group.command("list")
@click.argument("login", required=False)
@as_json
@pass_program
def list_devices(program: Program, login: str | None, *, as_json: bool) -> None:
    """List all devices, or those of the user LOGIN."""
    found = program.services.devices.list(login)
    if as_json:
        print_json(
            [
                {
                    "id": device.id,
                    "login": owner,
                    "name": device.name,
                    "created_at": device.created_at,
                    "last_used_at": device.last_used_at,
                    "last_client": device.last_client,
                    "revoked_at": device.revoked_at,
                }
                for owner, device in found
            ]
        )
        return
    rows = [
        (str(d.id), owner, d.name, moment(d.created_at), moment(d.last_used_at), d.last_client, moment(d.revoked_at))
        for owner, d in found
    ]
    table(("id", "login", "name", "added", "last used", "client", "revoked"), rows)


@group.command("revoke")
@click.argument("device_id", metavar="ID", type=int)
@pass_program
def revoke(program: Program, device_id: int) -> None:
    """Make the app password of device ID useless at once."""
    program.services.devices.revoke(device_id)
    click.echo(f"Revoked device {device_id}.")
